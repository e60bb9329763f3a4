"""How sure is a figure: intervals over songs and paired comparisons of methods.

Conventions
-----------
- The song is the unit: values of one song are averaged first, because windows of one
  song are not independent.
- Intervals are at 95 % unless told; a p-value is two-sided and belongs to "no difference".
- NaN stands for "not measured" and is left out, in pairs where values are paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from danceit.data import Float64, Int64
from danceit.errors import InputError
from danceit.movement import Array

RESAMPLES = 5000
_WEIGHTS = 1 << 22
"""Weights of windows that are held at a time: all of a large library's would be gigabytes."""
EXACT_UP_TO = 14
"""Pairs up to which every one of the 2^n sign patterns is tried."""


@dataclass(frozen=True)
class Interval:
    """A mean over songs with its bootstrap interval; `low` and `high` are NaN for one song."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """Method a less method b over the same songs.

    Attributes
    ----------
    difference, low, high : float
        Mean difference and its bootstrap interval.
    p_value : float
        Sign-flip permutation test; 1 where nothing differs. With n songs it cannot be
        under 2 / 2^n: five songs never give less than 0.0625.
    n : int
        Songs measured with both.
    """

    difference: float
    low: float
    high: float
    p_value: float
    n: int


def by_group(values: Array, groups: Sequence[str]) -> Float64:
    """Mean of the values of each group, in the order of the groups' names; NaN left out.

    Raises
    ------
    InputError
        If the lengths differ.
    """
    if len(values) != len(groups):
        raise InputError(f"{len(values)} values but {len(groups)} groups")
    names, owner = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    known = np.isfinite(values)
    totals = np.bincount(owner[known], weights=values[known], minlength=len(names))
    count = np.bincount(owner[known], minlength=len(names))
    return np.asarray(np.where(count > 0, totals / np.maximum(count, 1), np.nan))


def bootstrap(
    values: Array, *, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Mean of one value a song with its percentile bootstrap interval.

    Parameters
    ----------
    values : float (S,)
        One a song; NaN are left out.
    level : float
        Between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(f"an interval's level must lie between 0 and 1; got {level}")
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if kept.size == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    if kept.size == 1:
        return Interval(float(kept[0]), float("nan"), float("nan"), 1)
    low, high = _percentiles(kept, level, seed, resamples)
    return Interval(float(kept.mean()), low, high, int(kept.size))


def bootstrap_windows(
    values: Array,
    songs: Array,
    statistic: Literal["mean", "median"],
    *,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """Mean or median over all windows, whole songs drawn anew; `n` counts songs.

    Parameters
    ----------
    values : float (Q,)
        One a window; NaN are left out.
    songs : str (Q,)
    """
    known = np.isfinite(values)
    kept = np.asarray(values, dtype=np.float64)[known]
    if kept.size == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    names, owner = np.unique(np.asarray(songs)[known], return_inverse=True)
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)
    times = np.concatenate([np.ones((1, len(names)), np.int64), times])
    of = _weighted_mean if statistic == "mean" else _weighted_median
    at_once = max(1, _WEIGHTS // kept.size)
    drawn = np.concatenate(
        [of(kept, times[i : i + at_once, owner]) for i in range(0, len(times), at_once)]
    )
    return _interval(float(drawn[0]), drawn[1:], level, len(names))


def bootstrap_macro(
    values: Array,
    songs: Array,
    strata: Array,
    *,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """Mean over strata of the mean over songs of the mean over windows.

    Songs are drawn anew within their stratum, so that a rare style weighs as much as a
    common one. Windows of unknown value (NaN) are left out; `n` counts songs.
    """
    known = np.isfinite(values)
    names, first = np.unique(np.asarray(songs)[known], return_index=True)
    means = by_group(np.asarray(values, dtype=np.float64)[known], list(np.asarray(songs)[known]))
    kinds = np.asarray(strata)[known][first] if names.size else np.zeros(0, str)
    rng = np.random.default_rng(seed)
    each = []
    for kind in np.unique(kinds):
        of_kind = means[kinds == kind]
        picks = rng.integers(0, of_kind.size, (resamples, of_kind.size))
        each.append(np.append(of_kind.mean(), of_kind[picks].mean(axis=1)))
    if not each:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    drawn = np.mean(each, axis=0)
    return _interval(float(drawn[0]), drawn[1:], level, len(names))


def compare(
    a: Array, b: Array, *, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> Comparison:
    """Compare two methods on the same songs, in the same order.

    Raises
    ------
    InputError
        If the two are not paired.
    """
    if np.shape(a) != np.shape(b) or np.ndim(a) != 1:
        raise InputError(
            "a paired comparison needs one value a song from both methods; "
            f"got shapes {np.shape(a)} and {np.shape(b)}"
        )
    differences = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    differences = differences[np.isfinite(differences)]
    interval = bootstrap(differences, level=level, seed=seed, resamples=resamples)
    if interval.n < 2:
        return Comparison(interval.mean, interval.low, interval.high, float("nan"), interval.n)
    p_value = sign_flip(differences, seed=seed)
    return Comparison(interval.mean, interval.low, interval.high, p_value, interval.n)


def p_text(p_value: float) -> str:
    """Write a p-value as papers do, never as 0."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def sign_flip(differences: Float64, *, seed: int = 0, draws: int = 20_000) -> float:
    """Two-sided p-value that differences are as likely to be negative as positive.

    The share of sign patterns whose mean is at least as far from 0 as that observed;
    exact up to 14 differences, from random patterns (the observed one counted in) above.
    """
    n = differences.size
    if n <= EXACT_UP_TO:
        patterns = np.arange(2**n)[:, None] >> np.arange(n)[None] & 1
        counted_in = 0
    else:
        patterns = np.random.default_rng(seed).integers(0, 2, (draws, n))
        counted_in = 1
    means = np.abs((1 - 2 * patterns) @ differences)
    # A hair of slack: sums of the same numbers in another order differ in the last digit.
    reached = means >= abs(differences.sum()) * (1 - 1e-9) - 1e-15
    return float((reached.sum() + counted_in) / (len(patterns) + counted_in))


def _interval(value: float, drawn: Float64, level: float, n: int) -> Interval:
    if n == 1:
        return Interval(value, float("nan"), float("nan"), n)
    tails = (1 - level) / 2
    low, high = np.quantile(drawn, [tails, 1 - tails])
    return Interval(value, float(low), float(high), n)


def _weighted_mean(values: Float64, weights: Int64) -> Float64:
    return np.asarray(weights @ values / weights.sum(axis=1))


def _weighted_median(values: Float64, weights: Int64) -> Float64:
    """Median (R,) of values (Q,) each counted as often as its weight (R, Q) says."""
    order = np.argsort(values)
    reached = np.cumsum(weights[:, order], axis=1)
    total = reached[:, -1:]
    middle = [(reached > (total - 1) // 2), (reached > total // 2)]
    low, high = (values[order][np.argmax(passed, axis=1)] for passed in middle)
    return np.asarray((low + high) / 2)


def _percentiles(values: Float64, level: float, seed: int, resamples: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, values.size, (resamples, values.size))
    tails = (1 - level) / 2
    low, high = np.quantile(values[picks].mean(axis=1), [tails, 1 - tails])
    return float(low), float(high)
