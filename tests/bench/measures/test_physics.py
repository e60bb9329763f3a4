import numpy as np
import pytest

from danceit.bench.measures import physics
from danceit.errors import InputError
from tests.bench.conftest import formula_motion, walk


def test_pfc_on_the_reference_motion():
    # Independent computation with EDGE's evaluation code (issue 3, point 2).
    z_up = formula_motion(150, 30.0)[:, :, [0, 2, 1]]
    assert physics.pfc(z_up, metres=1.0, body=physics.SMPL_Z_UP) == pytest.approx(
        0.2622963, abs=5e-8
    )


def test_a_body_that_glides_skates_and_one_that_stands_does_not():
    motion = np.zeros((48, 18, 3))
    motion[:, :, 1] = np.linspace(0, 360, 18)[None]
    still = physics.evaluate(motion)
    assert still == {"pfc": 0.0, "foot_skate_cm": 0.0, "feet_off": 0.0}
    motion[:, :, 0] += np.arange(48)[:, None] * 2.4  # 57.6 px a second on planted feet
    assert physics.foot_skate(motion, 24.0, metres=0.01) == pytest.approx(57.6)


def test_a_picture_shows_slides_across_it_and_none_towards_the_camera():
    rng = np.random.default_rng(0)
    motion = walk(100, dims=3)
    shown = physics.evaluate_picture(motion)
    assert shown == physics.evaluate_picture(motion[..., :2])
    motion[..., 2] += rng.normal(0, 30, (100, 1))  # towards the camera and back
    assert physics.evaluate_picture(motion) == shown
    flat = motion.copy()
    flat[..., 2] = 0
    assert shown["pfc_picture"] == pytest.approx(physics.pfc(flat))
    glide = np.zeros((48, 18, 2))
    glide[..., 1] = np.linspace(0, 360, 18)
    glide[..., 0] += np.arange(48)[:, None] * 2.4
    # 57.6 px a second on planted feet; 360 px are 1.5 m.
    assert physics.evaluate_picture(glide)["skate_picture_cm"] == pytest.approx(57.6 * 150 / 360)
    glide[:, [8, 9, 10, 11, 12, 13]] = np.nan
    assert np.isnan(list(physics.evaluate_picture(glide).values())).all()


def test_lifted_feet_do_not_skate():
    motion = np.zeros((48, 18, 3))
    lift = np.where(np.arange(48) % 24 < 12, 0.0, -60.0)[:, None]
    motion[:, :, 1] = lift
    slide = np.where(np.arange(48) % 24 < 12, 0.0, 5.0)
    motion[:, :, 0] = np.cumsum(slide)[:, None]
    assert physics.foot_skate(motion) == pytest.approx(0.0)


def test_frames_with_a_missing_joint_are_left_out():
    motion = walk(100, dims=3)
    whole = physics.evaluate(motion)
    motion[40:42, 10] = np.nan
    part = physics.evaluate(motion)
    assert part["pfc"] == pytest.approx(whole["pfc"], rel=0.3)
    assert np.isfinite(list(part.values())).all()


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        (walk(20), "need depth"),
        (np.zeros((20, 5, 3)), "joint 13 is not among the 5"),
        (np.zeros((2, 18, 3)), "at least 3 frames"),
    ],
)
def test_each_bad_input_is_named(motion, message):
    with pytest.raises(InputError, match=message):
        physics.evaluate(motion)


def test_hips_never_seen_is_named():
    motion = walk(20, dims=3)
    motion[:, 8] = np.nan
    with pytest.raises(InputError, match="never all seen"):
        physics.evaluate(motion)


def test_a_limb_that_shrinks_at_a_seam_is_measured():
    motion = np.zeros((100, 18, 3))
    motion[:, :, 1] = 20.0 * np.arange(18)
    motion[45:48, 4, 1] -= 10.0  # half of the right forearm
    assert physics.bone_change(motion, np.array([46])) == pytest.approx(0.5 * 3 / 17)
    assert physics.bone_change(motion, np.array([80])) == 0.0
    motion[:, 7] = np.nan
    assert physics.bone_change(motion, np.array([46])) == pytest.approx(0.5 * 3 / 17)
    assert np.isnan(physics.bone_change(motion, np.array([], dtype=int)))


def test_the_second_fragments_own_bones_are_no_fault():
    motion = np.zeros((100, 18, 3))
    motion[:, :, 1] = 20.0 * np.arange(18)
    motion[50:] *= 1.3
    assert physics.bone_change(motion, np.array([50])) == pytest.approx(0.0)


def test_a_body_that_hovers_is_off_the_floor_and_one_that_hops_is_not():
    motion = np.zeros((240, 18, 3))
    motion[:, :, 1] = np.linspace(0, 360, 18)[None]
    assert physics.feet_off(motion) == 0.0
    motion[100:148, :, 1] -= 30.0  # two seconds 30 px above the floor
    motion[200:206, :, 1] -= 30.0  # a hop of a quarter of a second
    assert physics.feet_off(motion) == pytest.approx(48 / 240)
    motion[100:148, 13, 1] += 10.0  # one foot at 20 px is on the floor
    assert physics.feet_off(motion) == 0.0


def test_a_foot_that_is_not_seen_is_not_off_the_floor():
    motion = np.zeros((240, 18, 3))
    motion[100:148, :, 1] = -30.0
    motion[100:148, 10] = np.nan
    assert physics.feet_off(motion) == 0.0
