from dataclasses import dataclass, replace

import numpy as np
import pytest

from danceit.data import BODY_PX, FEET, Float64
from danceit.index.poses.footage.depth.holding import held
from danceit.index.poses.footage.depth.rods import RODS, RodsSeen, RodsTold, leans_of, rods_told
from danceit.index.poses.footage.depth.sighting import SUREST_M, UNSUREST_M, Sighting, Solved
from danceit.index.poses.footage.depth.solving import solved
from danceit.index.synthetic.body import Build
from danceit.index.synthetic.dancing import dance
from danceit.index.synthetic.score import draw_score

PITCH = np.deg2rad(10.0)
FOCAL_PX = 1280.0
BODY = list(range(14))
LIMBS = np.array(RODS[:10])


@dataclass(frozen=True)
class Filmed:
    """A dancer filmed by a camera that looks down by `PITCH`, and what an estimator makes of it."""

    truth: Float64
    seen: Sighting


@pytest.fixture(scope="module")
def filmed() -> Filmed:
    from scipy.ndimage import gaussian_filter1d

    rng = np.random.default_rng(3)
    score = draw_score("song", "disco", rng, seconds=6.0)
    poses, times_s = dance(score, Build.drawn(rng), rng)
    space = poses.astype(np.float64)
    y, z = space[..., 1] - space[:, FEET, 1].max() + 1.5, space[..., 2] + 3.5
    cos, sin = np.cos(PITCH), np.sin(PITCH)
    truth = np.stack([space[..., 0], cos * y - sin * z, cos * z + sin * y], axis=2)
    flat = FOCAL_PX * truth[..., :2] / truth[..., 2:] + rng.normal(0, 1.0, truth[..., :2].shape)
    around = truth - truth[:, [8, 11]].mean(axis=1, keepdims=True)
    noise = gaussian_filter1d(rng.normal(size=truth.shape), 6.0, axis=0)
    deep = around + noise * (0.05 / noise.std()) * (0.5, 0.5, 1.0)
    px_per_m = FOCAL_PX / truth[:, [8, 11], 2].mean(axis=1) * 1.04
    return Filmed(truth, Sighting(flat, deep, np.ones(flat.shape[:2]), px_per_m, times_s, FOCAL_PX))


@pytest.fixture(scope="module")
def answer(filmed: Filmed) -> Solved:
    found = solved(filmed.seen)
    assert found is not None
    return found


def as_seen(answer: Solved) -> Float64:
    """Poses in the axes of the camera that filmed."""
    poses = answer.poses.astype(np.float64)
    cos, sin = np.cos(answer.pitch), np.sin(answer.pitch)
    y, z = poses[..., 1], poses[..., 2]
    return np.stack([poses[..., 0], cos * y - sin * z, sin * y + cos * z], axis=2)


def error_m(ours: Float64, truth: Float64) -> float:
    """Mean distance after Procrustes (Gower 1975), over every fifth frame."""
    errors = []
    for frame in range(0, len(ours), 5):
        a, b = (p[frame, BODY] - p[frame, BODY].mean(axis=0) for p in (ours, truth))
        u, s, vt = np.linalg.svd(a.T @ b)
        flip = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
        turned = (s * flip).sum() / (a**2).sum() * a @ (u * flip) @ vt
        errors.append(np.linalg.norm(turned - b, axis=1).mean())
    return float(np.mean(errors))


def bones_share(poses: Float64) -> float:
    """Mean deviation of limbs from their median length, as a share of it."""
    first, second = LIMBS.T
    lengths = np.linalg.norm(poses[:, first] - poses[:, second], axis=2)
    return float(np.abs(lengths / np.median(lengths, axis=0) - 1).mean())


def moved_px(answer: Solved, seen: Sighting) -> Float64:
    """Canvas pixels (T, 18) that joints of somebody 1.5 m tall, 3.5 m away, lie off the picture."""
    poses = as_seen(answer)
    shown = FOCAL_PX * poses[..., :2] / poses[..., 2:]
    off: Float64 = np.linalg.norm(shown - seen.flat, axis=2) * BODY_PX * 3.5 / FOCAL_PX / 1.5
    return off


def test_seen_from_its_camera_the_picture_is_kept_to_half_a_pixel(
    filmed: Filmed, answer: Solved
) -> None:
    moved = moved_px(answer, filmed.seen)
    assert np.nanmean(moved[:, BODY]) < 0.5
    # The head has no part in what limbs need.
    np.testing.assert_allclose(moved[:, 0], 0, atol=0.01)


def test_bones_keep_their_length(filmed: Filmed, answer: Solved) -> None:
    assert bones_share(filmed.seen.deep) > 0.06
    assert bones_share(answer.poses.astype(np.float64)) < 0.02


def lengths_in(truth: Float64) -> Float64:
    first, second = np.array(RODS).T
    lengths: Float64 = np.median(np.linalg.norm(truth[:, first] - truth[:, second], axis=2), axis=0)
    return lengths


def test_lengths_are_right_for_a_camera_that_looks_down_and_so_is_the_noise(
    filmed: Filmed,
) -> None:
    seen = filmed.seen
    told = rods_told(RodsSeen.of(seen.flat, seen.deep, seen.px_per_m, seen.focal_px))
    ratio = told.lengths / lengths_in(filmed.truth)
    assert np.abs(ratio / np.median(ratio) - 1).mean() < 0.02
    first, second = np.array(RODS).T
    leans = [each[:, second, 2] - each[:, first, 2] for each in (seen.deep, filmed.truth)]
    assert 0.6 < told.noise_m / (leans[0] - leans[1]).std() < 1.6


def test_a_knee_that_is_told_to_bend_backwards_bends_forwards(filmed: Filmed) -> None:
    """Facing the camera, sitting: both knees towards it, told a little away from it."""
    truth = filmed.truth[:30].copy()
    truth[:, [2, 8]], truth[:, [5, 11]] = (-0.2, 0.0, 3.5), (0.2, 0.0, 3.5)
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        truth[:, knee] = truth[:, hip] + (0.0, 0.3, -0.25)
        truth[:, ankle] = truth[:, knee] + (0.0, 0.3, 0.25)
    deep = truth - (0.0, 0.0, 3.5)
    deep[:, [9, 12], 2] = 0.02
    seen = RodsSeen.of(
        FOCAL_PX * truth[..., :2] / truth[..., 2:], deep, np.full(30, FOCAL_PX / 3.5), FOCAL_PX
    )
    leans = leans_of(seen, RodsTold(lengths_in(truth), 0.15), 1 / 30)
    thighs, shanks = leans[:, [6, 8]], leans[:, [7, 9]]
    assert (thighs < -0.15).all()
    assert (shanks > 0.15).all()


def test_the_lower_foot_stands_on_one_level_floor(answer: Solved) -> None:
    poses = answer.poses.astype(np.float64)
    unit = BODY_PX / np.quantile(np.linalg.norm(poses[:, FEET] - poses[:, [0]], axis=2), 0.98)
    lower = poses[:, FEET, 1].max(axis=1)
    assert unit * np.median(np.abs(lower - np.median(lower))) < 4


def test_the_camera_is_found_to_look_down_and_the_dancer_stands_upright(
    filmed: Filmed, answer: Solved
) -> None:
    assert np.rad2deg(abs(answer.pitch - PITCH)) < 5
    cos, sin = np.cos(PITCH), np.sin(PITCH)
    tilts = []
    for poses, down in (
        (answer.poses.astype(np.float64), np.array([0, 1, 0])),
        (filmed.truth, np.array([0, cos, sin])),
    ):
        trunk = poses[:, [8, 11]].mean(axis=1) - poses[:, 1]
        forward = np.array([0, -down[2], down[1]])
        tilts.append(np.rad2deg(np.median(np.arctan2(trunk @ forward, trunk @ down))))
    assert abs(tilts[0] - tilts[1]) < 5


@pytest.mark.parametrize("turned", [0.0, np.pi])
def test_under_who_never_stands_the_floor_is_found_by_the_weight_over_the_feet(
    filmed: Filmed, turned: float
) -> None:
    """Knees bent by 45 degrees, the trunk by as much, facing the camera or away from it."""
    seen = filmed.seen
    bend = np.deg2rad(45.0)
    body = filmed.truth - filmed.truth[:, [8, 11]].mean(axis=1, keepdims=True)
    cos, sin = np.cos(PITCH), np.sin(PITCH)
    y, z = cos * body[..., 1] + sin * body[..., 2], cos * body[..., 2] - sin * body[..., 1]
    level = np.stack([body[..., 0], y, z], axis=2)
    # Towards the camera is -z, and where a dancer who faces it bends to.
    upper = [0, 1, 2, 3, 4, 5, 6, 7, 14, 15, 16, 17]
    level[:, upper, 1] = np.cos(bend) * y[:, upper] - np.sin(bend) * z[:, upper]
    level[:, upper, 2] = np.cos(bend) * z[:, upper] + np.sin(bend) * y[:, upper]
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        level[:, knee] = level[:, hip] + 0.42 * np.array([0, np.cos(bend), -np.sin(bend)])
        level[:, ankle] = level[:, knee] + 0.42 * np.array([0, 0.95, 0.31])
    facing = np.array([np.cos(turned), 1.0, np.cos(turned)])
    level = level * facing + (0.0, 0.9, 3.5)
    y, z = level[..., 1].copy(), level[..., 2].copy()
    truth = np.stack([level[..., 0], cos * y - sin * z, cos * z + sin * y], axis=2)
    flat = FOCAL_PX * truth[..., :2] / truth[..., 2:]
    deep = truth - truth[:, [8, 11]].mean(axis=1, keepdims=True)
    px_per_m = FOCAL_PX / truth[:, [8, 11], 2].mean(axis=1)
    found = solved(Sighting(flat, deep, seen.sure, px_per_m, seen.times_s, FOCAL_PX))
    assert found is not None
    assert np.rad2deg(abs(found.pitch - PITCH)) < 6


def test_poses_are_nearer_to_the_truth_than_the_estimator_was(
    filmed: Filmed, answer: Solved
) -> None:
    seen = filmed.seen
    xy = seen.flat / seen.px_per_m[:, None, None]
    as_told = np.concatenate([xy, seen.deep[..., 2:]], axis=2)
    assert error_m(answer.poses.astype(np.float64), filmed.truth) < 0.9 * error_m(
        as_told, filmed.truth
    )


def test_what_was_not_seen_stays_unknown(filmed: Filmed) -> None:
    flat = filmed.seen.flat.copy()
    flat[20:40, 4] = np.nan
    flat[:, [10, 13]] = np.nan
    found = solved(replace(filmed.seen, flat=flat))
    assert found is not None
    np.testing.assert_array_equal(np.isnan(found.poses[..., 2]), np.isnan(flat[..., 0]))


def test_too_little_of_a_body_is_not_solved(filmed: Filmed) -> None:
    flat = filmed.seen.flat.copy()
    flat[:, 2:] = np.nan
    assert solved(replace(filmed.seen, flat=flat)) is None


@pytest.fixture(scope="module")
def squatting(filmed: Filmed) -> Filmed:
    """Squatting deep, the feet below the hips, and the picture 4 cm off at hands and feet."""
    rng = np.random.default_rng(4)
    truth = filmed.truth[:60].copy()
    for hip, knee, ankle in ((8, 9, 10), (11, 12, 13)):
        truth[:, knee] = truth[:, hip] + (0.05, 0.0, -0.40)
        truth[:, ankle] = truth[:, knee] + (0.0, 0.12, 0.38)
    deep = truth - truth[:, [8, 11]].mean(axis=1, keepdims=True)
    off = np.zeros(truth[..., :2].shape)
    off[:, [4, 7, 9, 10, 12, 13]] = rng.normal(0, 0.04 * FOCAL_PX / 3.5, (1, 6, 2))
    flat = FOCAL_PX * truth[..., :2] / truth[..., 2:] + off
    px_per_m = FOCAL_PX / truth[:, [8, 11], 2].mean(axis=1)
    return Filmed(
        truth,
        Sighting(flat, deep, np.ones(flat.shape[:2]), px_per_m, filmed.seen.times_s[:60], FOCAL_PX),
    )


def test_of_who_is_folded_up_bones_are_held_and_the_picture_gives_way_a_little(
    squatting: Filmed,
) -> None:
    found = solved(squatting.seen)
    assert found is not None
    assert bones_share(found.poses.astype(np.float64)) < 0.02
    moved = moved_px(found, squatting.seen)[:, BODY]
    assert 0 < moved.mean() < 6
    assert moved[:, list(FEET)].mean() < 0.5
    np.testing.assert_allclose(moved[:, 0], 0, atol=0.01)


def test_of_who_is_folded_up_the_estimator_is_followed(squatting: Filmed) -> None:
    seen, truth = squatting.seen, squatting.truth
    away = truth[:, [8, 11], 2].mean(axis=1)[:, None, None]
    told = np.concatenate(
        [seen.flat / seen.px_per_m[:, None, None], seen.deep[..., 2:] + away], axis=2
    )
    followed = solved(seen)
    assert followed is not None
    assert error_m(followed.poses.astype(np.float64), truth) < 1.2 * error_m(told, truth)


def test_who_is_told_to_lean_by_ten_degrees_stands_upright(filmed: Filmed) -> None:
    deep = filmed.seen.deep.copy()
    deep[..., 2] += np.tan(np.deg2rad(10.0)) * deep[..., 1]
    found = solved(replace(filmed.seen, deep=deep))
    assert found is not None
    poses = found.poses.astype(np.float64)
    trunk = poses[:, [8, 11]].mean(axis=1) - poses[:, 1]
    assert abs(np.rad2deg(np.median(np.arctan2(trunk[:, 2], trunk[:, 1])))) < 5


def test_a_leap_is_not_pulled_down_to_the_floor(filmed: Filmed) -> None:
    """Leaps of 0.4 s go up by g 0.4^2 / 8 = 19.6 cm."""
    seen = filmed.seen
    flown_s = np.mod(seen.times_s, 1.5)
    height = np.where(flown_s < 0.4, 9.81 / 2 * flown_s * (0.4 - flown_s), 0.0)
    up = np.array([0.0, -np.cos(PITCH), -np.sin(PITCH)])
    truth = filmed.truth + height[:, None, None] * up
    flat = seen.flat + FOCAL_PX * (
        truth[..., :2] / truth[..., 2:] - filmed.truth[..., :2] / filmed.truth[..., 2:]
    )
    found = solved(replace(seen, flat=flat))
    assert found is not None
    lower = found.poses[:, FEET, 1].max(axis=1)
    tall = np.quantile(np.linalg.norm(found.poses[:, FEET] - found.poses[:, [0]], axis=2), 0.98)
    true_tall = np.quantile(np.linalg.norm(truth[:, FEET] - truth[:, [0]], axis=2), 0.98)
    leapt = (np.median(lower[height == 0]) - np.median(lower[height > 0.17])) * true_tall / tall
    assert 0.14 < leapt < 0.25


def test_who_comes_back_into_a_shot_stands_on_the_same_floor(filmed: Filmed) -> None:
    """Away for 20 frames, and then taken for 8 % larger."""
    seen = filmed.seen
    kept = np.r_[0:80, 100 : len(seen.flat)]
    px_per_m = np.where(np.arange(len(seen.flat)) < 90, 1.0, 1.08) * seen.px_per_m
    found = solved(
        Sighting(
            seen.flat[kept], seen.deep[kept], seen.sure[kept], px_per_m[kept],
            seen.times_s[kept], FOCAL_PX,
        )
    )  # fmt: skip
    assert found is not None
    lower = found.poses[:, FEET, 1].max(axis=1)
    unit = BODY_PX / np.quantile(
        np.linalg.norm(found.poses[:, FEET] - found.poses[:, [0]], axis=2), 0.98
    )
    assert unit * abs(np.median(lower[:80]) - np.median(lower[80:])) < 4


def test_hidden_joints_give_way_before_those_that_are_sure() -> None:
    """A straight arm across the view that is seen 6 cm too long, its elbow hidden."""
    joints = np.zeros((1, 14, 3))
    joints[0, 2:5, 0] = 0.0, 0.36, 0.60
    lengths = np.full(len(RODS), 0.3)
    seen = np.isin(np.arange(len(RODS)), (1, 2))[None]
    off_m = np.full((1, 14), SUREST_M)
    off_m[0, 3] = UNSUREST_M
    arm = held(joints, lengths, seen, off_m)[0, 2:5]
    lengths_held = np.linalg.norm(np.diff(arm, axis=0), axis=1)
    np.testing.assert_allclose(lengths_held, 0.3, atol=0.0075)
    moved = np.abs(arm - joints[0, 2:5])[:, 0]
    assert moved[1] > 0.045
    assert moved[[0, 2]].max() < 0.01
