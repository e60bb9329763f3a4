"""`linear`: a straight line through each window, the simplest repair."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from danceit.align.spatial import SpatialAligner, check_gap
from danceit.data import Float32, Float64


@dataclass(frozen=True)
class LinearAligner(SpatialAligner):
    """Draw each joint along the straight line between the ends of the window (DanceIt IV-C)."""

    name: ClassVar[str] = "linear"

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with start..stop on the line between its ends."""
        check_gap(poses, start, stop)
        filled = poses.copy()
        filled[start:stop] = straight(poses[start - 1], poses[stop], stop - start)
        return filled


def straight(before: Float32, after: Float32, n_frames: int) -> Float64:
    """Frames on the line between two poses (J, C), both exclusive; the paper's F(p).

    Returns
    -------
    float64 (n_frames, J, C)
    """
    share = np.arange(1, n_frames + 1, dtype=np.float64)[:, None, None] / (n_frames + 1)
    line: Float64 = (1 - share) * before + share * after
    return line
