"""The whole line through the command line, on a library made from nothing."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from danceit.audio import listen
from danceit.data import Dance
from danceit.index.synthetic import SyntheticLibrary
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_from_a_song_to_a_video(
    danceit: Cli, library: SyntheticLibrary, index: Path, tmp_path: Path
) -> None:
    import av

    asked = danceit("query", library.query_song, "--index", index)
    assert asked.code == 0, asked.err
    assert "song.dance.npz" in asked.out
    aligned = danceit("align", "--method", "linear", "--method", "beat", "--max-warp", 2)
    assert aligned.code == 0, aligned.err
    assert "S_BA" in aligned.out
    drawn = danceit("render", "song.aligned.dance.npz", "--out", "song.mp4", "--size", 128)
    assert drawn.code == 0, drawn.err

    with np.load(tmp_path / "song.aligned.dance.npz", allow_pickle=False) as stored:
        joints, meta = stored["joints"], json.loads(str(stored["meta"]))
        fragments, shown = meta["fragments"], stored["source_index"]
    music = listen(library.query_song)
    assert joints.shape == (music.n_frames, 18, 3)
    assert [step["method"] for step in meta["steps"]] == ["viterbi", "linear", "beat"]
    assert meta["steps"][2]["options"]["max_warp"] == 2
    assert {fragment["licence"] for fragment in fragments} == {"CC0-1.0"}
    assert shown.max() < len(fragments)
    with av.open(str(tmp_path / "song.mp4")) as video:
        assert {stream.type for stream in video.streams} == {"video", "audio"}
        assert abs(video.duration / 1e6 - music.duration_s) < 1.5 / 24


def test_every_frame_shows_the_movement_of_its_source(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    from danceit.index.store.engines import open_store
    from danceit.retrieval.placing import Stance, moved, stance

    assert danceit("query", library.query_song, "--index", index, "--out", "a.dance.npz").code == 0
    dance = Dance.load(Path("a.dance.npz"))
    with open_store(index) as store:
        rows = store.matching(_two_seconds())
        table = store.table(rows)
        stored = dict(zip(table.fragment_id.tolist(), store.poses(rows), strict=True))
    placement = dance.fragments[3]
    frames = np.flatnonzero(dance.source_index == 3)
    np.testing.assert_allclose(
        dance.source_s[frames], placement.start_s + np.arange(len(frames)) / 24, atol=1e-6
    )
    home = Stance(np.zeros((1, 2)), np.zeros(1))
    there = dance.joints[frames][None]
    here = stored[placement.fragment_id][None]
    np.testing.assert_allclose(
        moved(there, stance(there[:, 0]), home), moved(here, stance(here[:, 0]), home), atol=0.1
    )


def _two_seconds() -> object:
    from danceit.index.store.contract import Where

    return Where(n_frames=48)


def test_the_same_seed_gives_the_same_dance_and_another_another(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        asked = danceit(
            "query", library.query_song, "--index", index, "--seed", seed,
            "--out", f"{name}.dance.npz",
        )  # fmt: skip
        assert asked.code == 0, asked.err
    first, again, other = (Dance.load(Path(f"{name}.dance.npz")) for name in "abc")
    np.testing.assert_array_equal(first.joints, again.joints)
    assert [f.fragment_id for f in first.fragments] != [f.fragment_id for f in other.fragments]


def test_no_stretch_limit_is_asked_for_by_the_flag_as_by_the_method(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    assert danceit("query", library.query_song, "--index", index).code == 0
    for asked in (("--method", "warp", "--max-warp", "none"), ("--method", "warp:max_warp=none")):
        aligned = danceit("align", *asked, "--out", f"{len(asked)}.dance.npz")
        assert aligned.code == 0, aligned.err
    flag, named = (Dance.load(Path(f"{n}.dance.npz")) for n in (4, 2))
    assert flag.steps[-1].options["max_warp"] is None
    assert flag.steps[-1] == named.steps[-1]
    np.testing.assert_array_equal(flag.joints, named.joints)


def test_json_says_what_the_table_says_and_explains_the_runners_up(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    asked = danceit("query", library.query_song, "--index", index, "--k", 3, "--json")
    told = json.loads(asked.out)
    assert len(told["windows"]) == 6
    assert all(len(window["runners_up"]) == 2 for window in told["windows"])
    explained = danceit("query", library.query_song, "--index", index, "--k", 3, "--explain")
    for window in told["windows"]:
        assert window["fragment_id"] in explained.out
        assert all(other["fragment_id"] in explained.out for other in window["runners_up"])


def test_the_best_five_matches_are_explained_and_the_chosen_one_is_marked(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    asked = ("query", library.query_song, "--index", index)
    windows = json.loads(danceit(*asked, "--json").out)["windows"]
    blocks = danceit(*asked, "--explain").out.split("\n\n")[1:]
    assert len(blocks) == len(windows)
    for block, window in zip(blocks, windows, strict=True):
        rows = [line for line in block.splitlines()[2:] if re.search(r":\d+\+\d+", line)]
        assert len(rows) == 5 + (window["rank"] >= 5)
        (marked,) = (row for row in rows if row.startswith(">"))
        assert marked.split()[1:3] == [str(window["rank"]), window["fragment_id"]]
        assert f"{window['target']:.3f}" in marked
    # Nothing comes before the first.
    assert "before it in" not in blocks[0]


def test_a_filter_keeps_to_its_style(danceit: Cli, library: SyntheticLibrary, index: Path) -> None:
    asked = danceit("query", library.query_song, "--index", index, "--style", "waltz", "--json")
    assert {window["style"] for window in json.loads(asked.out)["windows"]} == {"waltz"}
    assert danceit("query", library.query_song, "--index", index, "--style", "tango").code == 1


def test_more_candidates_than_fragments_are_cut_down_and_said(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    asked = danceit("query", library.query_song, "--index", index, "--k", 10_000)
    assert asked.code == 0
    assert "--k cut down" in asked.err


def test_building_again_does_nothing_over(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    again = danceit("index", "build", library.folder, "--grid", "seconds", "--out", index)
    assert again.code == 0, again.err
    assert "0 recordings added, 0 done again, 3 unchanged" in again.out
    assert "trained" not in again.out
    assert danceit("index", "verify", "--index", index).code == 0
    told = json.loads(danceit("index", "info", "--index", index, "--json").out)
    assert told["recordings"] == 3


def test_dance_does_it_in_one(danceit: Cli, library: SyntheticLibrary, index: Path) -> None:
    made = danceit(
        "dance", library.query_song, "--index", index, "--out", "all.png", "--times",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert Path("all.png").stat().st_size > 1000
    assert Dance.load(Path("all.dance.npz")).n_frames == listen(library.query_song).n_frames
    assert "frames/s" in made.out


def test_bench_search_finds_what_a_scan_finds(danceit: Cli, index: Path) -> None:
    measured = danceit("bench", "search", "--index", index)
    assert measured.code == 0, measured.err
    rows = [line.split() for line in measured.out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert all(float(row[3]) == 1.0 for row in rows)


def test_a_look_that_an_export_has_no_use_for_is_said(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    assert danceit("query", library.query_song, "--index", index, "--out", "a.dance.npz").code == 0
    said = danceit("render", "a.dance.npz", "--out", "a.csv", "--theme", "mono", "--trails")
    assert (said.code, Path("a.csv").exists()) == (0, True)
    assert "nothing is drawn in .csv: no use for --theme, --trails" in said.err
    drawn = ("render", "a.dance.npz", "--out", "a.png", "--surroundings", "still")
    assert "without --footage: no use for --surroundings" in danceit(*drawn).err
    assert "no use" not in danceit("render", "a.dance.npz", "--out", "b.csv").err


def test_a_dance_on_counts_tells_how_far_it_keeps_its_dancers_timing(
    danceit: Cli, library: SyntheticLibrary, counted_index: Path
) -> None:
    asked = danceit("query", library.query_song, "--index", counted_index, "--facing", "continue")
    assert asked.code == 0, asked.err
    aligned = danceit("align")
    assert aligned.code == 0, aligned.err
    (kept,) = (line for line in aligned.out.splitlines() if line.startswith("timing kept, beat"))
    before, after = re.findall(r"(\d\.\d\d) at", kept)
    assert float(before) > 0.95
    assert float(after) > 0.95
    dance = Dance.load(Path("song.aligned.dance.npz"))
    assert [step.method for step in dance.steps] == ["viterbi", "inertial", "counts"]
    assert all(placed.beats_s for placed in dance.fragments)


def test_variety_is_how_dear_it_is_to_come_back_to_a_move(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    asked = ("query", library.query_song, "--index", index, "--json")
    seen = {}
    for variety in ("little", "much"):
        ran = danceit(*asked, "--variety", variety, "--out", f"{variety}.dance.npz")
        assert ran.code == 0, ran.err
        dance = Dance.load(Path(f"{variety}.dance.npz"))
        seen[variety] = len({placed.fragment_id for placed in dance.fragments})
        options = dance.steps[0].options
        assert options["reuse"] == (3.0 if variety == "much" else 0.0)
    assert seen["much"] >= seen["little"]
