"""Dancers whose feet are out of the picture, from the build to the video and the page."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from danceit.cli.main import main
from danceit.data import FEET, HANDS, JOINT, JOINT_NAMES, Dance
from danceit.index.store.contract import Where
from danceit.index.store.engines import open_store
from danceit.index.synthetic import SyntheticLibrary
from tests.cli.conftest import Cli

LEGS = [JOINT[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle")]


def legless(source: Path, target: Path, *, whole: int = 0) -> Path:
    """A copy of a library whose dancers, but for `whole` of them, have no knees and feet."""
    shutil.copytree(source, target)
    for path in sorted(target.rglob("*.npz"))[whole:]:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        arrays["poses"][:, LEGS] = np.nan
        np.savez(path, **arrays)
    return target


@pytest.fixture(scope="module")
def upper_index(
    library: SyntheticLibrary, encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("upper")
    data = legless(library.folder, folder / "data")
    main(["index", "build", str(data), "--encoder", str(encoder), "--out", str(folder / "index")])
    return folder / "index"


@pytest.fixture(scope="module")
def mixed_index(
    library: SyntheticLibrary, encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    data = legless(library.folder, folder / "data", whole=2)
    main(["index", "build", str(data), "--encoder", str(encoder), "--out", str(folder / "index")])
    return folder / "index"


def test_an_index_of_upper_bodies_alone_makes_a_dance_a_video_and_a_page(
    danceit: Cli,
    library: SyntheticLibrary,
    upper_index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    info = json.loads(danceit("index", "info", "--index", upper_index, "--json").out)
    assert set(info["bodies"]) == {"upper"}
    asked = danceit("query", library.query_song, "--index", upper_index, "--body", "upper")
    assert asked.code == 0, asked.err
    aligned = danceit("align")
    assert aligned.code == 0, aligned.err
    for name in ("a.mp4", "a.png", "a.html", "a.csv", "a.bvh", "a.glb"):
        drawn = danceit("render", "song.aligned.dance.npz", "--out", name)
        assert drawn.code == 0, (name, drawn.err)
        assert (tmp_path / name).stat().st_size > 2000
    joints = Dance.load(tmp_path / "song.aligned.dance.npz").joints
    assert np.isnan(joints[:, FEET]).all()
    assert np.isfinite(joints[:, HANDS]).all()
    # They dance where whole dancers would: the head where it was, the legs not drawn.
    assert 80 < np.median(joints[:, JOINT_NAMES.index("nose"), 1]) < 150


def test_whole_bodies_are_refused_where_there_are_none(
    danceit: Cli, library: SyntheticLibrary, upper_index: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.dance.npz"
    asked = ("query", library.query_song, "--index", upper_index, "--out", out)
    refused = danceit(*asked, "--body", "whole")
    assert refused.code == 1
    assert "no fragment of" in refused.err
    assert "--body whole" in refused.err


def test_whole_bodies_go_before_upper_ones_unless_one_asks(
    danceit: Cli, library: SyntheticLibrary, mixed_index: Path, tmp_path: Path
) -> None:
    with open_store(mixed_index) as store:
        rows = store.matching(Where())
        bodies = dict(zip(store.table(rows).clip_id, store.table(rows).body, strict=True))
    assert set(bodies.values()) == {"whole", "upper"}
    shown = {}
    for body in ("any", "whole", "upper"):
        out = tmp_path / f"{body}.dance.npz"
        asked = danceit(
            "query", library.query_song, "--index", mixed_index, "--body", body, "--out", out
        )
        assert asked.code == 0, asked.err
        dance = Dance.load(out)
        shown[body] = [bodies[dance.fragments[i].clip_id] for i in dance.source_index.tolist()]
    assert set(shown["whole"]) == {"whole"}
    assert set(shown["upper"]) == {"upper"}
    assert shown["any"].count("whole") > 0.8 * len(shown["any"])
