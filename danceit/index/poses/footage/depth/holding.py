"""Limbs held to one length where depth alone cannot: the picture gives way, as little as it must.

Bones of one length and the picture as it was seen cannot both be had. An estimator's joints are
off by a centimetre or two, so that a bone across the line of sight is seen too long or too short;
of who is folded up or on the hands they are hidden, and off by more: on AIST++'s break take bones
differ by 7 % from frame to frame at their true depth. To turn a bone in depth until it fits makes
the pose worse. So joints are moved until each limb is within 2 % of its length (position-based
constraints; Müller et al., VRIPHYS 2006), those most of which the estimator is not sure, and sure
ones along the line of sight rather than across it. Feet stay where they stand.

Axes: x right, y down, z away from the camera; metres.
"""

import numpy as np

from danceit.data import FEET, JOINT, Bool, Float64
from danceit.index.poses.footage.depth.rods import RODS

LIMBS = tuple(range(10))
"""Of `RODS`: shoulders, arms and legs. A spine bends, and is left as it is."""
DEPTH_M = 0.01
"""Deviation beside which a joint's deviation in the picture is seen: how readily it moves across
the line of sight, where along it is 1. With 0.04 the picture is moved by a tenth of a pixel less,
but knees tremble in depth: on made-up dancers accelerations are larger by a sixth."""
TRUNK, SHOULDERS = 0.1, 0.5
"""How readily these move beside elbows and knees; who moved them would tilt the whole dancer."""
SLACK = 0.02
"""Share by which a limb may differ from its length: the picture is moved by a third less for it,
and poses are nearer to the truth by half a millimetre."""
ROUNDS = 30
"""In which limbs come to within 0.1 % of their lengths."""
_RELAXED = 0.9
_LEAST = 0.05


def held(joints: Float64, lengths: Float64, seen: Bool, off_m: Float64) -> Float64:
    """Joints moved until limbs have their lengths.

    Parameters
    ----------
    joints : float64 (T, 14, 3)
    lengths : float64 (R,)
        Of `RODS`.
    seen : bool (T, R)
        Rods of which both ends were seen; others are not held.
    off_m : float64 (T, 14)
        Deviation of joints in the picture.
    """
    moved = joints.copy()
    ease = np.ones(joints.shape)
    ease[..., :2] = np.minimum((off_m / DEPTH_M) ** 2, 1.0)[..., None]
    ease[:, [JOINT["neck"], JOINT["right_hip"], JOINT["left_hip"]]] *= TRUNK
    ease[:, [JOINT["right_shoulder"], JOINT["left_shoulder"]]] *= SHOULDERS
    ease[:, list(FEET)] = 0.0
    for _ in range(ROUNDS):
        for rod in LIMBS:
            first, second = RODS[rod]
            along = moved[:, second] - moved[:, first]
            length = np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
            along /= length
            give = ((ease[:, first] + ease[:, second]) * along**2).sum(axis=1, keepdims=True)
            share = length / lengths[rod]
            missed = np.where(seen[:, rod, None], share - np.clip(share, 1 - SLACK, 1 + SLACK), 0.0)
            step = _RELAXED * lengths[rod] * missed / np.maximum(give, _LEAST) * along
            moved[:, first] += ease[:, first] * step
            moved[:, second] -= ease[:, second] * step
    return moved
