"""Bar lock, timing kept, steps and seams on counts, on movements whose timing is known."""

import numpy as np
import pytest

from danceit.bench.measures import counts
from danceit.data import FPS, JOINT, Float64
from danceit.errors import InputError

BEATS_S = np.arange(60) * 0.5
NUMBERS = (np.arange(60) % 3 + 1).astype(np.int32)


def pulsing(period_s: float, peak_s: float, seconds: float = 29.0) -> Float64:
    """A body that moves to and fro, fastest `peak_s` after every whole period."""
    t = np.arange(int(seconds * FPS)) / FPS
    speed = 1 + np.cos(2 * np.pi * (t - peak_s) / period_s)
    x = np.cumsum(speed)
    joints = np.zeros((len(t), 18, 2))
    joints[..., 0] = x[:, None]
    return joints


def test_movement_with_the_bar_is_locked_to_it_at_its_own_phase() -> None:
    lock = counts.lock(pulsing(1.5, 0.25), BEATS_S, NUMBERS, 3)
    # Of a cosine, |Σ s e^{iφ}| / Σ|s| is (1/2) / (2/π) = π/4.
    assert lock.strength == pytest.approx(np.pi / 4, abs=0.02)
    assert lock.phase_beats == pytest.approx(0.5, abs=0.06)


def test_movement_with_the_beat_alone_is_not_locked_to_the_bar() -> None:
    joints = pulsing(0.5, 0.0)
    assert counts.lock(joints, BEATS_S, NUMBERS, 3).strength < 0.03
    assert counts.lock(joints, BEATS_S, NUMBERS, 3, cycle=1).strength > 0.7


def test_timing_is_kept_where_what_was_danced_on_the_1_is_on_the_1() -> None:
    song = counts.count_phase(np.arange(0, 20, 0.04), BEATS_S, NUMBERS, 3)
    kept = counts.timing_kept(song, song, 3)
    assert (kept.strength, kept.offset_beats) == pytest.approx((1.0, 0.0))
    late = counts.timing_kept((song - 0.25) % 3, song, 1)
    assert (late.strength, late.offset_beats) == pytest.approx((1.0, 0.25))


@pytest.mark.parametrize(
    ("source_metre", "for_one", "bar"),
    [(4, 1.0, 4.0), (4, 2.0, 4.0), (4, 0.5, 2.0), (2, 1.0, 2.0), (2, 2.0, 4.0), (3, 1.0, np.nan)],
)
def test_timing_by_bar_goes_by_the_shorter_bar(
    source_metre: int, for_one: float, bar: float
) -> None:
    assert counts.shorter_bar(4, source_metre, for_one) == pytest.approx(bar, nan_ok=True)


def test_a_bar_at_half_the_pace_is_kept_on_every_1_of_the_song_and_on_no_2() -> None:
    four = np.arange(40) % 4 + 1
    song = counts.count_phase(np.arange(0, 19, 0.04), BEATS_S[:40], four, 4)
    places = np.arange(0, 19, 0.04) / 0.5
    source = places / 2
    kept = counts.timing_kept(source * 2, song, counts.shorter_bar(4, 4, 2.0))
    assert (kept.strength, kept.offset_beats) == pytest.approx((1.0, 0.0), abs=1e-6)
    late = counts.timing_kept((source - 0.5) * 2, song, counts.shorter_bar(4, 4, 2.0))
    assert (late.strength, late.offset_beats) == pytest.approx((1.0, 1.0), abs=1e-6)


def test_dances_that_agree_on_their_phase_agree() -> None:
    same = [counts.Lock(0.3, 0.25), counts.Lock(0.4, 0.25)]
    assert counts.agreement(same, 3).strength == pytest.approx(1.0)
    opposite = [counts.Lock(0.3, 0.0), counts.Lock(0.3, 1.5)]
    assert counts.agreement(opposite, 3).strength == pytest.approx(0.0, abs=1e-9)


def test_steps_that_land_on_counts_are_found_there() -> None:
    joints = pulsing(100.0, 50.0)
    foot = JOINT["right_ankle"]
    t = np.arange(len(joints)) / FPS
    # At rest from every count on for half of it, then moving.
    speed = np.where((t + 1e-9) % 0.5 < 0.25, 0.0, 20.0)
    joints[:, foot, 0] = np.cumsum(speed)
    joints[:, JOINT["left_ankle"]] = np.nan
    steps = counts.steps_on_count(joints, BEATS_S)
    assert steps.count > 40
    assert steps.share == 1.0
    assert steps.chance == pytest.approx(2 * 2 / FPS / 0.5)


def test_seams_are_counted_where_the_bar_begins() -> None:
    ones = np.round(BEATS_S[NUMBERS == 1][1:5] * FPS).astype(int)
    assert counts.seams_on(ones, BEATS_S, NUMBERS) == 1.0
    assert counts.seams_on(ones + 12, BEATS_S, NUMBERS) == 0.0
    assert np.isnan(counts.seams_on(ones[:0], BEATS_S, NUMBERS))


@pytest.mark.parametrize(
    ("beats_s", "numbers", "metre", "message"),
    [
        (BEATS_S[:1], NUMBERS[:1], 3, "at least two beats"),
        (BEATS_S[::-1], NUMBERS, 3, "increasing"),
        (BEATS_S, NUMBERS[:5], 3, "one length"),
        (BEATS_S, NUMBERS, 0, "metre"),
    ],
)
def test_impossible_counts_are_refused(beats_s, numbers, metre, message) -> None:
    with pytest.raises(InputError, match=message):
        counts.evaluate(pulsing(1.5, 0.0), beats_s, numbers, metre)


def test_movement_as_strong_as_the_music_follows_it() -> None:
    seconds = 29.0
    t = np.arange(int(seconds * FPS)) / FPS
    strong = np.where((t // 3) % 2 == 0, 1.0, 3.0)  # two bars of 1.5 s each, in turn
    joints = np.zeros((len(t), 18, 2))
    joints[..., 0] = np.cumsum(strong)[:, None]
    loudness = 2.0 * strong - 7.0
    follows = counts.energy_follows(joints, BEATS_S, NUMBERS, loudness)
    assert follows == pytest.approx(1.0, abs=0.01)
    against = counts.energy_follows(joints, BEATS_S, NUMBERS, -loudness)
    assert against == pytest.approx(-1.0, abs=0.01)


def test_a_song_of_even_loudness_is_followed_by_nobody() -> None:
    joints = pulsing(1.5, 0.25)
    even = np.zeros(len(joints))
    assert np.isnan(counts.energy_follows(joints, BEATS_S, NUMBERS, even))
    assert np.isnan(counts.energy_follows(joints, BEATS_S[:8], NUMBERS[:8], even))
