"""Searching the vectors of a Lance index, and making the inverted lists for it.

Up to `EXACT_UP_TO` rows every vector that a filter leaves is read and compared, with the
same code as the local engine, so that both find the same. Above, Lance's inverted lists
are asked, the filter going with the question. FAISS finds the centres of the lists, on a
card where there is one, from a quarter of the vectors that Lance would take; how many lists
are visited is tuned on vectors of the index when it is built.
"""

import bisect
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import InputError
from danceit.index.store.contract import SPACES, By, Hits, Where
from danceit.index.store.lance.generation import LanceGeneration
from danceit.index.store.lance.tables import (
    FRAGMENTS,
    Table,
    condition_of,
    readable,
    reason_of,
    vectors_of,
)
from danceit.index.store.manifest import SearchPart
from danceit.index.store.vector_index import (
    EXACT_UP_TO,
    RECALL_AT,
    TRAINING,
    centres,
    exact_search,
    merge,
)

EXACT = "exact"
KINDS = ("IVF_FLAT", "IVF_SQ", "IVF_PQ", "IVF_HNSW_FLAT", "IVF_HNSW_SQ", "IVF_HNSW_PQ")
"""Lance's names for what `factory` may ask for, with the number of lists after a comma."""
DEFAULT_RECALL = 0.98
"""Recall at `RECALL_AT` for which the visited lists are tuned where none is asked for."""
_SCANNED = 200_000
"""Rows up to which all that a filter leaves are compared."""
_READ = 1 << 18
"""Rows of which the vectors are held at a time while all are compared."""
_FILTERED = ("n_frames", "style", "dancer", "licence", "body")
"""Columns of few values each."""
_SAMPLED = 100
"""Vectors of the index with which the number of visited lists is tuned."""


def find(opened: LanceGeneration, queries: Float32, k: int, by: By, where: Where) -> Hits:
    """Find the nearest fragments of checked queries; see `FragmentStore.search`."""
    part = _part_for(opened.manifest.parts, by, where.n_frames)
    table = opened.fragments
    if part is None or table is None:
        return _nothing(queries)
    condition = condition_of(where, by, table.dataset.schema.names)
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
    table: Table,
    widths: dict[str, int],
    factory: str,
    recall: float,
    base: tuple[SearchPart, ...],
    *,
    tuned: bool = True,
    device: str = "cpu",
) -> tuple[SearchPart, ...]:
    """Make or extend the search index of each set of vectors, in new versions of the table.

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
    tuned : bool
        Whether the numbers of visited lists in `base` were tuned for this recall.
    device : str
        Where the centres of the lists are found.

    Returns
    -------
    tuple of SearchPart
        For each space one for all lengths, whose `n_frames` is 0, and one for each length
        of which there are more than are compared: of a length, the lists hold fewer.
    """
    dataset = table.dataset
    parts: list[SearchPart] = []
    for by in SPACES:
        count = dataset.count_rows(filter=condition_of(Where(), by) or None)
        if count:
            part = _chosen(by, count, factory)
            was = {one.n_frames: one for one in base if (one.by, one.factory) == (by, part.factory)}
            latest = table.at(dataset.latest_version)
            if _make_lists(latest, part, widths[by], device, keep=bool(was)) or not tuned:
                was = {}
            latest = table.at(dataset.latest_version)
            parts += _with_tuning(latest, part, was, widths[by], recall or DEFAULT_RECALL)
    _index_filters(table, any(part.factory != EXACT for part in parts))
    return tuple(parts)


def _chosen(by: By, count: int, factory: str) -> SearchPart:
    kind, lists = kind_for(count, factory)
    return SearchPart(
        by, 0, count, f"{kind},{lists}" if lists else kind, lists, f"{FRAGMENTS}.lance"
    )


def _part_for(parts: tuple[SearchPart, ...], by: By, n_frames: int | None) -> SearchPart | None:
    """Return what is tuned for a length or, without that, for all."""
    of_space = {part.n_frames: part for part in parts if part.by == by}
    return of_space.get(n_frames or 0) or of_space.get(0)


def _make_lists(table: Table, part: SearchPart, width: int, device: str, *, keep: bool) -> bool:
    """Make one search index, or extend it; return whether it was made anew."""
    dataset, name = table.dataset, f"{part.by}_lists"
    there = name in _names(dataset)
    if part.factory == EXACT:
        if there:
            dataset.drop_index(name)
        return False
    if there and keep:
        dataset.optimize.optimize_indices(index_names=[name])
        return False
    _, _, lists = part.factory.partition(",")
    step = max(part.count // (TRAINING * int(lists)), 1)
    sample = _sample(table, part.by, width, condition_of(Where(), part.by), step)
    _create(dataset, part, name, centres(sample, int(lists), device))
    return True


def _with_tuning(
    table: Table, part: SearchPart, was: Mapping[int, SearchPart], width: int, recall: float
) -> Iterator[SearchPart]:
    """Say how many lists are visited for all lengths, and for each that needs its own number."""
    if part.factory == EXACT:
        yield part
        return
    counts = _lengths(table, part.by)
    any_length = was[0].nprobe if 0 in was else _tuned(table, part, width, recall, 0, 4)
    yield replace(part, nprobe=any_length)
    for length, count in sorted(counts.items()):
        if count > _SCANNED:
            own = replace(part, n_frames=length, count=count)
            if length in was:
                yield replace(own, nprobe=was[length].nprobe)
            else:
                yield replace(own, nprobe=_tuned(table, own, width, recall, length, any_length))


def _index_filters(table: Table, wanted: bool) -> None:
    """Keep bitmaps of what searches are filtered by: some kilobytes at a million rows."""
    dataset = table.at(table.dataset.latest_version).dataset
    there = _names(dataset)
    for column in _FILTERED:
        name = f"by_{column}"
        if wanted and name not in there:
            dataset.create_scalar_index(column, "BITMAP", name=name)
        elif wanted:
            dataset.optimize.optimize_indices(index_names=[name])
        elif name in there:
            dataset.drop_index(name)


def _names(dataset: Any) -> set[str]:
    return {index.name for index in dataset.describe_indices()}


def kind_for(count: int, factory: str = "") -> tuple[str, int]:
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


def _create(dataset: Any, part: SearchPart, name: str, centroids: Float32) -> None:
    kind, _, lists = part.factory.partition(",")
    options: dict[str, Any] = {"ivf_centroids": centroids}
    if kind.endswith("PQ"):
        options["num_sub_vectors"] = max(centroids.shape[1] // 2, 1)
    try:
        dataset.create_index(
            part.by,
            kind,
            name=name,
            metric="L2",
            replace=True,
            num_partitions=int(lists),
            **options,
        )
    except (ValueError, RuntimeError) as exc:
        raise InputError(f"Lance cannot make '{part.factory}': {reason_of(exc)}") from exc


def _tuned(
    table: Table, part: SearchPart, width: int, recall: float, n_frames: int, first: int
) -> int:
    """Fewest lists, `first` or more, that reach a recall among vectors of the index.

    Each is asked for the fragments around it, itself left out, among those of its length
    or (0) among all.
    """
    condition = condition_of(Where(n_frames=n_frames or None), part.by)
    queries = _sample(table, part.by, width, condition, max(part.count // _SAMPLED, 1))
    k = min(RECALL_AT + 1, part.count)
    _, truth = _compare(table, part.by, width, queries, k, condition)

    def reaches(nprobe: int) -> bool:
        found = _visit(table, part, queries, k, condition, nprobe)
        if found is None:
            return False
        shared = [len(set(a) & set(b)) - 1 for a, b in zip(found[1], truth, strict=True)]
        return bool(np.mean(shared) >= recall * (k - 1))

    steps = list(_steps(first, part.nprobe))
    place = bisect.bisect_left(steps, True, key=reaches)
    return [*steps, part.nprobe][place]


def _steps(first: int, end: int) -> Iterator[int]:
    """Yield numbers below `end`, each about 1.4 times the last."""
    while first < end:
        yield first
        first = math.ceil(first * 2**0.5)


def _lengths(table: Table, by: By) -> Counter[int]:
    """Fragments by their length."""
    counts: Counter[int] = Counter()
    for _, some in table.batches(["n_frames"], condition_of(Where(), by), _READ):
        counts.update(np.asarray(some["n_frames"]).tolist())
    return counts


def _sample(table: Table, by: By, width: int, condition: str, step: int) -> Float32:
    """Every `step`-th vector that satisfies a condition."""
    taken = []
    seen = 0
    for _, some in table.batches([by], condition, _READ):
        taken.append(vectors_of(some, by, width)[-seen % step :: step])
        seen += some.num_rows
    return np.concatenate(taken)


def _nothing(queries: Float32) -> Hits:
    rows = np.empty((len(queries), 0), dtype=np.int64)
    return Hits(rows, rows.astype(np.float32), 0)
