"""The plots of the aligner bench's page, each from the run's cells and dances.

Every function returns SVG text, or "" where the run has nothing to show for it. Methods
keep their colour through all plots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from danceit.bench.aligners.jobs import REAL, dance_file
from danceit.bench.measures.beats import peak_offsets
from danceit.bench.measures.statistics import Interval, bootstrap
from danceit.bench.reports.catalogue import BY_KEY
from danceit.bench.reports.summary import BenchRun, Intervals, values_of
from danceit.bench.reports.svg import (
    Area,
    Mark,
    Scales,
    Series,
    axes,
    colour,
    dot_chart,
    drawing,
    line,
    line_chart,
    skeleton,
    text,
    whisker_chart,
    y_ticks,
)
from danceit.data import FLOOR_PX, FPS, JOINT, Dance, Float32, Float64, Int64
from danceit.movement import beat_frames, bridged_movement, largest_step

PHRASE_BEATS = 8
STRIP_REACH = 10
"""Frames shown on either side of a seam in the skeleton strips."""
TRACE_REACH = 24
"""Frames shown on either side of a seam in the trajectories: one second."""


@dataclass(frozen=True)
class Moment:
    """The song and the moment that the plots of movement show.

    Attributes
    ----------
    song : str
    dances : dict of str to Dance
        By method; all to the same song, from the same fragments.
    seams : dict of str to int
        The frame of one seam by method, for a warp moves it: that of the baseline's largest
        jump that leaves a second on both sides.
    """

    song: str
    dances: Mapping[str, Dance]
    seams: Mapping[str, int]


def find_moment(run: BenchRun) -> Moment | None:
    """First song that every method made a dance for; None where there is none."""
    methods = [row for row in run.rows if row not in run.ends]
    songs = dict.fromkeys(cell.song for cell in run.cells if cell.kind == "align")
    for song in songs:
        files = {method: dance_file(run.out, song, method) for method in methods}
        if not all(file.exists() for file in files.values()):
            continue
        dances = {method: Dance.load(file) for method, file in files.items()}
        seam = _largest_seam(dances[run.baseline])
        if seam is not None:
            return Moment(song, dances, _same_seam(dances, dances[run.baseline], seam))
    return None


def _same_seam(dances: Mapping[str, Dance], base: Dance, seam: int) -> dict[str, int]:
    """Where each method has one seam of the baseline's; the nearest if it dropped some."""
    number = int(np.searchsorted(base.seams, seam))
    found = {}
    for method, dance in dances.items():
        if not dance.seams.size:
            found[method] = seam
        elif dance.seams.size == base.seams.size:
            found[method] = int(dance.seams[number])
        else:
            found[method] = int(dance.seams[np.abs(dance.seams - seam).argmin()])
    return found


def gap_plot(run: BenchRun, found: Intervals) -> str:
    """Error against gap length, on a logarithmic axis."""
    lengths = sorted(
        int(key.removeprefix("gap_px_"))
        for key in {key for row in found.values() for key in row}
        if key.startswith("gap_px_")
    )
    shared: dict[str, str] = {}
    for method in (row for row in run.rows if row in run.fills and row not in run.ends):
        shared.setdefault(run.fills[method], method)
    lines = []
    for fills, method in shared.items():
        each = [found[method][f"gap_px_{n}"] for n in lengths if f"gap_px_{n}" in found[method]]
        if len(each) == len(lengths) and each:
            name = fills or "left as cut"
            lines.append(_intervals(name, run.rows.index(method), lengths, each))
    if not lines:
        return ""
    return line_chart(
        lines,
        Scales(
            "hidden frames (24 a second)",
            "mean joint error, px",
            [(n, str(n)) for n in lengths],
            log=True,
        ),
        title="Gap filling: joint error against gap length",
    )


def warp_plot(run: BenchRun, found: Intervals) -> str:
    """S_BA against the stretch limit, with real dances as a level."""
    lines, names = [], []
    for method in run.rows:
        cells = [c for c in run.cells if c.kind == "sweep" and c.method.startswith(f"{method} @ ")]
        limits = list(dict.fromkeys(c.method.rpartition(" @ ")[2] for c in cells if not c.error))
        if limits:
            names = limits
            each = [
                bootstrap(
                    np.array(
                        [
                            c.values["s_ba"]
                            for c in cells
                            if not c.error and c.method == f"{method} @ {limit}"
                        ]
                    )
                )
                for limit in limits
            ]
            places = list(range(len(limits)))
            lines.append(_intervals(method, run.rows.index(method), places, each))
    if not lines:
        return ""
    level = found.get(REAL, {}).get("s_ba")
    ticks = [(i, "no limit" if name == "none" else f"{name}x") for i, name in enumerate(names)]
    return line_chart(
        lines,
        Scales("largest local stretch allowed", "S_BA, exact frame", ticks, y_range=(0.0, 1.0)),
        title="S_BA against the limit on local stretch",
        marks=[Mark(REAL, level.mean)] if level else [],
    )


def moving_plot(run: BenchRun, limb: str) -> str:
    """Moving distribution of hands or feet: share of displacements by bin."""
    bins = ("0_20", "20_40", "40_60", "60_80", "80_400")
    lines = []
    for number, row in enumerate(run.rows):
        by_key = values_of(run, row)
        shares = [
            float(np.mean(list(by_key.get(f"moving_{limb}_{each}", {"": np.nan}).values())))
            for each in bins
        ]
        if np.isfinite(shares).all():
            lines.append(Series(row, number, range(len(bins)), shares))
    if not lines:
        return ""
    return dot_chart(
        lines,
        title=f"Moving distribution of the {limb}",
        categories=[each.replace("_", " to ") for each in bins],
        y_label=f"share of {limb}' steps",
    )


def interval_plot(run: BenchRun, found: Intervals, key: str, chance: float | None) -> str:
    """Every row's value of one share with its interval, on one line each."""
    rows = [
        (row, number, interval.mean, interval.low, interval.high)
        for number, row in enumerate(run.rows)
        if (interval := found[row].get(key)) is not None and np.isfinite(interval.mean)
    ]
    if not rows:
        return ""
    measure = BY_KEY[key]
    return whisker_chart(
        rows,
        title=measure.meaning,
        x_label=f"{measure.label} ({measure.better} is better)",
        level=None if chance is None else Mark("chance", chance),
    )


def speed_plot(run: BenchRun, moment: Moment) -> str:
    """Summed joint speed over one phrase by method, music beats as lines.

    A dot is the largest movement of a beat's window, full where it is on the beat.
    """
    base = moment.dances[run.baseline]
    frames = beat_frames(base.beats_s, base.n_frames)
    first = max(0, int(np.searchsorted(frames, moment.seams[run.baseline])) - PHRASE_BEATS // 2)
    phrase = frames[first : first + PHRASE_BEATS + 1]
    if len(phrase) < 3:
        return ""
    start, stop = int(phrase[0]) - 4, min(int(phrase[-1]) + 5, base.n_frames)
    start = max(start, 1)
    moved = {method: bridged_movement(dance.joints) for method, dance in moment.dances.items()}
    # A cut that nothing repaired towers over all movement: it is cut off, not scaled by.
    usual = [float(np.percentile(values[start:stop], 96)) for values in moved.values()]
    high = 1.3 * float(np.median(usual))
    parts, height = [], 64.0
    for number, (method, values) in enumerate(moved.items()):
        area = Area(150, 8 + number * (height + 12), 690, height, (start, stop - 1), (0.0, high))
        shown = range(start, stop)
        parts.append(_trace(area, values, phrase, frames, shown, run.rows.index(method)))
        parts.append(text(140, area.top + height / 2 + 4, method, anchor="end"))
        bottom = area.top + height
        parts.append(line(area.left, bottom, area.left + area.width, bottom, "axis"))
    bottom = 8 + len(moved) * (height + 12)
    last = Area(150, 0, 690, bottom, (start, stop - 1), (0.0, 1.0))
    for frame in phrase:
        words = f"{frame / FPS:.1f} s"
        parts.append(text(last.x(float(frame)), bottom + 8, words, anchor="middle", kind="small"))
    return drawing(860, bottom + 16, parts, f"Speed over one phrase of {moment.song}")


def trajectory_plot(run: BenchRun, moment: Moment, joint: str) -> str:
    """Where a joint is, frame by frame, through one seam (DanceIt Fig. 12 and 13)."""
    parts, width = [], 330.0
    frames = np.arange(-TRACE_REACH, TRACE_REACH)
    for number, (axis, name) in enumerate(((0, "x, px"), (1, "y, px (down)"))):
        paths = {}
        for method, dance in moment.dances.items():
            shown = np.clip(moment.seams[method] + frames, 0, dance.n_frames - 1)
            paths[method] = dance.joints[shown, JOINT[joint], axis]
        values = np.concatenate(list(paths.values())).astype(np.float64)
        if not np.isfinite(values).any():
            return ""
        pad = 0.08 * float(np.nanmax(values) - np.nanmin(values)) + 1.0
        y_range = (float(np.nanmin(values)) - pad, float(np.nanmax(values)) + pad)
        area = Area(
            56 + number * (width + 90),
            14,
            width,
            230,
            (float(frames[0]), float(frames[-1])),
            y_range,
        )
        x_ticks = [(float(f), str(f)) for f in range(-TRACE_REACH, TRACE_REACH, 12)]
        parts += axes(area, x_ticks, y_ticks(y_range), "frames from the seam", "")
        parts.append(
            text(area.left, area.top - 3, f"{joint.replace('_', ' ')}, {name}", kind="label")
        )
        parts.append(line(area.x(0), area.top, area.x(0), area.top + area.height, "beat"))
        for method, path in paths.items():
            stroke = f"stroke:{colour(run.rows.index(method))}"
            d = area.path([float(f) for f in frames], [float(v) for v in path])
            parts.append(f'<path d="{d}" class="line thin" style="{stroke}"/>')
    return drawing(860, 294, parts, f"The {joint.replace('_', ' ')} through a seam")


def strip_plot(moment: Moment) -> str:
    """Poses around a seam by method, every second frame; the seam is the line between."""
    shown = np.arange(-STRIP_REACH, STRIP_REACH, 2)
    step, height, left = 78.0, 104.0, 150.0
    parts = []
    for row, (method, dance) in enumerate(moment.dances.items()):
        top = 22 + row * (height + 10)
        parts.append(text(left - 10, top + height / 2, method, anchor="end"))
        for column, frame in enumerate(moment.seams[method] + shown):
            if 0 <= frame < dance.n_frames:
                points = _fitted(
                    dance.joints[frame, :, :2], left + (column + 0.5) * step, top, height
                )
                parts.append(skeleton(points))
    bottom = 22 + len(moment.dances) * (height + 10)
    for column, frame in enumerate(shown):
        words = f"{frame:+d}" if frame else "seam"
        parts.append(text(left + (column + 0.5) * step, 13, words, anchor="middle", kind="small"))
    middle = left + step * len(shown) / 2
    parts.append(line(middle, 18, middle, bottom, "beat"))
    return drawing(left + step * len(shown) + 10, bottom, parts, "Poses around a seam")


def _largest_seam(dance: Dance) -> int | None:
    """Seam with the largest jump that leaves a second on both sides."""
    inside = dance.seams[
        (dance.seams >= TRACE_REACH) & (dance.seams <= dance.n_frames - TRACE_REACH)
    ]
    if not inside.size:
        return None
    return int(inside[np.argmax(largest_step(dance.joints)[inside])])


def _intervals(name: str, number: int, x: Sequence[int], each: Sequence[Interval]) -> Series:
    return Series(
        name,
        number,
        [float(value) for value in x],
        [interval.mean for interval in each],
        [interval.low for interval in each],
        [interval.high for interval in each],
    )


def _trace(
    area: Area, values: Float64, phrase: Int64, frames: Int64, shown: range, number: int
) -> str:
    parts = [
        line(area.x(float(frame)), area.top, area.x(float(frame)), area.top + area.height, "beat")
        for frame in phrase
    ]
    cut_off = np.minimum(values, area.y_range[1])
    d = area.path([float(f) for f in shown], [float(cut_off[f]) for f in shown])
    parts.append(f'<path d="{d}" class="line" style="stroke:{colour(number)}"/>')
    offsets = peak_offsets(values, frames)
    for frame, offset in zip(frames, offsets, strict=True):
        peak = int(frame + offset)
        if frame in phrase and peak in shown:
            fill = colour(number) if offset == 0 else "var(--paper)"
            parts.append(
                f'<circle cx="{area.x(float(peak)):.1f}" cy="{area.y(cut_off[peak]):.1f}" '
                f'r="3.5" style="fill:{fill};stroke:{colour(number)};stroke-width:1.5"/>'
            )
    return "".join(parts)


def _fitted(pose: Float32, x: float, top: float, height: float) -> Float64:
    """Joints in CSS pixels, the hips above `x`, the canvas' 410 px of body over the height."""
    points = pose.astype(np.float64)
    middle = np.nanmean(points[[JOINT["right_hip"], JOINT["left_hip"]], 0])
    scale = height / 410.0
    return np.stack(
        [x + (points[:, 0] - middle) * scale, top + height + (points[:, 1] - FLOOR_PX) * scale],
        axis=1,
    )
