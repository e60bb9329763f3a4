from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from danceit.data import JOINT, Dance, Float32
from danceit.errors import InputError
from danceit.render import render, render_many
from danceit.render.export.bvh import euler_zxy
from danceit.render.export.rig import CM_PER_PX, make_rig
from tests.render.conftest import make_dance, swaying

RIGGED = [name for name in JOINT if not name.endswith(("eye", "ear"))]


def tumbling(n_frames: int, seed: int) -> Float32:
    """A body of constant proportions whose limbs turn at random, but smoothly."""
    rng = np.random.default_rng(seed)
    joints = np.full((n_frames, 18, 3), np.nan)

    def directions(start: tuple[float, float, float]) -> np.ndarray:
        steps = np.cumsum(rng.normal(0, 0.12, (n_frames, 3)), axis=0)
        return np.asarray(Rotation.from_rotvec(steps).apply(start))

    middle = np.cumsum(rng.normal(0, 4, (n_frames, 3)), axis=0)
    middle += np.array([256, 300, 0])
    across, up = directions((1, 0, 0)), directions((0, -1, 0))
    up -= (up * across).sum(axis=1, keepdims=True) * across * 0.5
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    joints[:, JOINT["left_hip"]] = middle + 24 * across
    joints[:, JOINT["right_hip"]] = middle - 24 * across
    joints[:, JOINT["neck"]] = middle + 130 * up
    chain: list[tuple[str, str, float, tuple[float, float, float]]] = [
        ("neck", "nose", 60, (0, -1, 0))
    ]
    for side, sign in (("right", -1), ("left", 1)):
        chain += [
            ("neck", f"{side}_shoulder", 40, (sign, 0, 0)),
            (f"{side}_shoulder", f"{side}_elbow", 66, (sign, 0, 0)),
            (f"{side}_elbow", f"{side}_wrist", 60, (sign, 0, 0)),
            (f"{side}_hip", f"{side}_knee", 90, (0, 1, 0)),
            (f"{side}_knee", f"{side}_ankle", 88, (0, 1, 0)),
        ]
    for parent, child, length, start in chain:
        joints[:, JOINT[child]] = joints[:, JOINT[parent]] + length * directions(start)
    return joints.astype(np.float32)


def expected_cm(joints: Float32, joint: int) -> np.ndarray:
    x, y, z = joints[:, joint].astype(float).T
    return np.stack([x - 256, 464 - y, -z], axis=1) * CM_PER_PX


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_body_of_constant_proportions_returns_exactly(seed: int) -> None:
    joints = tumbling(40, seed)
    rig = make_rig(make_dance(joints, seams=()))
    places = rig.positions()
    for node, joint in enumerate(rig.joints):
        if joint >= 0:
            np.testing.assert_allclose(places[:, node], expected_cm(joints, joint), atol=2e-3)
    turned = rig.turns @ rig.turns.swapaxes(-1, -2)
    np.testing.assert_allclose(turned, np.broadcast_to(np.eye(3), turned.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(rig.turns), 1, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_euler_angles_give_the_rotation_back_and_do_not_jump(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turning = Rotation.from_rotvec(np.cumsum(rng.normal(0, 0.05, (60, 3)), axis=0))
    angles = euler_zxy(turning.as_matrix()[:, None])[:, 0]
    back = Rotation.from_euler("ZXY", angles)
    assert (back * turning.inv()).magnitude().max() < 1e-6
    away = np.abs(np.cos(angles[:, 1])) > 0.3
    assert np.abs(np.diff(angles, axis=0)[away[1:] & away[:-1]]).max(initial=0) < 1.0


def test_straight_up_and_the_opposite_of_rest_are_solved() -> None:
    quarter = Rotation.from_euler("ZXY", [[0.3, np.pi / 2, 0.4], [0.3, -np.pi / 2, 0.4]])
    angles = euler_zxy(quarter.as_matrix()[:, None])[:, 0]
    assert (Rotation.from_euler("ZXY", angles) * quarter.inv()).magnitude().max() < 1e-6
    joints = swaying(3)
    joints[:, JOINT["left_knee"]] = joints[:, JOINT["left_hip"]] - (0, 90, 0)  # a leg upwards
    joints[:, JOINT["left_ankle"]] = joints[:, JOINT["left_knee"]] - (0, 88, 0)
    rig = make_rig(make_dance(joints, seams=()))
    node = rig.names.index("left_ankle")
    np.testing.assert_allclose(
        rig.positions()[:, node], expected_cm(joints, JOINT["left_ankle"]), atol=0.05
    )


def test_a_gap_is_bridged_and_what_is_never_seen_is_left_out() -> None:
    joints = tumbling(40, 1)
    joints[10:15, JOINT["right_elbow"]] = np.nan
    joints[:, JOINT["left_knee"]] = np.nan
    rig = make_rig(make_dance(joints, seams=()))
    assert np.isfinite(rig.turns).all()
    assert "left_knee" not in rig.names
    assert "left_ankle" not in rig.names
    assert "left_hip" in rig.names
    node = rig.names.index("right_wrist")
    elsewhere = np.r_[0:9, 16:40]
    np.testing.assert_allclose(
        rig.positions()[elsewhere, node],
        expected_cm(joints, JOINT["right_wrist"])[elsewhere],
        atol=2e-3,
    )


def test_a_bvh_is_read_by_another_program(tmp_path: Path) -> None:
    bvhio = pytest.importorskip("bvhio", reason="bvhio, an independent reader, is in [dev]")
    joints = tumbling(30, 7)
    dance = make_dance(joints, seams=())
    render(dance, tmp_path / "a.bvh")
    root = bvhio.readAsHierarchy(str(tmp_path / "a.bvh"))
    assert bvhio.readAsBvh(str(tmp_path / "a.bvh")).FrameTime == pytest.approx(1 / 24)
    seen = set()
    for frame in (0, 13, 29):
        root.loadPose(frame)
        for node, _, _ in root.layout():
            if node.Name in RIGGED:
                expected = expected_cm(joints, JOINT[node.Name])[frame]
                np.testing.assert_allclose(np.array(node.PositionWorld), expected, atol=0.02)
                seen.add(node.Name)
    assert seen == set(RIGGED) - {"nose"}  # whose node is the head


def test_a_bvh_of_a_real_dance_keeps_its_bones_lengths(tmp_path: Path, real_data: Path) -> None:
    from danceit.index.cleaning.cleaning import clean
    from danceit.index.sources import SOURCES

    recording = SOURCES.get("tang").read(real_data / "dances" / "DANCE_C_8")
    poses = clean(recording).clips[0].poses[:120]
    rig = make_rig(make_dance(poses, seams=()))
    places = rig.positions()
    error_cm = np.concatenate(
        [
            np.linalg.norm(places[:, node] - expected_cm(poses, joint), axis=1)
            for node, joint in enumerate(rig.joints)
            if joint >= 0
        ]
    )
    assert np.median(error_cm) < 3
    thigh = rig.names.index("right_knee")
    assert 30 < np.linalg.norm(rig.offsets[thigh]) < 60


@pytest.mark.parametrize("suffix", [".bvh", ".glb", ".gltf"])
def test_what_has_no_rotations_is_named(
    flat_dance: Dance, dance: Dance, tmp_path: Path, suffix: str
) -> None:
    headless = swaying(4)
    headless[:, [JOINT["neck"], JOINT["left_hip"]]] = np.nan
    out = tmp_path / f"a{suffix}"
    with pytest.raises(InputError, match=r"without depth \(C = 2\) has no bone rotations"):
        render(flat_dance, out)
    with pytest.raises(InputError, match="never seen: neck, left_hip"):
        render(make_dance(headless, seams=()), out)
    with pytest.raises(InputError, match="holds one dance; got 2"):
        render_many([dance, dance], out)
    assert not list(tmp_path.iterdir())


def test_an_elbow_that_folds_does_not_flip_about_its_bone() -> None:
    """A forearm that passes close by the upper arm: its direction is opposite to the rest's."""
    n_frames = 25
    joints = np.repeat(swaying(1), n_frames, axis=0).astype(np.float64)
    shoulder, elbow, wrist = (
        joints[:, JOINT[f"left_{part}"]] for part in ("shoulder", "elbow", "wrist")
    )
    upper = elbow - shoulder
    along = -upper / np.linalg.norm(upper, axis=1, keepdims=True)
    aside = np.cross(along, [0.0, 0.0, 1.0])
    # By 15 degrees a frame, 3 degrees beside the upper arm: the smallest turn flips on the way.
    angle = np.radians(15.0 * (np.arange(n_frames) - n_frames // 2)).clip(-0.6, 0.6)
    beside = np.sin(np.radians(3.0)) * np.array([0.0, 0.0, 1.0])
    wrist[:] = elbow + 60 * (
        np.cos(angle)[:, None] * along + np.sin(angle)[:, None] * aside + beside
    )
    joints[:, JOINT["left_wrist"]] = wrist
    rig = make_rig(make_dance(joints.astype(np.float32)))
    turns = rig.turns[:, rig.names.index("left_elbow")]
    steps = Rotation.from_matrix(turns[:-1].swapaxes(1, 2) @ turns[1:]).magnitude()
    assert np.degrees(steps).max() < 30  # 157 by the smallest turns
    shown = rig.positions()[:, rig.names.index("left_wrist")]
    np.testing.assert_allclose(
        shown, expected_cm(joints.astype(np.float32), JOINT["left_wrist"]), atol=0.5
    )
