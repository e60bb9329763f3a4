"""Every spatial aligner: what it may touch, and how well it draws what is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.align import Filler, align, make_aligner
from danceit.align.hermite import cubic_across, cubic_weights
from danceit.align.inertial import InertialAligner, fading
from danceit.align.minjerk import MinJerkAligner
from danceit.align.spatial import discontinuities, windows
from danceit.align.velocity import end_velocities, frames_for
from danceit.data import Dance, Float32
from danceit.errors import InputError
from danceit.movement import largest_step
from tests.align.material import MISSING, dance_of, music_for, walk

SPATIAL = ["linear", "tsd", "tsd:variant=paper", "hermite", "minjerk", "inertial", "learned"]
FILLING = [name for name in SPATIAL if name != "inertial"]


def cut_dance(seed: int = 0, dims: int = 3, seams: tuple[int, ...] = (60, 110)) -> Dance:
    """Three fragments of different movements, far apart at their seams."""
    rng = np.random.default_rng(seed)
    edges = [0, *seams, 160]
    poses = np.concatenate(
        [
            walk(end - start, dims, seed + i, period=float(rng.uniform(12, 30)))
            + rng.uniform(-40, 40, size=dims)
            for i, (start, end) in enumerate(pairwise(edges))
        ]
    )
    return dance_of(poses.astype(np.float32), seams)


def joints_by(name: str, dance: Dance) -> Float32:
    return align(dance, music_for(dance.n_frames), [name]).joints


@pytest.mark.parametrize("name", SPATIAL)
def test_a_dance_without_discontinuities_is_left_alone(name: str) -> None:
    dance = dance_of(0.4 * walk(100), seams=(40,))
    np.testing.assert_array_equal(joints_by(name, dance), dance.joints)


@pytest.mark.parametrize("name", SPATIAL)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), dims=st.sampled_from([2, 3]))
def test_only_windows_change_and_every_discontinuity_shrinks(
    name: str, seed: int, dims: int
) -> None:
    dance = cut_dance(seed, dims)
    before = dance.joints.copy()
    aligned = align(dance, music_for(dance.n_frames), [name])
    np.testing.assert_array_equal(dance.joints, before)
    np.testing.assert_array_equal(np.isnan(aligned.joints), np.isnan(before))
    np.testing.assert_array_equal(aligned.seams, dance.seams)
    np.testing.assert_array_equal(aligned.source_s, dance.source_s)
    np.testing.assert_array_equal(aligned.source_index, dance.source_index)
    # The widest a window of 16 can become is 64.
    far = np.abs(np.arange(dance.n_frames)[:, None] - dance.seams).min(axis=1) > 32
    np.testing.assert_array_equal(aligned.joints[far], before[far])
    cuts = discontinuities(dance, 10.0, anywhere=False)
    assert (largest_step(aligned.joints)[cuts] < largest_step(before)[cuts]).all()


@pytest.mark.parametrize("name", FILLING)
def test_the_ends_of_a_window_stay_exactly(name: str) -> None:
    dance = cut_dance(3)
    aligned = joints_by(name, dance)
    same = (aligned == dance.joints) | np.isnan(dance.joints)
    changed = np.flatnonzero(~same.all(axis=(1, 2)))
    np.testing.assert_array_equal(changed, [*range(56, 64), *range(106, 114)])


@pytest.mark.parametrize("name", SPATIAL)
@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shift=st.tuples(*[st.integers(-300, 300)] * 3),
    dims=st.sampled_from([2, 3]),
)
def test_moving_the_dancer_moves_the_result(
    name: str, seed: int, shift: tuple[int, int, int], dims: int
) -> None:
    dance = cut_dance(seed, dims)
    moved = dance_of(dance.joints + np.float32(shift[:dims]), (60, 110))
    np.testing.assert_allclose(
        joints_by(name, moved), joints_by(name, dance) + np.float32(shift[:dims]), atol=0.02
    )


@pytest.mark.parametrize("name", [*FILLING[:-1], "inertial:bones=false"])
def test_joints_are_treated_alike(name: str) -> None:
    # `learned` looks at hips and shoulders, `inertial` at bones; the others know no joint by its
    # place.
    dance, order = cut_dance(5), np.random.default_rng(1).permutation(18)
    shuffled = dance_of(dance.joints[:, order], (60, 110))
    np.testing.assert_allclose(
        joints_by(name, shuffled), joints_by(name, dance)[:, order], atol=1e-3
    )


@pytest.mark.parametrize("name", ["linear", "hermite", "minjerk"])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), gap=st.integers(1, 20))
def test_a_gap_is_filled_alike_forwards_and_backwards(name: str, seed: int, gap: int) -> None:
    filler, poses = make_aligner(name), walk(90, seed=seed)
    assert isinstance(filler, Filler)
    forwards = filler.fill(poses, 40, 40 + gap)
    backwards = filler.fill(poses[::-1].copy(), 50 - gap, 50)[::-1]
    np.testing.assert_allclose(backwards, forwards, atol=0.05)


@pytest.mark.parametrize("name", SPATIAL)
def test_what_stands_in_a_gap_is_not_read(name: str) -> None:
    filler, poses = make_aligner(name), walk(120)
    assert isinstance(filler, Filler)
    hidden = poses.copy()
    hidden[50:62] = np.nan
    filled = filler.fill(hidden, 50, 62)
    poses[50:62] = 1e6
    np.testing.assert_array_equal(filled, filler.fill(poses, 50, 62))
    known = [joint for joint in range(18) if joint not in MISSING]
    assert np.isfinite(filled[50:62, known]).all()
    assert np.isnan(filled[50:62, list(MISSING)]).all()


@pytest.mark.parametrize("name", SPATIAL)
@pytest.mark.parametrize(("start", "stop"), [(0, 4), (4, 4), (6, 10), (8, 3)])
def test_a_gap_without_ends_is_refused(name: str, start: int, stop: int) -> None:
    filler = make_aligner(name)
    assert isinstance(filler, Filler)
    with pytest.raises(InputError, match="a gap needs a frame on each side: expected 1 <= start"):
        filler.fill(walk(10), start, stop)


@pytest.mark.parametrize("name", SPATIAL)
def test_a_gap_is_filled_even_between_single_frames(name: str) -> None:
    filler = make_aligner(name)
    assert isinstance(filler, Filler)
    poses = walk(6)[:, :13]
    line = (poses[0] + (poses[5] - poses[0]) * np.arange(1, 5)[:, None, None] / 5)[:, :, :]
    np.testing.assert_allclose(filler.fill(poses, 1, 5)[1:5], line, atol=0.01)


@pytest.mark.parametrize("name", ["hermite", "minjerk", "tsd", "inertial", "learned"])
def test_constant_acceleration_is_drawn_exactly(name: str) -> None:
    filler = make_aligner(name)
    assert isinstance(filler, Filler)
    t = np.arange(40, dtype=np.float64)[:, None, None]
    rng = np.random.default_rng(0)
    poses = 100 + rng.normal(size=(1, 5, 2)) * 4 * t + rng.normal(size=(1, 5, 2)) * 0.1 * t**2
    filled = filler.fill(poses.astype(np.float32), 15, 27)
    np.testing.assert_allclose(filled, poses, atol=0.01)


def test_a_straight_line_by_hand() -> None:
    poses = np.zeros((6, 1, 2), np.float32)
    poses[5] = [10, -5]
    filler = make_aligner("linear")
    assert isinstance(filler, Filler)
    np.testing.assert_allclose(filler.fill(poses, 1, 5)[:, 0, 0], [0, 2, 4, 6, 8, 10], atol=1e-6)


def test_least_jerk_against_flash_and_hogan() -> None:
    # Rest to rest: x(u) = 10 u^3 - 15 u^4 + 6 u^5 (Flash and Hogan 1985, eq. 3), here sampled.
    poses = np.zeros((60, 1, 2), np.float32)
    poses[40:] = 100
    filled = MinJerkAligner().fill(poses, 10, 40)[:, 0, 0]
    # The rest ends a frame before and begins a frame after the three known frames' middle.
    u = (np.arange(10, 40) - 8.5) / 32
    np.testing.assert_allclose(filled[10:40], 100 * (10 * u**3 - 15 * u**4 + 6 * u**5), atol=1.0)


def test_least_jerk_is_least() -> None:
    poses = walk(60)[:, :3]
    filled = MinJerkAligner().fill(poses, 25, 37).astype(np.float64)
    rng = np.random.default_rng(0)

    def jerk(each: np.ndarray) -> float:
        return float((np.diff(each[22:40], 3, axis=0) ** 2).sum())

    for _ in range(20):
        other = filled.copy()
        other[25:37] += rng.normal(size=(12, 3, 3)) * 0.01
        assert jerk(other) > jerk(filled)


def test_the_cubics_matrix_is_the_cubic() -> None:
    poses = walk(60)[:, :13]
    for sides in (3, 5):
        near = np.concatenate([poses[30 - sides : 30], poses[38 : 38 + sides]])
        drawn = np.tensordot(cubic_weights(8, sides), near, 1)
        np.testing.assert_allclose(drawn, cubic_across(poses, 30, 38, sides), atol=1e-3)


def test_velocity_is_taken_over_more_frames_where_detections_tremble() -> None:
    smooth = walk(80, period=60)
    noise = np.random.default_rng(0).normal(size=smooth.shape).astype(np.float32)
    assert frames_for(smooth, 36, 44) == 3
    assert frames_for(smooth + 2 * noise, 36, 44) >= 6
    few = [
        np.abs(end_velocities(smooth + noise, 36, 44, n)[0] - end_velocities(smooth, 36, 44, 3)[0])
        for n in (3, 7)
    ]
    assert np.nanmean(few[1]) < 0.5 * np.nanmean(few[0])


def test_windows_keep_a_frame_between_them() -> None:
    cuts = np.array([20, 25, 60])
    assert windows(cuts, 62, np.array([8, 8, 8])) == [(16, 24), (25, 29), (56, 61)]
    assert windows(cuts, 62, np.array([10, 8, 8])) == [(15, 25), (56, 61)]
    assert windows(np.array([1, 3]), 9, np.array([8, 8])) == [(1, 5)]
    assert windows(np.array([1]), 2, np.array([8])) == []
    everywhere = windows(np.arange(1, 50), 50, np.full(49, 8))
    assert everywhere == [*((start, start + 4) for start in range(1, 42, 5)), (46, 49)]


def test_anywhere_repairs_what_is_no_seam() -> None:
    poses = walk(100)
    poses[50:] += 200
    dance = dance_of(poses)
    assert joints_by("linear", dance)[50, 0, 0] == poses[50, 0, 0]
    repaired = joints_by("linear:anywhere,threshold_px=50", dance)
    assert largest_step(repaired)[50] < 60


def test_a_joint_lost_at_an_end_keeps_its_movement() -> None:
    dance = cut_dance(1)
    dance.joints[55, 4] = np.nan
    aligned = joints_by("linear", dance)
    np.testing.assert_array_equal(aligned[56:64, 4], dance.joints[56:64, 4])
    assert not np.array_equal(aligned[56:64, 3], dance.joints[56:64, 3])


def test_inertia_shares_the_disagreement_and_keeps_what_is_far() -> None:
    poses = np.zeros((80, 18, 2), np.float32)
    poses[40:] = 60
    aligned = InertialAligner(window_frames=16).align(dance_of(poses, (40,)), music_for(80)).joints
    path = aligned[:, 0, 0]
    np.testing.assert_array_equal(aligned[:32], 0)
    np.testing.assert_array_equal(aligned[48:], 60)
    np.testing.assert_allclose(path[39] + path[40], 60, atol=1e-4)
    assert (np.diff(path) >= 0).all()
    assert np.diff(path).max() < 60 / 6


def test_inertia_matches_velocities_at_the_cut() -> None:
    t = np.arange(80, dtype=np.float32)
    poses = np.zeros((80, 18, 2), np.float32)
    poses[:40, :, 0] = 3 * t[:40, None]
    poses[40:, :, 0] = 80 - 2 * (t[40:, None] - 40)
    aligned = InertialAligner().align(dance_of(poses, (40,)), music_for(80)).joints[:, 0, 0]
    bend = np.abs(np.diff(aligned, 2))
    assert np.diff(aligned)[39] == pytest.approx(0.5, abs=0.3)
    assert bend.max() < 4.0  # the cut alone bends by more than 40


def test_a_fading_offset_starts_as_told_and_ends_at_rest() -> None:
    one = np.ones((1, 1))
    curve = fading(8 * one, -2 * one, 400)[:, 0, 0]
    assert curve[0] == pytest.approx(8 - 2 * 0.5, abs=0.01)
    assert curve[1] - curve[0] == pytest.approx(-2, abs=0.01)
    np.testing.assert_allclose(curve[-3:], 0, atol=1e-3)
