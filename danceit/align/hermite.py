"""`hermite`: a cubic through each window that leaves and arrives at the movement's own speed."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from danceit.align.spatial import SpatialAligner, check_gap
from danceit.align.velocity import end_velocities, slope_weights
from danceit.data import Float32, Float64
from danceit.errors import InputError


@dataclass(frozen=True)
class HermiteAligner(SpatialAligner):
    """Draw each joint along the cubic that matches position and velocity at both ends.

    Attributes
    ----------
    velocity_frames : int or None
        Frames on each side that a velocity is taken from; None takes 3 where the
        movement is clean and up to 7 where it trembles.
    """

    name: ClassVar[str] = "hermite"

    velocity_frames: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.velocity_frames is not None and self.velocity_frames < 2:
            raise InputError(
                f"{self.name}: velocity_frames must be at least 2 or none; "
                f"got {self.velocity_frames}"
            )

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with start..stop on the cubics between its ends."""
        check_gap(poses, start, stop)
        filled = poses.copy()
        filled[start:stop] = cubic_across(poses, start, stop, self.velocity_frames)
        return filled


def cubic_across(
    poses: Float32, start: int, stop: int, velocity_frames: int | None = None
) -> Float64:
    """Frames start..stop (gap, J, C) of the cubic Hermite curve between its ends."""
    leaving, arriving = end_velocities(poses, start, stop, velocity_frames)
    span = stop - start + 1
    u = np.arange(1, span, dtype=np.float64)[:, None, None] / span
    curve: Float64 = (
        (1 + 2 * u) * (1 - u) ** 2 * poses[start - 1]
        + u * (1 - u) ** 2 * span * leaving
        + u**2 * (3 - 2 * u) * poses[stop]
        - u**2 * (1 - u) * span * arriving
    )
    return curve


def cubic_weights(gap: int, velocity_frames: int) -> Float64:
    """`cubic_across` as a matrix (gap, 2 * velocity_frames) over the frames on both sides."""
    span, n = gap + 1, velocity_frames
    u = np.arange(1, span, dtype=np.float64)[:, None] / span
    slope = slope_weights(n)
    leaving = -u * (1 - u) ** 2 * span * slope[::-1]
    arriving = -(u**2) * (1 - u) * span * slope
    leaving[:, -1:] += (1 + 2 * u) * (1 - u) ** 2
    arriving[:, :1] += u**2 * (3 - 2 * u)
    return np.concatenate([leaving, arriving], axis=1)
