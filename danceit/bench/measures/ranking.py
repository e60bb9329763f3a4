"""Measures of retrieval as functions of plain arrays, and their intervals over songs.

A distance matrix is (Q, N): Q windows of songs ask N fragments, smaller is nearer. Ranks
count from 0. Songs, not windows, are what is drawn anew for an interval: windows of one
song are not independent.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Float64, Int64

Strings = npt.NDArray[np.str_]
Statistic = Callable[[npt.NDArray[np.bool_] | Int64], float]


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % bootstrap interval over songs."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def squared_distances(queries: Float32, vectors: Float32) -> Float64:
    """Squared L2 distances (Q, N) of queries (Q, D) to vectors (N, D)."""
    a, b = queries.astype(np.float64), vectors.astype(np.float64)
    squared = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return np.asarray(np.maximum(squared, 0.0), dtype=np.float64)


def true_ranks(distances: Float64, match: Int64) -> Float64:
    """Rank (Q,) of fragment ``match[q]`` for window q; ties count half, as chance would.

    Smaller is better.
    """
    own = np.take_along_axis(distances, match[:, None], axis=1)
    nearer = (distances < own).sum(axis=1)
    tied = (distances == own).sum(axis=1) - 1
    return np.asarray(nearer + tied / 2, dtype=np.float64)


def recall_at(ranks: Float64, k: int) -> Float64:
    """1 where the true fragment is among the first `k` (Q,). Larger is better."""
    return np.asarray(ranks < k, dtype=np.float64)


def style_precision(
    distances: Float64, styles: Strings, wanted: Strings, k: int, rng: np.random.Generator
) -> Float64:
    """Share of the `k` nearest fragments whose style is the window's song's (Q,).

    Ties are broken at random. NaN where the song's style is unknown. Larger is better.
    """
    order = np.lexsort((rng.random(distances.shape), distances), axis=1)[:, :k]
    hits = (styles[order] == wanted[:, None]).mean(axis=1)
    return np.where(wanted == "", np.nan, hits)


def macro(values: Float64, songs: Strings, styles: Strings) -> float:
    """Mean over styles of the mean over songs of the mean over windows; NaN are left out."""
    return macro_of_songs(*per_song(values, songs, styles))


def per_song(values: Float64, songs: Strings, styles: Strings) -> tuple[Float64, Strings]:
    """Mean over each song's windows, and the song's style."""
    names = list(dict.fromkeys(songs.tolist()))
    means = [float(np.mean(_finite(values[songs == name]))) for name in names]
    return np.array(means), np.array([styles[songs == name][0] for name in names])


def macro_of_songs(means: Float64, styles: Strings) -> float:
    """Mean over styles of the mean over songs."""
    by_style = [np.mean(_finite(means[styles == style])) for style in np.unique(styles)]
    return float(np.mean(_finite(np.array(by_style))))


def macro_figure(
    values: Float64, songs: Strings, styles: Strings, rng: np.random.Generator, draws: int = 2000
) -> Figure:
    """`macro` with its interval; songs are drawn anew within their style."""
    means, of_song = per_song(values, songs, styles)
    drawn = []
    groups = [np.flatnonzero(of_song == style) for style in np.unique(of_song)]
    for _ in range(draws):
        chosen = np.concatenate([rng.choice(group, len(group)) for group in groups])
        drawn.append(macro_of_songs(means[chosen], of_song[chosen]))
    return _figure(macro_of_songs(means, of_song), drawn)


def median_figure(
    values: Float64, songs: Strings, rng: np.random.Generator, draws: int = 2000
) -> Figure:
    """Median over windows with its interval; whole songs are drawn anew."""
    return _over_songs(values, songs, rng, draws, lambda pooled: float(np.median(pooled)))


def mean_figure(
    values: Float64, songs: Strings, rng: np.random.Generator, draws: int = 2000
) -> Figure:
    """Mean over windows with its interval; whole songs are drawn anew."""
    return _over_songs(values, songs, rng, draws, lambda pooled: float(np.mean(pooled)))


def correlation_accuracy(matched: Float64, delayed: Float64, threshold: float) -> float:
    """Share of pairs judged rightly by their squared distance (DanceIt Table III).

    Matched pairs should lie under `threshold`, delayed pairs not; both kinds count the
    same, so 0.5 is chance. Larger is better.
    """
    return float(((matched < threshold).mean() + (delayed >= threshold).mean()) / 2)


def best_threshold(matched: Float64, delayed: Float64) -> float:
    """Squared distance that tells matched from delayed pairs best; fit it on training pairs."""
    places = np.unique(np.concatenate([matched, delayed]))
    if len(places) > 512:
        places = np.quantile(places, np.linspace(0, 1, 512))
    scores = [correlation_accuracy(matched, delayed, place) for place in places]
    return float(places[int(np.argmax(scores))])


def _over_songs(
    values: Float64,
    songs: Strings,
    rng: np.random.Generator,
    draws: int,
    statistic: Callable[[Float64], float],
) -> Figure:
    groups = [values[songs == name] for name in dict.fromkeys(songs.tolist())]
    drawn = [
        statistic(np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))]))
        for _ in range(draws)
    ]
    return _figure(statistic(values), drawn)


def _figure(value: float, drawn: list[float]) -> Figure:
    low, high = np.quantile(_finite(np.array(drawn)), [0.025, 0.975])
    return Figure(value, float(low), float(high))


def _finite(values: Float64) -> Float64:
    """Drop NaN; where nothing is left, one NaN, so that no mean is of nothing."""
    known = values[~np.isnan(values)]
    return known if known.size else np.array([np.nan])
