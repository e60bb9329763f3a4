"""A picture of a song's counts: waveform, beats, 1s and sections, about 30 s a line."""

from pathlib import Path
from typing import Any

import numpy as np

from danceit.audio.recent import sound_of
from danceit.clock import clock
from danceit.data import Float64, Music
from danceit.makers import write_figure

LINE_S = 30.0
"""About so many seconds a line: beats are then far enough apart to be told by the eye."""
_COLOURS = (
    "#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#eeca3b", "#9d755d",
)  # fmt: skip
_ENVELOPE_HZ = 60
_MOST_LINES = 40
"""Lines of one picture; a longer song has longer lines."""


def draw_counts(music: Music, out: Path, maker: str) -> None:
    """Draw the counts of a song over its waveform; the picture says who made it."""
    from matplotlib.figure import Figure

    n_lines = min(max(1, round(music.duration_s / LINE_S)), _MOST_LINES)
    line_s = music.duration_s / n_lines
    figure = Figure(figsize=(14, 0.9 + 1.15 * n_lines), dpi=100, layout="constrained")
    figure.suptitle(_title(music), fontsize=11)
    envelope = _envelope(music)
    axes = figure.subplots(n_lines, 1, squeeze=False)[:, 0]
    for line, axis in enumerate(axes):
        _draw_line(axis, music, envelope, line * line_s, (line + 1) * line_s)
    write_figure(figure, out, maker)


def _draw_line(axis: Any, music: Music, envelope: Float64, start_s: float, end_s: float) -> None:
    counts = music.counts
    first, last = (int(second * _ENVELOPE_HZ) for second in (start_s, end_s))
    level = envelope[first:last]
    axis.fill_between(first / _ENVELOPE_HZ + np.arange(level.size) / _ENVELOPE_HZ, -level, level,
                      color="#9aa0aa", linewidth=0)  # fmt: skip
    labels = list(dict.fromkeys(section.label for section in counts.sections))
    for section in counts.sections:
        left, right = max(section.start_s, start_s), min(section.end_s, end_s)
        if left < right:
            colour = _COLOURS[labels.index(section.label) % len(_COLOURS)]
            axis.axvspan(left, right, color=colour, alpha=0.25, linewidth=0)
            if section.start_s >= start_s:
                axis.text(left, 1.0, f" {section.label}", fontsize=9, va="bottom", color=colour)
    seen = (counts.beats_s >= start_s) & (counts.beats_s < end_s)
    ones = counts.numbers == 1
    axis.vlines(counts.beats_s[seen & ~ones], -0.45, 0.45, color="#333333", linewidth=0.7)
    axis.vlines(counts.beats_s[seen & ones], -1.0, 1.0, color="#b00020", linewidth=1.2)
    axis.set(xlim=(start_s, end_s), ylim=(-1.05, 1.55), yticks=[])
    axis.tick_params(labelsize=8)
    axis.xaxis.set_major_formatter(lambda second, _: clock(second))


def _envelope(music: Music) -> Float64:
    """Loudest sample of each sixtieth of a second, the loudest of all 1."""
    sound = sound_of(music.path, music.sha256)
    step = sound.rate // _ENVELOPE_HZ
    whole = np.abs(sound.samples[: sound.samples.size // step * step]).reshape(-1, step)
    level = whole.max(axis=1).astype(np.float64)
    return np.asarray(level / max(float(level.max()), 1e-9), np.float64)


def _title(music: Music) -> str:
    counts = music.counts
    metre = f", {counts.metre} beats a bar" if counts.metre else ", bars not known"
    return f"{music.path.name}: {counts.tempo_bpm:.1f} bpm{metre} ({counts.tracker})"
