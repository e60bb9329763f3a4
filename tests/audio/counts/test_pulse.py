import numpy as np
import pytest

from danceit.audio.counts.pulse import PulseTracker, track
from danceit.audio.decoding import RATE, Sound
from danceit.data import Float32, Float64


def struck(times_s: Float64, duration_s: float, loud: Float64 | None = None) -> Float32:
    """Short drum strokes at times."""
    samples = np.zeros(int(duration_s * RATE), np.float32)
    time_s = np.arange(int(0.08 * RATE)) / RATE
    stroke = np.exp(-time_s / 0.015) * np.sin(2 * np.pi * 180 * time_s)
    stroke += 0.3 * np.exp(-time_s / 0.005) * np.random.default_rng(1).standard_normal(time_s.size)
    for number, at_s in enumerate(times_s):
        part = samples[round(at_s * RATE) :][: stroke.size]
        part += stroke[: part.size] * (0.5 if loud is None else loud[number])
    return samples


@pytest.mark.parametrize("bpm", [72.0, 100.0, 137.8, 168.0])
def test_clicks_are_counted_where_they_are(bpm: float) -> None:
    times_s = np.arange(0.2, 29.0, 60 / bpm)
    found = track(Sound(struck(times_s, 30.0), RATE))
    np.testing.assert_allclose(found.beats_s, times_s, atol=0.012)


def test_accents_make_bars() -> None:
    times_s = np.arange(0.5, 40.0, 0.6)
    loud = np.where(np.arange(times_s.size) % 3 == 1, 0.9, 0.25)
    found = track(Sound(struck(times_s, 41.0, loud), RATE))
    assert found.metre == 3
    np.testing.assert_allclose(found.beats_s[found.numbers == 1], times_s[1::3], atol=0.012)


def test_a_person_who_knows_tempo_and_metre_is_obeyed() -> None:
    times_s = np.arange(0.5, 40.0, 0.4)
    sound = Sound(struck(times_s, 41.0), RATE)
    found = PulseTracker().track(sound, bpm=75.0, metre=2)
    np.testing.assert_allclose(np.diff(found.beats_s), 0.8, atol=0.03)
    assert found.metre == 2


def test_silence_has_no_beats() -> None:
    assert track(Sound(np.zeros(5 * RATE, np.float32), RATE)).beats_s.size == 0
