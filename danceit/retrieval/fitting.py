"""How fragments' own counts lie on those of a song's windows.

A fragment's counts are those that the index has of its clip. Where a file beside the music that
it was danced to says otherwise (`danceit counts`), that is obeyed without a new index, and an
index from before counts were stored is told by the music. Where neither is sure, a fragment
is laid on a window by its ends.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.audio.counts.file import counts_named
from danceit.counts import Counts
from danceit.data import FPS, Bool, Float64, Int64, Placement
from danceit.errors import DanceitError
from danceit.index.fragments import beats_of
from danceit.index.store.contract import FragmentStore, FragmentTable
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import WIDEST, Plan
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

    def noted(self, placed: Placement) -> Placement:
        """Write down what is shown of a fragment, and what is counted in it."""
        return replace(
            placed,
            start_s=float(self.beats_s[0]),
            end_s=float(self.beats_s[-1]),
            beats_s=tuple(self.beats_s.tolist()) if self.place >= 0 else (),
            number=self.number,
            metre=self.metre,
        )


@dataclass(frozen=True)
class LaidRows:
    """N fragments on one window by column: `Laid`, each by its ends.

    Attributes
    ----------
    first_s, last_s : float64 (N,)
        Seconds into the source between which it is shown.
    place, n_counts, number, metre : int64 (N,)
        `n_counts` lie between the ends; -1, 0, 0 and 0 where nothing is counted.
    stretch, bar_weight : float64 (N,)
    """

    first_s: Float64
    last_s: Float64
    place: Int64
    n_counts: Int64
    number: Int64
    metre: Int64
    stretch: Float64
    bar_weight: Float64


@dataclass(frozen=True)
class _Known:
    """What has been looked up of R rows, in their order, with the beats of their clips.

    `first` and `last` are places of a row's first and last beat in `beats_s`, which has the
    beats of all clips one after another; `first` is -1 where a row starts on none. `begin` and
    `end` are the places of its clip's first beat and of the one after its last.
    """

    rows: Int64
    start_s: Float64
    end_s: Float64
    take_s: Float64
    energy: Float64
    beats_s: Float64
    begin: Int64
    end: Int64
    first: Int64
    last: Int64
    number: Int64
    metre: Int64
    bar_weight: Float64

    @classmethod
    def of(
        cls, table: FragmentTable, counts_of: Callable[[int], Counts], energies: Float64
    ) -> "_Known":
        """Look up the counts of each row; `counts_of` those of the clip at a place of the table.

        Energy is told as its rank among `energies`.
        """
        n_rows = len(table)
        begin, end, first, last, number, metre = np.zeros((6, n_rows), dtype=np.int64)
        first -= 1
        bar_weight, beats_s, n_beats = np.zeros(n_rows), [np.zeros(0)], 0
        _, clip = np.unique(np.asarray(table.clip_id), return_inverse=True)
        order = np.argsort(clip, kind="stable")
        for at in np.split(order, np.flatnonzero(np.diff(clip[order])) + 1) if n_rows else ():
            counts = counts_of(int(at[0]))
            begin[at], end[at] = n_beats, n_beats + len(counts.beats_s)
            bar_weight[at] = counts.bar_weight
            if len(counts.beats_s) >= 2:
                opens, closes = beats_of(counts.beats_s, table.start_s[at], table.end_s[at])
                first[at] = np.where(opens >= 0, opens + n_beats, -1)
                last[at] = closes + n_beats
                number[at] = np.where(opens >= 0, counts.numbers[opens], 0)
                metre[at] = counts.metres[opens]
            beats_s.append(counts.beats_s)
            n_beats += len(counts.beats_s)
        return cls(
            rows=np.asarray(table.rows),
            start_s=np.asarray(table.start_s, dtype=np.float64),
            end_s=np.asarray(table.end_s, dtype=np.float64),
            take_s=np.asarray(table.start_frame, dtype=np.float64) / FPS,
            energy=ranks(table.energy, energies),
            beats_s=np.concatenate(beats_s),
            begin=begin,
            end=end,
            first=first,
            last=last,
            number=number,
            metre=metre,
            bar_weight=bar_weight,
        )


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
        self._known: _Known | None = None
        self._energies: Float64 = np.zeros(0)
        self.notes: tuple[str, ...] = ()
        """What the user should know of counts that could not be read."""

    def know(self, rows: Int64) -> None:
        """Look up what is known of these rows, all at once."""
        held = self._known
        wanted = np.unique(rows) if held is None else np.union1d(rows, held.rows)
        if held is None or len(wanted) > len(held.rows):
            table = self._store.table(wanted)
            # What is asked for later is ranked among what was known first: costs do not move.
            self._energies = self._energies if held else np.asarray(table.energy, np.float64)
            self._known = _Known.of(table, lambda at: self._counts_of(table, at), self._energies)

    def costs(self, window: int, rows: Int64) -> Float64:
        """What each row (N,) costs in a window by its counts and its energy."""
        options, asked = self._options, self.plan.windows[window]
        known, at = self._looked_up(rows)
        laid = _laid(asked, known, at)
        octaves = np.abs(np.log2(laid.stretch))
        cost = 2 * options.tempo_weight * octaves
        cost += _TOO_FAR * (octaves > math.log2(WIDEST) + 1e-6)
        counted = laid.place >= 0
        cost += _UNCOUNTED * ~counted
        bars = laid.bar_weight * asked.bar_weight
        cost += options.number_weight * bars * (counted & _another_place(laid, asked))
        cost += options.metre_weight * bars * _another_metre(laid.metre, asked.metre)
        if window == 0:
            cost += _BEGINNING * np.minimum(1.0, known.take_s[at] / _TAKE_S)
        if window == len(self.plan.windows) - 1 and counted.any():
            left_s = known.beats_s[known.end[at] - 1] - laid.last_s
            cost += _BEGINNING * np.clip(left_s / _TAKE_S, 0.0, 1.0) * counted
        apart = np.abs(known.energy[at] - self._loudness[window])
        return np.asarray(cost + options.energy_weight * apart, dtype=np.float64)

    def laid_rows(self, window: int, rows: Int64) -> LaidRows:
        """Lay the counts of rows (N,) on a window's: as many, twice or half, as stretches least."""
        return _laid(self.plan.windows[window], *self._looked_up(rows))

    def laid(self, window: int, row: int) -> Laid:
        """Lay a row's counts on a window's, count by count."""
        known, at = self._looked_up(np.array([row], dtype=np.int64))
        laid = _laid(self.plan.windows[window], known, at)
        place, beats_s = int(laid.place[0]), np.array([laid.first_s[0], laid.last_s[0]])
        if place >= 0:
            first = int(known.first[at[0]])
            beats_s = known.beats_s[first : first + int(laid.n_counts[0]) + 1]
        return Laid(
            beats_s=beats_s,
            place=place,
            number=int(laid.number[0]),
            metre=int(laid.metre[0]),
            stretch=float(laid.stretch[0]),
            bar_weight=float(laid.bar_weight[0]),
        )

    def _looked_up(self, rows: Int64) -> tuple[_Known, Int64]:
        """What is known, and the places of rows (N,) in it."""
        self.know(rows)
        if self._known is None:
            raise LookupError("nothing was looked up yet")
        return self._known, np.searchsorted(self._known.rows, rows)

    def _counts_of(self, table: FragmentTable, at: int) -> Counts:
        """Counts of the clip of the fragment at a place of a table."""
        clip_id = str(table.clip_id[at])
        if clip_id not in self._counts:
            counts = table.counts[at]
            try:
                counts = trusted_counts(str(table.audio[at]), counts)
            except DanceitError as exc:
                self.notes += (f"{exc}; what the index has of {clip_id} is used",)
            self._counts[clip_id] = counts if counts.bars_trusted else counts.without_bars()
        return self._counts[clip_id]


def _laid(asked: Window, known: _Known, at: Int64) -> LaidRows:
    """Lay the rows at places (N,) of what is known on a window."""
    first, last = known.first[at], known.last[at]
    first_s = known.start_s[at]
    last_s = first_s + np.minimum(known.end_s[at] - first_s, asked.duration_s)
    stretched = asked.duration_s / (last_s - first_s)
    least = np.full(len(at), np.inf)
    n_counts = np.zeros(len(at), dtype=np.int64)
    for n in (asked.counts, 2 * asked.counts, asked.counts // 2):
        fits = np.flatnonzero((first >= 0) & (n <= last - first)) if n else np.zeros(0, np.int64)
        if not fits.size:
            continue
        from_s, to_s = known.beats_s[first[fits]], known.beats_s[first[fits] + n]
        by = (asked.beats_s[-1] - asked.beats_s[0]) / (to_s - from_s)
        better = np.abs(np.log(by)) < least[fits]
        taken = fits[better]
        least[taken] = np.abs(np.log(by[better]))
        n_counts[taken], stretched[taken] = n, by[better]
        first_s[taken], last_s[taken] = from_s[better], to_s[better]
    counted = n_counts > 0
    return LaidRows(
        first_s=first_s,
        last_s=last_s,
        place=np.where(counted, first - known.begin[at], -1),
        n_counts=n_counts,
        number=np.where(counted, known.number[at], 0),
        metre=np.where(counted, known.metre[at], 0),
        stretch=stretched,
        bar_weight=np.where(counted, known.bar_weight[at], 1.0),
    )


def follows(before: Laid, after: Laid) -> bool:
    """Whether one fragment's counts simply go on in another's of the same clip."""
    counted = before.place >= 0 and after.place >= 0
    return counted and before.place + len(before.beats_s) - 1 == after.place


def alike(metre: int, other: int) -> bool:
    """Whether one may be danced as the other: two and four, three and six, not two and three."""
    return max(metre, other) / min(metre, other) in (1, 2, 4)


def _another_metre(metre: Int64, asked: int) -> Bool:
    """Which metres (N,) may not be danced as the one asked for; of what is not known, none."""
    metres, place = np.unique(metre, return_inverse=True)
    wrong = [bool(one and asked) and not alike(one, asked) for one in metres.tolist()]
    return np.array(wrong, dtype=bool)[place]


def _another_place(laid: LaidRows, asked: Window) -> Bool:
    """Whose first counts (N,) have another place in the bar, in the shorter of both bars."""
    own = np.where(laid.metre > 0, laid.metre, asked.metre)
    bar = np.maximum(np.minimum(own, asked.metre or own), 1)
    known = (laid.number > 0) & (asked.number > 0)
    return np.asarray(known & ((laid.number - asked.number) % bar != 0))


def trusted_counts(media: str, stored: Counts) -> Counts:
    """Counts of the music that a fragment was danced to; none where they are not sure.

    `stored` are those that the index has: the music is asked only where it has none, or where
    a person wrote counts beside the music.

    Raises
    ------
    DanceitError
        If what a person wrote, or the music, cannot be read.
    """
    path = Path(media) if media else None
    if path is None or not path.is_file():
        return stored
    if len(stored.beats_s) and not counts_named(path.parent, path.stem):
        return stored
    from danceit.audio import listen

    counts = listen(path).counts
    return counts if counts.trusted else Counts.none()


def loudness_ranks(energy: Float64, plan: Plan) -> Float64:
    """Rank, 0 to 1, of the mean log energy of each window; `energy` is one value a frame (T,)."""
    spans = [(window.first_frame, round(window.end_s * FPS)) for window in plan.windows]
    levels = levels_of(energy, spans)
    return ranks(levels, levels)


def levels_of(energy: Float64, spans: Sequence[tuple[int, int]]) -> Float64:
    """Mean log energy of half-open stretches of frames, of which one at least is there."""
    levels = []
    for start, stop in spans:
        first = min(start, len(energy) - 1)
        levels.append(float(np.mean(energy[first : max(first + 1, min(len(energy), stop))])))
    return np.array(levels, dtype=np.float64)


def ranks(values: npt.ArrayLike, among: npt.ArrayLike) -> Float64:
    """Rank of each value (N,) among others (M,), 0 to 1; that of equal ones is their mean."""
    held, own = np.sort(np.asarray(among, np.float64)), np.asarray(values, np.float64)
    if len(held) < 2:
        return np.full(own.shape, 0.5)
    ends = held.searchsorted(own, side="left") + held.searchsorted(own, side="right")
    return np.asarray(np.clip((ends - 1) / 2 / (len(held) - 1), 0.0, 1.0), dtype=np.float64)
