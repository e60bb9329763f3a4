import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.index.poses.footage.smoothing import PICTURE_S, smoothed

TIMES = np.arange(120) / 30


def moving(speed: float = 3.0) -> np.ndarray:
    poses = np.zeros((120, 18, 2))
    poses[..., 0] = speed * np.arange(120)[:, None]
    poses[..., 1] = 40 * np.sin(2 * np.pi * TIMES)[:, None]
    return poses.astype(np.float32)


def test_jitter_is_quieted_and_nothing_comes_later() -> None:
    rng = np.random.default_rng(0)
    clean = moving()
    noisy = (clean + rng.normal(size=clean.shape)).astype(np.float32)
    result = smoothed(noisy, TIMES, PICTURE_S)
    inner = slice(5, -5)
    assert np.abs(result - clean)[inner].mean() < 0.75 * np.abs(noisy - clean)[inner].mean()
    # The shift in time that fits best is none.
    errors = {
        shift: np.abs(result[5 + shift : 115 + shift] - clean[5:115]).mean() for shift in (-1, 0, 1)
    }
    assert min(errors, key=lambda shift: errors[shift]) == 0


def test_a_joint_astray_for_a_frame_is_put_back() -> None:
    poses = moving()
    poses[60, 4] += 90
    result = smoothed(poses, TIMES, PICTURE_S)
    assert np.abs(result[58:63] - moving()[58:63]).max() < 5


def test_a_body_elsewhere_stays_there() -> None:
    poses = moving(speed=0.0)
    poses[60:, :, 0] += 300
    steps = np.diff(smoothed(poses, TIMES, PICTURE_S)[:, 0, 0])
    assert steps.max() > 100
    assert (np.abs(steps) > 1).sum() <= 6


@given(st.sets(st.integers(0, 119), max_size=60))
@settings(max_examples=20, deadline=None)
def test_what_was_not_seen_stays_unseen(gaps: set[int]) -> None:
    poses = moving()
    poses[sorted(gaps), 3] = np.nan
    result = smoothed(poses, TIMES, PICTURE_S)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(poses))


def test_nothing_leaks_over_a_gap() -> None:
    poses = moving(speed=0.0)
    poses[:60, :, 0] = 1000
    poses[57:63] = np.nan
    result = smoothed(poses, TIMES, PICTURE_S)
    np.testing.assert_allclose(result[:57, 0, 0], 1000)
    np.testing.assert_allclose(result[63:, 0, 0], 0, atol=1e-3)
