from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.retrieval.continuity import Chain, greedy, solve


def random_chain(seed: int, windows: int, k: int, *, repetition: float, memory: int) -> Chain:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, k + 1, windows)
    return Chain(
        fragments=[rng.choice(2 * k, size, replace=False) for size in sizes],
        targets=[rng.random(size) for size in sizes],
        joins=[rng.random((a, b)) * 2 - 0.5 for a, b in pairwise(sizes)],
        repetition=repetition,
        memory=memory,
    )


def cheapest_by_brute_force(chain: Chain) -> float:
    choices = [range(len(target)) for target in chain.targets]
    return min(chain.cost(np.array(path)) for path in product(*choices))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 4))
def test_dynamic_programme_equals_brute_force(seed: int, windows: int, k: int) -> None:
    chain = random_chain(seed, windows, k, repetition=0.7, memory=1)
    assert chain.cost(solve(chain)) == pytest.approx(cheapest_by_brute_force(chain))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_long_memory_is_never_worse_than_a_short_one(seed: int) -> None:
    chain = random_chain(seed, 6, 3, repetition=0.5, memory=4)
    short = solve(replace(chain, memory=1))
    assert chain.cost(solve(chain)) <= chain.cost(short) + 1e-12
    assert chain.cost(solve(chain)) >= cheapest_by_brute_force(chain) - 1e-12


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_greedy_is_never_cheaper_than_viterbi(seed: int) -> None:
    chain = random_chain(seed, 5, 4, repetition=0.0, memory=0)
    assert chain.cost(greedy(chain)) >= chain.cost(solve(chain)) - 1e-12


def test_a_dear_repetition_is_avoided_across_a_gap() -> None:
    same = [np.array([7, w]) for w in range(4)]
    chain = Chain(
        fragments=same,
        targets=[np.array([0.0, 0.1])] * 4,
        joins=[np.zeros((2, 2))] * 3,
        repetition=5.0,
        memory=8,
    )
    used = [int(same[w][i]) for w, i in enumerate(solve(chain))]
    assert used.count(7) == 1


def test_a_reuse_is_avoided_however_long_ago_it_was() -> None:
    chain = Chain(
        fragments=[np.array([7, w]) for w in range(5)],
        targets=[np.array([0.0, 0.1])] * 5,
        joins=[np.zeros((2, 2))] * 4,
        repetition=5.0,
        memory=1,
    )
    for solver in (solve, greedy):
        for reuse, times in ((0.0, 3), (0.2, 1)):
            asked = replace(chain, reuse=reuse)
            used = [int(asked.fragments[w][i]) for w, i in enumerate(solver(asked))]
            assert used.count(7) == times


def test_each_use_costs_for_every_earlier_one() -> None:
    chain = Chain(
        fragments=[np.array([7])] * 4,
        targets=[np.zeros(1)] * 4,
        joins=[np.zeros((1, 1))] * 3,
        repetition=10.0,
        memory=1,
        reuse=1.0,
    )
    assert chain.cost(np.zeros(4, dtype=np.int64)) == 3 * 10.0 + (1 + 2 + 3) * 1.0


def test_a_long_memory_comes_near_the_cheapest_path() -> None:
    # Making repeated candidates dearer, without stretches solved anew, is off by 0.89 a path.
    rng = np.random.default_rng(0)
    excess = []
    for _ in range(40):
        chain = Chain(
            fragments=[rng.choice(6, 3, replace=False) for _ in range(6)],
            targets=[rng.random(3) for _ in range(6)],
            joins=[rng.random((3, 3)) * 2 - 0.5 for _ in range(5)],
            repetition=2.0,
            memory=4,
            reuse=0.3,
        )
        excess.append(chain.cost(solve(chain)) - cheapest_by_brute_force(chain))
    assert min(excess) >= -1e-9
    assert np.mean(excess) < 0.4
