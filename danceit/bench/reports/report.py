"""A run told in a terminal, in Markdown, as a table of values, and as one page.

Every mean stands with its 95 % bootstrap interval over songs; the best of the methods
is starred (in Markdown bold), the ends of the scale and ties of all are not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.bench.measures.statistics import Interval, p_text
from danceit.bench.reports.catalogue import BY_KEY, PUBLISHED, shown
from danceit.bench.reports.page import page
from danceit.bench.reports.summary import (
    BenchRun,
    Intervals,
    Paired,
    best_rows,
    intervals_of,
    label_of,
    long_form,
    paired,
    shown_keys,
    shown_rows,
)
from danceit.duck import connected
from danceit.files import replacing

ARROWS = {"larger": "+", "smaller": "-", "near real": "~", "": ""}
_COLUMNS = {
    "bench": "VARCHAR",
    "kind": "VARCHAR",
    "row": "VARCHAR",
    "song": "VARCHAR",
    "measure": "VARCHAR",
    "value": "DOUBLE",
    "error": "VARCHAR",
}
_SCHEMA = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
LEGEND = (
    "+ larger is better, - smaller, ~ near real dances; * best method; [95 % interval over songs]"
)


@dataclass(frozen=True)
class Written:
    """The files of a report."""

    results: Path
    markdown: Path
    page: Path


def write_report(run: BenchRun) -> Written:
    """Write `results.parquet`, `report.md` and `report.html` into the run folder."""
    written = Written(run.out / "results.parquet", run.out / "report.md", run.out / "report.html")
    found, comparisons = intervals_of(run), paired(run)
    _write_parquet(run, written.results)
    for path, content in (
        (written.markdown, markdown(run, found, comparisons)),
        (written.page, page(run, found, comparisons)),
    ):
        with replacing(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return written


def terminal(run: BenchRun) -> str:
    """Tables for a terminal, with the paired comparison and what failed."""
    found, comparisons = intervals_of(run), paired(run)
    blocks = [f"{run.title}: {run.out}"]
    for title, keys in run.tables.items():
        kept = shown_keys(run, found, keys)
        if kept:
            blocks.append(f"{title}\n{_columns(_rows(run, found, kept))}")
    if comparisons:
        blocks.append(
            f"Against {run.baseline}, on the same songs\n{_columns(_comparison_rows(comparisons))}"
        )
    blocks.append("\n".join([LEGEND, *run.notes]))
    if run.failures:
        lines = [f"  {line}" for line in run.failures]
        blocks.append("\n".join([f"Failed ({len(run.failures)}):", *lines]))
    return "\n\n".join(blocks)


def markdown(run: BenchRun, found: Intervals, comparisons: Sequence[Paired]) -> str:
    """The same tables in Markdown, with definitions and the papers' own figures."""
    parts = [f"# {run.title}", "\n".join(f"- {note}" for note in run.notes)]
    for title, keys in run.tables.items():
        kept = shown_keys(run, found, keys)
        if kept:
            rows = _rows(run, found, kept, star="**")
            parts += [f"## {title}", _pipes(rows)]
    if comparisons:
        parts += [
            f"## Against {run.baseline}, on the same songs",
            _pipes(_comparison_rows(comparisons)),
        ]
    published = _published_rows(run, found)
    if published:
        parts += ["## What papers report (not comparable)", _pipes(published)]
    if run.failures:
        parts += ["## Failed", "\n".join(f"- {line}" for line in run.failures)]
    listed = [key for group in run.tables.values() for key in shown_keys(run, found, group)]
    parts += ["## Measures", "\n".join(_definitions(listed))]
    return "\n\n".join(parts) + "\n"


def interval_text(key: str, interval: Interval) -> str:
    """A mean with its interval, as its measure is shown."""
    mean = shown(key, interval.mean)
    if not np.isfinite(interval.low):
        return mean
    return f"{mean} [{shown(key, interval.low)} to {shown(key, interval.high)}]"


def _rows(run: BenchRun, found: Intervals, keys: Sequence[str], star: str = "") -> list[list[str]]:
    rows = [["", *(f"{_heading(key)}" for key in keys)]]
    best = {key: best_rows(run, found, key) for key in keys}
    for row in shown_rows(run, found, keys):
        cells = [label_of(run, row, keys)]
        for key in keys:
            interval = found[row].get(key)
            words = interval_text(key, interval) if interval else "\N{EN DASH}"
            if row in best[key]:
                words = f"{star}{words}{star}" if star else f"*{words}"
            cells.append(words)
        rows.append(cells)
    return rows


def _heading(key: str) -> str:
    measure = BY_KEY[key]
    unit = f" {measure.unit}" if measure.unit else ""
    arrow = f" {ARROWS[measure.better]}" if measure.better else ""
    return f"{measure.label}{unit}{arrow}"


def _comparison_rows(comparisons: Sequence[Paired]) -> list[list[str]]:
    """Methods by measures: the difference and its p-value."""
    keys = list(dict.fromkeys(each.key for each in comparisons))
    by_cell = {(each.row, each.key): each.comparison for each in comparisons}
    rows = [["", *(_heading(key) for key in keys)]]
    for row in dict.fromkeys(each.row for each in comparisons):
        cells = [row]
        for key in keys:
            c = by_cell.get((row, key))
            known = c is not None and np.isfinite(c.difference)
            words = shown(key, c.difference, signed=True) if c and known else "\N{EN DASH}"
            p_value = f" ({p_text(c.p_value)})" if c and np.isfinite(c.p_value) else ""
            cells.append(words + p_value)
        rows.append(cells)
    return rows


def _published_rows(run: BenchRun, found: Intervals) -> list[list[str]]:
    shown_here = {key for row in found.values() for key in row}
    rows = [["measure", "value", "paper", "why not comparable"]]
    rows += [
        [BY_KEY[p.key].label, shown(p.key, p.value), p.paper, p.reservation]
        for p in PUBLISHED
        if p.key in shown_here
    ]
    return rows if len(rows) > 1 else []


def _definitions(keys: Sequence[str]) -> Iterator[str]:
    for key in dict.fromkeys(keys):
        measure = BY_KEY[key]
        better = f" Better: {measure.better}." if measure.better else ""
        yield f"- **{measure.label}** (`{key}`): {measure.meaning}{better}"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _pipes(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def _write_parquet(run: BenchRun, path: Path) -> None:
    records = long_form(run)
    columns = {name: [record[name] for record in records] for name in _COLUMNS}
    with replacing(path) as temporary, connected(None, files=True) as connection:
        connection.execute(f"CREATE TABLE results ({_SCHEMA})")
        if records:
            unnested = ", ".join(f"UNNEST(?::{kind}[])" for kind in _COLUMNS.values())
            connection.execute(f"INSERT INTO results SELECT {unnested}", list(columns.values()))
        connection.execute(f"COPY results TO '{str(temporary).replace(chr(39), chr(39) * 2)}'")
