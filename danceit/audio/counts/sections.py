"""Parts of a song that sound alike: verse, chorus and what lies between, on bars.

Every bar is described by its pitch classes, beat by beat, and its timbre. Two bars are
alike in harmony and in timbre alike; parts repeat where bar after bar is alike (Foote 2000;
Paulus, Müller, Klapuri, ISMIR 2010). A song is cut where its sound changes (novelty) into
parts that come again, preferably of 8 or 16 bars (Sargent, Bimbot, Vincent, ISMIR 2011: a
prior on lengths), by dynamic programming over all cuts; the parts are then grouped by how
alike they are, and labelled A, B, ... in order of appearance.
"""

from dataclasses import dataclass

import numpy as np

from danceit.audio.counts.colour import Colour, colour, means_between
from danceit.audio.decoding import Sound
from danceit.counts import Counts, Float64, Int64, Section

SHORTEST, LONGEST = 4, 32
"""Bars of a part."""
SHORTEST_END = 2
"""Bars of the first and of the last part, which a pick-up or a fade may cut short."""
BEATS_A_BAR = 4
"""Where bars are not known, so many beats stand for one."""
MOST_BARS = 2000
"""Bars from which several are taken as one: more would not fit a matrix of all pairs."""
_REACH = 8
"""Bars on each side over which novelty is heard."""
_NOVEL, _REPEATED, _EACH, _ODD = 2.6, 0.06, 1.0, 1.7
"""Weights: a cut at the song's largest change, a bar that comes again, each part, a length
that dancers would not count. Chosen on made songs."""
_ALIKE = 0.32
"""Share of the way from bars' mean likeness to the most, from which parts are the same."""


def sections(sound: Sound, counts: Counts) -> tuple[Section, ...]:
    """Parts of a song; none where there are not two shortest parts of bars.

    Returns
    -------
    tuple of Section
        In order, without gaps, from the first bar to the end of the last.
    """
    ones = _bars(counts)
    if ones.size < 2 * SHORTEST + 1:
        return ()
    place = np.append(ones, ones[-1] + np.median(np.diff(ones)))
    edges_s = np.minimum(counts.times(place), sound.duration_s)
    edges_s = edges_s[np.append(True, np.diff(edges_s) > 0)]
    likeness = _likeness(colour(sound), edges_s, counts.metre or BEATS_A_BAR)
    cuts = _cuts(likeness)
    groups, confidence = _groups(likeness, cuts)
    names: dict[int, str] = {}
    found = []
    for start, stop, group, sure in zip(cuts[:-1], cuts[1:], groups, confidence, strict=True):
        label = names.setdefault(group, _name(len(names)))
        found.append(Section(float(edges_s[start]), float(edges_s[stop]), label, round(sure, 3)))
    return tuple(found)


def _bars(counts: Counts) -> Int64:
    """Indices of the beats on which bars start."""
    ones = np.flatnonzero(counts.numbers == 1)
    if not ones.size:
        ones = np.arange(0, counts.beats_s.size, BEATS_A_BAR)
    return ones[:: -(-ones.size // MOST_BARS)] if ones.size else ones


def _likeness(heard: Colour, edges_s: Float64, parts: int) -> Float64:
    """How alike bars are (N, N), 0 to 1, half by harmony and half by timbre."""
    fine_s = np.interp(np.arange((len(edges_s) - 1) * parts + 1) / parts,
                       np.arange(len(edges_s)), edges_s)  # fmt: skip
    chroma = means_between(heard.chroma, heard.rate, fine_s)
    chroma /= np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-9
    chords = chroma.reshape(len(edges_s) - 1, -1)
    timbre = means_between(heard.timbre, heard.rate, edges_s)
    return (_alike(chords) + _alike(timbre)) / 2


def _alike(rows: Float64) -> Float64:
    """Likeness of rows by their distance, in units of the song's own median distance."""
    rows = rows - rows.mean(axis=0)
    squared = np.sum(rows**2, axis=1)
    distance = np.maximum(0.0, squared[:, None] + squared[None] - 2 * rows @ rows.T)
    typical = float(np.median(distance[np.triu_indices(len(rows), 1)]))
    if typical <= 1e-12:
        return np.ones_like(distance)
    return np.asarray(np.exp(-distance / typical), np.float64)


@dataclass(frozen=True)
class _Diagonals:
    """Sums of likeness along diagonals, so that any two stretches are compared at once."""

    total: Float64

    @classmethod
    def of(cls, likeness: Float64) -> "_Diagonals":
        count = len(likeness)
        total = np.zeros((count + 1, count + 1))
        for row in range(count):
            total[row + 1, 1:] = total[row, :-1] + likeness[row]
        return cls(total)

    def mean(self, start: int, others: Int64, length: int) -> Float64:
        """Mean likeness of `length` bars from `start` to those from each of `others`."""
        ends = self.total[start + length, others + length]
        return np.asarray((ends - self.total[start, others]) / length, np.float64)

    def best(self, length: int) -> Float64:
        """For each start (M,) of `length` bars, the largest mean with others that share no bar.

        Minus infinity where there are no others.
        """
        means = (self.total[length:, length:] - self.total[:-length, :-length]) / length
        start = np.arange(len(means))
        means[np.abs(start[:, None] - start) < length] = -np.inf
        return np.asarray(means.max(axis=1), np.float64)


def _cuts(likeness: Float64) -> list[int]:
    """Bars at which parts start, and the end: the best of all ways to cut the song."""
    count = len(likeness)
    level, spread = float(likeness.mean()), float(likeness.std()) + 1e-9
    diagonals = _Diagonals.of((likeness - level) / spread)
    novelty = _novelty(likeness)
    longest = min(LONGEST, count)
    again = {length: diagonals.best(length) for length in range(SHORTEST_END, longest + 1)}
    best = np.full(count + 1, -np.inf)
    best[0] = 0.0
    came_from = np.zeros(count + 1, np.int64)
    for start in range(count):
        if not np.isfinite(best[start]):
            continue
        for length in range(SHORTEST_END, min(LONGEST, count - start) + 1):
            stop = start + length
            if length < SHORTEST and start > 0 and stop < count:
                continue
            gain = best[start] + _worth(float(again[length][start]), length)
            gain += _NOVEL * novelty[stop] if stop < count else 0.0
            if gain > best[stop]:
                best[stop], came_from[stop] = gain, start
    cuts = [count]
    while cuts[-1] > 0:
        cuts.append(int(came_from[cuts[-1]]))
    return cuts[::-1]


def _worth(again: float, length: int) -> float:
    """How good a part is in itself: how much it comes `again` elsewhere, and how long it is."""
    return _REPEATED * length * min(max(again, 0.0), 2.0) - _EACH - _ODD * _oddity(length)


def _oddity(bars: int) -> float:
    """How little a length is one that dancers count: 0 for 8 and 16 bars, 1 for odd ones."""
    if bars in (8, 16):
        return 0.0
    if bars % 8 == 0:
        return 0.2
    return 0.4 if bars % 4 == 0 else 0.8 if bars % 2 == 0 else 1.0


def _novelty(likeness: Float64) -> Float64:
    """How much the sound changes at the start of each bar (N + 1,), at most 1 (Foote 2000)."""
    count = len(likeness)
    offset = np.arange(-_REACH, _REACH) + 0.5
    taper = np.exp(-0.5 * (offset / (_REACH / 2)) ** 2)
    kernel = np.outer(np.sign(offset) * taper, np.sign(offset) * taper)
    padded = np.pad(likeness, _REACH, mode="edge")
    novelty = np.zeros(count + 1)
    for bar in range(1, count):
        novelty[bar] = (padded[bar : bar + 2 * _REACH, bar : bar + 2 * _REACH] * kernel).sum()
    novelty = np.maximum(novelty, 0.0)
    return novelty / max(float(novelty.max()), 1e-9)


def _groups(likeness: Float64, cuts: list[int]) -> tuple[list[int], list[float]]:
    """A group for each part, by average linkage, and how surely it belongs there."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    parts = len(cuts) - 1
    off = likeness[~np.eye(len(likeness), dtype=bool)]
    level, top = float(off.mean()), float(np.quantile(off, 0.98))
    scale = max(top - level, 1e-9)
    diagonals = _Diagonals.of((likeness - level) / scale)
    alike = np.eye(parts)
    for one in range(parts):
        for other in range(one + 1, parts):
            alike[one, other] = alike[other, one] = _aligned(diagonals, cuts, one, other)
    if parts < 2:
        return [0] * parts, [0.0] * parts
    distance = np.clip(1.0 - alike, 0.0, 2.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    groups = fcluster(tree, 1.0 - _ALIKE, "distance").astype(int)
    same = groups[:, None] == groups[None]
    sure = []
    for part in range(parts):
        inside = alike[part][same[part] & (np.arange(parts) != part)]
        outside = alike[part][~same[part]]
        nearest = float(outside.max()) if outside.size else 0.0
        own = float(inside.mean()) if inside.size else 1.0
        sure.append(float(np.clip(own - nearest, 0.0, 1.0)))
    return groups.tolist(), sure


def _aligned(diagonals: _Diagonals, cuts: list[int], one: int, other: int) -> float:
    """Likeness of two parts, bar by bar: the shorter one laid along the longer where it fits."""
    first, second = (cuts[part + 1] - cuts[part] for part in (one, other))
    if first > second:
        one, other, first, second = other, one, second, first
    starts = cuts[other] + np.arange(second - first + 1)
    # A short piece fits somewhere in anything: what it leaves over counts against it.
    return float(diagonals.mean(cuts[one], starts, first).max() * np.sqrt(first / second))


def _name(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
