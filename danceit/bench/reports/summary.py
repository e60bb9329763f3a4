"""From the cells of a run to its tables: means over songs, intervals, paired comparisons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from danceit.bench.cells import Cell
from danceit.bench.measures.statistics import Comparison, Interval, bootstrap, compare
from danceit.bench.reports.catalogue import BY_KEY

Intervals = dict[str, dict[str, Interval]]
"""For each row of the tables, each measure's mean over songs."""


@dataclass(frozen=True)
class BenchRun:
    """What a bench measured.

    Attributes
    ----------
    out : Path
        The run folder.
    title : str
    cells : tuple of Cell
    rows : tuple of str
        Methods in the order of the tables.
    baseline : str
        Row that others are compared with.
    tables : dict of str to tuple of str
        Measures of each table by its heading.
    compared : tuple of str
        Measures of the paired comparison.
    ends : tuple of str
        Rows that mark the ends of the scale and are not compared.
    found : dict of str to dict of str to Interval
        Values that are no plain mean over songs, by row and measure.
    fills : dict of str to str
        For each row the row of ``gaps`` cells that it shares with others.
    notes : tuple of str
        What a reader must know: sources, leaks, problems.
    failures : tuple of str
        One line for each cell that failed and each file that could not be used.
    """

    out: Path
    title: str
    cells: tuple[Cell, ...]
    rows: tuple[str, ...]
    baseline: str
    tables: Mapping[str, tuple[str, ...]]
    compared: tuple[str, ...]
    ends: tuple[str, ...] = ()
    found: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paired:
    """One line of the comparison: a row less the baseline, in one measure."""

    row: str
    key: str
    comparison: Comparison


def intervals_of(run: BenchRun) -> Intervals:
    """Mean over songs of every measure of every row, with bootstrap intervals."""
    found: Intervals = {}
    for row in run.rows:
        by_key = values_of(run, row)
        found[row] = {
            key: bootstrap(np.array(list(songs.values()), dtype=np.float64))
            for key, songs in by_key.items()
        }
        found[row] |= run.found.get(row, {})
    return found


def paired(run: BenchRun) -> list[Paired]:
    """Compare every row but the ends of the scale with the baseline, on the same songs."""
    base = values_of(run, run.baseline)
    lines = []
    for row in run.rows:
        if row == run.baseline or row in run.ends:
            continue
        own = values_of(run, row)
        for key in run.compared:
            songs = sorted(set(own.get(key, {})) & set(base.get(key, {})))
            if songs:
                a, b = (np.array([each[key][song] for song in songs]) for each in (own, base))
                lines.append(Paired(row, key, compare(a, b)))
    return lines


def values_of(run: BenchRun, row: str) -> dict[str, dict[str, float]]:
    """Values of one row: measure to song to the mean of that song's cells."""
    gathered: dict[str, dict[str, list[float]]] = {}
    for cell in _cells_of(run, row):
        for key, value in cell.values.items():
            gathered.setdefault(key, {}).setdefault(cell.song, []).append(value)
    return {
        key: {song: _mean(values) for song, values in songs.items()}
        for key, songs in gathered.items()
    }


def best_rows(run: BenchRun, found: Intervals, key: str) -> set[str]:
    """Rows that are best in a measure, the ends of the scale left aside."""
    better = BY_KEY[key].better
    means = {
        row: found[row][key].mean
        for row in run.rows
        if row not in run.ends and key in found[row] and np.isfinite(found[row][key].mean)
    }
    if not means or not better:
        return set()
    if better == "near real":
        real = found.get(run.ends[0], {}).get(key) if run.ends else None
        if real is None or not np.isfinite(real.mean):
            return set()
        means = {row: abs(value - real.mean) for row, value in means.items()}
    target = max(means.values()) if better == "larger" else min(means.values())
    best = {row for row, value in means.items() if np.isclose(value, target, rtol=1e-9, atol=0)}
    return best if len(best) < len(means) else set()


def long_form(run: BenchRun) -> list[dict[str, str | float]]:
    """One record a measured value, and one a failed cell: what `results.parquet` holds."""
    records: list[dict[str, str | float]] = []
    for cell in run.cells:
        common = {"bench": run.title, "kind": cell.kind, "row": cell.method, "song": cell.song}
        if cell.error:
            records.append({**common, "measure": "", "value": float("nan"), "error": cell.error})
        for key, value in cell.values.items():
            records.append({**common, "measure": key, "value": value, "error": ""})
    return records


def shown_rows(run: BenchRun, found: Intervals, keys: Iterable[str]) -> list[str]:
    """Rows that have one of the measures, and those that failed."""
    wanted = list(keys)
    failed = {cell.method for cell in run.cells if cell.error}
    return [row for row in run.rows if row in failed or any(key in found[row] for key in wanted)]


def label_of(run: BenchRun, row: str, keys: Iterable[str] = ()) -> str:
    """Name of a row, with the number of songs that it failed on.

    In a table of gaps alone it says which aligner fills them, where that is not the row's own.
    """
    failed = {cell.song for cell in run.cells if cell.error and cell.method == row}
    shown = list(keys)
    fills = run.fills.get(row, "")
    if fills not in ("", row) and shown and all(key.startswith("gap_px_") for key in shown):
        row = f"{row} (filled by {fills})"
    return f"{row} (failed on {len(failed)})" if failed else row


def shown_keys(run: BenchRun, found: Intervals, keys: Iterable[str]) -> list[str]:
    """Those of the measures that some row has."""
    return [key for key in keys if any(key in measured for measured in found.values())]


def _cells_of(run: BenchRun, row: str) -> list[Cell]:
    fills = run.fills.get(row)
    return [
        cell
        for cell in run.cells
        if not cell.error
        and (cell.method == fills if cell.kind == "gaps" else cell.method == row)
        and cell.kind != "sweep"
    ]


def _mean(values: Sequence[float]) -> float:
    kept = [value for value in values if np.isfinite(value)]
    return float(np.mean(kept)) if kept else float("nan")
