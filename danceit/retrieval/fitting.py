"""How fragments' own counts lie on those of a song's windows.

A fragment's counts are those that the index has of its clip. Where a file beside the music that
it was danced to says otherwise (`danceit counts`), that is obeyed without a new index, and an
index from before counts were stored is told by the music. Where neither is sure, a fragment
is laid on a window by its ends.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.audio.counts.file import counts_named
from danceit.counts import Counts
from danceit.data import FPS, Float64, Int64
from danceit.errors import DanceitError
from danceit.index.fragments import beats_of
from danceit.index.store.contract import FragmentStore, FragmentTable
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import WIDEST, Plan
from danceit.retrieval.time_map import stretch
from danceit.retrieval.windows import Window

_TOO_FAR = 4.0
"""Cost of counts that fit only at more than the widest stretch."""
_UNCOUNTED = 3.0
"""Cost of movement whose counts are not known, which is laid on a window by its ends."""
_TAKE_S = 10.0
"""Seconds from a take's start (or end) beyond which a beginning (or end) costs no more."""
_BEGINNING = 0.5
"""Cost of a dance that begins in the middle of a take, and of one that ends there."""


@dataclass(frozen=True)
class Laid:
    """A fragment's counts on a window's.

    Attributes
    ----------
    beats_s : float64 (D + 1,)
        Seconds into the source, with the beat that ends them; two, its ends, where nothing is
        counted.
    place : int
        Number of the first among the clip's beats; -1 where nothing is counted.
    number, metre : int
        Place in the bar of the first, beats a bar; 0 where not known, or not for sure.
    stretch : float
        How much longer it lasts in the window than it did.
    bar_weight : float
        How much its place in the bar is to weigh, 0 to 1.
    """

    beats_s: Float64
    place: int
    number: int
    metre: int
    stretch: float
    bar_weight: float = 1.0


class Fitting:
    """Lays the fragments of a store on the windows of a plan.

    Parameters
    ----------
    plan : Plan
    store : FragmentStore
        Stays open for as long as this is used.
    options : QueryOptions
    loudness : float64 (W,)
        Of each window, as its rank among all, 0 to 1.
    """

    def __init__(
        self, plan: Plan, store: FragmentStore, options: QueryOptions, loudness: Float64
    ) -> None:
        self.plan, self._store, self._options = plan, store, options
        self._loudness = loudness
        self._counts: dict[str, Counts] = {}
        self._table: FragmentTable | None = None
        self._at: dict[int, int] = {}
        self._energies: Float64 = np.zeros(0)
        self._laid: dict[tuple[int, int], Laid] = {}
        self._spans: dict[int, tuple[int, int]] = {}

    def know(self, rows: Int64) -> None:
        """Look up what is known of these rows, all at once."""
        if all(row in self._at for row in rows.tolist()):
            return
        wanted = np.unique(np.concatenate([rows, np.array(sorted(self._at), dtype=np.int64)]))
        self._table = self._store.table(wanted)
        self._at = {int(row): i for i, row in enumerate(wanted)}
        energies = np.argsort(np.argsort(self._table.energy)) / max(1, len(wanted) - 1)
        self._energies = energies.astype(np.float64)

    def costs(self, window: int, rows: Int64) -> Float64:
        """What each row (N,) costs in a window by its counts and its energy."""
        self.know(rows)
        options, asked = self._options, self.plan.windows[window]
        found = np.empty(len(rows))
        for i, row in enumerate(rows.tolist()):
            # Kept only where it is asked for again: of a long song there are millions.
            laid = self._lay(asked, row)
            octaves = abs(math.log2(laid.stretch))
            cost = 2 * options.tempo_weight * octaves
            if octaves > math.log2(WIDEST) + 1e-6:
                cost += _TOO_FAR
            if laid.place < 0:
                cost += _UNCOUNTED
            elif laid.number and asked.number and not _same_place(laid, asked):
                cost += options.number_weight * laid.bar_weight * asked.bar_weight
            if laid.metre and asked.metre and not alike(laid.metre, asked.metre):
                cost += options.metre_weight * laid.bar_weight * asked.bar_weight
            if window == 0:
                cost += _BEGINNING * min(1.0, self._start_s(row) / _TAKE_S)
            if window == len(self.plan.windows) - 1 and laid.place >= 0:
                left_s = self._counts_of(self._at[row]).beats_s[-1] - laid.beats_s[-1]
                cost += _BEGINNING * min(1.0, max(0.0, float(left_s)) / _TAKE_S)
            found[i] = cost
        places = [self._at[int(row)] for row in rows]
        apart = np.abs(self._energies[places] - self._loudness[window])
        return np.asarray(found + options.energy_weight * apart, dtype=np.float64)

    def laid(self, window: int, row: int) -> Laid:
        """Lay a row's counts on a window's: as many, twice or half as many, as stretches least."""
        key = (window, row)
        if key not in self._laid:
            self.know(np.array([row], dtype=np.int64))
            self._laid[key] = self._lay(self.plan.windows[window], row)
        return self._laid[key]

    def _lay(self, asked: Window, row: int) -> Laid:
        table, at = self._known(), self._at[row]
        start_s, end_s = float(table.start_s[at]), float(table.end_s[at])
        counts = self._counts_of(at)
        first, last = self._counted(row, counts)
        best: Laid | None = None
        for n in {asked.counts, 2 * asked.counts, asked.counts // 2}:
            if first < 0 or not 1 <= n <= last - first:
                continue
            beats_s = counts.beats_s[first : first + n + 1]
            stretched = stretch(asked.beats_s, beats_s)
            if best is None or abs(math.log(stretched)) < abs(math.log(best.stretch)):
                number = int(counts.numbers[first])
                weight = counts.bar_weight
                best = Laid(beats_s, first, number, counts.metre, stretched, weight)
        if best is not None:
            return best
        lasts_s = min(end_s - start_s, asked.duration_s)
        return Laid(np.array([start_s, start_s + lasts_s]), -1, 0, 0, asked.duration_s / lasts_s)

    def _counted(self, row: int, counts: Counts) -> tuple[int, int]:
        """First and last of the clip's beats that lie on a row; -1 where it starts on none."""
        if row not in self._spans:
            table, at = self._known(), self._at[row]
            if len(counts.beats_s) < 2:
                self._spans[row] = (-1, -1)
            else:
                ends = beats_of(
                    counts.beats_s, table.start_s[at : at + 1], table.end_s[at : at + 1]
                )
                self._spans[row] = (int(ends[0][0]), int(ends[1][0]))
        return self._spans[row]

    def _counts_of(self, at: int) -> Counts:
        """Counts of the clip of the fragment at a place of the table."""
        table = self._known()
        clip_id = str(table.clip_id[at])
        if clip_id not in self._counts:
            counts = trusted_counts(str(table.audio[at]), table.counts[at])
            self._counts[clip_id] = counts if counts.bars_trusted else counts.without_bars()
        return self._counts[clip_id]

    def _start_s(self, row: int) -> float:
        return float(self._known().start_frame[self._at[row]]) / FPS

    def _known(self) -> FragmentTable:
        if self._table is None:
            raise LookupError("nothing was looked up yet")
        return self._table


def alike(metre: int, other: int) -> bool:
    """Whether one may be danced as the other: two and four, three and six, not two and three."""
    return max(metre, other) / min(metre, other) in (1, 2, 4)


def _same_place(laid: Laid, asked: Window) -> bool:
    """Whether the first counts have the same place in the bar, in the shorter of both bars."""
    bar = min(laid.metre or asked.metre, asked.metre or laid.metre) or 1
    return (laid.number - asked.number) % bar == 0


def trusted_counts(media: str, stored: Counts) -> Counts:
    """Counts of the music that a fragment was danced to; none where they are not sure.

    `stored` are those that the index has: the music is asked only where it has none, or where
    a person wrote counts beside the music.
    """
    path = Path(media) if media else None
    if path is None or not path.is_file():
        return stored
    if len(stored.beats_s) and not counts_named(path.parent, path.stem):
        return stored
    from danceit.audio import listen

    try:
        counts = listen(path).counts
    except DanceitError:
        return Counts.none()
    return counts if counts.trusted else Counts.none()


def loudness_ranks(energy: Float64, plan: Plan) -> Float64:
    """Rank, 0 to 1, of the mean log energy of each window; `energy` is one value a frame (T,)."""
    levels = []
    for window in plan.windows:
        first = min(window.first_frame, len(energy) - 1)
        last = max(first + 1, min(len(energy), round(window.end_s * FPS)))
        levels.append(float(np.mean(energy[first:last])))
    order = np.argsort(np.argsort(levels))
    return np.asarray(order / max(1, len(levels) - 1), dtype=np.float64)
