import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.retrieval.placing import Stance, disagreement, join_costs, join_features, moved, stance


def body(rng: np.random.Generator, n: int, length: int, dims: int) -> np.ndarray:
    return rng.normal(size=(n, length, 18, dims)).astype(np.float32) * 100


@given(st.integers(0, 1000), st.sampled_from([2, 3]))
def test_a_carried_fragment_stands_where_it_was_sent(seed: int, dims: int) -> None:
    rng = np.random.default_rng(seed)
    poses = body(rng, 3, 5, dims)
    start = stance(poses[:, 0])
    onto = Stance(
        rng.normal(size=(3, 2)) * 50 * np.array([1, dims == 3]),
        rng.uniform(-3, 3, 3) if dims == 3 else np.zeros(3),
    )
    arrived = stance(moved(poses, start, onto)[:, 0])
    np.testing.assert_allclose(arrived.floor, onto.floor, atol=1e-3)
    np.testing.assert_allclose(np.exp(1j * arrived.heading), np.exp(1j * onto.heading), atol=1e-4)


@given(st.integers(0, 1000))
def test_carrying_keeps_heights_and_distances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    poses = body(rng, 2, 4, 3)
    there = moved(poses, stance(poses[:, 0]), Stance(np.ones((2, 2)) * 30, np.array([0.4, -2.0])))
    np.testing.assert_allclose(there[..., 1], poses[..., 1])
    spans = np.linalg.norm(poses[:, :, :, None] - poses[:, :, None], axis=-1)
    np.testing.assert_allclose(
        np.linalg.norm(there[:, :, :, None] - there[:, :, None], axis=-1), spans, atol=1e-2
    )


def test_join_cost_ignores_where_the_dancer_stands_and_faces() -> None:
    rng = np.random.default_rng(1)
    poses = body(rng, 4, 6, 3)
    turned = moved(
        poses, stance(poses[:, 0]), Stance(rng.normal(size=(4, 2)) * 90, rng.uniform(-3, 3, 4))
    )
    before = join_costs(*join_features(poses, velocity_s=0.1))
    after = join_costs(*join_features(turned, velocity_s=0.1))
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-2)


def test_a_movement_that_goes_on_joins_at_no_cost_and_is_the_cheapest() -> None:
    frames = np.arange(12, dtype=np.float32)
    poses = np.stack([frames * speed for speed in (1.0, 5.0)])[:, :, None, None]
    poses = poses + np.random.default_rng(2).normal(size=(2, 1, 18, 2)).astype(np.float32) * 100
    halves = np.concatenate([poses[:, :6], poses[:, 6:]]).astype(np.float32)
    costs = join_costs(*join_features(halves, velocity_s=0.1))
    assert costs[0, 2] == pytest.approx(0.0, abs=1e-3)
    assert costs[1, 3] == pytest.approx(0.0, abs=1e-3)
    assert costs[0, 3] > 1.0
    assert costs[1, 2] > 1.0


def test_missing_joints_are_left_out_not_read_as_zero() -> None:
    rng = np.random.default_rng(3)
    poses = body(rng, 2, 4, 2)
    whole = join_costs(*join_features(poses, velocity_s=0.1))
    poses[:, :, 14:] = np.nan
    partial = join_costs(*join_features(poses, velocity_s=0.1))
    assert np.isfinite(partial).all()
    assert (np.abs(partial - whole) < whole).all()
    poses[1] = np.nan
    assert np.isinf(join_costs(*join_features(poses, velocity_s=0.1))[0, 1])


def test_pairs_alone_disagree_as_they_do_among_all_pairs() -> None:
    rng = np.random.default_rng(3)
    leaving, entering = rng.normal(0, 50, (2, 6, 40))
    leaving[1, :10] = entering[2, 5:20] = leaving[4] = np.nan
    alone = disagreement(leaving, entering)
    np.testing.assert_allclose(alone, np.diagonal(join_costs(leaving, entering)), rtol=1e-9)
    assert np.isinf(alone[4])
