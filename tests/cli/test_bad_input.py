"""Bad input: one clear line, exit code 1, nothing left behind."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from danceit.index.synthetic import SyntheticLibrary
from tests.audio.media import clicks, write_pcm
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(danceit: Cli, *args: object, saying: str) -> None:
    ran = danceit(*args)
    lines = [line for line in ran.err.splitlines() if line.strip()]
    assert ran.code == 1, ran.err
    assert len(lines) == 1, ran.err
    assert saying in lines[0]
    assert not list(Path.cwd().glob(".*.tmp*"))


def test_no_such_song(danceit: Cli, index: Path) -> None:
    refused(danceit, "query", "nowhere.mp3", "--index", index, saying="nowhere.mp3")
    assert not list(Path.cwd().iterdir())


def test_not_a_song(danceit: Cli, index: Path) -> None:
    Path("song.mp3").write_text("this is a letter")
    refused(danceit, "query", "song.mp3", "--index", index, saying="song.mp3")


def test_a_song_shorter_than_a_window(danceit: Cli, index: Path) -> None:
    import soundfile

    noise = np.random.default_rng(0).normal(size=36_000) * 0.1
    soundfile.write("short.wav", noise, 24_000)
    refused(danceit, "query", "short.wav", "--index", index, saying="shorter than one 2 s window")


@pytest.mark.parametrize(
    ("song", "saying"),
    [
        ("nowhere.mp3", "no such file: nowhere.mp3"),
        ("letter.mp3", "cannot read letter.mp3 as sound"),
        ("short.wav", "shorter than one 2 s window"),
    ],
)
@pytest.mark.parametrize(
    "command", [("query",), ("dance", "--out", "a.png"), ("query", "--dancers", "2")]
)
def test_a_bad_song_is_refused_before_the_index_is_opened(
    danceit: Cli, song: str, saying: str, command: tuple[str, ...]
) -> None:
    Path("letter.mp3").write_text("this is a letter")
    write_pcm(Path("short.wav"), clicks(24_000, (1.0,), 1.5), 24_000)
    # There is no index: that would be said if it were asked for first.
    refused(danceit, *command, song, "--index", "nothing", saying=saying)


@pytest.mark.parametrize(
    ("asked", "saying"),
    [
        (("--style", "Disko"), "no style 'Disko'; it has disco, hip-hop, waltz; did you mean"),
        (("--dancer", "nobody"), "no dancer 'nobody'; it has synthetic-1"),
        (("--style", "disco", "--dancer", "synthetic-3"), "--style disco --dancer synthetic-3"),
        (("--seed", "-1"), "--seed must be 0 or more; got -1"),
        (("--length", "nan"), "--length must be one of 1, 2, 3, 4 s; got nan"),
        (("--length", "1e308"), "--length must be one of 1, 2, 3, 4 s; got 1e+308"),
    ],
)  # fmt: skip
def test_choices_that_the_index_does_not_have(
    danceit: Cli, library: SyntheticLibrary, index: Path, asked: tuple[str, ...], saying: str
) -> None:
    refused(danceit, "query", library.query_song, "--index", index, *asked, saying=saying)


def test_no_index(danceit: Cli, library: SyntheticLibrary) -> None:
    refused(danceit, "query", library.query_song, "--index", "nothing", saying="nothing")


@pytest.mark.parametrize("k", [0, -3])
def test_k_must_be_positive(danceit: Cli, library: SyntheticLibrary, index: Path, k: int) -> None:
    refused(danceit, "query", library.query_song, "--index", index, "--k", k, saying="--k")


def test_a_length_that_is_not_kept(danceit: Cli, library: SyntheticLibrary, index: Path) -> None:
    refused(
        danceit, "query", library.query_song, "--index", index, "--length", 2.5, saying="--length"
    )


def test_an_unknown_method_suggests_the_nearest(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    danceit("query", library.query_song, "--index", index)
    refused(danceit, "align", "--method", "beet", saying="did you mean 'beat'?")


def test_an_option_that_fits_no_method(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    danceit("query", library.query_song, "--index", index)
    refused(danceit, "align", "--method", "none", "--max-warp", 2, saying="--max-warp fits none")


def test_no_dance_in_this_folder(danceit: Cli) -> None:
    refused(danceit, "align", saying="danceit query SONG")


def test_a_dance_file_of_a_newer_danceit(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    danceit("query", library.query_song, "--index", index, "--out", "a.dance.npz")
    with np.load("a.dance.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    meta = json.loads(str(arrays["meta"])) | {"format": 99}
    np.savez("b.dance.npz", **arrays | {"meta": np.array(json.dumps(meta))})
    refused(danceit, "align", "b.dance.npz", saying="newer danceit")


def test_the_song_has_moved(danceit: Cli, library: SyntheticLibrary, index: Path) -> None:
    song = Path("mine.wav")
    song.write_bytes(library.query_song.read_bytes())
    danceit("query", song, "--index", index)
    song.rename("moved.wav")
    refused(danceit, "align", saying="--song")
    refused(
        danceit, "render", "--out", "x.png", "--song", next(library.folder.glob("waltz-1.*[!z]")),
        saying="not the song",
    )  # fmt: skip
    assert danceit("render", "--out", "x.png", "--song", "moved.wav").code == 0


def test_an_output_that_cannot_be_written(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    refused(
        danceit, "query", library.query_song, "--index", index, "--out", "no/such/a.dance.npz",
        saying="does not exist",
    )  # fmt: skip


def test_a_song_is_not_written_over(danceit: Cli, library: SyntheticLibrary, index: Path) -> None:
    contents = library.query_song.read_bytes()
    song = Path("mine.mp4")  # sounds are told by their contents: a video with sound reads alike
    song.write_bytes(contents)
    asked = ("query", song, "--index", index)
    refused(danceit, *asked, "--out", song, saying="a dance file ends in .npz")
    refused(danceit, *asked, "--ban", "waltz-1.npz", "--out", song, saying="ends in .npz")
    assert danceit(*asked).code == 0
    refused(danceit, "align", "--out", song, saying="a dance file ends in .npz")
    refused(danceit, "render", "--out", song, saying="it is the song")
    refused(danceit, "dance", song, "--index", index, "--out", song, saying="it is the song")
    assert song.read_bytes() == contents


def test_what_is_aligned_is_not_aligned_again_unasked(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    short = ("--seconds", "1", "--size", "64")
    asked = ("dance", library.query_song, "--index", index, "--out", "done.png")
    assert danceit(*asked, *short).code == 0
    refused(danceit, "align", saying="aligned already")
    danceit("query", library.query_song, "--index", index, "--out", "chosen.dance.npz")
    danceit(*asked, *short)
    assert "wrote" in danceit("align").out
    assert Path("chosen.aligned.dance.npz").exists()
    assert danceit("align", "done.dance.npz").code == 0


def test_an_empty_folder(danceit: Cli, encoder: Path) -> None:
    Path("empty").mkdir()
    refused(danceit, "index", "build", "empty", "--encoder", encoder, saying="empty")


def test_one_bad_recording_is_named_and_the_rest_goes_on(
    danceit: Cli, library: SyntheticLibrary, encoder: Path
) -> None:
    import shutil

    shutil.copytree(library.folder, "mixed")
    (Path("mixed") / "disco-1.npz").write_bytes(b"broken")
    (Path("mixed") / "letter.txt").write_text("hello")
    built = danceit("index", "build", "mixed", "--encoder", encoder, "--out", "idx")
    assert built.code == 1
    assert "failed: disco-1" in built.err
    assert "letter.txt" in built.err
    assert "2 recordings added" in built.out
    assert danceit("query", library.query_song, "--index", "idx").code == 0


def test_another_encoder_than_the_index_has(
    danceit: Cli, library: SyntheticLibrary, index: Path, encoder: Path
) -> None:
    encoder_in_index = next(index.rglob("encoder.json"))
    text = json.loads(encoder_in_index.read_text())
    kept = encoder_in_index.read_bytes()
    try:
        encoder_in_index.write_text(json.dumps(text | {"encoder_id": "0" * 16}))
        ran = danceit("query", library.query_song, "--index", index)
        assert ran.code == 1
        assert len(ran.err.strip().splitlines()) == 1
    finally:
        encoder_in_index.write_bytes(kept)


def test_an_unknown_command_suggests_the_nearest(danceit: Cli) -> None:
    ran = danceit("qeury")
    assert ran.code == 2
    assert "Did you mean 'query'?" in ran.err


def test_too_little_to_learn_from(danceit: Cli, library: SyntheticLibrary) -> None:
    from danceit.index.sources import scan
    from danceit.index.sources.npz import write_recording

    found = scan(library.folder).found[0].read()
    assert found.audio_path is not None
    Path("little").mkdir()
    song = Path("little") / found.audio_path.name
    song.write_bytes(found.audio_path.read_bytes())
    write_recording(Path("little") / "short.npz", found.poses[:70], 30.0, audio=song)
    refused(danceit, "train", "little", "--out", "enc", saying="too little to learn from")


def test_a_recording_named_nearly_and_a_folder_for_a_dance(danceit: Cli, index: Path) -> None:
    known = json.loads(danceit("index", "info", "--index", index, "--json").out)
    assert known["recordings"] > 1
    refused(
        danceit, "index", "remove", "disco-1", "--index", index, saying="did you mean 'disco-1."
    )
    refused(danceit, "align", str(index), saying="is a folder; expected a dance file")


def test_a_song_for_a_dance_or_for_an_index(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    song = library.query_song
    refused(danceit, "align", song, saying=f"make one first: danceit query {song}")
    refused(danceit, "render", song, "--out", "a.png", saying="not a dance")
    refused(danceit, "query", song, "--index", song, saying="is a file; an index is the folder")


def test_songs_alone_are_no_library(danceit: Cli, library: SyntheticLibrary) -> None:
    songs = Path("songs")
    songs.mkdir()
    shutil.copy(library.query_song, songs)
    refused(danceit, "index", "build", songs, saying="a song alone holds no movement")


def test_a_picture_is_told_what_dances_are_read_from_and_leaves_nothing_behind(
    danceit: Cli,
) -> None:
    photos = Path("photos")
    photos.mkdir()
    (photos / "me.png").write_bytes(b"\x89PNG")
    told = "1 file of another kind, photos/me.png; dances are read from tang, openpose, npz,"
    refused(danceit, "index", "build", photos, "--out", "new", saying=told)
    assert not Path("new").exists()
    refused(danceit, "index", "inspect", photos / "me.png", saying="me.png is no dance: dances")


def test_nobody_is_asked_about_a_video_that_is_not_there(danceit: Cli) -> None:
    refused(danceit, "person", "prepare", "nothere.mp4", "--out", "ada", saying="no such file")


def test_a_dance_file_that_was_cut_off_is_told_as_such(danceit: Cli) -> None:
    np.savez("whole.npz", joints=np.zeros((500, 18, 3)))
    Path("cut.npz").write_bytes(Path("whole.npz").read_bytes()[:9000])
    refused(danceit, "render", "cut.npz", "--out", "a.png", saying="cut off, by a full disk or")


@pytest.mark.parametrize("option", ["--lengths", "--stride"])
@pytest.mark.parametrize("value", ["inf", "nan", "1e308"])
def test_fragments_have_a_length_and_a_stride_in_seconds(
    danceit: Cli, library: SyntheticLibrary, option: str, value: str
) -> None:
    build = ("index", "build", library.folder, "--out", "index")
    refused(danceit, *build, option, value, saying=f"{option} must be seconds")
    assert not Path("index").exists()


@pytest.mark.parametrize("value", ["nan", "inf", "1e308", "x"])
def test_lists_of_a_bench_are_numbers(danceit: Cli, library: SyntheticLibrary, value: str) -> None:
    bench = ("bench", "retrieval", library.folder)
    refused(danceit, *bench, "--lengths", value, saying="--lengths must be numbers such as 1,2")


@pytest.mark.parametrize("limit", ["inf", "1e9", "0", "-1", "nan"])
def test_a_stretch_limit_out_of_range_is_refused_before_anything_runs(
    danceit: Cli, library: SyntheticLibrary, limit: str
) -> None:
    asked = ("dance", library.query_song, "--index", "none", "--out", "a.png")
    refused(danceit, *asked, f"--max-warp={limit}", saying="max-warp")
    refused(danceit, *asked, "--method", f"warp:max_warp={limit}", saying="max-warp")
