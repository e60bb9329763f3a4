from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT
from danceit.errors import InputError
from danceit.index.sources.bvh import SOURCE
from tests.index.sources.conftest import write_tone

# A figure with y up that looks along +z, so that its left is at +x.
SIDE = """
    JOINT {S}UpLeg {{ OFFSET {x} 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT {S}Leg {{ OFFSET 0 -4 0 CHANNELS 3 Zrotation Xrotation Yrotation
        JOINT {S}Foot {{ OFFSET 0 -4 0 CHANNELS 3 Zrotation Xrotation Yrotation
          End Site {{ OFFSET 0 0 1 }} }} }} }}"""
ARM = """
      JOINT {S}Shoulder {{ OFFSET {x} 5 0 CHANNELS 3 Zrotation Xrotation Yrotation
        JOINT {S}Arm {{ OFFSET {x} 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
          JOINT {S}ForeArm {{ OFFSET {x3} 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
            JOINT {S}Hand {{ OFFSET {x3} 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
              End Site {{ OFFSET {x} 0 0 }} }} }} }} }}"""
TREE = (
    "HIERARCHY ROOT Hips { OFFSET 0 0 0\n"
    "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    + SIDE.format(S="Left", x=1)
    + SIDE.format(S="Right", x=-1)
    + "\n JOINT Spine { OFFSET 0 1 0 CHANNELS 3 Zrotation Xrotation Yrotation"
    + ARM.format(S="Left", x=1, x3=3)
    + ARM.format(S="Right", x=-1, x3=-3)
    + "\n JOINT Head { OFFSET 0 6 0 CHANNELS 3 Zrotation Xrotation Yrotation\n"
    "   End Site { OFFSET 0 2 0 } } } }\n"
)
N_CHANNELS = 6 + 3 * 16


def bvh(path: Path, turns: dict[str, float] | None = None, n_frames: int = 4) -> Path:
    """Write the figure; `turns` sets channels by joint and channel, "LeftArm Zrotation"."""
    words = TREE.split()
    names: list[str] = []
    joint = ""
    for at, word in enumerate(words):
        if word in ("ROOT", "JOINT"):
            joint = words[at + 1]
        if word == "CHANNELS":
            names += [f"{joint} {name}" for name in words[at + 2 : at + 2 + int(words[at + 1])]]
    assert len(names) == N_CHANNELS
    row = " ".join(str((turns or {}).get(name, 0.0)) for name in names)
    path.write_text(f"{TREE}MOTION\nFrames: {n_frames}\nFrame Time: 0.02\n" + f"{row}\n" * n_frames)
    return path


def pose(path: Path) -> np.ndarray:
    return SOURCE.read(path).poses[0]


def test_the_figure_at_rest_faces_the_camera(tmp_path: Path) -> None:
    rest = pose(bvh(tmp_path / "a.bvh", {"Hips Yposition": 10}))
    # x right, y down: 10 - 4 - 4 = 2 above the floor, the left side on the right.
    np.testing.assert_allclose(rest[JOINT["left_ankle"]], [1, -2, 0], atol=1e-6)
    np.testing.assert_allclose(rest[JOINT["right_wrist"]], [-8, -16, 0], atol=1e-6)
    np.testing.assert_allclose(rest[JOINT["neck"]], [0, -16, 0], atol=1e-6)
    # The nose: 0.4 of the head's 2 above its base, half of it ahead, towards the camera.
    np.testing.assert_allclose(rest[JOINT["nose"]], [0, -17.8, -1], atol=1e-6)
    assert np.isnan(rest[14:]).all()


def test_rotations_are_right_handed_and_in_the_files_order(tmp_path: Path) -> None:
    # About z by 90 degrees the left arm, along +x, points up, -y of the picture.
    up = pose(bvh(tmp_path / "a.bvh", {"LeftArm Zrotation": 90}))
    np.testing.assert_allclose(up[JOINT["left_wrist"]], [2, -12, 0], atol=1e-5)
    # Z before X: up after the turn about x, which leaves the arm's own axis alone.
    both = pose(bvh(tmp_path / "b.bvh", {"LeftArm Zrotation": 90, "LeftArm Xrotation": 90}))
    np.testing.assert_allclose(both[JOINT["left_wrist"]], [2, -12, 0], atol=1e-5)
    # The elbow then bends in the turned axes: about y, from up (x) to ahead (-z, turned by x).
    bent = pose(
        bvh(
            tmp_path / "c.bvh",
            {"LeftArm Zrotation": 90, "LeftArm Xrotation": 90, "LeftForeArm Zrotation": 90},
        )
    )
    np.testing.assert_allclose(bent[JOINT["left_wrist"]], [2, -9, -3], atol=1e-5)


def test_a_turn_of_the_hips_turns_the_whole(tmp_path: Path) -> None:
    turned = pose(bvh(tmp_path / "a.bvh", {"Hips Yrotation": 90}))
    # About y by 90 degrees, +x goes to -z of the file: away from the camera, +z of ours.
    np.testing.assert_allclose(turned[JOINT["left_wrist"]], [0, -6, 8], atol=1e-5)
    assert turned[JOINT["nose"], 0] == pytest.approx(1.0, abs=1e-5)  # looks to the right


def test_z_up_is_noticed(tmp_path: Path) -> None:
    # Tipped forward by 90 degrees about x, y up becomes z up and the face looks along -y.
    tipped = pose(bvh(tmp_path / "a.bvh", {"Hips Xrotation": 90, "Hips Zposition": 10}))
    upright = pose(bvh(tmp_path / "b.bvh", {"Hips Yposition": 10}))
    np.testing.assert_allclose(tipped, upright, atol=1e-5)


def test_times_and_song(tmp_path: Path) -> None:
    song = write_tone(tmp_path / "a.wav", 2.0)
    recording = SOURCE.read(bvh(tmp_path / "a.bvh"))
    np.testing.assert_allclose(recording.times_s, [0, 0.02, 0.04, 0.06])
    assert recording.audio_path == song


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "TREE", "does not begin with HIERARCHY"),
        ("LeftUpLeg", "Tail", "no joint that could be the left hip; its joints: Hips, Tail"),
        ("Frames: 4", "Frames: 5", "5 frames of 54 channels announced, 216 numbers held"),
        ("Frame Time: 0.02", "Frame Time: 0", "frame time must be above 0"),
        ("Frame Time: 0.02", "Frame Time: 50", "frames a second must lie between"),
        ("Frame Time:", "Time:", "'Frames:' and 'Frame Time:' expected"),
        ("CHANNELS 6", "CHANNELS six", "not a readable BVH"),
        ("Xposition", "Wposition", "unknown channel 'wposition'"),
        ("MOTION", "MOVES", "there is no MOTION"),
        ("JOINT LeftUpLeg {", "JOINT {", "'{' is out of place"),
        ("HIERARCHY ROOT", "HIERARCHY } ROOT", "'}' is out of place"),
        ("HIERARCHY ROOT", "HIERARCHY OFFSET ROOT", "'OFFSET' is out of place"),
        ("Frame Time:", "0 Frame Time:", "expected; got"),
        ("OFFSET 1 0 0", "OFFSET 1e300 0 0", "'1e300' is no place or angle"),
        ("0.02\n0.0", "0.02\nnan", "no place or angle"),
        ("Frames: 4", "Frames: " + "9" * 400, "frames of 54 channels announced"),
        ("CHANNELS 6", "CHANNELS 99999999", "unknown channel"),
        (" } }\nMOTION", " }\nMOTION", "its hierarchy has no end"),
        (" } }\nMOTION", " } } }\nMOTION", "'}' is out of place"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = bvh(tmp_path / "a.bvh")
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=message) as caught:
        SOURCE.read(path)
    assert "\n" not in str(caught.value)


def test_one_frame_is_said_before_its_names_are_looked_at(tmp_path: Path) -> None:
    path = bvh(tmp_path / "a.bvh", n_frames=1)
    path.write_text(path.read_text().replace("LeftUpLeg", "Trunk"))
    with pytest.raises(InputError, match=r"a\.bvh holds one frame: a pose, not a movement"):
        SOURCE.read(path)


def test_an_animal_on_all_fours_is_not_asked_for_another_axis(tmp_path: Path) -> None:
    # The trunk level, along x, the legs down: the neck lies beside the feet, not over them.
    level = {"Hips Zrotation": -90, "LeftUpLeg Zrotation": 90, "RightUpLeg Zrotation": 90}
    path = bvh(tmp_path / "a.bvh", level)
    path.write_text(path.read_text().replace("OFFSET 0 1 0 CHANNELS", "OFFSET 0 30 0 CHANNELS"))
    with pytest.raises(InputError, match="an animal, somebody who lies, or a file with another"):
        SOURCE.read(path)


def test_a_joint_may_be_called_root_and_a_name_hold_spaces(tmp_path: Path) -> None:
    path = bvh(tmp_path / "a.bvh")
    plain = pose(path)
    path.write_text(path.read_text().replace("ROOT Hips", "ROOT root").replace("t Head", "t L5 S1"))
    np.testing.assert_array_equal(pose(path)[1:14], plain[1:14])


def test_long_files_are_read_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bvh(tmp_path / "a.bvh", {"LeftArm Zrotation": 90}, n_frames=23)
    whole = SOURCE.read(path).poses
    monkeypatch.setattr("danceit.index.sources.bvh._BLOCK_FRAMES", 5)
    monkeypatch.setattr("danceit.index.sources.bvh._BLOCK_LETTERS", 37)
    np.testing.assert_array_equal(SOURCE.read(path).poses, whole)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7, 0.9])
def test_a_truncated_file_is_said(tmp_path: Path, kept: float) -> None:
    path = bvh(tmp_path / "a.bvh")
    content = path.read_text()
    path.write_text(content[: int(kept * len(content))])
    with pytest.raises(InputError, match="not a readable BVH"):
        SOURCE.read(path)


@pytest.mark.parametrize(("name", "frames", "fps"), [("jesse_dance", 1007, 100), ("dab", 339, 30)])
def test_real_captures_have_firm_bones_and_bend_forward(
    real_data: Path, name: str, frames: int, fps: int
) -> None:
    recording = SOURCE.read(real_data / "bvh" / f"{name}.bvh")
    poses = recording.poses
    assert poses.shape == (frames, 18, 3)
    assert np.diff(recording.times_s).mean() == pytest.approx(1 / fps, rel=1e-3)
    for upper, lower in (("shoulder", "elbow"), ("elbow", "wrist"), ("knee", "ankle")):
        bone = poses[:, JOINT[f"left_{lower}"]] - poses[:, JOINT[f"left_{upper}"]]
        length = np.linalg.norm(bone, axis=1)
        np.testing.assert_allclose(length, length[0], rtol=1e-3)
    left = poses[:, JOINT["left_hip"]] - poses[:, JOINT["right_hip"]]
    ahead = np.cross(left, [0.0, -1.0, 0.0])
    hip, knee, ankle = (poses[:, JOINT[f"right_{part}"]] for part in ("hip", "knee", "ankle"))
    assert (((knee - (hip + ankle) / 2) * ahead).sum(axis=1) > 0).mean() > 0.9
    assert (poses[:, JOINT["nose"], 1] < poses[:, JOINT["left_hip"], 1]).all()


def test_a_person_by_asf_names_stands_with_firm_bones(real_data: Path) -> None:
    poses = SOURCE.read(real_data / "defects" / "public" / "swagger.bvh").poses
    assert poses.shape == (581, 18, 3)
    # By the offsets of lradius, lhand, ltibia and lfoot in the file.
    for upper, lower, length in (
        ("shoulder", "elbow", 29.5186), ("elbow", "wrist", 23.9354),
        ("hip", "knee", np.hypot(7.2751, 41.2593)), ("knee", "ankle", np.hypot(6.5686, 37.2525)),
    ):  # fmt: skip
        bone = poses[:, JOINT[f"left_{lower}"]] - poses[:, JOINT[f"left_{upper}"]]
        np.testing.assert_allclose(np.linalg.norm(bone, axis=1), length, rtol=1e-4)
    assert (poses[:, JOINT["neck"], 1] < poses[:, JOINT["right_ankle"], 1]).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mixamo_few_keyframes.bvh", "between 8 and 10000 to show a dance; got 1"),
        ("mutated/bvh_min/a.bvh", "there is no MOTION"),
        ("mutated/bvh_extra_brace/a.bvh", "'{' is out of place"),
    ],
)
def test_public_files_that_are_no_dance_are_one_line(
    real_data: Path, name: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        SOURCE.read(real_data / "defects" / "public" / name)
