from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from danceit.data import Dance
from danceit.errors import InputError
from danceit.render import RenderOptions, render, render_many
from danceit.render.drawing.figure import JOINT_COLOURS
from danceit.render.drawing.group_marks import GroupMarks
from danceit.render.drawing.overlay import clip_colour
from danceit.render.drawing.scene import Scene
from tests.render.conftest import make_dance, swaying


def test_a_gif_lasts_what_it_should_and_is_small(dance: Dance, tmp_path: Path) -> None:
    long = make_dance(swaying(240), seams=(48, 96))
    render(long, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (256, 256)
        shown_ms = sum(frame.info["duration"] for frame in ImageSequence.Iterator(gif))
        assert gif.info["loop"] == 0
    assert shown_ms == 4000
    assert (tmp_path / "a.gif").stat().st_size < 2_000_000


def test_a_gif_keeps_the_limbs_colours(flat_dance: Dance, tmp_path: Path) -> None:
    render(flat_dance, tmp_path / "a.gif", options=RenderOptions(theme="openpose"))
    with Image.open(tmp_path / "a.gif") as gif:
        picture = np.asarray(gif.convert("RGB")).reshape(-1, 3).astype(int)
    for colour in JOINT_COLOURS:
        assert np.abs(picture - colour).max(axis=1).min() < 8


def test_a_sheet_has_a_cell_for_each_pose_and_shows_the_seams(dance: Dance, tmp_path: Path) -> None:
    render(dance, tmp_path / "a.png", options=RenderOptions(size=128))
    sheet = np.asarray(Image.open(tmp_path / "a.png"))
    rows, columns = 4, 8
    assert sheet.shape == (rows * (128 + 23), columns * 128, 3)
    bars = sheet.reshape(rows, 151, columns, 128, 3)[:, 128]
    colours = [clip_colour(placed.clip_id) for placed in dance.fragments]
    for cell, expected in ((0, 0), (10, 0), (14, 1), (31, 1)):
        row, column = divmod(cell, columns)
        assert tuple(bars[row, column, 60]) == colours[expected]
    # The seam is at frame 24 of 60: cell 12 of 32 covers frames 22 to 24, cell 13 starts at 24.
    assert (bars == 255).all(axis=-1).any(axis=2).nonzero()[0].tolist() == [1]


def test_only_a_sheet_is_written_over_by_a_sheet(dance: Dance, tmp_path: Path) -> None:
    out, options = tmp_path / "a.png", RenderOptions(size=64)
    render(dance, out, options=options)
    render(dance, out, options=options)
    Image.new("RGB", (9, 9)).save(out)
    with pytest.raises(InputError, match=r"a\.png is there and is no contact sheet of danceit"):
        render(dance, out, options=options)
    with Image.open(out) as kept:
        assert kept.size == (9, 9)


def test_a_sheet_of_several_dances_has_a_row_for_each(
    dance: Dance, flat_dance: Dance, tmp_path: Path
) -> None:
    options = RenderOptions(size=64, captions=("none", "tsd"))
    render_many([dance, flat_dance], tmp_path / "a.png", options=options)
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (8 * 64, 2 * 75)


def beside(dance: Dance, number: int, x: float, z: float) -> Dance:
    """A dancer of a group who stands elsewhere."""
    joints = dance.joints + np.array([x, 0.0, z], dtype=np.float32)
    return dance.with_step("group", "unison", {"group": "two", "dancer": number}, joints=joints)


def test_the_stills_of_a_group_are_filled_by_its_dancers_wherever_they_are(dance: Dance) -> None:
    for apart in (200.0, 800.0):
        pair = [beside(dance, 1, -apart, 0.0), beside(dance, 2, apart, 300.0)]
        options = RenderOptions(size=288, aspect="16:9", beats="none")
        scene = Scene(pair, options, lane=False, stills=True)
        seen = np.concatenate(scene.pixels(), axis=1)
        low, high = np.nanmin(seen, axis=1), np.nanmax(seen, axis=1)
        assert (low > 0).all()
        assert (high < (512, 288)).all()
        # One side is filled but for the room that heads and hands are given.
        assert (np.max((high - low) / (512, 288), axis=1) > 0.6).all()
        np.testing.assert_allclose((low + high) / 2, [[256, 144]] * len(low), atol=6)


def test_who_stands_left_and_behind_is_so_on_the_plan(dance: Dance, tmp_path: Path) -> None:
    pair = [beside(dance, 1, -300.0, 0.0), beside(dance, 2, 300.0, 300.0)]
    options = RenderOptions(size=288, aspect="16:9", beats="none")
    marks = GroupMarks.of(Scene(pair, options, lane=False, stills=True), pair)
    blank = np.zeros((100, 200, 3), dtype=np.uint8)
    marks.plan(blank, 0, 12, options)
    down, across = np.nonzero(blank.any(axis=2))
    left, right = across < 100, across > 100
    assert left.any()
    assert right.any()
    assert down[left].min() > down[right].max()
    assert (marks.heads[:, 0, 0] < marks.heads[:, 1, 0]).all()
    render_many(pair, tmp_path / "a.png", options=RenderOptions(size=64))
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size[0] == 3 * 170


def test_a_sheet_refuses_what_a_video_refuses(dance: Dance, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    with pytest.raises(InputError, match="2 captions for 1 dances"):
        render(dance, out, options=RenderOptions(captions=("A", "B")))
    other = make_dance(swaying(dance.n_frames + 48))
    with pytest.raises(InputError, match="must be to one song"):
        render_many([dance, other], out)
    assert not out.exists()


def test_the_shortest_dance_fills_a_sheet(tmp_path: Path) -> None:
    render(make_dance(swaying(1), seams=()), tmp_path / "a.png", options=RenderOptions(size=64))
    assert (tmp_path / "a.png").exists()


def test_a_font_or_background_that_is_none_leaves_nothing(
    dance: Dance, tmp_path: Path, listed: Callable[[], list[str]]
) -> None:
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"broken.bin is not a readable picture"):
        render(dance, tmp_path / "a.png", options=RenderOptions(background=str(broken)))
    with pytest.raises(InputError, match=r"font .*broken.bin cannot be used"):
        render(dance, tmp_path / "a.png", options=RenderOptions(font=str(broken)))
    assert listed() == ["broken.bin"]


def test_a_picture_as_background_fills_the_frame(dance: Dance, tmp_path: Path) -> None:
    Image.new("RGB", (300, 100), (10, 200, 30)).save(tmp_path / "green.jpg", quality=95)
    options = RenderOptions(background=str(tmp_path / "green.jpg"), size=64)
    render(dance, tmp_path / "a.gif", options=options)
    with Image.open(tmp_path / "a.gif") as gif:
        corner = gif.convert("RGB").getpixel((2, 2))
    assert corner[1] > 150 > corner[0]  # type: ignore[index]


def test_a_dance_shows_itself_in_a_notebook(dance: Dance) -> None:
    picture = dance._repr_png_()
    assert picture is not None
    with Image.open(BytesIO(picture)) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width == 8 * 96
        # Something is drawn in the limbs' colours, not only the stage.
        assert len(sheet.convert("RGB").getcolors(maxcolors=1 << 20) or ()) > 200


def test_a_caption_of_two_lines_is_drawn_on_one(dance: Dance, tmp_path: Path) -> None:
    for name, caption in (("two", "a\nb"), ("one", r"a\nb")):
        render(dance, tmp_path / f"{name}.png", options=RenderOptions(captions=(caption,)))
    assert (tmp_path / "two.png").read_bytes() == (tmp_path / "one.png").read_bytes()
