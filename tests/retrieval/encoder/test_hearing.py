"""What is heard of songs whose beat, bar and repetition are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.errors import InputError
from danceit.retrieval.encoder.hearing import GRID, LAYOUTS, PULSES, REPEATS, beat_period, hear


def song(bpm: float, meter: int, n_frames: int = 960, seed: int = 0) -> np.ndarray:
    """Features of a song whose bass strikes every bar and whose treble every beat."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 0.05, (n_frames, 33)).astype(np.float32)
    features[:, 13:21] = np.abs(features[:, 13:21])
    beat = 60 * 48 / bpm
    for number, place in enumerate(np.arange(0, 2 * n_frames - 1, beat)):
        frame, half = divmod(round(place), 2)
        features[min(frame, n_frames - 1), 13 + 4 * half + 3] += 1
        if number % meter == 0:
            features[min(frame, n_frames - 1), 13 + 4 * half] += 2
    return features


@settings(max_examples=15, deadline=None)
@given(
    st.one_of(st.tuples(st.floats(72, 138), st.just(4)), st.tuples(st.floats(72, 103), st.just(3)))
)
def test_the_beat_is_found(beat: tuple[float, int]) -> None:
    bpm, meter = beat
    assert hear(song(bpm, meter), "pulse").beat_frames == pytest.approx(60 * 24 / bpm, rel=0.01)


@pytest.mark.parametrize(("bpm", "told"), [(60, 120), (45, 90), (180, 90), (200, 100)])
def test_tempo_is_told_within_one_octave(bpm: float, told: float) -> None:
    assert hear(song(bpm, 4), "pulse").beat_frames == pytest.approx(60 * 24 / told, rel=0.01)


@pytest.mark.parametrize(("meter", "other"), [(3, 4), (4, 3)])
def test_three_four_time_repeats_after_three_beats(meter: int, other: int) -> None:
    around = hear(song(90, meter), "pulse").surroundings
    repeats = dict(zip(REPEATS, around[20, : len(REPEATS)], strict=True))
    assert repeats[float(meter)] > repeats[float(other)] + 0.2


def test_the_pulse_turns_once_a_bar_and_is_zero_on_the_bar() -> None:
    heard = hear(song(90, 3), "pulse")
    bass = 8 + 2 * len(PULSES)  # the second signal is the lowest band
    column = bass + 2 * PULSES.index(3.0)
    phasor = heard.frames[:, column] + 1j * heard.frames[:, column + 1]
    bars = (np.arange(5, 15) * 3 * 60 * 24 / 90).astype(int)
    assert np.abs(np.angle(phasor[bars])).max() < 0.35
    assert np.abs(np.angle(phasor[bars + 24])).min() > 2.8
    assert np.abs(phasor).max() <= 1.0


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_feature_set_is_heard(name: str) -> None:
    n_columns = LAYOUTS[name].width
    heard = hear(np.random.default_rng(0).random((100, n_columns)).astype(np.float32), name)
    frames, around = heard.windows(np.array([0, 90]), 24)
    assert frames.shape[:2] == (2, 24)
    assert around.shape == (2, heard.surroundings.shape[1])
    assert len(heard.surroundings) == -(-100 // GRID)
    assert (frames[1, 10:] == heard.frames[-1]).all()
    assert np.isfinite(heard.frames).all()
    assert np.isfinite(heard.surroundings).all()


def test_silence_is_heard_without_a_warning() -> None:
    heard = hear(np.zeros((240, 33), np.float32), "pulse")
    assert not heard.surroundings[:, : 3 * len(REPEATS)].any()
    assert beat_period(np.zeros((10, 4))) > 0


def test_bad_features_are_refused() -> None:
    with pytest.raises(InputError, match="feature set 'chords'; known: mfcc"):
        hear(np.zeros((10, 4), np.float32), "chords")
    with pytest.raises(InputError, match="33 columns"):
        hear(np.zeros((10, 13), np.float32), "pulse")
    with pytest.raises(InputError, match="finite"):
        hear(np.full((10, 13), np.nan, np.float32), "mfcc")
    with pytest.raises(InputError, match=r"S > 0; got \(0, 13\)"):
        hear(np.zeros((0, 13), np.float32), "mfcc")
