"""Every recording of a folder on a sheet of its own, and all of them on one.

The overview has a line a recording: a picture of it, how much is kept and why the rest is not,
its clips, and the fate of its frames in time. What cannot be read has its line too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import FPS
from danceit.index.building.reading import Failure, each_done
from danceit.index.sources import Found
from danceit.makers import check_replaceable, write_png
from danceit.progress import Progress, silent
from danceit.render.drawing.text import draw_text, fitted
from danceit.render.options import Colour
from danceit.workflow.inspection import Inspection, inspect
from danceit.workflow.inspection_pictures import (
    KEPT,
    REASON_COLOURS,
    check_out,
    draw_inspection,
    draw_legend,
    headline,
    moment,
)

Picture = npt.NDArray[np.uint8]

OVERVIEW = "overview.png"
MAKER = "overview by danceit"
WIDTH_PX, LINE_PX, THUMB_PX = 1280, 96, 150
_GROUND: Colour = (18, 20, 26)
_INK: Colour = (232, 234, 238)
_SOFT: Colour = (170, 175, 185)
_FAILED: Colour = (240, 90, 90)


@dataclass(frozen=True)
class Line:
    """A recording in the overview.

    Attributes
    ----------
    recording_id : str
    sheet : Path or None
        Where its own sheet was written; None where it could not be read.
    summary : str
        What is kept and why the rest is not, or why it could not be read.
    kept_s : float
    reasons : tuple of str
        Why frames were dropped.
    """

    recording_id: str
    sheet: Path | None
    summary: str
    kept_s: float = 0.0
    reasons: tuple[str, ...] = ()


def inspect_all(
    found: Sequence[Found],
    folder: Path,
    dims: int | None = None,
    *,
    told: Progress = silent,
    watching: Progress = silent,
) -> tuple[Line, ...]:
    """Write a sheet for each recording into `folder`, and `OVERVIEW` of all.

    One that cannot be read is named and the rest goes on.

    Raises
    ------
    InputError
        If something else than such a sheet is in the way of one; nothing is written then.
    """
    check_replaceable(folder / OVERVIEW, MAKER)
    for item in found:
        check_out(folder / sheet_name(item.recording_id))
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[Line] = []
    rows: list[Picture] = []

    def drawn(item: Found) -> tuple[Line, Picture]:
        seen = inspect(item, dims=dims)
        sheet = folder / sheet_name(item.recording_id)
        draw_inspection(seen, sheet)
        kept_s = sum(clip.n_frames for clip in seen.cleaned.clips) / FPS
        report = seen.cleaned.report
        line = Line(item.recording_id, sheet, report.summary, kept_s, tuple(report.shares))
        return line, _row(seen)

    for one in each_done(found, drawn, told=told, watching=watching):
        if isinstance(one, Failure):
            lines.append(Line(one.recording_id, None, one.reason))
            rows.append(_failed_row(one))
        else:
            lines.append(one[0])
            rows.append(one[1])
    order = sorted(range(len(lines)), key=lambda i: lines[i].recording_id)
    whole = np.concatenate([_head(lines), *(rows[i] for i in order)])
    write_png(whole, folder / OVERVIEW, MAKER)
    return tuple(lines[i] for i in order)


def sheet_name(recording_id: str) -> str:
    """Name of a recording's sheet: its id with what a file's name must not hold replaced."""
    plain = "".join(c if c.isalnum() or c in "-_. " else "-" for c in recording_id)
    return f"{plain.strip('.') or 'recording'}.png"


def _head(lines: Sequence[Line]) -> Picture:
    band = _blank(68)
    failed = sum(line.sheet is None for line in lines)
    kept_s = sum(line.kept_s for line in lines)
    empty = sum(line.sheet is not None and not line.kept_s for line in lines)
    text = f"{len(lines)} recordings, {kept_s / 60:.1f} minutes kept"
    text += f", {empty} of which nothing is left" if empty else ""
    text += f", {failed} not readable" if failed else ""
    draw_text(band, text, (12, 22), 17, _INK)
    met = {reason for line in lines for reason in line.reasons}
    draw_legend(band, 44, [reason for reason in REASON_COLOURS if reason in met])
    return band


def _row(seen: Inspection) -> Picture:
    row = _blank(LINE_PX)
    _put_thumbnail(row, seen)
    left = THUMB_PX + 24
    room = WIDTH_PX - left - 12
    draw_text(row, fitted(headline(seen), 15, room), (left, 16), 15, _INK)
    _, _, summary = seen.cleaned.report.summary.partition(": ")
    colour = _SOFT if seen.cleaned.clips else _FAILED
    draw_text(row, fitted(summary, 12, room), (left, 38), 12, colour)
    draw_text(row, fitted("  ".join(_clips(seen)), 11, room), (left, 56), 11, _SOFT)
    reasons = seen.cleaned.reasons
    if len(reasons):
        at = np.arange(room) * len(reasons) // room
        row[70:86, left : left + room] = [REASON_COLOURS.get(str(reasons[i]), KEPT) for i in at]
    return row


def _clips(seen: Inspection) -> Iterator[str]:
    """Each clip in a word or two: seconds, what of the body, how sure."""
    for clip in seen.cleaned.clips[:12]:
        name = seen.short(clip.clip_id)
        body = " upper" if clip.body == "upper" else ""
        sure = f" {clip.sure:.0%} sure" if clip.sure < 1 else ""
        yield f"{name}: {clip.n_frames / FPS:.1f} s{body}{sure}"


def _put_thumbnail(row: Picture, seen: Inspection) -> None:
    import cv2

    kept = np.flatnonzero(seen.cleaned.reasons == "")
    frame = int(kept[len(kept) // 2]) if len(kept) else len(seen.cleaned.reasons) // 2
    picture = moment(seen, frame, 2 * THUMB_PX)
    scale = min((LINE_PX - 8) / picture.shape[0], THUMB_PX / picture.shape[1])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    left = 12 + (THUMB_PX - size[0]) // 2
    row[4 : 4 + size[1], left : left + size[0]] = small


def _failed_row(failure: Failure) -> Picture:
    row = _blank(52)
    left = THUMB_PX + 24
    room = WIDTH_PX - left - 12
    draw_text(row, fitted(failure.recording_id, 15, room), (left, 16), 15, _FAILED)
    draw_text(row, fitted(failure.reason, 12, room), (left, 38), 12, _SOFT)
    return row


def _blank(height: int) -> Picture:
    return np.full((height, WIDTH_PX, 3), _GROUND, dtype=np.uint8)
