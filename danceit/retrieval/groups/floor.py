"""All dancers of a group on one stage, none nearer to another than `APART_PX` in any frame.

Each stands where the formation has them and travels from there as their own dance does. Where
two would run into one another, everybody's travelling is made smaller for a while, as far
as is needed: without any of it the formations alone keep them apart. Their feet stay where they
stand all the same (`danceit.retrieval.groups.feet`).
"""

from collections.abc import Sequence

import numpy as np

from danceit.data import CANVAS_PX, FPS, Dance, Float32, Float64
from danceit.retrieval.groups.feet import planted
from danceit.retrieval.groups.formations import APART_PX
from danceit.retrieval.placing import stance

MIDDLE = np.array([CANVAS_PX / 2, 0.0])
"""Of the stage, x and z."""
_SHARES = np.linspace(0.0, 1.0, 21)
"""Shares of everybody's own travelling that are tried, rising."""
_HALF = round(1.0 * FPS)
"""Frames before and after over which that share changes."""


def on_one_floor(dances: Sequence[Dance], ways: Float64) -> list[Float32]:
    """Joints (T, 18, C) of each dancer; formations say where each stands, `ways` (T, N, 2)."""
    own = standing(dances) - MIDDLE
    share = allowed(ways, own)
    placed = ways + share[:, None, None] * own
    carried = [_carried(dance.joints, placed[:, i]) for i, dance in enumerate(dances)]
    return [
        planted(dance.joints, joints) if dance.dims == 3 else joints
        for dance, joints in zip(dances, carried, strict=True)
    ]


def allowed(ways: Float64, own: Float64) -> Float64:
    """Share (T,), 0 to 1, of travelling `own` (T, N, 2) at which nobody comes too near.

    It changes smoothly and is nowhere above what its frame allows.
    """
    from scipy.ndimage import convolve1d, minimum_filter1d

    free = np.ones(len(ways), dtype=bool)
    most = np.zeros(len(ways))
    for share in _SHARES:
        free &= nearest_px(ways + share * own) >= APART_PX
        most[free] = share
    lowest = minimum_filter1d(most, 2 * _HALF + 1, mode="nearest")
    kernel = np.hanning(2 * _HALF + 3)[1:-1]
    # A mean over the reach of the minimum is nowhere above the value itself.
    return np.asarray(convolve1d(lowest, kernel / kernel.sum(), mode="nearest"))


def nearest_px(placed: Float64) -> Float64:
    """Distance (T,) of the two that are nearest in each frame, of places (T, N, 2)."""
    apart = np.linalg.norm(placed[:, :, None] - placed[:, None], axis=-1)
    apart += np.where(np.eye(placed.shape[1], dtype=bool), np.inf, 0.0)
    return np.asarray(apart.min(axis=(1, 2)), dtype=np.float64)


def standing(dances: Sequence[Dance]) -> Float64:
    """Where the middle of everybody's hips is on the floor, (T, N, 2) px."""
    return np.stack([stance(dance.joints).floor for dance in dances], axis=1)


def _carried(joints: Float32, place: Float64) -> Float32:
    """Carry each frame along the floor so that the dancer stands at a place (T, 2) of the stage."""
    own = stance(joints).floor - MIDDLE
    result = joints.astype(np.float32, copy=True)
    result[..., 0] += (place[:, 0] - own[:, 0])[:, None].astype(np.float32)
    if joints.shape[2] == 3:
        result[..., 2] += (place[:, 1] - own[:, 1])[:, None].astype(np.float32)
    return result
