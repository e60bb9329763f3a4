"""`tsd`: trend and season of the misalignment, DanceIt's spatial alignment (Algorithm 1)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from danceit.align.linear import straight
from danceit.align.spatial import SpatialAligner, check_gap
from danceit.data import Float32, Float64, Int64


@dataclass(frozen=True)
class TsdAligner(SpatialAligner):
    """Draw the straight line plus a predicted misalignment from it.

    Attributes
    ----------
    reference_frames : int
        Frames before the window that the prediction is learnt from (the paper's ω_b).
    volatility_px : float
        The season has the smallest period that leaves less than this unexplained (eq. 13).
    """

    name: ClassVar[str] = "tsd"

    reference_frames: int = 24
    volatility_px: float = 5.0

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with start..stop drawn by Algorithm 1."""
        check_gap(poses, start, stop)
        filled = poses.copy()
        line = straight(poses[start - 1], poses[stop], stop - start)
        filled[start:stop] = line + self._paper(poses, start, stop)
        return filled

    def _paper(self, poses: Float32, start: int, stop: int) -> Float64:
        """Misalignment (T, J, C) predicted as printed: eq. 12 and 13 on the frames before."""
        n_gap = stop - start
        predicted = np.zeros((n_gap, *poses.shape[1:]))
        # Whole reference windows, the last of which ends on the last known frame.
        count = min(self.reference_frames, start - 2) // n_gap
        if count * n_gap < 4:
            return predicted
        d = misalignment(poses[start - 2 - count * n_gap : start], n_gap)
        columns = d.reshape(len(d), -1)
        known = ~np.isnan(columns).any(axis=0)
        if known.any():
            out = predicted.reshape(n_gap, -1)
            out[:, known] = self._extrapolate(columns[:, known], n_gap)
        return predicted

    def _extrapolate(self, d: Float64, n_gap: int) -> Float64:
        """Trend and season of d (n, columns) over the next `n_gap` frames, ends at zero."""
        n = len(d)
        powers = np.vander(np.arange(n + n_gap + 2) / n, 4)
        trend = np.linalg.lstsq(powers[:n], d, rcond=None)[0]
        season, period = seasonal(d - powers[:n] @ trend, self.volatility_px)
        future = np.arange(n, n + n_gap + 2)
        ahead: Float64 = powers[future] @ trend
        ahead += np.take_along_axis(season, future[:, None] % period[None, :], axis=0)
        share = np.linspace(0, 1, n_gap + 2)[:, None]
        ahead -= (1 - share) * ahead[0] + share * ahead[-1]
        return ahead[1:-1]


def misalignment(poses: Float32, width: int) -> Float64:
    """Distance of each frame from the straight line over its reference window, d = p - F(p).

    Parameters
    ----------
    poses : float32 (1 + n * width + 1, J, C)
        Reference windows one after the other, with one frame before and one after.
    width : int
        Frames of a window.

    Returns
    -------
    float64 (n * width, J, C)
        Pixels.
    """
    n = (len(poses) - 2) // width
    lines = [straight(poses[i * width], poses[(i + 1) * width + 1], width) for i in range(n)]
    d: Float64 = poses[1 : 1 + n * width] - np.concatenate(lines)
    return d


def seasonal(d: Float64, volatility_px: float) -> tuple[Float64, Int64]:
    """Season of each column with the smallest period that leaves little unexplained (eq. 13).

    Parameters
    ----------
    d : float64 (n, columns)
        Misalignment without its trend, px.
    volatility_px : float
        Standard deviation of the residual to stay under; where no period does, the one
        that leaves least is taken.

    Returns
    -------
    season : float64 (longest period, columns)
        One period from the first frame on, repeated to the common length.
    period : int64 (columns,)
    """
    from statsmodels.tsa.seasonal import seasonal_decompose

    n, n_columns = d.shape
    periods = range(2, n // 2 + 1)
    season = np.zeros((n, n_columns))
    period = np.full(n_columns, 2, dtype=np.int64)
    least = np.full(n_columns, np.inf)
    for candidate in periods:
        parts = seasonal_decompose(d, model="additive", period=candidate)
        volatility = np.nanstd(parts.resid.reshape(n, n_columns), axis=0)
        better = (least >= volatility_px) & (volatility < least)
        least = np.where(better, volatility, least)
        period = np.where(better, candidate, period)
        season = np.where(better, parts.seasonal.reshape(n, n_columns), season)
    return season, period
