"""Plots as SVG text that stands inside a page: no library, no network, no picture files.

Colours are CSS variables (``--series-0`` to ``--series-7``, ``--ink``, ``--faint``), so that
a page decides how they look by day and by night. Sizes are in CSS pixels.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from danceit.data import BONES, Float64

N_COLOURS = 8


@dataclass(frozen=True)
class Series:
    """A line of a chart: its name, colour number, and points with optional intervals."""

    label: str
    colour: int
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class Mark:
    """A level across a chart, such as what real dances score."""

    label: str
    y: float


@dataclass(frozen=True)
class Area:
    """Rectangle of a plot and the data that it shows; `log` for the vertical axis."""

    left: float
    top: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    log: bool = False

    def x(self, value: float) -> float:
        """Horizontal place of a value."""
        low, high = self.x_range
        return self.left + self.width * (value - low) / ((high - low) or 1.0)

    def y(self, value: float) -> float:
        """Vertical place of a value."""
        low, high = self.y_range
        scale: Callable[[float], float] = np.log10 if self.log else float
        share = (scale(max(value, low)) - scale(low)) / ((scale(high) - scale(low)) or 1.0)
        return self.top + self.height * (1 - share)

    def path(self, x: Sequence[float], y: Sequence[float]) -> str:
        """Path through the finite points; a gap where one is missing."""
        parts, pen = [], "M"
        for a, b in zip(x, y, strict=True):
            if np.isfinite(a) and np.isfinite(b):
                parts.append(f"{pen}{self.x(a):.1f} {self.y(b):.1f}")
                pen = "L"
            else:
                pen = "M"
        return "".join(parts)


def colour(number: int) -> str:
    """CSS colour of a series; those beyond the palette begin again."""
    return f"var(--series-{number % N_COLOURS})"


def drawing(width: float, height: float, parts: Iterable[str], title: str) -> str:
    """One SVG that grows and shrinks with the page and says what it shows."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}" '
        f'style="max-width:{width:g}px">{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> str:
    """A label; `kind` is a CSS class."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} class="{kind}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> str:
    """A straight line of a CSS class."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


@dataclass(frozen=True)
class Scales:
    """What both axes of a chart say.

    Attributes
    ----------
    x_label, y_label : str
    x_ticks : sequence of (place, words)
    y_range : (low, high) or None
        None for what holds all values.
    log : bool
        Whether the vertical one is logarithmic.
    """

    x_label: str
    y_label: str
    x_ticks: Sequence[tuple[float, str]]
    y_range: tuple[float, float] | None = None
    log: bool = False


def line_chart(
    series: Sequence[Series], scales: Scales, *, title: str, marks: Sequence[Mark] = ()
) -> str:
    """Lines with intervals, named at their right ends."""
    values = [v for s in series for v in (*s.y, *s.low, *s.high)] + [mark.y for mark in marks]
    log, x_ticks = scales.log, scales.x_ticks
    y_range = scales.y_range or nice_range(values, log=log)
    ends = [position for position, _ in x_ticks]
    area = Area(54, 16, 430, 250, (min(ends), max(ends)), y_range, log)
    parts = axes(area, x_ticks, y_ticks(y_range, log=log), scales.x_label, scales.y_label)
    for mark in marks:
        level = area.y(mark.y)
        parts.append(line(area.left, level, area.left + area.width, level, "mark"))
        parts.append(text(area.left + 6, level - 4, mark.label, kind="small"))
    wanted = []
    for each in series:
        parts.append(_series(area, each))
        last = [(a, b) for a, b in zip(each.x, each.y, strict=True) if np.isfinite(b)]
        if last:
            wanted.append((area.y(last[-1][1]), each))
    for place, (_, each) in zip(spread([place for place, _ in wanted], 14), wanted, strict=True):
        label = text(area.left + area.width + 10, place + 4, each.label)
        parts.append(f'<g style="fill:{colour(each.colour)}">{label}</g>')
    return drawing(640, area.top + area.height + 46, parts, title)


def whisker_chart(
    rows: Sequence[tuple[str, int, float, float, float]],
    *,
    title: str,
    x_label: str,
    level: Mark | None = None,
) -> str:
    """Shares with their intervals (label, colour, value, low, high), a line each, in per cent."""
    area = Area(190, 10, 400, 24.0 * len(rows), (0.0, 1.0), (0.0, 1.0))
    ticks = [(share / 5, f"{20 * share:d} %") for share in range(6)]
    parts = axes(area, ticks, [], x_label, "")
    parts += [line(area.x(x), area.top, area.x(x), area.top + area.height) for x, _ in ticks]
    if level is not None:
        place = area.x(level.y)
        parts.append(line(place, area.top, place, area.top + area.height, "mark"))
        parts.append(text(place + 4, area.top + 10, level.label, kind="small"))
    for number, (label, shade, value, low, high) in enumerate(rows):
        y = area.top + 24.0 * (number + 0.5)
        parts.append(text(area.left - 12, y + 4, label, anchor="end"))
        if np.isfinite(low):
            ends = f'x1="{area.x(low):.1f}" y1="{y:.1f}" x2="{area.x(high):.1f}" y2="{y:.1f}"'
            parts.append(f'<line {ends} class="bar" style="stroke:{colour(shade)}"/>')
        parts.append(
            f'<circle cx="{area.x(value):.1f}" cy="{y:.1f}" r="4.5" '
            f'style="fill:{colour(shade)}"><title>{100 * value:.3g} %</title></circle>'
        )
    return drawing(640, area.top + area.height + 46, parts, title)


def dot_chart(
    series: Sequence[Series], *, title: str, categories: Sequence[str], y_label: str
) -> str:
    """Dots by category on a logarithmic axis, side by side for the series, shares in per cent."""
    values = [v for s in series for v in s.y if v > 0]
    low = 10 ** np.floor(np.log10(min(values, default=1e-4)))
    area = Area(72, 16, 550, 230, (0, len(categories)), (float(low), 1.0), log=True)
    ticks = [(i + 0.5, name) for i, name in enumerate(categories)]
    parts = axes(area, ticks, y_ticks(area.y_range, log=True, percent=True), "px a frame", y_label)
    width = 0.8 / max(len(series), 1)
    for number, each in enumerate(series):
        for category, value in enumerate(each.y):
            x = area.x(category + 0.1 + width * (number + 0.5))
            if value > 0:
                parts.append(
                    f'<circle cx="{x:.1f}" cy="{area.y(value):.1f}" r="4.5" '
                    f'style="fill:{colour(each.colour)}"><title>{escape(each.label)}: '
                    f"{100 * value:.3g} %</title></circle>"
                )
            else:
                place = area.top + area.height - 3
                parts.append(text(x, place, "0", anchor="middle", kind="small"))
    return drawing(640, area.top + area.height + 46, parts, title)


def axes(
    area: Area,
    x_ticks: Sequence[tuple[float, str]],
    y_marks: Sequence[tuple[float, str]],
    x_label: str,
    y_label: str,
) -> list[str]:
    """Grid, ticks and labels of an area."""
    bottom, right = area.top + area.height, area.left + area.width
    parts = []
    for value, words in y_marks:
        parts.append(line(area.left, area.y(value), right, area.y(value)))
        parts.append(text(area.left - 7, area.y(value) + 4, words, anchor="end", kind="small"))
    for value, words in x_ticks:
        parts.append(text(area.x(value), bottom + 17, words, anchor="middle", kind="small"))
    parts.append(line(area.left, bottom, right, bottom, "axis"))
    parts.append(text((area.left + right) / 2, bottom + 37, x_label, anchor="middle", kind="label"))
    if y_label:
        middle = area.top + area.height / 2
        parts.append(
            f'<g transform="translate(13 {middle:.0f}) rotate(-90)">'
            f"{text(0, 0, y_label, anchor='middle', kind='label')}</g>"
        )
    return parts


def y_ticks(
    y_range: tuple[float, float], *, log: bool = False, percent: bool = False
) -> list[tuple[float, str]]:
    """Round values within a range, with their labels."""
    low, high = y_range
    if log:
        powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        steps = (1.0,) if len(powers) > 3 else (1.0, 2.0, 5.0)
        values = [10.0**power * step for power in powers for step in steps]
    else:
        step = nice_step((high - low) / 5)
        values = list(np.arange(np.ceil(low / step), np.floor(high / step + 1e-9) + 1) * step)
    kept = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
    return [(value, f"{100 * value:g} %" if percent else f"{value + 0.0:.6g}") for value in kept]


def nice_range(values: Sequence[float], *, log: bool = False) -> tuple[float, float]:
    """Range around values; on a linear axis it begins at 0 where they are positive."""
    kept = [value for value in values if np.isfinite(value) and (value > 0 or not log)]
    low, high = (min(kept), max(kept)) if kept else (0.0, 1.0)
    if log:
        return low / 1.2, high * 1.2
    step = nice_step((high - min(low, 0.0)) / 5 or 1.0)
    return float(np.floor(min(low, 0.0) / step) * step), float(np.ceil(high / step) * step)


def nice_step(rough: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(rough)) if rough > 0 else 1.0
    return float(next(power * step for step in (1, 2, 5, 10) if power * step >= rough * (1 - 1e-9)))


def spread(places: Sequence[float], distance: float) -> list[float]:
    """Move labels apart so that none covers another, in their order."""
    order = np.argsort(places)
    moved = np.array(places, dtype=np.float64)[order]
    for _ in range(200):
        gaps = np.diff(moved)
        tight = np.flatnonzero(gaps < distance - 1e-6)
        if not tight.size:
            break
        for i in tight:
            lack = (distance - (moved[i + 1] - moved[i])) / 2
            if lack > 0:
                moved[i] -= lack
                moved[i + 1] += lack
    result = np.empty(len(moved))
    result[order] = moved
    return [float(place) for place in result]


def skeleton(points: Float64, kind: str = "bone") -> str:
    """Bones of one pose whose joints (18, 2) are given in CSS pixels."""
    parts = []
    for parent, child in BONES:
        ends = points[[parent, child]]
        if np.isfinite(ends).all():
            (x1, y1), (x2, y2) = ends
            parts.append(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")
    head = points[0]
    circle = (
        f'<circle cx="{head[0]:.1f}" cy="{head[1]:.1f}" r="3" class="head"/>'
        if np.isfinite(head).all()
        else ""
    )
    return f'<path d="{"".join(parts)}" class="{kind}"/>{circle}'


def _series(area: Area, each: Series) -> str:
    parts = [
        f'<path d="{area.path(each.x, each.y)}" class="line" style="stroke:{colour(each.colour)}"/>'
    ]
    for i, (a, b) in enumerate(zip(each.x, each.y, strict=True)):
        if not np.isfinite(b):
            continue
        if each.low and np.isfinite(each.low[i]):
            ends = (area.y(each.low[i]), area.y(each.high[i]))
            parts.append(
                f'<line x1="{area.x(a):.1f}" y1="{ends[0]:.1f}" x2="{area.x(a):.1f}" '
                f'y2="{ends[1]:.1f}" class="whisker" style="stroke:{colour(each.colour)}"/>'
            )
        parts.append(
            f'<circle cx="{area.x(a):.1f}" cy="{area.y(b):.1f}" r="3.5" '
            f'style="fill:{colour(each.colour)}"><title>{escape(each.label)}: {b:.4g}</title>'
            "</circle>"
        )
    return "".join(parts)
