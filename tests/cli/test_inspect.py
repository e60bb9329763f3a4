"""`danceit index inspect` and `stats`, and what `build` says of videos."""

import json
import re
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT, Clip
from danceit.index.sources.npz import SOURCE
from danceit.index.synthetic import SyntheticLibrary
from danceit.render.options import Colour
from danceit.workflow.inspection_pictures import KEPT, REASON_COLOURS
from tests.cli.conftest import Cli
from tests.index.poses.footage.conftest import plain, write_film
from tests.index.poses.footage.test_continuity import spinning


def colours(picture: Path) -> set[Colour]:
    from PIL import Image

    shown = np.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3)
    return {tuple(colour) for colour in np.unique(shown, axis=0).tolist()}


def openpose_over_video(folder: Path, n_frames: int = 72) -> Path:
    """A dancer by OpenPose with the video they were found in; a wrist is lost for a second."""
    image, _ = spinning(n_frames, 0.0)
    image[..., 0] += 20 * np.sin(np.arange(n_frames) / 5)[:, None]
    image[24:48, JOINT["left_wrist"]] = 0.0
    frames = folder / "dance"
    frames.mkdir(parents=True)
    for number, person in enumerate(image):
        people = [{"pose_keypoints_2d": person.reshape(-1).tolist()}]
        name = f"dance_{number:012d}_keypoints.json"
        (frames / name).write_text(json.dumps({"people": people}))
    return write_film(folder / "dance.mp4", [plain(640, 640, 60)] * n_frames)


def test_dropped_frames_are_marked_on_the_sheet(danceit: Cli, tmp_path: Path) -> None:
    openpose_over_video(tmp_path / "data")
    out = tmp_path / "sheet.png"
    ran = danceit("index", "inspect", tmp_path / "data" / "dance", "--out", out)
    assert ran.code == 0, ran.err
    assert "2.0 of 3.0 s kept in 2 clips" in ran.out
    again = danceit("index", "inspect", tmp_path / "data" / "dance", "--out", out)
    assert again.code == 0, again.err
    assert "0 turns" in ran.out
    assert {KEPT, REASON_COLOURS["hands or feet missing"]} <= colours(out)
    assert REASON_COLOURS["nobody found"] not in colours(out)


def test_the_film_has_every_frame_with_the_skeleton_in_its_place(
    danceit: Cli, tmp_path: Path
) -> None:
    import av

    video = openpose_over_video(tmp_path / "data")
    out = tmp_path / "film.mp4"
    ran = danceit("index", "inspect", video.with_suffix(""), "--out", out)
    assert ran.code == 0, ran.err
    with av.open(str(out)) as film:
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(shown) == 72
    # The neck is red in OpenPose's colours; it swings about x = 320, y = 220.
    drawn = [np.nonzero(np.abs(one[100:400, 200:440].astype(int) - 60).max(axis=2) > 60)
             for one in shown[:20]]  # fmt: skip
    middle = np.array([200 + np.median(columns) for _, columns in drawn])
    swing = 320 + 20 * np.sin(np.arange(20) / 5)
    assert np.corrcoef(middle, swing)[0, 1] > 0.9


def test_neither_a_film_nor_a_picture_of_somebody_else_is_written_over(
    danceit: Cli, tmp_path: Path
) -> None:
    from PIL import Image

    video = openpose_over_video(tmp_path / "data")
    filmed = video.read_bytes()
    ran = danceit("index", "inspect", video.with_suffix(""), "--out", video)
    assert (ran.code, video.read_bytes()) == (1, filmed)
    assert "dance.mp4 is there and is no inspection by danceit" in ran.err
    picture = tmp_path / "mine.png"
    Image.new("RGB", (4, 4)).save(picture)
    for command in (
        ("inspect", video.with_suffix("")),
        ("stats", tmp_path / "data"),
        ("gaps", "song.wav"),
    ):
        refused = danceit("index", *command, "--out", picture)
        assert refused.code == 1
        assert "mine.png is there" in refused.err
    (tmp_path / "seen").mkdir()
    picture.rename(tmp_path / "seen" / "overview.png")
    (tmp_path / "data" / "b.npz").write_bytes(b"PK nothing")
    assert danceit("index", "inspect", tmp_path / "data", "--out", tmp_path / "seen").code == 1
    assert [path.name for path in (tmp_path / "seen").iterdir()] == ["overview.png"]


def test_clips_are_told_apart_by_dancer_and_number() -> None:
    from danceit.index.cleaning.cleaning import Cleaned
    from danceit.index.cleaning.report import CleaningReport
    from danceit.workflow.inspection import Inspection
    from tests.index.cleaning.test_cleaning import dancing

    def seen(*names: str) -> Inspection:
        recording = dancing()
        clips = tuple(
            Clip(f"a.mp4{name}", "a.mp4", recording.poses[:48].astype(np.float32), Path("a.mp4"))
            for name in names
        )
        cleaned = Cleaned(clips, CleaningReport("a.mp4", 48, 48), np.full(48, ""), 0.0)
        recording = replace(recording, recording_id="a.mp4")
        return Inspection(recording, cleaned, 0, 48, None, 0, 0.0, (), 0, None)

    assert seen("").clips_at(3) == ()
    assert seen("#1", "#2").clips_at(3) == ("#1",)
    assert seen("", " person 2#1", " person 2#2").clips_at(3) == ("person 1", "person 2#1")
    assert seen("#1", " person 2").short("a.mp4#1") == "person 1#1"


def test_a_clip_of_an_index_is_found_by_its_id(
    danceit: Cli, index: Path, library: SyntheticLibrary, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    name = library.recordings[0].name
    ran = danceit("index", "inspect", name, "--index", index)
    assert ran.code == 0, ran.err
    assert "bpm" in ran.out
    assert (tmp_path / f"{name}.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "--index", "{index}"], "neither a file nor a clip"),
        (["{clip}", "--out", "{tmp}/x.jpg"], "written as .png or .mp4"),
    ],
)
def test_what_cannot_be_inspected(
    danceit: Cli, index: Path, library: SyntheticLibrary, tmp_path: Path,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    places = {"index": index, "library": library.folder, "clip": library.recordings[0],
              "tmp": tmp_path}  # fmt: skip
    ran = danceit("index", "inspect", *(each.format(**places) for each in arguments))
    assert ran.code == 1
    assert re.search(message, ran.err)
    assert ran.err.count("\n") == 1


def test_stats_of_a_folder_and_of_its_index_agree(
    danceit: Cli, index: Path, library: SyntheticLibrary, tmp_path: Path
) -> None:
    folder = danceit("index", "stats", library.folder, "--json")
    assert folder.code == 0, folder.err
    assert json.loads(folder.out) == json.loads(
        danceit("index", "stats", "--index", index, "--json").out
    )
    rows = {row["recording_id"]: row for row in json.loads(folder.out)}
    assert len(rows) == 3
    for path in library.recordings:
        row = rows[path.name]
        recording = SOURCE.read(path)
        assert row["style"] == recording.style
        assert row["kept_s"] == pytest.approx(recording.times_s[-1], abs=0.5)
        beats_s = library.beats_s[path.stem]
        true_bpm = 60 / np.median(np.diff(beats_s))
        ratio = row["tempo_bpm"] / true_bpm
        assert min(abs(ratio / octave - 1) for octave in (0.5, 2 / 3, 1, 1.5, 2)) < 0.05
        # Made in step, give or take what a waltz's rest comes before its beat.
        assert row["lag_confidence"] < 0.95 or abs(row["lag_s"]) < 0.15
    drawn = danceit("index", "stats", library.folder, "--out", tmp_path / "stats.png")
    assert drawn.code == 0
    assert "3 recordings" in drawn.out
    assert "turns  lag s" in drawn.out
    for line in drawn.out.splitlines()[1:4]:
        assert re.search(r"[+-]\d\.\d\d\??$", line.rstrip())
    assert (tmp_path / "stats.png").stat().st_size > 10_000


def test_an_index_is_listed_down_to_its_fragments(danceit: Cli, index: Path) -> None:
    told = danceit("index", "list", "--index", index)
    assert told.code == 0, told.err
    assert told.err == "3 recordings\n"
    fragments = json.loads(danceit("index", "list", "--fragments", "--index", index, "--json").out)
    info = json.loads(danceit("index", "info", "--index", index, "--json").out)
    assert len(fragments) == sum(info["fragments"].values())
    clips = danceit("index", "list", "disco", "--clips", "--index", index)
    assert "disco" in clips.out.splitlines()[1]
    assert "waltz" not in clips.out


@pytest.mark.skipif(find_spec("mediapipe") is None, reason="mediapipe is not installed")
def test_a_corrupt_video_among_good_dances_is_named_and_the_rest_goes_on(
    danceit: Cli, encoder: Path, library: SyntheticLibrary, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(library.folder, data)
    (data / "broken.mp4").write_bytes(b"no film")
    ran = danceit("index", "build", data, "--encoder", encoder, "--out", tmp_path / "index")
    assert ran.code == 1
    assert "failed: broken.mp4: cannot read" in ran.err
    assert "3 recordings added" in ran.out
    assert "1 failed" in ran.out


def test_another_lag_is_another_reading(
    danceit: Cli, encoder: Path, library: SyntheticLibrary, tmp_path: Path
) -> None:
    build = ("index", "build", library.folder, "--encoder", encoder, "--out", tmp_path / "index")
    assert "3 recordings added" in danceit(*build).out
    assert "3 unchanged" in danceit(*build).out
    moved = danceit(*build, "--lag", "0.125")
    assert "3 done again" in moved.out
    wrong = danceit(*build, "--lag", "much")
    assert wrong.code == 1
    assert "--lag must be" in wrong.err
