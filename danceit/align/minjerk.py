"""`minjerk`: the smoothest path in the sense of least jerk (Flash and Hogan 1985)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from danceit.align.spatial import SpatialAligner, check_gap, straight
from danceit.data import Float32, Float64


@dataclass(frozen=True)
class MinJerkAligner(SpatialAligner):
    """Draw each joint so that the sum of its squared third differences is least.

    With three known frames on each side, as here, this is the sampled form of the
    quintic that matches position, velocity and acceleration at both ends. Closest of
    all on clean motion capture and short windows; it multiplies noise, so prefer
    `hermite` for detections.
    """

    name: ClassVar[str] = "minjerk"

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with start..stop on the paths of least jerk."""
        check_gap(poses, start, stop)
        filled = poses.copy()
        drawn = straight(poses[start - 1], poses[stop], stop - start)
        # The more frames are known, the better; a joint unknown in one does with fewer.
        for known in range(1, 4):
            if start < known or stop + known > len(poses):
                break
            ends = np.concatenate([poses[start - known : start], poses[stop : stop + known]])
            smooth = np.tensordot(_weights(stop - start, known), ends.astype(np.float64), axes=1)
            drawn = np.where(np.isnan(smooth), drawn, smooth)
        filled[start:stop] = drawn
        return filled


@lru_cache(maxsize=64)
def _weights(gap: int, known: int) -> Float64:
    """Matrix (gap, 2 * known) that maps the known frames to the gap of least jerk."""
    n = gap + 2 * known
    third = np.diff(np.eye(n), min(3, 2 * known - 1), axis=0)
    inside = np.arange(known, known + gap)
    weights: Float64 = -np.linalg.pinv(third[:, inside]) @ np.delete(third, inside, axis=1)
    return weights
