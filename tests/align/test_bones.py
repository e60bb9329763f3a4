"""Blending by bones: limbs keep their length, and bodies stand where they stood."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.align import align
from danceit.align.bones import bones, disagreement, turned, whole
from danceit.data import FEET, JOINT, Float32
from tests.align.material import MISSING, dance_of, music_for, walk

STANCE = np.zeros((18, 3))
STANCE[:, :2] = [
    *((256, 104), (256, 160)),
    *((221, 160), (196, 215), (196, 270)),
    *((291, 160), (316, 215), (316, 270)),
    *((236, 290), (236, 375), (236, 464)),
    *((276, 290), (276, 375), (276, 464)),
    *((250, 98), (262, 98), (244, 102), (268, 102)),
]
FOREARM = [JOINT["right_elbow"], JOINT["right_wrist"]]


def body(n_frames: int, wave: float, arm: float) -> Float32:
    """A dancer at rest but for the right forearm, which swings about an angle, radians."""
    poses = np.repeat(STANCE[None], n_frames, axis=0)
    angle = arm + wave * np.sin(2 * np.pi * np.arange(n_frames) / 30)
    elbow = poses[:, JOINT["right_elbow"]]
    along = np.stack([np.cos(angle), np.sin(angle), np.zeros(n_frames)], axis=1)
    poses[:, JOINT["right_wrist"]] = elbow + 55 * along
    return poses.astype(np.float32)


def lengths(poses: Float32) -> np.ndarray:
    return np.linalg.norm(bones(poses), axis=-1)


@settings(max_examples=15, deadline=None)
@given(first=st.floats(-3, 3), second=st.floats(-3, 3), wave=st.floats(0, 0.6))
def test_no_limb_shrinks_on_the_way(first: float, second: float, wave: float) -> None:
    poses = np.concatenate([body(50, wave, first), body(50, wave, second)])
    aligned = align(dance_of(poses, (50,)), music_for(100), ["inertial"]).joints
    np.testing.assert_allclose(lengths(aligned), lengths(poses), atol=0.01)
    np.testing.assert_allclose(aligned[:, FEET], poses[:, FEET], atol=0.01)


def test_joints_moved_one_by_one_do_shrink_it() -> None:
    poses = np.concatenate([body(50, 0, 0.0), body(50, 0, 3.0)])
    apart = align(dance_of(poses, (50,)), music_for(100), ["inertial:bones=false"]).joints
    forearm = np.linalg.norm(np.diff(apart[:, FOREARM], axis=1), axis=-1)
    assert forearm.min() < 10


def test_opposite_bones_turn_without_a_jump() -> None:
    poses = np.concatenate([body(50, 0, 0.0), body(50, 0, np.pi)])
    aligned = align(dance_of(poses, (50,)), music_for(100), ["inertial"]).joints
    steps = np.linalg.norm(np.diff(aligned[:, JOINT["right_wrist"]], axis=0), axis=-1)
    # Half a circle of 55 px in 16 frames: 10.8 px a frame if it were even.
    assert steps.max() < 2.2 * np.pi * 55 / 16


def test_a_body_of_another_size_is_grown_into() -> None:
    small = (256 + 0.8 * (STANCE - 256)).astype(np.float32)
    poses = np.concatenate([body(50, 0, 1.0), np.repeat(small[None], 50, axis=0)])
    aligned = align(dance_of(poses, (50,)), music_for(100), ["inertial"]).joints
    steps = np.abs(np.diff(np.log(lengths(aligned)), axis=0))
    assert steps.max() < -np.log(0.8) / 5


def test_lowest_ankles_stay_where_the_drawn_ones_are() -> None:
    poses = walk(16)
    drawn = poses + np.float64(7.0)
    by = np.zeros((16, 18, 4))
    moved = whole(poses, by, drawn)
    np.testing.assert_allclose(moved, drawn, atol=1e-3)


def test_what_is_unknown_stays_unknown_and_nothing_else_becomes_so() -> None:
    poses = np.concatenate([walk(50, seed=1), walk(50, seed=2)])
    poses[:, JOINT["right_elbow"]] = np.nan
    poses[45:48, FEET[0]] = np.nan
    poses[:50, JOINT["nose"]] = np.nan
    aligned = align(dance_of(poses, (50,)), music_for(100), ["inertial"]).joints
    np.testing.assert_array_equal(np.isnan(aligned), np.isnan(poses))
    assert np.isnan(aligned[:, MISSING]).all()


def test_the_disagreement_takes_one_side_to_the_other() -> None:
    poses = np.concatenate([body(20, 0, 0.4), body(20, 0, 2.0)])
    jump, change = disagreement(poses, 20)
    np.testing.assert_allclose(turned(bones(poses)[19], jump), bones(poses)[20], atol=1e-3)
    np.testing.assert_allclose(change, 0, atol=1e-6)
    assert np.linalg.norm(jump, axis=1).max() == pytest.approx(1.6, abs=1e-4)
