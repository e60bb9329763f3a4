"""Limbs held to one length where depth alone cannot: the picture gives way, as little as it must.

Bones of one length and the picture as it was seen cannot both be had. An estimator's joints are
off by a centimetre or two, so that a bone across the line of sight is seen too long or too short;
of who is folded up or on the hands they are hidden, and off by more: on AIST++'s break take bones
differ by 7 % from frame to frame at their true depth. To turn a bone in depth until it fits makes
the pose worse. So joints are moved until each limb has its length (position-based constraints;
Müller et al., VRIPHYS 2006), rather along the line of sight than across it. Feet stay where they
stand.

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


def held(joints: Float64, lengths: Float64, seen: Bool) -> Float64:
    """Joints moved until limbs have their lengths.

    Parameters
    ----------
    joints : float64 (T, 14, 3)
    lengths : float64 (R,)
        Of `RODS`.
    seen : bool (T, R)
        Rods of which both ends were seen; others are not held.
    """
    moved = joints.copy()
    ease = np.array([ACROSS, ACROSS, 1.0])
    free = np.array([0.0 if joint in FEET else 1.0 for joint in range(joints.shape[1])])
    for _ in range(ROUNDS):
        for rod in LIMBS:
            first, second = RODS[rod]
            along = moved[:, second] - moved[:, first]
            length = np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
            along /= length
            give = (free[first] + free[second]) * (along**2 * ease).sum(axis=1, keepdims=True)
            missed = np.where(seen[:, rod, None], length - lengths[rod], 0.0)
            step = _RELAXED * missed / np.maximum(give, _LEAST) * along * ease
            moved[:, first] += free[first] * step
            moved[:, second] -= free[second] * step
    return moved
