"""Choosing one fragment a window: the cheapest path through the candidates.

The cost of a path is the sum over its windows of

    target[w][i]                          how badly candidate i fits the music of window w
  + join[w][i, j]                         how badly j of window w + 1 continues i
  + repetition * (times i's fragment was used in the `memory` windows before w)

Target and join alone make a chain, solved exactly by dynamic programming (Viterbi).
Repetition between neighbouring windows is part of the chain too; repetition further
back is not, so the chain is solved again with the repeated candidates made dearer
until the whole cost stops falling, and the best path seen is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danceit.data import Float64, Int64

_ROUNDS = 20


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
    """

    fragments: Sequence[Int64]
    targets: Sequence[Float64]
    joins: Sequence[Float64]
    repetition: float = 0.0
    memory: int = 8

    def cost(self, path: Int64) -> float:
        """Whole cost of a path (W,) of candidate indices."""
        used = [int(self.fragments[w][i]) for w, i in enumerate(path)]
        total = sum(float(self.targets[w][i]) for w, i in enumerate(path))
        total += sum(float(self.joins[w][path[w], path[w + 1]]) for w in range(len(path) - 1))
        repeats = sum(
            used[max(0, w - self.memory) : w].count(fragment) for w, fragment in enumerate(used)
        )
        return total + self.repetition * repeats

    def only(self, allowed: Sequence[Int64]) -> "Chain":
        """Return the problem in which window w may take the candidates `allowed[w]` alone."""
        return Chain(
            fragments=[own[kept] for own, kept in zip(self.fragments, allowed, strict=True)],
            targets=[own[kept] for own, kept in zip(self.targets, allowed, strict=True)],
            joins=[join[np.ix_(allowed[w], allowed[w + 1])] for w, join in enumerate(self.joins)],
            repetition=self.repetition,
            memory=self.memory,
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
    """Path (W,) of least cost; exact where `memory` is at most 1."""
    joins = [_with_repeats(chain, w, join) for w, join in enumerate(chain.joins)]
    targets = [target.copy() for target in chain.targets]
    best = viterbi(targets, joins)
    if chain.repetition <= 0 or chain.memory <= 1:
        return best
    best_cost = chain.cost(best)
    path = best
    for _ in range(_ROUNDS):
        repeats = _repeated_windows(chain, path)
        if not repeats:
            break
        for window, fragment in repeats:
            targets[window][chain.fragments[window] == fragment] += chain.repetition
        path = viterbi(targets, joins)
        cost = chain.cost(path)
        if cost < best_cost:
            best, best_cost = path, cost
    return best


def greedy(chain: Chain) -> Int64:
    """Path (W,) that takes the cheapest continuation window by window."""
    path: list[int] = []
    used: list[int] = []
    for w, target in enumerate(chain.targets):
        cost = target + (chain.joins[w - 1][path[-1]] if w else 0.0)
        recent = used[max(0, w - chain.memory) : w]
        cost = cost + chain.repetition * np.array(
            [recent.count(int(fragment)) for fragment in chain.fragments[w]]
        )
        path.append(int(np.argmin(cost)))
        used.append(int(chain.fragments[w][path[-1]]))
    return np.array(path, dtype=np.int64)


def _with_repeats(chain: Chain, window: int, join: Float64) -> Float64:
    if chain.memory < 1:
        return join
    same = chain.fragments[window][:, None] == chain.fragments[window + 1][None, :]
    return np.asarray(join + chain.repetition * same, dtype=np.float64)


def _repeated_windows(chain: Chain, path: Int64) -> list[tuple[int, int]]:
    """Windows whose fragment was used within memory but not in the window just before."""
    used = [int(chain.fragments[w][i]) for w, i in enumerate(path)]
    return [
        (w, fragment)
        for w, fragment in enumerate(used)
        if fragment in used[max(0, w - chain.memory) : max(0, w - 1)]
    ]
