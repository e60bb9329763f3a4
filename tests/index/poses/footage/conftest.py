"""Films made for the tests, and an estimator that sees a painted figure."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from danceit.data import N_JOINTS
from danceit.index.poses.estimators import People

Picture = npt.NDArray[np.uint8]


def write_film(
    path: Path,
    frames: list[Picture],
    times_s: list[float] | None = None,
    *,
    fps: int = 24,
    codec: str = "mpeg4",
    rotate: int = 0,
    sound_s: float = 0.0,
) -> Path:
    """A film of RGB frames at even steps or at given times; `rotate` is the display matrix's."""
    import av

    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 12000)
        stream.bit_rate = 4_000_000
        sound: Any = container.add_stream("aac", rate=24000, layout="mono") if sound_s else None
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            time_s = number / fps if times_s is None else times_s[number]
            frame.pts, frame.time_base = round(time_s * 12000), Fraction(1, 12000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            tone = 0.3 * np.sin(2 * np.pi * 330 * np.arange(int(24000 * sound_s)) / 24000)
            block = av.AudioFrame.from_ndarray(
                tone.astype(np.float32)[None], format="fltp", layout="mono"
            )
            block.sample_rate = 24000
            container.mux(sound.encode(block))
            container.mux(sound.encode())
    if rotate:
        _write_rotation(path, rotate)
    return path


def _write_rotation(path: Path, degrees: int) -> None:
    """Write a quarter turn into an mp4's track header, where phones write it (ISO 14496-12)."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    one = 1 << 16
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    matrix = [cos * one, sin * one, 0, -sin * one, cos * one, 0, 0, 0, 1 << 30]
    content[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(bytes(content))


def plain(width: int = 64, height: int = 48, grey: int = 90) -> Picture:
    return np.full((height, width, 3), grey, dtype=np.uint8)


class Painted:
    """An estimator that finds one person at the centre of what is bright, none in the dark."""

    estimator_id = "painted-1"
    longest_px = 64

    def __init__(self, stop_after: int = 10**9) -> None:
        self.opened = 0
        self.seen: list[float] = []
        self._stop_after = stop_after

    def open(self) -> "Painted":
        self.opened += 1
        return self

    def close(self) -> None:
        pass

    def people(self, picture: Picture, time_s: float) -> People:
        if len(self.seen) == self._stop_after:
            raise KeyboardInterrupt
        self.seen.append(time_s)
        rows, columns = np.nonzero(picture.mean(axis=2) > 160)
        found = int(len(rows) > 0)
        image = np.zeros((found, N_JOINTS, 3), dtype=np.float32)
        if found:
            image[0, :, 0] = columns.mean() + np.arange(N_JOINTS)
            image[0, :, 1] = rows.mean() + np.arange(N_JOINTS) % 5
            image[0, :, 2] = 1.0
        return People(image, np.full((found, N_JOINTS, 3), np.nan, dtype=np.float32))


Filmer = Callable[..., Path]


@pytest.fixture
def film(tmp_path: Path) -> Filmer:
    """Write a film of a bright square that moves right, one pixel a frame."""

    def make(n_frames: int = 30, name: str = "film.mp4", **options: Any) -> Path:
        frames = []
        for number in range(n_frames):
            picture = plain(grey=20)
            picture[16:32, number % 40 : number % 40 + 12] = 230
            frames.append(picture)
        return write_film(tmp_path / name, frames, **options)

    return make


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Films of different tests may be the same, byte for byte."""
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "cache"))
