"""Dances that no dancer danced: the generative rivals of retrieval, trained on your own dances.

- `protocol`: what a generator is, and the dance that its poses become
- `registry`: generators by name, their options from texts, a trained one from its folder
- `folder`: the files of a trained generator
- `material`: clips and songs as generators learn from them, and which songs are held out
- `songs`: as generators hear them; `scale`: in deviations; `rates`: from one frame rate to another
- `styles`: which class a song is of, where something is trained to tell them apart
- `course`: training, phase by phase: seeded, resumable, stopped early, logged; `loss_plot`
- `setting`: how a lesson is taken, of which each training's own `options` are a part
- `descent`: one step down a loss; `averaging`: of weights, beside a judge
- `sets`: how far what was made up is, as a set, from what was danced
- `trained`: what is the same for all that are trained here: set-up, folder, report
- `lee`: Dancing to Music (Lee et al., NeurIPS 2019)
- `baselines`: what Lee et al. compare with, an LSTM of audio and MoCoGAN that hears
- `ren`: Self-supervised Dance Video Synthesis (Ren et al., ACM MM 2020)
"""
