import gc
import importlib.util
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT
from danceit.errors import InputError, MissingDependencyError, PluginError
from danceit.index.poses.estimators import ESTIMATORS, make_estimator
from danceit.index.poses.estimators.mediapipe import BLAZEPOSE, _people, _wheel_bundle
from danceit.index.poses.estimators.onnx import RtmPose
from tests.index.poses.estimators.model import write_brightest

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="onnxruntime is not installed"
)
needs_mediapipe = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="mediapipe is not installed"
)


def test_all_built_in_estimators_load() -> None:
    assert [line.problem for line in ESTIMATORS.listing()] == ["", ""]


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("mediapip", PluginError, "did you mean 'mediapipe'"),
        ("gone.task", InputError, "no such pose model: gone.task"),
        ("model.pt", InputError, r"must end in .task or .onnx; got 'model.pt'"),
        ("onnx", InputError, "needs a model"),
    ],
)
def test_a_wrong_name_is_said(spec: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make_estimator(spec)


class _Mark:
    def __init__(self, number: int) -> None:
        self.x, self.y, self.z = 0.01 * number, 0.02 * number, 0.5
        self.visibility = number / 100


class _Found:
    pose_landmarks = ([_Mark(number) for number in range(33)],)
    pose_world_landmarks = pose_landmarks


def test_mediapipes_landmarks_are_found_by_their_published_numbers() -> None:
    # https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker: the list of 33.
    published = {"nose": 0, "left_shoulder": 11, "right_wrist": 16, "left_hip": 23,
                 "right_ankle": 28, "left_eye": 2, "right_ear": 8}  # fmt: skip
    people = _people(_Found, 100, 200)
    for name, number in published.items():
        assert BLAZEPOSE[name] == number
        joint = people.image[0, JOINT[name]]
        np.testing.assert_allclose(joint, [number, 4 * number, number / 100], rtol=1e-5)
    neck = people.image[0, JOINT["neck"]]
    np.testing.assert_allclose(neck, [11.5, 46, 0.115], rtol=1e-5)
    assert people.world.shape == (1, 18, 3)


@needs_mediapipe
def test_a_file_that_is_no_landmarker_is_said(tmp_path: Path) -> None:
    path = tmp_path / "other.task"
    path.write_bytes(b"no bundle at all")
    with pytest.raises(InputError, match=r"other.task is not a MediaPipe pose landmarker"):
        make_estimator(str(path)).open()


@needs_mediapipe
def test_a_task_file_is_read_and_sees_nobody_in_grey(tmp_path: Path) -> None:
    # The bundle made of the wheel's models is such a file.
    path = tmp_path / "pose_landmarker.task"
    with warnings.catch_warnings():
        # MediaPipe's metadata writer leaves its temporary folder to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        path.write_bytes(_wheel_bundle())
        gc.collect()
    estimator = make_estimator(str(path))
    assert estimator.estimator_id != make_estimator("mediapipe").estimator_id
    session = estimator.open()
    people = session.people(np.full((120, 160, 3), 90, dtype=np.uint8), 0.0)
    session.close()
    assert people.image.shape == people.world.shape == (0, 18, 3)


@needs_onnx
@pytest.mark.parametrize("place", [(40, 30), (300, 200), (610, 340)])
def test_rtmpose_finds_in_the_picture_what_it_sees_in_its_box(
    tmp_path: Path, place: tuple[int, int]
) -> None:
    x, y = place
    picture = np.zeros((360, 640, 3), dtype=np.uint8)
    picture[y - 8 : y + 8, x - 8 : x + 8] = 255
    session = RtmPose(write_brightest(tmp_path / "m.onnx")).open()
    people = session.people(picture, 0.0)
    assert people.image.shape == (1, 18, 3)
    np.testing.assert_allclose(people.image[0, JOINT["left_knee"], :2], place, atol=9)
    assert people.image[0, :, 2].min() > 0.9
    assert np.isnan(people.world).all()
    # It follows the spot, and gives up where there is none.
    moved = np.roll(picture, 2, axis=1)
    np.testing.assert_allclose(session.people(moved, 0.1).image[0, 0, :2], [x + 2, y], atol=9)
    assert session.people(np.zeros_like(picture), 0.2).image.shape == (0, 18, 3)
    np.testing.assert_allclose(session.people(picture, 0.3).image[0, 0, :2], place, atol=9)


@needs_onnx
def test_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"SimCC's two outputs.*gives 1 outputs"):
        make_estimator(str(write_brightest(tmp_path / "one.onnx", outputs=1))).open()
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"bad.onnx cannot be loaded"):
        make_estimator(str(path)).open()


def test_the_model_is_part_of_the_id(tmp_path: Path) -> None:
    one = write_brightest(tmp_path / "one.onnx")
    other = write_brightest(tmp_path / "other.onnx", outputs=1)
    ids = {make_estimator(str(path)).estimator_id for path in (one, other)}
    assert len(ids) == 2
    assert make_estimator(str(one)).estimator_id in ids


def test_without_onnxruntime_the_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    estimator = make_estimator(str(write_brightest(tmp_path / "m.onnx")))
    with pytest.raises(MissingDependencyError, match="pip install onnxruntime"):
        estimator.open()
