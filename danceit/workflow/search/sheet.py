"""A sheet of what was found: a row for the move that was looked for, and one for each match.

Every match is shown as it lies on the move, turned to face as it does, at the same eight
moments; below it stand its name and how it differs.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Dance, Float32, Placement
from danceit.makers import write_png
from danceit.render.drawing.figure import mixed
from danceit.render.drawing.scene import Scene
from danceit.render.drawing.text import draw_text, fitted
from danceit.render.options import Colour, RenderOptions
from danceit.retrieval.search.finding import Match
from danceit.retrieval.search.moves import Move

Picture = npt.NDArray[np.uint8]

MAKER = "sheet of found moves by danceit"
COLUMNS = 8
MOST_ROWS = 24
"""Matches that a sheet shows; a longer list is for the table."""
CELL_PX = 128
_LABEL_PX = 26


def draw_matches(move: Move, matches: Sequence[Match], out: Path) -> None:
    """Write the sheet as a PNG, over such a sheet alone."""
    look = RenderOptions().look
    strips = [_row(move.poses, f"like {move.name}", f"{move.duration_s:.1f} s", look.accent)]
    for rank, match in enumerate(matches[:MOST_ROWS], start=1):
        name = f"{rank}  {match.fragment_id}  {match.style}".rstrip()
        strips.append(_row(match.laid.astype(np.float32), name, described(match), look.ink))
    write_png(np.concatenate(strips, axis=0), out, MAKER)


def described(match: Match) -> str:
    """How a match differs from the move, in words."""
    parts = [f"{match.apart_px:.0f} px apart"]
    if abs(match.stretch - 1) > 0.02:
        parts.append(f"{match.stretch:.2f} times as long")
    if abs(match.turn_deg) >= 10:
        parts.append(f"turned {abs(match.turn_deg):.0f}°")
    if match.mirrored:
        parts.append("mirrored")
    if match.copies:
        parts.append(f"{len(match.copies)} cop{'y' if len(match.copies) == 1 else 'ies'}")
    return ", ".join(parts)


def _row(poses: Float32, name: str, text: str, ink: Colour) -> Picture:
    options = RenderOptions(size=CELL_PX, beats="none")
    scene = Scene([_as_dance(poses)], options, lane=False)
    moments = np.linspace(0, scene.n_danced - 1, COLUMNS).round().astype(int).tolist()
    edge = mixed(options.look.ground, options.look.ink, 0.15)
    cells = []
    for moment in moments:
        cell = scene.frame(moment)
        cell[:, -1] = edge
        cells.append(cell)
    pictures: Picture = np.concatenate(cells, axis=1)
    width = pictures.shape[1]
    label: Picture = np.empty((_LABEL_PX, width, 3), dtype=np.uint8)
    label[:] = options.look.ground
    draw_text(label, fitted(name, 13, 0.6 * width), (8, _LABEL_PX / 2), 13, ink)
    at = (width - 8.0, _LABEL_PX / 2)
    draw_text(label, fitted(text, 13, 0.4 * width), at, 13, ink, anchor="right")
    return np.concatenate([pictures, label], axis=0)


def _as_dance(poses: Float32) -> Dance:
    n_frames = len(poses)
    whole = Placement("", "", "", 0.0, n_frames / FPS, 0.0, 0.0, 0, 0.0)
    return Dance(
        joints=poses,
        seams=np.zeros(0, dtype=np.int64),
        beats_s=np.zeros(0),
        source_index=np.zeros(n_frames, dtype=np.int32),
        source_s=np.arange(n_frames) / FPS,
        fragments=(whole,),
    )
