import json
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from danceit.audio import RATE, listen, read_sound
from danceit.audio.beats import onsets
from danceit.cli.counts import counts as command
from danceit.cli.main import main
from danceit.errors import DanceitError
from tests.audio.media import clicks, write_pcm

BEATS_S = np.arange(0.3, 19.9, 0.5)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    samples = clicks(RATE, BEATS_S, 20.0)
    return write_pcm(tmp_path / "song.wav", samples, RATE)


def run(*arguments: object) -> tuple[str, str]:
    result = CliRunner().invoke(command, [str(each) for each in arguments])
    if isinstance(result.exception, DanceitError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def told(*arguments: object) -> dict[str, object]:
    found = json.loads(run(*arguments, "--json")[0])
    assert isinstance(found, dict)
    return found


def test_tempo_metre_beats_and_sections_are_printed(song: Path) -> None:
    (song.with_suffix(".beats")).write_text(
        "".join(f"{beat:.3f} {place % 4 + 1}\n" for place, beat in enumerate(BEATS_S))
    )
    shown, _ = run(song)
    assert "tempo   120.0 bpm" in shown
    assert "4 beats a bar, first 1 at 0:00.3" in shown
    assert "40 in 10 bars, 0:00.3 to 0:19.8" in shown
    assert "section" in shown


def test_json_holds_everything(song: Path) -> None:
    found = told(song)
    assert found["tempo_bpm"] == pytest.approx(120.0, rel=0.02)
    assert {"beats_s", "numbers", "eights", "sections", "metre", "tracker", "notes"} <= set(found)


def test_a_correction_is_kept_for_every_command_until_it_is_forgotten(song: Path) -> None:
    before = told(song)
    _, errors = run(song, "--halve", "--metre", "3", "--downbeat", "2.3")
    assert "song.counts for every command" in errors
    music = listen(song)
    assert music.tempo_bpm == pytest.approx(60.0, rel=0.02)
    assert music.counts.metre == 3
    assert np.abs(music.counts.downbeats_s - 2.3).min() < 0.03
    run(song, "--double")  # what is counted now, so as it was
    assert listen(song).tempo_bpm == pytest.approx(120.0, rel=0.02)
    assert listen(song).counts.metre == 3
    run(song, "--forget")
    assert not song.with_suffix(".counts").exists()
    assert told(song) == before


def test_a_tempo_that_is_given_replaces_halvings(song: Path) -> None:
    run(song, "--halve")
    run(song, "--bpm", 120)
    assert listen(song).tempo_bpm == pytest.approx(120.0, rel=0.02)


def test_a_shift_moves_the_beats(song: Path) -> None:
    before = listen(song).beats_s
    run(song, "--shift", "-20")
    np.testing.assert_allclose(listen(song).beats_s[-5:], before[-5:] - 0.02, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--bpm", "0"), "`bpm` must be 20 to 400"),
        (("--metre", "11"), "`metre` must be 2 to 9"),
        (("--downbeat", "99"), "beyond the song, which ends at 20.0 s"),
        (("--tracker", "pulsar"), "unknown tracker 'pulsar'"),
        (("--out", "song.mid"), "counts are written as .beats, .png, .wav, .m4a"),
    ],
)
def test_impossible_wishes_are_one_line_and_change_nothing(
    song: Path, options: tuple[str, str], message: str
) -> None:
    with pytest.raises(DanceitError, match=message) as raised:
        run(song, *options)
    assert "\n" not in str(raised.value)
    assert not song.with_suffix(".counts").exists()


def test_the_song_is_never_written_over(song: Path) -> None:
    content = song.read_bytes()
    with pytest.raises(DanceitError, match="is the song itself"):
        run(song, "--out", song)
    assert song.read_bytes() == content


def test_a_tracker_is_refused_beside_a_file_that_wins(song: Path) -> None:
    song.with_suffix(".beats").write_text("0.3 1\n0.8 2\n1.3 1\n1.8 2\n")
    with pytest.raises(DanceitError, match=r"song\.beats lies beside the song and always wins"):
        run(song, "--tracker", "librosa")


def test_what_is_written_as_beats_is_read_as_they_were(song: Path) -> None:
    run(song, "--halve", "--shift", "30")
    before = listen(song)
    run(song, "--out", song.with_suffix(".beats"))
    after = listen(song).counts
    assert after.tracker == "file"
    np.testing.assert_allclose(after.beats_s, before.beats_s, atol=6e-4)
    assert after.numbers.tolist() == before.counts.numbers.tolist()


def test_the_picture_and_the_sound_are_written(song: Path, tmp_path: Path) -> None:
    outs = [tmp_path / f"out.{suffix}" for suffix in ("png", "wav", "m4a")]
    run(song, *(part for out in outs for part in ("--out", out)))
    assert outs[0].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    for out in outs[1:]:
        with av.open(str(out)) as container:
            assert container.streams.audio[0].codec_context.name in ("pcm_s16le", "aac")
        assert read_sound(out).duration_s == pytest.approx(20.0, abs=0.06)


def test_the_clicks_are_heard_on_the_beats(tmp_path: Path) -> None:
    # A song without strokes of its own: all onsets of what is written are the clicks'.
    t = np.arange(12 * RATE) / RATE
    song = write_pcm(tmp_path / "tone.wav", 0.2 * np.sin(2 * np.pi * 220 * t), RATE)
    run(song, "--bpm", "100", "--downbeat", "0.6", "--out", tmp_path / "out.wav")
    onset = onsets(read_sound(tmp_path / "out.wav"))
    times_s = (np.arange(onset.broad.size) + 0.5) / onset.rate
    beats_s = listen(song).beats_s
    near = np.abs(times_s[:, None] - beats_s[None]).min(axis=1) <= 0.03
    energy = onset.broad.astype(float) ** 2
    assert energy[near].sum() > 0.95 * energy.sum()


def test_a_song_without_a_beat_is_told_in_one_line(tmp_path: Path) -> None:
    t = np.arange(5 * RATE) / RATE
    song = write_pcm(tmp_path / "drone.wav", 0.3 * np.sin(2 * np.pi * 110 * t), RATE)
    shown, errors = run(song)
    assert shown == "no counts\n"
    assert "no clear beat in drone.wav" in errors
    with pytest.raises(DanceitError, match="there is nothing to write"):
        run(song, "--out", tmp_path / "out.beats")


def test_the_command_line_ends_with_1_for_bad_input(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["counts", str(song), "--bpm", "0"])
    assert exit_.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_what_is_asked_and_what_is_taken_are_shown_side_by_side(song: Path) -> None:
    shown, _ = run(song, "--bpm", "117", "--downbeat", "2.4")
    assert "tempo   120.0 bpm" in shown
    assert "asked for 117; beats heard within 6% of it are kept" in shown
    assert "a 1 at 0:02.3, the beat nearest to 2.4 s" in shown
    shown, _ = run(song, "--bpm", "120", "--double")
    assert "asked for" not in shown


@pytest.mark.parametrize("suffix", ["png", "wav", "m4a"])
def test_only_what_counts_wrote_is_written_over(song: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out.{suffix}"
    run(song, "--out", out)
    first = out.read_bytes()
    run(song, "--halve", "--out", out)
    assert out.read_bytes() != first
    others = b"somebody else's"
    out.write_bytes(others)
    with pytest.raises(DanceitError, match="it is not written over"):
        run(song, "--out", out)
    assert out.read_bytes() == others
    # Another song is a sound too, but none with clicks.
    if suffix != "png":
        other = write_pcm(tmp_path / "other.wav", clicks(RATE, BEATS_S, 20.0), RATE)
        with pytest.raises(DanceitError, match=r"other\.wav is there"):
            run(song, "--out", other)
