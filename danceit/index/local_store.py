"""The local engine: DuckDB and flat files hold the truth, FAISS finds the nearest.

Every vector set has one FAISS index a fragment length, because a search asks for one
length. A filter other than by length is resolved by DuckDB into rows; where those are
few they are scanned exactly, as an approximate index would miss most of them.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.faiss_module import load_faiss
from danceit.index.generation import ENCODER, Generation
from danceit.index.generation_writer import GenerationWriter
from danceit.index.manifest import NAME, Manifest, SearchPart, take_lock
from danceit.index.store import (
    By,
    FragmentBatch,
    FragmentStore,
    FragmentTable,
    Hits,
    RecordingEntry,
    StoreInfo,
    StoreSpec,
    Where,
    check_queries,
)
from danceit.index.vector_index import exact_search, merge

_SCANNED = 200_000
"""Rows that a filter may leave for all of them to be compared."""


class LocalStore(FragmentStore):
    """A store in one folder on this machine; see `FragmentStore`."""

    def __init__(self, location: Path, generation: Generation | None) -> None:
        self._location = location
        self._generation = generation
        self._writer: GenerationWriter | None = None
        self._lock: int | None = None
        self._loaded: dict[str, Any] = {}

    @classmethod
    def open(cls, location: Path) -> Self:
        """Open the published generation; see `FragmentStore.open`."""
        load_faiss()
        return cls(Path(location), Generation.open(Path(location)))

    @classmethod
    def create(
        cls,
        location: Path,
        spec: StoreSpec,
        save_encoder: Callable[[Path], None],
        *,
        factory: str = "",
    ) -> Self:
        """Begin an empty store; see `FragmentStore.create`.

        `factory` is a FAISS factory string for every set of vectors; without it one is
        chosen by size.
        """
        store = cls(Path(location), None)
        store._lock = take_lock(store._location)
        try:
            store._writer = GenerationWriter(
                store._location, spec, None, save_encoder, factory=factory
            )
        except BaseException:
            store.close()
            raise
        return store

    @property
    def spec(self) -> StoreSpec:
        """What all fragments have in common."""
        if self._generation is None and self._writer is not None:
            return self._writer.spec
        return self._read.manifest.spec

    @property
    def encoder(self) -> Path:
        """Folder of the encoder; see `FragmentStore.encoder`."""
        return self._read.folder / ENCODER

    def __len__(self) -> int:
        return self._read.manifest.fragments if self._generation else 0

    def begin(self) -> None:
        """Take the writers' lock; see `FragmentStore.begin`."""
        self._begun()

    def add(self, batch: FragmentBatch) -> None:
        """Add clips and their fragments; see `FragmentStore.add`."""
        self._begun().add(batch)

    def delete(self, clip_ids: Iterable[str]) -> int:
        """Take clips out; see `FragmentStore.delete`."""
        return self._begun().delete(clip_ids)

    def commit(self) -> None:
        """Publish all changes at once; see `FragmentStore.commit`."""
        writer = self._writer
        if writer is None:
            return
        try:
            if writer.changed:
                writer.publish()
        finally:
            self._forget_changes()
        if self._generation is not None:
            self._generation.close()
        self._loaded = {}
        self._generation = Generation.open(self._location)

    def search(
        self, queries: Float32, k: int, *, by: By = "pose", where: Where | None = None
    ) -> Hits:
        """Find the nearest fragments; see `FragmentStore.search`."""
        where = where or Where()
        generation = self._read
        wanted = check_queries(queries, k, generation.manifest.widths.get(by, 0), by)
        if not where.only_length:
            return self._filtered(wanted, k, by, where)
        parts = [
            part
            for part in generation.manifest.parts
            if part.by == by and where.n_frames in (None, part.n_frames)
        ]
        matching = sum(part.count for part in parts)
        if not matching or not len(wanted):
            return _no_hits(len(wanted), min(k, matching), matching)
        found = [self._ask(part, wanted, min(k, part.count)) for part in parts]
        distances, rows = merge(found, min(k, matching))
        return Hits(rows, distances, matching)

    def matching(self, where: Where) -> Int64:
        """Rows of all fragments that satisfy a filter; see `FragmentStore.matching`."""
        return self._read.catalogue.matching(where)

    def table(self, rows: Int64) -> FragmentTable:
        """Metadata of fragments; see `FragmentStore.table`."""
        return self._read.catalogue.table(_flat(rows))

    def poses(self, rows: Int64) -> Float32:
        """Poses of fragments of one length; see `FragmentStore.poses`."""
        generation = self._read
        first_frames, lengths = generation.catalogue.places(_flat(rows))
        if not len(lengths):
            raise InputError("poses of no rows have no length")
        if (lengths != lengths[0]).any():
            raise InputError(f"rows must be of one length; got {sorted(set(lengths.tolist()))}")
        return generation.poses.read(first_frames, int(lengths[0]))

    def vectors(self, rows: Int64, by: By = "pose") -> Float32:
        """Vectors of fragments; see `FragmentStore.vectors`."""
        vectors = self._read.vectors(by)
        wanted = _flat(rows)
        if len(wanted) and (wanted.min() < 0 or wanted.max() >= len(vectors)):
            raise InputError("rows outside the index: from another generation?")
        return np.array(vectors[wanted])

    def recordings(self) -> dict[str, RecordingEntry]:
        """Every recording by id; see `FragmentStore.recordings`."""
        return self._read.catalogue.recordings() if self._generation else {}

    def info(self) -> StoreInfo:
        """Count and measure everything; see `FragmentStore.info`."""
        manifest, catalogue = self._read.manifest, self._read.catalogue
        clips, lengths = catalogue.clips(), catalogue.lengths()
        places = {path for row in clips for path in (row.source, row.audio, row.video) if path}
        return StoreInfo(
            location=str(self._location),
            engine="local: FAISS and DuckDB",
            index_id=manifest.index_id,
            generation=manifest.generation,
            created=manifest.created,
            spec=manifest.spec,
            encoder=self.encoder,
            recordings=len({row.recording_id for row in clips}),
            clips=len(clips),
            frames=manifest.frames,
            fragments={length: count for length, (count, _) in lengths.items()},
            with_audio=sum(audio for _, audio in lengths.values()),
            styles=catalogue.tally("style"),
            dancers=catalogue.tally("dancer"),
            licences=catalogue.tally("licence"),
            search={
                f"{part.by} {part.n_frames}": part.factory
                + (f", nprobe {part.nprobe}" if part.nprobe else "")
                for part in manifest.parts
            },
            n_bytes={name: entry.size for name, entry in manifest.files.items()},
            missing=tuple(sorted(path for path in places if not os.path.exists(path))),
        )

    def verify(self) -> tuple[str, ...]:
        """Check sizes, contents and consistency; see `FragmentStore.verify`."""
        return self._read.verify()

    def close(self) -> None:
        """Release files and locks; see `FragmentStore.close`."""
        self._forget_changes()
        if self._generation is not None:
            self._generation.close()
        self._generation = None
        self._loaded = {}

    @property
    def _read(self) -> Generation:
        if self._generation is None:
            raise IndexStateError(f"{self._location} is not open, or nothing was committed yet")
        return self._generation

    def _begun(self) -> GenerationWriter:
        if self._writer is None:
            generation = self._read
            self._lock = take_lock(self._location)
            try:
                latest = Manifest.read(self._location / NAME).generation
                if latest != generation.manifest.generation:
                    raise IndexStateError(
                        f"{self._location} was written by another process since it was opened;"
                        " open it again"
                    )
                self._writer = GenerationWriter(
                    self._location, generation.manifest.spec, generation
                )
            except BaseException:
                self._forget_changes()
                raise
        return self._writer

    def _forget_changes(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    def _ask(self, part: SearchPart, queries: Float32, k: int) -> tuple[Float32, Int64]:
        if part.file not in self._loaded:
            self._loaded[part.file] = self._read.search_index(part.file, part.count)
        distances, rows = self._loaded[part.file].search(queries, k)
        short = (rows < 0).any(axis=1)
        if short.any():
            # The lists that were visited held fewer than k; FAISS pads with -1.
            everything = self._read.catalogue.matching(Where(n_frames=part.n_frames), part.by)
            vectors = self._read.vectors(part.by)
            distances[short], rows[short] = exact_search(vectors, everything, queries[short], k)
        return distances, rows

    def _filtered(self, queries: Float32, k: int, by: By, where: Where) -> Hits:
        rows = self._read.catalogue.matching(where, by)
        distances, found = exact_search(self._read.vectors(by), rows, queries, k)
        return Hits(found, distances, len(rows))


def _flat(rows: Int64) -> Int64:
    wanted = np.asarray(rows)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise InputError(f"rows must be integers of shape (N,); got {wanted.dtype} {wanted.shape}")
    return wanted.astype(np.int64)


def _no_hits(n_queries: int, k: int, matching: int) -> Hits:
    return Hits(
        np.empty((n_queries, k), dtype=np.int64),
        np.empty((n_queries, k), dtype=np.float32),
        matching,
    )
