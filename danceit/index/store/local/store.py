"""The local engine: DuckDB and flat files hold the truth, FAISS finds the nearest."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self, TypedDict

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.store.cards import count_cards
from danceit.index.store.contract import (
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
from danceit.index.store.faiss_module import load_faiss
from danceit.index.store.local.generation import ENCODER, Generation
from danceit.index.store.local.search import LocalSearch
from danceit.index.store.local.writer import GenerationWriter
from danceit.index.store.manifest import NAME, PREFIX, Manifest, absent, number_of, take_lock


class _Options(TypedDict):
    device: str
    factory: str
    recall: float


class LocalStore(FragmentStore):
    """A store in one folder on this machine; see `FragmentStore`."""

    def __init__(
        self,
        location: Path,
        generation: Generation | None,
        *,
        device: str,
        factory: str,
        recall: float,
    ) -> None:
        if not 0 <= recall <= 1:
            raise InputError(f"the recall must be between 0 and 1; got {recall}")
        count_cards(device)
        self._location = location
        self._generation = generation
        self._device = device
        self._options: _Options = {"device": device, "factory": factory, "recall": recall}
        self._writer: GenerationWriter | None = None
        self._lock: int | None = None
        self._search = LocalSearch(generation, device) if generation else None

    @classmethod
    def open(
        cls, location: Path, *, device: str = "auto", factory: str = "", recall: float = 0.0
    ) -> Self:
        """Open the published generation; see `FragmentStore.open`.

        `factory` is a FAISS factory string for every set of vectors.
        """
        load_faiss()
        location = Path(location)
        while True:
            generation = Generation.open(location)
            try:
                return cls(location, generation, device=device, factory=factory, recall=recall)
            except IndexStateError:
                # A writer may have published the next one and removed this one meanwhile.
                generation.close()
                if Manifest.read(location / NAME).generation == generation.manifest.generation:
                    raise
            except BaseException:
                generation.close()
                raise

    @classmethod
    def create(
        cls,
        location: Path,
        spec: StoreSpec,
        save_encoder: Callable[[Path], None],
        *,
        device: str = "auto",
        factory: str = "",
        recall: float = 0.0,
    ) -> Self:
        """Begin an empty store; see `FragmentStore.create`."""
        load_faiss()
        store = cls(Path(location), None, device=device, factory=factory, recall=recall)
        store._lock = take_lock(store._location)
        try:
            store._writer = GenerationWriter(
                store._location, spec, None, save_encoder, **store._options
            )
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def rebuild(
        cls, location: Path, *, device: str = "auto", factory: str = "", recall: float = 0.0
    ) -> Self:
        """Make the FAISS indexes again from DuckDB and the vectors; see `FragmentStore.rebuild`.

        A lost or damaged manifest is restored from the copy that each generation keeps.
        """
        load_faiss()
        location = Path(location)
        if not location.is_dir():
            raise absent(location)
        lock = take_lock(location)
        try:
            base = _last_good(location)
            try:
                options: _Options = {"device": device, "factory": factory, "recall": recall}
                writer = GenerationWriter(location, base.manifest.spec, base, **options)
                published = writer.publish()
            finally:
                base.close()
        finally:
            os.close(lock)
        return cls(location, published, **options)

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
        return self._generation.manifest.fragments if self._generation else 0

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
        if self._writer is None:
            return
        try:
            if self._writer.changed:
                published = self._writer.publish()
                if self._generation is not None:
                    self._generation.close()
                self._generation = published
                self._search = LocalSearch(published, self._device)
        finally:
            self._forget_changes()

    def search(
        self, queries: Float32, k: int, *, by: By = "pose", where: Where | None = None
    ) -> Hits:
        """Find the nearest fragments; see `FragmentStore.search`."""
        where = where or Where()
        width = self._read.manifest.widths.get(by, 0)
        if self._search is None:
            raise IndexStateError(f"{self._location} is closed")
        return self._search.find(check_queries(queries, k, width, by), k, by, where)

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
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < len(vectors):
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
        self._search = None
        if self._generation is not None:
            self._generation.close()
        self._generation = None

    @property
    def _read(self) -> Generation:
        if self._generation is None:
            raise IndexStateError(f"{self._location} is closed, or nothing was committed to it")
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
                    self._location, generation.manifest.spec, generation, **self._options
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


def _last_good(location: Path) -> Generation:
    """Open the published generation or, without a manifest, the newest whose truth is whole."""
    problem = ""
    try:
        manifests = [Manifest.read(location / NAME)]
    except IndexStateError as exc:
        problem = str(exc)
        folders = sorted(location.glob(f"{PREFIX}*"), key=lambda one: -number_of(one.name))
        manifests = []
        for folder in folders:
            if (folder / NAME).exists():
                manifests.append(Manifest.read(folder / NAME))
    for manifest in manifests:
        try:
            generation = Generation.open_checked(location, manifest, searchable=False)
        except IndexStateError as exc:
            problem = str(exc)
            continue
        problems = generation.verify_truth()
        if not problems:
            return generation
        generation.close()
        problem = problems[0]
    raise IndexStateError(problem)


def _flat(rows: Int64) -> Int64:
    wanted = np.asarray(rows)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise InputError(f"rows must be integers of shape (N,); got {wanted.dtype} {wanted.shape}")
    return wanted.astype(np.int64)
