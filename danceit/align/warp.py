"""`warp`: one time warp of the whole dance that puts as many movements on beats as it may.

Where `beat` bends each window by itself and comes back to plain time at its edge, here
a dynamic programme chooses for all beats at once which moment is shown on each and at
what pace: a fragment that runs late may stay late as long as that suits its beats.
The chain has one knot a beat, half a frame before it (the movement into frame f lies
between f - 1 and f); its states are the offset from plain time and the pace there. Between
knots the warp is the eased path of `danceit.align.easing`. A beat counts when the
movement into its frame exceeds every other of its window, and counts fully when it does
so clearly; bends of time cost a little. The best chain is found exactly, up to the grid.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from danceit.align.beat import check_limits
from danceit.align.easing import EASE, Paths, eased, paths
from danceit.align.retiming import rewarped
from danceit.align.travel import STEPS, Travel, travel
from danceit.data import FPS, Dance, Float32, Float64, Int64, Music
from danceit.errors import InputError
from danceit.movement import beat_frames, beat_windows

_GRID = 0.5
"""Frames between the offsets that a beat may have."""
_MOST_CHANGE = 6.0
"""Frames by which the offset may change from one beat to the next, or a quarter of the
way if that is more."""
_FAR = 48
"""Frames from a beat beyond which movement is not compared with that at the beat."""
_UNLIMITED = 2.0
"""Stretch that is used at most where no limit is set: enough for nearly every beat."""
_PACES = 3
"""Paces at which a beat may be passed, plain time among them; the states, and so the time taken,
grow with their number."""
_MARGINS = np.array([1.02, 1.08])
"""Factors by which a movement at the beat just, and clearly, exceeds the others."""
_WORTH = np.array([0.0, 0.8, 1.0])
"""Of a beat that is missed, just reached, and clearly reached."""
_BEND = 0.1
"""Cost of a bend of time beside a beat's worth of 1, so that of two chains that keep as many
beats the one that bends less is taken."""
_NEVER = -1e9
"""Value of a state that no chain reaches: below any sum of beats' worth and bends, and finite,
so that sums with it stay numbers."""


@dataclass(frozen=True)
class WarpAligner:
    """Warp the whole dance so that as many beats as possible carry a movement's peak.

    Attributes
    ----------
    max_warp : float or None
        Largest local stretch: with 1.25 no movement plays at more than 1.25 times or
        less than 1 / 1.25 of its own speed. None sets no limit, but takes 2 at most.
    anchor : "peak" or "rest"
        What is put on the beats: the largest movement around it, or the least.
    max_shift_s : float
        Seconds by which a moment may be shown earlier or later than without the warp.
    """

    name: ClassVar[str] = "warp"

    max_warp: float | None = 1.25
    anchor: Literal["peak", "rest"] = "peak"
    max_shift_s: float = 0.67

    def __post_init__(self) -> None:
        check_limits(self.name, self.max_warp, self.anchor)
        if not 0 < self.max_shift_s <= 10:
            raise InputError(
                f"warp: max_shift_s must be over 0 and at most 10; got {self.max_shift_s}"
            )

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` with its best warp; without beats, as it is."""
        warp = np.arange(dance.n_frames, dtype=np.float64)
        beats = beat_frames(music.beats_s, dance.n_frames)
        limit = min(self.max_warp or _UNLIMITED, _UNLIMITED)
        if beats.size and limit > 1:
            reach = max(1, round(self.max_shift_s * FPS / _GRID))
            chain = _Chain(travel(dance.joints, dance.seams), limit, self.anchor, reach)
            warp = chain.solve(beats, dance.n_frames)
        return rewarped(dance, warp)


@dataclass(frozen=True)
class _Span:
    """From one knot of the chain to the next.

    Attributes
    ----------
    start, end : float
        Times of the knots, frames.
    until : int or None
        First frame after the window of the beat at `start`; None where there is no beat.
    since : int or None
        First frame of the window of the beat at `end`; None where there is no beat.
    """

    start: float
    end: float
    until: int | None
    since: int | None

    @property
    def frames(self) -> Int64:
        """Frames from knot to knot."""
        return np.arange(int(np.ceil(self.start)), int(np.floor(self.end)) + 1)


@dataclass(frozen=True)
class _Link:
    """A solved span, for going back: flat indices run over (offset, path).

    Attributes
    ----------
    winner : int64 (states,)
        Best way into each state of the second knot, -1 where there is none.
    level : int8 (offsets * paths,)
        Level of the first knot's state that each way came from.
    """

    span: _Span
    ways: Paths
    winner: Int64
    level: npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Chain:
    """The dynamic programme; a state of a knot is (level of its left half, offset, pace)."""

    travelled: Travel
    limit: float
    anchor: str
    reach: int

    @property
    def paces(self) -> tuple[float, ...]:
        """Paces at which a beat may be passed: peaks faster, rests slower than plain time."""
        paces = np.linspace(1.0, self.limit, _PACES)
        return tuple((paces if self.anchor == "peak" else 1 / paces).tolist())

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the states of one knot."""
        return len(_WORTH), 2 * self.reach + 1, _PACES

    def solve(self, beats: Int64, n_frames: int) -> Float64:
        """Warp (T,) of the best chain over these beats."""
        value = np.full(self.shape, _NEVER)
        value[0, self.reach, 0] = 0.0
        links = []
        for span in _spans(beats, n_frames):
            value, link = self._advance(value, span)
            links.append(link)
        return self._back(links, n_frames)

    def _advance(self, value: Float64, span: _Span) -> tuple[Float64, _Link]:
        """Value of the states of a span's second knot from those of its first."""
        ways = _ways(
            span.end - span.start,
            float(span.frames[0]) - span.start,
            len(span.frames),
            (1.0,) if span.until is None else self.paces,
            (1.0,) if span.since is None else self.paces,
            self.limit,
        )
        here = span.start + np.arange(-self.reach, self.reach + 1) * _GRID
        before, after = self._levels(span, ways, here)
        levels = np.arange(len(_WORTH))[:, None, None]
        worth = _WORTH[np.minimum(levels, before)] if span.until is not None else 0.0
        total = value[:, :, ways.leaving] + worth - _BEND * ways.cost
        best = total.max(axis=0)
        target = np.arange(self.shape[1])[:, None] + ways.change
        there = here[:, None] + ways.shown[:, -1]
        valid = (target >= 0) & (target < self.shape[1]) & (best > _NEVER / 2)
        valid &= (here[:, None] >= 0) & (there <= (len(self.travelled.table) - 1) / STEPS)
        flat = np.flatnonzero(valid)
        pace = np.broadcast_to(ways.arriving, valid.shape)
        state = np.ravel_multi_index(
            (after.ravel()[flat], target.ravel()[flat], pace.ravel()[flat]), self.shape
        )
        reached = np.full(int(np.prod(self.shape)), _NEVER)
        np.maximum.at(reached, state, best.ravel()[flat])
        winner = np.full(len(reached), -1, dtype=np.int64)
        wins = best.ravel()[flat] == reached[state]
        winner[state[wins]] = flat[wins]
        level = total.argmax(axis=0).ravel().astype(np.int8)
        return reached.reshape(self.shape), _Link(span, ways, winner, level)

    def _levels(self, span: _Span, ways: Paths, here: Float64) -> tuple[Int64, Int64]:
        """How clearly each (offset, path) keeps the beats at its two knots ahead of the rest."""
        before = after = np.zeros((len(here), len(ways.change)), dtype=np.int64)
        if span.until is None and span.since is None:
            return before, after
        distance = self._distance(here, ways.shown)
        steps, into = np.diff(distance[1:-1], axis=0), span.frames[1:]
        # What is travelled in the half frame beyond a knot, by the pace held there.
        half = 0.5 + eased(np.array(0.5), EASE) * (np.array(self.paces) - 1)
        if span.until is not None:
            arrived = self.travelled.until(here[:, None] - half[ways.leaving])
            before = self._level(distance[1] - arrived, steps[into < span.until])
        if span.since is not None:
            there = here[:, None] + ways.shown[:, -1]
            left = self.travelled.until(there + half[ways.arriving])
            after = self._level(left - distance[-2], steps[into >= span.since])
        return before, after

    def _distance(self, here: Float64, shown: Float64) -> Float32:
        """`Travel.until` at here + shown, (times, offsets, paths), exact and fast on the grid."""
        table = self.travelled.table
        fine = np.floor(shown.T * STEPS)[:, None]
        share = (shown.T[:, None] * STEPS - fine).astype(np.float32)
        place = np.round(here * STEPS).astype(np.int32)[:, None] + fine.astype(np.int32)
        left, right = (table.take(place + i, mode="clip") for i in range(2))
        distance: Float32 = left + (right - left) * share
        return distance

    def _level(self, mine: Float64, others: Float32) -> Int64:
        """0 where the movement at a beat is not ahead of the others, 1 just, 2 clearly."""
        if not len(others):
            return np.full(mine.shape, len(_MARGINS), dtype=np.int64)
        if self.anchor == "peak":
            ahead = mine / np.maximum(others.max(axis=0), 1e-6)
        else:
            ahead = others.min(axis=0) / np.maximum(mine, 1e-6)
        level: Int64 = np.searchsorted(_MARGINS, ahead)
        return level

    def _back(self, links: list[_Link], n_frames: int) -> Float64:
        """Follow the winners back from the dance's end, which stays where it is."""
        warp = np.arange(n_frames, dtype=np.float64)
        state = (0, self.reach, 0)
        for link in reversed(links):
            way = int(link.winner[np.ravel_multi_index(state, self.shape)])
            offset, path = divmod(way, len(link.ways.change))
            origin = link.span.start + (offset - self.reach) * _GRID
            warp[link.span.frames] = origin + link.ways.shown[path, 1:-1]
            state = (int(link.level[way]), offset, int(link.ways.leaving[path]))
        return np.clip(warp, 0.0, n_frames - 1.0)


def _spans(beats: Int64, n_frames: int) -> list[_Span]:
    """Spans from frame 0 over all beats to the last frame.

    Long stretches without beats get knots of their own, so that what lies far from any
    beat need not be judged; a beat is compared with `_FAR` frames on each side at most.
    """
    windows = beat_windows(beats, n_frames)
    knots = [0.0, *(beats - 0.5).tolist(), float(n_frames - 1)]
    since = [*windows[:, 0].tolist(), None]
    until = [None, *windows[:, 1].tolist()]
    spans = []
    for start, end, left, right in zip(knots[:-1], knots[1:], until, since, strict=True):
        between = [start]
        if left is not None and end - start > 2 * _FAR:
            between.append(start + _FAR)
        if right is not None and end - start > 2 * _FAR:
            between.append(end - _FAR)
        between.append(end)
        for i, (one, other) in enumerate(pairwise(between)):
            last = i == len(between) - 2
            spans.append(_Span(one, other, left if i == 0 else None, right if last else None))
    return spans


@lru_cache(maxsize=256)
def _ways(
    run: float,
    first: float,
    n_frames: int,
    leaving: tuple[float, ...],
    arriving: tuple[float, ...],
    limit: float,
) -> Paths:
    """Paths over `run` frames of time, the first whole one `first` after the knot."""
    times = np.array([0.0, *(first + np.arange(n_frames)), run])
    most = max(_MOST_CHANGE, run / 4)
    return paths(times, np.array(leaving), np.array(arriving), _GRID, most, limit)
