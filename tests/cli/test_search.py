"""`danceit search`, and `danceit query --where`."""

import json
from pathlib import Path

import numpy as np
import pytest

import danceit as face
from danceit.data import Dance
from danceit.index.store.contract import Where
from danceit.index.store.engines import open_store
from danceit.index.synthetic import SyntheticLibrary
from tests.cli.conftest import Cli


@pytest.fixture(scope="session")
def clip(index: Path) -> str:
    with open_store(index, device="cpu") as store:
        return str(store.table(store.matching(Where(style=("disco",)))[:1]).clip_id[0])


def test_a_move_of_the_index_is_found_and_drawn(
    danceit: Cli, index: Path, clip: str, tmp_path: Path
) -> None:
    from PIL import Image

    sheet = tmp_path / "moves.png"
    ran = danceit("search", "--like", f"{clip}@2-4", "--index", index, "-k", 4, "--out", sheet)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].split()[:2] == ["fragment", "at"]
    assert ran.out.splitlines()[1].startswith(f"{clip}:")
    assert f"wrote {sheet}" in ran.out
    with Image.open(sheet) as picture:
        assert picture.width == 8 * 128
        assert picture.height == 5 * (128 + 26)


def test_json_holds_what_the_table_holds(danceit: Cli, index: Path, clip: str) -> None:
    ran = danceit("search", "--like", f"{clip}@2-4", "--index", index, "-k", 3, "--json")
    found = json.loads(ran.out)
    assert found["like"]["seconds"] == 2.0
    first = found["matches"][0]
    assert (first["rank"], first["clip_id"], first["style"]) == (1, clip, "disco")
    assert first["apart_px"] == pytest.approx(0.0, abs=0.5)
    assert first["start_s"] == pytest.approx(2.0, abs=0.1)


def test_a_file_is_looked_for_and_so_is_a_dance(
    danceit: Cli, index: Path, library: SyntheticLibrary, tmp_path: Path
) -> None:
    recording = sorted(library.folder.rglob("*.npz"))[0]
    ran = danceit("search", "--like", f"{recording}@3-5", "--index", index, "--json")
    assert ran.code == 0, ran.err
    assert Path(json.loads(ran.out)["matches"][0]["source"]).name == recording.name
    made = tmp_path / "x.dance.npz"
    danceit("query", library.query_song, "--index", index, "--out", made)
    dance = Dance.load(made)
    stop = int(dance.seams[0]) if len(dance.seams) else 48
    ran = danceit(
        "search", "--like", f"{made}@0-{stop / 24 - 1e-3:.2f}", "--index", index, "--json"
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["matches"][0]["apart_px"] < 3


def test_the_face_searches_too(index: Path, clip: str) -> None:
    matches = face.search(f"{clip}@2-4", index, k=2, where="style = 'disco'")
    assert 1 <= len(matches) <= 2
    assert matches[0].clip_id == clip


def test_query_takes_the_same_filter(
    danceit: Cli, index: Path, library: SyntheticLibrary, tmp_path: Path
) -> None:
    out = tmp_path / "x.dance.npz"
    where = "style != 'disco' and energy > 0.1"
    ran = danceit("query", library.query_song, "--index", index, "--where", where, "--out", out)
    assert ran.code == 0, ran.err
    dance = Dance.load(out)
    assert "disco" not in {placed.style for placed in dance.fragments}
    assert dict(dance.steps[0].options)["where"] == where
    assert np.isfinite(dance.joints).any()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--where", "turn > 1"), "--where, character 1: there is no column 'turn'; did you mean"),
        (("--k", "0"), "--k must be from 1 to 500; got 0"),
        (("--out", "x.mp4"), "drawn as .png; got x.mp4"),
    ],
)
def test_bad_options_are_one_line(
    danceit: Cli, index: Path, clip: str, args: tuple[str, ...], told: str
) -> None:
    ran = danceit("search", "--like", f"{clip}@2-4", "--index", index, *args)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert told in ran.err


def test_what_is_not_there_is_one_line(danceit: Cli, index: Path, tmp_path: Path) -> None:
    ran = danceit("search", "--like", "disko.bvh@1-2", "--index", index)
    assert ran.code == 1
    assert "'disko.bvh' is neither a file nor a clip or fragment of the index" in ran.err
    (tmp_path / "x.txt").write_text("no movement")
    ran = danceit("search", "--like", tmp_path / "x.txt", "--index", index)
    assert ran.code == 1
    assert "x.txt is no dance: dances are read from" in ran.err
    assert danceit("search", "--index", index).code == 2


def test_nothing_that_matches_is_said(
    danceit: Cli, index: Path, clip: str, library: SyntheticLibrary
) -> None:
    ran = danceit("search", "--like", f"{clip}@2-4", "--index", index, "--where", "metre = 17")
    assert ran.out.strip() == "nothing moves like that and satisfies the filter"
    ran = danceit("query", library.query_song, "--index", index, "--where", "metre = 17")
    assert ran.code == 1
    assert 'no fragment of 2 s with --where "metre = 17"' in ran.err


def test_the_columns_are_listed(danceit: Cli) -> None:
    ran = danceit("search", "--columns")
    assert ran.code == 0
    assert {"style", "turns", "metre"} <= {line.split()[0] for line in ran.out.splitlines()}
