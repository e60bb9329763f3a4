"""What a renderer must be told to show the source footage of a dance.

A dance names its sources but does not know where in their pictures the dancer is; the
rooms that read sources do. They hand a `Locator` to `RenderOptions.locate`.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from danceit.data import Float32, Float64, Placement

LOST_S = 0.5
"""Longest that a joint is lost and still known to be between where it was before and after."""


@dataclass(frozen=True)
class Filmed:
    """One source's video and where the dancer is in its picture.

    Attributes
    ----------
    video : Path
    times_s : float64 (N,)
        Seconds of `joints` in the video; increasing.
    joints : float32 (N, 18, 2)
        Pixels of the picture as it is shown; NaN where not seen.
    size : tuple of int, optional
        Width and height of the picture as it is shown.
    lag_s : float
        Second of the video less that of `danceit.data.Dance.source_s`: what an index has
        taken off the poses' times to bring them in step with the sound.
    """

    video: Path
    times_s: Float64
    joints: Float32
    lag_s: float = 0.0
    size: tuple[int, int] | None = None

    @cached_property
    def followed(self) -> Float32:
        """Joints (N, 18, 2), those lost for `LOST_S` or less put where they must have been.

        To cut somebody out: who is not found for two frames has not left the picture.
        """
        joints = self.joints.copy()
        for joint in range(joints.shape[1]):
            known = np.isfinite(joints[:, joint]).all(axis=1)
            if known.all() or not known.any():
                continue
            there = np.flatnonzero(known)
            after = np.clip(np.searchsorted(there, np.arange(len(known))), 1, len(there) - 1)
            gap_s = self.times_s[there[after]] - self.times_s[there[after - 1]]
            inside = (np.arange(len(known)) > there[0]) & (np.arange(len(known)) < there[-1])
            lost = ~known & inside & (gap_s <= LOST_S)
            for axis in range(2):
                path = np.interp(
                    self.times_s[lost], self.times_s[known], joints[known, joint, axis]
                )
                joints[lost, joint, axis] = path
        return joints


class Locator(Protocol):
    """Finds the footage of a fragment's source."""

    def __call__(self, placement: Placement) -> Filmed | None:
        """Return it, or None where the source has no video or no one is seen in it."""


def joints_at(times_s: Float64, joints: Float32, time_s: float) -> Float64:
    """Joints (18, 2) in source pixels at a second of the video; NaN where not seen."""
    after = int(np.clip(np.searchsorted(times_s, time_s), 1, len(times_s) - 1))
    span = times_s[after] - times_s[after - 1]
    share = float(np.clip((time_s - times_s[after - 1]) / span, 0.0, 1.0))
    first: Float64 = joints[after - 1].astype(np.float64)
    second: Float64 = joints[after].astype(np.float64)
    if share < 1e-6:
        return first
    between: Float64 = second if share > 1 - 1e-6 else first + share * (second - first)
    return between
