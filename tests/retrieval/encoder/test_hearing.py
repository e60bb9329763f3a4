"""What is heard of songs whose beat, bar and repetition are known."""

import numpy as np
import pytest

from danceit.audio.descriptors import count_columns
from danceit.counts import Counts
from danceit.errors import InputError
from danceit.retrieval.encoder.dataset import at_tempo
from danceit.retrieval.encoder.hearing import (
    CODE,
    GRID,
    LAYOUTS,
    PULSES,
    REPEATS,
    TEMPO_BUMPS,
    hear,
    tempo_code,
)
from tests.retrieval.conftest import toy_song as song

PLAIN = 2 * 4 + 4
"""Columns of flux and of counts, before those of the pulse."""


@pytest.mark.parametrize(("bpm", "meter"), [(72, 4), (138, 4), (96, 2), (84, 3), (170, 3)])
def test_the_beat_is_the_one_that_is_counted(bpm: float, meter: int) -> None:
    assert hear(song(bpm, meter), "counted").beat_frames == pytest.approx(60 * 24 / bpm, rel=1e-3)


@pytest.mark.parametrize(("bpm", "told"), [(60, 120), (45, 90), (180, 90), (200, 100)])
def test_of_twos_and_fours_the_tempo_is_told_within_one_octave(bpm: float, told: float) -> None:
    assert hear(song(bpm, 4), "counted").beat_frames == pytest.approx(60 * 24 / told, rel=1e-3)


def test_a_tempo_that_changes_is_followed_from_place_to_place() -> None:
    slow, fast = song(80, 4, 720), song(120, 4, 720)
    fast[:, 33:35] += slow[-1, 33:35]
    heard = hear(np.concatenate([slow, fast]), "counted")
    tempi = heard.surroundings[:, 3 * len(REPEATS) :]
    wanted = tempo_code(60 * 24 / np.array([80.0, 120.0]))
    np.testing.assert_allclose(tempi[5], wanted[0], atol=1e-2)
    np.testing.assert_allclose(tempi[-5], wanted[1], atol=1e-2)


def test_frames_are_told_where_in_the_beat_and_the_bar_they_lie() -> None:
    heard = hear(song(90, 3), "counted")
    beat, bar = heard.frames[:, 8:10], heard.frames[:, 10:12]
    third = 3 * 16 + 16  # the second beat of the second bar; a beat lasts 16 frames
    np.testing.assert_allclose(beat[[0, 8, third]], [(1, 0), (-1, 0), (1, 0)], atol=0.01)
    turn = 2 * np.pi / 3
    np.testing.assert_allclose(bar[third], (np.cos(turn), np.sin(turn)), atol=0.01)


def test_without_bars_the_beat_alone_is_told() -> None:
    features = song(90, 3)
    beats = Counts.of_beats(np.arange(0, 41, 60 / 90))
    features[:, 33:] = count_columns(beats, len(features))
    heard = hear(features, "counted")
    assert not heard.frames[:, 10:12].any()
    np.testing.assert_allclose(heard.frames[16, 8:10], (1, 0), atol=0.01)


def test_where_nothing_is_counted_nothing_repeats_or_has_a_tempo() -> None:
    features = song(90, 3)
    features[:, 33:] = 0
    heard = hear(features, "counted")
    assert heard.beat_frames == 0
    assert not heard.frames[:, 8:].any()
    assert not heard.surroundings.any()
    assert heard.surroundings.shape[1] == 3 * len(REPEATS) + TEMPO_BUMPS


def test_counts_go_with_the_tempo_that_a_song_is_brought_to() -> None:
    heard = hear(at_tempo(song(90, 3), 1.1), "counted")
    assert heard.beat_frames == pytest.approx(60 * 24 / 99, rel=1e-3)


@pytest.mark.parametrize(("meter", "other"), [(3, 4), (4, 3)])
def test_three_four_time_repeats_after_three_beats(meter: int, other: int) -> None:
    around = hear(song(90, meter), "counted").surroundings
    repeats = dict(zip(REPEATS, around[20, : len(REPEATS)], strict=True))
    assert repeats[float(meter)] > repeats[float(other)] + 0.2


def test_the_pulse_turns_once_a_bar_and_is_zero_on_the_bar() -> None:
    heard = hear(song(90, 3), "counted")
    bass = PLAIN + 2 * len(PULSES)  # the second signal is the lowest band
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
    silence = np.zeros((240, 37), np.float32)
    silence[:, 33:] = count_columns(Counts.of_beats(np.arange(0, 11, 0.5)), 240)
    assert not hear(silence, "counted").surroundings[:, : 3 * len(REPEATS)].any()


def test_bad_features_are_refused() -> None:
    with pytest.raises(InputError, match="feature set 'chords'; known: mfcc"):
        hear(np.zeros((10, 4), np.float32), "chords")
    with pytest.raises(InputError, match="37 columns"):
        hear(np.zeros((10, 13), np.float32), "counted")
    with pytest.raises(InputError, match="finite"):
        hear(np.full((10, 13), np.nan, np.float32), "mfcc")
    with pytest.raises(InputError, match=r"S > 0; got \(0, 13\)"):
        hear(np.zeros((0, 13), np.float32), "mfcc")


def test_codes_are_alike_at_the_same_place_of_bars_of_the_same_kind() -> None:
    here = hear(song(90, 3), "counted").codes
    assert here.shape == (960, CODE)
    np.testing.assert_allclose(np.linalg.norm(here, axis=1), 1, atol=1e-5)
    there = hear(song(90, 3, seed=5), "counted").codes
    bar, beat = 48, 16
    np.testing.assert_allclose(here[7], there[7 + 3 * bar], atol=1e-3)
    nearest = np.argmin(((here[bar : 2 * bar] - there[5]) ** 2).sum(axis=1))
    assert nearest == 5
    # A beat later is farther away than a bar of another song, half a bar farther still.
    apart = ((here[[5 + beat, 5 + bar // 2]] - there[5]) ** 2).sum(axis=1)
    assert 0.5 < apart[0] < apart[1]


def test_codes_of_threes_and_fours_lie_apart_at_any_place() -> None:
    threes = hear(song(90, 3), "counted").codes
    fours = hear(song(90, 4), "counted").codes
    assert ((threes[::7, None] - fours[None, ::5]) ** 2).sum(axis=2).min() > 1.5


@pytest.mark.parametrize(("bpm", "metre"), [(45, 4), (180, 4), (96, 2), (96, 5)])
def test_what_is_not_known_of_a_four_is_left_in_the_middle(bpm: float, metre: int) -> None:
    codes = hear(song(bpm, metre), "counted").codes
    circles = codes[:, 6:12].reshape(-1, 3, 2)
    known = (np.linalg.norm(circles, axis=2) > 0.05).all(axis=0)
    # Told at 90: a bar of four at 45 is eight, at 180 two. Fives are told by the beat alone.
    wanted = {45: (1, 1, 1), 180: (0, 1, 1), 96: (0, metre == 2, 1)}[round(bpm)]
    np.testing.assert_array_equal(known, np.array(wanted, dtype=bool))


def test_the_beat_of_a_code_falls_on_the_1_at_any_level() -> None:
    fast = hear(song(180, 4), "counted").codes  # told as 90, in twos
    np.testing.assert_allclose(fast[::32, 8], fast[0, 8], atol=0.02)
    assert fast[0, 8] > 0.3


def test_songs_that_nobody_counted_have_no_code() -> None:
    silent = song(90, 3)
    silent[:, 33:] = 0
    assert not hear(silent, "counted").codes.any()
    assert not hear(song(90, 3)[:, :13].copy(), "mfcc").codes.any()
