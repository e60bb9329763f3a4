"""How fast each joint moves at the ends of a gap, from the known frames beside it.

The velocity at an end is the slope there of a parabola through the nearest frames.
Three frames follow clean motion capture most closely; detections that tremble need
more, since the slope multiplies their noise. How much they tremble shows in the ratio
of squared third to squared second differences: near 0 for smooth movement, 10/3 for
white noise.
"""

from functools import lru_cache

import numpy as np

from danceit.data import Float32, Float64

_SIDE = 12
"""Frames on each side of a gap from which the trembling is judged."""
_ROUGHNESS = (1.2, 1.8, 2.4, 2.75)
"""Ratios from which 4, 5, 6 and 7 frames err less than one fewer (Tang dances with white
noise of 0.25 to 2 px added, gaps of 8 frames)."""


def end_velocities(
    poses: Float32, start: int, stop: int, n_frames: int | None = None
) -> tuple[Float64, Float64]:
    """Velocity of each joint just before and just after a gap.

    Parameters
    ----------
    poses : float32 (T, J, C)
    start, stop : int
        The gap, half-open.
    n_frames : int, optional
        Frames that each parabola goes through (2: a line). By default 3 to 7, the more
        the known frames tremble.

    Returns
    -------
    float64 (J, C), float64 (J, C)
        Pixels a frame. Fewer frames are used where fewer are known; with a single one
        the velocity is that of the straight line across the gap.
    """
    wanted = n_frames or frames_for(poses, start, stop)
    before = poses[max(0, start - wanted) : start][::-1].astype(np.float64)
    after = poses[stop : stop + wanted].astype(np.float64)
    across = (after[0] - before[0]) / (stop - start + 1)
    return -_outward(before, -across), _outward(after, across)


def frames_for(poses: Float32, start: int, stop: int) -> int:
    """Frames, 3 to 7, that a velocity beside this gap is best taken from."""
    return 3 + int(np.searchsorted(_ROUGHNESS, roughness(poses, start, stop)))


def roughness(poses: Float32, start: int, stop: int) -> float:
    """Ratio of squared third to squared second differences on both sides of a gap.

    Returns
    -------
    float
        0 where nothing can be judged: frames too few, or all at rest.
    """
    second = third = 0.0
    for side in (poses[max(0, start - _SIDE) : start], poses[stop : stop + _SIDE]):
        if len(side) > 3:
            bend = np.diff(side.astype(np.float64), 2, axis=0)
            second += float(np.nansum(bend[1:] ** 2))
            third += float(np.nansum(np.diff(bend, axis=0) ** 2))
    return third / second if second > 0 else 0.0


def _outward(frames: Float64, fallback: Float64) -> Float64:
    """Slope at the first of `frames` (N, J, C), by the longest known run of each joint."""
    slope = fallback.copy()
    for n in range(2, len(frames) + 1):
        found = np.tensordot(slope_weights(n), frames[:n], axes=1)
        slope = np.where(np.isnan(found), slope, found)
    return slope


@lru_cache(maxsize=16)
def slope_weights(n: int) -> Float64:
    """Weights (n,) of n frames that give the slope, at the first, of their parabola."""
    powers = np.vander(np.arange(n, dtype=np.float64), min(n, 3), increasing=True)
    weights: Float64 = np.linalg.pinv(powers)[1]
    return weights
