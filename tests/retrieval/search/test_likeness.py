"""How far movements are apart, against slow and simple computations of the same."""

import numpy as np
import pytest

from danceit.data import Float32
from danceit.retrieval.search.likeness import (
    BAND,
    Bodies,
    even_distances,
    evenly,
    fitted,
    warped_distance,
)


def movement(seed: int, n_frames: int = 24, dims: int = 3) -> Float32:
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n_frames, 18, dims)).cumsum(axis=0) * 6
    poses = (steps + rng.normal(0, 80, (18, dims)) + 256).astype(np.float32)
    poses[:, 14:] = np.nan
    return poses


def turned(poses: Float32, angle: float, shift: tuple[float, float] = (0.0, 0.0)) -> Float32:
    result = poses.copy()
    x, z = poses[..., 0], poses[..., 2]
    result[..., 0] = np.cos(angle) * x - np.sin(angle) * z + shift[0]
    result[..., 2] = np.sin(angle) * x + np.cos(angle) * z + shift[1]
    return result


def apart(a: Float32, b: Float32) -> float:
    """Root mean square distance of the joints that both show."""
    return float(np.sqrt(np.nanmean(((a.astype(float) - b) ** 2).sum(axis=-1))))


def test_a_movement_turned_and_carried_off_is_the_same_movement() -> None:
    move = movement(1)
    fit = fitted(move, turned(move, 2.0, (300.0, -90.0))[None])
    assert fit.apart_px[0] == pytest.approx(0.0, abs=1e-2)
    assert fit.turn[0] == pytest.approx(-2.0, abs=1e-4)
    assert warped_distance(move, fit.laid)[0] == pytest.approx(0.0, abs=1e-2)
    np.testing.assert_allclose(fit.laid[0], move, atol=0.05)


def test_no_other_turn_or_shift_fits_better() -> None:
    """The closed form of Kovar et al. against a search over turns, each with its best shift."""
    move, other = movement(1), movement(2)
    fit = fitted(move, other[None])
    best = np.inf
    for angle in np.linspace(-np.pi, np.pi, 721):
        candidate = turned(other, angle)
        off = np.nanmean((move - candidate)[..., [0, 2]], axis=(0, 1))
        best = min(best, apart(move, turned(other, angle, (off[0], off[1]))))
    assert apart(move, fit.laid[0].astype(np.float32)) == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_quick_distance_is_that_of_the_fit(dims: int) -> None:
    move = movement(1, dims=dims)
    others = np.stack([movement(seed, dims=dims) for seed in range(2, 6)])
    others[1, 3:9, 4] = np.nan
    quick = even_distances(Bodies.of(move), Bodies.of(others))
    fit = fitted(move, others)
    slow = [apart(move, laid.astype(np.float32)) for laid in fit.laid]
    np.testing.assert_allclose(quick, slow, rtol=1e-5)


def test_in_two_dimensions_nothing_is_turned() -> None:
    move = movement(1, dims=2)
    fit = fitted(move, (move + np.array([40.0, 0.0], dtype=np.float32))[None])
    assert fit.turn.tolist() == [0.0]
    assert fit.apart_px[0] == pytest.approx(0.0, abs=1e-3)


def test_the_warped_distance_is_the_cheapest_path_in_time() -> None:
    """Against the recursion of Sakoe and Chiba, cell by cell."""
    move, laid = movement(1, 11), movement(3, 9).astype(np.float64)[None]
    t, n = len(move), laid.shape[1]
    off = move[:, None, :14] - laid[0][None, :, :14]
    costs = np.sqrt((off**2).sum(axis=-1).mean(axis=-1))
    total = np.full((t + 1, n + 1), np.inf)
    total[0, 0] = 0
    for i in range(t):
        for j in range(n):
            if abs(i / (t - 1) - j / (n - 1)) > BAND + 1 / min(t, n):
                continue
            total[i + 1, j + 1] = min(
                total[i, j] + 2 * costs[i, j],
                total[i, j + 1] + costs[i, j],
                total[i + 1, j] + costs[i, j],
            )
    assert warped_distance(move, laid)[0] == pytest.approx(total[t, n] / (t + n), rel=1e-6)


def test_a_movement_that_lingers_is_nearer_when_time_is_warped() -> None:
    move = movement(1, 48)
    at = 47 * np.linspace(0, 1, 48) ** 1.2
    late = np.stack([move[round(place)] for place in at])
    fit = fitted(move, late[None])
    assert warped_distance(move, fit.laid)[0] < 0.5 * fit.apart_px[0]


def test_joints_that_one_side_lacks_do_not_count() -> None:
    move, other = movement(1), movement(1)
    other[:, 7] = np.nan
    other[5, 4] = np.nan
    fit = fitted(move, other[None])
    assert fit.apart_px[0] == pytest.approx(0.0, abs=1e-3)
    assert warped_distance(move, fit.laid)[0] == pytest.approx(0.0, abs=1e-2)


def test_bodies_without_a_joint_in_common_are_infinitely_far_apart() -> None:
    move, other = movement(1), movement(1)
    move[:, ::2], other[:, 1::2] = np.nan, np.nan
    fit = fitted(move, other[None])
    assert np.isinf(fit.apart_px).all()
    assert np.isinf(warped_distance(move, fit.laid)).all()
    assert np.isinf(even_distances(Bodies.of(move), Bodies.of(other[None]))).all()


def test_stretching_evenly_keeps_both_ends() -> None:
    move = movement(1, 20)
    longer = evenly(move, 33)
    assert longer.shape == (33, 18, 3)
    np.testing.assert_allclose(longer[[0, -1]], move[[0, -1]], atol=1e-3)
    np.testing.assert_array_equal(evenly(move, 20), move)
