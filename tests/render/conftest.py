"""A short dance to a short song, made by arithmetic."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from danceit.data import FLOOR_PX, FPS, Dance, DanceSong, Float32, Placement
from danceit.files import sha256_of_file

SONG_S = 2.51
RATE = 44_100

STANDING = np.array(
    [
        (256, 104, 0), (256, 160, 0),
        (216, 162, 0), (196, 226, 0), (186, 288, 0),
        (296, 162, 0), (316, 226, 0), (326, 288, 0),
        (232, 288, 0), (230, 376, 0), (228, FLOOR_PX, 0),
        (280, 288, 0), (282, 376, 0), (284, FLOOR_PX, 0),
        (246, 96, 0), (266, 96, 0), (236, 100, 4), (276, 100, 4),
    ],
    dtype=np.float32,
)  # fmt: skip
"""Facing the camera: the right side is at smaller x."""


def swaying(n_frames: int, dims: int = 3) -> Float32:
    """A body that sways, travels to the right and lifts its right hand."""
    t = np.arange(n_frames, dtype=np.float32) / np.float32(FPS)
    joints = np.repeat(STANDING[None], n_frames, axis=0)
    joints[:, :, 0] += 90 * t[:, None] + 25 * np.sin(6 * t)[:, None]
    joints[:, 4, 1] -= 160 * np.sin(3 * t) ** 2
    joints[:, :, 2] += 60 * np.sin(2 * t)[:, None]
    return joints[..., :dims].copy()


def make_dance(
    joints: Float32,
    *,
    song: Path | None = None,
    seams: tuple[int, ...] = (24,),
    beats_s: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0),
    licences: tuple[str, ...] = ("CC-BY-4.0", ""),
    source: str = "library",
) -> Dance:
    """A dance of one fragment more than it has seams; source seconds start at 10, 20, ..."""
    n_frames = len(joints)
    starts = [0, *seams]
    index = np.searchsorted(starts, np.arange(n_frames), side="right") - 1
    within = np.arange(n_frames) - np.array(starts)[index]
    placements = tuple(
        Placement(
            fragment_id=f"clip{i}:0+24",
            clip_id=f"clip{i}",
            source=f"{source}/clip{i}",
            start_s=10.0 * (i + 1),
            end_s=10.0 * (i + 1) + 1,
            window_start_s=start / FPS,
            distance=0.1,
            rank=0,
            join_cost=0.5,
            licence=licences[i % len(licences)],
        )
        for i, start in enumerate(starts)
    )
    return Dance(
        joints=joints,
        seams=np.array(seams, dtype=np.int64),
        beats_s=np.array(beats_s),
        source_index=index.astype(np.int32),
        source_s=10.0 * (index + 1) + within / FPS,
        fragments=placements,
        song=None if song is None else DanceSong(song, sha256_of_file(song)),
    )


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.51 s of stereo: 440 Hz on the left, 880 Hz on the right, clicks on the beats."""
    t = np.arange(round(SONG_S * RATE)) / RATE
    sound = 0.3 * np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 880 * t)], axis=1)
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, sound, RATE)
    return path


@pytest.fixture
def dance(song: Path) -> Dance:
    """Two fragments over the song, with depth."""
    return make_dance(swaying(int(SONG_S * FPS)), song=song)


@pytest.fixture
def flat_dance(song: Path) -> Dance:
    """The same without depth."""
    return make_dance(swaying(int(SONG_S * FPS), dims=2), song=song)


@pytest.fixture
def listed(tmp_path: Path) -> Callable[[], list[str]]:
    """Names in the temporary folder, hidden ones as well."""
    return lambda: sorted(path.name for path in tmp_path.iterdir())
