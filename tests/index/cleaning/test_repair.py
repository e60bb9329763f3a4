from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.index.cleaning.repair import (
    BRIDGE,
    levelled,
    mended,
    resampled,
    spikes,
    without_strays,
)
from danceit.index.sources.bvh import SOURCE as BVH


def line(times_s: np.ndarray, joints: int = 2) -> np.ndarray:
    """Joint j moves along (1 + j, -2) px/s from (j, 0)."""
    j = np.arange(joints)[None, :]
    t = times_s[:, None]
    return np.stack([j + (1 + j) * t, -2 * t + 0 * j], axis=2).astype(np.float32)


@given(
    fps=st.floats(8.0, 120.0),
    start_s=st.floats(0.0, 100.0),
    n_frames=st.integers(2, 60),
)
def test_even_motion_is_even_at_any_rate(fps: float, start_s: float, n_frames: int) -> None:
    times_s = start_s + np.arange(n_frames) / fps
    first, grid = resampled(line(times_s), times_s)
    grid_s = (first + np.arange(len(grid))) / 24
    # The grid covers the recording, whole frames only.
    slack_s = 1e-5
    assert (first - 1) / 24 < times_s[0] - slack_s <= first / 24 + 1e-9
    last = first + len(grid) - 1
    assert last / 24 - 1e-9 <= times_s[-1] + slack_s < (last + 1) / 24
    np.testing.assert_allclose(grid, line(grid_s), atol=1e-4)


def test_frames_on_the_grid_stay_as_they_are() -> None:
    poses = np.random.default_rng(1).normal(size=(50, 18, 3)).astype(np.float32)
    first, grid = resampled(poses, (7 + np.arange(50)) / 24)
    assert first == 7
    np.testing.assert_allclose(grid, poses, atol=1e-5)


def test_time_counts_not_the_number_of_the_frame() -> None:
    # A variable frame rate: the picture at 1 s is the one shown at 1 s.
    times_s = np.concatenate([np.arange(10) / 30, 0.3 + 1 / 30 + np.arange(20) / 15])
    _, grid = resampled(line(times_s), times_s)
    np.testing.assert_allclose(grid[24, 0], [1.0, -2.0], atol=1e-5)


@pytest.mark.parametrize("lost", range(1, 8))
def test_short_dropouts_are_drawn_straight_and_long_ones_stay(lost: int) -> None:
    times_s = np.arange(30) / 24
    poses = line(times_s)
    poses[10 : 10 + lost, 1] = np.nan
    _, grid = resampled(poses, times_s)
    if lost <= BRIDGE:
        np.testing.assert_allclose(grid, line(times_s), atol=1e-5)
    else:
        np.testing.assert_array_equal(np.isnan(grid[:, 1, 0]), np.isnan(poses[:, 1, 0]))
        assert np.isfinite(grid[:, 0]).all()


def test_a_joint_seen_in_one_frame_alone_is_not_known() -> None:
    times_s = np.arange(60) / 24
    poses = line(times_s)
    poses[:, 1] = np.nan
    poses[30, 1] = 900.0
    poses[50:52, 1] = 5.0
    _, grid = resampled(poses, times_s)
    assert np.isnan(grid[:50, 1]).all()
    np.testing.assert_array_equal(grid[50:52, 1], 5.0)
    np.testing.assert_allclose(grid[:, 0], line(times_s)[:, 0], atol=1e-5)


def swinging(times_s: np.ndarray) -> np.ndarray:
    """A body whose left arm swings about its shoulder in the picture by 400 degrees a second."""
    poses = np.repeat(swaying(1), len(times_s), axis=0).astype(np.float64)
    poses[..., 0] += 0.7 * times_s[:, None]
    for joint, length in ((6, 0.3), (7, 0.55)):
        angle = np.radians(400.0) * times_s
        swung = length * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
        poses[:, joint] = poses[:, 5] + swung
    return poses.astype(np.float32)


@pytest.mark.parametrize("fps", [10.0, 25.0, 29.97])
def test_an_arm_that_swings_keeps_its_length_and_its_path(fps: float) -> None:
    times_s = np.arange(40) / fps
    _, grid = resampled(swinging(times_s), times_s)
    np.testing.assert_allclose(grid, swinging(np.arange(len(grid)) / 24), atol=1e-5)


def test_a_wrist_lost_for_a_moment_comes_back_on_its_circle() -> None:
    times_s = np.arange(40) / 24
    poses = swinging(times_s)
    poses[20:23, 7] = np.nan
    _, grid = resampled(poses, times_s)
    np.testing.assert_allclose(grid, swinging(times_s), atol=1e-5)


def test_in_the_picture_bones_do_shorten() -> None:
    times_s = np.arange(40) / 10.0
    poses = swinging(times_s)[..., :2]
    _, grid = resampled(poses, times_s)
    straight = [np.interp(np.arange(len(grid)) / 24, times_s, poses[:, 7, axis]) for axis in (0, 1)]
    np.testing.assert_allclose(grid[:, 7], np.stack(straight, axis=1), atol=1e-6)


def test_an_arm_that_points_the_other_way_in_the_next_frame_goes_straight() -> None:
    poses = swinging(np.zeros(2))
    poses[1, [6, 7]] = 2 * poses[1, [5]] - poses[1, [6, 7]]
    _, grid = resampled(poses, np.array([0.0, 2 / 24]))
    np.testing.assert_allclose(grid[1, 7], poses[0, 5], atol=1e-6)


def test_real_limbs_keep_their_length(real_data: Path) -> None:
    path = real_data / "defects" / "public" / "cmu_jumping_jacks.bvh"
    recording = BVH.read(path)
    _, grid = resampled(recording.poses, recording.times_s)
    for upper, lower in ((2, 3), (3, 4), (8, 9), (9, 10)):
        length = np.linalg.norm(recording.poses[0, upper] - recording.poses[0, lower])
        on_grid = np.linalg.norm(grid[:, upper] - grid[:, lower], axis=1)
        np.testing.assert_allclose(on_grid, length, rtol=1e-4)  # by straight lines 1.4 % at most


def test_missing_frames_count_by_their_time() -> None:
    times_s = np.delete(np.arange(60) / 30, slice(20, 32))  # 0.4 s without a frame
    _, grid = resampled(line(times_s), times_s)
    lost = np.isnan(grid[:, 0, 0])
    grid_s = np.arange(len(grid)) / 24
    np.testing.assert_array_equal(lost, (grid_s > 19 / 30 + 1e-6) & (grid_s < 32 / 30 - 1e-6))


@pytest.mark.parametrize("length", range(1, 7))
def test_outliers_of_up_to_four_frames_are_drawn_straight(length: int) -> None:
    truth = np.repeat(np.linspace(0, 100, 40)[:, None, None], 2, axis=2)
    poses = truth.copy()
    poses[20 : 20 + length] += [90.0, -60.0]
    result, replaced = mended(poses)
    if length <= BRIDGE:
        np.testing.assert_allclose(result, truth)
        np.testing.assert_array_equal(np.flatnonzero(replaced), range(20, 20 + length))
    else:
        np.testing.assert_array_equal(result, poses)


def swaying(n_frames: int = 60) -> np.ndarray:
    """A body of 18 joints over two metres, in metres, that sways by half a metre."""
    body = np.random.default_rng(3).uniform([-0.4, -1.7, -0.2], [0.4, 0.0, 0.2], size=(18, 3))
    sway = 0.5 * np.sin(np.arange(n_frames) / 6)
    return (body + np.stack([sway, 0 * sway, sway], axis=1)[:, None]).astype(np.float32)


@pytest.mark.parametrize("unit", [0.001, 1.0, 100.0])
def test_what_is_metres_from_its_body_is_unknown(unit: float) -> None:
    truth = unit * swaying()
    poses = truth.copy()
    poses[:, 17] = np.nan
    poses[20, 17] = 1e6 * unit  # seen once, far away
    poses[30] = 1e6 * unit  # a whole frame elsewhere
    poses[40] = 0.0  # a whole frame at nothing
    poses[50, 4] += 6 * unit
    result, frames = without_strays(poses)
    assert frames == 4
    assert np.isnan(result[20, 17]).all()
    assert np.isnan(result[[30, 40]]).all()
    assert np.isnan(result[50, 4]).all()
    good = np.ones(60, dtype=bool)
    good[[30, 40, 50]] = False
    np.testing.assert_array_equal(result[good, :17], truth[good, :17])


def test_a_wide_kick_a_leap_and_a_cut_are_no_strays() -> None:
    poses = swaying()
    poses[20, 10] += [1.2, -1.0, 0.0]
    poses[25:30, :, 1] -= 1.0
    poses[45:] += 20.0  # elsewhere for good: that is for cleaning to cut
    result, frames = without_strays(poses)
    assert frames == 0
    assert result is poses


@pytest.mark.parametrize("poses", [np.zeros((0, 18, 3)), np.full((9, 18, 2), np.nan)])
def test_without_a_body_nothing_is_astray(poses: np.ndarray) -> None:
    assert without_strays(poses.astype(np.float32))[1] == 0


def test_a_fast_hand_is_no_outlier() -> None:
    # Shaken 3 times a second over half a metre: 4.5 m/s at most.
    time_s = np.arange(96) / 24
    hand = np.stack([57 * np.sin(2 * np.pi * 3 * time_s), 0 * time_s], axis=1)
    assert not spikes(hand).any()


def test_a_jump_that_stays_is_no_outlier() -> None:
    track = np.zeros((40, 2))
    track[20:] = 200.0
    assert not spikes(track).any()


def test_the_callers_poses_stay() -> None:
    poses = np.zeros((40, 1, 2))
    poses[20] = 200.0
    before = poses.copy()
    mended(poses)
    np.testing.assert_array_equal(poses, before)


@pytest.mark.parametrize("n_frames", range(5))
def test_very_short_tracks(n_frames: int) -> None:
    assert spikes(np.zeros((n_frames, 2))).shape == (n_frames,)


def climbing(drift_px: float, dims: int = 3) -> np.ndarray:
    """A body of two joints that hops twice a second for a minute, on a floor that rises."""
    time_s = np.arange(1440) / 24
    poses = np.zeros((1440, 2, dims))
    poses[:, 0, 1] = -300.0
    poses[:, :, 1] -= 40 * np.abs(np.sin(2 * np.pi * time_s))[:, None]
    poses[:, :, 1] -= drift_px * time_s[:, None] / 60
    return poses


def test_a_climbing_floor_is_levelled_and_hops_stay() -> None:
    level, drift = levelled(climbing(100.0))
    assert drift == pytest.approx(100, rel=0.1)
    difference = level[:, 1, 1] - climbing(0.0)[:, 1, 1]
    assert np.ptp(difference) < 5
    np.testing.assert_allclose(level[:, 0] - level[:, 1], climbing(100.0)[:, 0] * 0 + [0, -300, 0])


@pytest.mark.parametrize(("drift_px", "dims"), [(0.0, 3), (5.0, 3), (100.0, 2)])
def test_a_firm_floor_and_a_picture_stay_as_they_are(drift_px: float, dims: int) -> None:
    poses = climbing(drift_px, dims)
    level, drift = levelled(poses)
    assert drift == 0.0
    np.testing.assert_array_equal(level, poses)
