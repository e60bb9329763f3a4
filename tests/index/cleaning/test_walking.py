"""A walk is told from a dance, on figures made by hand."""

import numpy as np

from danceit.data import JOINT, Float32
from danceit.index.cleaning.walking import walks


def figure(stride: float, swing: float, hands_y: float) -> Float32:
    """Somebody (1, 48, 18, 3) facing the camera; ankles and wrists go fore and aft by these, in px.

    The trunk is 60 px from 100 to 160 (y points down), a leg 80.
    """
    poses = np.zeros((48, 18, 3), dtype=np.float32)
    beat = np.sin(2 * np.pi * np.arange(48) / 24)
    for side, x, sign in (("right", -10.0, 1.0), ("left", 10.0, -1.0)):
        heights = {"shoulder": 100.0, "hip": 160.0, "knee": 200.0, "ankle": 240.0}
        for name, y in heights.items():
            poses[:, JOINT[f"{side}_{name}"]] = (x, y, 0.0)
        poses[:, JOINT[f"{side}_wrist"]] = (x, hands_y, 0.0)
        poses[:, JOINT[f"{side}_ankle"], 2] = sign * stride * beat
        poses[:, JOINT[f"{side}_wrist"], 2] = -sign * swing * beat
    return poses[None]


def test_long_strides_with_hanging_arms_that_swing_against_them_are_a_walk() -> None:
    assert walks(figure(40, 20, 158)).tolist() == [True]


def test_steps_on_the_spot_raised_arms_and_arms_that_go_along_are_not() -> None:
    others = [figure(5, 20, 158), figure(40, 20, 90), figure(40, -20, 158), figure(40, 0, 158)]
    assert walks(np.concatenate(others)).tolist() == [False] * 4


def test_of_a_picture_alone_nothing_is_said() -> None:
    assert walks(figure(40, 20, 158)[..., :2]).tolist() == [False]
    assert walks(np.zeros((0, 48, 18, 3), dtype=np.float32)).shape == (0,)
