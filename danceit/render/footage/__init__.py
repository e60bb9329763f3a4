"""A dance shown by the people who danced it: their own videos, cut and retimed.

`locating` is what must be told of the sources, `shots` says which second of which video
each frame shows, `framing` and `filling` where it stands in the picture, `zooming` comes after
who goes away from the camera, `reel` reads those frames.
`joins` and `morph` are how one shot follows another; `outline` and `cutout` find the dancer
in a picture, `surroundings` is what stands around, `grading` brings the sources' light together.
`scene` puts it all together.
"""
