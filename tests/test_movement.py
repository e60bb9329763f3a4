"""Movement into a frame: a joint that is lost is not one at rest; windows part the motion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.movement import (
    beat_edges,
    beat_frames,
    beat_windows,
    bridged,
    bridged_movement,
    joint_steps,
    largest_step,
    movement,
)
from tests.bench.conftest import walk


def test_movement_is_the_sum_of_the_joints_steps() -> None:
    poses = np.zeros((3, 2, 2))
    poses[1, 0], poses[2, 1] = (3, 4), (0, 2)
    assert joint_steps(poses).tolist() == [[5, 0], [5, 2]]
    assert movement(poses).tolist() == [0, 5, 7]
    assert largest_step(poses).tolist() == [0, 5, 5]
    assert movement(np.stack([poses, 2 * poses])).tolist() == [[0, 5, 7], [0, 10, 14]]


def test_joints_that_are_never_seen_change_no_bit() -> None:
    motion = walk(200)
    assert np.isnan(motion[:, 14:]).all()
    plain = np.linalg.norm(np.diff(motion, axis=0), axis=-1)
    np.testing.assert_array_equal(movement(motion)[1:], np.nansum(plain, axis=-1))
    np.testing.assert_array_equal(bridged_movement(motion)[1:], np.nansum(plain, axis=-1))


def test_a_joint_lost_for_a_moment_is_not_a_rest() -> None:
    motion = walk(200)
    whole = movement(motion)
    motion[100, 4] = np.nan
    assert movement(motion)[100] == pytest.approx(whole[100], rel=0.4)
    assert movement(motion)[100] > 0.9 * (whole[100] * 12 / 14)
    motion[100, :12] = np.nan  # two joints are left to speak for fourteen
    assert movement(motion)[100] == pytest.approx(
        7 * np.nansum(np.linalg.norm(motion[100, 12:14] - motion[99, 12:14], axis=-1))
    )


def test_a_frame_without_any_joint_is_unknown_or_takes_its_neighbours_movement() -> None:
    motion = np.repeat(np.arange(50.0)[:, None, None], 18, axis=1) * [3.0, 4.0]
    motion[20] = np.nan
    assert np.flatnonzero(np.isnan(movement(motion))).tolist() == [20, 21]
    assert bridged_movement(motion).tolist() == [0, *[18 * 5.0] * 49]
    motion[:3] = np.nan  # nothing is known before: the first known movement is held
    assert bridged_movement(motion)[1] == 18 * 5.0
    assert not bridged_movement(np.full((4, 18, 2), np.nan)).any()


def test_what_is_not_known_lies_on_a_line() -> None:
    assert bridged(np.array([np.nan, 2, np.nan, np.nan, 8, np.nan])).tolist() == [2, 2, 4, 6, 8, 8]


def test_a_beat_is_rounded_half_up_to_its_frame() -> None:
    # floor(beat_s * 24 + 0.5); banker's rounding would put 0.5 on frame 0.
    assert beat_frames(np.array([0.5 / 24, 1.5 / 24, 2.49 / 24]), 10).tolist() == [1, 2]


def test_edges_lie_half_way_and_the_outer_ones_as_far_out_as_in() -> None:
    assert beat_edges(np.array([4, 10, 20])).tolist() == [1, 7, 15, 25]
    assert beat_edges(np.array([4.0]), 3.0).tolist() == [1, 7]


@given(st.sets(st.integers(0, 199), min_size=1, max_size=30))
def test_windows_part_the_dance_without_overlap(chosen: set[int]) -> None:
    frames = np.array(sorted(chosen))
    windows = beat_windows(frames, 200)
    assert (windows[1:, 0] == windows[:-1, 1]).all()
    assert (windows[:, 0] <= frames).all()
    assert (frames < windows[:, 1]).all()
