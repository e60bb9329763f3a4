"""How near painted pictures come to real ones.

PSNR in dB for levels of 0 to 255, higher is better. SSIM (Wang et al., 2004) with a
Gaussian window of 11 pixels and standard deviation 1.5 on luminance, 1 is best. Flicker is
the mean absolute difference of neighbouring frames over that of the real video: 1 is as
restless as the real one, more is flicker.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from danceit.data import Float64

Pictures = npt.NDArray[np.uint8]


def psnr(ours: Pictures, theirs: Pictures) -> Float64:
    """Of each pair of pictures (N, h, w, 3): (N,); 100 where they are equal."""
    error = ((ours.astype(np.float64) - theirs) ** 2).mean(axis=(1, 2, 3))
    decibels: Float64 = 10 * np.log10(255.0**2 / np.maximum(error, 255.0**2 / 1e10))
    return decibels


def ssim(ours: Pictures, theirs: Pictures) -> Float64:
    """Of each pair of pictures (N, h, w, 3): (N,)."""
    return np.array([_ssim(_grey(a), _grey(b)) for a, b in zip(ours, theirs, strict=True)])


def cut_squares(pictures: Pictures, corners: Sequence[tuple[int, int]], side: int) -> Pictures:
    """Squares (N, side, side, 3) of pictures, each with its own (left, top)."""
    return np.stack(
        [
            picture[top : top + side, left : left + side]
            for picture, (left, top) in zip(pictures, corners, strict=True)
        ]
    )


def flicker(ours: Pictures, theirs: Pictures) -> float:
    """Restlessness of successive pictures (N, h, w, 3) over that of the real ones."""
    return restlessness(ours) / max(restlessness(theirs), 1e-9)


def restlessness(pictures: Pictures) -> float:
    """Mean absolute difference in levels of neighbouring pictures."""
    if len(pictures) < 2:
        return 0.0
    steps = [
        float(np.abs(later.astype(np.int16) - earlier).mean())
        for earlier, later in pairwise(pictures)
    ]
    return float(np.mean(steps))


def _grey(picture: Pictures) -> Float64:
    grey: Float64 = picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return grey


def _ssim(ours: Float64, theirs: Float64) -> float:
    from scipy.ndimage import gaussian_filter

    def blur(values: Float64) -> Float64:
        # A truncation of 3.5 standard deviations makes the window 11 pixels wide.
        return np.asarray(gaussian_filter(values, 1.5, truncate=3.5), dtype=np.float64)

    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_ours, mean_theirs = blur(ours), blur(theirs)
    var_ours = blur(ours * ours) - mean_ours**2
    var_theirs = blur(theirs * theirs) - mean_theirs**2
    both = blur(ours * theirs) - mean_ours * mean_theirs
    likeness = (2 * mean_ours * mean_theirs + first) * (2 * both + second)
    scale = (mean_ours**2 + mean_theirs**2 + first) * (var_ours + var_theirs + second)
    return float((likeness / scale).mean())
