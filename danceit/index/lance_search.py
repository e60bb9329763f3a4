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
from danceit.index.vector_index import EXACT_UP_TO, RECALL_AT, exact_search, merge

AUTOMATIC = "auto"
"""What `factory` is called that is chosen by size."""
EXACT = "exact"
KINDS = ("IVF_FLAT", "IVF_SQ", "IVF_PQ", "IVF_HNSW_FLAT", "IVF_HNSW_SQ", "IVF_HNSW_PQ")
"""Lance's names for what `factory` may ask for, with the number of lists after a comma."""
DEFAULT_RECALL = 0.98
"""Recall at `RECALL_AT` for which the visited lists are tuned where none is asked for."""
_SCANNED = 200_000
"""Rows up to which all that a filter leaves are compared."""
_READ = 1 << 18
"""Rows of which the vectors are held at a time while all are compared."""
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
    if part.factory != EXACT and matching > _SCANNED and len(queries):
        found = _visit(table, part, queries, k, condition, _visited(table, part, where, matching))
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
            latest = table.at(dataset.latest_version)
            nprobe = _tuned(latest, fresh, widths[by], recall or DEFAULT_RECALL)
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


def _visited(table: Table, part: SearchPart, where: Where, matching: int) -> int:
    """Lists to visit: the more of a length a filter leaves out, the more of them."""
    if where.only_length:
        return part.nprobe
    condition = condition_of(Where(n_frames=where.n_frames), part.by)
    with readable(table.path):
        of_length = table.dataset.count_rows(filter=condition or None)
    n_lists = int(part.factory.partition(",")[2])
    return min(n_lists, math.ceil(part.nprobe * int(of_length) / matching))


def _visit(
    table: Table, part: SearchPart, queries: Float32, k: int, condition: str, nprobe: int
) -> tuple[Float32, Int64] | None:
    """Ask the inverted lists; None where they hold fewer than k for some query."""
    nearest: dict[str, Any] = {"column": part.by, "q": queries, "k": k, "nprobes": nprobe}
    if not part.factory.partition(",")[0].endswith("FLAT"):
        # Twice as many by their compressed vectors, the best of them by the real ones.
        nearest["refine_factor"] = 2
    with readable(table.path):
        found = table.dataset.to_table(
            columns=["_distance"],
            nearest=nearest,
            filter=condition or None,
            prefilter=bool(condition),
            with_row_id=True,
        )
    if found.num_rows < k * len(queries):
        return None
    # All queries go at once, for the filter is then resolved once; one is not numbered.
    query = np.zeros(found.num_rows, dtype=np.int64)
    if "query_index" in found.column_names:
        query = np.asarray(found["query_index"])
    distances = found["_distance"].to_numpy()
    order = np.lexsort((distances, query))
    rows = table.rows(found["_rowid"].to_numpy())
    return distances[order].reshape(-1, k), rows[order].reshape(-1, k)


def _compare(
    table: Table, by: By, width: int, queries: Float32, k: int, condition: str
) -> tuple[Float32, Int64]:
    """Compare all that a filter leaves, holding some of it at a time."""
    best = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    for rows, some in table.batches([by], condition, _READ):
        vectors = vectors_of(some, by, width)
        distances, places = exact_search(vectors, np.arange(len(rows)), queries, k)
        best = merge([best, (distances, rows[places])], k)
    return best


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


def _tuned(table: Table, part: SearchPart, width: int, recall: float) -> int:
    """Fewest lists, in powers of two, that reach a recall among vectors of the index.

    Each is asked for the fragments around it, itself left out. A search asks for one
    length, which leaves fewer near a query than the lists hold, so the rarest is asked for.
    """
    condition = _rarest(table, part.by)
    rows, _ = table.scan([], condition)
    sample = rows[np.linspace(0, len(rows) - 1, _SAMPLED).astype(np.int64)]
    queries = vectors_of(table.take(sample, [part.by]), part.by, width)
    k = min(RECALL_AT + 1, len(rows))
    _, truth = _compare(table, part.by, width, queries, k, condition)
    nprobe = 4
    while nprobe < part.nprobe:
        found = _visit(table, part, queries, k, condition, nprobe)
        if found is not None:
            shared = [len(set(a) & set(b)) - 1 for a, b in zip(found[1], truth, strict=True)]
            if np.mean(shared) >= recall * (k - 1):
                return nprobe
        nprobe *= 2
    return part.nprobe


def _rarest(table: Table, by: By) -> str:
    """Filter for the length of which there are the fewest fragments."""
    condition = condition_of(Where(), by)
    _, found = table.scan(["n_frames"], condition)
    lengths, counts = np.unique(np.asarray(found["n_frames"]), return_counts=True)
    return condition_of(Where(n_frames=int(lengths[np.argmin(counts)])), by)


def _nothing(queries: Float32) -> Hits:
    rows = np.empty((len(queries), 0), dtype=np.int64)
    return Hits(rows, rows.astype(np.float32), 0)
