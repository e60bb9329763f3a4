"""Measures of retrieval as functions of plain arrays.

A distance matrix is (Q, N): Q windows of songs ask N fragments, smaller is nearer. Ranks
count from 0. Intervals over songs are `danceit.bench.measures.statistics`.
"""

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Float64, Int64

Strings = npt.NDArray[np.str_]


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
