"""How well a fragment's own accents fall on the beats of the window it is meant for.

The measure is the one that beat alignment is judged by (DanceIt eq. 14): in the stretch
around each beat, half-way to its neighbours, how far from the beat the movement is
largest. A fragment that fits needs little warping to be on the beat.
"""

import numpy as np

from danceit.data import Float32, Float64
from danceit.movement import beat_edges, movement

UNKNOWN = 0.5
"""Of a beat around which no joint can be followed: as far off as any moment is on average."""


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
    moved = movement(poses)
    known = np.isfinite(moved)
    moved = np.where(known, moved, -1.0)
    step = float(np.median(np.diff(beats))) if beats.size > 1 else float(n_frames)
    edges = beat_edges(beats, step / 2)
    distances = []
    for beat, start, stop in zip(beats, edges[:-1], edges[1:], strict=True):
        first, last = max(0, round(start)), min(n_frames, max(round(stop), round(start) + 1))
        accent = first + moved[:, first:last].argmax(axis=1)
        off = np.minimum(np.abs(accent - beat) / (step / 2), 1.0)
        distances.append(np.where(known[:, first:last].any(axis=1), off, UNKNOWN))
    return np.asarray(np.mean(distances, axis=0), dtype=np.float64)
