from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT, Recording
from danceit.index.cleaning.cleaning import clean
from danceit.index.poses.footage.body import FOCAL, dancer_in, dancers_in, in_metres
from danceit.index.poses.footage.extraction import Footage
from danceit.index.poses.footage.shots import signature
from tests.index.poses.footage.conftest import plain
from tests.index.poses.footage.test_continuity import spinning

WIDTH, HEIGHT = 640, 640


def footage(
    image: np.ndarray, world: np.ndarray, counts: np.ndarray | None = None, fps: float = 30.0
) -> Footage:
    n_frames = len(image) if counts is None else len(counts)
    return Footage(
        times_s=np.arange(n_frames) / fps,
        counts=np.ones(n_frames, dtype=np.int64) if counts is None else counts,
        image=image.astype(np.float32),
        world=world.astype(np.float32),
        signatures=np.repeat(signature(plain())[None], n_frames, axis=0),
        width=WIDTH,
        height=HEIGHT,
    )


def test_metres_are_recovered_with_the_way_across_the_stage() -> None:
    # A pinhole camera: a body that walks 2 m to the right and from 5 m to 3 m.
    n_frames = 120
    _, world = spinning(n_frames, 0.0)
    way = np.stack(
        [np.linspace(-1, 1, n_frames), np.zeros(n_frames), np.linspace(5, 3, n_frames)], axis=1
    )
    focal = FOCAL * WIDTH
    truth = world + way[:, None]
    flat = WIDTH / 2 + focal * truth[..., :2] / truth[..., 2:]
    image = np.concatenate([flat, np.ones((n_frames, 18, 1))], axis=2)
    film = footage(image, world)
    poses = in_metres(dancer_in(film), film)
    joints = [JOINT[name] for name in ("neck", "left_wrist", "right_ankle", "left_hip")]
    error = np.abs(poses - truth)[10:-10, joints]
    assert error.max(axis=(0, 1)) == pytest.approx([0, 0, 0], abs=0.08)


@pytest.mark.parametrize("knee_frames", [0, 30])
def test_metres_are_recovered_of_an_upper_body_though_knees_come_and_go(knee_frames: int) -> None:
    n_frames = 120
    _, world = spinning(n_frames, 0.0)
    way = np.stack(
        [np.linspace(-0.5, 0.5, n_frames), np.full(n_frames, 0.3), np.full(n_frames, 2.0)], axis=1
    )
    focal = FOCAL * WIDTH
    truth = world + way[:, None]
    flat = WIDTH / 2 + focal * truth[..., :2] / truth[..., 2:]
    image = np.concatenate([flat, np.ones((n_frames, 18, 1))], axis=2)
    image[knee_frames:, [9, 10, 12, 13]] = np.nan
    image[:, [10, 13]] = np.nan
    film = footage(image, world)
    poses = in_metres(dancer_in(film), film)
    joints = [JOINT[name] for name in ("neck", "left_wrist", "right_elbow", "left_hip")]
    apart = poses[:, joints] - poses[:, [JOINT["right_shoulder"]]]
    meant = truth[:, joints] - truth[:, [JOINT["right_shoulder"]]]
    assert np.abs(apart - meant)[10:-10].max() < 0.08
    assert np.nanmedian(poses[10:-10, JOINT["neck"], 2]) == pytest.approx(2.0, abs=0.15)


def test_a_body_seen_to_the_chest_does_not_come_and_go_in_depth() -> None:
    rng = np.random.default_rng(0)
    n_frames = 120
    _, world = spinning(n_frames, 0.0)
    truth = world + np.array([0.0, 0.4, 2.0])
    flat = WIDTH / 2 + FOCAL * WIDTH * truth[..., :2] / truth[..., 2:]
    image = np.concatenate([flat, np.ones((n_frames, 18, 1))], axis=2)
    image[..., :2] += rng.normal(0, 2.0, (n_frames, 18, 2))
    image[:, 8:14] = np.nan
    noisy = world + rng.normal(0, 0.03, world.shape)
    # Where the hips are, which it does not see, an estimator guesses anew every few pictures.
    noisy[..., 2] += np.repeat(rng.normal(0, 0.1, n_frames // 6), 6)[:, None]
    film = footage(image, noisy)
    neck = in_metres(dancer_in(film), film)[10:-10, JOINT["neck"], 2]
    assert np.abs(np.diff(neck)).max() < 0.02
    assert np.ptp(neck) < 0.1


def test_in_two_dimensions_joints_stay_where_they_were_seen() -> None:
    image, world = spinning(60, 0.2)
    dancer = dancer_in(footage(image, world))
    inner = slice(3, -3)
    moved = np.abs(dancer.image - image[..., :2])[inner, : JOINT["left_ankle"] + 1]
    assert moved.max() < 1.0


def test_a_doubtful_joint_is_not_seen_but_one_doubtful_frame_passes() -> None:
    image, world = spinning(60, 0.0)
    image[20:50, JOINT["left_wrist"], 2] = 0.05
    image[30, JOINT["right_wrist"], 2] = 0.05
    seen = np.isfinite(dancer_in(footage(image, world)).image).all(axis=2)
    assert not seen[28:42, JOINT["left_wrist"]].any()
    assert seen[:, JOINT["right_wrist"]].all()


def test_what_lies_outside_the_picture_is_not_seen() -> None:
    image, world = spinning(60, 0.0)
    image[..., 0] += np.linspace(0, 600, 60)[:, None]
    seen = np.isfinite(dancer_in(footage(image, world)).image).all(axis=(1, 2))
    assert seen[:10].all()
    assert not seen[-5:].any()


def test_the_main_person_is_followed_and_keeps_its_own_depth() -> None:
    image, world = spinning(40, 0.0)
    small = image.copy()
    small[..., :2] = 80 + 0.3 * image[..., :2]
    people, depths = [], []
    for frame in range(40):
        order = (0, 1) if frame % 2 else (1, 0)
        people += [(image, small)[who][frame] for who in order]
        depths += [(world, 7 + world)[who][frame] for who in order]
    film = footage(np.array(people), np.array(depths), np.full(40, 2))
    dancer = dancer_in(film)
    assert dancer.n_people == 2
    assert np.nanmax(np.abs(dancer.image - image[..., :2])) < 1.0
    assert np.nanmax(np.abs(dancer.world - world)) < 0.1


def test_a_cut_ends_the_clip_even_where_the_poses_go_on() -> None:
    image, world = spinning(150, 0.0)
    image[..., 0] += 8 * np.sin(np.arange(150) / 8)[:, None]  # nobody stands frozen
    film = footage(image, world)
    film.signatures[80:] = signature(plain(grey=230))
    dancer = dancer_in(film)
    assert dancer.cuts_s == pytest.approx([80 / 30])
    recording = Recording("r", Path("r.mp4"), in_metres(dancer, film), film.times_s)
    clips = clean(recording).clips
    assert len(clips) == 2
    ends_s = clips[0].start_s + clips[0].n_frames / 24
    assert ends_s <= 80 / 30 < clips[1].start_s


def test_each_shot_has_its_own_main_person() -> None:
    image, world = spinning(80, 0.0)
    image[40:, :, :2] = 80 + 0.3 * image[40:, :, :2]  # filmed from further away
    film = footage(image, world)
    film.signatures[40:] = signature(plain(grey=230))
    seen = np.isfinite(dancer_in(film).image[:, 0, 0])
    assert seen[:36].all()
    assert seen[44:].all()


def from_afar_and_near(n_frames: int) -> tuple[Footage, np.ndarray]:
    """A film by a pinhole camera at 8 m, cut to one at 3 m, and where the dancer is in space."""
    _, world = spinning(n_frames, 0.0)
    world = np.asarray(world).copy()
    world[..., 0] += 0.3 * np.sin(np.arange(n_frames) / 8)[:, None]  # nobody stands frozen
    away = np.where(np.arange(n_frames) < n_frames // 2, 8.0, 3.0).reshape(-1, 1, 1)
    truth = world + np.array([0.0, 0.0, 1.0]) * away
    flat = WIDTH / 2 + FOCAL * WIDTH * truth[..., :2] / truth[..., 2:]
    film = footage(np.concatenate([flat, np.ones((n_frames, 18, 1))], axis=2), world)
    film.signatures[n_frames // 2 :] = signature(plain(grey=230))
    return film, truth


def test_up_to_a_cut_from_afar_the_dancer_stands_as_far_off_as_before() -> None:
    film, truth = from_afar_and_near(90)  # nobody walks towards the cut
    poses = in_metres(dancer_in(film), film)
    error = np.abs(poses - truth)[:, [JOINT["left_hip"], JOINT["right_ankle"]], 2]
    assert np.isfinite(error[[40, 49]]).all()
    assert np.nanmax(error[10:-10]) < 0.05


def test_in_the_picture_each_shot_is_brought_to_the_size_of_the_canvas() -> None:
    # Of a dancer at 8 m, then at 3 m, the first shot made a figure of 135 px beside one of 360.
    film, _ = from_afar_and_near(160)
    dancer = dancer_in(film)
    cuts_s = tuple(dancer.cuts_s.tolist())
    recording = Recording("r", Path("r.mp4"), dancer.image, film.times_s, cuts_s=cuts_s)
    nose, feet = JOINT["nose"], [JOINT["right_ankle"], JOINT["left_ankle"]]
    tall = [
        np.nanmax(np.linalg.norm(clip.poses[:, feet] - clip.poses[:, [nose]], axis=2))
        for clip in clean(recording).clips
    ]
    assert tall == pytest.approx([360, 360], rel=0.03)
    # Without a cut it is somebody who kneels far off for a while, and stays as small.
    tall = [clip.poses for clip in clean(replace(recording, cuts_s=())).clips]
    assert np.ptp(tall[0][..., 1]) < 200 < np.ptp(tall[1][..., 1])


def test_a_lone_dancer_is_followed_from_afar_through_gaps() -> None:
    image, world = spinning(120, 0.0)
    image[:40, :, :2] = 200 + 0.3 * image[:40, :, :2]
    counts = np.ones(120, dtype=np.int64)
    counts[40:80] = 0  # unseen for over a second
    seen_frames = counts > 0
    film = footage(image[seen_frames], world[seen_frames], counts)
    seen = np.isfinite(dancer_in(film).image[:, 0, 0])
    np.testing.assert_array_equal(seen, seen_frames)


def test_an_empty_stage_is_nobody() -> None:
    nobody = np.empty((0, 18, 3))
    dancer = dancer_in(footage(nobody, nobody, np.zeros(30, dtype=np.int64)))
    assert dancer.image.shape == (30, 18, 2)
    assert np.isnan(dancer.image).all()
    assert dancer.n_people == 0


def test_legs_alone_have_no_body_above_them() -> None:
    # As an estimator makes it up: a trunk a fifth as long as it should be.
    image, world = spinning(90, 0.0)
    image = np.asarray(image).copy()
    hips = image[:, [8, 11], :2].mean(axis=1, keepdims=True)
    above = [0, 1, 2, 3, 4, 5, 6, 7, 14, 15, 16, 17]
    image[:, above, :2] = hips + 0.2 * (image[:, above, :2] - hips)
    dancer = dancer_in(footage(image, world))
    assert dancer.n_legs == 90
    assert np.isnan(dancer.image[:, above]).all()
    assert np.isfinite(dancer.image[:, [9, 10, 12, 13]]).all()
    assert dancer_in(footage(*spinning(90, 0.0))).n_legs == 0


def test_a_body_whose_arms_are_no_person_s_in_space_is_legs_alone_in_the_picture_too() -> None:
    image, world = spinning(90, 0.0)
    # In the picture as long as any: an arm that points at the camera is no reason.
    short, pointed = np.asarray(world).copy(), np.asarray(image).copy()
    for side in ("right", "left"):
        joints = [JOINT[f"{side}_{part}"] for part in ("elbow", "wrist")]
        shoulder = [JOINT[f"{side}_shoulder"]]
        short[:, joints] = short[:, shoulder] + 0.4 * (short[:, joints] - short[:, shoulder])
        pointed[:, joints, :2] = pointed[:, shoulder, :2] + 1.0
    assert dancer_in(footage(image, short)).n_legs == 90
    assert dancer_in(footage(pointed, world)).n_legs == 0


def test_two_who_cross_are_two_and_each_keeps_its_own_depth() -> None:
    one, world = spinning(80, 0.0)
    one = np.asarray(one).copy()
    one[..., 0] = 0.3 * one[..., 0] + np.linspace(0, 400, 80)[:, None]
    one[..., 1] = 0.5 * one[..., 1] + 40
    other = one.copy()
    # The other one raises both hands, and goes the other way a little below.
    other[..., 0] = one[::-1, :, 0]
    other[..., 1] += 25
    other[:, [4, 7], 1] -= 60
    # Listed in another order every time.
    frames = [[one[i], other[i]] if i % 2 else [other[i], one[i]] for i in range(80)]
    depths = [
        [world[i], world[i] + 9.0] if i % 2 else [world[i] + 9.0, world[i]] for i in range(80)
    ]
    film = footage(
        np.concatenate([np.stack(some) for some in frames]),
        np.concatenate([np.stack(some) for some in depths]),
        counts=np.full(80, 2),
    )
    dancers = dancers_in(film)
    assert len(dancers) == 2
    way = [np.nanmedian(dancer.image[..., 0], axis=1) for dancer in dancers]
    assert sorted(np.sign(each[-4] - each[3]) for each in way) == [-1, 1]
    for dancer, each in zip(dancers, way, strict=True):
        assert np.abs(np.diff(each[3:-3])).max() < 12
        assert np.nanstd(dancer.world[..., 2]) < 2
    assert dancers[0].sure.shape == (80,)
    assert np.nanmean(dancers[0].sure) == pytest.approx(1.0, abs=0.01)
