"""`danceit query --dancers N`, and what is written of a group."""

import json
from pathlib import Path

import numpy as np
import pytest

import danceit as face
from danceit.data import Dance
from danceit.index.synthetic import SyntheticLibrary
from tests.cli.conftest import Cli


@pytest.fixture
def group(
    danceit: Cli,
    index: Path,
    library: SyntheticLibrary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with the dances of three dancers, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    ran = danceit(
        "query", library.query_song, "--index", index, "--dancers", 3, "--formation", "v",
        "--timing", "canon:2", "--out", "song.dance.npz",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "song.dancer3.dance.npz" in ran.out
    assert "nobody comes nearer than" in ran.out
    return tmp_path


def test_a_group_is_drawn_in_one_picture_and_exported_whole(danceit: Cli, group: Path) -> None:
    from PIL import Image

    files = sorted(group.glob("*.dance.npz"))
    assert [file.name for file in files] == [f"song.dancer{i}.dance.npz" for i in (1, 2, 3)]
    assert danceit("render", *files, "--out", "group.png").code == 0
    assert danceit("render", "--out", "newest.png").code == 0
    with Image.open("group.png") as picture, Image.open("newest.png") as newest:
        # One stage in twelve wide pictures, not three rows; without files, the newest group.
        assert picture.size == (3 * 512, 4 * (288 + 138))
        assert np.array_equal(np.asarray(picture), np.asarray(newest))
    assert danceit("render", *files, "--out", "group.gltf").code == 0
    scene = json.loads(Path("group.gltf").read_text())
    assert len(scene["skins"]) == len(scene["meshes"]) == 3
    roots = [scene["nodes"][skin["skeleton"]] for skin in scene["skins"]]
    assert len({tuple(root["translation"]) for root in roots}) == 3
    targets = {channel["target"]["node"] for channel in scene["animations"][0]["channels"]}
    assert {skin["skeleton"] for skin in scene["skins"]} <= targets
    ran = danceit("render", *files, "--out", "group.bvh")
    assert ran.code == 0
    assert "wrote group.dancer1.bvh to group.dancer3.bvh" in ran.err
    assert len(list(group.glob("group.dancer*.bvh"))) == 3
    assert danceit("render", *files, "--out", "group.mp4", "--seconds", "1").code == 0
    assert danceit("view", *files, "--out", "group.html", "--no-audio").code == 0


def test_dances_that_are_no_group_stand_side_by_side_as_ever(danceit: Cli, group: Path) -> None:
    files = sorted(group.glob("*.dance.npz"))
    loose = []
    for file in files[:2]:
        dance = Dance.load(file)
        kept = tuple(step for step in dance.steps if step.step != "group")
        path = group / file.name.replace("dancer", "loose")
        type(dance)(**{**vars(dance), "steps": kept}).save(path)
        loose.append(path)
    ran = danceit("render", *loose, "--out", "loose.glb")
    assert ran.code == 1
    assert "a .glb file holds one dance; got 2" in ran.err


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--dancers", "100"), "from 2 to 12 --dancers; got 100"),
        (("--dancers", "2", "--formation", "circle"), "a circle takes 3 --dancers or more"),
        (("--dancers", "2", "--timing", "wave"), "unknown timing 'wave'"),
    ],
)
def test_bad_groups_are_one_line(
    danceit: Cli, index: Path, library: SyntheticLibrary, args: tuple[str, ...], told: str
) -> None:
    ran = danceit("query", library.query_song, "--index", index, *args)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert told in ran.err


def test_a_group_is_chosen_anew_or_not_at_all(
    danceit: Cli, index: Path, library: SyntheticLibrary
) -> None:
    ran = danceit("query", library.query_song, "--index", index, "--dancers", 2, "--ban", "x")
    assert ran.code == 2
    assert danceit("query", library.query_song, "--formation", "v").code == 2


# A library of 36 s cannot please a song in every way; that is told as a warning.
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_the_face_has_groups_too(index: Path, library: SyntheticLibrary, tmp_path: Path) -> None:
    dances = face.group(library.query_song, index, dancers=2, timing="mirror", k=5, device="cpu")
    assert [dance.steps[-1].options["dancer"] for dance in dances] == [1, 2]
    face.render(dances, tmp_path / "pair.png")
    assert (tmp_path / "pair.png").stat().st_size > 1000


def test_a_group_is_danced_in_one_command(
    danceit: Cli,
    index: Path,
    library: SyntheticLibrary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    song = library.query_song
    ran = danceit("dance", song, "--index", index, "--dancers", 3, "--formation", "v", "--out",
                  "three.png", "--timing", "mirror")  # fmt: skip
    assert ran.code == 0, ran.err
    assert "wrote three.png" in ran.out
    assert "nobody comes nearer than" in ran.out
    files = sorted(path.name for path in tmp_path.glob("*.npz"))
    assert files == [f"three.dancer{i}.dance.npz" for i in (1, 2, 3)]
    assert Dance.load("three.dancer3.dance.npz").steps[-1].options["timing"] == "mirror"
    alone = danceit("dance", song, "--index", index, "--out", "x.png", "--timing", "canon:2")
    assert alone.code == 2
    assert "--dancers N" in alone.err
