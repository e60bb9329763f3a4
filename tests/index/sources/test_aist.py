import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danceit.data import JOINT
from danceit.errors import InputError
from danceit.index.sources import scan
from danceit.index.sources.aist import SOURCE, load_plain_pickle
from tests.index.sources.conftest import write_tone

NAME = "gBR_sBM_cAll_d04_mBR2_ch08"


def write(folder: Path, content: Any, name: str = NAME, protocol: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def stage(n_frames: int = 40) -> np.ndarray[Any, np.dtype[np.float64]]:
    """COCO-17 in AIST++'s axes: y up, z towards the camera, the left at x = +1."""
    joints = np.random.default_rng(0).normal(size=(n_frames, 17, 3))
    joints[:, 5], joints[:, 6] = (1.0, 2.0, 3.0), (-1.0, 2.0, 3.0)
    return joints


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_axes_and_joints_in_any_protocol(tmp_path: Path, protocol: int) -> None:
    joints = stage()
    recording = SOURCE.read(write(tmp_path, {"keypoints3d": joints}, protocol=protocol))
    np.testing.assert_allclose(recording.poses[:, JOINT["left_shoulder"]], [[1, -2, -3]] * 40)
    np.testing.assert_allclose(recording.poses[:, JOINT["neck"]], [[0, -2, -3]] * 40)
    # COCO: 16 is the right ankle.
    np.testing.assert_allclose(
        recording.poses[:, JOINT["right_ankle"]], joints[:, 16] * [1, -1, -1], rtol=1e-6
    )
    np.testing.assert_allclose(np.diff(recording.times_s), 1 / 60)


def test_the_optimised_keypoints_go_first(tmp_path: Path) -> None:
    raw = stage() * np.nan
    recording = SOURCE.read(write(tmp_path, {"keypoints3d": raw, "keypoints3d_optim": stage()}))
    assert np.isfinite(recording.poses[:, 5]).all()


def test_the_camera_that_sees_best_is_read(tmp_path: Path) -> None:
    views = np.zeros((9, 40, 17, 3), dtype=np.float32)
    views[..., 0] = np.arange(9)[:, None, None]
    views[..., 2] = 0.5
    views[3, ..., 2] = 0.9
    views[3, :, 9, 2] = 0.01  # the left wrist is not found
    views[0] = np.nan
    poses = SOURCE.read(write(tmp_path, {"keypoints2d": views})).poses
    assert poses.shape == (40, 18, 2)
    assert (poses[:, JOINT["nose"], 0] == 3).all()
    assert np.isnan(poses[:, JOINT["left_wrist"]]).all()


def test_the_name_tells_style_dancer_and_music(tmp_path: Path) -> None:
    path = write(tmp_path / "keypoints3d", {"keypoints3d": stage()})
    (tmp_path / "music").mkdir()
    song = write_tone(tmp_path / "music" / "mBR2.wav", 2.0)
    recording = SOURCE.read(path)
    assert (recording.style, recording.dancer) == ("break", "d04")
    assert recording.audio_path is not None
    assert recording.audio_path.resolve() == song
    assert scan(tmp_path).unrecognised == ()


def test_a_dance_in_both_forms_is_found_once(tmp_path: Path) -> None:
    write(tmp_path / "keypoints2d", {"keypoints2d": np.ones((9, 40, 17, 3))})
    write(tmp_path / "keypoints3d", {"keypoints3d": stage()})
    write(tmp_path / "keypoints2d", {"keypoints2d": np.ones((9, 40, 17, 3))}, "other")
    ids = [item.recording_id for item in scan(tmp_path).found]
    assert ids == ["keypoints2d/other.pkl", f"keypoints3d/{NAME}.pkl"]


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    path = write(tmp_path, {"keypoints3d": stage(), "more": Evil(mark)})
    with pytest.raises(InputError, match=r"asks for (posix|nt)\.system; only arrays"):
        SOURCE.read(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"keypoints3d": np.zeros((4, 16, 3))}, r"\(T, 17, 3\); got \(4, 16, 3\)"),
        ({"keypoints3d": np.array([{}], dtype=object)}, "only numbers are read"),
        ({"keypoints3d": np.array(["x"])}, "only numbers are read"),
        ({"keypoints2d": np.zeros((0, 4, 17, 3))}, "holds no camera"),
        ({"keypoints3d": stage() * np.nan}, "NaN everywhere"),
        ({"other": 3}, "neither keypoints3d nor keypoints2d"),
        ([1, 2], "must hold a dictionary; got list"),
        ([np.zeros(1) for _ in range(40)], "holds more than 32 arrays"),
        ({"keypoints3d": np.float64(3)}, r"asks for numpy.*scalar"),
    ],
)
def test_bad_pickles_are_one_line(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InputError, match=rf"{NAME}.*{message}") as caught:
        SOURCE.read(write(tmp_path, content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_pickle_is_said(tmp_path: Path, kept: float) -> None:
    path = write(tmp_path, {"keypoints3d": stage()})
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match="not a readable pickle"):
        SOURCE.read(path)


def test_reading_big_endian_leaves_numpy_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path, {"keypoints3d": stage().astype(">f8")})
    np.testing.assert_array_equal(load_plain_pickle(path)["keypoints3d"], stage())
    assert np.dtype("f8") == np.float64


def test_other_pickles_are_not_recognised(tmp_path: Path) -> None:
    assert not SOURCE.detect(write(tmp_path, {"weights": np.zeros(3)}))


def test_real_annotations_stand_upright_and_unmirrored(real_data: Path) -> None:
    name = "gJS_sBM_cAll_d03_mJS2_ch07.pkl"
    deep = SOURCE.read(real_data / "aistpp" / "keypoints3d" / name).poses
    flat = SOURCE.read(real_data / "aistpp" / "keypoints2d" / name).poses
    # The picture of the front camera and the projection are the same but for scale.
    for axis in (0, 1):
        seen, projected = flat[:, :14, axis].ravel(), deep[:, :14, axis].ravel()
        assert np.corrcoef(seen, projected)[0, 1] > 0.98
    left = deep[:, JOINT["left_hip"]] - deep[:, JOINT["right_hip"]]
    ahead = np.cross(left, [0.0, -1.0, 0.0])
    hip, knee, ankle = (deep[:, JOINT[f"left_{part}"]] for part in ("hip", "knee", "ankle"))
    assert (((knee - (hip + ankle) / 2) * ahead).sum(axis=1) > 0).mean() > 0.95


def test_a_pickle_that_asks_for_memory_by_its_numbers_is_one_line(tmp_path: Path) -> None:
    # PROTO 2, an empty dictionary, remembered under 1 000 000 000, STOP: 8 GB in the unpickler.
    path = tmp_path / "keypoints3d.pkl"
    path.write_bytes(b"\x80\x02}r" + (10**9).to_bytes(4, "little") + b".")
    with pytest.raises(InputError, match="remembers something under 1000000000"):
        load_plain_pickle(path)
    path.write_bytes(b"\x80\x02]" + b"K\x01a" * 200_000 + b".")
    with pytest.raises(InputError, match="more than 100000 instructions"):
        load_plain_pickle(path)


def test_a_public_pickle_whose_memo_grows_is_one_line(real_data: Path) -> None:
    path = real_data / "defects" / "public" / "mutated" / "pickle_memo" / "keypoints3d" / "g.pkl"
    with pytest.raises(InputError, match="remembers something under"):
        SOURCE.read(path)
