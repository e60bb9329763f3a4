"""Features and targets of made songs, kept in a folder while training goes on.

A song is an ``.npz`` of `features` float16 (n, WIDTH), `beats` float32 (B,) in frames and
`numbers` int8 (B,); its name is its seed, so that the same seed is the same song anywhere.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.audio.counts.heard import LEAD_S, RATE_HZ, hear
from danceit.audio.counts.learning.songs import MadeSong, draw_beatless, draw_song
from danceit.data import Float32
from danceit.files import replacing

BEATLESS = 0.06
"""Share of sounds without a beat."""


@dataclass(frozen=True)
class Lesson:
    """One song to learn from.

    Attributes
    ----------
    features : float32 (n, WIDTH)
    beat, one : float32 (n,)
        1 in the frame of a beat, or of a 1, less in the frames beside it.
    barred : bool
        Whether its bars can be heard: else `one` says nothing.
    """

    features: Float32
    beat: Float32
    one: Float32
    barred: bool


def make(folder: Path, first_seed: int, count: int) -> None:
    """Make songs of the seeds from `first_seed` on that the folder lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first_seed, first_seed + count):
        path = folder / f"{seed}.npz"
        if path.exists():
            continue
        song = song_of(seed)
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.savez(
                stream,
                features=hear(song.sound).features.astype(np.float16),
                beats=((song.beats_s + LEAD_S) * RATE_HZ).astype(np.float32),
                numbers=song.numbers.astype(np.int8),
            )


def song_of(seed: int) -> MadeSong:
    """Song of a seed."""
    rng = np.random.default_rng(seed)
    return draw_beatless(rng) if rng.random() < BEATLESS else draw_song(rng)


def load(path: Path) -> Lesson:
    """Read a song that `make` wrote."""
    with np.load(path) as kept:
        features, beats, numbers = kept["features"], kept["beats"], kept["numbers"]
    return Lesson(
        features.astype(np.float32),
        _targets(len(features), beats),
        _targets(len(features), beats[numbers == 1]),
        bool((numbers > 0).any()) or not len(beats),
    )


def _targets(n_frames: int, places: Float32) -> Float32:
    """Triangles of three frames around places, which lie between frames."""
    targets = np.zeros(n_frames, np.float32)
    nearest = np.round(places).astype(np.int64)
    for step in (-1, 0, 1):
        at = nearest + step
        inside = (at >= 0) & (at < n_frames)
        height = 1.0 - np.maximum(0.0, np.abs(at - places) - 0.5) / 1.5
        targets[at[inside]] = np.maximum(targets[at[inside]], height[inside])
    return targets
