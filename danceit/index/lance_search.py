"""Searching the vectors of a Lance index, and making the inverted lists for it.

Up to `EXACT_UP_TO` rows every vector that a filter leaves is read and compared, with the
same code as the local engine, so that both find the same. Above, Lance's inverted lists
are asked, the filter going with the question; how many lists are visited is tuned on
vectors of the index when it is built.
"""

import math
from typing import Any

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import InputError
from danceit.index.lance_generation import LanceGeneration
from danceit.index.lance_tables import Table, condition_of, readable, reason_of, vectors_of
from danceit.index.manifest import SearchPart
from danceit.index.store import By, Hits, Where
from danceit.index.vector_index import EXACT_UP_TO, RECALL_AT, exact_search

AUTOMATIC = "auto"
"""What `factory` is called that is chosen by size."""
EXACT = "exact"
KINDS = ("IVF_FLAT", "IVF_SQ", "IVF_PQ", "IVF_HNSW_FLAT", "IVF_HNSW_SQ", "IVF_HNSW_PQ")
"""Lance's names for what `factory` may ask for, with the number of lists after a comma."""
DEFAULT_RECALL = 0.98
"""Recall at `RECALL_AT` for which the visited lists are tuned where none is asked for."""
_SCANNED = 200_000
"""Rows up to which all that a filter leaves are compared."""
_SAMPLED = 100
"""Vectors of the index with which the number of visited lists is tuned."""


def find(opened: LanceGeneration, queries: Float32, k: int, by: By, where: Where) -> Hits:
    """Find the nearest fragments of checked queries; see `FragmentStore.search`."""
    part = next((part for part in opened.manifest.parts if part.by == by), None)
    table = opened.fragments
    if part is None or table is None:
        return _nothing(queries)
    condition = condition_of(where, by)
    with readable(table.path):
        matching = table.dataset.count_rows(filter=condition or None)
    if not matching:
        return _nothing(queries)
    k = min(k, matching)
    found = None
    if part.factory != EXACT and matching > _SCANNED:
        found = _visit(table, part, queries, k, condition)
    distances, rows = found or _compare(
        table, by, opened.manifest.widths[by], queries, k, condition
    )
    order = np.lexsort((rows, distances), axis=1)
    return Hits(
        np.take_along_axis(rows, order, 1), np.take_along_axis(distances, order, 1), matching
    )


def make_parts(
    table: Table, widths: dict[str, int], factory: str, recall: float, base: tuple[SearchPart, ...]
) -> tuple[Any, tuple[SearchPart, ...]]:
    """Make or extend the search index of each set of vectors.

    Parameters
    ----------
    table : Table
        Of fragments, at its latest version.
    widths : dict of str to int
    factory : str
        "" to choose by size, "exact", or one of `KINDS`, with ",LISTS" where that is wanted.
    recall : float
        0 for `DEFAULT_RECALL`.
    base : tuple of SearchPart
        What the version before had: lists of the same kind and number are kept, and new
        vectors go into them.

    Returns
    -------
    tuple
        Lance's data set at its new version, and what was made.
    """
    dataset = table.dataset
    spaces: tuple[By, ...] = ("pose", "audio")
    before = {part.by: part for part in base}
    parts = []
    for by in spaces:
        count = dataset.count_rows(filter=condition_of(Where(), by) or None)
        if not count:
            continue
        kind, lists = choose(count, factory)
        name = f"{by}_lists"
        kept = any(index.name == name for index in dataset.describe_indices())
        if kind == EXACT:
            if kept:
                dataset.drop_index(name)
            parts.append(SearchPart(by, 0, count, EXACT, 0, "fragments.lance"))
            continue
        wanted = f"{kind},{lists}"
        was = before.get(by)
        if kept and was is not None and was.factory == wanted:
            dataset.optimize.optimize_indices(index_names=[name])
            nprobe = was.nprobe
        else:
            dataset = _trained(dataset, by, name, kind, lists, widths[by])
            fresh = SearchPart(by, 0, count, wanted, lists, "fragments.lance")
            nprobe = _tuned(dataset, fresh, widths[by], recall or DEFAULT_RECALL)
        parts.append(SearchPart(by, 0, count, wanted, nprobe, "fragments.lance"))
    return dataset, tuple(parts)


def choose(count: int, factory: str = "") -> tuple[str, int]:
    """Kind of search index and number of lists for `count` vectors.

    Raises
    ------
    InputError
        If Lance has no index of this name.
    """
    kind, _, lists = factory.partition(",")
    if not kind:
        kind = EXACT if count <= EXACT_UP_TO else "IVF_FLAT"
    if kind not in (EXACT, *KINDS) or (lists and not (lists.isdecimal() and int(lists))):
        raise InputError(
            f"Lance does not know the factory '{factory}'; known: {EXACT}, {', '.join(KINDS)},"
            " each of the latter with ,LISTS"
        )
    # 4 times the root, as a power of two, so that a grown index can mostly be kept.
    n_lists = int(lists) if lists else 1 << round(math.log2(4 * count**0.5))
    return (kind, n_lists) if kind != EXACT and n_lists <= count else (EXACT, 0)


def _visit(
    table: Table, part: SearchPart, queries: Float32, k: int, condition: str
) -> tuple[Float32, Int64] | None:
    """Ask the inverted lists; None where they hold fewer than k for some query."""
    distances = np.empty((len(queries), k), dtype=np.float32)
    rows = np.empty((len(queries), k), dtype=np.int64)
    for place, query in enumerate(queries):
        with readable(table.path):
            found = _ask(table.dataset, part.by, query, k, part.nprobe, condition)
        if found.num_rows < k:
            return None
        distances[place] = found["_distance"].to_numpy()
        rows[place] = table.rows(found["_rowid"].to_numpy())
    return distances, rows


def _compare(
    table: Table, by: By, width: int, queries: Float32, k: int, condition: str
) -> tuple[Float32, Int64]:
    rows, found = table.scan([by], condition)
    vectors = vectors_of(found, by, width)
    distances, places = exact_search(vectors, np.arange(len(rows)), queries, k)
    return distances, rows[places]


def _ask(dataset: Any, by: By, query: Float32, k: int, nprobe: int, condition: str) -> Any:
    nearest = {"column": by, "q": query, "k": k, "nprobes": nprobe, "refine_factor": 2}
    return dataset.to_table(
        columns=["_distance"],
        nearest=nearest,
        filter=condition or None,
        prefilter=bool(condition),
        with_row_id=True,
    )


def _trained(dataset: Any, by: By, name: str, kind: str, lists: int, width: int) -> Any:
    options: dict[str, Any] = {}
    if kind.endswith("PQ"):
        options["num_sub_vectors"] = max(width // 2, 1)
    try:
        return dataset.create_index(
            by, kind, name=name, metric="L2", replace=True, num_partitions=lists, **options
        )
    except (ValueError, RuntimeError) as exc:
        raise InputError(f"Lance cannot make '{kind},{lists}': {reason_of(exc)}") from exc


def _tuned(dataset: Any, part: SearchPart, width: int, recall: float) -> int:
    """Fewest lists, in powers of two, that reach a recall among vectors of the index.

    Each is asked for the fragments around it, itself left out.
    """
    n_lists = part.nprobe
    heard = dataset.to_table(
        columns=[part.by], filter=condition_of(Where(), part.by) or None, limit=1_000_000
    )
    vectors = vectors_of(heard, part.by, width)
    queries = vectors[np.linspace(0, len(vectors) - 1, _SAMPLED).astype(np.int64)]
    del heard, vectors
    k = min(RECALL_AT + 1, part.count)
    condition = condition_of(Where(), part.by)
    truth = [
        set(_exactly(dataset, part.by, query, k, condition)["_rowid"].to_pylist()[1:])
        for query in queries
    ]
    nprobe = 4
    while nprobe < n_lists:
        reached = 0.0
        for query, wanted in zip(queries, truth, strict=True):
            found = _ask(dataset, part.by, query, k, nprobe, condition)["_rowid"].to_pylist()
            reached += len(wanted & set(found)) / max(len(wanted), 1)
        if reached / len(queries) >= recall:
            return nprobe
        nprobe *= 2
    return n_lists


def _exactly(dataset: Any, by: By, query: Float32, k: int, condition: str) -> Any:
    nearest = {"column": by, "q": query, "k": k, "use_index": False}
    return dataset.to_table(
        columns=["_distance"],
        nearest=nearest,
        filter=condition or None,
        prefilter=True,
        with_row_id=True,
    )


def _nothing(queries: Float32) -> Hits:
    rows = np.empty((len(queries), 0), dtype=np.int64)
    return Hits(rows, rows.astype(np.float32), 0)
