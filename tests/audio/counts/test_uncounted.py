"""Sounds in which no one could count, made here, and a real one: no counts, and one line."""

from pathlib import Path

import mir_eval
import numpy as np
import pytest

from danceit.audio.counts.corrections import Corrections
from danceit.audio.counts.counting import Basis, count
from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import RATE, Sound, read_sound
from danceit.counts import Counts
from danceit.data import Float64
from tests.audio.counts import made

LENGTH_S = 40.0


def speech(seed: int, syllables_s: float) -> Float64:
    """Speech as to its rhythm: syllables of voice and hiss, in phrases with pauses between.

    Syllables are gamma distributed about their mean, a third apart in length, as those of
    read speech are (Greenberg, Speech Communication 1999); the voice has three formants and
    falls over a phrase.
    """
    rng = np.random.default_rng(seed)
    sound = np.zeros(int(LENGTH_S * RATE))
    at_s = 0.3
    while at_s < LENGTH_S - 4.0:
        for place in np.linspace(0.0, 1.0, int(rng.integers(5, 16))):
            length_s = float(rng.gamma(9.0, syllables_s / 9.0))
            time_s = np.arange(int(length_s * RATE)) / RATE
            hz = (140.0 - 40.0 * place) * rng.uniform(0.9, 1.1)
            formants = rng.uniform((300, 900, 2300), (800, 2000, 2900))
            voice = sum(
                np.exp(-0.5 * ((hz * h - formants) / 130.0) ** 2).sum()
                * np.sin(2 * np.pi * hz * h * time_s)
                for h in range(1, 25)
            )
            hiss = rng.standard_normal(time_s.size) * (time_s < rng.uniform(0.0, 0.08))
            syllable = np.hanning(time_s.size) ** 0.5 * (0.1 * voice + 0.1 * hiss)
            part = sound[int(at_s * RATE) :][: syllable.size]
            part += syllable[: part.size] * rng.uniform(0.4, 1.0)
            at_s += length_s
        at_s += rng.uniform(0.2, 1.1)
    return sound


def rubato(seed: int) -> Float64:
    """Chords that a player holds as long as they please."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(int(LENGTH_S * RATE))
    at_s = 0.5
    while at_s < LENGTH_S - 2.0:
        note = made.chord(float(rng.choice([110, 147, 165, 196, 220])), 1.5)
        part = sound[round(at_s * RATE) :][: note.size]
        part += 0.3 * note[: part.size]
        at_s += rng.uniform(0.25, 1.6)
    return sound


def counted(samples: Float64) -> Counts:
    sound = Sound(samples.astype(np.float32), RATE)
    return count(sound, Basis(None, "pulse", Corrections()), "sound.wav")


@pytest.mark.parametrize(("seed", "syllables_s"), [(0, 0.16), (1, 0.2), (2, 0.25)])
def test_speech_is_not_counted(seed: int, syllables_s: float) -> None:
    found = counted(speech(seed, syllables_s))
    assert found.beats_s.size == 0
    assert len(found.notes) == 1
    assert found.notes[0].startswith("no clear beat in sound.wav")


def test_a_person_who_speaks_is_not_counted(real_data: Path) -> None:
    sound = read_sound(real_data / "defects" / "public" / "ogg_no_last_page.oga")
    found = count(sound, Basis(None, "pulse", Corrections()), "memo.oga")
    assert found.beats_s.size == 0
    assert len(found.notes) == 1


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_played_at_no_pace_is_not_counted(seed: int) -> None:
    assert counted(rubato(seed)).beats_s.size == 0


def test_a_piano_that_plays_freely_for_a_ballet_is_not_counted(real_data: Path) -> None:
    sound = read_sound(real_data / "video" / "red_skirt_320x240_70s.mp4")
    assert count(sound, Basis(None, "pulse", Corrections()), "ballet").beats_s.size == 0


def test_pieces_of_a_person_who_speaks_are_not_counted(real_data: Path) -> None:
    samples = read_sound(real_data / "defects" / "public" / "ogg_no_last_page.oga").samples
    for start_s, end_s in ((0.0, 3.0), (0.0, 5.0), (1.0, 6.0), (0.5, 5.0), (2.0, 6.0)):
        piece = samples[round(start_s * RATE) : round(end_s * RATE)]
        assert counted(piece.astype(np.float64)).beats_s.size == 0


def test_a_few_seconds_of_made_speech_are_seldom_counted() -> None:
    pieces = [
        speech(seed, syllables_s)[RATE * start : RATE * (start + 6)]
        for seed, syllables_s in ((0, 0.16), (1, 0.2), (2, 0.25))
        for start in (1, 12, 23)
    ]
    assert sum(counted(piece).beats_s.size > 0 for piece in pieces) <= 1


@pytest.mark.parametrize("duration_s", [4.0, 6.0])
def test_a_few_seconds_of_drums_are_counted(duration_s: float) -> None:
    song = made.rock(made.steady(110, duration_s), duration_s)
    found = counted(song.sound.samples.astype(np.float64))
    assert mir_eval.beat.f_measure(song.beats_s, found.beats_s) > 0.9


@pytest.mark.parametrize(
    ("beats", "bars", "n_beats", "is_counted"),
    [
        (0.1, 0.9, 60, False),
        (0.3, 0.8, 60, True),
        (0.3, 0.8, 15, False),  # under four bars of four
        (0.3, 0.3, 60, False),
        (0.5, 0.0, 60, True),
        (0.5, 0.0, 9, False),  # 0.4 and one over nine
        (0.6, 0.0, 9, True),
        (0.2, None, 9, True),
    ],
)
def test_unsure_beats_are_counted_where_they_make_up_bars(
    beats: float,
    bars: float | None,
    n_beats: int,
    is_counted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from danceit.audio.counts.registry import TRACKERS

    times_s = 0.3 + 0.5 * np.arange(n_beats)
    numbers = (np.arange(times_s.size) % 4 + 1).astype(np.int32)
    found = Tracked(times_s, numbers, 4, beats, bar_confidence=bars)
    monkeypatch.setattr(type(TRACKERS), "get", lambda self, name: lambda sound, **known: found)
    assert (counted(rubato(0)).beats_s.size > 0) is is_counted
