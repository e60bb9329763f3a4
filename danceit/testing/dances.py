"""Dances and songs that are made up, for tests of aligners and renderers."""

import wave
from pathlib import Path

import numpy as np

from danceit.counts import Counts
from danceit.data import FPS, JOINT, Dance, DanceSong, Float64, Music, Placement

N_FRAMES = 144
SEAMS = (40, 96)
UNKNOWN = (14, 15, 16, 17)
"""Joints that no source shows: eyes and ears."""
LOST = (JOINT["right_wrist"], slice(60, 64))
"""A joint that a source loses for a moment, and when."""
_BODY = (
    (0, -150), (0, -130), (-18, -128), (-26, -104), (-28, -82), (18, -128), (26, -104), (28, -82),
    (-9, -85), (-9, -45), (-9, -6), (9, -85), (9, -45), (9, -6), (0, 0), (0, 0), (0, 0), (0, 0),
)  # fmt: skip
_RISE_PX = 10.0
"""Pixels by which the body sinks in each second of its source."""


def made_dance(
    *, dims: int = 3, n_frames: int = N_FRAMES, seams: tuple[int, ...] = SEAMS, beats: bool = True
) -> Dance:
    """A dance of fragments whose dancer sways, waves, and sinks evenly by the source's clock.

    Where a fragment begins the body is elsewhere, by 100 px and more. Eyes and ears are
    unknown throughout, a wrist for four frames.
    """
    edges = [0, *seams, n_frames]
    index = np.repeat(np.arange(len(edges) - 1), np.diff(edges)).astype(np.int32)
    source_s = 3.0 + 10.0 * index + (np.arange(n_frames) - np.array(edges)[index]) / FPS
    body = np.zeros((18, 3))
    body[:, :2] = 2.4 * np.array(_BODY)
    joints = np.repeat(body[None] + np.array([256.0, 300.0, 0.0]), n_frames, axis=0)
    joints[..., 0] += 40 * np.sin(2 * np.pi * source_s / 1.7)[:, None]
    joints[..., 2] += 30 * np.cos(2 * np.pi * source_s / 1.7)[:, None]
    joints[..., 1] += _RISE_PX * source_s[:, None]
    joints[:, [4, 7], 0] += 50 * np.sin(2 * np.pi * source_s / 0.9)[:, None]
    joints[:, list(UNKNOWN)] = np.nan
    joints[LOST[1], LOST[0]] = np.nan
    return Dance(
        joints=joints[..., :dims].astype(np.float32),
        seams=np.array(seams, dtype=np.int64),
        beats_s=made_music(n_frames, beats=beats).beats_s,
        source_index=index,
        source_s=source_s,
        fragments=tuple(
            Placement(
                fragment_id=f"clip{number}:0+48",
                clip_id=f"clip{number}",
                source=f"/dances/clip{number}.npz",
                start_s=3.0 + 10.0 * number,
                end_s=5.0 + 10.0 * number,
                window_start_s=start / FPS,
                distance=0.1,
                rank=0,
                join_cost=0.0,
                licence="CC0",
            )
            for number, start in enumerate(edges[:-1])
        ),
        song=DanceSong(Path("song.wav"), duration_s=n_frames / FPS),
    )


def made_music(n_frames: int = N_FRAMES, *, beats: bool = True) -> Music:
    """A song of so many frames, with a beat every half second."""
    beats_s = np.arange(0.5, n_frames / FPS, 0.5) if beats else np.empty(0)
    return Music(Path("song.wav"), "0" * 64, n_frames / FPS, Counts.of_beats(beats_s))


def shown_s(dance: Dance) -> Float64:
    """Seconds of its source that each frame of a `made_dance` shows, by the height of the hips."""
    hips = dance.joints[:, [JOINT["right_hip"], JOINT["left_hip"]], 1].mean(axis=1)
    rest = 300.0 + 2.4 * _BODY[JOINT["right_hip"]][1]
    seconds: Float64 = (hips.astype(np.float64) - rest) / _RISE_PX
    return seconds


def write_song(path: Path, seconds: float = N_FRAMES / FPS) -> Path:
    """Write a quiet tone as a WAV file."""
    rate = 8000
    time_s = np.arange(int(seconds * rate)) / rate
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes((3000 * np.sin(2 * np.pi * 220 * time_s)).astype("<i2").tobytes())
    return path
