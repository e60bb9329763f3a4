"""A song cut into windows, each of which one fragment is chosen for.

On the grid of **counts** a window spans whole counts: it starts on a 1 (or, where bars are
longer than a window, on a count that divides the bar), is counted in its own beats, and
never reaches over the end of a section. The counting is carried on to both ends of the song,
so that a pick-up, or what comes before the first beat, is danced as the end of a bar that
nobody heard the beginning of. On the grid of **seconds** (DanceIt's) all windows last as long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from danceit.counts import Counts, beats_of_eight
from danceit.data import FPS, Float64, Int32, Music

COUNTS_OF_METRE = {3: (3, 6), 6: (3, 6)}
"""Counts that a fragment may span, by metre; a waltz is danced in bars of three."""
COUNTS = (2, 4, 8)
"""And in every other metre: dancers count in eights."""
SHORTEST_S, LONGEST_S = 1.0, 4.5
"""What a fragment may last: 1 to 4 s, and six counts of the slowest of waltzes."""
LONGEST = 1.5
"""Of the usual length of as many counts, beyond which a window takes fewer."""

LEAST_SEEN = 12
"""Frames that a window at either end of a song must be seen: no move shows in less than half a
second, and a seam there could not be repaired."""


@dataclass(frozen=True)
class Window:
    """A stretch of a song, half-open, in seconds; parts of it may lie outside the song.

    Attributes
    ----------
    start_s, end_s : float
    beats_s : float64 (C + 1,)
        Its counts, with the one on which the next window starts; empty on the grid of seconds.
    number : int
        Place in the bar of its first count, 1 first; 0 where not known.
    metre : int
        Beats a bar; 0 where not known.
    section : str
        Label of the section it lies in; "" where none is known.
    place : int
        Counts from the beginning of its section.
    opens_eight : bool
        Whether an eight begins here (see `Counts.eights`: a six in three-four).
    bar_weight : float
        How much its place in the bar is to weigh, 0 to 1 (see `Counts.bar_weight`).
    """

    start_s: float
    end_s: float
    beats_s: Float64
    number: int = 0
    metre: int = 0
    section: str = ""
    place: int = 0
    opens_eight: bool = True
    bar_weight: float = 1.0

    @property
    def counts(self) -> int:
        """C, counts that it spans; 0 on the grid of seconds."""
        return max(0, len(self.beats_s) - 1)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s

    @property
    def first_frame(self) -> int:
        """First frame of the song that it may show."""
        return max(0, round(self.start_s * FPS))


def counts_for(metre: int) -> tuple[int, ...]:
    """Counts that a fragment of a dance in this metre may span."""
    return COUNTS_OF_METRE.get(metre, COUNTS)


def usual_counts(counts: Counts, length_s: float) -> int:
    """Counts whose length is nearest to `length_s`, by ratio, among those allowed."""
    gap_s = float(np.median(np.diff(counts.beats_s)))
    allowed = counts_for(counts.metre)
    fitting = [n for n in allowed if SHORTEST_S <= n * gap_s <= LONGEST_S] or list(allowed)
    return min(fitting, key=lambda n: abs(np.log(n * gap_s / length_s)))


def windows_of_seconds(music: Music, n_frames: int) -> tuple[Window, ...]:
    """Cut a song into windows of one length in frames; the last one may reach over its end."""
    starts = range(0, music.n_frames, n_frames)
    nothing = np.zeros(0)
    return tuple(Window(first / FPS, (first + n_frames) / FPS, nothing) for first in starts)


def windows_of_counts(music: Music, span: int) -> tuple[Window, ...]:
    """Cut a song into windows of `span` counts that cover all but a moment at its ends.

    A window is shorter where a section ends within it, where the song has a bar of another
    length, or where it is counted so slowly that no fragment would last as long; windows
    never cross a 1 but at their ends and whole bars. Where the metre changes for a passage
    (`Counts.metres`) they span as many counts of it as last about as long.

    Parameters
    ----------
    music : Music
        With two beats at least.
    span : int
        Counts of a window.
    """
    counts = music.counts.covering(0.0, music.n_frames / FPS)
    bars = _bars(counts)
    usual_s = float(np.median(np.diff(counts.beats_s)))
    metres, eights = counts.metres, counts.eights
    windows: list[Window] = []
    for label, first_bar, last_bar in _sections(counts, bars):
        place = 0
        for metre, passage in _passages(bars[first_bar : last_bar + 1], metres):
            own = span if metre == counts.metre else _as_long(metre, span)
            for first, last in _groups(passage, own, counts.beats_s, LONGEST * own * usual_s):
                windows.append(
                    Window(
                        start_s=float(counts.beats_s[first]),
                        end_s=float(counts.beats_s[last]),
                        beats_s=counts.beats_s[first : last + 1],
                        number=int(counts.numbers[first]),
                        metre=metre,
                        section=label,
                        place=place,
                        opens_eight=bool(eights[first] == 1)
                        if eights.any()
                        else place % beats_of_eight(metre) == 0,
                        bar_weight=counts.bar_weight,
                    )
                )
                place += last - first
    kept = [
        one for one in windows if round(one.end_s * FPS) > 0 and one.first_frame < music.n_frames
    ]
    # What would be seen for a moment only is left to its neighbour, which goes on into it.
    while len(kept) > 1 and kept[0].end_s * FPS < LEAST_SEEN:
        kept.pop(0)
    while len(kept) > 1 and music.n_frames - kept[-1].first_frame < LEAST_SEEN:
        kept.pop()
    return tuple(kept)


def other_side(windows: Sequence[Window]) -> list[bool]:
    """Whether each window lies in a section that is heard for the 2nd, 4th, ... time."""
    times: dict[str, int] = {}
    sides = []
    for w, window in enumerate(windows):
        begins = w == 0 or window.place == 0 or window.section != windows[w - 1].section
        if begins and window.section:
            times[window.section] = times.get(window.section, -1) + 1
        sides.append(bool(window.section) and times[window.section] % 2 == 1)
    return sides


def _bars(counts: Counts) -> list[int]:
    """Indices of the beats that open bars, and of the last beat."""
    last = len(counts.beats_s) - 1
    if counts.numbers.any():
        opens = np.flatnonzero(counts.numbers == 1).tolist()
    else:
        opens = list(range(0, last, counts.metre or 4))
    if not opens or opens[0] != 0:
        opens = [0, *opens]
    return opens if opens[-1] == last else [*opens, last]


def _sections(counts: Counts, bars: list[int]) -> list[tuple[str, int, int]]:
    """Sections as (label, first bar, bar after the last), indices into `bars`, covering all."""
    starts_s = counts.beats_s[bars]
    edges = [0]
    labels = [counts.sections[0].label if counts.sections else ""]
    if counts.sections:
        # What comes before the first section is no part of it: its places would all be later
        # than those of a section that sounds like it.
        opens = int(np.abs(starts_s - counts.sections[0].start_s).argmin())
        if 0 < opens < len(bars) - 1:
            edges, labels = [0, opens], ["", labels[0]]
    for section in counts.sections[1:]:
        bar = int(np.abs(starts_s - section.start_s).argmin())
        if edges[-1] < bar < len(bars) - 1:
            edges.append(bar)
            labels.append(section.label)
    edges.append(len(bars) - 1)
    return [(label, edges[i], edges[i + 1]) for i, label in enumerate(labels)]


def _passages(bars: Sequence[int], metres: Int32) -> list[tuple[int, list[int]]]:
    """Stretches of bars in one metre, with the beat that ends each; `metres` of all beats (B,)."""
    passages: list[tuple[int, list[int]]] = []
    for first, last in pairwise(bars):
        metre = int(metres[first])
        if not passages or passages[-1][0] != metre:
            passages.append((metre, [first]))
        passages[-1][1].append(last)
    return passages


def _as_long(metre: int, span: int) -> int:
    """Counts that a fragment in this metre may span, nearest to so many of another by ratio."""
    return min(counts_for(metre), key=lambda n: abs(np.log(n / span)))


def _groups(
    bars: Sequence[int], span: int, beats_s: Float64, longest_s: float
) -> list[tuple[int, int]]:
    """Pairs (first, last) of beats that windows lie between: whole bars, or parts of one."""
    groups: list[tuple[int, int]] = []
    i = 0
    while i < len(bars) - 1:
        bar = bars[i + 1] - bars[i]
        if bar > span:
            # A bar of four in windows of two; what is left over of an odd bar is its own.
            edges = [*range(bars[i], bars[i + 1], span), bars[i + 1]]
            groups += pairwise(edges)
            i += 1
            continue
        j = i + 1
        while j < len(bars) - 1 and bars[j + 1] - bars[i] <= span:
            if beats_s[bars[j + 1]] - beats_s[bars[i]] > longest_s:
                break
            j += 1
        groups.append((bars[i], bars[j]))
        i = j
    return groups
