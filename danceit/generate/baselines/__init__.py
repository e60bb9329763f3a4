"""What Lee et al. compare with (4.1): music to poses moment by moment, without units of dance.

- `material`: stretches of dances with the music beside them
- `networks`: an LSTM of audio (after Shlizerman et al. 2018), and MoCoGAN that hears (Aud-MoCoGAN)
- `lessons`, `training`: how each is taught
- `generator`: both as generators, `lstm` and `mocogan`
"""
