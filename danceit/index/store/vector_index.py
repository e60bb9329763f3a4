"""Nearest vectors by FAISS: which index for which size, how it is made, how it is asked.

Every FAISS index here gives store rows as ids (inverted lists keep them themselves,
other kinds are wrapped in an id map), so vectors of one length, or with music only, need
no table of their own. Distances are squared L2.

Memory while an index is made: FAISS's own (at 16 dimensions 72 bytes a vector) and one
chunk; the vectors are read from a map of their file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import Bool, Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.store.cards import fill, train
from danceit.index.store.faiss_module import load_faiss

EXACT_UP_TO = 100_000
"""Vectors up to which every one is compared: 23 ms for 100 queries at 16 dimensions."""
DEFAULT_NPROBE = 16
"""Lists visited where the factory string is the user's and no recall is asked for."""
RECALL_AT = 10
"""Neighbours over which a wanted recall is measured."""
_CHUNK = 131_072
"""Vectors read at a time."""
TRAINING = 64
"""Vectors a list used for training; FAISS asks for 39 or more."""
_HELD_OUT = 500
"""Queries on which the number of visited lists is tuned."""


@dataclass(frozen=True)
class Plan:
    """How one set of vectors is searched.

    Attributes
    ----------
    factory : str
        FAISS's name for the kind of index.
    nprobe : int
        Lists visited by a search; 0 where there are none.
    recall : float
        Recall at `RECALL_AT` for which `nprobe` is to be tuned; 0 to take it as it is.
    """

    factory: str
    nprobe: int
    recall: float = 0.0


def plan_for(count: int, factory: str = "", recall: float = 0.0) -> Plan:
    """Index for `count` vectors, as measured at 16 dimensions (recall at 10 of 0.99 or more)."""
    if factory:
        return Plan(factory, DEFAULT_NPROBE, recall)
    if count <= EXACT_UP_TO:
        return Plan("Flat", 0)
    if count <= 3_000_000:
        # 4 times the root, as a power of two, so that a grown index can mostly be kept.
        return Plan(f"IVF{1 << round(math.log2(4 * count**0.5))},Flat", 32, recall)
    if count <= 50_000_000:
        return Plan("IVF16384,Flat", 32, recall)
    return Plan("IVF65536_HNSW32,SQfp16", 64, recall)


def make_index(vectors: Float32, rows: Int64, plan: Plan, device: str = "cpu") -> tuple[Any, Plan]:
    """Train and fill a FAISS index with ``vectors[rows]`` under the ids `rows`.

    `vectors` may be a memory map; it is read in chunks. Where there are fewer vectors
    than lists, the index is exact instead. The plan that was followed is returned.

    Raises
    ------
    InputError
        If FAISS does not know the factory string.
    """
    index, plan = _empty_index(vectors.shape[1], len(rows), plan)
    n_lists = _lists(index)
    if not index.is_trained:
        wanted = min(len(rows), TRAINING * max(n_lists, 256))
        sample = rows[np.linspace(0, len(rows) - 1, wanted).astype(np.int64)]
        train(index, np.ascontiguousarray(vectors[sample]), device)
    if not n_lists:
        # On a card that would be a copy there and back.
        add_vectors(index, vectors, rows)
        return index, replace(plan, nprobe=0)
    if not plan.recall:
        index = fill(index, lambda there: add_vectors(there, vectors, rows), device)
        return _visiting(index, min(plan.nprobe, n_lists), plan)
    held_out = _spread(rows, min(_HELD_OUT, len(rows) // 10))
    index = fill(index, lambda there: add_vectors(there, vectors, rows[~held_out]), device)
    nprobe = _tuned(index, vectors, rows[~held_out], vectors[rows[held_out]], plan.recall)
    add_vectors(index, vectors, rows[held_out])
    return _visiting(index, nprobe, plan)


def centres(sample: Float32, count: int, device: str = "cpu") -> Float32:
    """Centres (count, D) of inverted lists for vectors like those of a sample (N, D)."""
    faiss = load_faiss()
    index = faiss.index_factory(sample.shape[1], f"IVF{count},Flat")
    train(index, np.ascontiguousarray(sample), device)
    quantizer = faiss.extract_index_ivf(index).quantizer
    found: Float32 = quantizer.reconstruct_n(0, count)
    return found


def add_vectors(index: Any, vectors: Float32, rows: Int64) -> None:
    """Add ``vectors[rows]`` under the ids `rows`, in chunks."""
    for chunk in _chunks(rows):
        index.add_with_ids(np.ascontiguousarray(vectors[chunk]), chunk)


def write_index(index: Any, path: Path) -> None:
    """Write a FAISS index to a file.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    try:
        load_faiss().write_index(index, str(path))
    except RuntimeError as exc:
        raise OSError(f"{path}: {_reason(exc)}") from exc


def read_index(path: Path, *, mapped: bool = False) -> Any:
    """Read a FAISS index from a file, or map it so that only what is visited is read.

    Raises
    ------
    IndexStateError
        If FAISS cannot make sense of it.
    """
    faiss = load_faiss()
    # The newer flag maps every kind of index, the older one inverted lists only.
    flags = getattr(faiss, "IO_FLAG_MMAP_IFC", faiss.IO_FLAG_MMAP) if mapped else 0
    try:
        return faiss.read_index(str(path), flags)
    except (RuntimeError, MemoryError) as exc:
        raise IndexStateError(f"{path} is damaged: {_reason(exc)}") from exc


def exact_search(vectors: Float32, rows: Int64, queries: Float32, k: int) -> tuple[Float32, Int64]:
    """Distances and rows (Q, K) of the true nearest of ``vectors[rows]``, K = min(k, N)."""
    faiss = load_faiss()
    wanted = min(k, len(rows))
    best = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    if not wanted or not len(queries):
        return best[0].reshape(len(queries), wanted), best[1].reshape(len(queries), wanted)
    for chunk in _chunks(rows):
        some = np.ascontiguousarray(vectors[chunk])
        distances, places = faiss.knn(queries, some, min(wanted, len(chunk)))
        best = merge([best, (distances, chunk[places])], wanted)
    return best


def filtered_search(
    index: Any, allowed: Bool, queries: Float32, k: int
) -> tuple[Float32, Int64] | None:
    """Search inverted lists for the rows that are `allowed`, (N,) over all rows.

    More lists are visited the fewer rows are left. None where the index has no lists or
    is on a card, which take no filter.
    """
    faiss = load_faiss()
    if not isinstance(index, faiss.IndexIVF):
        return None
    share = max(float(allowed.sum()) / max(index.ntotal, 1), 1e-9)
    visited = int(min(np.ceil(index.nprobe / share), index.nlist))
    selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
    options = faiss.SearchParametersIVF(sel=selector, nprobe=visited)
    distances, rows = index.search(queries, k, params=options)
    return distances, rows


def merge(found: list[tuple[Float32, Int64]], k: int) -> tuple[Float32, Int64]:
    """Merge lists of (distances, rows), each (Q, K) and nearest first, into the k nearest."""
    if len(found) == 1:
        return found[0]
    distances = np.concatenate([one[0] for one in found], axis=1)
    rows = np.concatenate([one[1] for one in found], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(rows, order, axis=1)


def _empty_index(width: int, count: int, plan: Plan) -> tuple[Any, Plan]:
    faiss = load_faiss()
    try:
        index = faiss.index_factory(width, plan.factory)
    except RuntimeError as exc:
        raise InputError(
            f"FAISS does not know the factory '{plan.factory}': {_reason(exc)}"
        ) from exc
    if _lists(index) > count:
        return _empty_index(width, count, Plan("Flat", 0))
    if not _lists(index):
        index = faiss.index_factory(width, f"IDMap,{plan.factory}")
    return index, plan


def _tuned(index: Any, vectors: Float32, rows: Int64, queries: Float32, recall: float) -> int:
    """Fewest lists, in powers of two, that reach a recall on queries the index never saw."""
    faiss = load_faiss()
    queries = np.ascontiguousarray(queries)
    distances, truth = exact_search(vectors, rows, queries, RECALL_AT)
    criterion = faiss.IntersectionCriterion(len(queries), truth.shape[1])
    criterion.set_groundtruth(distances, truth)
    space = faiss.ParameterSpace()
    space.verbose = 0
    space.initialize(index)
    # The points live only as long as what holds them.
    holder = space.explore(index, queries, criterion)
    reached = {}
    for place in range(holder.all_pts.size()):
        point = holder.all_pts.at(place)
        if point.perf >= recall:
            reached[int(point.key.split("nprobe=")[1].split(",")[0])] = point.perf
    return min(reached, default=_lists(index))


def _visiting(index: Any, nprobe: int, plan: Plan) -> tuple[Any, Plan]:
    load_faiss().extract_index_ivf(index).nprobe = nprobe
    return index, replace(plan, nprobe=nprobe)


def _spread(rows: Int64, count: int) -> Bool:
    """Mark `count` of the rows, evenly spread."""
    marked = np.zeros(len(rows), dtype=np.bool_)
    marked[np.linspace(0, len(rows) - 1, max(count, 1)).astype(np.int64)] = True
    return marked


def _lists(index: Any) -> int:
    inverted = load_faiss().try_extract_index_ivf(index)
    return 0 if inverted is None else int(inverted.nlist)


def _chunks(rows: Int64) -> Iterator[Int64]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
