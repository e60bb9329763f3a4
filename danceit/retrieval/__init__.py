"""From a song and an index to a dance: search, choose, place, change.

`composing` is the whole of it; `options` says how. `planning` cuts the song into `windows`,
`candidates` searches them with the `filters` asked for, a `shortlist` holds them side by side,
`films` tells which videos are copies of one,
`continuity` chooses one fragment a window. On the grid of
seconds `rhythm` and `placing` say how well it fits and where it stands; on that of counts
`counted` chooses and puts together, with `fitting` (counts on counts), `time_map` (when) and
`staging` (where, and facing whom); `change_costs` is what both share. `editing` changes a dance
by `constraints`, `choices` puts one in words, `notes` are what a user should know. `encoder/`
makes vectors, `search/` finds moves alike, `groups/` and `live/` dance.
"""
