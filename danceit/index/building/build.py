"""Building and keeping an index: what the commands under `danceit index` call.

A build makes the index hold what the data folder holds. Recordings whose files, encoder
and settings are the same are not touched; others are done again, alone. One bad
recording is named and the rest goes on. Work is kept as it is done, so a build that was
stopped, however hard, carries on; nothing is seen of it until all is published at once.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from danceit import __version__
from danceit.data import FRAGMENT_LENGTHS
from danceit.errors import DanceitError, IndexStateError, InputError
from danceit.index.building.cluster import RayWorkers, Task
from danceit.index.building.contents import ContentHashes
from danceit.index.building.preparing import (
    load_batch,
    load_prepared,
    prepare,
    save_prepared,
    work_name,
)
from danceit.index.building.withdrawn import WORK, Withdrawn
from danceit.index.cleaning.cleaning import CleaningReport, total
from danceit.index.embedding import Embedder
from danceit.index.fragments import check_lengths
from danceit.index.sources import Found, Scan, read_ahead, scan
from danceit.index.sources.remote import check_local, fetched
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.contract import (
    FragmentStore,
    MissingIndexError,
    NewerIndexError,
    RecordingEntry,
    StoreOptions,
    StoreSpec,
)
from danceit.index.store.engines import DEFAULT, STORES, detect, open_store

Progress = Callable[[int, int, str], None]
"""Called with recordings done, recordings in all, and what is being done."""


@dataclass(frozen=True)
class Failure:
    """A recording that could not be indexed, and the one line that says why."""

    recording_id: str
    reason: str


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes
    ----------
    added, changed, unchanged, removed : tuple of str
        Recording ids. Changed ones have other files, or moved.
    withdrawn : tuple of str
        Recordings in the data that were taken out for good; see `keeping.remove`.
    failed : tuple of Failure
        Recordings that are not in the index for it.
    unrecognised : tuple of Path
        What no source knows; a folder may stand for several files.
    cleaning : CleaningReport
        Of the recordings done now, added up; its warnings and notes name their recording.
    warnings : tuple of str
        About the index as a whole.
    clips, fragments : int
        In the index now.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    withdrawn: tuple[str, ...]
    failed: tuple[Failure, ...]
    unrecognised: tuple[Path, ...]
    cleaning: CleaningReport
    warnings: tuple[str, ...]
    clips: int
    fragments: int
    index_id: str
    seconds: float


def build(
    data: Path,
    out: Path,
    embedder: Embedder,
    *,
    lengths: Iterable[int] = FRAGMENT_LENGTHS,
    stride: int | None = None,
    dims: int | None = None,
    store: str = "",
    options: StoreOptions | None = None,
    settings: ReadSettings | None = None,
    workers: RayWorkers | None = None,
    progress: Progress | None = None,
    watching: Progress | None = None,
) -> BuildReport:
    """Make the index at `out` hold the recordings under `data`.

    Recordings that `add` brought from other folders stay, unless the encoder or the
    fragments are to be others. An index that is damaged is built anew.

    Parameters
    ----------
    data, out : Path
        Of dances in an object store, the address (`danceit.index.sources.remote`).
    embedder : Embedder
    lengths : iterable of int
        Fragment lengths in frames.
    stride : int, optional
        Frames between fragments; without it they do not overlap.
    dims : int, optional
        2 projects what is 3-D; it must be what the encoder takes.
    store : str
        Engine, a name in `danceit.index.store.engines.STORES`; without it, that of the index,
        or the local one. An index of another engine is built anew.
    options : StoreOptions, optional
        How the engine searches.
    settings : ReadSettings, optional
        How recordings are read.
    progress : callable, optional
    watching : callable, optional
        Told of the frames of videos in which poses are looked for, before all else.

    Raises
    ------
    InputError
        If there is nothing to index, or an option is wrong.
    IndexStateError
        If another process is writing, or the index is of a newer format.
    """
    check_local(out)
    data = _fetched(data, workers, progress)
    spec = StoreSpec(
        encoder_id=embedder.encoder_id,
        dims=embedder.dims,
        lengths=check_lengths(lengths, stride),
        stride=stride,
        recipe=__version__,
    )
    job = _Job(Path(data), Path(out), embedder, spec, dims, progress or _quiet, watching, settings)
    job.workers = workers
    found = job.scanned()
    with job.opened(store, options or StoreOptions()) as opened:
        return job.run(opened, found, whole=True)


def add(
    data: Path,
    index: Path,
    embedder: Embedder,
    *,
    dims: int | None = None,
    store: str = "",
    device: str = "auto",
    settings: ReadSettings | None = None,
    workers: RayWorkers | None = None,
    progress: Progress | None = None,
    watching: Progress | None = None,
) -> BuildReport:
    """Add the recordings under `data` to an index; nothing leaves it.

    Fragment lengths and stride are those of the index; for the other arguments see `build`.

    Raises
    ------
    InputError
        If there is nothing to add.
    IndexStateError
        If there is no index, another encoder made it, or another process is writing.
    """
    check_local(index)
    data = _fetched(data, workers, progress)
    with open_store(index, engine=store, device=device) as opened:
        if opened.spec.encoder_id != embedder.encoder_id:
            raise IndexStateError(
                f"{index} was made by encoder {opened.spec.encoder_id},"
                f" not by {embedder.encoder_id}: build it again"
            )
        told = progress or _quiet
        job = _Job(Path(data), Path(index), embedder, opened.spec, dims, told, watching, settings)
        job.workers = workers
        return job.run(opened, job.scanned(), whole=False)


@dataclass
class _Job:
    """One run of `build` or `add`."""

    data: Path
    out: Path
    embedder: Embedder
    spec: StoreSpec
    dims: int | None
    progress: Progress
    watching: Progress | None = None
    settings: ReadSettings | None = None
    workers: RayWorkers | None = None
    started: float = field(default_factory=time.monotonic)
    failed: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    done: dict[str, Path] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    replaced: str = ""
    reports: list[CleaningReport] = field(default_factory=list)

    def opened(self, name: str, options: StoreOptions) -> FragmentStore:
        """Open the index, or begin a new one in its place where that is needed."""
        there = detect(self.out)
        engine: type[FragmentStore] = STORES.get(name or there or DEFAULT)
        try:
            if name and there not in ("", name):
                self.warnings.append(f"the index was kept by '{there}': all was done again")
                self.replaced = there
                raise MissingIndexError(f"{self.out} has no index of the engine '{name}'")
            store = engine.open(self.out, options)
            if store.spec == self.spec:
                return store
            store.close()
            self.warnings.append("the encoder or the settings are others: all was done again")
        except NewerIndexError:
            raise
        except MissingIndexError:
            pass
        except IndexStateError as exc:
            self.warnings.append(f"the index was damaged and was built anew: {exc}")
        return engine.create(self.out, self.spec, self.embedder.save, options)

    def scanned(self) -> Scan:
        """Find the recordings, before anything is written."""
        if self.dims not in (None, self.spec.dims):
            raise InputError(f"--dims {self.dims}, but the encoder takes {self.spec.dims}-D poses")
        found = scan(self.data, self.settings)
        if not found.found:
            raise InputError(_nothing(self.data, found))
        # An index inside the data folder is no part of the data.
        index = self.out.resolve()
        others = [path for path in found.unrecognised if not path.resolve().is_relative_to(index)]
        return replace(found, unrecognised=tuple(others))

    def run(self, store: FragmentStore, found: Scan, *, whole: bool) -> BuildReport:
        """Bring the store up to date; with `whole`, what is not in the data leaves."""
        store.begin()
        known = store.recordings()
        removed = self._removed(found, known) if whole else set()
        self.gone |= removed
        try:
            self._prepare_all(found, known)
        except OSError as exc:
            # What cannot be read is an InputError by now; this is the disk of the index.
            raise IndexStateError(
                f"cannot write the index at {self.out}: {exc.strerror or exc};"
                " what was there is unharmed"
            ) from exc
        self._publish(store, known)
        return self._report(store, found, known, removed)

    def _removed(self, found: Scan, known: Mapping[str, RecordingEntry]) -> set[str]:
        """Find recordings that came from this folder and are no longer there."""
        root = Path(os.path.abspath(self.data))
        here = {name for name, entry in known.items() if entry.source.is_relative_to(root)}
        return here - {item.recording_id for item in found.found}

    def _prepare_all(self, found: Scan, known: Mapping[str, RecordingEntry]) -> None:
        work = self.out / WORK
        work.mkdir(parents=True, exist_ok=True)
        withdrawn = Withdrawn.read(self.out)
        hashes = ContentHashes(work)
        pending = []
        for item in found.found:
            name = item.recording_id
            if name in withdrawn.recordings:
                self._withdraw(name)
                continue
            try:
                file_hash = hashes.of(item)
                if self._is_current(item, file_hash, known.get(name)):
                    self.unchanged.append(name)
                else:
                    pending.append((item, file_hash))
            except DanceitError as exc:
                self.failed.append(Failure(name, str(exc)))
        hashes.save()
        hopeless = self._work_ahead(pending)
        for name, reason in hopeless.items():
            self._fail(name, reason)
        pending = [pair for pair in pending if pair[0].recording_id not in hopeless]
        for position, (item, file_hash) in enumerate(pending):
            self.progress(position, len(pending), item.recording_id)
            self._prepare(item, file_hash, withdrawn)
        self.progress(len(pending), len(pending), "publishing")

    def _work_ahead(self, pending: list[tuple[Found, str]]) -> dict[str, str]:
        """Do at once what is quicker at once; return the reasons of those that failed."""
        if self.workers is None:
            return read_ahead([item for item, _ in pending], self.watching)
        tasks = [Task(item, file_hash, self._path(item, file_hash)) for item, file_hash in pending]
        return self.workers.prepare(tasks, self.embedder, self.spec, self.dims, self.progress)

    def _is_current(self, item: Found, file_hash: str, entry: RecordingEntry | None) -> bool:
        if entry is None:
            return False
        here = Path(os.path.abspath(item.path))
        if entry.source == here:
            return entry.file_hash == file_hash
        if entry.file_hash != file_hash and entry.source.exists():
            raise InputError(
                f"the index has another recording '{item.recording_id}', from {entry.source};"
                f" rename {here}"
            )
        # It has moved, and so have the paths that were stored.
        return False

    def _prepare(self, item: Found, file_hash: str, withdrawn: Withdrawn) -> None:
        name = item.recording_id
        path = self._path(item, file_hash)
        prepared = load_prepared(path)
        if prepared is None:
            try:
                prepared = prepare(item, file_hash, self.embedder, self.spec, self.dims)
            except DanceitError as exc:
                self._fail(name, str(exc))
                return
            save_prepared(prepared, path)
        if withdrawn.dancers & {entry.clip.dancer for entry in prepared.batch.clips}:
            path.unlink()
            self._withdraw(name)
            return
        self.reports.append(prepared.cleaning)
        self.done[name] = path

    def _path(self, item: Found, file_hash: str) -> Path:
        """Where the work on a recording is kept until it is published."""
        return self.out / WORK / work_name(item, file_hash, self.spec)

    def _fail(self, name: str, reason: str) -> None:
        self.failed.append(Failure(name, reason))
        self.gone.add(name)

    def _withdraw(self, name: str) -> None:
        self.withdrawn.append(name)
        self.gone.add(name)

    def _publish(self, store: FragmentStore, known: Mapping[str, RecordingEntry]) -> None:
        if not self.done and not known.keys() - self.gone:
            first = f", the first: {self.failed[0].reason}" if self.failed else ""
            raise InputError(
                f"nothing in {self.data} could be indexed: {len(self.failed)} recordings failed"
                f" and {len(self.withdrawn)} are withdrawn{first}"
            )
        leaving = (self.gone | self.done.keys()) & known.keys()
        store.delete([clip for name in sorted(leaving) for clip in known[name].clip_ids])
        if self.workers is not None:
            self.workers.add(store, list(self.done.values()), self.progress)
        else:
            for path in self.done.values():
                store.add(load_batch(path))
        store.commit()
        if self.replaced:
            STORES.get(self.replaced).discard(self.out)
        for path in (self.out / WORK).glob("*.npz"):
            path.unlink(missing_ok=True)

    def _report(
        self,
        store: FragmentStore,
        found: Scan,
        known: Mapping[str, RecordingEntry],
        removed: set[str],
    ) -> BuildReport:
        info = store.info()
        return BuildReport(
            added=tuple(sorted(self.done.keys() - known.keys())),
            changed=tuple(sorted(self.done.keys() & known.keys())),
            unchanged=tuple(self.unchanged),
            removed=tuple(sorted(removed)),
            withdrawn=tuple(self.withdrawn),
            failed=tuple(self.failed),
            unrecognised=found.unrecognised,
            cleaning=total(self.reports),
            warnings=tuple(self.warnings),
            clips=info.clips,
            fragments=len(store),
            index_id=store.index_id,
            seconds=time.monotonic() - self.started,
        )


def _fetched(data: Path, workers: RayWorkers | None, progress: Progress | None) -> Path:
    return fetched(data, fetch=workers.fetch if workers else None, progress=progress)


def _nothing(data: Path, found: Scan) -> str:
    if not found.unrecognised:
        return f"{data} is empty: there is nothing to index"
    return (
        f"no dance was recognised in {data}: {found.n_unrecognised_files} files of other kinds, "
        f"such as {found.unrecognised[0]}"
    )


def _quiet(done: int, total: int, what: str) -> None:
    """Show nothing."""
