"""Pictures of a dance: a PNG contact sheet and a small GIF."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from danceit.data import Dance
from danceit.files import replacing
from danceit.makers import write_png
from danceit.progress import Progress, silent
from danceit.render.drawing.figure import JOINT_COLOURS, mixed
from danceit.render.drawing.group_marks import GroupMarks
from danceit.render.drawing.overlay import clip_colour
from danceit.render.drawing.scene import Scene, check_dances
from danceit.render.drawing.text import draw_text, fitted
from danceit.render.drawing.together import one_stage
from danceit.render.options import GIF_PX, POSE_PX, RenderOptions
from danceit.render.renderer import Renderer

if TYPE_CHECKING:
    from PIL.Image import Image

Picture = npt.NDArray[np.uint8]

SHEET_COLUMNS, SHEET_ROWS = 8, 4
"""Poses of a sheet of one dance; of several, a row for each."""
GROUP_COLUMNS, GROUP_ROWS, GROUP_SIZE = 3, 4, 1.5
"""Pictures of a group's sheet, 16:9 and as wide together, and how much taller than a pose."""
NOTEBOOK_LOOK = RenderOptions(size=96)
"""Small: eight poses fit the width of a notebook."""
_LABEL, _PLAN_LABEL = 34, 92
"""Height of what stands under a pose, of `POSE_PX`; with a plan of the stage."""
GIF_S = 4.0
"""Seconds that a GIF shows unless `RenderOptions.seconds` says otherwise."""
GIF_FRAME_S = 0.05
"""GIF counts in hundredths of a second; 20 frames a second."""
DISTINCT_COLOURS, PIXEL_COLOURS = 158, 80
"""With the 18 joints' colours 256, the most that a GIF has."""


def render_sheet(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write a contact sheet: poses at even steps of time.

    The song is not needed.
    """
    write_png(sheet_of(dances, options, progress), out, SHEET.maker)


def sheet_of(
    dances: Sequence[Dance], options: RenderOptions, progress: Progress = silent
) -> Picture:
    """Draw a contact sheet, uint8 (H, W, 3).

    Under each pose stand its second, its source clip, and the stretch of time until
    the next pose in the colours of the clips shown, with a notch at every seam; of a group, those
    of its first dancer.
    """
    check_dances(dances, options)
    options = options.sized(POSE_PX)
    plain = replace(options, beats="none", debug=False, captions=(), credits=False, aspect="1:1")
    if one_stage(dances):
        return _group_sheet(dances, plain, progress)
    n_poses = SHEET_COLUMNS * (SHEET_ROWS if len(dances) == 1 else 1)
    strips = []
    for place, dance in enumerate(dances):
        scene = Scene([dance], plain, lane=False)
        name = options.captions[place] if place < len(options.captions) else ""
        cells = [_cell(dance, scene, pose, n_poses) for pose in range(n_poses)]
        if name:
            unit = options.size / POSE_PX
            at = (8 * unit, 14 * unit)
            draw_text(cells[0], name, at, 14 * unit, options.look.accent, font=options.font)
        strips.append(_in_rows(cells, SHEET_COLUMNS))
        progress(place + 1, len(dances))
    return np.concatenate(strips, axis=0)


def _group_sheet(dances: Sequence[Dance], options: RenderOptions, progress: Progress) -> Picture:
    """Pictures of a group: dancers have numbers, and a plan says where they stand."""
    options = replace(options, aspect="16:9", size=2 * round(GROUP_SIZE * options.size / 2))
    scene = Scene(dances, options, lane=False, stills=True)
    marks = GroupMarks.of(scene, dances)
    n_poses = GROUP_COLUMNS * GROUP_ROWS
    cells = []
    for pose in range(n_poses):
        cells.append(_cell(dances[0], scene, pose, n_poses, marks))
        progress(pose + 1, n_poses)
    return _in_rows(cells, GROUP_COLUMNS)


def _in_rows(cells: Sequence[Picture], columns: int) -> Picture:
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)


SHEET = Renderer(render_sheet, maker="contact sheet of danceit")


def notebook_png(dance: Dance) -> bytes:
    """Return a contact sheet of a dance as a PNG, as a notebook shows it."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(sheet_of([dance], NOTEBOOK_LOOK)).save(stream, format="PNG")
    return stream.getvalue()


def _cell(
    dance: Dance, scene: Scene, pose: int, n_poses: int, marks: GroupMarks | None = None
) -> Picture:
    """One pose with its label below."""
    options, look = scene.options, scene.options.look
    start, stop = (int(i * scene.n_danced / n_poses) for i in (pose, pose + 1))
    start, stop = min(start, scene.n_danced - 1), max(stop, start + 1)
    drawn = scene.frame(start)
    size, unit = drawn.shape[1], min(drawn.shape[:2]) / POSE_PX
    tall = _LABEL if marks is None else _PLAN_LABEL
    label = np.empty((round(tall * unit), size, 3), dtype=np.uint8)
    label[:] = look.ground
    if marks is not None:
        marks.number(drawn, start, options)
        middle = slice(size // 4, size - size // 4)
        marks.plan(label[round(8 * unit) :, middle], start, 10 * unit, options)
    first, last = (
        int(np.clip((options.start_s + i / scene.fps) * dance.fps, 0, dance.n_frames))
        for i in (start, stop)
    )
    _timeline(label, dance, first, max(last, first + 1), round(5 * unit))
    shown = min(first, dance.n_frames - 1)
    clip = dance.fragments[int(dance.source_index[shown])].clip_id
    y = 20 * unit
    clock = f"{scene.time_s(start):.1f} s"
    draw_text(label, clock, (8 * unit, y), 13 * unit, look.accent, font=options.font)
    short = fitted(clip, 11 * unit, (0.6 if marks is None else 0.25) * size, options.font)
    at = (size - 8 * unit, y)
    draw_text(label, short, at, 11 * unit, look.ink, anchor="right", font=options.font)
    cell: Picture = np.concatenate([drawn, label], axis=0)
    cell[:, -1] = mixed(look.ground, look.ink, 0.15)
    return cell


def _timeline(label: Picture, dance: Dance, first: int, last: int, height: int) -> None:
    """Dance frames [first, last) as a bar in the clips' colours, dark at the seams."""
    width = label.shape[1]
    frames = np.minimum(first + np.arange(width) * (last - first) // width, dance.n_frames - 1)
    colours = np.array([clip_colour(placed.clip_id) for placed in dance.fragments])
    label[:height] = colours[dance.source_index[frames]]
    for seam in dance.seams[(dance.seams >= first) & (dance.seams < last)].tolist():
        at = (seam - first) * width // (last - first)
        label[: 2 * height, max(0, at - 1) : at + 2] = 255


def render_gif(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write an endless GIF of a few seconds; the song is not needed."""
    options = options.sized(GIF_PX)
    options = replace(options, seconds=options.seconds or GIF_S)
    scene = Scene(dances, options, fps=1 / GIF_FRAME_S)
    pictures = []
    for index in range(scene.n_frames):
        pictures.append(scene.frame(index))
        progress(index + 1, scene.n_frames)
    frames = _with_palette(pictures)
    with replacing(out) as temporary:
        frames[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=round(1000 * GIF_FRAME_S),
            loop=0,
            disposal=1,
        )


GIF = Renderer(render_gif)


def _with_palette(pictures: Sequence[Picture]) -> list["Image"]:
    """Return the pictures in one palette for all, chosen by a sample of them; no dithering.

    Dithered dots would crawl and triple the file. Most of a picture is background, which
    alone would take the palette; so the limbs' colours are given, a part is chosen from
    the colours that occur, each counted once, and a part from the pixels.
    """
    from PIL import Image

    sample = np.concatenate(pictures[:: max(1, len(pictures) // 8)], axis=0).reshape(-1, 3)
    distinct = np.unique(sample >> 3, axis=0) << 3
    palette = [level for colour in JOINT_COLOURS for level in colour]
    for colours, count in ((distinct, DISTINCT_COLOURS), (sample, PIXEL_COLOURS)):
        chosen = Image.fromarray(colours[None]).quantize(count, method=Image.Quantize.MEDIANCUT)
        palette += (chosen.getpalette() or [])[: 3 * count]
    holder = Image.new("P", (1, 1))
    holder.putpalette(palette)
    return [
        Image.fromarray(picture).quantize(palette=holder, dither=Image.Dither.NONE)
        for picture in pictures
    ]
