"""Recordings made for the tests, each good until a test breaks one thing."""

import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Maker = Callable[..., Path]


def write_tone(path: Path, seconds: float, rate: int = 8000) -> Path:
    """A quiet tone as PCM; readers go by the content, so the name may end in .mp3."""
    time_s = np.arange(int(seconds * rate)) / rate
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes((3000 * np.sin(2 * np.pi * 220 * time_s)).astype("<i2").tobytes())
    return path


def write_video(path: Path, n_frames: int, fps: int) -> Path:
    """A video of grey frames without sound."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(n_frames):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def marker_man(n_frames: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Tang markers (T, 23, 3) of a man who faces the camera: left is right on paper, z away."""
    man = np.zeros((23, 3))
    sides = {+1: (3, 4, 5, 6, 22, 7, 8, 9, 10, 11), -1: (12, 13, 21, 15, 14, 16, 17, 18, 19, 20)}
    places = [
        (18, 50), (30, 25), (32, 15), (34, 4), (36, 2),
        (9, 5), (9, -40), (9, -80), (9, -86), (9, -88),
    ]  # fmt: skip
    for side, markers in sides.items():
        for marker, (x, y) in zip(markers, places, strict=True):
            man[marker] = side * x, y, 0.0
    man[0], man[1], man[2] = (5, 70, 0), (-5, 70, 0), (0, 45, -5)
    return np.repeat(man[None], n_frames, axis=0)


@pytest.fixture
def tang(tmp_path: Path) -> Maker:
    """Make a Tang folder; arguments replace what is written, None leaves a file out."""

    def make(name: str = "DANCE_W_1", song_s: float | None = 4.0, **changes: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        if song_s is not None:
            write_tone(folder / "audio.mp3", song_s)
        n_frames = 48
        skeletons = {
            "length": n_frames,
            "skeletons": marker_man(n_frames).tolist(),
            "center": [[100.0, 90.0, 50.0]] * n_frames,
        }
        config = {"start_position": 25, "end_position": 75}
        for file, content in (("skeletons", skeletons), ("config", config)):
            content = changes.get(file, content)
            if isinstance(content, dict):
                content = json.dumps({**content, **changes.get(f"{file}_with", {})})
            if content is not None:
                (folder / f"{file}.json").write_text(content, encoding="utf-8")
        return folder

    return make


def person(
    x: float, y: float, size: float, n_joints: int = 25, confidence: float = 0.9
) -> list[float]:
    """One person's flat keypoints: joint i at a place of its own within a box."""
    index = np.arange(n_joints)
    places = np.stack(
        [x + size * (index % 5) / 4, y + size * (index // 5) / 4, np.full(n_joints, confidence)],
        axis=1,
    )
    return places.reshape(-1).tolist()


@pytest.fixture
def openpose(tmp_path: Path) -> Maker:
    """Make an OpenPose folder of frames, each a list of people."""

    def make(
        frames: list[list[list[float]]],
        name: str = "clip",
        pattern: str = "clip_{:012d}_keypoints.json",
        first: int = 0,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for number, people in enumerate(frames, start=first):
            content = {"version": 1.3, "people": [{"pose_keypoints_2d": flat} for flat in people]}
            (folder / pattern.format(number)).write_text(json.dumps(content))
        return folder

    return make
