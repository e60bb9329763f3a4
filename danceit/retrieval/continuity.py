"""Choosing one fragment a window: the cheapest path through the candidates.

The cost of a path is the sum over its windows of

    target[w][i]                          how badly candidate i fits the music of window w
  + join[w][i, j]                         how badly j of window w + 1 continues i
  + repetition * (times i's fragment was used in the `memory` windows before w)
  + reuse * (times it was used anywhere before w)

Target and join alone make a chain, solved exactly by dynamic programming (Viterbi).
Repetition between neighbouring windows is part of the chain too; repetition further
back is not, so the chain is solved again with the repeated candidates made dearer,
and the best path seen is then improved stretch by stretch: a few neighbouring windows are
solved anew against the uses that all the others make, as long as the whole cost falls.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from danceit.data import Float64, Int64

_ROUNDS = 20
_LEAST_GAIN = 1e-9
_STRETCHES = (8, 4, 2, 1)
"""Windows that are solved anew together; long ones move a take, short ones swap one fragment."""


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
    """

    fragments: Sequence[Int64]
    targets: Sequence[Float64]
    joins: Sequence[Float64]
    repetition: float = 0.0
    memory: int = 8
    reuse: float = 0.0

    def cost(self, path: Int64) -> float:
        """Whole cost of a path (W,) of candidate indices."""
        used = [int(self.fragments[w][i]) for w, i in enumerate(path)]
        total = sum(float(self.targets[w][i]) for w, i in enumerate(path))
        total += sum(float(self.joins[w][path[w], path[w + 1]]) for w in range(len(path) - 1))
        repeats = sum(
            used[max(0, w - self.memory) : w].count(fragment) for w, fragment in enumerate(used)
        )
        uses = sum(n * (n - 1) // 2 for n in Counter(used).values())
        return total + self.repetition * repeats + self.reuse * uses

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
            targets[window][chain.fragments[window] == fragment] += chain.repetition
        path = viterbi(targets, joins)
        cost = chain.cost(path)
        if cost < best_cost:
            best, best_cost = path, cost
    return _improved(chain, joins, best)


def greedy(chain: Chain) -> Int64:
    """Path (W,) that takes the cheapest continuation window by window."""
    path: list[int] = []
    used: list[int] = []
    uses: Counter[int] = Counter()
    for w, target in enumerate(chain.targets):
        cost = target + (chain.joins[w - 1][path[-1]] if w else 0.0)
        recent = used[max(0, w - chain.memory) : w]
        cost = cost + chain.repetition * np.array(
            [recent.count(int(fragment)) for fragment in chain.fragments[w]]
        )
        cost = cost + chain.reuse * np.array(
            [uses[int(fragment)] for fragment in chain.fragments[w]]
        )
        path.append(int(np.argmin(cost)))
        used.append(int(chain.fragments[w][path[-1]]))
        uses[used[-1]] += 1
    return np.array(path, dtype=np.int64)


def _improved(chain: Chain, joins: Sequence[Float64], path: Int64) -> Int64:
    """Solve stretches of a path (W,) anew, the rest held fast, until no stretch gets cheaper.

    `joins` are the chain's with the cost of using a fragment twice in a row.
    """
    path = path.copy()
    chain = _renumbered(chain)
    used = np.array([own[i] for own, i in zip(chain.fragments, path, strict=True)], dtype=np.int64)
    uses = np.bincount(used, minlength=1 + max(int(own.max()) for own in chain.fragments))
    changes, looked_at = 0, dict[tuple[int, int], int]()
    for _ in range(_ROUNDS):
        before = changes
        for length in _STRETCHES:
            for first in range(0, len(path), max(1, length // 2)):
                if looked_at.get((first, length)) == changes:
                    continue
                stretch = slice(first, min(first + length, len(path)))
                np.subtract.at(uses, used[stretch], 1)
                part = _part(chain, path, stretch, used, uses)
                anew = viterbi(part.targets, joins[stretch.start : stretch.stop - 1])
                if (anew != path[stretch]).any() and (
                    part.cost(anew) < part.cost(path[stretch]) - _LEAST_GAIN
                ):
                    path[stretch] = anew
                    used[stretch] = [own[i] for own, i in zip(part.fragments, anew, strict=True)]
                    changes += 1
                np.add.at(uses, used[stretch], 1)
                looked_at[first, length] = changes
        if changes == before:
            break
    return path


def _renumbered(chain: Chain) -> Chain:
    """Return the same problem with its fragments numbered from 0 on."""
    _, numbers = np.unique(np.concatenate(chain.fragments), return_inverse=True)
    ends = np.cumsum([len(own) for own in chain.fragments])
    return replace(chain, fragments=np.split(numbers.astype(np.int64), ends[:-1]))


def _part(chain: Chain, path: Int64, stretch: slice, used: Int64, uses: Int64) -> Chain:
    """Return the problem of some windows, the rest of the path's demands in their targets.

    Parameters
    ----------
    used : int64 (W,)
        Fragment of each window of the path.
    uses : int64 (N,)
        How often each fragment is used outside the stretch: counting anew in every window
        would take the square of the song's length.
    """
    targets = []
    for w in range(stretch.start, stretch.stop):
        before = used[max(0, w - chain.memory) : stretch.start]
        around = np.concatenate([before, used[stretch.stop : w + chain.memory + 1]])
        near = (chain.fragments[w][:, None] == around[None, :]).sum(axis=1)
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
        join + twice * (here[:, None] == there[None, :])
        for join, (here, there) in zip(chain.joins, pairwise(chain.fragments), strict=True)
    ]


def _repeated_windows(chain: Chain, path: Int64) -> list[tuple[int, int]]:
    """Windows whose fragment was used within memory but not in the window just before."""
    used = [int(chain.fragments[w][i]) for w, i in enumerate(path)]
    return [
        (w, fragment)
        for w, fragment in enumerate(used)
        if fragment in used[max(0, w - chain.memory) : max(0, w - 1)]
    ]
