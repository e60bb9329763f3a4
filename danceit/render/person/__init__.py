"""A chosen person dances: pix2pixHD from poses to pictures (DanceIt IV-D).

`prepare` turns one video of the person into frames, poses and a clean background;
`training` trains poseGAN and FaceGAN on them; `scene` renders a dance; `metrics` measures
on frames that training never saw. Pictures are square; in tensors they are float32
(B, 3, S, S) from -1 to 1, red first.

- `target`: the person's folder; `posing`: dances at their size and floor; `labels`: pictures of
  poses that the generator is shown, before `guide`'s background
- `networks`, built as `configuration` says by `building`; `painting`: pictures from poses
- training: `batches`, `steps` down `losses` of a `trained_pair`, on `workers`' cards; `lpips`
"""
