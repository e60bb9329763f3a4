"""Encoders: poses and windows of a song in one space (DanceIt III-B).

`encoders` is what an index and a query use: `networks` the two towers (on
`skeleton_graph`), `hearing` what the audio tower is given, `configuration` what it is all
made of, `weights` its files. `training` makes one: `dataset` is its material, `losses`
what is minimised, `run` the loop with `checkpoints`, `loss_plot` its picture; `count_reader`
reads the place in the bar from movement.
"""
