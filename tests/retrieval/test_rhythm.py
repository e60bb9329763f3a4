import numpy as np
import pytest

from danceit.data import Float64
from danceit.retrieval.rhythm import off_beat


def pulses(frames: list[int], n_frames: int = 48) -> Float64:
    """Bodies that stand still but for one step of all joints in each of `frames`."""
    position = np.zeros(n_frames)
    for frame in frames:
        position[frame:] += 10.0
    return np.broadcast_to(position[:, None, None], (n_frames, 18, 2)).astype(np.float32)[None]


def test_accents_on_the_beat_cost_nothing_and_half_way_between_cost_most() -> None:
    beats = np.array([6.0, 18.0, 30.0, 42.0])
    assert off_beat(pulses([6, 18, 30, 42]), beats)[0] == 0.0
    assert off_beat(pulses([8, 20, 32, 44]), beats)[0] == pytest.approx(2 / 6)
    assert off_beat(pulses([11, 23, 35, 47]), beats)[0] == pytest.approx(5 / 6)


def test_a_window_without_beats_tells_nothing() -> None:
    assert off_beat(pulses([5]), np.array([-3.0, 60.0]))[0] == 0.0


def test_joints_lost_at_the_accent_do_not_move_it() -> None:
    # Around the accent at 18 a weaker step at 24: with 12 joints lost it would win.
    poses = pulses([6, 18, 24, 30, 42])
    poses[:, 24:] -= 4.0
    beats = np.array([6.0, 18.0, 30.0, 42.0])
    assert off_beat(poses, beats)[0] == 0.0
    lost = poses.copy()
    lost[:, 17:19, 2:14] = np.nan
    assert off_beat(lost, beats)[0] == 0.0


def test_a_window_in_which_nobody_is_seen_is_neither_on_the_beat_nor_off() -> None:
    poses = pulses([6, 18, 30, 42])
    poses[:, 11:26] = np.nan
    assert off_beat(poses, np.array([6.0, 18.0, 30.0, 42.0]))[0] == pytest.approx(0.5 / 4)


def test_missing_joints_do_not_count() -> None:
    poses = pulses([6, 18, 30, 42])
    poses[:, :, 14:] = np.nan
    assert off_beat(poses, np.array([6.0, 18.0, 30.0, 42.0]))[0] == 0.0
