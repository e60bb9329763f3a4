"""`linear`: a straight line through each window, the simplest repair."""

from dataclasses import dataclass
from typing import ClassVar

from danceit.align.spatial import SpatialAligner, check_gap, straight
from danceit.data import Float32


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
