import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danceit.data import JOINT
from danceit.errors import InputError
from danceit.index.sources import scan
from danceit.index.sources.coco import SOURCE
from tests.index.sources.conftest import person, write_video


def results(n_frames: int = 5, name: str = "{}.jpg") -> list[dict[str, Any]]:
    """Detector results with the person 10 px further right in each frame."""
    return [
        {
            "image_id": name.format(frame),
            "category_id": 1,
            "keypoints": person(10.0 * frame, 0, 100, n_joints=17),
            "score": 2.5,
        }
        for frame in range(n_frames)
    ]


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_results_of_a_detector(tmp_path: Path) -> None:
    # AlphaPose writes frames in any order, and several people.
    rows = results()
    rows += [{**row, "keypoints": person(500, 0, 40, n_joints=17)} for row in rows]
    recording = SOURCE.read(write(tmp_path / "a.json", rows[::-1]))
    np.testing.assert_allclose(recording.poses[:, JOINT["nose"], 0], [0, 10, 20, 30, 40])
    # COCO: 5 and 6 are the left and right shoulder, 25 px apart in the test's figure.
    np.testing.assert_allclose(recording.poses[0, JOINT["neck"]], [12.5, 25])
    np.testing.assert_allclose(recording.poses[0, JOINT["right_ankle"]], [25, 75])
    assert "30 frames a second assumed" in recording.notes[0]


def test_frames_count_by_number_not_by_spelling(tmp_path: Path) -> None:
    rows = results(12, "video_frame{}.png")
    poses = SOURCE.read(write(tmp_path / "a.json", rows)).poses
    assert (np.diff(poses[:, 0, 0]) == 10).all()  # frame10 comes after frame9


def test_an_annotation_file_with_empty_images_and_visibilities(tmp_path: Path) -> None:
    rows = results(5, "{}")
    for frame, row in enumerate(rows):
        row["image_id"] = 70 + frame
        flat = np.array(row["keypoints"]).reshape(17, 3)
        flat[:, 2] = 2
        flat[9] = 0  # the left wrist is not labelled
        row["keypoints"] = flat.reshape(-1).tolist()
    images = [{"id": 70 + frame, "file_name": f"img/{frame:05d}.jpg"} for frame in range(7)]
    content = {"images": images, "annotations": rows, "categories": []}
    recording = SOURCE.read(write(tmp_path / "a.json", content))
    assert recording.poses.shape == (7, 18, 2)
    np.testing.assert_array_equal(np.isfinite(recording.poses[:, 0, 0]), [True] * 5 + [False] * 2)
    assert np.isnan(recording.poses[:, JOINT["left_wrist"]]).all()


def test_a_video_of_the_same_name_gives_the_times(tmp_path: Path) -> None:
    write(tmp_path / "a.json", results())
    write_video(tmp_path / "a.mp4", 5, 25)
    result = scan(tmp_path)
    assert [item.source for item in result.found] == ["coco"]
    assert result.unrecognised == ()
    np.testing.assert_allclose(result.found[0].read().times_s, np.arange(5) / 25, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"image_id": 1, "bbox": [0, 0, 1, 1]}], "holds no keypoints"),
        ({"annotations": 3}, "no list of annotations"),
        ([{"keypoints": [0] * 51}], "without its id"),
        ([{"image_id": 1, "keypoints": [1] * 51}], "holds one frame: a pose"),
        ([{"image_id": i, "keypoints": [1] * 52} for i in (1, 2)], r"\(x, y, v\) each; got 52"),
        (
            [{"image_id": i, "keypoints": [1] * 42} for i in (1, 2)],
            "14 keypoints that nothing names",
        ),
        ([{"image_id": i, "keypoints": ["x"] * 51} for i in (1, 2)], "must be numbers"),
        ([{"image_id": i, "keypoints": [1] * 51} for i in (1, 10**30)], "counts no frame"),
        ([{"image_id": i, "keypoints": [0] * 51} for i in (1, 2)], "NaN everywhere"),
        (
            [{"image_id": i, "keypoints": [1] * 51} for i in (1, 9_000_000)],
            "not the frames of one video",
        ),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InputError, match=rf"a\.json.*{message}") as caught:
        SOURCE.read(write(tmp_path / "a.json", content))
    assert "\n" not in str(caught.value)


# The orders as their makers publish them (mmpose's data set configurations).
H36M = (
    "root (pelvis)", "left_hip", "left_knee", "left_foot", "right_hip", "right_knee",
    "right_foot", "spine", "thorax", "neck_base", "head", "left_shoulder", "left_elbow",
    "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
)  # fmt: skip
POSETRACK = (
    "nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
CROWDPOSE = (
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
    "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle", "top_head", "neck",
)  # fmt: skip
AIC = (
    "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee",
    "left_ankle", "head_top", "neck",
)  # fmt: skip
HALPE26 = (
    "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow",
    "LWrist", "RWrist", "LHip", "RHip", "LKnee", "Rknee", "LAnkle", "RAnkle", "Head", "Neck",
    "Hip", "LBigToe", "RBigToe", "LSmallToe", "RSmallToe", "LHeel", "RHeel",
)  # fmt: skip
COCO = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip


def named(names: tuple[str, ...], **changes: Any) -> dict[str, Any]:
    """Annotations in which joint i of `names` is at (10 + i, 50 + frame)."""
    rows = [
        {
            "image_id": frame,
            "category_id": 1,
            "keypoints": [each for i in range(len(names)) for each in (10 + i, 50 + frame, 2)],
        }
        for frame in range(4)
    ]
    images = [{"id": frame, "file_name": f"{frame:04d}.jpg"} for frame in range(4)]
    category = {"id": 1, "name": "person", "keypoints": list(names)}
    return {"images": images, "annotations": rows, "categories": [category]} | changes


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (H36M, {"left_hip": 1, "left_ankle": 3, "right_ankle": 6, "right_wrist": 16}),
        (POSETRACK, {"nose": 0, "left_ear": 3, "left_shoulder": 5, "right_ankle": 16}),
        (CROWDPOSE, {"neck": 13, "left_shoulder": 0, "right_wrist": 5, "right_ankle": 11}),
        (AIC, {"neck": 13, "left_shoulder": 3, "right_elbow": 1, "left_ankle": 11}),
        (HALPE26, {"neck": 18, "left_eye": 1, "right_knee": 14, "right_ankle": 16}),
        (COCO, {"nose": 0, "right_eye": 2, "right_hip": 12, "left_ankle": 15}),
        ((*COCO, *(f"face-{i}" for i in range(116))), {"nose": 0, "right_ankle": 16}),
    ],
    ids=["h36m", "posetrack", "crowdpose", "aic", "halpe", "coco", "wholebody"],
)
def test_joints_go_by_the_names_given(
    tmp_path: Path, names: tuple[str, ...], shown: dict[str, int]
) -> None:
    recording = SOURCE.read(write(tmp_path / "a.json", named(names)))
    for joint, index in shown.items():
        assert recording.poses[0, JOINT[joint]].tolist() == [10 + index, 50], joint
    left, right = recording.poses[0, JOINT["left_shoulder"]], recording.poses[0, 2]
    if "neck" not in shown:
        np.testing.assert_allclose(recording.poses[0, JOINT["neck"]], (left + right) / 2)
    if "nose" not in shown and "Nose" not in names:
        assert np.isnan(recording.poses[:, 0]).all()
    assert not any("assumed" in note and "order" in note for note in recording.notes)


@pytest.mark.parametrize(("count", "name"), [(17, "COCO"), (26, "Halpe"), (133, "COCO-WholeBody")])
def test_an_order_that_nobody_names_is_assumed_and_said(
    tmp_path: Path, count: int, name: str
) -> None:
    content = named(tuple("x" * count))["annotations"]
    recording = SOURCE.read(write(tmp_path / "a.json", content))
    assert recording.poses[0, JOINT["right_ankle"]].tolist() == [26, 50]
    assert f"no names of keypoints: {name}'s order of {count} assumed" in recording.notes


def test_an_animal_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    # The keypoints of AP-10K.
    names = (
        "L_Eye", "R_Eye", "Nose", "Neck", "Root of tail", "L_Shoulder", "L_Elbow", "L_F_Paw",
        "R_Shoulder", "R_Elbow", "R_F_Paw", "L_Hip", "L_Knee", "L_B_Paw", "R_Hip", "R_Knee",
        "R_B_Paw",
    )  # fmt: skip
    with pytest.raises(InputError, match=r"no left wrist .*an animal, or another skeleton"):
        SOURCE.read(write(tmp_path / "a.json", named(names)))


def test_more_keypoints_than_names_are_refused(tmp_path: Path) -> None:
    content = named(COCO)
    content["categories"][0]["keypoints"].append("tail")
    with pytest.raises(InputError, match="17 keypoints, but its categories name 18"):
        SOURCE.read(write(tmp_path / "a.json", content))


def test_a_public_file_in_human36ms_order(real_data: Path) -> None:
    path = real_data / "defects" / "public" / "h36m_coco_consecutive_120.json"
    recording = SOURCE.read(path)
    rows = json.loads(path.read_text())["annotations"]
    flat = np.array([row["keypoints"] for row in rows]).reshape(120, 17, 3)
    poses = recording.poses
    np.testing.assert_allclose(poses[:, JOINT["right_shoulder"]], flat[:, 14, :2], rtol=1e-6)
    np.testing.assert_allclose(poses[:, JOINT["left_ankle"]], flat[:, 3, :2], rtol=1e-6)
    assert np.isnan(poses[:, JOINT["nose"]]).all()
    assert (poses[:, JOINT["neck"], 1] < poses[:, JOINT["left_hip"], 1]).mean() > 0.95


def test_other_json_is_not_recognised(tmp_path: Path) -> None:
    assert not SOURCE.detect(write(tmp_path / "a.json", {"people": []}))
    assert not SOURCE.detect(write(tmp_path / "b.json", [{"name": "DANCE_C_2"}]))
