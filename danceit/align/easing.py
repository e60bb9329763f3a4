"""Paths of a warp between two knots: steady in the middle, eased to a given pace at the ends.

The pace within `EASE` frames of a knot goes over from the knot's pace to a steady one by
a cubic; the steady pace is what is needed to arrive. So the accent on a beat lasts
a sixth of a second and the rest of the movement is stretched evenly and as little
as possible.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import Float64, Int64

EASE = 2.0
"""Frames on each side of a knot in which the pace goes over."""
_SUDDEN = 2.0
"""A change of pace from frame to frame costs so many times what the same pace, held, does."""


@dataclass(frozen=True)
class Paths:
    """Q ways of getting from one knot to the next.

    Attributes
    ----------
    change : int64 (Q,)
        By how many grid steps the second knot's offset from plain time exceeds the first's.
    leaving, arriving : int64 (Q,)
        Which pace is held at each knot.
    shown : float64 (Q, 1 + n + 1)
        Positions in frames, counted from the first knot's own: at the first knot, at
        the frames between, at the second.
    cost : float64 (Q,)
        How much time is bent: squared deviation of the pace from 1 and its changes.
    """

    change: Int64
    leaving: Int64
    arriving: Int64
    shown: Float64
    cost: Float64


def paths(
    times: Float64, leaving: Float64, arriving: Float64, grid: float, most: float, limit: float
) -> Paths:
    """All paths whose pace stays within a limit.

    Parameters
    ----------
    times : float64 (1 + n + 1,)
        Of the first knot, the frames between and the second knot, counted from the first.
    leaving, arriving : float64
        Paces that may be held at either knot.
    grid : float
        Frames between the offsets that a knot may have.
    most : float
        Largest change of offset, frames.
    limit : float
        Largest stretch.
    """
    run = float(times[-1])
    slow = min(most, (1 - 1 / limit) * run)
    fast = min(most, (limit - 1) * run)
    steps = np.arange(-np.floor(slow / grid), np.floor(fast / grid) + 1)
    change, first, last = (
        each.ravel()
        for each in np.meshgrid(
            steps, np.arange(len(leaving)), np.arange(len(arriving)), indexing="ij"
        )
    )
    ease = min(EASE, run / 2)
    total = eased(np.array(run), ease)
    out, into = eased(times, ease), total - eased(run - times, ease)
    start, end = leaving[first.astype(int), None], arriving[last.astype(int), None]
    steady = (run + change[:, None] * grid - (start + end) * total) / (run - 2 * total)
    shown = steady * (times - out - into) + start * out + end * into
    gaps = np.diff(times)
    pace = np.diff(shown, axis=1)[:, gaps > 0] / gaps[gaps > 0]
    inside = (pace >= 1 / limit - 1e-9).all(axis=1) & (pace <= limit + 1e-9).all(axis=1)
    cost = ((pace - 1) ** 2 * gaps[gaps > 0]).sum(axis=1)
    cost += _SUDDEN * (np.diff(pace, axis=1) ** 2).sum(axis=1)
    keep = np.flatnonzero(inside)
    return Paths(change[keep].astype(np.int64), first[keep], last[keep], shown[keep], cost[keep])


def eased(time: Float64, ease: float) -> Float64:
    """Integral from 0 to `time` of a weight that falls from 1 to 0 over `ease` frames."""
    z = np.clip(time / ease, 0.0, 1.0)
    integral: Float64 = ease * (z - z**3 + z**4 / 2)
    return integral
