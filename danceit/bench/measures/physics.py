"""Could a body do that: feet on the floor, foot skate and bones of dances with depth.

Conventions
-----------
- Positions are (T, J, 3); `up` names the vertical axis and its sign. Poses of danceit
  have y down: axis 1, sign -1, the defaults.
- Lengths are turned into metres by `metres`, metres a unit; the default takes the 360 px
  from nose to ankle for 1.5 m. Both measures grow with it: quote it with them.
- Smaller is better, down to what real dances score; a body at rest scores 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from danceit.bench.measures.motion import check_motion
from danceit.data import BODY_PX, FPS, JOINT, Float64
from danceit.errors import InputError
from danceit.movement import Array

METRES_A_PX = 1.5 / BODY_PX
"""An adult's 1.5 m from nose to ankle on the canvas."""
SKATE_HEIGHT_M = 0.025
"""Height over the lowest stance below which a foot counts as planted (Zhang et al. 2018)."""
OFF_PX = 25.0
"""Canvas pixels over the floor, about 10 cm, at which a foot is off it: ankles rise that far where
heels do, and no further."""
OFF_S = 0.3
"""Shortest time for which both feet must be off to count: no leap on the dance floor is quicker."""

SEAM_REACH = 8
"""Frames on either side of a seam in which bones are measured."""
LIMBS = tuple(
    (JOINT[f"{side}_{upper}"], JOINT[f"{side}_{lower}"])
    for side in ("right", "left")
    for upper, lower in (
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("hip", "knee"),
        ("knee", "ankle"),
    )
)
"""Both ends of each bone of arms and legs."""


@dataclass(frozen=True)
class Body:
    """Which joints of a skeleton bear it, as `pfc` and `foot_skate` ask.

    Attributes
    ----------
    root : tuple of int
        Their mean is the centre of the body.
    left, right : tuple of int
        Joints of each foot; its slowest counts.
    up_axis, up_sign : int
    """

    root: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    up_axis: int = 1
    up_sign: int = -1


COCO = Body(
    root=(JOINT["right_hip"], JOINT["left_hip"]),
    left=(JOINT["left_ankle"],),
    right=(JOINT["right_ankle"],),
)
SMPL_Z_UP = Body(root=(0,), left=(7, 10), right=(8, 11), up_axis=2, up_sign=1)
"""The 24 SMPL joints as EDGE's evaluation reads them."""


def validate(positions: Array, body: Body = COCO) -> None:
    """Check that a motion is in 3-D and has the body's joints.

    Raises
    ------
    InputError
        Naming what is missing.
    """
    check_motion(positions, "positions", frames=3)
    if positions.shape[2] != 3:
        raise InputError("PFC and foot skate need depth, C = 3; got C = 2")
    joints = (*body.root, *body.left, *body.right)
    if max(joints) >= positions.shape[1]:
        raise InputError(f"joint {max(joints)} is not among the {positions.shape[1]} of the motion")
    if not np.isfinite(positions[:, list(joints)]).all(axis=(1, 2)).any():
        raise InputError("hips and ankles are never all seen in one frame; PFC needs them")


def evaluate(positions: Array, fps: float = FPS, metres: float = METRES_A_PX) -> dict[str, float]:
    """Return PFC, foot skate and feet off the floor of one danceit motion, by name."""
    validate(positions)
    return {
        "pfc": pfc(positions, metres=metres),
        "foot_skate_cm": foot_skate(positions, fps, metres=metres),
        "feet_off": feet_off(positions, fps),
    }


def evaluate_picture(poses: Array, fps: float = FPS) -> dict[str, float]:
    """Return PFC and foot skate of what a picture shows, (T, J, 2 or 3), by name.

    Depth is taken for 0: who pushes or slides towards the camera or away from it is not seen, so
    both are smaller than with depth. They compare dances of which none has any. NaN where hips
    and ankles are never seen together.
    """
    seen = np.zeros((*poses.shape[:2], 3))
    seen[..., :2] = poses[..., :2]
    borne = seen[:, [*COCO.root, *COCO.left, *COCO.right]]
    if not np.isfinite(borne).all(axis=(1, 2)).any():
        return dict.fromkeys(("pfc_picture", "skate_picture_cm"), float("nan"))
    return {"pfc_picture": pfc(seen), "skate_picture_cm": foot_skate(seen, fps)}


def pfc(positions: Array, *, metres: float = METRES_A_PX, body: Body = COCO) -> float:
    """Physical foot contact score of EDGE (Tseng et al. 2023), x 10 000; smaller is better.

    Mean over frames of ``|a| / max |a| * v_left * v_right``: a the root's acceleration with
    its downward part set to 0, v the horizontal step (m a frame) of each foot's slower
    joint. A body pushed while both feet slide is punished. Frames with a missing joint
    are left out; 0 for a root that never accelerates.
    """
    placed = positions.astype(np.float64) * metres
    root = placed[:, list(body.root)].mean(axis=1)
    push = np.diff(root, n=2, axis=0)
    push[:, body.up_axis] = np.maximum(push[:, body.up_axis] * body.up_sign, 0.0)
    force = np.sqrt(np.sum(push**2, axis=1))
    left, right = (_slowest(placed, feet, body.up_axis)[1:] for feet in (body.left, body.right))
    strongest = np.nanmax(force)
    if strongest == 0:
        return 0.0
    return float(np.nanmean(left * right * force / strongest) * 1e4)


def foot_skate(
    positions: Array, fps: float = FPS, *, metres: float = METRES_A_PX, body: Body = COCO
) -> float:
    """Mean horizontal slide of planted feet, cm a second (Zhang et al. 2018); smaller is better.

    Each foot's horizontal step is weighted with ``2 - 2 ** (h / H)`` clipped to [0, 1], h its
    height over the 5th percentile of its own heights, H = 2.5 cm.
    """
    placed = positions.astype(np.float64) * metres
    slides = []
    for feet in (body.left, body.right):
        height = placed[:, list(feet), body.up_axis].mean(axis=1) * body.up_sign
        above = height - np.nanpercentile(height, 5)
        planted = np.clip(2 - 2 ** (np.clip(above, 0, 1) / SKATE_HEIGHT_M), 0.0, 1.0)
        slides.append(np.nanmean(_slowest(placed, feet, body.up_axis) * planted[1:]))
    return float(np.mean(slides) * fps * 100)


def feet_off(positions: Array, fps: float = FPS, *, body: Body = COCO) -> float:
    """Share of frames in which both feet are off the floor for long; smaller is better.

    Both are over `OFF_PX` above the floor for `OFF_S` or more, the floor being the 5th percentile
    of the height of the lower foot. Leaps are among them: real dances say how many. Frames in
    which a foot is not seen count as on the floor.
    """
    feet = (*body.left, *body.right)
    height = positions[:, list(feet), body.up_axis].astype(np.float64) * body.up_sign
    lower = height.min(axis=1)
    if not np.isfinite(lower).any():
        return float("nan")
    off = lower > np.nanpercentile(lower, 5) + OFF_PX
    edges = np.flatnonzero(np.diff(np.concatenate([[False], off, [False]]).astype(int)))
    lasting = edges[1::2] - edges[::2]
    return float(lasting[lasting >= OFF_S * fps].sum() / len(off))


def bone_change(positions: Array, seams: Array) -> float:
    """How far limbs shrink or grow around seams, as a share of their length; smaller is better.

    Mean over the frames within 8 of a seam: of the eight bones of arms and legs the one
    that is furthest off its median length in that fragment. NaN without seams.
    """
    if not seams.size:
        return float("nan")
    starts, ends = (positions[:, list(joints)] for joints in zip(*LIMBS, strict=True))
    lengths = np.linalg.norm(ends.astype(np.float64) - starts, axis=2)
    off = np.full_like(lengths, np.nan)
    for first, last in pairwise([0, *seams.tolist(), len(lengths)]):
        seen = np.isfinite(lengths[first:last]).any(axis=0)
        own = np.maximum(np.nanmedian(lengths[first:last, seen], axis=0), 1e-9)
        off[first:last, seen] = np.abs(lengths[first:last, seen] / own - 1)
    near = np.abs(np.arange(len(off))[:, None] - seams).min(axis=1) <= SEAM_REACH
    near &= np.isfinite(off).any(axis=1)
    return float(np.nanmax(off[near], axis=1).mean()) if near.any() else float("nan")


def _slowest(placed: Float64, feet: Sequence[int], up_axis: int) -> Float64:
    level = [axis for axis in range(3) if axis != up_axis]
    steps = np.diff(placed[:, list(feet)][:, :, level], axis=0)
    return np.asarray(np.sqrt(np.sum(steps**2, axis=2)).min(axis=1))
