"""`tsd`: trend and season of the misalignment, DanceIt's spatial alignment (Algorithm 1).

The *misalignment* is what separates a movement from the straight line across a window,
d = p - F(p). It is predicted as a trend M plus a season S, the part that repeats.

As printed, M is a cubic fitted to the misalignment of the windows before the gap and
run on beyond its data, and S has the first period that leaves little unexplained.
Extrapolated cubics go far astray; on real dances this loses to the straight line it
starts from. So by default M is the cubic that matches position and velocity on *both*
sides, S is decomposed from both sides with the period that the movement itself
shows, and S counts only as much as the movement repeats.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from danceit.align.hermite import cubic_across
from danceit.align.spatial import SpatialAligner, check_gap, straight
from danceit.data import Float32, Float64, Int64
from danceit.errors import InputError

_SHORTEST = 6
"""Shortest period that is looked for, frames: a quarter of a second."""
_ROUNDS = 3
"""A season is decomposed anew from the gap it filled; three rounds settle it."""
_REPEATS = (0.4, 0.8)
"""Autocorrelation up to which a movement does not repeat, and from which it does."""


@dataclass(frozen=True)
class TsdAligner(SpatialAligner):
    """Draw the straight line plus trend and season of the misalignment from it.

    Attributes
    ----------
    variant : "estimated" or "paper"
        Trend from both sides and estimated period, or Algorithm 1 as printed.
    reference_frames : int or None
        Frames that the prediction is learnt from (the paper's ω_b). None takes 24
        before the window as printed, 48 on each side otherwise.
    volatility_px : float
        As printed, the season has the smallest period that leaves less than this
        unexplained (eq. 13).
    """

    name: ClassVar[str] = "tsd"

    variant: Literal["estimated", "paper"] = "estimated"
    reference_frames: int | None = None
    volatility_px: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in ("estimated", "paper"):
            raise InputError(f"tsd: variant must be estimated or paper; got '{self.variant}'")
        if self.reference_frames is not None and self.reference_frames < 4:
            raise InputError(
                f"tsd: reference_frames must be at least 4; got {self.reference_frames}"
            )
        if not self.volatility_px > 0:
            raise InputError(f"tsd: volatility_px must be positive; got {self.volatility_px}")

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with start..stop drawn by trend and season."""
        check_gap(poses, start, stop)
        filled = poses.copy()
        if self.variant == "paper":
            line = straight(poses[start - 1], poses[stop], stop - start)
            ahead = _as_printed(
                poses[:start], stop - start, self.reference_frames or 24, self.volatility_px
            )
            filled[start:stop] = line + ahead
        else:
            filled[start:stop] = cubic_across(poses, start, stop)
            reach = self.reference_frames or 48
            first, last = max(0, start - reach), min(len(poses), stop + reach)
            filled[start:stop] += _season_across(filled[first:last], start - first, stop - first)
        return filled


def _season_across(poses: Float32, start: int, stop: int) -> Float64:
    """Season (gap, J, C) to add to a gap that the trend has filled; 0 at its ends.

    What the trend holds of the season already (the cubic through its values and
    velocities at the ends) is taken away again.
    """
    from statsmodels.tsa.seasonal import seasonal_decompose

    shape = (stop - start, *poses.shape[1:])
    columns = poses.reshape(len(poses), -1).astype(np.float64)
    known = np.isfinite(columns).all(axis=0)
    period, repeats = repetition(columns[:, known], start, stop)
    weight = np.clip((repeats - _REPEATS[0]) / (_REPEATS[1] - _REPEATS[0]), 0.0, 1.0)
    added = np.zeros((stop - start, columns.shape[1]))
    if weight == 0:
        return added.reshape(shape)
    trend = columns[start:stop, known]
    series = columns[:, known]
    extra = np.zeros_like(trend)
    for _ in range(_ROUNDS):
        parts = seasonal_decompose(series, model="additive", period=period)
        season = parts.seasonal.reshape(len(series), -1, 1)
        extra = weight * (season[start:stop] - cubic_across(season, start, stop, 3))[..., 0]
        series[start:stop] = trend + extra
    added[:, known] = extra
    return added.reshape(shape)


def repetition(columns: Float64, start: int, stop: int) -> tuple[int, float]:
    """Period, in frames, after which a movement most resembles itself.

    Parameters
    ----------
    columns : float64 (T, N)
        Coordinates; the frames start..stop are not looked at.

    Returns
    -------
    period : int
        Of two whole periods in T at most; 0 where there is none.
    repeats : float
        Autocorrelation of the velocities at that period, all columns together; 1 for a
        movement that repeats exactly. -1 without a period.

    Notes
    -----
    A period is a delay after which the movement is like itself again: before it, it must
    have been unlike itself. Slow movement is like itself after any short delay.
    """
    delays = np.arange(1, len(columns) // 2 + 1)
    velocity = np.diff(columns, axis=0)
    seen = np.ones(len(velocity), dtype=bool)
    seen[max(0, start - 1) : stop] = False
    if len(delays) < _SHORTEST or not seen.any():
        return 0, -1.0
    velocity = np.where(seen[:, None], velocity - velocity[seen].mean(axis=0, keepdims=True), 0.0)
    products = velocity @ velocity.T
    energy, there = np.diag(products), seen.astype(np.float64)
    common = np.array([np.trace(products, offset) for offset in delays])
    now = np.array([energy[delay:] @ there[:-delay] for delay in delays])
    then = np.array([energy[:-delay] @ there[delay:] for delay in delays])
    both = np.array([there[delay:] @ there[:-delay] for delay in delays])
    # As many frames as a period at least, or a chance resemblance would win.
    power = np.where(both >= delays, np.sqrt(now * then), 0.0)
    repeats = np.where(power > 0, common / np.maximum(power, 1e-12), -1.0)
    again = (np.minimum.accumulate(repeats) < 0) & (delays >= _SHORTEST)
    best = int(np.argmax(np.where(again, repeats, -1.0)))
    return (int(delays[best]), float(repeats[best])) if again[best] else (0, -1.0)


def _as_printed(
    before: Float32, n_gap: int, reference_frames: int, volatility_px: float
) -> Float64:
    """Misalignment (n_gap, J, C) by Algorithm 1 from the frames before the gap.

    Joints that are unknown in a reference window, and windows too few for a cubic, give 0.
    """
    predicted = np.zeros((n_gap, *before.shape[1:]))
    # Whole reference windows, the last of which ends on the last known frame.
    count = min(reference_frames, len(before) - 2) // n_gap
    if count * n_gap < 4:
        return predicted
    d = misalignment(before[len(before) - 2 - count * n_gap :], n_gap)
    columns = d.reshape(len(d), -1)
    known = ~np.isnan(columns).any(axis=0)
    if known.any():
        out = predicted.reshape(n_gap, -1)
        out[:, known] = _run_on(columns[:, known], n_gap, volatility_px)
    return predicted


def _run_on(d: Float64, n_gap: int, volatility_px: float) -> Float64:
    """Trend (eq. 12) and season of d (n, columns) over the next `n_gap` frames, ends at 0."""
    n = len(d)
    powers = np.vander(np.arange(n + n_gap + 2) / n, 4)
    trend = np.linalg.lstsq(powers[:n], d, rcond=None)[0]
    season, period = smallest_season(d - powers[:n] @ trend, volatility_px)
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


def smallest_season(d: Float64, volatility_px: float) -> tuple[Float64, Int64]:
    """Season of each column with the smallest period that leaves little unexplained (eq. 13).

    Parameters
    ----------
    d : float64 (n, columns)
        Misalignment without its trend, px.
    volatility_px : float
        Standard deviation of d - S to stay under; where no period does, the one that
        leaves least is taken.

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
        volatility = np.std(d - parts.seasonal.reshape(n, n_columns), axis=0)
        better = (least >= volatility_px) & (volatility < least)
        least = np.where(better, volatility, least)
        period = np.where(better, candidate, period)
        season = np.where(better, parts.seasonal.reshape(n, n_columns), season)
    return season, period
