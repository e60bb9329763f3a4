"""Dances moment by moment: at 15 frames a second, the music's features beside each pose.

Conventions: a stretch lasts 5 s (75 frames). Poses are 14 joints, flat (28,), about the mean
place of the stretch's own hips along x: where on a stage somebody stood is not in the music.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.data import FPS, Clip, Float32, Int64
from danceit.errors import InputError
from danceit.generate.lee.units import HIPS_X, POSE, UNIT_JOINTS
from danceit.generate.rates import poses_at
from danceit.movement import LEE_FPS

STRETCH = 75
FEWEST_STRETCHES = 24
"""2 minutes of dance: under this there is nothing to learn from."""
_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Side:
    """Dances that are learnt from, or that judge.

    Attributes
    ----------
    poses : float32 (T, 28)
        Canvas pixels, dance after dance.
    music : float32 (T, 28)
        Features.
    starts : int64 (S,)
        Rows that a whole stretch without gaps begins with.
    """

    poses: Float32
    music: Float32
    starts: Int64

    @classmethod
    def of(cls, clips: Sequence[Clip], songs: Mapping[Path, Float32]) -> "Side":
        """Lay clips with music end to end; `songs` are their features, 15 a second."""
        poses, music, starts, length = [], [], [], 0
        for clip in clips:
            if clip.audio_path is None:
                continue
            heard = songs[clip.audio_path][round(clip.start_s * LEE_FPS) :]
            rows = poses_at_15(clip)[: len(heard)]
            whole = np.isfinite(rows).all(axis=1).astype(np.int64)
            run = np.convolve(whole, np.ones(STRETCH, dtype=np.int64), "valid")
            if len(rows) >= STRETCH:
                starts.append(np.flatnonzero(run == STRETCH) + length)
            poses.append(rows)
            music.append(heard[: len(rows)])
            length += len(rows)
        if not poses:
            return cls(np.zeros((0, POSE), np.float32), np.zeros((0, POSE), np.float32),
                       _NOTHING)  # fmt: skip
        found = np.concatenate(starts) if starts else _NOTHING
        return cls(np.concatenate(poses), np.concatenate(music), found.astype(np.int64))

    def stretches(self, starts: Int64) -> tuple[Float32, Float32]:
        """Poses about their hips and music of stretches, (S, 75, 28) both."""
        rows = np.asarray(starts)[:, None] + np.arange(STRETCH)
        poses = self.poses[rows].copy()
        poses[..., 0::2] -= poses[..., HIPS_X].mean(axis=(1, 2))[:, None, None]
        return poses, self.music[rows]

    @property
    def apart(self) -> Int64:
        """Starts of stretches that do not overlap."""
        found: list[int] = []
        for start in self.starts:
            if not found or start >= found[-1] + STRETCH:
                found.append(int(start))
        return np.array(found, dtype=np.int64)

    def check_enough(self, who: str) -> None:
        """Refuse too little to learn from.

        Raises
        ------
        InputError
            Saying how much there is.
        """
        if len(self.apart) < FEWEST_STRETCHES:
            raise InputError(
                f"{who} needs {FEWEST_STRETCHES} stretches of {STRETCH / LEE_FPS:g} s or more in "
                f"which no joint is lost; got {len(self.apart)}: give more dances"
            )


def poses_at_15(clip: Clip) -> Float32:
    """Poses of a clip at 15 frames a second, (T, 28); NaN where a joint is lost."""
    n_rows = int((clip.n_frames - 1) / FPS * LEE_FPS) + 1
    rows = poses_at(clip.poses[:, :UNIT_JOINTS, :2], FPS, LEE_FPS, n_rows)
    return np.asarray(rows.reshape(n_rows, POSE), dtype=np.float32)
