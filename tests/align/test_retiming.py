"""Warps: what is shown, and where it came from."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.align import retiming
from danceit.align.easing import eased, paths
from danceit.align.retiming import (
    rewarped,
    sampled,
    stretch,
)
from danceit.align.travel import travel
from danceit.data import FPS
from danceit.movement import movement
from tests.align.material import dance_of, walk

NONE = np.zeros(0, dtype=np.int64)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), n_frames=st.integers(2, 60))
def test_plain_time_shows_exactly_the_same(seed: int, n_frames: int) -> None:
    dance = dance_of(walk(n_frames, seed=seed), (n_frames // 2,) if n_frames > 3 else ())
    same = rewarped(dance, np.arange(n_frames, dtype=np.float64))
    np.testing.assert_array_equal(same.joints, dance.joints)
    np.testing.assert_array_equal(same.seams, dance.seams)
    np.testing.assert_array_equal(same.source_s, dance.source_s)
    np.testing.assert_array_equal(same.source_index, dance.source_index)


def test_between_frames_the_movement_curves() -> None:
    t = np.arange(20, dtype=np.float64)
    poses = np.zeros((20, 1, 2), np.float32)
    poses[:, 0, 0] = 0.5 * t**2
    at = np.array([3.25, 7.5, 12.875])
    np.testing.assert_allclose(sampled(poses, at, NONE)[:, 0, 0], 0.5 * at**2, rtol=1e-6)


def test_nothing_curves_across_a_cut() -> None:
    poses = np.zeros((20, 1, 2), np.float32)
    poses[10:] = 100
    at = np.array([8.5, 9.0, 9.5, 10.0, 10.5])
    np.testing.assert_array_equal(sampled(poses, at, np.array([10]))[:, 0, 0], [0, 0, 50, 100, 100])


def test_a_lost_joint_is_lost_nearer_to_it_and_stays_put_on_the_other_side() -> None:
    poses = np.zeros((6, 1, 2), np.float32)
    poses[:, 0, 0] = np.arange(6) * 10
    poses[3] = np.nan
    shown = sampled(poses, np.array([2.4, 2.6, 3.4, 3.6, 4.0]), NONE)[:, 0, 0]
    np.testing.assert_array_equal(shown, [20, np.nan, np.nan, 40, 40])


def test_seams_and_sources_move_with_the_movement() -> None:
    dance = dance_of(walk(100), (40, 70))
    warp = np.interp(np.arange(100), [0, 50, 99], [0, 40, 99])
    warped = rewarped(dance, warp)
    # The fragment that starts at frame 40 is shown from where 39.5 is shown on.
    assert warped.seams.tolist() == [int(np.ceil(39.5 / 0.8)), int(np.ceil(50 + 29.5 * 49 / 59))]
    nearest = np.floor(warp + 0.5).astype(int)
    np.testing.assert_array_equal(warped.source_index, dance.source_index[nearest])
    start_s = np.array([p.start_s for p in dance.fragments])[warped.source_index]
    began = np.array([0, 40, 70])[warped.source_index]
    np.testing.assert_allclose(warped.source_s, start_s + (warp - began) / FPS, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_sources_run_forwards_within_a_fragment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dance = dance_of(walk(120), (40, 80))
    warp = np.cumsum(rng.uniform(0.4, 2.0, size=120))
    warp = (warp - warp[0]) / (warp[-1] - warp[0]) * 119
    warped = rewarped(dance, warp)
    within = np.diff(warped.source_index) == 0
    assert (np.diff(warped.source_s)[within] >= 0).all()
    assert (np.diff(warped.source_index) >= 0).all()


def test_stretch_counts_fast_and_slow_alike() -> None:
    np.testing.assert_allclose(stretch(np.array([0, 1, 3, 3.5])), [1, 2, 2])


def test_distance_travelled_is_the_sum_of_steps() -> None:
    poses = walk(80)
    travelled = travel(poses, NONE)
    along = np.diff(travelled.until(np.arange(80, dtype=np.float64)))
    # An arc is longer than its chord, at a quarter of a frame by a few per cent.
    np.testing.assert_allclose(along, movement(poses)[1:], rtol=0.05)
    assert (along >= movement(poses)[1:] - 1e-2).all()
    assert travelled.until(np.array([-5.0]))[0] == 0


@pytest.mark.parametrize("limit", [1.25, 2.0])
@pytest.mark.parametrize("n", [1, 5, 12])
def test_paths_keep_their_paces_and_the_limit(limit: float, n: int) -> None:
    paces = np.linspace(1, limit, 3)
    times = np.array([0.0, *(0.5 + np.arange(n)), n])
    found = paths(times, paces, paces, 0.5, 6.0, limit)
    assert len(found.change)
    np.testing.assert_allclose(found.shown[:, 0], 0)
    np.testing.assert_allclose(found.shown[:, -1], n + 0.5 * found.change)
    pace = np.diff(found.shown, axis=1) / np.diff(times)
    assert pace.min() >= 1 / limit - 1e-6
    assert pace.max() <= limit + 1e-6
    plain = (found.change == 0) & (found.leaving == 0) & (found.arriving == 0)
    np.testing.assert_allclose(found.shown[plain], times[None], atol=1e-9)
    assert found.cost[plain] == pytest.approx(0)


def test_easing_is_the_integral_of_its_weight() -> None:
    t = np.linspace(0, 3, 3001)
    z = np.clip(t / 2, 0, 1)
    weight = (1 - z) ** 2 * (1 + 2 * z)
    summed = np.concatenate([[0], np.cumsum((weight[1:] + weight[:-1]) / 2) * 0.001])
    np.testing.assert_allclose(eased(t, 2.0), summed, atol=1e-5)


@pytest.mark.parametrize("stretch", [1, 7, 64])
def test_a_dance_sampled_in_stretches_is_the_same_to_the_byte(
    stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    poses = rng.normal(0, 50, (200, 4, 3)).astype(np.float32)
    poses[rng.random((200, 4)) < 0.1] = np.nan
    cuts = np.array([0, 1, 17, 18, 64, 128, 199])
    warp = np.sort(np.r_[rng.uniform(0, 199, 150), np.arange(0.0, 200.0, 5), 199.0])
    whole = sampled(poses, warp, cuts)
    monkeypatch.setattr(retiming, "_STRETCH", stretch)
    assert sampled(poses, warp, cuts).tobytes() == whole.tobytes()


def test_the_memory_of_sampling_does_not_grow_with_the_dance() -> None:
    def peak_mb(n_frames: int) -> float:
        poses = np.zeros((n_frames, 18, 3), np.float32)
        at = np.arange(n_frames) * 0.999
        tracemalloc.start()
        sampled(poses, at, NONE)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return (peak - poses.nbytes) / 1e6  # what comes out is as long as what goes in

    assert peak_mb(100_000) < 1.2 * peak_mb(20_000)
