import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.audio.counts.corrections import Corrections, corrected, keep, stored
from danceit.audio.counts.tracked import Tracked
from danceit.counts import TRUSTED
from danceit.data import Float64
from danceit.errors import InputError

HASH = "ab" * 32
LAID = np.arange(0.2, 9.9, 0.61)


def tracked(metre: int = 4, count: int = 16, period_s: float = 0.5) -> Tracked:
    numbers = np.arange(count) % metre + 1 if metre else np.zeros(count)
    return Tracked(np.arange(count) * period_s + 1.0, numbers.astype(np.int32), metre, 0.8, 60.0)


def accents(beats_s: Float64) -> Float64:
    """Strong on every third beat from the second."""
    return (np.arange(beats_s.size) % 3 == 1).astype(float)


def obeyed(found: Tracked, **said: float | str) -> Tracked:
    return corrected(found, Corrections(**said), accents, lambda bpm: LAID, 10.0)  # type: ignore[arg-type]


def test_nothing_said_changes_nothing() -> None:
    found = tracked()
    same = obeyed(found)
    np.testing.assert_array_equal(same.beats_s, found.beats_s)
    assert same.numbers.tolist() == found.numbers.tolist()
    assert same.level_doubt == 60.0


def test_halving_keeps_the_1s_and_the_metre() -> None:
    halved = obeyed(tracked(), level=-1)
    np.testing.assert_allclose(halved.beats_s, np.arange(8) + 1.0)
    assert halved.numbers.tolist() == [1, 2, 3, 4, 1, 2, 3, 4]
    assert halved.level_doubt == 0.0  # a person has decided


def test_doubling_puts_beats_between_and_starts_a_bar_at_each_1() -> None:
    doubled = obeyed(tracked(metre=3, count=7), level=1)
    np.testing.assert_allclose(doubled.beats_s, np.arange(13) * 0.25 + 1.0)
    assert doubled.numbers.tolist() == [1, 2, 3] * 4 + [1]


def test_halving_undoes_doubling() -> None:
    found = tracked(metre=3, count=12)
    doubled = obeyed(found, level=1)
    again = obeyed(doubled, level=-1)
    np.testing.assert_allclose(again.beats_s, found.beats_s)


@pytest.mark.parametrize(("bpm", "period_s"), [(119, 0.5), (60, 1.0), (240, 0.25), (40, 1.5)])
def test_a_tempo_takes_the_level_of_what_was_found(bpm: float, period_s: float) -> None:
    found = obeyed(tracked(), bpm=bpm)
    np.testing.assert_allclose(np.diff(found.beats_s), period_s)


def test_a_tempo_that_fits_no_level_has_beats_laid_anew() -> None:
    assert obeyed(tracked(), bpm=98).beats_s.tolist() == LAID[LAID <= 10].tolist()
    assert obeyed(Tracked(), bpm=98).beats_s.tolist() == LAID[LAID <= 10].tolist()


def test_a_metre_finds_its_1_by_the_accents() -> None:
    assert obeyed(tracked(), metre=3).numbers.tolist()[:5] == [3, 1, 2, 3, 1]
    assert obeyed(tracked(metre=0), metre=3).metre == 3


def test_another_metre_for_a_file_of_beats_begins_on_the_files_own_1() -> None:
    written = Tracked(np.arange(12) * 0.5, np.array([3, 4, *[1, 2, 3, 4] * 2, 1, 2], np.int32), 4)
    found = obeyed(written, metre=3, of_file="ab" * 32)
    assert found.numbers.tolist()[:6] == [2, 3, 1, 2, 3, 1]


def test_a_1_that_accents_alone_tell_is_a_guess() -> None:
    guessed = obeyed(tracked(metre=0), metre=3).bar_confidence
    assert guessed is not None
    assert guessed < TRUSTED
    assert obeyed(tracked(metre=0), metre=3, downbeat_s=1.5).bar_confidence == 1.0


@pytest.mark.parametrize("said", [{"level": 1}, {"level": -1}, {"bpm": 60.0}])
def test_at_another_level_a_1_is_as_sure_as_it_was(said: dict[str, float]) -> None:
    guessed = replace(tracked(), bar_confidence=0.05)
    assert obeyed(guessed, **said).bar_confidence == 0.05
    assert obeyed(tracked(), **said).bar_confidence is None  # a tracker that does not say


def test_a_metre_that_was_found_keeps_its_1s() -> None:
    assert obeyed(tracked(), metre=4).numbers.tolist()[:5] == [1, 2, 3, 4, 1]


def test_the_beat_nearest_to_a_downbeat_is_a_1() -> None:
    assert obeyed(tracked(), downbeat_s=2.1).numbers.tolist()[:6] == [3, 4, 1, 2, 3, 4]
    without_bars = obeyed(tracked(metre=0), downbeat_s=1.5)
    assert without_bars.metre == 4  # most music
    assert without_bars.numbers.tolist()[:4] == [4, 1, 2, 3]


def test_a_shift_moves_every_beat_and_the_1_that_was_given_stays_where_it_was_heard() -> None:
    shifted = obeyed(tracked(), shift_ms=-200.0, downbeat_s=2.3)
    np.testing.assert_allclose(shifted.beats_s[:3], [0.8, 1.3, 1.8])
    assert shifted.beats_s[shifted.numbers == 1][0] == pytest.approx(2.3)


def test_beats_that_leave_the_song_are_dropped() -> None:
    assert obeyed(tracked(), shift_ms=1900.0).beats_s.max() <= 10.0


def test_a_song_without_beats_stays_without() -> None:
    assert obeyed(Tracked(), metre=3, downbeat_s=2.0, level=1, shift_ms=20).beats_s.size == 0


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"bpm": 0.0}, "`bpm` must be 20 to 400 beats a minute; got 0"),
        ({"bpm": float("nan")}, "`bpm` must be"),
        ({"metre": 11}, "`metre` must be 2 to 9 beats a bar; got 11: eighths"),
        ({"metre": 1}, "`metre` must be"),
        ({"downbeat_s": -1.0}, "`downbeat` must be seconds into the song"),
        ({"downbeat_s": float("inf")}, "`downbeat` must be"),
        ({"shift_ms": 1e6}, "`shift` must be milliseconds"),
        ({"shift_ms": float("nan")}, "`shift` must be"),
        ({"level": 4}, "three levels"),
        ({"downbeat_s": 12.0}, "beyond the song, which ends at 10.0 s"),
    ],
)
def test_impossible_corrections_are_refused(said: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        obeyed(tracked(), **said)


def test_corrections_are_kept_beside_the_song(tmp_path: Path) -> None:
    song = tmp_path / "song.mp3"
    said = Corrections(bpm=128.0, metre=3, downbeat_s=0.0, level=-1, shift_ms=-12.5)
    assert keep(said, song, HASH) == tmp_path / "song.counts"
    assert stored(song, HASH, "") == said
    assert keep(Corrections(), song, HASH) is None
    assert not (tmp_path / "song.counts").exists()
    assert stored(song, HASH, "") == Corrections()


def test_where_the_folder_cannot_be_written_they_are_kept_in_the_cache(tmp_path: Path) -> None:
    song = tmp_path / "gone" / "song.mp3"  # the tests may run as root, who can write anywhere
    kept = keep(Corrections(metre=3), song, HASH)
    assert kept is not None
    assert kept.name == f"{HASH}.json"
    assert stored(song, HASH, "").metre == 3
    assert stored(song, "cd" * 32, "").metre is None
    keep(Corrections(), song, HASH)
    assert not kept.exists()


def test_corrections_hold_for_what_they_corrected(tmp_path: Path) -> None:
    song = tmp_path / "song.mp3"
    keep(Corrections(shift_ms=20.0, of_file="12"), song, HASH)
    assert stored(song, HASH, "12").shift_ms == 20.0
    assert stored(song, HASH, "34") == Corrections(of_file="34")  # the file was changed
    assert stored(song, HASH, "") == Corrections()  # it was removed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not hold corrections"),
        ("[]", "does not hold corrections"),
        ('{"metre": 3}', "does not hold corrections"),
        ('{"format": 1, "metre": 11}', "song.counts: `metre` must be"),
        ('{"format": 1, "metre": "three"}', "does not hold corrections"),
        (json.dumps({"format": 99}), "newer danceit"),
    ],
)
def test_a_damaged_file_of_corrections_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "song.counts").write_text(text)
    with pytest.raises(InputError, match=message):
        stored(tmp_path / "song.mp3", HASH, "")
