"""Measures against brute force, hand-worked cases and known distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from danceit.bench.measures.ranking import (
    best_threshold,
    correlation_accuracy,
    recall_at,
    squared_distances,
    style_precision,
    true_ranks,
)

RNG = np.random.default_rng(0)


@given(arrays(np.float32, (4, 3), elements=st.floats(-5, 5, width=32)))
def test_distances_equal_brute_force(vectors: np.ndarray) -> None:
    brute = [[float(((a - b).astype(np.float64) ** 2).sum()) for b in vectors] for a in vectors[:2]]
    assert squared_distances(vectors[:2], vectors) == pytest.approx(np.array(brute), abs=1e-4)


def test_ranks_count_the_nearer_and_half_of_the_tied() -> None:
    distances = np.array([[0.3, 0.1, 0.2], [0.5, 0.5, 0.5], [3.0, 1.0, 2.0]])
    assert true_ranks(distances, np.array([0, 1, 1])).tolist() == [2, 1, 0]
    assert recall_at(np.array([0.0, 4.0, 5.0]), 5).tolist() == [1, 1, 0]


def test_style_precision_by_hand() -> None:
    distances = np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]])
    library = np.array(["waltz", "waltz", "rumba", "rumba"])
    found = style_precision(distances, library, np.array(["waltz", ""]), 3, RNG)
    assert found[0] == pytest.approx(2 / 3)
    assert np.isnan(found[1])


def test_ties_are_broken_at_random_so_that_a_collapsed_encoder_is_at_chance() -> None:
    library = np.array(["a"] * 900 + ["b"] * 100)
    flat = np.zeros((400, 1000))
    found = style_precision(flat, library, np.array(["b"] * 400), 5, np.random.default_rng(1))
    assert found.mean() == pytest.approx(0.1, abs=0.03)


def test_correlation_accuracy_by_hand() -> None:
    matched, delayed = np.array([0.1, 0.2, 0.9]), np.array([0.5, 1.0])
    assert correlation_accuracy(matched, delayed, 0.5) == pytest.approx((2 / 3 + 1) / 2)
    best = best_threshold(matched, delayed)
    assert correlation_accuracy(matched, delayed, best) == pytest.approx((2 / 3 + 1) / 2)
    alike = np.linspace(0, 1, 1000)
    assert correlation_accuracy(alike, alike, 0.3) == pytest.approx(0.5, abs=0.01)
