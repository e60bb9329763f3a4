"""The report as one HTML page that opens without a network: tables, plots, definitions."""

from collections.abc import Callable, Iterable, Sequence
from html import escape

import numpy as np

from danceit.bench.aligners import plots
from danceit.bench.measures.statistics import Interval, p_text
from danceit.bench.reports.catalogue import BY_KEY, PUBLISHED, Measure, shown
from danceit.bench.reports.summary import (
    BenchRun,
    Intervals,
    Paired,
    best_rows,
    label_of,
    shown_keys,
    shown_rows,
)
from danceit.bench.reports.svg import colour

_DIRECTIONS = {
    "larger": ("\N{UPWARDS ARROW}", "larger is better"),
    "smaller": ("\N{DOWNWARDS ARROW}", "smaller is better"),
    "near real": ("\N{ALMOST EQUAL TO}", "better when near real dances"),
    "": ("", ""),
}
_SHARES: tuple[tuple[str, float | None, str], ...] = (
    ("median_rank", 0.5, "Where the movement really danced stands among all unseen fragments."),
    ("style_5", None, "How much of what is found first is of the song's style."),
    ("recall_10", None, "How often the movement really danced is among the first ten."),
    ("figure_5", None, "How often one of the first five is it, or shows the same figure."),
)
_STYLE = """
:root{color-scheme:light dark;--paper:#fcfcfb;--ink:#1f2328;--soft:#59636e;--faint:#dfe3e8;
--best:#fff3cd;--series-0:#1f2328;--series-1:#8c959f;--series-2:#0072b2;--series-3:#d55e00;
--series-4:#009e73;--series-5:#cc79a7;--series-6:#e69f00;--series-7:#56b4e9}
@media(prefers-color-scheme:dark){:root{--paper:#16191d;--ink:#e6e9ec;--soft:#9aa4ae;
--faint:#30363d;--best:#4a3f13;--series-0:#f0f3f6;--series-1:#7d8590;--series-2:#58a6ff;
--series-3:#ff8b4a;--series-4:#3fc39a;--series-5:#e59bc6;--series-6:#f2b93b;--series-7:#8fd0f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1160px;margin:0 auto;padding:32px 24px 80px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:44px 0 8px}
h3{font-size:15px;margin:26px 0 4px}p{margin:6px 0;max-width:92ch}
.soft,figcaption,small{color:var(--soft)}ul{padding-left:20px;margin:8px 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums;margin:8px 0}
th,td{padding:5px 9px;text-align:right;white-space:nowrap;vertical-align:top;
border-bottom:1px solid var(--faint)}
th{font-weight:600;border-bottom-color:var(--soft)}th[title]{cursor:help}
th:first-child,td:first-child,.left{text-align:left}
.legend>span{margin-right:16px;white-space:nowrap}
td.wrap{white-space:normal;min-width:24ch}
td small{display:block;font-size:11.5px}
tr.end td{background:color-mix(in srgb,var(--faint) 40%,transparent)}
td.best{background:var(--best)}
.key{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px}
figure{margin:10px 0 26px}figcaption{font-size:13.5px;max-width:84ch}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:8px 28px}
svg{width:100%;height:auto;display:block}svg text{fill:currentColor;font-size:12.5px}
svg .small{font-size:11px;fill:var(--soft)}svg .label{font-size:12px;fill:var(--soft)}
svg g[style] text{fill:inherit}
.grid{stroke:var(--faint)}.axis{stroke:var(--soft)}.beat{stroke:var(--soft);stroke-dasharray:2 3}
.mark{stroke:var(--soft);stroke-dasharray:6 4}.line{fill:none;stroke-width:2}
.thin{stroke-width:1.5}.bar{stroke-width:3;opacity:.45;stroke-linecap:round}.whisker{stroke-width:1.2;opacity:.55}
.bone{fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round}.head{fill:currentColor}
.failed li{color:#c93c37}
"""


def page(run: BenchRun, found: Intervals, comparisons: Sequence[Paired]) -> str:
    """The whole report as HTML text."""
    parts = [
        f"<h1>{escape(run.title)}</h1>",
        _list(run.notes, "soft"),
        _failures(run),
        *_tables(run, found),
        *_comparisons(run, comparisons),
        *_plots(run, found),
        _published(found),
        _definitions(run, found),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>danceit bench: {escape(run.title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _tables(run: BenchRun, found: Intervals) -> Iterable[str]:
    yield (
        '<h2>Results</h2><p class="soft">Means over songs; below them the 95 % bootstrap interval. '
        "Shaded rows are the ends of the scale; the best method is marked. Headings explain "
        "themselves when pointed at; definitions are at the end.</p>"
    )
    for title, keys in run.tables.items():
        kept = shown_keys(run, found, keys)
        if kept:
            yield f"<h3>{escape(title)}</h3>{_table(run, found, kept)}"


def _table(run: BenchRun, found: Intervals, keys: Sequence[str]) -> str:
    head = "".join(_heading(BY_KEY[key]) for key in keys)
    best = {key: best_rows(run, found, key) for key in keys}
    body = []
    for row in shown_rows(run, found, keys):
        cells = "".join(
            f'<td class="{"best" if row in best[key] else ""}">'
            f"{_interval(key, found[row].get(key))}</td>"
            for key in keys
        )
        kind = ' class="end"' if row in run.ends else ""
        name = f"{_key(run.rows.index(row))}{escape(label_of(run, row, keys))}"
        body.append(f"<tr{kind}><td>{name}</td>{cells}</tr>")
    return f'<div class="scroll"><table><tr><th></th>{head}</tr>{"".join(body)}</table></div>'


def _heading(measure: Measure) -> str:
    arrow, words = _DIRECTIONS[measure.better]
    unit = f" {measure.unit}" if measure.unit else ""
    title = f"{measure.meaning} {words}".strip()
    return f'<th title="{escape(title)}">{escape(measure.label + unit)} {arrow}</th>'


def _interval(key: str, interval: Interval | None) -> str:
    if interval is None or not np.isfinite(interval.mean):
        return "\N{EN DASH}"
    mean = shown(key, interval.mean)
    if not np.isfinite(interval.low):
        return mean
    low, high = shown(key, interval.low), shown(key, interval.high)
    return f"{mean}<small>{low} to {high}</small>"


def _comparisons(run: BenchRun, comparisons: Sequence[Paired]) -> Iterable[str]:
    keys = list(dict.fromkeys(each.key for each in comparisons))
    if not keys:
        return
    by_cell = {(each.row, each.key): each.comparison for each in comparisons}
    rows = list(dict.fromkeys(each.row for each in comparisons))
    yield (
        f"<h2>Against {escape(run.baseline)}</h2>"
        '<p class="soft">Differences on the same songs and the same fragments, with their 95 % '
        "interval and the p-value of a sign-flip permutation test.</p>"
    )
    body = []
    for row in rows:
        cells = []
        for key in keys:
            c = by_cell.get((row, key))
            if c is None or not np.isfinite(c.difference):
                cells.append("<td>\N{EN DASH}</td>")
                continue
            p_value = f"<small>{p_text(c.p_value)}</small>" if np.isfinite(c.p_value) else ""
            interval = _interval(key, Interval(c.difference, c.low, c.high, c.n))
            cells.append(f"<td>{interval}{p_value}</td>")
        body.append(f"<tr><td>{_key(run.rows.index(row))}{escape(row)}</td>{''.join(cells)}</tr>")
    head = "".join(_heading(BY_KEY[key]) for key in keys)
    yield f'<div class="scroll"><table><tr><th></th>{head}</tr>{"".join(body)}</table></div>'


def _plots(run: BenchRun, found: Intervals) -> Iterable[str]:
    small = [
        (plots.gap_plot(run, found), "Frames of real dances hidden and filled: how far off."),
        (
            plots.warp_plot(run, found),
            "How often the largest movement is on the beat's frame, by how much time may bend.",
        ),
        (plots.moving_plot(run, "hands"), "How far hands move from one frame to the next."),
        (plots.moving_plot(run, "feet"), "How far feet move from one frame to the next."),
        *(
            (plots.interval_plot(run, found, key, chance), caption)
            for key, chance, caption in _SHARES
        ),
    ]
    shown_plots = [_figure(svg, caption) for svg, caption in small if svg]
    if shown_plots:
        legend = "".join(f"<span>{_key(n)}{escape(row)}</span>" for n, row in enumerate(run.rows))
        yield f'<h2>Plots</h2><p class="legend">{legend}</p>'
        yield f'<div class="plots">{"".join(shown_plots)}</div>'
    moment = plots.find_moment(run) if run.fills else None
    if moment is None:
        return
    yield f"<h2>One moment of {escape(moment.song)}</h2>"
    drawn: list[tuple[Callable[[], str], str]] = [
        (
            lambda: plots.speed_plot(run, moment),
            "Summed joint speed over a phrase. Dashed lines are music beats; a dot is the largest "
            "movement of a beat's window, full where it falls on the beat.",
        ),
        (
            lambda: plots.trajectory_plot(run, moment, "right_wrist"),
            "The right hand through the seam with the largest jump.",
        ),
        (
            lambda: plots.trajectory_plot(run, moment, "right_ankle"),
            "The right foot through the same seam.",
        ),
        (
            lambda: plots.strip_plot(moment),
            "Every second frame around the seam, wherever the method has it; hips centred.",
        ),
    ]
    for draw, caption in drawn:
        yield _figure(draw(), caption)


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>" if svg else ""


def _published(found: Intervals) -> str:
    present = {key for row in found.values() for key in row}
    rows = [
        f"<tr><td>{escape(BY_KEY[p.key].label)}</td><td>{shown(p.key, p.value)}"
        f'{" %" if BY_KEY[p.key].unit == "%" else ""}</td><td class="left">{escape(p.paper)}</td>'
        f'<td class="left wrap">{escape(p.reservation)}</td></tr>'
        for p in PUBLISHED
        if p.key in present
    ]
    if not rows:
        return ""
    head = '<tr><th>measure</th><th>value</th><th class="left">paper</th><th class="left">why not'
    return (
        "<h2>What papers report</h2><p class='soft'>None of these may be compared with the tables "
        "above; each says why.</p>"
        f'<div class="scroll"><table>{head} comparable</th></tr>{"".join(rows)}</table></div>'
    )


def _definitions(run: BenchRun, found: Intervals) -> str:
    keys = [key for group in run.tables.values() for key in shown_keys(run, found, group)]
    rows = "".join(
        f'<tr><td>{escape(BY_KEY[key].label)}</td><td class="left"><code>{key}</code></td>'
        f'<td class="left wrap">{escape(BY_KEY[key].meaning)}</td></tr>'
        for key in dict.fromkeys(keys)
    )
    return f'<h2>Measures</h2><div class="scroll"><table>{rows}</table></div>'


def _failures(run: BenchRun) -> str:
    if not run.failures:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in run.failures)
    return f"<h2>Failed</h2><ul class='failed'>{items}</ul>"


def _list(lines: Sequence[str], kind: str) -> str:
    return f'<ul class="{kind}">{"".join(f"<li>{escape(each)}</li>" for each in lines)}</ul>'


def _key(number: int) -> str:
    return f'<span class="key" style="background:{colour(number)}"></span>'
