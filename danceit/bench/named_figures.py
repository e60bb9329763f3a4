"""Named figures that people annotated: what is danced when, and how fast they count.

The annotation (`figures.json`, from ChoreoNet) lists, for each dance, its figures in
order with their length in beats, and the stretch of the song that they fill, in frames
of 25 per second. Figures follow each other without gaps; a figure's time is its share
of the beats. `HOLD` and the like are figures as well.

Conventions: times are in seconds into the song, stretches half-open, tempi in beats a minute.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import Float64
from danceit.errors import InputError

ANNOTATION_FPS = 25.0
TEMPO_TOLERANCE = 0.04
"""By which a tempo may be off (MIREX)."""


@dataclass(frozen=True)
class NamedFigures:
    """The figures of one dance.

    Attributes
    ----------
    name : str
        Name of the dance's folder.
    figures : tuple of str
        G names, such as ``W-3-1``.
    beats : float64 (G,)
        Length of each in beats.
    edges_s : float64 (G + 1,)
        Start of each and the end of the last, s into the song.
    """

    name: str
    figures: tuple[str, ...]
    beats: Float64
    edges_s: Float64

    @property
    def tempo_bpm(self) -> float:
        """Tempo by which the annotators counted."""
        return float(60 * self.beats.sum() / (self.edges_s[-1] - self.edges_s[0]))

    def at(self, start_s: float, stop_s: float) -> str:
        """Return the figure that fills most of a stretch; empty where none is annotated."""
        overlap = np.minimum(self.edges_s[1:], stop_s) - np.maximum(self.edges_s[:-1], start_s)
        longest = int(np.argmax(overlap))
        return self.figures[longest] if overlap[longest] > 0 else ""


def validate(row: Any, where: str) -> None:
    """Check one dance of the annotation file.

    Raises
    ------
    InputError
        Naming the dance and what is wrong with it.
    """
    wanted = {"name", "start_pos", "end_pos", "movements", "durations"}
    missing = sorted(wanted - set(row)) if isinstance(row, dict) else sorted(wanted)
    if missing:
        raise InputError(f"{where}: an annotated dance lacks {', '.join(missing)}")
    name, figures, beats = row["name"], row["movements"], row["durations"]
    if len(figures) != len(beats) or not figures:
        raise InputError(
            f"{where}: {name} has {len(figures)} figures but {len(beats)} lengths in beats"
        )
    if min(beats) <= 0 or row["end_pos"] <= row["start_pos"]:
        raise InputError(f"{where}: {name} has a figure or a stretch without length")


def read_named_figures(path: Path) -> dict[str, NamedFigures]:
    """Read an annotation file into tracks by the name of the dance's folder.

    Raises
    ------
    InputError
        If the file is missing, malformed, or contradicts itself.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise InputError(f"{path} is not a readable list of figures: {exc}") from exc
    if not isinstance(rows, list):
        raise InputError(f"{path} must hold a list of dances; got {type(rows).__name__}")
    tracks = {}
    for row in rows:
        validate(row, str(path))
        beats = np.asarray(row["durations"], dtype=np.float64)
        start, end = (row[key] / ANNOTATION_FPS for key in ("start_pos", "end_pos"))
        share = np.concatenate([[0.0], np.cumsum(beats)]) / beats.sum()
        tracks[row["name"]] = NamedFigures(
            row["name"], tuple(row["movements"]), beats, start + share * (end - start)
        )
    return tracks


def evaluate(track: NamedFigures, tempo_bpm: float) -> dict[str, float]:
    """Compare a detected tempo with that by which people counted.

    ``tempo_ratio`` is detected over counted, 1 is right; ``octave_ratio`` is the same after
    doubling or halving to the nearest octave, between 0.71 and 1.41.
    """
    if not tempo_bpm > 0:
        nan = float("nan")
        return {"human_bpm": track.tempo_bpm, "tempo_ratio": nan, "octave_ratio": nan}
    ratio = tempo_bpm / track.tempo_bpm
    octave = ratio / 2 ** round(np.log2(ratio))
    return {"human_bpm": track.tempo_bpm, "tempo_ratio": ratio, "octave_ratio": octave}


def tempo_statement(tempi_bpm: Mapping[str, float], tracks: Mapping[str, NamedFigures]) -> str:
    """Say how often detected tempi agree with people's counting; empty without annotations.

    Parameters
    ----------
    tempi_bpm : mapping of recording id to tempo
        The last part of an id is the name of the dance's folder.
    """
    ratios = [
        evaluate(tracks[name], tempo)["octave_ratio"]
        for recording, tempo in tempi_bpm.items()
        if (name := recording.rpartition("/")[2]) in tracks and tempo > 0
    ]
    if not ratios:
        return ""
    right = int(np.sum(np.abs(np.array(ratios) - 1) <= TEMPO_TOLERANCE))
    return (
        f"detected tempi agree with people's counting within {TEMPO_TOLERANCE:.0%}, up to octaves, "
        f"for {right} of {len(ratios)} dances"
    )


def find_named_figures(data: Path) -> dict[str, NamedFigures]:
    """Read every ``figures.json`` anywhere in a data folder."""
    tracks: dict[str, NamedFigures] = {}
    for path in sorted(Path(data).rglob("figures.json")):
        tracks |= read_named_figures(path)
    return tracks


def relevance(queries: list[str], library: list[str]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which library fragments show the figure of each query, bool (Q, N).

    A stretch without a figure is relevant to nothing.
    """
    wanted, found = np.asarray(queries, dtype=str), np.asarray(library, dtype=str)
    same = wanted[:, None] == found[None, :]
    return np.asarray(same & (wanted != "")[:, None])
