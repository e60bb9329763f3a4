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
        ([{"image_id": 1, "keypoints": [0] * 78}], r"51 numbers \(17 keypoints\); got 78"),
        ([{"image_id": 1, "keypoints": ["x"] * 51}], "must be numbers"),
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


def test_other_json_is_not_recognised(tmp_path: Path) -> None:
    assert not SOURCE.detect(write(tmp_path / "a.json", {"people": []}))
    assert not SOURCE.detect(write(tmp_path / "b.json", [{"name": "DANCE_C_2"}]))
