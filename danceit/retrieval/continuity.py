"""Choosing one fragment a window: the cheapest path through the candidates.

The cost of a path is the sum over its windows of

    target[w][i]                          how badly candidate i fits the music of window w
  + join[w][i, j]                         how badly j of window w + 1 continues i
  + repetition * (times i's fragment was used in the `memory` windows before w)
  + reuse * (times it was used anywhere before w)

Fragments that begin on neighbouring beats of one clip are nearly the same movement: where it is
known what each shows (`Shown`), a fragment was used as far as what was shown before is shown again.

Target and join alone make a chain, solved exactly by dynamic programming (Viterbi).
Repetition between neighbouring windows is part of the chain too; repetition further
back is not, so the chain is solved again with the repeated candidates made dearer,
and the best path seen is then improved stretch by stretch: a few neighbouring windows are
solved anew against the uses that all the others make, as long as the whole cost falls.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from danceit.data import Float64, Int64

_ROUNDS = 20
_LEAST_GAIN = 1e-9
_TOUCH = 0.1
"""Share of a fragment that another may show too and be new: one that goes on begins where the
one before ends, give or take the stretch that another window asks for."""
_STRETCHES = (8, 4, 2, 1)
"""Windows that are solved anew together; long ones move a take, short ones swap one fragment."""


_BLOCK = 256
"""Windows that are held against all before them at once: a song of hours has thousands."""


@dataclass(frozen=True)
class Shown:
    """What N fragments show of their clips: how far two of them are the same movement.

    Attributes
    ----------
    fragments : int64 (N,)
        Increasing.
    clip : int64 (N,)
        The clip of each, by any number.
    first_s, last_s : float64 (N,)
        The stretch of it.
    """

    fragments: Int64
    clip: Int64
    first_s: Float64
    last_s: Float64

    def numbered(self, fragments: Int64) -> "Shown":
        """Return those of some fragments (M,), increasing, as numbers from 0 on."""
        at = np.searchsorted(self.fragments, fragments)
        every = np.arange(len(fragments), dtype=np.int64)
        return Shown(every, self.clip[at], self.first_s[at], self.last_s[at])

    def alike(self, here: Int64, there: Int64) -> Float64:
        """How far each of fragments (A,) shows what each of (B,) shows: 0 to 1, (A, B)."""
        a, b = (np.searchsorted(self.fragments, own) for own in (here, there))
        first = np.maximum(self.first_s[a][:, None], self.first_s[b][None, :])
        last = np.minimum(self.last_s[a][:, None], self.last_s[b][None, :])
        length_s = self.last_s - self.first_s
        shorter = np.minimum(length_s[a][:, None], length_s[b][None, :])
        share = np.where(
            self.clip[a][:, None] == self.clip[b][None, :], (last - first) / shorter, 0
        )
        return np.asarray(np.clip((share - _TOUCH) / (1 - _TOUCH), 0.0, 1.0), dtype=np.float64)


@dataclass(frozen=True)
class Chain:
    """A problem of W windows.

    Attributes
    ----------
    fragments : sequence of int64 (K_w,)
        Identity of each candidate; equal numbers are the same movement.
    targets : sequence of float64 (K_w,)
    joins : sequence of float64 (K_w, K_{w+1})
        One fewer than windows.
    repetition : float
        Cost of each earlier use within `memory` windows.
    memory : int
        Windows.
    reuse : float
        Cost of each earlier use, however long ago.
    shown : Shown or None
        What the fragments show; None where different ones show different movement.
    """

    fragments: Sequence[Int64]
    targets: Sequence[Float64]
    joins: Sequence[Float64]
    repetition: float = 0.0
    memory: int = 8
    reuse: float = 0.0
    shown: Shown | None = None

    def alike(self, here: Int64, there: Int64) -> Float64:
        """How far fragments (A,) are the same movement as (B,): 0 to 1, (A, B)."""
        if self.shown is not None:
            return self.shown.alike(here, there)
        return np.asarray(here[:, None] == there[None, :], dtype=np.float64)

    def used(self, path: Int64) -> Int64:
        """Fragment (W,) of each window of a path."""
        own = [fragments[i] for fragments, i in zip(self.fragments, path, strict=True)]
        return np.array(own, dtype=np.int64)

    def cost(self, path: Int64) -> float:
        """Whole cost of a path (W,) of candidate indices."""
        used = self.used(path)
        total = sum(float(self.targets[w][i]) for w, i in enumerate(path))
        total += sum(float(self.joins[w][path[w], path[w + 1]]) for w in range(len(path) - 1))
        for first, again in self.again(used, 1):
            recent = np.triu(again, first - self.memory)
            total += self.repetition * float(recent.sum()) + self.reuse * float(again.sum())
        return total

    def again(self, used: Int64, apart: int) -> Iterator[tuple[int, Float64]]:
        """How far fragments (W,) were used `apart` windows before or earlier, some at a time.

        Yields
        ------
        int
            The first of `_BLOCK` windows.
        float64 (B, V)
            Of each of them, how far it shows what each of the first V windows showed; else 0.
        """
        for first in range(0, len(used), _BLOCK):
            block = used[first : first + _BLOCK]
            yield first, np.tril(self.alike(block, used[: first + len(block)]), first - apart)

    def only(self, allowed: Sequence[Int64]) -> "Chain":
        """Return the problem in which window w may take the candidates `allowed[w]` alone."""
        return replace(
            self,
            fragments=[own[kept] for own, kept in zip(self.fragments, allowed, strict=True)],
            targets=[own[kept] for own, kept in zip(self.targets, allowed, strict=True)],
            joins=[join[np.ix_(allowed[w], allowed[w + 1])] for w, join in enumerate(self.joins)],
        )


def viterbi(targets: Sequence[Float64], joins: Sequence[Float64]) -> Int64:
    """Cheapest path (W,) of candidate indices, exactly; ties go to the lower index."""
    best = targets[0]
    back: list[Int64] = []
    for target, join in zip(targets[1:], joins, strict=True):
        through = best[:, None] + join
        origin = np.argmin(through, axis=0)
        back.append(origin)
        best = through[origin, np.arange(len(target))] + target
    path = [int(np.argmin(best))]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1], dtype=np.int64)


def solve(chain: Chain) -> Int64:
    """Path (W,) of least cost; exact where `memory` is at most 1 and `reuse` is 0."""
    joins = _with_repeats(chain)
    targets = [target.copy() for target in chain.targets]
    best = viterbi(targets, joins)
    if chain.reuse <= 0 and (chain.repetition <= 0 or chain.memory <= 1):
        return best
    best_cost = chain.cost(best)
    path = best
    for _ in range(_ROUNDS if chain.repetition > 0 else 0):
        repeats = _repeated_windows(chain, path)
        if not repeats:
            break
        for window, fragment in repeats:
            same = chain.alike(chain.fragments[window], np.array([fragment]))[:, 0]
            targets[window] += chain.repetition * same
        path = viterbi(targets, joins)
        cost = chain.cost(path)
        if cost < best_cost:
            best, best_cost = path, cost
    return _improved(chain, joins, best)


def greedy(chain: Chain) -> Int64:
    """Path (W,) that takes the cheapest continuation window by window."""
    path: list[int] = []
    used = np.zeros(len(chain.targets), dtype=np.int64)
    for w, target in enumerate(chain.targets):
        cost = target + (chain.joins[w - 1][path[-1]] if w else 0.0)
        again = chain.alike(chain.fragments[w], used[:w])
        cost = cost + chain.repetition * again[:, max(0, w - chain.memory) :].sum(axis=1)
        cost = cost + chain.reuse * again.sum(axis=1)
        path.append(int(np.argmin(cost)))
        used[w] = chain.fragments[w][path[-1]]
    return np.array(path, dtype=np.int64)


def _improved(chain: Chain, joins: Sequence[Float64], path: Int64) -> Int64:
    """Solve stretches of a path (W,) anew, the rest held fast, until no stretch gets cheaper.

    `joins` are the chain's with the cost of using a fragment twice in a row.
    """
    path = path.copy()
    chain = _renumbered(chain)
    used = chain.used(path)
    uses = _Uses(chain)
    uses.add(used)
    changes, looked_at = 0, dict[tuple[int, int], int]()
    for _ in range(_ROUNDS):
        before = changes
        for length in _STRETCHES:
            for first in range(0, len(path), max(1, length // 2)):
                if looked_at.get((first, length)) == changes:
                    continue
                stretch = slice(first, min(first + length, len(path)))
                uses.add(used[stretch], -1)
                part = _part(chain, path, stretch, used, uses.counted)
                anew = viterbi(part.targets, joins[stretch.start : stretch.stop - 1])
                if (anew != path[stretch]).any() and (
                    part.cost(anew) < part.cost(path[stretch]) - _LEAST_GAIN
                ):
                    path[stretch] = anew
                    used[stretch] = [own[i] for own, i in zip(part.fragments, anew, strict=True)]
                    changes += 1
                uses.add(used[stretch])
                looked_at[first, length] = changes
        if changes == before:
            break
    return path


class _Uses:
    """How often each of a chain's fragments, numbered from 0 on, is used: `counted`, (N,)."""

    def __init__(self, chain: Chain) -> None:
        self.counted = np.zeros(1 + max(int(own.max()) for own in chain.fragments))
        every = np.arange(len(self.counted))
        kin = every if chain.shown is None else chain.shown.clip
        order = np.argsort(kin, kind="stable")
        self._alike: dict[int, tuple[Int64, Float64]] = {}
        for clip in np.split(order, np.flatnonzero(np.diff(kin[order])) + 1):
            for first in range(0, len(clip), _BLOCK):
                block = clip[first : first + _BLOCK]
                for fragment, alike in zip(block, chain.alike(block, clip), strict=True):
                    near = np.flatnonzero(alike)
                    self._alike[int(fragment)] = clip[near], alike[near]

    def add(self, fragments: Int64, times: int = 1) -> None:
        """Count some fragments (M,) as used once more, or with -1 once less."""
        for fragment in fragments.tolist():
            near, alike = self._alike[fragment]
            self.counted[near] += times * alike


def _renumbered(chain: Chain) -> Chain:
    """Return the same problem with its fragments numbered from 0 on."""
    known, numbers = np.unique(np.concatenate(chain.fragments), return_inverse=True)
    ends = np.cumsum([len(own) for own in chain.fragments])
    shown = None if chain.shown is None else chain.shown.numbered(known)
    return replace(chain, fragments=np.split(numbers.astype(np.int64), ends[:-1]), shown=shown)


def _part(chain: Chain, path: Int64, stretch: slice, used: Int64, uses: Float64) -> Chain:
    """Return the problem of some windows, the rest of the path's demands in their targets.

    Parameters
    ----------
    used : int64 (W,)
        Fragment of each window of the path.
    uses : float64 (N,)
        How often each fragment is used outside the stretch: counting anew in every window
        would take the square of the song's length.
    """
    targets = []
    for w in range(stretch.start, stretch.stop):
        before = used[max(0, w - chain.memory) : stretch.start]
        around = np.concatenate([before, used[stretch.stop : w + chain.memory + 1]])
        near = chain.alike(chain.fragments[w], around).sum(axis=1)
        again = chain.repetition * near + chain.reuse * uses[chain.fragments[w]]
        targets.append(chain.targets[w] + again)
    if stretch.start > 0:
        targets[0] = targets[0] + chain.joins[stretch.start - 1][path[stretch.start - 1]]
    if stretch.stop < len(path):
        targets[-1] = targets[-1] + chain.joins[stretch.stop - 1][:, path[stretch.stop]]
    return replace(
        chain,
        fragments=chain.fragments[stretch],
        targets=targets,
        joins=chain.joins[stretch.start : stretch.stop - 1],
    )


def _with_repeats(chain: Chain) -> list[Float64]:
    """Return the chain's joins with the cost of using a fragment twice in a row."""
    twice = chain.reuse + (chain.repetition if chain.memory >= 1 else 0.0)
    return [
        join + twice * chain.alike(here, there)
        for join, (here, there) in zip(chain.joins, pairwise(chain.fragments), strict=True)
    ]


def _repeated_windows(chain: Chain, path: Int64) -> list[tuple[int, int]]:
    """Windows whose fragment was used within memory but not in the window just before."""
    used = chain.used(path)
    repeats: list[tuple[int, int]] = []
    for first, again in chain.again(used, 2):
        recent = np.triu(again, first - chain.memory).any(axis=1)
        repeats += [(int(w), int(used[w])) for w in first + np.flatnonzero(recent)]
    return repeats
