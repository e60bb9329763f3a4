"""Pictures of a drawn dancer.

`scene` is a dance as a sequence of pictures: `figure` draws the dancer, `stage` what
surrounds it, `overlay` what lies over it with `text`, `camera` follows; `motion` gives
poses between frames. `together` puts a group on one stage, `group_marks` say who is who.
`picture` writes contact sheets and GIFs.
"""
