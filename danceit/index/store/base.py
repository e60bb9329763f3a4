"""What engines share that publish by danceit's manifest: opening, the lock, transactions.

An engine of this kind is a `State` (what is published, open for reading), a `Transaction`
(what writes the next), and a subclass of `PublishedStore` that answers questions from the
state. An engine that keeps other files subclasses `FragmentStore` itself.
"""

import os
import shutil
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.store.contract import (
    By,
    FragmentBatch,
    FragmentStore,
    Hits,
    StoreInfo,
    StoreOptions,
    StoreSpec,
    Where,
    check_queries,
)
from danceit.index.store.manifest import NAME, PREFIX, Manifest, absent, engine_of, take_lock
from danceit.index.store.state import ENCODER, State, in_use
from danceit.index.store.transaction import Transaction

S = TypeVar("S", bound=State)
W = TypeVar("W", bound=Transaction[Any])


@dataclass(frozen=True)
class Tally:
    """What an engine counts for `StoreInfo`; `files` are the sources and media it names."""

    recordings: int
    fragments: Mapping[int, int]
    with_audio: int
    styles: Mapping[str, int]
    dancers: Mapping[str, int]
    licences: Mapping[str, int]
    bodies: Mapping[str, int]
    search: Mapping[str, str]
    n_bytes: Mapping[str, int]
    files: frozenset[str]


class PublishedStore(FragmentStore, Generic[S, W]):
    """A store whose published state is named by a manifest; see the module."""

    described: ClassVar[str]
    """What `danceit index info` calls the engine."""
    state_type: ClassVar[type[Any]]
    """The engine's `State`."""
    writer_type: ClassVar[type[Any]]
    """The engine's `Transaction`; made with the place, spec, base, encoder and options."""

    def __init__(self, location: Path, state: S | None, options: StoreOptions) -> None:
        self._check(options)
        self._location = location
        self._state = state
        self._options = options
        self._writer: W | None = None
        self._lock: int | None = None
        if state is not None:
            self._take_state(state)

    @classmethod
    def holds(cls, location: Path) -> bool:
        """Whether the manifest there, or its copy in the newest state, names this engine."""
        return engine_of(location) == str(cls.state_type.engine)

    @classmethod
    def open(cls, location: Path, options: StoreOptions | None = None) -> Self:
        """Open the published state; see `FragmentStore.open`."""
        cls._load()
        location = Path(location)
        while True:
            state: S = cls.state_type.open(location)
            try:
                return cls(location, state, options or StoreOptions())
            except IndexStateError:
                # A writer may have published the next one and removed this one meanwhile.
                state.close()
                if Manifest.read(location / NAME, state.engine) == state.manifest:
                    raise
            except BaseException:
                state.close()
                raise

    @classmethod
    def create(
        cls,
        location: Path,
        spec: StoreSpec,
        save_encoder: Callable[[Path], None],
        options: StoreOptions | None = None,
    ) -> Self:
        """Begin an empty store; see `FragmentStore.create`."""
        cls._load()
        store = cls(Path(location), None, options or StoreOptions())
        store._lock = take_lock(store._location)
        try:
            store._remove_leftovers(store._location)
            store._writer = store._begin(spec, None, save_encoder)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def rebuild(cls, location: Path, options: StoreOptions | None = None) -> Self:
        """Make the search indexes again; see `FragmentStore.rebuild`.

        A lost or damaged manifest is restored from the copy that each state keeps.
        """
        cls._load()
        location = Path(location)
        if not location.is_dir():
            raise absent(location)
        chosen = options or StoreOptions()
        cls._check(chosen)
        lock = take_lock(location)
        try:
            base: S = cls.state_type.last_good(location)
            try:
                writer: W = cls.writer_type(location, base.manifest.spec, base, None, chosen)
                published: S = writer.publish(retrain=True)
            finally:
                base.close()
            cls._remove_leftovers(location)
        finally:
            os.close(lock)
        return cls(location, published, chosen)

    @classmethod
    def discard(cls, location: Path) -> None:
        """Remove manifest and states, but for those that a reader has open."""
        location = Path(location)
        if not cls.holds(location):
            return
        lock = take_lock(location)
        try:
            (location / NAME).unlink(missing_ok=True)
            for folder in location.glob(f"{PREFIX}*"):
                (folder / NAME).unlink(missing_ok=True)
                if not in_use(folder):
                    shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)

    @property
    def spec(self) -> StoreSpec:
        """What all fragments have in common."""
        if self._state is None and self._writer is not None:
            return self._writer.spec
        return self._read.manifest.spec

    @property
    def index_id(self) -> str:
        """Name of the contents as published; see `FragmentStore.index_id`."""
        return self._read.manifest.index_id

    @property
    def encoder(self) -> Path:
        """Folder of the encoder; see `FragmentStore.encoder`."""
        return self._read.folder / ENCODER

    def __len__(self) -> int:
        return self._state.manifest.fragments if self._state else 0

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
                if self._state is not None:
                    self._state.close()
                self._state = published
                self._take_state(published)
                self._remove_leftovers(self._location)
        finally:
            self._forget_changes()

    def search(
        self, queries: Float32, k: int, *, by: By = "pose", where: Where | None = None
    ) -> Hits:
        """Find the nearest fragments; see `FragmentStore.search`."""
        width = self._read.manifest.widths.get(by, 0)
        return self._find(check_queries(queries, k, width, by), k, by, where or Where())

    def info(self) -> StoreInfo:
        """Count and measure everything; see `FragmentStore.info`."""
        manifest, tally = self._read.manifest, self._tally()
        return StoreInfo(
            location=str(self._location),
            engine=self.described,
            index_id=manifest.index_id,
            generation=manifest.generation,
            created=manifest.created,
            spec=manifest.spec,
            encoder=self.encoder,
            recordings=tally.recordings,
            clips=manifest.clips,
            frames=manifest.frames,
            fragments=tally.fragments,
            with_audio=tally.with_audio,
            styles=tally.styles,
            dancers=tally.dancers,
            licences=tally.licences,
            bodies=tally.bodies,
            search=tally.search,
            n_bytes=tally.n_bytes,
            missing=tuple(sorted(path for path in tally.files if not os.path.exists(path))),
        )

    def verify(self) -> tuple[str, ...]:
        """Check sizes, contents and consistency; see `FragmentStore.verify`."""
        return self._read.verify()

    def close(self) -> None:
        """Release files and locks; see `FragmentStore.close`."""
        self._forget_changes()
        if self._state is not None:
            self._state.close()
        self._state = None

    @classmethod
    @abstractmethod
    def _load(cls) -> None:
        """Import what the engine is built on, or say how to install it."""

    @classmethod
    @abstractmethod
    def _check(cls, options: StoreOptions) -> None:
        """Refuse options that cannot be had, now rather than at the end of long work."""

    @staticmethod
    @abstractmethod
    def _remove_leftovers(index: Path) -> None:
        """Remove states that are superseded or were never finished; the lock is held."""

    def _take_state(self, state: S) -> None:
        """Make ready for searching in what was opened or published."""

    @abstractmethod
    def _find(self, queries: Float32, k: int, by: By, where: Where) -> Hits:
        """Search with checked queries."""

    @abstractmethod
    def _tally(self) -> Tally: ...

    @property
    def _read(self) -> S:
        if self._state is None:
            raise IndexStateError(f"{self._location} is closed, or nothing was committed to it")
        return self._state

    def _begin(
        self, spec: StoreSpec, base: S | None, save_encoder: Callable[[Path], None] | None
    ) -> W:
        writer: W = self.writer_type(self._location, spec, base, save_encoder, self._options)
        return writer

    def _begun(self) -> W:
        if self._writer is None:
            state = self._read
            self._lock = take_lock(self._location)
            try:
                if Manifest.read(self._location / NAME, state.engine) != state.manifest:
                    raise IndexStateError(
                        f"{self._location} was written by another process since it was opened;"
                        " open it again"
                    )
                self._remove_leftovers(self._location)
                self._writer = self._begin(state.manifest.spec, state, None)
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


def flat_rows(rows: Int64) -> Int64:
    """Rows (N,) as int64.

    Raises
    ------
    InputError
        If they are no integers, or have another shape.
    """
    wanted = np.asarray(rows)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise InputError(f"rows must be integers of shape (N,); got {wanted.dtype} {wanted.shape}")
    return wanted.astype(np.int64)


def one_length(lengths: Int64) -> int:
    """Return the number of frames that all fragments have whose poses are asked for.

    Raises
    ------
    InputError
        If there are none, or they have several.
    """
    found = np.unique(lengths).tolist()
    if not found:
        raise InputError("poses of no rows have no length")
    if len(found) > 1:
        raise InputError(f"rows must be of one length; got {found}")
    return int(found[0])
