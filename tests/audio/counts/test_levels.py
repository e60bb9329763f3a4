"""The tempo that a song keeps and the level that is counted, from odds that are made here."""

import numpy as np
import pytest

from danceit.audio.counts.activation import Activation
from danceit.audio.counts.bar_pointer import find_beats
from danceit.audio.counts.heard import RATE_HZ
from danceit.audio.counts.levels import settled
from danceit.data import Float32, Int64

PRIOR = np.zeros(57, np.float32)


def odds(n_frames: int, struck: dict[int, float], floor: float = -3.0) -> Float32:
    """Log odds that are `floor` but at some frames."""
    values = np.full(n_frames, floor, np.float32)
    for frame, value in struck.items():
        values[frame] = value
    return values


def counted(beat: Float32, one: Float32) -> Int64:
    gains = np.clip(beat + 1.5, -4, 4)
    return settled(find_beats(gains, PRIOR).frames, gains, Activation(beat, one), PRIOR)


def barred(frames: np.ndarray, metre: int, n_frames: int) -> Float32:
    return odds(n_frames, dict.fromkeys(frames[::metre].tolist(), 2.0))


def test_a_steady_song_keeps_its_tempo_where_its_drums_rest() -> None:
    beats = np.arange(10, 3000, 25)  # 120 beats a minute
    struck = {int(frame): 2.5 for frame in beats if not 1200 < frame < 1700}
    # In the rest something strikes at two thirds of the pace, less clearly than a beat.
    struck |= {frame: -1.0 for frame in range(1230, 1700, 38)}
    found = counted(odds(3000, struck), barred(beats, 4, 3000))
    inside = found[(found > 1250) & (found < 1650)]
    np.testing.assert_allclose(np.diff(inside), 25, atol=1)


def test_a_tempo_that_changes_for_good_is_followed() -> None:
    beats = np.r_[np.arange(10, 1500, 25), np.arange(1510, 3000, 34)]
    found = counted(odds(3000, dict.fromkeys(beats.tolist(), 2.5)), barred(beats, 4, 3000))
    late = np.diff(found[found > 1600])
    np.testing.assert_allclose(late, 34, atol=1)


@pytest.mark.parametrize(("lower", "bpm"), [(0.6, 176.0), (2.6, 88.0)])
def test_a_level_is_counted_by_how_much_beats_stand_out_from_the_middles(
    lower: float, bpm: float
) -> None:
    # The chords of a jive sound nearly as much like beats as its bass; hats on eighths do not.
    slow = np.arange(10, 6000, 34)
    struck = dict.fromkeys(slow.tolist(), 2.0) | dict.fromkeys((slow + 17).tolist(), 2.0 - lower)
    found = counted(odds(6100, struck), barred(slow, 2, 6100))
    assert 60 * RATE_HZ / np.median(np.diff(found)) == pytest.approx(bpm, rel=0.02)


def test_strokes_at_twice_the_pace_for_a_while_are_counted_through() -> None:
    beats = np.arange(10, 6000, 33)  # 91 beats a minute
    middles = {int(frame) + 16: 1.0 for frame in beats if 2000 < frame < 4000}
    struck = dict.fromkeys(beats.tolist(), 2.5) | middles
    found = counted(odds(6100, struck), barred(beats, 4, 6100))
    np.testing.assert_allclose(np.diff(found), 33, atol=1)


def test_a_song_that_really_slows_to_half_its_pace_is_followed() -> None:
    periods = np.r_[[19] * 60, np.linspace(19, 34, 17).astype(int), [34] * 16]
    beats = 10 + np.cumsum(periods)
    end = int(beats[-1]) + 40
    found = counted(odds(end, dict.fromkeys(beats.tolist(), 2.0)), barred(beats, 2, end))
    np.testing.assert_allclose(np.diff(found)[5:50], 19, atol=1)
    np.testing.assert_allclose(np.diff(found)[-8:], 34, atol=1)


@pytest.mark.parametrize(("middle", "period"), [(2.5, 50), (-3.0, 33)])
def test_bars_of_three_are_two_dotted_beats_where_their_middle_is_one(
    middle: float, period: int
) -> None:
    ones = np.arange(10, 6000, 100)
    quarters = np.concatenate([ones + 33, ones + 67])
    struck = dict.fromkeys(ones.tolist(), 3.0) | dict.fromkeys(quarters.tolist(), 0.5)
    struck |= dict.fromkeys((ones + 50).tolist(), middle)
    beat = odds(6100, struck)
    gains = np.clip(beat + 1.5, -4, 4)
    first = np.sort(np.concatenate([ones, quarters]))
    found = settled(first, gains, Activation(beat, barred(ones, 1, 6100)), PRIOR)
    np.testing.assert_allclose(np.diff(found), period, atol=1)


def test_under_eight_beats_there_is_nothing_to_settle() -> None:
    first = np.array([10, 40, 70])
    nothing = np.zeros(100, np.float32)
    assert settled(first, nothing, Activation(nothing, nothing), PRIOR) is first
