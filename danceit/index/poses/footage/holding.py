"""Limbs held to one length where the picture cannot be: who is folded up, or on the hands.

Joints are hidden there and the picture's are often wrong: on AIST++'s break take, at their true
depth, they make bones that differ by 7 % from frame to frame. So bones of one length and the
picture as it was seen cannot both be had, and to turn a bone in depth until it fits makes the
pose worse. Here the picture gives way instead, as little as it must: joints are moved until each
limb has its length (position-based constraints; Müller et al., VRIPHYS 2006), rather along the
line of sight than across it. Feet stay where they stand.

Axes: x right, y down, z away from the camera; metres.
"""

import numpy as np

from danceit.data import FEET, Bool, Float64
from danceit.index.poses.footage.rods import RODS

LIMBS = tuple(range(10))
"""Of `RODS`: shoulders, arms and legs. A spine bends, and is left as it is."""
ACROSS = 0.3
"""How readily a joint moves across the line of sight, where along it is 1. Chosen with the weights
of who is folded up, on the same three views (docs/video.md)."""
ROUNDS = 30
"""In which limbs come to within 0.1 % of their lengths."""
_RELAXED = 0.9
_LEAST = 0.05


def held(joints: Float64, lengths: Float64, seen: Bool, amount: Float64) -> Float64:
    """Joints moved until limbs have their lengths.

    Parameters
    ----------
    joints : float64 (T, 14, 3)
    lengths : float64 (R,)
        Of `RODS`.
    seen : bool (T, R)
        Rods of which both ends were seen; others are not held.
    amount : float64 (T, 1)
        How much of the way, 0 to 1.
    """
    frames = np.flatnonzero(amount[:, 0] > 0)
    if not len(frames):
        return joints
    moved = joints[frames]
    ease = np.array([ACROSS, ACROSS, 1.0])
    free = np.array([0.0 if joint in FEET else 1.0 for joint in range(joints.shape[1])])
    for _ in range(ROUNDS):
        for rod in LIMBS:
            first, second = RODS[rod]
            along = moved[:, second] - moved[:, first]
            length = np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
            along /= length
            give = (free[first] + free[second]) * (along**2 * ease).sum(axis=1, keepdims=True)
            missed = np.where(seen[frames, rod, None], length - lengths[rod], 0.0)
            step = _RELAXED * missed / np.maximum(give, _LEAST) * along * ease
            moved[:, first] += free[first] * step
            moved[:, second] -= free[second] * step
    result = joints.copy()
    result[frames] += amount[frames, :, None] * (moved - joints[frames])
    return result
