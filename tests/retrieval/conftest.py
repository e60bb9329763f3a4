"""Songs whose beat and bar are known, and bodies that move to them; no files, no decoding."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.audio.descriptors import count_columns
from danceit.counts import Counts
from danceit.data import FPS, Clip
from danceit.retrieval.encoder.hearing import LAYOUTS


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Tiny networks: waiting threads cost more than they compute, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def toy_song(bpm: float, meter: int, n_frames: int = 960, seed: int = 0) -> np.ndarray:
    """Features ("counted") of a song whose bass strikes every bar and whose treble every beat."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 0.05, (n_frames, LAYOUTS["counted"].width)).astype(np.float32)
    features[:, 13:21] = np.abs(features[:, 13:21])
    features[:, 33:] = counted(bpm, meter, n_frames)
    for number, place in enumerate(np.arange(0, 2 * n_frames - 1, 60 * 48 / bpm)):
        frame, half = divmod(round(place), 2)
        frame = min(frame, n_frames - 1)
        features[frame, 13 + 4 * half + 3] += 1
        if number % meter == 0:
            features[frame, 13 + 4 * half] += 2
    return features


def counted(bpm: float, meter: int, n_frames: int) -> np.ndarray:
    """Columns of counts (T, 4) of a song that begins on its first 1."""
    beats_s = np.arange(0, n_frames / FPS + 60 / bpm, 60 / bpm)
    numbers = (np.arange(len(beats_s)) % meter + 1).astype(np.int32)
    return count_columns(Counts(beats_s, numbers, meter, bar_confidence=1.0), n_frames)


def toy_dance(bpm: float, meter: int, n_frames: int, seed: int = 0, dims: int = 3) -> np.ndarray:
    """Poses that sink once a bar and raise the arms once a beat; no face, as in mocap."""
    rng = np.random.default_rng(seed)
    body = np.random.default_rng(99).normal(0, 90, (18, 3))
    beat = np.arange(n_frames) * bpm / 60 / 24
    poses = np.repeat(body[None], n_frames, axis=0)
    poses[:, [4, 7], 1] += 60 * np.cos(2 * np.pi * beat)[:, None]
    poses[:, [9, 12], 1] += 50 * np.cos(2 * np.pi * beat / meter)[:, None]
    poses[:, [3, 6], 0] += (20.0 if meter == 3 else -20.0) * np.sin(2 * np.pi * beat / meter)[
        :, None
    ]
    poses += rng.normal(0, 2, poses.shape)
    poses[:, 14:] = np.nan
    return poses[..., :dims].astype(np.float32)


class ToyLibrary:
    """Six songs, three in three-four and three in four-four time, and a reader for them."""

    def __init__(self, n_frames: int = 480) -> None:
        self.songs: dict[Path, np.ndarray] = {}
        clips = []
        for number, (bpm, meter) in enumerate(
            [(84, 3), (90, 3), (96, 3), (112, 4), (120, 4), (126, 4)]
        ):
            path = Path(f"song{number}.wav")
            self.songs[path] = toy_song(bpm, meter, n_frames, seed=number)
            name = f"dance{number}"
            poses = toy_dance(bpm, meter, n_frames - 24, seed=number)
            style = "waltz" if meter == 3 else "march"
            clips.append(Clip(name, name, poses[24:], Path(name), 1.0, path, style=style))
        self.clips = tuple(clips)

    def read(self, path: Path, kind: str) -> np.ndarray:
        return np.ascontiguousarray(self.songs[path][:, : LAYOUTS[kind].width])


@pytest.fixture(scope="session")
def toys() -> ToyLibrary:
    return ToyLibrary()
