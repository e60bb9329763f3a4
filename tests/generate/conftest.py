"""Four songs with dances whose every swing is known: short, but real files with real sound."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from danceit.counts import Counts
from danceit.data import FPS, Clip, Music
from danceit.files import sha256_of_file

SECONDS = 24.0
SWING_S = 0.5


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def swinging(n_frames: int, seed: int, swing_s: float = SWING_S) -> np.ndarray:
    """A body (T, 18, 2) that turns back sharply every `swing_s`; no eyes and ears."""
    rng = np.random.default_rng(seed)
    body = np.random.default_rng(7).normal((256, 280), 60, (18, 2))
    reach = rng.normal(0, 40, (1, 18, 2))
    phase = np.arange(n_frames) / FPS / swing_s
    triangle = np.abs((phase % 2) - 1) * 2 - 1
    bow = rng.normal(0, 10, (1, 18, 2)) * np.sin(phase / 3)[:, None, None]
    poses = body + reach * triangle[:, None, None] + bow
    poses[:, 14:] = np.nan
    return poses.astype(np.float32)


def tune(path: Path, hertz: float, seconds: float = SECONDS) -> Path:
    """A beating tone with some noise."""
    rng = np.random.default_rng(int(hertz))
    t = np.arange(int(seconds * 24_000)) / 24_000
    beat = np.exp(-8 * (t % SWING_S))
    sound = 0.4 * beat * np.sin(2 * np.pi * hertz * t) + 0.02 * rng.normal(size=t.size)
    soundfile.write(path, sound.astype(np.float32), 24_000)
    return path


@pytest.fixture(scope="session")
def swings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, ...]:
    folder = tmp_path_factory.mktemp("tunes")
    clips = []
    for number, hertz in enumerate((220.0, 233.0, 880.0, 910.0)):
        song = tune(folder / f"tune{number}.wav", hertz)
        poses = swinging(int(SECONDS * FPS) - 24, seed=number)
        style = "low" if hertz < 500 else "high"
        clips.append(Clip(f"dance{number}", f"dance{number}", poses, song, 0.5, song, style=style))
    return tuple(clips)


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Music:
    """A song that nobody danced to: 6 s at 120 beats a minute in four-four."""
    song = tune(tmp_path_factory.mktemp("song") / "song.wav", 440.0, seconds=6.0)
    beats = np.arange(0.25, 6.0, 0.5)
    counts = Counts(beats, (np.arange(len(beats)) % 4 + 1).astype(np.int32), metre=4)
    return Music(song, sha256_of_file(song), 6.0, counts)
