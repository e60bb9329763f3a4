"""Which fragments go through the windows to come: beam search from what has been danced.

The costs are those of `danceit.retrieval.continuity`, and of `danceit.retrieval.counted` for
takes that last too long. A song's whole path cannot be known here, so the best few paths
through the next windows are followed, each with its own memory of what it used: repetition,
however long ago, is then exact, where dynamic programming has to guess at it. Only the first
step is taken; when the next is due all is searched anew from what is known by then.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from danceit.data import Int64
from danceit.retrieval.continuity import Chain
from danceit.retrieval.counted import TAKE, TAKE_COST

WIDTH = 12
"""Paths that are followed. On songs and dances of the tests the best path of all is found with
8 or more; the next few cost little."""


@dataclass
class Past:
    """What has been danced.

    Attributes
    ----------
    used : list of int
        Fragment of each window, the last one last.
    take : int
        Windows in a row in which the source went on, up to now.
    """

    used: list[int] = field(default_factory=list)
    take: int = 0

    def add(self, fragment: int, *, goes_on: bool) -> None:
        """Note that a fragment was taken."""
        self.used.append(fragment)
        self.take = self.take + 1 if goes_on else 0


@dataclass(frozen=True)
class _Path:
    cost: float
    taken: tuple[int, ...]
    used: tuple[int, ...]
    take: int


def beam(chain: Chain, past: Past, *, begun: bool, width: int = WIDTH) -> Int64:
    """Path (W,) of candidate indices, the cheapest of those that are followed.

    Parameters
    ----------
    chain : Chain
    past : Past
        What was danced so far.
    begun : bool
        Whether the chain's first window is the last that was danced, with that fragment alone.
    width : int
        Paths that are kept from window to window. With as many as there are paths it is exact.
    """
    counted = Counter(past.used)
    paths = [_Path(0.0, (), (), past.take)]
    if begun:
        paths = [_Path(0.0, (0,), (), past.take)]
    for w in range(int(begun), len(chain.targets)):
        paths = _best(
            [step for path in paths for step in _steps(chain, w, path, past, counted)], width
        )
    return np.array(paths[0].taken, dtype=np.int64)


def _best(paths: Sequence[_Path], width: int) -> list[_Path]:
    """The cheapest, in order; of equals those that come first."""
    return sorted(paths, key=lambda path: path.cost)[:width]


def _steps(chain: Chain, w: int, path: _Path, past: Past, counted: Counter[int]) -> list[_Path]:
    """Paths that go one window further."""
    recent = (*past.used[-chain.memory :], *path.used)[-chain.memory :] if chain.memory else ()
    near, ever = Counter(recent), counted + Counter(path.used)
    steps = []
    for i, fragment in enumerate(chain.fragments[w].tolist()):
        cost = float(chain.targets[w][i])
        cost += chain.repetition * near[fragment] + chain.reuse * ever[fragment]
        take = 0
        if path.taken:
            join = float(chain.joins[w - 1][path.taken[-1], i])
            take = path.take + 1 if join <= 0 else 0
            cost += join + TAKE_COST * max(0, take - TAKE + 1)
        steps.append(_Path(path.cost + cost, (*path.taken, i), (*path.used, fragment), take))
    return steps
