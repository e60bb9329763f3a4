"""From a song and an index to a dance: search, choose, place, change.

`composing` is the whole of it: `candidates` searches the windows of a song, `continuity`
chooses one fragment a window, with `rhythm` and `placing`; `options` says how. `editing`
changes a dance by `constraints`, `choices` puts one in words. `encoder/` makes vectors.
"""
