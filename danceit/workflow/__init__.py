"""Whole steps over files: what a command, a notebook and the studio call.

Nothing here prints, parses options or knows a flag.

- `face`: what `import danceit` offers; `line`: query, align, render, and all three in one
- `dance_files`: what they are called, and which is the newest
- `groups/`: several dancers; `live/`: while a song is played; `search/`: by movement
- `migrating/`: an index to another encoder
- `indexing`: a folder of dances to an encoder and an index; `keeping`: what comes after
- `counting` and `counts_picture`: how a song is counted, corrected, heard and drawn
- `changing`: a dance file with one choice fixed, forbidden or kept
- `viewing` and `view_edits`: dances in the browser, and changes made there
- `footage_sources` and `picture_lag`: where the dancers are in their own videos
- `generating`: generators trained, dancing, and their dances found again in real movement
- `person`: someone to be shown dancing, from a video to a trained folder
- `library`: what a library lacks for songs, and all of a folder at a glance
- `inspection` and `inspection_pictures`: one recording as the index sees it
- `recording_tables`: tempo, turns and lengths of a library; `datasets`: public ones
- `demo` and `doctor`: the line without any data; what this machine has
"""
