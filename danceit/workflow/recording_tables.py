"""Measures by which the papers describe their data: tempo, turns, share dropped, lengths, styles.

DanceIt reports the tempo and the turns of its dances, and the share of frames that
cleaning dropped; Lee et al. the minutes by style. Here they are a table and a picture of any
folder or index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from danceit.data import FPS
from danceit.errors import InputError, NothingReadError
from danceit.index.building.reading import Failure, each_done, found_again
from danceit.index.cleaning.lag import Lag
from danceit.index.cleaning.report import REASONS, CleaningReport
from danceit.index.sources import Found, scan
from danceit.index.sources.only import nothing_in
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.engines import open_store
from danceit.makers import write_figure
from danceit.progress import Progress, silent
from danceit.workflow.inspection import inspect

MAKER = "picture of tables by danceit"


@dataclass(frozen=True)
class RecordingMeasures:
    """Measures of one recording; `tempo_bpm` is 0 where it has no beat.

    `lag` is how much later the picture comes than the sound; None where none can be told.
    """

    recording_id: str
    style: str
    dims: int
    seconds: float
    tempo_bpm: float
    n_turns: int
    clip_s: tuple[float, ...]
    lag: Lag | None
    report: CleaningReport

    @property
    def kept_s(self) -> float:
        """Seconds that cleaning kept."""
        return sum(self.clip_s)

    @property
    def turns_a_minute(self) -> float:
        """Turns in a minute of what was kept; 0 where nothing was."""
        return 60 * self.n_turns / self.kept_s if self.kept_s else 0.0

    @property
    def dropped_share(self) -> float:
        """Share of all frames that cleaning dropped."""
        return 1 - self.report.frames_kept / max(self.report.frames_in, 1)


@dataclass(frozen=True)
class RecordingTables:
    """Measures of many recordings, and for each recording that could not be read, why."""

    recordings: tuple[RecordingMeasures, ...]
    failed: tuple[tuple[str, str], ...]

    @property
    def seconds_by_style(self) -> dict[str, float]:
        """Seconds kept by style, the longest first; "" is unknown."""
        total: dict[str, float] = {}
        for row in self.recordings:
            total[row.style] = total.get(row.style, 0.0) + row.kept_s
        return dict(sorted(total.items(), key=lambda item: -item[1]))


def measure_recordings(
    found: Sequence[Found],
    *,
    dims: int | None = None,
    progress: Progress = silent,
    watching: Progress = silent,
) -> RecordingTables:
    """Measure recordings; one that cannot be read is named and left out.

    Raises
    ------
    InputError
        If none can be read.
    """
    rows: list[RecordingMeasures] = []
    failed: dict[str, str] = {}
    work = partial(_measured, dims=dims)
    for one in each_done(found, work, told=progress, watching=watching):
        if isinstance(one, Failure):
            failed[one.recording_id] = one.reason
        else:
            rows.append(one)
    if not rows:
        headline = f"none of {len(found)} recordings could be read"
        raise NothingReadError(headline, sorted(failed.items()))
    return RecordingTables(tuple(rows), tuple(failed.items()))


def recordings_of(
    data: Path | None, index: Path, settings: ReadSettings | None = None
) -> tuple[Found, ...]:
    """Recordings of a folder, or without one those that an index was made of.

    Raises
    ------
    InputError
        If there are none.
    """
    if data is not None:
        held = scan(data, settings)
        if not held.found:
            raise InputError(nothing_in(data, held))
        return held.found
    with open_store(index, device="cpu") as store:
        known = store.recordings()
    items, _ = found_again(known, settings)
    if not items:
        raise InputError(f"none of the {len(known)} recordings of {index} is where it was")
    return items


def _measured(item: Found, dims: int | None) -> RecordingMeasures:
    seen = inspect(item, dims=dims)
    return RecordingMeasures(
        recording_id=item.recording_id,
        style=seen.recording.style,
        dims=int(seen.recording.poses.shape[2]),
        seconds=seen.n_frames / FPS,
        tempo_bpm=seen.tempo_bpm,
        n_turns=seen.n_turns,
        clip_s=tuple(clip.n_frames / FPS for clip in seen.cleaned.clips),
        lag=seen.lag,
        report=seen.cleaned.report,
    )


def draw_tables(tables: RecordingTables, out: Path) -> None:
    """Draw the tables as a picture; the suffix of `out` chooses its format.

    Raises
    ------
    InputError
        As `danceit.makers.write_figure`.
    """
    from matplotlib.figure import Figure

    rows = tables.recordings
    figure = Figure(figsize=(12, 6.5), layout="constrained")
    axes = figure.subplots(2, 3).reshape(-1).tolist()
    tempi = [row.tempo_bpm for row in rows if row.tempo_bpm]
    _histogram(axes[0], tempi, "tempo of the songs", "beats a minute")
    turns = [row.turns_a_minute for row in rows if row.kept_s]
    _histogram(axes[1], turns, "turns", "turns a minute")
    shares = [100 * row.dropped_share for row in rows]
    _histogram(axes[2], shares, "dropped by cleaning", "% of a recording's frames")
    lengths = [second for row in rows for second in row.clip_s]
    _histogram(axes[3], lengths, "length of the clips", "s")
    n_frames = sum(row.report.frames_in for row in rows)
    why = {
        reason: 100 * sum(row.report.dropped.get(reason, 0) for row in rows) / max(n_frames, 1)
        for reason in REASONS
    }
    _bars(axes[4], {name: share for name, share in why.items() if share}, "why", "% of all frames")
    styles = {name or "unknown": s / 60 for name, s in tables.seconds_by_style.items()}
    _bars(axes[5], dict(list(styles.items())[:12]), "styles", "minutes kept")
    minutes = sum(row.kept_s for row in rows) / 60
    figure.suptitle(f"{len(rows)} recordings, {len(lengths)} clips, {minutes:.1f} minutes kept")
    write_figure(figure, out, MAKER, dpi=110)


def _histogram(axis, values: list[float], title: str, unit: str) -> None:  # type: ignore[no-untyped-def]  # matplotlib's axes
    axis.set_title(title)
    axis.set_xlabel(unit)
    axis.set_ylabel("count")
    axis.yaxis.get_major_locator().set_params(integer=True)
    if values:
        axis.hist(values, bins=min(20, max(5, len(values))), color="#3b82c4")
        middle = float(np.median(values))
        axis.axvline(middle, color="#e05a47")
        axis.annotate(f" median {middle:.3g}", (middle, 1), xycoords=("data", "axes fraction"),
                      va="top", color="#e05a47")  # fmt: skip
    else:
        axis.annotate("none", (0.5, 0.5), xycoords="axes fraction", ha="center")


def _bars(axis, values: dict[str, float], title: str, unit: str) -> None:  # type: ignore[no-untyped-def]  # matplotlib's axes
    axis.set_title(title)
    axis.set_xlabel(unit)
    names = list(values)[::-1]
    axis.barh(names, [values[name] for name in names], color="#3b82c4")
    if not names:
        axis.annotate("none", (0.5, 0.5), xycoords="axes fraction", ha="center")
