"""Takes that last too long are cut, and only there: against every path, priced as is stated."""

import numpy as np
import pytest

from danceit.data import Int64
from danceit.retrieval.continuity import Chain, solve
from danceit.retrieval.counted import TAKE, TAKE_COST, shorter_takes

_GOES_ON = -0.5


def takes(n_windows: int, seam: float, rng: np.random.Generator | None = None) -> Chain:
    """Three takes side by side that all go on from each window to the next."""
    joins = [
        np.where(np.eye(3, dtype=bool), _GOES_ON, seam if rng is None else rng.uniform(0.3, seam))
        for _ in range(n_windows - 1)
    ]
    targets = [
        np.array([0.0, 0.1, 0.2]) if rng is None else rng.uniform(0, 0.5, 3)
        for _ in range(n_windows)
    ]
    fragments = [np.arange(3) + 3 * w for w in range(n_windows)]
    return Chain(fragments, targets, joins)


def priced(chain: Chain, path: Int64) -> float:
    """Cost with `TAKE_COST` for each window of a take beyond `TAKE`, rising by as much."""
    cost, length = chain.cost(path), 0
    for w in range(len(path) - 1):
        length = length + 1 if path[w] == path[w + 1] else 0
        cost += TAKE_COST * max(0, length - TAKE + 1)
    return cost


def least(chain: Chain) -> float:
    """Cost of the best of all paths, by dynamic programming over how long the take lasts."""
    best = {(i, 0): float(target) for i, target in enumerate(chain.targets[0])}
    for join, target in zip(chain.joins, chain.targets[1:], strict=True):
        reached: dict[tuple[int, int], float] = {}
        for (i, length), cost in best.items():
            for j in range(len(target)):
                own = length + 1 if i == j else 0
                through = cost + join[i, j] + target[j] + TAKE_COST * max(0, own - TAKE + 1)
                reached[j, own] = min(reached.get((j, own), np.inf), float(through))
        best = reached
    return min(best.values())


@pytest.mark.parametrize("seam", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("n_windows", [16, 24, 40])
def test_a_take_is_cut_as_often_as_it_is_too_long_and_no_more(n_windows: int, seam: float) -> None:
    chain = takes(n_windows, seam)
    path = shorter_takes(chain, solve)
    assert np.count_nonzero(np.diff(path)) == -(-n_windows // TAKE) - 1
    assert priced(chain, path) == pytest.approx(least(chain))


@pytest.mark.parametrize("seed", range(20))
def test_a_path_is_near_the_best_of_all_and_never_dearer_than_the_plain_one(seed: int) -> None:
    chain = takes(30, 2.0, np.random.default_rng(seed))
    cost = priced(chain, shorter_takes(chain, solve))
    assert cost <= priced(chain, solve(chain))
    # Two seams of difference at the most.
    assert least(chain) - 1e-9 <= cost <= least(chain) + 4.0
