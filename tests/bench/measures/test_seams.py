import numpy as np
import pytest

from danceit.bench.measures import seams
from danceit.errors import InputError


def steady(n_frames, step=2.0):
    return np.repeat(np.arange(n_frames)[:, None, None] * step, 18, axis=1) * np.array([1.0, 0.0])


def test_a_jump_at_a_seam_is_measured():
    motion = steady(60)
    motion[30:, 4, 1] += 15.0
    motion[40:, 7] = np.nan
    scores = seams.evaluate(motion, np.array([20, 30]), np.zeros(60, int), np.arange(60) / 24)
    assert scores["seam_px_max"] == pytest.approx(np.hypot(2, 15))
    assert scores["seam_px_mean"] == pytest.approx((2 + np.hypot(2, 15)) / 2)
    assert scores["seams_over_10px"] == 0.5
    assert scores["frames_over_10px"] == pytest.approx(1 / 59)


def test_without_seams_nothing_is_made_up():
    found = seams.seam_jumps(steady(10), np.array([], dtype=int))
    assert np.isnan([found.mean, found.largest, found.over]).all()
    assert found.frames_over == 0


def test_a_known_stretch_is_recovered():
    source_s = np.concatenate([np.arange(20) / 24 * 1.5, 5 + np.arange(20) / 24 / 2])
    found = seams.warp(np.repeat([0, 1], 20), source_s)
    assert found.largest == pytest.approx(2.0)
    assert found.mean == pytest.approx((1.5 + 2.0) / 2)
    assert found.still == 0


def test_time_at_a_standstill_is_counted_apart():
    source_s = np.array([0, 1, 1, 0.5, 2]) / 24
    found = seams.warp(np.zeros(5, int), source_s)
    assert found.still == 0.5
    assert found.largest == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("frames", "source_s", "message"),
    [
        ([0], np.zeros(10), "frames within 1 to 9"),
        ([10], np.zeros(10), "frames within 1 to 9"),
        ([5], np.zeros(9), r"source_s must have shape \(10,\)"),
    ],
)
def test_each_bad_input_is_named(frames, source_s, message):
    with pytest.raises(InputError, match=message):
        seams.evaluate(steady(10), np.array(frames), np.zeros(10, int), source_s)
