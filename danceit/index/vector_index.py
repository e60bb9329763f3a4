"""Nearest vectors by FAISS: which index for which size, how it is made, how it is asked.

Every FAISS index here gives store rows as ids (inverted lists keep them themselves,
other kinds are wrapped in an id map), so vectors of one length or with music only need
no table of their own. Distances are squared L2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.faiss_module import load_faiss

EXACT_UP_TO = 50_000
"""Vectors up to which every one is compared."""
_CHUNK = 131_072
"""Vectors read at a time."""
_TRAINING = 128
"""Vectors a list used for training; FAISS asks for 39 or more."""


@dataclass(frozen=True)
class Plan:
    """How one set of vectors is searched; `nprobe` is 0 where there are no lists."""

    factory: str
    nprobe: int


def choose_plan(count: int) -> Plan:
    """Index for `count` vectors, as measured at 16 dimensions (recall at 10 of 0.99 or more)."""
    if count <= EXACT_UP_TO:
        return Plan("Flat", 0)
    if count <= 3_000_000:
        return Plan(f"IVF{int(4 * count**0.5)},Flat", 32)
    if count <= 50_000_000:
        return Plan("IVF16384,Flat", 32)
    return Plan("IVF65536_HNSW32,SQfp16", 64)


def make_index(vectors: Float32, rows: Int64, plan: Plan) -> tuple[Any, Plan]:
    """Train and fill a FAISS index with ``vectors[rows]`` under the ids `rows`.

    `vectors` may be a memory map; it is read in chunks. Where there are fewer vectors
    than lists, the index is exact instead; the plan that was followed is returned.

    Raises
    ------
    InputError
        If FAISS does not know the factory string.
    """
    faiss = load_faiss()
    index, plan = _empty_index(vectors.shape[1], len(rows), plan)
    if not index.is_trained:
        wanted = min(len(rows), _TRAINING * max(_lists(index), 256))
        sample = rows[np.linspace(0, len(rows) - 1, wanted).astype(np.int64)]
        index.train(np.ascontiguousarray(vectors[sample]))
    add_vectors(index, vectors, rows)
    if plan.nprobe and _lists(index):
        faiss.extract_index_ivf(index).nprobe = min(plan.nprobe, _lists(index))
    return index, plan


def add_vectors(index: Any, vectors: Float32, rows: Int64) -> None:
    """Add ``vectors[rows]`` under the ids `rows`, in chunks."""
    for chunk in _chunks(rows):
        index.add_with_ids(np.ascontiguousarray(vectors[chunk]), chunk)


def write_index(index: Any, path: Path) -> None:
    """Write a FAISS index to a file."""
    faiss = load_faiss()
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as exc:
        raise OSError(f"FAISS cannot write {path}: {_reason(exc)}") from exc


def read_index(path: Path) -> Any:
    """Read a FAISS index from a file.

    Raises
    ------
    IndexStateError
        If FAISS cannot make sense of it.
    """
    faiss = load_faiss()
    try:
        return faiss.read_index(str(path))
    except (RuntimeError, MemoryError) as exc:
        raise IndexStateError(f"{path} is damaged: {_reason(exc)}") from exc


def exact_search(vectors: Float32, rows: Int64, queries: Float32, k: int) -> tuple[Float32, Int64]:
    """Distances and rows (Q, K) of the true nearest of ``vectors[rows]``, K = min(k, N)."""
    faiss = load_faiss()
    wanted = min(k, len(rows))
    best_distances = np.empty((len(queries), 0), dtype=np.float32)
    best_rows = np.empty((len(queries), 0), dtype=np.int64)
    if not wanted or not len(queries):
        return (
            np.empty((len(queries), wanted), dtype=np.float32),
            np.empty((len(queries), wanted), dtype=np.int64),
        )
    for chunk in _chunks(rows):
        some = np.ascontiguousarray(vectors[chunk])
        distances, places = faiss.knn(queries, some, min(wanted, len(chunk)))
        best_distances, best_rows = merge(
            [(best_distances, best_rows), (distances, chunk[places])], wanted
        )
    return best_distances, best_rows


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


def _lists(index: Any) -> int:
    faiss = load_faiss()
    inverted = faiss.try_extract_index_ivf(index)
    return 0 if inverted is None else int(inverted.nlist)


def _chunks(rows: Int64) -> Iterator[npt.NDArray[np.int64]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
