"""The studio: all of danceit in the browser, on one's own machine.

- `project`: a folder ``NAME.danceit`` whose files are the whole state; `kept`: such files, and
  locks; `names`: safe names
- `library/`: the index as the studio asks it, moves alike, instead, for an eight, their videos
- `wishes`: what people ask for, as options; `dancing`: dances made and changed, each in a moment
- `asking`: a blind study of versions
- `songs`: a song counted, corrected, and made ready for the browser
- `jobs`: long work in processes of its own, told in files; `process`: such a one; `tasks`: the work
- `exporting`: a version as a file
- `remarks`: notes on songs and dances by the names of its buttons
- `problems`: what of dropped files is not in the library, in plain words
- `guard`: who may ask; `uploads`: files dropped on the page, to disk
- `desk`: what the page may ask for, as plain calls
- `routes/`: what may be asked, room by room; `answers`: requests to calls and back;
  `pages`: the page and its scripts; `serving`: the server itself

Conventions
-----------
- All state is in files that are replaced whole, so that a kill loses what was not answered yet.
- The browser names things by ids that the project gave; no path from it is ever opened.
- What two tabs may change has a ``revision``; a change names the one that it was made on.
"""
