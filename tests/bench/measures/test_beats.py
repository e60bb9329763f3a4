import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.bench.measures import beats, movement
from danceit.errors import InputError
from danceit.movement import beat_windows
from tests.bench.conftest import walk


def test_fact_form_on_the_reference_motion(reference_motion, reference_beats_s):
    # Independent computation with the code of FACT's repository (issue 3, point 2).
    bas = beats.fact_bas(reference_motion, reference_beats_s, 60.0)
    assert beats.fact_kinematic_beats(reference_motion, 60.0).tolist() == [
        13, 51, 68, 87, 106, 122, 142, 158, 176, 211, 229,
    ]  # fmt: skip
    assert bas.score == pytest.approx(0.2177969, abs=5e-8)
    assert (bas.n_kinematic, bas.n_music) == (11, 8)


def test_bailando_form_on_the_reference_motion(reference_motion, reference_beats_s):
    # Independent computation with the code of Bailando's repository (issue 3, point 2).
    bas = beats.bailando_bas(reference_motion, reference_beats_s, 60.0)
    assert beats.bailando_kinematic_beats(reference_motion, 60.0).tolist() == [
        15, 52, 85, 106, 121, 140, 159, 175, 212, 228,
    ]  # fmt: skip
    assert bas.score == pytest.approx(0.1713330, abs=5e-8)
    assert (bas.n_kinematic, bas.n_music) == (10, 8)


def pulses(n_frames, frames, size=5.0):
    """A body at rest but for a jump of all joints in some frames."""
    steps = np.zeros((n_frames, 18, 2))
    steps[frames] = size
    return 100 + np.cumsum(steps, axis=0)


def test_s_ba_counts_beats_whose_window_peaks_on_them():
    beats_s = np.array([1.0, 2.0, 3.0, 4.0])  # frames 24, 48, 72, 96
    found = beats.s_ba(pulses(120, [24, 49, 70, 99]), beats_s)
    assert found.offsets.tolist() == [0, 1, -2, 3]
    assert (found.exact, found.within_1, found.within_2) == (0.25, 0.5, 0.75)


def test_a_beat_without_any_movement_is_missed():
    found = beats.s_ba(pulses(96, [24]), np.array([1.0, 2.0, 3.0]))
    assert found.exact == pytest.approx(1 / 3)
    assert found.within_2 == pytest.approx(1 / 3)


@given(st.integers(0, 1000))
def test_peak_offsets_equal_a_plain_search(seed):
    rng = np.random.default_rng(seed)
    movement_px = rng.integers(0, 4, 60).astype(float)
    frames = np.unique(rng.integers(0, 60, 6))
    expected = []
    for frame, (start, stop) in zip(frames, beat_windows(frames, 60), strict=True):
        window = movement_px[start:stop]
        expected.append(start + int(window.argmax()) - frame if window.max() > 0 else 60)
    assert beats.peak_offsets(movement_px, frames).tolist() == expected


def test_a_joint_lost_while_the_body_halts_hides_no_kinematic_beat():
    motion = swings(240, 24)
    whole = beats.kinematic_beats(motion)
    motion[96:98, 3:12] = np.nan  # half of the body is lost at one of the turns
    assert beats.kinematic_beats(motion).tolist() == whole.tolist()


def swings(n_frames, period, fps=24.0):
    """All joints swing on a line and turn abruptly every `period` frames."""
    phase = np.arange(n_frames) / period
    x = 40 * np.abs(phase % 2 - 1)
    return np.stack([np.repeat(x[:, None], 18, 1), np.zeros((n_frames, 18))], axis=2)


def test_kinematic_beats_are_where_the_body_turns():
    found = beats.kinematic_beats(swings(240, 24))
    assert found.tolist() == list(range(24, 240, 24))


def test_coverage_and_hit_rate_of_lee():
    # Turns every second; music beats twice as often, 0.1 s late: 1.5 frames of 15 fps.
    beats_s = np.arange(0.6, 9.9, 0.5)
    scores = beats.kinematic_scores(swings(240, 24), beats_s)
    assert scores.n_kinematic == 9
    assert scores.coverage == pytest.approx(9 / 19)
    assert scores.hit_rates == (0.0, 1.0, 1.0)


def test_a_body_at_rest_has_no_kinematic_beats():
    scores = beats.kinematic_scores(np.ones((96, 18, 2)), np.array([1.0, 2.0]))
    assert scores.coverage == 0
    assert np.isnan(scores.hit_rates).all()
    assert beats.fact_bas(np.ones((96, 18, 2)), np.array([1.0])).score == 0


def test_kernels_are_in_seconds():
    """The same movement at 24 and at 60 fps is judged alike."""
    slow = beats.fact_bas(np.repeat(swings(240, 24)[:, :1], 2, 1), np.arange(1.0, 10.0))
    phase = np.arange(600) / 60
    x = 40 * np.abs(phase % 2 - 1)
    fast = np.stack([np.repeat(x[:, None], 2, 1), np.zeros((600, 2))], axis=2)
    assert slow.score == pytest.approx(beats.fact_bas(fast, np.arange(1.0, 10.0), 60.0).score)


@pytest.mark.parametrize(
    ("joints", "beats_s", "fps", "message"),
    [
        (np.zeros((10, 18)), [0.1], 24.0, r"shape \(T, J, 2 or 3\)"),
        (np.zeros((10, 3, 18)), [0.1], 24.0, "transposed"),
        (np.zeros((1, 18, 2)), [0.1], 24.0, "at least 2 frames"),
        (np.full((9, 18, 2), np.nan), [0.1], 24.0, "NaN throughout"),
        (np.zeros((10, 18, 2)), [], 24.0, "no beats"),
        (np.zeros((10, 18, 2)), [0.2, 0.1], 24.0, "increasing"),
        (np.zeros((10, 18, 2)), [5.0], 24.0, "no beat falls within"),
        (np.zeros((10, 18, 2)), [0.1], 0.0, "fps must be positive"),
    ],
)
def test_each_bad_input_is_named(joints, beats_s, fps, message):
    with pytest.raises(InputError, match=message):
        beats.evaluate(joints, np.array(beats_s, dtype=float), fps)


def test_three_minutes_are_scored_within_50_ms():
    motion, other = walk(4320), walk(4320, seed=1)
    beats_s = np.arange(0.5, 179, 0.5)
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        beats.s_ba(motion, beats_s)
        for pair in movement.LIMBS.values():
            movement.mdd(motion, [other], pair)
            movement.sdd(motion, [other], pair)
        best = min(best, time.perf_counter() - begun)
    assert best < 0.05
