"""How well a fragment's own accents fall on the beats of the window it is meant for.

The measure is the one that beat alignment is judged by (DanceIt eq. 14): in the stretch
around each beat, half-way to its neighbours, how far from the beat the movement is
largest. A fragment that fits needs little warping to be on the beat.
"""

import numpy as np

from danceit.data import Float32, Float64


def off_beat(poses: Float32, beats: Float64) -> Float64:
    """Mean distance of each fragment's accents from the beats, 0 (on them) to 1 (half-way between).

    Parameters
    ----------
    poses : float32 (N, L, 18, C)
    beats : float64 (B,)
        Frames within the window, increasing.

    Returns
    -------
    float64 (N,)
        0 for all where there is no beat.
    """
    n_frames = poses.shape[1]
    beats = beats[(beats >= 0) & (beats <= n_frames - 1)]
    if not beats.size:
        return np.zeros(len(poses))
    movement = _movement(poses)
    between = (beats[1:] + beats[:-1]) / 2
    step = float(np.median(np.diff(beats))) if beats.size > 1 else float(n_frames)
    starts = np.concatenate([[beats[0] - step / 2], between])
    stops = np.concatenate([between, [beats[-1] + step / 2]])
    distances = []
    for beat, start, stop in zip(beats, starts, stops, strict=True):
        first, last = max(0, round(start)), min(n_frames, max(round(stop), round(start) + 1))
        accent = first + movement[:, first:last].argmax(axis=1)
        distances.append(np.minimum(np.abs(accent - beat) / (step / 2), 1.0))
    return np.asarray(np.mean(distances, axis=0), dtype=np.float64)


def _movement(poses: Float32) -> Float64:
    """Summed joint displacement into each frame, (N, L); that into the first is unknown."""
    steps = np.linalg.norm(np.diff(poses.astype(np.float64), axis=1), axis=-1)
    movement = np.zeros(poses.shape[:2])
    movement[:, 1:] = np.nansum(steps, axis=-1)
    return movement
