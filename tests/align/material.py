"""Small dances and songs that the tests of this room share."""

from pathlib import Path

import numpy as np

from danceit.counts import Counts
from danceit.data import Dance, DanceSong, Float32, Music, Placement

MISSING = (14, 15, 16, 17)
"""Eyes and ears, which the Tang dances lack."""


def walk(n_frames: int, dims: int = 3, seed: int = 0, period: float = 17.0) -> Float32:
    """A smooth movement of all joints, each on its own ellipse; eyes and ears unknown."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * (np.arange(n_frames)[:, None, None] / period + rng.random((1, 18, dims)))
    poses = 200 + 100 * rng.random((1, 18, dims)) + 25 * np.sin(phase)
    poses[:, MISSING] = np.nan
    return poses.astype(np.float32)


def dance_of(poses: Float32, seams: tuple[int, ...] = (), beats_s: tuple[float, ...] = ()) -> Dance:
    """A dance of fragments that start at the seams, each from its own source."""
    n_frames = len(poses)
    edges = [0, *seams, n_frames]
    index = np.repeat(np.arange(len(edges) - 1), np.diff(edges)).astype(np.int32)
    start_s = 3.0 + 10.0 * np.arange(len(edges) - 1)
    source_s = start_s[index] + (np.arange(n_frames) - np.array(edges)[index]) / 24
    placements = tuple(
        Placement(f"c{i}:0+48", f"c{i}", f"c{i}", s, s + 2.0, edges[i] / 24, 0.0, 0, 0.0)
        for i, s in enumerate(start_s.tolist())
    )
    return Dance(
        joints=poses.astype(np.float32),
        seams=np.array(seams, dtype=np.int64),
        beats_s=np.array(beats_s, dtype=np.float64),
        source_index=index,
        source_s=source_s,
        fragments=placements,
        song=DanceSong(Path("song.wav")),
    )


def music_for(n_frames: int, beats_s: tuple[float, ...] = ()) -> Music:
    """A song that lasts `n_frames` of a dance."""
    counts = Counts.of_beats(np.array(beats_s, float))
    return Music(Path("song.wav"), "0" * 64, n_frames / 24, counts)
