"""The beam finds what trying everything finds, and remembers what was danced."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.retrieval.continuity import Chain
from danceit.retrieval.counted import TAKE
from danceit.retrieval.live.beam import Past, beam


def chain_of(seed: int, windows: int, k: int, *, first: int | None = None) -> Chain:
    rng = np.random.default_rng(seed)
    sizes = [1 if first is not None and w == 0 else k for w in range(windows)]
    fragments = [rng.choice(2 * k, size, replace=False) for size in sizes]
    if first is not None:
        fragments[0] = np.array([first])
    return Chain(
        fragments=fragments,
        targets=[rng.random(size) for size in sizes],
        joins=[rng.random((a, b)) * 2 + 0.01 for a, b in pairwise(sizes)],
        repetition=0.7,
        memory=3,
        reuse=0.4,
    )


def cost_after(chain: Chain, past: list[int], path: tuple[int, ...], begun: bool) -> float:
    """Cost of what comes after the past, by the cost of whole chains (`Chain.cost`)."""
    used = past[:-1] if begun else past
    whole = Chain(
        fragments=[*[np.array([one]) for one in used], *chain.fragments],
        targets=[*[np.zeros(1) for _ in used], *chain.targets],
        joins=[
            *[np.zeros((1, 1)) for _ in used[1:]],
            *([np.zeros((1, len(chain.targets[0])))] if used else []),
            *chain.joins,
        ],
        repetition=chain.repetition,
        memory=chain.memory,
        reuse=chain.reuse,
    )
    return whole.cost(np.array([0] * len(used) + list(path)))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 4))
def test_a_wide_beam_equals_brute_force(seed: int, begun: bool, windows: int) -> None:
    rng = np.random.default_rng(seed)
    past = rng.integers(0, 6, 5).tolist()
    chain = chain_of(seed, windows + begun, 3, first=past[-1] if begun else None)
    found = beam(chain, Past(list(past)), begun=begun, width=1000)
    every = product(*[range(len(target)) for target in chain.targets])
    best = min(cost_after(chain, past, path, begun) for path in every)
    assert cost_after(chain, past, tuple(found), begun) == pytest.approx(best)


def test_a_wider_beam_is_no_worse_in_the_mean() -> None:
    costs = {
        width: np.mean([
            (chain := chain_of(seed, 5, 6)).cost(beam(chain, Past(), begun=False, width=width))
            for seed in range(30)
        ])
        for width in (1, 4, 12)
    }  # fmt: skip
    assert costs[1] > costs[4] >= costs[12]


def test_what_was_danced_long_ago_costs_less_than_what_was_danced_just_now() -> None:
    chain = Chain([np.array([5, 6])], [np.array([0.0, 0.5])], [], 3.0, 2, 0.1)
    assert beam(chain, Past([5, 1, 2]), begun=False).tolist() == [0]
    assert beam(chain, Past([1, 2, 5]), begun=False).tolist() == [1]


def test_a_take_that_has_lasted_long_is_left() -> None:
    on, off = -0.5, 0.4
    chain = Chain(
        [np.array([0]), np.array([1, 2])], [np.zeros(1), np.zeros(2)], [np.array([[on, off]])]
    )
    assert beam(chain, Past([0], take=1), begun=True).tolist() == [0, 0]
    assert beam(chain, Past([0], take=TAKE + 3), begun=True).tolist() == [0, 1]


def test_a_take_is_counted_from_its_beginning() -> None:
    past = Past()
    for goes_on in (False, True, True, False, True):
        past.add(1, goes_on=goes_on)
    assert past.take == 1
    assert len(past.used) == 5
