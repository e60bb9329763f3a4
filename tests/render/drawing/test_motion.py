import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.data import FPS
from danceit.render.drawing.motion import joints_at, output_frames, source_frames
from tests.render.conftest import make_dance, swaying


def test_at_the_dances_own_frames_nothing_is_changed() -> None:
    dance = make_dance(swaying(40))
    np.testing.assert_array_equal(joints_at(dance, np.arange(40) / FPS), dance.joints)


def test_a_parabola_is_met_exactly_between_frames() -> None:
    # Central differences are exact for quadratics, so Catmull-Rom reproduces them.
    frames = np.arange(20, dtype=np.float32)
    joints = np.broadcast_to((0.5 * frames**2)[:, None, None], (20, 18, 3)).astype(np.float32)
    times_s = np.arange(2 * 60 // 24, 45) / 60
    shown = joints_at(make_dance(joints, seams=()), times_s)
    inner = (times_s * FPS > 1) & (times_s * FPS < 18)
    np.testing.assert_allclose(
        shown[inner, 0, 0], 0.5 * (times_s[inner] * FPS) ** 2, rtol=1e-5, atol=1e-4
    )


def test_a_seam_is_crossed_in_a_straight_line() -> None:
    joints = np.zeros((10, 18, 3), dtype=np.float32)
    joints[5:] = 100.0
    shown = joints_at(make_dance(joints, seams=(5,)), np.linspace(4, 5, 11) / FPS)[:, 0, 0]
    np.testing.assert_allclose(shown, np.linspace(0, 100, 11), atol=1e-3)
    assert not joints_at(make_dance(joints, seams=(5,)), np.array([3.5]) / FPS).any()


def test_a_missing_joint_is_neither_invented_nor_spread() -> None:
    dance = make_dance(swaying(30), seams=())
    dance.joints[10, 4] = np.nan
    shown = joints_at(dance, np.arange(0, 75) / 60)
    gone = ~np.isfinite(shown[:, 4]).all(axis=1)
    near = np.abs(np.arange(75) / 60 * FPS - 10) < 1 - 1e-6
    np.testing.assert_array_equal(gone, near)
    assert np.isfinite(np.delete(shown, 4, axis=1)).all()


@given(st.integers(1, 300), st.sampled_from([24, 30, 60]))
def test_a_video_lasts_as_long_as_its_song_within_a_frame(n: int, fps: int) -> None:
    duration_s = n * 0.0373
    assert output_frames(duration_s, fps) == max(1, int(duration_s * fps + 1e-6))
    if duration_s >= 1 / fps:
        assert 0 <= duration_s - output_frames(duration_s, fps) / fps < 1 / fps + 1e-6


def test_beyond_the_end_the_last_pose_is_held() -> None:
    dance = make_dance(swaying(30))
    np.testing.assert_array_equal(joints_at(dance, np.array([99.0]))[0], dance.joints[-1])
    assert source_frames(dance, np.array([0.0, 0.9999 / FPS, 1 / FPS, 99.0])).tolist() == [
        0, 0, 1, 29,
    ]  # fmt: skip


def test_the_callers_joints_are_left_alone() -> None:
    dance = make_dance(swaying(30))
    before = dance.joints.copy()
    joints_at(dance, np.arange(60) / 60)
    np.testing.assert_array_equal(dance.joints, before)
    assert joints_at(dance, np.arange(60) / 60).dtype == np.float32


@pytest.mark.parametrize("n_frames", [1, 2])
def test_the_shortest_dances_work(n_frames: int) -> None:
    dance = make_dance(swaying(n_frames), seams=())
    assert joints_at(dance, np.arange(3) / 60).shape == (3, 18, 3)
