"""Features of dances as a set, of what the picture shows: two coordinates are enough.

Conventions
-----------
- Dances are (T, J, C) canvas pixels at 24 fps, COCO-18; depth, where there is any, is dropped,
  so that dances with and without it can be compared. They are looked at in pieces of 5 s.
- A piece in which a joint is lost that is used is left out, but for eyes and ears, which are
  not used.
- What is made of the features is in `distribution`: FID, diversity, multimodality.
"""

from collections.abc import Callable, Sequence

import numpy as np

from danceit.bench.measures.distribution import SET_WINDOW_S, kinetic_features
from danceit.bench.measures.physics import METRES_A_PX
from danceit.data import BODY_PX, FPS, JOINT, Float64
from danceit.movement import Array

BODY_JOINTS = JOINT["right_eye"]
"""Nose to ankles come first among the joints."""
FROZEN_PX = 0.5
"""A frame into which no joint moves further is frozen: real dancers' breath moves more."""
_SIDES = tuple(
    tuple(
        JOINT[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    )
    for side in ("right", "left")
)
KINETIC, GEOMETRIC = 3 * BODY_JOINTS, 26
"""Features of a piece."""
_NECK, _NOSE = JOINT["neck"], JOINT["nose"]
_STRETCHED = np.deg2rad(150.0)
"""Angle of a knee or an elbow from which it counts as stretched."""


def cut(motions: Sequence[Array]) -> Float64:
    """Every whole 5 s of dances (T, 18, C) in which no joint is lost: (N, 120, 14, 2)."""
    size = round(SET_WINDOW_S * FPS)
    found = []
    for motion in motions:
        seen = motion[:, :BODY_JOINTS, :2]
        for start in range(0, len(motion) - size + 1, size):
            piece = seen[start : start + size]
            if np.isfinite(piece).all():
                found.append(piece)
    return np.array(found, dtype=np.float64).reshape(-1, size, BODY_JOINTS, 2)


def pieces(motions: Sequence[Array], of: Callable[[Array], Float64]) -> Float64:
    """Features (N, F) of every whole 5 s of dances, by `kinetic` or `geometric`."""
    return np.array([of(piece) for piece in cut(motions)], dtype=np.float64)


def kinetic(piece: Array) -> Float64:
    """AIST++'s kinetic features of a piece (T, 14, 2) as if it had no depth, (42,).

    Mean squared velocity along x and along y and mean acceleration of each joint, in metres.
    """
    flat = np.zeros((*piece.shape[:2], 3))
    flat[..., :2] = piece * METRES_A_PX
    return kinetic_features(flat)


def geometric(piece: Array) -> Float64:
    """How a piece (T, 14, 2) is posed, after Müller et al. (2005) as far as a picture shows it.

    Shares of frames in which a relation holds (a hand over the head, the neck, the hip; hands
    or feet crossed; an elbow or a knee stretched, a foot lifted) and mean and spread of five
    distances in body heights, (26,).
    """
    placed = piece.astype(np.float64) / BODY_PX
    x, y = placed[..., 0], placed[..., 1]
    lower_foot = np.maximum(y[:, _SIDES[0][5]], y[:, _SIDES[1][5]])
    relations: list[Array] = []
    for shoulder, elbow, wrist, hip, knee, ankle in _SIDES:
        relations += [
            y[:, wrist] < y[:, _NOSE],
            y[:, wrist] < y[:, _NECK],
            y[:, wrist] < y[:, hip],
            _angle(placed, shoulder, elbow, wrist) > _STRETCHED,
            _angle(placed, hip, knee, ankle) > _STRETCHED,
            lower_foot - y[:, ankle] > 0.05,
        ]
    (_, _, right_wrist, right_hip, _, right_ankle) = _SIDES[0]
    (_, _, left_wrist, left_hip, _, left_ankle) = _SIDES[1]
    for right, left in ((right_wrist, left_wrist), (right_ankle, left_ankle),
                        (right_hip, left_hip), (_SIDES[0][0], _SIDES[1][0])):  # fmt: skip
        relations.append(x[:, right] > x[:, left])
    distances = [
        np.linalg.norm(placed[:, a] - placed[:, b], axis=1)
        for a, b in ((right_wrist, left_wrist), (right_ankle, left_ankle),
                     (right_wrist, right_hip), (left_wrist, left_hip), (_NECK, right_ankle))
    ]  # fmt: skip
    shares = [float(np.mean(relation)) for relation in relations]
    return np.array([*shares, *(d.mean() for d in distances), *(d.std() for d in distances)])


def frozen_share(motion: Array) -> float:
    """Share of a dance's frames into which no joint moves over `FROZEN_PX`; smaller is better."""
    steps = np.linalg.norm(np.diff(motion[..., :2].astype(np.float64), axis=0), axis=-1)
    known = np.isfinite(steps).any(axis=1)
    if not known.any():
        return float("nan")
    largest = np.nanmax(np.where(np.isfinite(steps), steps, -np.inf)[known], axis=1)
    return float(np.mean(largest <= FROZEN_PX))


def limb_spread(motion: Array) -> float:
    """How far limbs change their length beyond what turning explains, mean over limbs.

    The 95th percentile of a limb's length in the picture is its own length, which it may fall
    short of by pointing at the camera but never exceed: the mean excess over it, as a share.
    """
    lengths = [
        np.linalg.norm(motion[:, a, :2].astype(np.float64) - motion[:, b, :2], axis=1)
        for side in _SIDES
        for a, b in ((side[0], side[1]), (side[1], side[2]), (side[3], side[4]), (side[4], side[5]))
    ]
    table = np.array([length for length in lengths if np.isfinite(length).any()])
    if not len(table):
        return float("nan")
    own = np.nanpercentile(table, 95, axis=1, keepdims=True)
    excess = np.clip(np.nan_to_num(table / own - 1, nan=0.0), 0, None)
    return float(excess.max(axis=0).mean())


def _angle(poses: Float64, a: int, b: int, c: int) -> Float64:
    """Angle at joint b between a and c, (T,)."""
    one, other = poses[:, a] - poses[:, b], poses[:, c] - poses[:, b]
    scale = np.maximum(np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1), 1e-9)
    cosine = np.clip((one * other).sum(axis=1) / scale, -1, 1)
    return np.asarray(np.arccos(cosine), dtype=np.float64)
