"""Which way is up in a file, and turning it to ours: x right, y down, z away.

Files of motion capture have y or z up and are right-handed. In all of them the dancer faces
the camera where the data's makers had the front.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from danceit.data import FEET, JOINT, Float64
from danceit.errors import InputError


def from_y_up(poses: Float64) -> Float64:
    """Turn poses (..., C) with y up and, in 3-D, z towards the camera."""
    turned: Float64 = poses * [1.0, -1.0, -1.0][: poses.shape[-1]]
    return turned


def from_z_up(poses: Float64) -> Float64:
    """Turn poses (..., 3) with z up and y away from the camera."""
    turned: Float64 = poses[..., [0, 2, 1]] * [1.0, -1.0, 1.0]
    return turned


UP: dict[str, Callable[[Float64], Float64]] = {
    "-y": lambda poses: poses,
    "y": from_y_up,
    "z": from_z_up,
}
"""By what a file calls up: ours is ``-y``, because y points down."""


def standing(poses: Float64) -> Float64 | None:
    """Median way (C,) from the feet to the neck, or the nose; None where they are never seen."""
    feet = poses[:, FEET].mean(axis=1)
    for name in ("neck", "nose"):
        way = poses[:, JOINT[name]] - feet
        seen = np.isfinite(way).all(axis=1)
        if seen.any():
            median: Float64 = np.median(way[seen], axis=0)
            return median
    return None


def check_upright(poses: Float64, path: Path) -> None:
    """Refuse poses (T, 18, C) of a body that mostly stands on its head, or along another axis.

    Raises
    ------
    InputError
        Saying which ``up`` would put it on its feet.
    """
    way = standing(poses)
    if way is None or not way.any():
        return
    axis = "xyz"[int(np.argmax(np.abs(way)))]
    if axis == "y" and way[1] < 0:
        return
    seen = "heads lie under feet" if axis == "y" else f"bodies stand along {axis}"
    raise InputError(
        f"{path}: {seen} in most frames, but y points down here: give up='y' or up='z' for what "
        "points up in the file, or up='-y' if it is meant"
    )
