"""Which of several hits are one move."""

import numpy as np

from danceit.data import JOINT, Float64
from danceit.retrieval.search.copies import COPY_PX, Hits, collapsed


def moving(seed: int) -> Float64:
    """Two seconds of made-up movement far from the canvas's corner, as hits are laid."""
    steps = np.random.default_rng(seed).normal(size=(48, 18, 3)).cumsum(axis=0)
    return np.asarray(500 + 8 * steps, dtype=np.float64)


def hits(*laid: Float64) -> Hits:
    n = len(laid)
    clips = np.array([f"clip {i}" for i in range(n)], dtype=object)
    return Hits(clips, np.zeros(n, np.int64), np.full(n, 48), list(laid), np.zeros(n))


def without(poses: Float64, *joints: str) -> Float64:
    hidden = poses.copy()
    hidden[:, [JOINT[name] for name in joints]] = np.nan
    return hidden


def test_copies_that_lack_different_joints_are_one_move() -> None:
    one, other = moving(0), moving(1)
    some = hits(
        without(one, "left_wrist", "left_elbow"),
        without(one + 1.0, "right_ankle"),
        without(other, "right_ankle"),
        one,
    )
    assert [(row.place, row.copies) for row in collapsed(some, 5)] == [(0, (1, 3)), (2, ())]


def test_a_frame_earlier_is_a_copy_and_farther_off_is_none() -> None:
    one = moving(0)
    earlier = np.concatenate([one[1:], one[-1:]])
    far = one + 2 * COPY_PX
    rows = collapsed(hits(one, earlier, without(far, "nose")), 5)
    assert [(row.place, row.copies) for row in rows] == [(0, (1,)), (2, ())]
