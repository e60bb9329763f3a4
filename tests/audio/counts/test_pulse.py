from pathlib import Path

import mir_eval
import numpy as np
import pytest

from danceit.audio.counts.pulse import PulseTracker, track
from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import RATE, Sound, read_sound
from danceit.data import Float64
from tests.audio.counts import made

TRACKER = PulseTracker()


def f_measure(track_made: made.Track, found: Tracked) -> float:
    """Of the beats within 70 ms of those that were made (mir_eval)."""
    return float(mir_eval.beat.f_measure(track_made.beats_s, found.beats_s))


@pytest.mark.parametrize("bpm", [60, 62, 64, 68, 72, 76, 80, 85, 88, 104, 126])
def test_drums_with_hats_on_eighths_are_counted_at_the_kick_and_snare(bpm: float) -> None:
    song = made.rock(made.steady(bpm), 40.0)
    assert f_measure(song, track(song.sound)) > 0.97


@pytest.mark.parametrize("bpm", [52, 60, 68])
def test_six_eight_is_counted_in_its_dotted_quarters(bpm: float) -> None:
    # Six eighths have been heard in three: as quarters (90 for 60) or as eighths (180).
    song = made.six_eight(bpm)
    found = track(song.sound)
    assert f_measure(song, found) > 0.97
    assert found.metre in (2, 4)


@pytest.mark.parametrize(("from_bpm", "to_bpm"), [(100, 120), (90, 110), (120, 100)])
def test_a_tempo_that_drifts_is_followed(from_bpm: float, to_bpm: float) -> None:
    song = made.rock(made.drifting(from_bpm, to_bpm), 61.0)
    assert f_measure(song, track(song.sound)) > 0.97


@pytest.mark.parametrize("bpm", [110, 125])
def test_a_loud_hat_between_the_beats_does_not_take_them(bpm: float) -> None:
    song = made.off_beat(bpm)
    assert f_measure(song, track(song.sound)) > 0.97


def test_strokes_between_unsure_beats_make_the_level_doubtful() -> None:
    # The network hears no beat at 210, so that by its odds nothing speaks for twice the pace.
    song = made.driven(210)
    found = track(song.sound)
    assert found.confidence < 0.5
    assert {round(60 / np.median(np.diff(found.beats_s))), round(found.level_doubt)} == {105, 210}


@pytest.mark.parametrize("bpm", [48, 52, 56])
def test_beats_of_which_every_second_one_is_a_hat_may_be_half_as_many(bpm: float) -> None:
    # So slow a beat is hardly ever counted; the hats between are, but not without a word.
    found = track(made.rock(made.steady(bpm), 40.0).sound)
    told = {round(60 / np.median(np.diff(found.beats_s))), round(found.level_doubt)}
    assert told == {bpm, 2 * bpm}


@pytest.mark.parametrize("bpm", [84, 96, 170])
def test_a_waltz_is_counted_in_threes_from_the_bass(bpm: float) -> None:
    song = made.waltz(bpm)
    found = track(song.sound)
    assert f_measure(song, found) > 0.97
    assert found.metre == 3
    ones_s = found.beats_s[found.numbers == 1]
    assert mir_eval.beat.f_measure(song.beats_s[::3], ones_s) > 0.95


@pytest.mark.parametrize("bpm", [60, 66, 72, 84, 90, 100, 110, 120, 128, 137.8, 150, 160])
def test_the_first_and_the_last_click_are_found_and_none_beyond(bpm: float) -> None:
    for start_s in (0.0, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3):
        times_s = np.arange(start_s, 18.0, 60 / bpm)
        found = TRACKER.track(made.clicks(times_s, 20.0).sound)
        assert found.beats_s[0] == pytest.approx(times_s[0], abs=0.02)
        assert found.beats_s[-1] == pytest.approx(times_s[-1], abs=0.02)
        assert found.beats_s.size == times_s.size


@pytest.mark.parametrize("bpm", [60, 94.3, 137.8])
def test_three_milliseconds_less_change_no_beat(bpm: float) -> None:
    song = made.rock(made.steady(bpm, 30.0), 30.0).sound
    whole, cut = track(song), track(Sound(song.samples[72:], RATE))
    np.testing.assert_allclose(cut.beats_s + 0.003, whole.beats_s, atol=0.01)


@pytest.mark.parametrize("song", [made.waltz(88).sound, made.rock(made.steady(72), 40.0).sound])
def test_quiet_songs_have_the_same_beats(song: Sound) -> None:
    loud = track(song)
    for decibels in (-30, -74):
        quiet = track(Sound(song.samples * np.float32(10 ** (decibels / 20)), RATE))
        np.testing.assert_allclose(quiet.beats_s, loud.beats_s, atol=0.005)


def test_a_person_who_knows_tempo_and_metre_is_obeyed() -> None:
    song = made.clicks(made.steady(150), 40.0).sound
    found = TRACKER.track(song, bpm=75.0, metre=2)
    np.testing.assert_allclose(np.diff(found.beats_s), 0.8, atol=0.03)
    assert found.metre == 2


def test_times_are_exact_to_a_hundredth() -> None:
    song = made.rock(made.steady(113.7), 40.0)
    found = track(song.sound)
    late_s = found.beats_s[:, None] - song.beats_s
    nearest_s = late_s[np.arange(len(late_s)), np.abs(late_s).argmin(axis=1)]
    assert abs(float(np.median(nearest_s))) < 0.005
    assert float(np.quantile(np.abs(nearest_s), 0.9)) < 0.012


def unmetred() -> dict[str, Float64]:
    """Sounds of half a minute in which no one could count."""
    rng = np.random.default_rng(0)
    time_s = np.arange(30 * RATE) / RATE
    drone = 0.2 * np.sin(2 * np.pi * 110 * time_s)
    rubato = np.zeros(time_s.size)
    at_s = 0.5
    while at_s < 28.0:
        note = made.chord(float(rng.choice([110, 147, 165, 196, 220])), 1.5)
        part = rubato[round(at_s * RATE) :][: note.size]
        part += note[: part.size]
        at_s += rng.uniform(0.25, 1.6)
    return {
        "white noise": 0.1 * rng.standard_normal(time_s.size),
        "drone": drone,
        "drone in noise": drone + 1e-3 * rng.standard_normal(time_s.size),
        "rubato": 0.3 * rubato,
        "silence": np.zeros(time_s.size),
    }


@pytest.mark.parametrize("name", unmetred())
def test_where_no_one_could_count_nothing_is_trusted(name: str) -> None:
    found = track(Sound(unmetred()[name].astype(np.float32), RATE))
    assert found.confidence < 0.5


def test_a_kick_at_120_is_counted_from_the_first_to_the_last(real_data: Path) -> None:
    found = track(read_sound(real_data / "music" / "kick_120bpm.mp3"))
    np.testing.assert_allclose(np.diff(found.beats_s), 0.5, atol=0.02)
    assert found.beats_s[0] < 0.1


def test_an_annotated_recording_has_its_beats(real_data: Path) -> None:
    annotated = np.loadtxt(real_data / "music" / "madmom_sample.beats")
    found = track(read_sound(real_data / "music" / "madmom_sample.wav"))
    assert mir_eval.beat.f_measure(annotated[:, 0], found.beats_s) == 1.0


@pytest.mark.parametrize("name", ["DANCE_W_15", "DANCE_C_8", "DANCE_R_2"])
def test_real_dances_are_counted_as_the_reference_counts_them(real_data: Path, name: str) -> None:
    reference = np.loadtxt(real_data / "beats" / f"{name}.beats")
    found = track(read_sound(real_data / "dances" / name / "audio.mp3"))
    assert mir_eval.beat.f_measure(reference[:, 0], found.beats_s) > 0.95
    assert found.metre == int(reference[:, 1].max())
