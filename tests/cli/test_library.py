"""A build that tells all, a folder at a glance, and what a library lacks."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from danceit.index.synthetic import SyntheticLibrary
from tests.cli.conftest import Cli


def test_a_build_in_which_everything_fails_names_every_file(danceit: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.bvh").write_text("HIERARCHY\nnot a skeleton")
    (data / "b.npz").write_bytes(b"PK nothing")
    np.savez(data / "c.npz", poses=np.zeros((48, 18, 2)), fps=24)
    ran = danceit("index", "build", data, "--out", tmp_path / "index")
    assert ran.code == 1
    lines = [line for line in ran.err.splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1] for line in lines] == ["a.bvh", "b.npz", "c.npz"]
    assert ran.err.splitlines()[-1].startswith("danceit: no dance could be read from")
    told = danceit("index", "stats", data)
    assert told.code == 1
    assert told.err.count("failed: ") == 2
    assert "100.0%" in told.out  # of c.npz nothing is left, which is a row


def test_of_a_build_that_had_nothing_to_do_that_is_said(
    danceit: Cli, library: SyntheticLibrary, encoder: Path, tmp_path: Path
) -> None:
    build = ("index", "build", library.folder, "--encoder", encoder, "--out", tmp_path / "index")
    assert " s kept in " in danceit(*build).out
    again = danceit(*build)
    assert (again.code, again.out.splitlines()[0]) == (0, "nothing changed")


def test_sheets_of_a_folder_go_into_a_folder(
    danceit: Cli, library: SyntheticLibrary, tmp_path: Path
) -> None:
    ran = danceit("index", "inspect", library.folder, "--out", tmp_path / "all.png")
    assert ran.code == 1
    assert "--out names a folder" in ran.err
    assert not (tmp_path / "all.png").exists()


def test_a_folder_has_a_sheet_for_each_recording_and_one_of_all(
    danceit: Cli, library: SyntheticLibrary, tmp_path: Path
) -> None:
    from PIL import Image

    data = tmp_path / "data"
    shutil.copytree(library.folder, data)
    (data / "broken.npz").write_bytes(b"PK nothing")
    out = tmp_path / "seen"
    ran = danceit("index", "inspect", data, "--out", out)
    assert ran.code == 1
    assert "failed: broken.npz" in ran.err
    names = {path.name for path in out.glob("*.png")}
    assert "overview.png" in names
    assert len(names) == 1 + ran.out.count(" s kept in ")
    with Image.open(out / "overview.png") as overview:
        rows = (overview.height - 68 - 52) / 96
    assert rows == len(names) - 1


def test_gaps_are_told_drawn_and_written(
    danceit: Cli, library: SyntheticLibrary, counted_index: Path, tmp_path: Path
) -> None:
    out = tmp_path / "gaps.png"
    ran = danceit("index", "gaps", library.query_song, "--index", counted_index, "--out", out)
    assert ran.code == 0, ran.err
    assert library.query_song.name in ran.out
    assert "the library has whole" in ran.out
    assert out.stat().st_size > 5000
    read = json.loads(
        danceit("index", "gaps", library.query_song, "--index", counted_index, "--json").out
    )
    (song,) = read["songs"]
    assert read["minutes_uncounted"] == 0
    assert len(song["windows"]) > 3
    assert len(read["list"]) == len(read["wanted"])
    refused = danceit(
        "index", "gaps", library.query_song, "--index", counted_index, "--body", "upper"
    )
    assert refused.code == 1
    assert "no fragment" in refused.err


@pytest.mark.parametrize("args", [(), ("nowhere.mp3",)])
def test_no_song_is_refused(danceit: Cli, counted_index: Path, args: tuple[str, ...]) -> None:
    assert danceit("index", "gaps", *args, "--index", counted_index).code in (1, 2)
