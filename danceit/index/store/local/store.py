"""The local engine: DuckDB and flat files hold the truth, FAISS finds the nearest."""

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.store.base import PublishedStore, Tally, flat_rows, one_length
from danceit.index.store.cards import count_cards
from danceit.index.store.contract import (
    By,
    FragmentTable,
    Hits,
    RecordingEntry,
    StoreOptions,
    Where,
)
from danceit.index.store.faiss_module import load_faiss
from danceit.index.store.local.generation import Generation
from danceit.index.store.local.search import LocalSearch
from danceit.index.store.local.writer import GenerationWriter, remove_leftovers


class LocalStore(PublishedStore[Generation, GenerationWriter]):
    """A store in one folder on this machine; see `FragmentStore`.

    `StoreOptions.factory` is a FAISS factory string for every set of vectors.
    """

    described = "local: FAISS and DuckDB"
    state_type, writer_type = Generation, GenerationWriter
    _remove_leftovers = staticmethod(remove_leftovers)
    _search: LocalSearch | None = None

    def matching(self, where: Where) -> Int64:
        """Rows of all fragments that satisfy a filter; see `FragmentStore.matching`."""
        return self._read.catalogue.matching(where)

    def table(self, rows: Int64) -> FragmentTable:
        """Metadata of fragments; see `FragmentStore.table`."""
        return self._read.catalogue.table(flat_rows(rows))

    def poses(self, rows: Int64) -> Float32:
        """Poses of fragments of one length; see `FragmentStore.poses`."""
        generation = self._read
        first_frames, lengths = generation.catalogue.places(flat_rows(rows))
        return generation.poses.read(first_frames, one_length(lengths))

    def vectors(self, rows: Int64, by: By = "pose") -> Float32:
        """Vectors of fragments; see `FragmentStore.vectors`."""
        vectors = self._read.vectors(by)
        wanted = flat_rows(rows)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < len(vectors):
            raise InputError("rows outside the index: from another generation?")
        return np.array(vectors[wanted])

    def recordings(self) -> dict[str, RecordingEntry]:
        """Every recording by id; see `FragmentStore.recordings`."""
        return self._state.catalogue.recordings() if self._state else {}

    def close(self) -> None:
        """Release files and locks; see `FragmentStore.close`."""
        super().close()
        self._search = None

    @classmethod
    def _load(cls) -> None:
        load_faiss()

    @classmethod
    def _check(cls, options: StoreOptions) -> None:
        count_cards(options.device)

    def _take_state(self, state: Generation) -> None:
        self._search = LocalSearch(state, self._options.device)

    def _find(self, queries: Float32, k: int, by: By, where: Where) -> Hits:
        if self._search is None:
            raise IndexStateError(f"{self._location} is closed")
        return self._search.find(queries, k, by, where)

    def _tally(self) -> Tally:
        manifest, catalogue = self._read.manifest, self._read.catalogue
        clips, lengths = catalogue.clips(), catalogue.lengths()
        return Tally(
            recordings=len({row.recording_id for row in clips}),
            fragments={length: count for length, (count, _) in lengths.items()},
            with_audio=sum(audio for _, audio in lengths.values()),
            styles=catalogue.tally("style"),
            dancers=catalogue.tally("dancer"),
            licences=catalogue.tally("licence"),
            bodies=catalogue.tally("body"),
            search={
                f"{part.by} {part.n_frames}": part.factory
                + (f", nprobe {part.nprobe}" if part.nprobe else "")
                for part in manifest.parts
            },
            n_bytes={name: entry.size for name, entry in manifest.files.items()},
            files=frozenset(
                path for row in clips for path in (row.source, row.audio, row.video) if path
            ),
        )
