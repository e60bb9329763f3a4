"""Blend by bones: turn each bone from one movement's direction to the other's.

A path half-way between two poses is no pose: an arm that points left on one side of a
cut and right on the other would shrink to nothing in the middle. So the disagreement at
a cut is taken between the directions and lengths of bones rather than between places,
as Bollo (GDC 2018) inertialises joint rotations, and the body is put together
again from the hips outwards. Depth is needed: in a picture, bones do shorten.
"""

import numpy as np

from danceit.align.velocity import end_velocities
from danceit.data import FEET, JOINT, Float32, Float64

_RIGHT, _LEFT = JOINT["right_hip"], JOINT["left_hip"]
_PELVIS = -1
_TREE = (
    (_RIGHT, _PELVIS), (_LEFT, _PELVIS), (1, _PELVIS), (0, 1), (14, 0), (15, 0), (16, 14), (17, 15),
    (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6), (9, 8), (10, 9), (12, 11), (13, 12),
)  # fmt: skip
"""Each joint with the one that it hangs on, from the hips outwards."""
_CHILDREN = [child for child, _ in _TREE]
_STANCE_PX = 10.0
"""Difference in height at which the higher ankle bears a third of the lower one's weight."""
_SHORTEST_PX = 1.0
"""A bone under this length has no direction."""


def whole(poses: Float32, by: Float64, drawn: Float64) -> Float64:
    """Return a body with its bones turned, standing where the drawn one stands.

    Parameters
    ----------
    poses : float32 (T, J, 3)
        Whose bones are turned.
    by : float64 (T, B, 4)
        Rotation vectors in radians and logarithms of the ratio of lengths.
    drawn : float64 (T, J, 3)
        The same poses with joints moved one by one. Hips and ankles tell where the body is;
        a joint whose bone is not known throughout stays as it is here.

    Returns
    -------
    float64 (T, J, 3)
    """
    own = bones(poses)
    vectors, known = turned(own, by), np.isfinite(own).all(axis=(0, 2))
    body = drawn.copy()
    pelvis = 0.5 * (drawn[:, _RIGHT] + drawn[:, _LEFT])
    for number, (child, parent) in enumerate(_TREE):
        if known[number]:
            start = pelvis if parent == _PELVIS else body[:, parent]
            body[:, child] = start + vectors[:, number]
    return _standing(body, drawn)


def bones(poses: Float32) -> Float64:
    """Vectors (T, B, 3) from each joint's parent to it; NaN where either is unknown."""
    placed = poses.astype(np.float64)
    pelvis = 0.5 * (placed[:, _RIGHT] + placed[:, _LEFT])
    starts = [pelvis if parent == _PELVIS else placed[:, parent] for _, parent in _TREE]
    vectors: Float64 = placed[:, _CHILDREN] - np.stack(starts, axis=1)
    return vectors


def disagreement(poses: Float32, cut: int) -> tuple[Float64, Float64]:
    """How bones differ half-way between the frames at a cut, and how their pace does.

    Returns
    -------
    float64 (B, 4), float64 (B, 4)
        Rotation vectors that take the old direction to the new one, radians, with the
        logarithm of the ratio of lengths; and the change of their rates, a frame.
        0 for a bone that is unknown on either side.
    """
    vectors = bones(poses)
    leaving, arriving = end_velocities(vectors.astype(np.float32), cut, cut)
    before, after = vectors[cut - 1] + 0.5 * leaving, vectors[cut] - 0.5 * arriving
    # Lengths hardly change within a movement, and run-on vectors would lengthen.
    old, new = (np.linalg.norm(vectors[t], axis=-1) for t in (cut - 1, cut))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log(new / old)
        turn = _rotation_between(before, after)
        change = _spin(after, arriving) - _spin(before, leaving)
    jump = np.concatenate([turn, ratio[:, None]], axis=1)
    rate = np.concatenate([change, np.zeros_like(ratio)[:, None]], axis=1)
    usable = np.minimum(old, new) > _SHORTEST_PX
    usable &= np.isfinite(jump).all(axis=1) & np.isfinite(rate).all(axis=1)
    return np.where(usable[:, None], jump, 0.0), np.where(usable[:, None], rate, 0.0)


def turned(vectors: Float64, by: Float64) -> Float64:
    """Vectors (..., 3) turned and lengthened by rotation vectors and log ratios (..., 4)."""
    angle = np.linalg.norm(by[..., :3], axis=-1, keepdims=True)
    axis = by[..., :3] / np.maximum(angle, 1e-12)
    along = np.sum(axis * vectors, axis=-1, keepdims=True)
    rotated = vectors * np.cos(angle) + np.cross(axis, vectors) * np.sin(angle)
    result: Float64 = (rotated + axis * along * (1 - np.cos(angle))) * np.exp(by[..., 3:])
    return result


def _rotation_between(old: Float64, new: Float64) -> Float64:
    """Smallest rotation vectors (B, 3) that take directions to directions."""
    normal = np.cross(old, new)
    sine = np.linalg.norm(normal, axis=-1, keepdims=True)
    angle = np.arctan2(sine, np.sum(old * new, axis=-1, keepdims=True))
    # Opposite directions: any way round will do, so all turn about the vertical.
    axis = np.where(sine > 1e-9, normal / np.maximum(sine, 1e-12), np.array([0.0, 1.0, 0.0]))
    return np.asarray(axis * angle)


def _spin(vector: Float64, velocity: Float64) -> Float64:
    """Angular velocity (B, 3) of directions, radians a frame."""
    return np.asarray(np.cross(vector, velocity) / np.sum(vector**2, axis=-1, keepdims=True))


def _standing(body: Float64, drawn: Float64) -> Float64:
    """Carry `body` (T, J, 3) to where the ankles of `drawn` stand; the lower one counts more."""
    off = drawn[:, FEET] - body[:, FEET]
    seen = np.isfinite(off).all(axis=2)
    height = np.where(seen, drawn[:, FEET, 1], np.nanmin(drawn[..., 1]))
    weight = np.exp((height - height.max(axis=1, keepdims=True)) / _STANCE_PX) * seen
    shift = np.einsum("tf,tfc->tc", weight, np.where(seen[..., None], off, 0.0))
    return np.asarray(body + (shift / np.maximum(weight.sum(axis=1), 1e-12)[:, None])[:, None])
