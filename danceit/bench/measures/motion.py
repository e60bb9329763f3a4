"""How much a body moves from one frame to the next; the ground of most measures.

Conventions
-----------
- Joints are (T, J, C) in any unit of length; results are in that unit a frame.
- Frame 0 has no frame before it: its displacement is 0.
- A joint that is NaN in either of two frames is not read as standing still: sums
  over joints fill it with the mean of the joints seen, and a frame in which no
  joint is seen takes its value from its neighbours in time.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float64
from danceit.errors import InputError

Array = npt.NDArray[Any]


def check_motion(joints: Array, what: str = "joints", *, frames: int = 2) -> None:
    """Check the shape (T, J, C), the kind and the number of frames of a motion.

    Raises
    ------
    InputError
        Saying what was expected and what came.
    """
    if joints.dtype.kind not in "fiu":
        raise InputError(f"{what} must be numbers of shape (T, J, C); got {joints.dtype}")
    if joints.ndim != 3 or joints.shape[2] not in (2, 3):
        cause = ": transposed?" if joints.ndim == 3 and joints.shape[1] in (2, 3) else ""
        raise InputError(f"{what} must have shape (T, J, 2 or 3); got {joints.shape}{cause}")
    if joints.shape[0] < frames:
        raise InputError(f"{what} must have at least {frames} frames; got {joints.shape[0]}")
    if not np.isfinite(joints).any():
        raise InputError(f"{what} are NaN throughout: no joint was ever seen")


def joint_displacements(joints: Array) -> Float64:
    """Distance of each joint from where it was one frame before.

    Returns
    -------
    float64 (T, J)
        NaN where the joint is missing in either frame; 0 in frame 0.
    """
    positions = joints.astype(np.float64, copy=False)
    distances = np.zeros(positions.shape[:2])
    steps = np.diff(positions, axis=0)
    distances[1:] = np.sqrt(np.einsum("tjc,tjc->tj", steps, steps))
    return distances


def displacement(joints: Array) -> Float64:
    """Sum the displacement of all joints, frame by frame.

    Returns
    -------
    float64 (T,)
        Sum over joints of ``|p[t] - p[t-1]|``, over the joints that the motion has at all.
    """
    distances = joint_displacements(joints)
    seen = np.isfinite(distances)
    n_joints = int(seen[1:].any(axis=0).sum()) if len(seen) > 1 else 0
    count = seen.sum(axis=1)
    total = np.where(seen, distances, 0.0).sum(axis=1)
    # Scaling by the share seen keeps a joint lost for a moment from looking like a rest.
    scaled = total * (n_joints / np.maximum(count, 1))
    scaled[0] = 0.0
    unseen = count == 0
    if unseen.any() and not unseen.all():
        frames = np.arange(len(scaled))
        scaled[unseen] = np.interp(frames[unseen], frames[~unseen], scaled[~unseen])
    return np.asarray(scaled, dtype=np.float64)


def largest_displacement(joints: Array) -> Float64:
    """Find the step of the joint that moved furthest, frame by frame, (T,); 0 if none was seen."""
    distances = joint_displacements(joints)
    return np.asarray(
        np.where(np.isfinite(distances), distances, 0.0).max(axis=1), dtype=np.float64
    )
