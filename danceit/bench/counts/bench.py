"""Every tracker on every annotated song, with means by style and how fast it was.

Trackers get the sound alone: neither files nor corrections beside a song are read.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from danceit.audio import RATE, Sound, read_sound
from danceit.audio.counts.corrections import Corrections
from danceit.audio.counts.counting import Basis, count
from danceit.audio.counts.file import read_counts
from danceit.audio.counts.registry import DEFAULT_TRACKER, Tracker, tracker_named
from danceit.bench.counts.references import Annotated, annotated_songs
from danceit.bench.measures.statistics import Interval, bootstrap
from danceit.bench.measures.tracking import MEASURES, evaluate
from danceit.data import FPS
from danceit.errors import DanceitError, InputError, MissingDependencyError
from danceit.files import replacing
from danceit.progress import Progress, silent

ALL = "all"
"""The row of a tracker over all styles."""


@dataclass(frozen=True)
class Row:
    """One tracker on one song; `frames_per_s` are frames of 24 a second, decoding left out."""

    tracker: str
    song: str
    style: str
    values: dict[str, float]
    tempo_bpm: float
    reference_bpm: float
    metre: int
    reference_metre: int
    confidence: float
    frames_per_s: float


@dataclass(frozen=True)
class Means:
    """One tracker on the songs of a style, or on all of them."""

    tracker: str
    style: str
    n_songs: int
    intervals: dict[str, Interval]
    frames_per_s: float


@dataclass(frozen=True)
class CountsBench:
    """What was measured, and a line for each song or tracker that could not be."""

    rows: tuple[Row, ...]
    means: tuple[Means, ...]
    failures: tuple[str, ...]


def bench_counts(
    data: Path,
    *,
    reference: Path | None = None,
    trackers: Sequence[str] = (DEFAULT_TRACKER,),
    out: Path | None = None,
    progress: Progress = silent,
) -> CountsBench:
    """Measure trackers on the annotated songs of a folder.

    Parameters
    ----------
    data, reference : Path
        See `annotated_songs`.
    trackers : sequence of str
    out : Path, optional
        A JSON file for everything measured.

    Raises
    ------
    InputError
        If there are no annotated songs, or none could be measured.
    PluginError
        If there is no such tracker.
    MissingDependencyError
        If the only tracker needs what is not installed; of several, those are named.
    """
    songs = annotated_songs(data, reference)
    rows: list[Row] = []
    usable, failures = _usable(trackers)
    for done, song in enumerate(songs, start=1):
        try:
            rows += _measured(song, usable)
        except DanceitError as exc:
            failures.append(f"{song.song}: {exc}")
        progress(done, len(songs))
    if not rows:
        raise InputError(f"none of {len(songs)} songs could be measured: {failures[0]}")
    result = CountsBench(tuple(rows), _means(rows, usable), tuple(failures))
    if out is not None:
        with replacing(out) as temporary:
            temporary.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    return result


def _usable(trackers: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of the trackers that can be asked, and why others of several cannot."""
    usable, failures = [], []
    for name in trackers:
        try:
            _warm(tracker_named(name))
            usable.append(name)
        except MissingDependencyError as exc:
            if len(trackers) == 1:
                raise
            failures.append(str(exc))
    return usable, failures


def _measured(song: Annotated, trackers: Sequence[str]) -> list[Row]:
    sound = read_sound(song.song)
    truth = read_counts(song.reference, sound.duration_s)
    rows = []
    for name in trackers:
        start = time.perf_counter()
        tracker_named(name)(sound)
        seconds = time.perf_counter() - start
        counts = count(sound, Basis(None, name, Corrections()), song.name)
        rows.append(
            Row(
                tracker=name,
                song=song.name,
                style=song.style,
                values=evaluate(counts, truth),
                tempo_bpm=counts.tempo_bpm,
                reference_bpm=truth.tempo_bpm,
                metre=counts.metre,
                reference_metre=truth.metre,
                confidence=counts.confidence,
                frames_per_s=sound.duration_s * FPS / seconds,
            )
        )
    return rows


def _means(rows: Sequence[Row], trackers: Sequence[str]) -> tuple[Means, ...]:
    styles = sorted({row.style for row in rows})
    means = []
    for tracker in trackers:
        for style in (ALL, *(styles if len(styles) > 1 else ())):
            held = [row for row in rows if row.tracker == tracker and style in (ALL, row.style)]
            if not held:
                continue
            intervals = {
                measure: bootstrap(np.array([row.values[measure] for row in held]))
                for measure in MEASURES
            }
            speed = float(np.median([row.frames_per_s for row in held]))
            means.append(Means(tracker, style, len(held), intervals, speed))
    return tuple(means)


def _warm(tracker: Tracker) -> None:
    """Let a tracker import and load what it needs, so that no song pays for that."""
    noise = np.random.default_rng(0).normal(0.0, 0.1, 5 * RATE).astype(np.float32)
    tracker(Sound(noise, RATE))
