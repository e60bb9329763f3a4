import numpy as np
import pytest

from danceit.bench import gaps
from danceit.errors import InputError
from tests.bench.conftest import walk


def test_the_hidden_poses_are_nowhere_in_what_a_method_sees():
    motion = walk(300).astype(np.float32)
    placed = gaps.place_gaps(300, 8)
    other = motion.copy()
    for start, stop in placed:
        other[start:stop] += 1000
    np.testing.assert_array_equal(gaps.with_cuts(motion, placed), gaps.with_cuts(other, placed))
    assert len(placed) == 4
    assert (np.diff(placed.ravel())[1::2] == gaps.CONTEXT).all()


def test_the_truth_scores_nothing_and_a_known_miss_its_distance():
    motion = walk(300).astype(np.float32)
    truth = gaps.evaluate(lambda cut, placed: motion, [motion])
    assert set(truth.values()) == {0.0}
    off = motion + np.array([3.0, 4.0], dtype=np.float32)
    missed = gaps.evaluate(lambda cut, placed: off, [motion])
    assert list(missed.values()) == pytest.approx([5.0] * 5, rel=1e-4)


def test_a_straight_line_fills_straight_movement_exactly():
    motion = np.arange(300, dtype=np.float32)[:, None, None] * np.ones((1, 18, 2), np.float32)
    assert max(gaps.evaluate(gaps.straight_line, [motion]).values()) < 1e-4


def test_the_caller_keeps_his_motion():
    motion = walk(200).astype(np.float32)
    before = motion.copy()
    gaps.evaluate(gaps.straight_line, [motion])
    np.testing.assert_array_equal(motion, before)


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda cut, placed: cut[:-1], "keep its shape"),
        (lambda cut, placed: np.full_like(cut, np.nan), "left NaN in frames 48"),
    ],
)
def test_a_method_that_breaks_the_motion_is_named(fill, message):
    with pytest.raises(InputError, match=message):
        gaps.evaluate(fill, [walk(200).astype(np.float32)])


def test_a_dance_too_short_for_a_gap_is_named():
    with pytest.raises(InputError, match="needs a dance of at least 120; the longest has 60"):
        gaps.evaluate(gaps.straight_line, [walk(60).astype(np.float32)])
