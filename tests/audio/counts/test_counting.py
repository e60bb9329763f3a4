from pathlib import Path

import mir_eval
import numpy as np
import pytest

from danceit.audio import RATE, listen
from danceit.audio.counts import pulse
from danceit.audio.counts.corrections import Corrections, keep
from danceit.audio.counts.counting import Basis, count
from danceit.audio.counts.heard import hear
from danceit.audio.counts.registry import TRACKERS
from danceit.audio.counts.tracked import Tracked
from danceit.errors import InputError, PluginError
from tests.audio.counts import made
from tests.audio.media import clicks, write_pcm

BEATS_S = np.arange(0.3, 11.9, 0.5)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_pcm(tmp_path / "song.wav", clicks(RATE, BEATS_S, 12.0), RATE)


def put(song: Path, beats_s: np.ndarray, metre: int = 4) -> Path:
    path = song.with_suffix(".beats")
    rows = enumerate(beats_s)
    path.write_text("".join(f"{beat:.3f}\t{place % metre + 1}\n" for place, beat in rows))
    return path


def test_the_file_beside_a_song_wins_over_every_tracker(song: Path) -> None:
    tracked = listen(song)
    assert tracked.counts.tracker != "file"
    put(song, BEATS_S[2:], metre=3)
    counts = listen(song).counts
    assert (counts.tracker, counts.metre, counts.confidence) == ("file", 3, 1.0)
    np.testing.assert_allclose(counts.beats_s, BEATS_S[2:])
    assert not counts.notes
    song.with_suffix(".beats").unlink()
    np.testing.assert_array_equal(listen(song).beats_s, tracked.beats_s)


def test_a_file_of_beats_that_fits_no_onsets_is_obeyed_with_a_note(song: Path) -> None:
    put(song, np.arange(0.1, 12.0, 0.437))
    counts = listen(song).counts
    assert counts.beats_s[0] == pytest.approx(0.1)
    assert "song.beats fit no onsets of song.wav: of another song?" in counts.notes[0]


def test_a_bad_file_beside_a_song_is_an_error_that_names_it(song: Path) -> None:
    put(song, BEATS_S + 3.0)
    with pytest.raises(InputError, match=r"song\.beats has beats up to 14\.8 s, but the song ends"):
        listen(song)


def test_corrections_change_what_every_command_hears(song: Path) -> None:
    before = listen(song)
    keep(Corrections(level=-1, metre=3, downbeat_s=2.3), song, before.sha256)
    counts = listen(song).counts
    assert counts.tempo_bpm == pytest.approx(60.0, rel=0.01)
    assert counts.metre == 3
    assert np.abs(counts.downbeats_s - 2.3).min() < 0.02
    assert counts.corrections == ("halved once", "3 beats a bar", "a 1 at 2.3 s")
    keep(Corrections(), song, before.sha256)
    assert listen(song).counts.tempo_bpm == before.tempo_bpm


def test_corrections_of_a_file_of_beats_are_forgotten_when_it_changes(song: Path) -> None:
    from danceit.files import sha256_of_file

    path = put(song, BEATS_S)
    keep(Corrections(shift_ms=20.0, of_file=sha256_of_file(path)), song, sha256_of_file(song))
    assert listen(song).beats_s[0] == pytest.approx(0.32)
    put(song, BEATS_S, metre=3)
    assert listen(song).beats_s[0] == pytest.approx(0.3)


def test_a_tempo_is_laid_where_nothing_rises(tmp_path: Path) -> None:
    t = np.arange(6 * RATE) / RATE
    song = write_pcm(tmp_path / "drone.wav", 0.3 * np.sin(2 * np.pi * 110 * t), RATE)
    music = listen(song)
    assert music.counts.beats_s.size == 0
    assert music.counts.notes == (
        "no clear beat in drone.wav (no beat): nothing is counted; "
        "danceit counts SONG --bpm gives a tempo",
    )
    keep(Corrections(bpm=100.0, downbeat_s=1.0), song, music.sha256)
    counts = listen(song).counts
    np.testing.assert_allclose(np.diff(counts.beats_s), 0.6)
    assert counts.downbeats_s[0] == pytest.approx(1.0)
    assert counts.confidence == 1.0


@pytest.mark.parametrize("bpm", [30.0, 88.0, 100.0, 300.0])
def test_a_tempo_that_the_song_does_not_have_is_kept_to(song: Path, bpm: float) -> None:
    """Beyond those that beats are looked for at, too; librosa, slow to load, is not asked."""
    keep(Corrections(bpm=bpm), song, listen(song).sha256)
    beats_s = listen(song).beats_s
    assert 60.0 / np.diff(beats_s).mean() == pytest.approx(bpm, rel=0.05)
    assert beats_s[0] < 60.0 / bpm
    assert beats_s[-1] > listen(song).n_frames / 24 - 2 * 60.0 / bpm


def test_a_tempo_that_the_song_does_not_have_is_listened_for_once(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []
    monkeypatch.setattr(pulse, "hear", lambda sound: heard.append(sound) or hear(sound))
    keep(Corrections(bpm=91.0), song, listen(song).sha256)
    heard.clear()
    assert listen(song).beats_s.size
    assert len(heard) == 1


def test_under_four_beats_nothing_is_counted(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    three = Tracked(np.array([1.0, 2.0, 3.0]), np.zeros(3, np.int32), 0, 0.9)
    monkeypatch.setattr(type(TRACKERS), "get", lambda self, name: lambda sound, **known: three)
    counts = listen(song, Basis(None, "three", Corrections())).counts
    assert counts.beats_s.size == 0
    assert "3 beats are too few" in counts.notes[0]


def test_beats_that_are_a_guess_are_no_counts(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guess = Tracked(BEATS_S, np.zeros(BEATS_S.size, np.int32), 0, 0.1)
    monkeypatch.setattr(type(TRACKERS), "get", lambda self, name: lambda sound, **known: guess)
    assert listen(song, Basis(None, "guess", Corrections())).beats_s.size == 0
    assert listen(song, Basis(None, "guess", Corrections(bpm=120.0))).beats_s.size == BEATS_S.size


def test_two_levels_are_named_in_one_line(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = (np.arange(BEATS_S.size) % 4 + 1).astype(np.int32)
    unsure = Tracked(BEATS_S, numbers, 4, 0.6, level_doubt=60.0)
    monkeypatch.setattr(type(TRACKERS), "get", lambda self, name: lambda sound, **known: unsure)
    counts = listen(song, Basis(None, "unsure", Corrections())).counts
    assert counts.notes == (
        "song.wav may be counted at 120 or at 60 beats a minute; taken at 120; "
        "danceit counts SONG --halve takes the other",
    )
    assert counts.rival_bpm == 60.0


def test_counts_are_kept_by_tracker(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counting(self: object, name: str) -> object:
        def track(sound: object, **known: object) -> Tracked:
            calls.append(name)
            return Tracked(BEATS_S, np.zeros(BEATS_S.size, np.int32), 0, 0.6)

        return track

    monkeypatch.setattr(type(TRACKERS), "get", counting)
    for tracker in ("one", "two", "one"):
        listen(song, Basis(None, tracker, Corrections()))
    assert calls == ["one", "two"]


def test_the_environment_names_the_tracker(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANCEIT_TRACKER", "libroso")
    with pytest.raises(PluginError, match=r"unknown tracker 'libroso'.*did you mean 'librosa'"):
        listen(song)


def test_rhythm_features_follow_corrected_counts(song: Path) -> None:
    from danceit.audio import features

    before = features(song, "rhythm")
    keep(Corrections(level=-1), song, listen(song).sha256)
    after = features(song, "rhythm")
    np.testing.assert_array_equal(after[:, :4], before[:, :4])
    assert after[:, 4].sum() == pytest.approx(before[:, 4].sum() / 2, abs=1)


def test_a_note_names_the_song_as_it_is_called_now(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Tracked()
    monkeypatch.setattr(type(TRACKERS), "get", lambda self, name: lambda sound, **known: nothing)
    (note,) = listen(song, Basis(None, "nothing", Corrections())).counts.notes
    assert f"no clear beat in {song.name} " in note
    copied = song.with_name("a copy.wav")
    copied.write_bytes(song.read_bytes())
    (note,) = listen(copied, Basis(None, "nothing", Corrections())).counts.notes
    assert "no clear beat in a copy.wav " in note


def test_a_song_at_210_is_told_at_both_levels_and_doubled_right() -> None:
    song = made.driven(210)
    found = count(song.sound, Basis(None, "pulse", Corrections()), "quick.ogg")
    assert (
        "quick.ogg may be counted at 105 or at 210 beats a minute; taken at 105; "
        "danceit counts SONG --double takes the other"
    ) in found.notes
    doubled = count(song.sound, Basis(None, "pulse", Corrections(level=1)), "quick.ogg")
    assert mir_eval.beat.f_measure(song.beats_s, doubled.beats_s) > 0.97
