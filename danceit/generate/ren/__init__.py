"""Self-supervised Dance Video Synthesis (Ren et al., ACM MM 2020): sound straight to skeletons.

- `pieces`: 5 s of sound at 16 kHz beside 50 poses at 10 fps, within [-1, 1]
- `networks`: the generator, with the parameter counts of the release
- `judges`: the local temporal and the global content discriminator
- `st_gcn`: the graph network that poses are compared by
- `losses`: eq. 1 and 4-7
- `training`: the graph network first, then generator and judges: `lessons`, as `options` say
- `ensemble`: all networks together
- `generator`: what dances, in overlapping pieces
"""
