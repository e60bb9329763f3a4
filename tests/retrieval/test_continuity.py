from dataclasses import replace
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.retrieval.continuity import Chain, Shown, greedy, solve


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


def shown(*stretches: tuple[int, float, float]) -> Shown:
    clip, first_s, last_s = zip(*stretches, strict=True)
    return Shown(np.arange(len(clip)), np.array(clip), np.array(first_s), np.array(last_s))


def test_fragments_are_alike_as_far_as_they_show_the_same() -> None:
    fragments = shown((7, 0.0, 2.0), (7, 0.5, 2.5), (7, 2.0, 4.0), (8, 0.0, 2.0), (7, 0.0, 4.0))
    alike = fragments.alike(np.array([0]), np.arange(5))[0]
    # Three quarters of it, less the tenth that those that go on may share; a longer one has it all.
    assert alike.tolist() == pytest.approx([1.0, (0.75 - 0.1) / 0.9, 0.0, 0.0, 1.0])


def test_a_movement_begun_a_beat_later_is_used_again() -> None:
    """By hand: another clip, dearer by 1, is cheaper than three quarters of the same again."""
    fragments = [np.array([0]), np.array([3]), np.array([1, 3])]
    chain = Chain(
        fragments=fragments,
        targets=[np.zeros(1), np.zeros(1), np.array([0.0, 1.0])],
        joins=[np.zeros((1, 1)), np.zeros((1, 2))],
        repetition=2.0,
        memory=2,
    )
    assert solve(chain).tolist() == [0, 0, 0]
    known = shown((7, 0.0, 2.0), (7, 0.5, 2.5), (8, 0.0, 2.0), (9, 0.0, 2.0))
    other = replace(chain, fragments=[np.array([0]), np.array([3]), np.array([1, 2])], shown=known)
    assert other.cost(np.array([0, 0, 0])) == pytest.approx(2 * (0.75 - 0.1) / 0.9)
    assert solve(other).tolist() == greedy(other).tolist() == [0, 0, 1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_shown_again_costs_as_summed_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chain = random_chain(seed, 7, 4, repetition=0.7, memory=3)
    first_s = rng.random(8) * 4
    known = Shown(np.arange(8), rng.integers(0, 2, 8), first_s, first_s + 1 + rng.random(8))
    chain = replace(chain, reuse=0.3, shown=known)
    path = solve(chain)
    used = chain.used(path)
    total = sum(float(target[i]) for target, i in zip(chain.targets, path, strict=True))
    total += sum(float(chain.joins[w][path[w], path[w + 1]]) for w in range(6))
    for w, v in combinations(range(7), 2):
        again = float(known.alike(used[w : w + 1], used[v : v + 1])[0, 0])
        total += again * (0.3 + 0.7 * (v - w <= 3))
    assert chain.cost(path) == pytest.approx(total)
    for w, own in enumerate(chain.targets):  # no single change is cheaper
        for i in range(len(own)):
            changed = path.copy()
            changed[w] = i
            assert chain.cost(changed) >= chain.cost(path) - 1e-9
