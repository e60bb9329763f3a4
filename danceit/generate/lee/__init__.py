"""Dancing to Music (Lee et al., NeurIPS 2019): units of movement, put together by a GAN.

- `units`: dances cut at kinematic beats into units of 32 poses, and back onto music's beats
- `networks`: all of them, with the parameter counts of the release
- `unit_vae`: DU-VAE, how to move (eq. 3-5)
- `music_style`: what music is like, by a classifier of styles
- `composer`: MM-GAN, how to compose (eq. 6-10), and the baseline without it
- `training`: the three lessons in order, as `options` say, on dances `studied` at one scale
- `ensemble`: all networks together
- `generator`: what dances (eq. 11 and the beat warper)
"""
