from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import BODY_PX
from danceit.render import RenderOptions
from danceit.render.footage.filling import filled, whole, without_edges
from danceit.render.footage.framing import Framing, body_px, canvas_place, framed, with_hands
from danceit.render.footage.locating import Filmed
from danceit.render.footage.surroundings import Surroundings
from tests.render.conftest import STANDING

UPRIGHT = (1080, 1920)
TALL, WIDE = canvas_place((720, 1280)), canvas_place((1280, 720))


def dancer(arms_px: float = 250.0, centre_x: float = 540.0, n_frames: int = 20) -> np.ndarray:
    """Someone 1400 px from nose to ankle who stands 150 px over the source's lower edge."""
    joints = STANDING[:, :2].astype(np.float64) * 1400 / BODY_PX
    joints += (centre_x - joints[1, 0], 1770 - joints[[10, 13], 1].max())
    joints[4, 0], joints[7, 0] = centre_x - arms_px, centre_x + arms_px
    return np.repeat(joints[None], n_frames, axis=0)


def wanted(joints: np.ndarray, unit: float) -> Framing:
    return Framing(unit * BODY_PX / 1400, 1770.0, joints[:, 1, 0].copy())


def edges(way: Framing, canvas_width: float) -> tuple[float, float]:
    """Picture pixels of the source's left and right edge, at their innermost."""
    left = canvas_width / 2 - way.scale * way.centre_x
    return float(left.max()), float((left + way.scale * UPRIGHT[0]).min())


def test_an_upright_video_fills_an_upright_picture() -> None:
    joints = dancer()
    way = wanted(joints, TALL.unit)
    assert way.scale * UPRIGHT[0] < 0.9 * 720  # as it was: a picture within the picture
    (after,) = filled([way], [joints], UPRIGHT, TALL)
    left, right = edges(after, 720)
    assert left <= 1e-6
    assert right >= 720 - 1e-6
    top = TALL.floor_y - after.scale * after.floor_y
    assert top <= 1e-6
    assert top + after.scale * UPRIGHT[1] >= 1280 - 1e-6


def test_nobody_s_hands_are_lost_for_it() -> None:
    # A wide source in which the arms reach over 720 px of picture once it is tall enough.
    joints = dancer(arms_px=700, centre_x=1700)
    way = wanted(joints, TALL.unit)
    (after,) = filled([way], [joints], (3400, 1920), TALL)
    assert after.scale == way.scale


def test_hands_that_the_camera_itself_cut_off_are_no_loss() -> None:
    joints = dancer(arms_px=560)
    (after,) = filled([wanted(joints, TALL.unit)], [joints], UPRIGHT, TALL)
    assert after.scale == pytest.approx(720 / UPRIGHT[0])


def test_an_upright_video_is_not_blown_up_to_a_wide_picture() -> None:
    joints = dancer()
    way = wanted(joints, WIDE.unit)
    (after,) = filled([way], [joints], UPRIGHT, WIDE)
    assert after.scale == way.scale


def test_all_shots_of_a_video_are_of_one_mind() -> None:
    fits, does_not = dancer(centre_x=1700), dancer(arms_px=700, centre_x=1700)
    ways = [wanted(fits, TALL.unit), wanted(does_not, TALL.unit)]
    after = filled(ways, [fits, does_not], (3400, 1920), TALL)
    assert [way.scale for way in after] == [way.scale for way in ways]


@pytest.mark.parametrize("centre_x", [10.0, 1075.0])
def test_the_picture_does_not_follow_a_dancer_over_its_edge(centre_x: float) -> None:
    way = Framing(1.0, 1770.0, np.full(5, centre_x))
    left, right = edges(without_edges(way, UPRIGHT, TALL), 720)
    assert left <= 1e-6
    assert right >= 720 - 1e-6


def test_the_picture_moves_aside_in_time_for_a_hand_that_would_leave_it() -> None:
    joints = dancer(arms_px=300, centre_x=1700, n_frames=120)
    joints[50:62, 6, 0], joints[50:62, 7, 0] = 1700 + 450, 1700 + 700
    way = wanted(joints, TALL.unit)
    assert not whole(way, with_hands(joints), TALL)[50:62].any()
    (after,) = filled([way], [joints], (3400, 1920), TALL)
    assert whole(after, with_hands(joints), TALL).all()
    # As calmly as a camera is panned, and back to the middle.
    steps = np.abs(np.diff(after.scale * after.centre_x))
    assert 0 < steps.max() < 14
    np.testing.assert_allclose(after.centre_x[[0, -1]], 1700, atol=3)


def test_the_picture_moves_for_one_hand_and_soon_for_the_other() -> None:
    joints = dancer(arms_px=300, centre_x=1700, n_frames=96)
    for start, elbow, hand, side in ((20, 6, 7, 1), (48, 3, 4, -1), (70, 6, 7, 1)):
        joints[start : start + 10, elbow, 0] = 1700 + side * 450
        joints[start : start + 10, hand, 0] = 1700 + side * 650
    way = wanted(joints, TALL.unit)
    assert whole(way, with_hands(joints), TALL).mean() < 0.8
    (after,) = filled([way], [joints], (3400, 1920), TALL)
    assert whole(after, with_hands(joints), TALL).all()
    bends = np.abs(np.diff(after.scale * after.centre_x, n=2))
    assert bends.max() < 4


def test_a_hand_that_is_elsewhere_for_a_moment_moves_no_picture() -> None:
    joints = dancer(centre_x=1700, n_frames=60)
    joints[30:32, 7, 0] = 3000
    (after,) = filled([wanted(joints, TALL.unit)], [joints], (3400, 1920), TALL)
    np.testing.assert_allclose(after.centre_x, 1700, atol=3)


def test_arms_spread_wider_than_the_picture_make_the_dancer_smaller() -> None:
    joints = dancer(arms_px=620, centre_x=1700, n_frames=60).astype(np.float32)
    filmed = Filmed(Path("x.mp4"), np.arange(60) / 24, joints, size=(3400, 1920))
    usual = TALL.unit * BODY_PX / body_px(joints)
    way = framed(filmed, filmed.times_s[10:50], TALL)
    assert 0.8 * usual <= way.scale < usual
    assert whole(way, with_hands(joints[10:50].astype(np.float64)), TALL).all()
    narrow = dancer(arms_px=300, centre_x=1700, n_frames=60).astype(np.float32)
    as_usual = framed(replace(filmed, joints=narrow), filmed.times_s[10:50], TALL)
    assert as_usual.scale == pytest.approx(usual)


def test_a_picture_that_cuts_heads_off_begins_where_the_frame_does() -> None:
    joints = dancer(centre_x=1700, n_frames=60).astype(np.float32)
    joints[..., 1] -= joints[0, 1, 1] - 60  # the neck is just in the picture
    joints[:, [0, 14, 15, 16, 17]] = np.nan
    filmed = Filmed(Path("x.mp4"), np.arange(60) / 24, joints, size=(3400, 1400))
    way = framed(filmed, filmed.times_s[10:50], TALL)
    assert TALL.floor_y - way.scale * way.floor_y == pytest.approx(0, abs=1e-6)
    with_head = framed(replace(filmed, joints=joints + np.float32([0, 400])), filmed.times_s, TALL)
    assert TALL.floor_y - with_head.scale * with_head.floor_y > 20


def test_no_edge_is_darkened_for_a_pixel_that_rounding_took() -> None:
    white = np.full((400, 224, 3), 255, dtype=np.uint8)
    options = RenderOptions(size=256, aspect="9:16", beats="none")
    width, height = options.frame_size
    fits = np.array([[width / 225, 0.0, 0.0], [0.0, height / 400, 0.0]])
    assert Surroundings(options).compose(white, fits).min() == 255
    narrower = np.array([[width / 250, 0.0, 0.0], [0.0, height / 400, 0.0]])
    assert Surroundings(options).compose(white, narrower)[:, -1].max() < 230
