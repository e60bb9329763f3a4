"""CSV: one row a frame, for spreadsheets, data frames and databases.

Columns: frame, time_s, beat (1 on a beat's nearest frame), seam (1 where a new fragment
starts), fragment_id, clip_id, source_s, then x, y (and z) of every joint in canvas
pixels. A missing joint's cells are empty. A name that a spreadsheet would take for a formula
stands behind an apostrophe.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danceit.data import JOINT_NAMES, Dance
from danceit.files import one_line, replacing
from danceit.progress import Progress, silent
from danceit.render.options import RenderOptions
from danceit.render.renderer import Renderer


def render_csv(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write one dance as a table; the song is not needed.

    Raises
    ------
    InputError
        If the output cannot be written.
    """
    dance = dances[0]
    axes = "xyz"[: dance.dims]
    named = ["frame", "time_s", "beat", "seam", "fragment_id", "clip_id", "source_s"]
    header = [*named, *(f"{joint}_{axis}" for joint in JOINT_NAMES for axis in axes)]
    beats = set(np.round(dance.beats_s * dance.fps).astype(int).tolist())
    seams = set(dance.seams.tolist())
    with (
        replacing(out) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream)
        writer.writerow(header)
        for frame, joints in enumerate(dance.joints.reshape(dance.n_frames, -1).tolist()):
            placed = dance.fragments[int(dance.source_index[frame])]
            where = [
                _cell(placed.fragment_id),
                _cell(placed.clip_id),
                f"{dance.source_s[frame]:.4f}",
            ]
            moment = [frame, f"{frame / dance.fps:.4f}", int(frame in beats), int(frame in seams)]
            cells = ["" if value != value else f"{value:.3f}" for value in joints]
            writer.writerow([*moment, *where, *cells])
    progress(1, 1)


CSV = Renderer(render_csv, draws=(), several=False)


def _cell(name: str) -> str:
    """Write a name so that it stays on its line and is no formula (OWASP, CSV injection)."""
    text = one_line(name)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
