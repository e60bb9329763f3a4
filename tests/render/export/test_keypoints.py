import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

from danceit.data import JOINT_NAMES, Dance
from danceit.errors import InputError
from danceit.render import RenderOptions, render, render_many
from danceit.render.drawing.scene import Scene


def read_back(folder: Path) -> np.ndarray:
    """x, y, confidence (T, 18, 3) of the first person of every file, in order of name."""
    people = [json.loads(p.read_text())["people"][0] for p in sorted(folder.glob("*.json"))]
    return np.array([person["pose_keypoints_2d"] for person in people]).reshape(-1, 18, 3)


def test_keypoints_are_where_the_openpose_video_shows_them(dance: Dance, tmp_path: Path) -> None:
    dance.joints[7, 4] = np.nan
    render(dance, tmp_path / "poses.openpose")
    found = read_back(tmp_path / "poses.openpose")
    expected = Scene([dance], RenderOptions(theme="openpose")).pixels()[0]
    assert found.shape == (dance.n_frames, 18, 3)
    assert found[7, 4].tolist() == [0, 0, 0]
    seen = found[..., 2] == 1
    assert seen.sum() == dance.n_frames * 18 - 1
    np.testing.assert_allclose(found[seen][:, :2], expected[seen], atol=1e-3)
    assert (found[seen][:, :2] > 0).all()
    assert (found[seen][:, :2] < 512).all()


def test_our_own_reader_takes_the_folder_for_openposes(
    dance: Dance, song: Path, tmp_path: Path
) -> None:
    from danceit.index.sources import SOURCES

    render(dance, tmp_path / "poses.openpose")
    folder = tmp_path / "poses.openpose"
    (folder / "song.wav").write_bytes(song.read_bytes())
    source = SOURCES.get("openpose")
    assert source.detect(folder)
    recording = source.read(folder)
    assert recording.poses.shape == (dance.n_frames, 18, 2)
    np.testing.assert_allclose(recording.poses, read_back(folder)[..., :2], atol=1e-2)


def test_the_zip_holds_the_same_and_is_reproducible(
    dance: Dance, flat_dance: Dance, tmp_path: Path
) -> None:
    render_many([dance, flat_dance], tmp_path / "poses.zip")
    first = (tmp_path / "poses.zip").read_bytes()
    render_many([dance, flat_dance], tmp_path / "poses.zip")
    assert (tmp_path / "poses.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "poses.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        record = json.loads(archive.read(names[0]))
    assert names[3] == "poses_000000000003_keypoints.json"
    assert len(names) == dance.n_frames
    assert [len(person["pose_keypoints_2d"]) for person in record["people"]] == [54, 54]
    assert (record["canvas_width"], record["canvas_height"]) == (512, 512)


def test_a_folder_of_keypoints_is_replaced_and_anything_else_is_kept(
    dance: Dance, tmp_path: Path, listed: Callable[[], list[str]]
) -> None:
    out = tmp_path / "poses.openpose"
    out.mkdir()
    (out / "old_000000000000_keypoints.json").write_text("{}")
    render(dance, out, options=RenderOptions(seconds=0.5))
    assert len(list(out.iterdir())) == 12
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"holds other files, such as thesis\.tex"):
        render(dance, out)
    assert (out / "thesis.tex").read_text() == "years of work"
    (tmp_path / "file.openpose").write_text("")
    with pytest.raises(InputError, match="a file of that name is there"):
        render(dance, tmp_path / "file.openpose")
    with pytest.raises(InputError, match=r"the folder .*no does not exist"):
        render(dance, tmp_path / "no" / "a.openpose")
    assert listed() == ["file.openpose", "poses.openpose"]


@pytest.mark.parametrize("dims", [2, 3])
def test_a_table_is_read_by_a_database(
    dance: Dance, flat_dance: Dance, tmp_path: Path, dims: int
) -> None:
    chosen = dance if dims == 3 else flat_dance
    chosen.joints[5, 2] = np.nan
    out = tmp_path / "a.csv"
    render(chosen, out)
    columns = ", ".join(f"{name}_{axis}" for name in JOINT_NAMES for axis in "xyz"[:dims])
    rows = duckdb.sql(f"SELECT {columns} FROM '{out}' ORDER BY frame").fetchnumpy()
    joints = np.ma.stack([rows[name.strip()] for name in columns.split(",")], axis=1)
    joints = np.ma.filled(joints, np.nan).reshape(-1, 18, dims)
    np.testing.assert_allclose(joints, chosen.joints, atol=1e-3)
    marks = duckdb.sql(
        f"SELECT list(frame) FILTER (seam = 1), list(frame) FILTER (beat = 1), "
        f"count(DISTINCT clip_id), max(source_s) FROM '{out}'"
    ).fetchall()[0]
    assert (marks[0], marks[1], marks[2]) == ([24], [12, 24, 36, 48], 2)
    assert marks[3] == pytest.approx(chosen.source_s.max(), abs=1e-4)
