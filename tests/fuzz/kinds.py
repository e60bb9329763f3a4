"""The kinds of input that are damaged: how a good one is made, read, and checked."""

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danceit.audio.decoding import Sound, read_sound
from danceit.data import FEET, Dance, Recording
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import SOURCES
from danceit.index.sources.checks import FARTHEST
from danceit.testing import made_dance
from danceit.testing.dances import write_song
from tests.index.sources.conftest import person
from tests.index.sources.test_bvh import bvh


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes
    ----------
    write : function
        Writes a good one into a folder; returns what is read.
    damaged : str
        Pattern of the files in it that are damaged, one at a time.
    read : function
        Reads it as danceit does, to the end.
    check : function
        Compares what was read of a damaged one with what was read of the good one.
    """

    write: Callable[[Path], Path]
    damaged: str
    read: Callable[[Path], Any]
    check: Callable[[Any, Any], None]


def _npz(folder: Path) -> Path:
    poses = np.random.default_rng(0).normal(size=(40, 18, 3)).astype(np.float32)
    poses[:, FEET, 1] += 9.0
    np.savez_compressed(folder / "a.npz", poses=poses, fps=30.0, style="waltz", start_s=0.5)
    return folder / "a.npz"


def _bvh(folder: Path) -> Path:
    return bvh(folder / "a.bvh", n_frames=40)


def _openpose(folder: Path) -> Path:
    rec = folder / "rec"
    rec.mkdir()
    for number in range(6):
        content = {"version": 1.3, "people": [{"pose_keypoints_2d": person(number, 0, 100)}]}
        (rec / f"a_{number:012d}_keypoints.json").write_text(json.dumps(content))
    return rec


def _coco(folder: Path) -> Path:
    content = {
        "images": [{"id": i, "file_name": f"{i:06d}.jpg"} for i in range(12)],
        "annotations": [
            {"image_id": i, "category_id": 1, "keypoints": person(i, 0, 100, n_joints=17)}
            for i in range(12)
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO)}],
    }
    (folder / "a.json").write_text(json.dumps(content))
    return folder / "a.json"


def _aist(folder: Path) -> Path:
    joints = np.random.default_rng(0).normal(size=(70, 17, 3))
    joints[:, [15, 16], 1] -= 9.0
    path = folder / "gBR_sBM_cAll_d04_mBR2_ch08.pkl"
    path.write_bytes(pickle.dumps({"keypoints3d": joints}))
    return path


def _dance(folder: Path) -> Path:
    made_dance(n_frames=48, seams=(20,)).save(folder / "a.dance.npz")
    return folder / "a.dance.npz"


def _wav(folder: Path) -> Path:
    return write_song(folder / "a.wav", 2.0)


def _recorded(source: str) -> Callable[[Path], Recording | None]:
    """Read as a build does, if the reader takes it for its own; then clean it."""

    def read(path: Path) -> Recording | None:
        reader = SOURCES.get(source)
        if not reader.detect(path):
            return None
        recording: Recording = reader.read(path)
        clean(recording)
        return recording

    return read


def sound_poses(good: Recording, read: Recording | None) -> None:
    """Whatever the file says now, what was read of it is a recording."""
    if read is None:
        return
    known = np.isfinite(read.poses)
    np.testing.assert_array_equal(known.all(axis=2), known.any(axis=2))
    assert (np.abs(read.poses[known]) <= FARTHEST).all()
    assert (np.diff(read.times_s) > 0).all()
    assert np.isfinite(read.times_s).all()
    assert len(read.poses) <= 2 * len(good.poses)


def same_poses(good: Recording, read: Recording | None) -> None:
    """A file with checksums is read as it was written, or not at all."""
    if read is None:
        return
    np.testing.assert_array_equal(read.poses, good.poses)
    np.testing.assert_array_equal(read.times_s, good.times_s)
    assert read.style == good.style


def same_dance(good: Dance, read: Dance) -> None:
    """As `same_poses`: danceit's own files have a checksum of their arrays besides."""
    for name in ("joints", "seams", "beats_s", "source_index", "source_s"):
        np.testing.assert_array_equal(getattr(read, name), getattr(good, name))
    assert (read.fragments, read.fps) == (good.fragments, good.fps)


def sound_sound(good: Sound, read: Sound) -> None:
    """A WAV has no checksum: samples may differ, their number and kind may not go wild."""
    assert read.samples.dtype == np.float32
    assert np.isfinite(read.samples).all()
    assert len(read.samples) <= 10 * len(good.samples)


COCO = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip

KINDS = {
    "bvh": Kind(_bvh, "a.bvh", _recorded("bvh"), sound_poses),
    "npz": Kind(_npz, "a.npz", _recorded("npz"), same_poses),
    "openpose": Kind(_openpose, "rec/*.json", _recorded("openpose"), sound_poses),
    "coco": Kind(_coco, "a.json", _recorded("coco"), sound_poses),
    "aist": Kind(_aist, "*.pkl", _recorded("aist"), sound_poses),
    "dance": Kind(_dance, "*.npz", Dance.load, same_dance),
    "wav": Kind(_wav, "a.wav", read_sound, sound_sound),
}
