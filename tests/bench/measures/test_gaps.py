import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.bench.measures import gaps
from danceit.errors import InputError
from tests.bench.conftest import walk


def test_the_hidden_poses_are_nowhere_in_what_a_method_sees():
    motion = walk(104).astype(np.float32)
    other = motion.copy()
    other[48:56] += 1000
    np.testing.assert_array_equal(gaps.cut(motion, 48, 56), gaps.cut(other, 48, 56))


@given(st.integers(0, 5000), st.integers(1, 30))
def test_gaps_keep_apart_and_within(n_frames, length):
    placed = gaps.place_gaps(n_frames, length)
    assert len(placed) <= gaps.MOST_GAPS
    assert (placed[:, 1] - placed[:, 0] == length).all()
    assert (placed[1:, 0] - placed[:-1, 1] >= gaps.CONTEXT).all()
    if n_frames >= length + 2 * gaps.CONTEXT:
        assert placed[0, 0] >= gaps.CONTEXT
        assert placed[-1, 1] <= n_frames - gaps.CONTEXT


def test_a_known_miss_scores_its_distance():
    motion = walk(300).astype(np.float32)

    def shifted(poses, start, stop):
        return poses + np.array([3.0, 4.0], dtype=np.float32)

    still = np.full_like(motion, 7.0)
    assert list(gaps.evaluate(gaps.held, [still]).values()) == [0.0] * 5
    assert list(gaps.evaluate(shifted, [still]).values()) == pytest.approx([5.0] * 5)


def test_errors_are_those_of_the_gap_alone():
    motion = np.arange(300, dtype=np.float32)[:, None, None] * np.ones((1, 18, 2), np.float32)
    # Held ends of a gap of 4: each joint is 1, 2, 2, 1 frames' steps of sqrt(2) off.
    assert gaps.evaluate(gaps.held, [motion], [4])["gap_px_4"] == pytest.approx(1.5 * 2**0.5)


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
        (lambda poses, start, stop: poses[:-1], "keep its shape"),
        (lambda poses, start, stop: np.full_like(poses, np.nan), "left joints NaN"),
    ],
)
def test_a_method_that_breaks_the_motion_is_named(fill, message):
    with pytest.raises(InputError, match=message):
        gaps.evaluate(fill, [walk(200).astype(np.float32)])


def test_a_dance_too_short_for_a_gap_is_named():
    with pytest.raises(InputError, match="needs a dance of at least 120; the longest has 60"):
        gaps.evaluate(gaps.straight_line, [walk(60).astype(np.float32)])
