"""Counts that a person, or another program, wrote beside a song.

``song.beats`` holds a line a beat: seconds, and its place in the bar after a tab or a blank
(madmom's form; the place may be left out). Lines that begin with ``#`` are passed over. A
label track of Audacity (start, end, label) is read under that name too, or as
``song.labels.txt``: a number is a beat's place, a named stretch is a section. Of a JAMS
file, ``song.jams``, the first annotation of beats and the first of segments are read.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit.counts import Counts, Section, metre_of
from danceit.errors import InputError
from danceit.files import replacing

SUFFIXES = (".beats", ".jams", ".labels.txt")
"""What replaces the song's own suffix, first found first taken."""
CORRECTIONS_SUFFIX = ".counts"
"""Of what a person put right (`danceit.audio.counts.corrections`)."""
_BEYOND_S = 0.5
"""Beats this much after a song's end are put down to another decoder's padding."""
_FORM = "expected a line a beat: seconds, and its number in the bar"


def beside(song: Path) -> Path | None:
    """The file of counts that lies beside a song, if there is one."""
    for suffix in SUFFIXES:
        path = song.with_name(song.stem + suffix)
        if path.is_file():
            return path
    return None


def is_counts(path: Path) -> bool:
    """Whether a file is named as counts of a song are, or as corrections of them."""
    return path.name.lower().endswith((*SUFFIXES, CORRECTIONS_SUFFIX))


def counts_named(folder: Path, stem: str) -> tuple[Path, ...]:
    """Files in `folder` that say how the song called `stem` is counted."""
    paths = (folder / f"{stem}{suffix}" for suffix in (*SUFFIXES, CORRECTIONS_SUFFIX))
    return tuple(path for path in paths if path.is_file())


def read_counts(path: Path, duration_s: float | None = None) -> Counts:
    """Read a file of counts.

    Parameters
    ----------
    path : Path
    duration_s : float, optional
        Length of the song that it should be of.

    Raises
    ------
    InputError
        If it cannot be read, has under two beats, is not in order of time, or goes on
        beyond the song.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a text file"
        raise InputError(f"{path} cannot be read: {reason or exc}") from exc
    jams = path.suffix.lower() == ".jams"
    beats, sections = _jams(path, text) if jams else _lines(path, text)
    if len(beats) < 2:
        raise InputError(
            f"{path} holds {len(beats)} beats; {_FORM}, at least two; remove the file to have "
            "the beats found"
        )
    beats_s = np.array([time_s for time_s, _ in beats], np.float64)
    numbers = np.array([number for _, number in beats], np.int32)
    wrong = np.flatnonzero(np.diff(beats_s) <= 0)
    if wrong.size:
        before, after = beats_s[wrong[0] : wrong[0] + 2]
        raise InputError(f"{path} is not in order of time: {after:g} s comes after {before:g} s")
    if beats_s[0] < 0:
        raise InputError(f"{path} has a beat before the song begins, at {beats_s[0]:g} s")
    if duration_s is not None and beats_s[-1] > duration_s + _BEYOND_S:
        raise InputError(
            f"{path} has beats up to {beats_s[-1]:.1f} s, but the song ends at "
            f"{duration_s:.1f} s: of another song?"
        )
    # Tracks of labels that were joined list one after the other.
    in_order = tuple(sorted(sections, key=lambda section: section.start_s))
    counts = Counts(beats_s, numbers, metre_of(numbers), in_order, tracker="file")
    return replace(counts, bar_confidence=1.0 if counts.metre else 0.0)


def write_counts(counts: Counts, path: Path) -> None:
    """Write ``.beats``: seconds and number, a tab between; numbers left out where unknown."""
    known = bool(counts.numbers.any())
    lines = [
        f"{beat_s:.3f}\t{number}" if known else f"{beat_s:.3f}"
        for beat_s, number in zip(counts.beats_s.tolist(), counts.numbers.tolist(), strict=True)
    ]
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _lines(path: Path, text: str) -> tuple[list[tuple[float, int]], list[Section]]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith(("#", "\\")):
            # Audacity writes tabs, and its labels may hold blanks or nothing.
            fields = line.split("\t") if line.count("\t") >= 2 else line.split(None, 2)
            rows.append((number, [field.strip() for field in fields]))
    labelled = bool(rows) and all(len(fields) >= 2 for _, fields in rows)
    labelled &= any(len(fields) > 2 for _, fields in rows) or all(
        fields[0] == fields[1] for _, fields in rows if len(fields) > 1
    )
    beats: list[tuple[float, int]] = []
    sections: list[Section] = []
    for number, fields in rows:
        where = f"{path}, line {number}: '{' '.join(fields)}'; {_FORM}"
        start_s = _number(fields[0], where)
        if not labelled:
            beats.append((start_s, _place(fields[1] if len(fields) > 1 else "", where)))
            continue
        end_s, label = _number(fields[1], where), fields[2] if len(fields) > 2 else ""
        if label and not label.isdigit() and end_s > start_s:
            sections.append(Section(start_s, end_s, label))
        else:
            beats.append((start_s, _place(label, where)))
    return beats, sections


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError as exc:
        raise InputError(where) from exc
    if not np.isfinite(value):
        raise InputError(where)
    return value


def _place(text: str, where: str) -> int:
    place = _number(text or "0", where)
    if place != int(place) or not 0 <= place <= 32:
        raise InputError(where)
    return int(place)


def _jams(path: Path, text: str) -> tuple[list[tuple[float, int]], list[Section]]:
    try:
        annotations = json.loads(text)["annotations"]
        beats: list[tuple[float, int]] = []
        sections: list[Section] = []
        for annotation in annotations:
            kind = str(annotation["namespace"])
            if kind in ("beat", "beat_position") and not beats:
                beats = [(float(row["time"]), _jams_place(row)) for row in _rows(annotation)]
            elif kind.startswith("segment") and not sections:
                sections = [
                    Section(
                        float(row["time"]),
                        float(row["time"]) + float(row["duration"]),
                        str(row["value"]),
                    )
                    for row in _rows(annotation)
                ]
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InputError(f"{path} is not a JAMS file: {exc}") from exc
    return beats, sections


def _rows(annotation: dict[str, Any]) -> list[dict[str, Any]]:
    """Observations of an annotation; older files hold a list for each column."""
    data = annotation["data"]
    if isinstance(data, dict):
        return [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]
    return list(data)


def _jams_place(row: dict[str, Any]) -> int:
    value = row.get("value")
    if isinstance(value, dict):
        value = value.get("position")
    place = float(value) if value is not None else 0.0
    return int(place) if np.isfinite(place) and place == int(place) and place > 0 else 0
