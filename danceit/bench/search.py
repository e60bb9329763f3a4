"""How fast and how truly an index answers, beside scanning all vectors with numpy.

Queries are the index's own vectors with noise, so that there is always something near,
but not at no distance. Recall at 10 is the share of the true ten nearest that the index
finds; speed is in queries a second, larger is better.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import InputError
from danceit.index.store.contract import FragmentStore, Where
from danceit.index.store.engines import open_store

T = TypeVar("T")
K = 10
_QUERIES = 200
_NOISE = 0.25
"""Of the spread of the vectors."""


@dataclass(frozen=True)
class SearchSpeed:
    """What `bench_search` measured for fragments of one length.

    Attributes
    ----------
    n_frames, fragments : int
    how : str
        How the index searches.
    recall : float
        Of the true ten nearest.
    one_s, many_s : float
        Seconds a query, asked one by one and 200 at a time.
    scan_s : float
        Seconds a query of a scan by numpy, 200 at a time.
    """

    n_frames: int
    fragments: int
    how: str
    recall: float
    one_s: float
    many_s: float
    scan_s: float


def bench_search(
    index: Path, *, seed: int = 0, device: str = "auto"
) -> tuple[float, tuple[SearchSpeed, ...]]:
    """Seconds to open the index, and the speed of every fragment length in it.

    Raises
    ------
    InputError
        If the index is empty.
    """
    started = time.perf_counter()
    with open_store(index, device=device) as store:
        opened_s = time.perf_counter() - started
        if not len(store):
            raise InputError(f"{index} is empty: there is nothing to search")
        how = store.info().search
        rng = np.random.default_rng(seed)
        return opened_s, tuple(
            _measured(store, n_frames, how.get(f"pose {n_frames}", how.get("pose", "")), rng)
            for n_frames in store.spec.lengths
            if store.matching(Where(n_frames=n_frames)).size
        )


def _measured(
    store: FragmentStore, n_frames: int, how: str, rng: np.random.Generator
) -> SearchSpeed:
    where = Where(n_frames=n_frames)
    rows = store.matching(where)
    vectors = store.vectors(rows)
    picked = rng.integers(0, len(rows), _QUERIES)
    noise = rng.normal(size=(_QUERIES, vectors.shape[1])) * vectors.std(axis=0) * _NOISE
    queries = (vectors[picked] + noise).astype(np.float32)
    k = min(K, len(rows))
    truth, scan_s = _timed(lambda: rows[_nearest(queries, vectors, k)])
    store.search(queries[:1], k, where=where)
    found, many_s = _timed(lambda: store.search(queries, k, where=where).rows)
    _, one_s = _timed(lambda: [store.search(query[None], k, where=where) for query in queries])
    hits = [np.intersect1d(a, b).size for a, b in zip(found, truth, strict=True)]
    return SearchSpeed(
        n_frames=n_frames,
        fragments=len(rows),
        how=how,
        recall=float(np.sum(hits) / truth.size),
        one_s=one_s / _QUERIES,
        many_s=many_s / _QUERIES,
        scan_s=scan_s / _QUERIES,
    )


def _nearest(queries: Float32, vectors: Float32, k: int) -> Int64:
    squares = (vectors.astype(np.float64) ** 2).sum(axis=1)
    distances = squares - 2.0 * queries.astype(np.float64) @ vectors.astype(np.float64).T
    return np.asarray(np.argpartition(distances, k - 1, axis=1)[:, :k], dtype=np.int64)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started
