"""What a motion, joints (T, J, C) in any unit of length, must be to be measured."""

import numpy as np

from danceit.errors import InputError
from danceit.movement import Array


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
