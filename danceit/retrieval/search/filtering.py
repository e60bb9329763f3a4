"""Asking a store for the nearest fragments that satisfy an expression.

The expression never reaches an engine: what of it an engine's own filter can say narrows
the question, and what comes back is judged here, by `columns`. First among the nearest, of
which a common kind has enough; where it has not, all that there is is judged and compared.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Bool, Float32, Float64, Int64
from danceit.index.store.contract import By, FragmentStore, Hits, Where
from danceit.index.store.vector_index import exact_search
from danceit.retrieval.search.columns import COLUMNS, QUICK, Known, energies_of, parsed
from danceit.retrieval.search.expression import (
    AllOf,
    Among,
    Compare,
    Expression,
    columns_of,
    satisfied,
)

_FIRST, _MOST = 4, 4096
"""Times as many as wanted that are judged first; above so many, all are."""
_JUDGED = 1 << 16
"""Rows that are judged at a time."""
_FEW = 1 << 14
"""Rows that are known to be all there is up to which they are compared at once."""
_KEPT = 16
"""Answers that are remembered."""

Search = Callable[..., Hits]
"""Called as `FragmentStore.search`."""


def searching(store: FragmentStore, where: str) -> Search:
    """Return `store.search`, or, where there is an expression, the search of its `Filter`."""
    return Filter(store, parsed(where)).search if where else store.search


class Filter:
    """The fragments of a store that satisfy an expression."""

    def __init__(self, store: FragmentStore, expression: Expression) -> None:
        self._store, self._expression = store, expression
        self._energies: Float64 | None = None

    def holds(self, rows: Int64) -> Bool:
        """Which of some rows (N,) satisfy the expression."""
        if self._energies is None:
            asked = "energy" in columns_of(self._expression)
            self._energies = energies_of(self._store) if asked else np.zeros(0)
        energies = self._energies
        known: dict[bytes, Known] = {}

        def values(column: str, some: Int64) -> npt.NDArray[Any]:
            key = some.tobytes()
            if key not in known:
                known[key] = Known(self._store, some, energies)
            return COLUMNS[column].read(known[key])

        return satisfied(self._expression, rows, values, QUICK)

    def matching(self, where: Where) -> Int64:
        """Rows (N,) of all fragments that satisfy both, increasing; remembered."""
        key = self._key(where)
        found = _judged.get(key)
        if found is None:
            rows = self._store.matching(_narrowed(self._expression, where))
            parts = [rows[i : i + _JUDGED] for i in range(0, len(rows), _JUDGED)]
            kept = [part[self.holds(part)] for part in parts]
            found = np.concatenate([np.zeros(0, dtype=np.int64), *kept])
            while len(_judged) >= _KEPT:
                _judged.pop(next(iter(_judged)), None)
            _judged[key] = found
        return found

    def search(
        self, queries: Float32, k: int, *, by: By = "pose", where: Where | None = None
    ) -> Hits:
        """Find the nearest of those that satisfy the expression; see `FragmentStore.search`."""
        where = where or Where()
        known = _judged.get(self._key(where))
        if known is not None and len(known) <= _FEW:
            return self._among_all(queries, k, by, where)
        return self._among_nearest(queries, k, by, where) or self._among_all(queries, k, by, where)

    def _key(self, where: Where) -> tuple[str, Expression, Where]:
        return self._store.index_id, self._expression, where

    def _among_nearest(self, queries: Float32, k: int, by: By, where: Where) -> Hits | None:
        """Judge the nearest of all; None where too few of them are of the kind."""
        pool = _FIRST * k
        while pool <= _MOST and len(queries) * pool <= _JUDGED:
            hits = self._store.search(
                queries, pool, by=by, where=_narrowed(self._expression, where)
            )
            rows, places = np.unique(hits.rows, return_inverse=True)
            good = self.holds(rows)[places.reshape(hits.rows.shape)]
            if int(good.sum(axis=1).min(initial=k)) >= k:
                # The good ones first, each kind in the order in which it was found.
                order = np.argsort(~good, axis=1, kind="stable")[:, :k]
                return Hits(
                    np.take_along_axis(hits.rows, order, axis=1),
                    np.take_along_axis(hits.distances, order, axis=1),
                    hits.matching,
                )
            if hits.matching <= pool:
                return None
            pool *= _FIRST
        return None

    def _among_all(self, queries: Float32, k: int, by: By, where: Where) -> Hits:
        rows = self.matching(where)
        vectors = self._store.vectors(rows, by)
        heard = np.isfinite(vectors[:, 0]) if vectors.size else np.zeros(len(rows), dtype=bool)
        rows, vectors = rows[heard], np.ascontiguousarray(vectors[heard])
        distances, places = exact_search(
            vectors, np.arange(len(rows), dtype=np.int64), queries, min(k, max(1, len(rows)))
        )
        return Hits(rows[places], distances, len(rows))


def _narrowed(expression: Expression, where: Where) -> Where:
    """Say of an expression to an engine what its filter can: equalities that all must satisfy."""
    parts = expression.parts if isinstance(expression, AllOf) else (expression,)
    for part in parts:
        if isinstance(part, Compare) and part.sign == "=":
            names: tuple[str, ...] = (str(part.value),)
        elif isinstance(part, Among):
            names = tuple(map(str, part.values))
        else:
            continue
        if part.column == "clip" and where.only_clips is None:
            where = replace(where, only_clips=names)
        elif part.column == "style" and not where.style:
            where = replace(where, style=names)
        elif part.column == "dancer" and not where.dancer:
            where = replace(where, dancer=names)
        elif part.column == "licence" and not where.licence:
            where = replace(where, licence=names)
    return where


_judged: dict[tuple[str, Expression, Where], Int64] = {}
