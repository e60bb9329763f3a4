"""Searching one generation of a local index.

Every space has one FAISS index a fragment length, because a search asks for one length.
A filter other than by length is resolved by DuckDB into rows. Where those are few they
are scanned exactly, as an approximate index would miss most of them: of one row in a
thousand, inverted lists find 0.52 of the true neighbours.
"""

from contextlib import nullcontext
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np

from danceit.data import Float32, Int64
from danceit.index.store.cards import MOST_NEIGHBOURS, count_cards, to_cards
from danceit.index.store.contract import By, Hits, Where
from danceit.index.store.local.generation import Generation
from danceit.index.store.manifest import SearchPart
from danceit.index.store.vector_index import exact_search, filtered_search, merge

_SCANNED = 200_000
"""Rows up to which all that a filter leaves are compared: 50 ms for 100 queries."""
_FILTERS = 8
"""Filters whose rows are remembered: a generation does not change, and asking DuckDB for a
quarter of a million takes longer than searching them."""


class LocalSearch:
    """The FAISS indexes of a generation, all opened at once.

    A writer that publishes the next generation removes the files of this one, but not
    what is open.
    """

    def __init__(self, generation: Generation, device: str) -> None:
        self._generation = generation
        self._cards = count_cards(device)
        self._one_at_a_time = Lock()
        self._indexes: dict[str, Any] = {}
        self._kept: dict[tuple[By, Where], Int64] = {}
        for part in generation.manifest.parts:
            index = generation.search_index(part, mapped=not self._cards)
            self._indexes[part.file] = to_cards(index, device)

    def find(self, queries: Float32, k: int, by: By, where: Where) -> Hits:
        """Find the nearest fragments of checked queries; see `FragmentStore.search`."""
        parts = [
            part
            for part in self._generation.manifest.parts
            if part.by == by and where.n_frames in (None, part.n_frames)
        ]
        if where.only_length:
            matching = sum(part.count for part in parts)
            found = [self._nearest(part, queries, k) for part in parts]
        else:
            kept = [self._rows(part, where) for part in parts]
            matching = sum(len(rows) for rows in kept)
            found = [
                self._nearest_of(part, rows, queries, k)
                for part, rows in zip(parts, kept, strict=True)
            ]
        if not found:
            nothing = np.empty((len(queries), 0), dtype=np.int64)
            return Hits(nothing, nothing.astype(np.float32), 0)
        distances, rows = _in_order(*merge(found, min(k, matching)))
        return Hits(rows, distances, matching)

    def _nearest(self, part: SearchPart, queries: Float32, k: int) -> tuple[Float32, Int64]:
        """Search all of one length."""
        wanted = min(k, part.count)
        if self._cards and wanted > MOST_NEIGHBOURS:
            return self._scan(part, self._rows(part, Where()), queries, wanted)
        # Searches on a card share its memory and must not run into one another.
        with self._one_at_a_time if self._cards else nullcontext():
            distances, rows = self._indexes[part.file].search(queries, wanted)
        short = (rows < 0).any(axis=1)
        if short.any():
            # FAISS pads with -1 where the lists it visited hold fewer than were asked for.
            everything = self._rows(part, Where())
            distances[short], rows[short] = self._scan(part, everything, queries[short], wanted)
        return distances, rows

    def _nearest_of(
        self, part: SearchPart, kept: Int64, queries: Float32, k: int
    ) -> tuple[Float32, Int64]:
        """Search the rows of one length that a filter left."""
        found = None
        if len(kept) > _SCANNED:
            allowed = np.zeros(self._generation.manifest.fragments, dtype=np.bool_)
            allowed[kept] = True
            found = filtered_search(self._indexes[part.file], allowed, queries, k)
        if found is None or (found[1] < 0).any():
            return self._scan(part, kept, queries, k)
        return found

    def _rows(self, part: SearchPart, where: Where) -> Int64:
        key = (part.by, replace(where, n_frames=part.n_frames))
        rows = self._kept.get(key)
        if rows is None:
            rows = self._generation.catalogue.matching(key[1], part.by)
            while len(self._kept) >= _FILTERS:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = rows
        return rows

    def _scan(
        self, part: SearchPart, rows: Int64, queries: Float32, k: int
    ) -> tuple[Float32, Int64]:
        return exact_search(self._generation.vectors(part.by), rows, queries, k)


def _in_order(distances: Float32, rows: Int64) -> tuple[Float32, Int64]:
    """Order equal distances by row, so that the same question has the same answer."""
    if (distances[:, 1:] == distances[:, :-1]).any():
        order = np.lexsort((rows, distances), axis=1)
        return np.take_along_axis(distances, order, 1), np.take_along_axis(rows, order, 1)
    return distances, rows
