"""Quieting an estimator's jitter without moving anything in time.

Joints that leave their neighbours in time for a frame or two and come back are put back
(Hampel's filter); then a short bell-shaped average, centred, takes out the trembling. A
body that really is elsewhere stays there, so that cleaning can cut.
"""

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Float64

PICTURE_S = 0.025
"""Deviation of the bell over x and y: under a frame of 30 a second."""
DEPTH_S = 0.065
"""And over depth, which a single camera knows ten times less well."""
HAMPEL_FRAMES = 5
HAMPEL = 3.0
"""Deviations from the median of the five frames around from which a joint is put on it."""


def smoothed(poses: Float32, times_s: Float64, over_s: float) -> Float32:
    """Poses (T, J, C) without jitter; NaN stays NaN and lends its neighbours nothing.

    Parameters
    ----------
    over_s : float
        Deviation of the bell in seconds.
    """
    from scipy.ndimage import gaussian_filter1d

    if len(poses) < HAMPEL_FRAMES:
        return poses
    values = _hampel(poses.astype(np.float64))
    known = np.isfinite(values)
    sigma = over_s / float(np.median(np.diff(times_s)))
    weight = gaussian_filter1d(
        known.astype(np.float64), sigma, axis=0, mode="constant", truncate=3.0
    )
    total = gaussian_filter1d(
        np.where(known, values, 0.0), sigma, axis=0, mode="constant", truncate=3.0
    )
    result: Float32 = np.where(known, total / np.maximum(weight, 1e-9), np.nan).astype(np.float32)
    return result


def _hampel(values: Float64) -> Float64:
    half = HAMPEL_FRAMES // 2
    padded = np.pad(values, ((half, half), (0, 0), (0, 0)), mode="edge")
    around: npt.NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(
        padded, HAMPEL_FRAMES, axis=0
    )
    known = np.isfinite(around).all(axis=3)
    middle = np.median(around, axis=3)
    spread = 1.4826 * np.median(np.abs(around - middle[..., None]), axis=3)
    # Where all but one stand still the spread is nothing: half a thousandth is not movement.
    floor = 5e-4 * np.nanmax(np.abs(values)) if np.isfinite(values).any() else 0.0
    out = known & (np.abs(values - middle) > HAMPEL * np.maximum(spread, floor))
    return np.where(out, middle, values)
