"""Small data folders of recordings in danceit's own format, without music by default."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Float32
from danceit.index.sources.npz import write_recording
from danceit.index.store.contract import StoreInfo
from danceit.index.store.engines import open_store

MakeRecording = Callable[..., Path]


def info(index: Path) -> StoreInfo:
    """What an index says of itself."""
    with open_store(index, device="cpu") as store:
        return store.info()


def dancing(seed: int, n_frames: int = 130, dims: int = 2) -> Float32:
    """A body of 1.7 m that sways and waves smoothly, (T, 18, C), in metres."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_frames)[:, None, None] / 24
    body = np.zeros((18, dims))
    body[:, 1] = [0.1, 0.3, 0.3, 0.6, 0.8, 0.3, 0.6, 0.8, 0.9, 1.3, 1.7, 0.9, 1.3, 1.7, 0, 0, 0, 0]
    side = [0, 0, -0.2, -0.25, -0.3, 0.2, 0.25, 0.3, -0.1, -0.1, -0.1, 0.1, 0.1, 0.1, 0, 0, 0, 0]
    body[:, 0] = side
    swing = 0.05 * np.sin(2 * np.pi * (time * rng.uniform(0.3, 1) + rng.random((1, 18, dims))))
    poses = body + swing
    poses[:, 14:] = np.nan
    return poses.astype(np.float32)


@pytest.fixture
def make_recording() -> MakeRecording:
    """Write one recording of `dancing` into a folder."""

    def make(folder: Path, name: str, seed: int = 0, *, dims: int = 2, **known: object) -> Path:
        poses = dancing(seed, dims=dims)
        return write_recording(folder / f"{name}.npz", poses, 24.0, **known)  # type: ignore[arg-type]

    return make


@pytest.fixture
def data(tmp_path: Path, make_recording: MakeRecording) -> Path:
    """Four recordings of two dancers, one in a sub-folder."""
    folder = tmp_path / "data"
    make_recording(folder, "a", 1, dancer="Ann", style="waltz")
    make_recording(folder, "b", 2, dancer="Bo", style="rumba")
    make_recording(folder / "more", "c", 3, dancer="Ann", style="rumba")
    make_recording(folder, "d", 4, licence="CC0")
    return folder
