"""Where a dance is discontinuous, and which frames around it are redrawn.

A discontinuity stands *before* frame t when some joint moves more than a threshold
between frames t - 1 and t. A window is a half-open stretch of frames to redraw; the
frames just outside it are its ends and stay as they are.
"""

import numpy as np

from danceit.data import Dance, Int64
from danceit.movement import largest_step


def discontinuities(dance: Dance, threshold_px: float, *, anywhere: bool) -> Int64:
    """Frames before which the dance is discontinuous, increasing.

    Parameters
    ----------
    dance : Dance
    threshold_px : float
        DanceIt IV-C takes 10 px.
    anywhere : bool
        The paper's rule looks at every frame; otherwise only seams are looked at, so
        that the dancer's own fast movements are left alone.
    """
    steps = largest_step(dance.joints)
    candidates = np.arange(1, dance.n_frames) if anywhere else np.unique(dance.seams)
    return candidates[steps[candidates] > threshold_px].astype(np.int64)


def windows(cuts: Int64, n_frames: int, widths: Int64) -> list[tuple[int, int]]:
    """Windows of so many frames around each cut, clipped to the dance.

    Between two windows at least one frame stays, the end of both; a cut within a window,
    or at its end, needs none of its own. So a movement that is fast throughout keeps
    every fifth frame under the paper's rule, rather than becoming one long line.
    """
    found: list[tuple[int, int]] = []
    kept = 0
    for cut, width in zip(cuts.tolist(), widths.tolist(), strict=True):
        start = max(kept + 1, cut - width // 2)
        stop = min(n_frames - 1, cut - width // 2 + width)
        if start <= cut and start < stop:
            found.append((start, stop))
            kept = stop
    return found
