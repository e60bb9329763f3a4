"""A picture of gaps: each song a line of its windows, green where there is a choice."""

from pathlib import Path
from typing import Any

from danceit.clock import clock
from danceit.makers import write_figure
from danceit.workflow.library.gaps import SIZES, Gaps, SongGaps

MAKER = "picture of gaps by danceit"
COLOURS = {
    "": "#4caf6d", "tempo": "#d64545", "metre": "#8e5bd0", "energy": "#e8973a", "number": "#e3c93f",
    "whole": "#4a90c2",
}  # fmt: skip
"""Of what a window lacks; "" is nothing."""
_MEANINGS = {
    "": "a choice of good fragments",
    "tempo": "nothing at its tempo",
    "metre": "nothing in its metre",
    "energy": "nothing that moves as much or as little",
    "number": "hardly a choice",
    "whole": "upper bodies alone",
}


def draw_gaps(found: Gaps, out: Path) -> None:
    """Draw the windows of each song by what they lack, and the shopping list under them.

    Raises
    ------
    InputError
        As `danceit.makers.write_figure`.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    lines = [f"• {wanted.text}" for wanted in found.wanted[:8]] or ["nothing is lacking"]
    lines += [found.uncounted] if found.uncounted else []
    height = 1.2 + 0.95 * len(found.songs) + 0.24 * len(lines)
    figure = Figure(figsize=(13, height), dpi=100, layout="constrained")
    axes = figure.subplots(len(found.songs), 1, squeeze=False)[:, 0]
    for axis, song in zip(axes, found.songs, strict=True):
        _draw_song(axis, song)
    there = {window.lack for song in found.songs for window in song.windows}
    patches = [
        Patch(color=colour, label=_MEANINGS[lack])
        for lack, colour in COLOURS.items()
        if lack in there
    ]
    figure.legend(
        handles=patches, loc="outside upper right", ncols=len(there), frameon=False, fontsize=9
    )
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=10)
    write_figure(figure, out, MAKER)


def _draw_song(axis: Any, song: SongGaps) -> None:
    """Windows as bars, as tall as the movement that they ask for."""
    for window in song.windows:
        tall = (1 + SIZES.index(window.size)) / len(SIZES)
        axis.bar(
            window.start_s, tall, window.end_s - window.start_s, align="edge",
            color=COLOURS[window.lack], edgecolor="white", linewidth=0.6,
        )  # fmt: skip
    tempo = f"{song.tempo_bpm:.0f} BPM" if song.tempo_bpm else "not counted"
    metre = f" in {song.metre}" if song.metre else ""
    lacking = f"{len(song.lacking)} of {len(song.windows)} windows lack something"
    axis.set_title(f"{song.song.name}   {tempo}{metre}   {lacking}", loc="left", fontsize=10)
    end = max((window.end_s for window in song.windows), default=1.0)
    axis.set(xlim=(0, end), ylim=(0, 1.05))
    heights = [(1 + number) / len(SIZES) for number in range(len(SIZES))]
    axis.set_yticks(heights, [f"{size} movement" for size in SIZES])
    axis.xaxis.set_major_formatter(lambda second, _: clock(second, 0))
    axis.tick_params(labelsize=8)
