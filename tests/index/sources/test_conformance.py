"""Every built-in reader of files passes the suite that third parties use.

The reader of plain video is left out: it looks for people, which takes an estimator.
"""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import FEET
from danceit.index.sources import SOURCES
from danceit.testing import SourceConformance
from tests.index.sources.conftest import marker_man, person, write_tone
from tests.index.sources.test_bvh import bvh

N_FRAMES = 40


def keypoints(n_joints: int) -> list[list[float]]:
    """One person a frame, who moves to the right."""
    return [person(float(frame), 0, 100, n_joints=n_joints) for frame in range(N_FRAMES)]


class TestNpz(SourceConformance):
    source = SOURCES.get("npz")

    def write(self, folder: Path) -> Path:
        poses = np.random.default_rng(0).normal(size=(N_FRAMES, 18, 3))
        poses[:, FEET, 1] += 9.0
        poses[:, 14:] = np.nan
        np.savez_compressed(folder / "a.npz", poses=poses, fps=30.0, style="waltz")
        write_tone(folder / "a.wav", 1.4)
        return folder / "a.npz"


class TestBvh(SourceConformance):
    source = SOURCES.get("bvh")

    def write(self, folder: Path) -> Path:
        return bvh(folder / "a.bvh", n_frames=60)


class TestOpenPose(SourceConformance):
    source = SOURCES.get("openpose")

    def write(self, folder: Path) -> Path:
        (folder / "rec").mkdir()
        for number, flat in enumerate(keypoints(25)):
            content = {"people": [{"pose_keypoints_2d": flat}]}
            (folder / "rec" / f"a_{number:012d}_keypoints.json").write_text(json.dumps(content))
        return folder / "rec"


class TestCoco(SourceConformance):
    source = SOURCES.get("coco")

    def write(self, folder: Path) -> Path:
        rows = [
            {"image_id": f"{number}.jpg", "keypoints": flat}
            for number, flat in enumerate(keypoints(17))
        ]
        (folder / "a.json").write_text(json.dumps(rows))
        return folder / "a.json"


class TestAist(SourceConformance):
    source = SOURCES.get("aist")

    def write(self, folder: Path) -> Path:
        joints = np.random.default_rng(0).normal(size=(90, 17, 3))
        joints[:, [15, 16], 1] -= 9.0
        content: dict[str, Any] = {"keypoints3d": joints}
        path = folder / "gBR_sBM_cAll_d04_mBR2_ch08.pkl"
        path.write_bytes(pickle.dumps(content))
        return path


class TestTang(SourceConformance):
    source = SOURCES.get("tang")

    def write(self, folder: Path) -> Path:
        dance = folder / "DANCE_W_1"
        dance.mkdir()
        write_tone(dance / "audio.mp3", 4.0)
        skeletons = marker_man(48).tolist()
        content = {"length": 48, "skeletons": skeletons, "center": [[100.0, 90.0, 50.0]] * 48}
        (dance / "skeletons.json").write_text(json.dumps(content))
        (dance / "config.json").write_text(json.dumps({"start_position": 25, "end_position": 75}))
        return dance
