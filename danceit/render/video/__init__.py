"""A dance as a video with sound.

`film` writes it, `performers` says who dances in it,
`sound` is the song as packets.
"""
