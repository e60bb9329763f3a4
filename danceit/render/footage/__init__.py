"""A dance shown by the people who danced it: their own videos, cut and retimed.

`locating` is what must be told of the sources, `shots` says which second of which video
each frame shows, `reel` reads those frames; `scene` puts them together with `outline`,
`surroundings` and `morph`.
"""
