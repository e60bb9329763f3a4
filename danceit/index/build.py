"""Building and keeping an index: what the commands under `danceit index` call.

A build makes the index hold what the data folder holds. Recordings whose files, encoder
and settings are the same are not touched; others are done again, alone. One bad
recording is named and the rest goes on. Work is kept as it is done, so a build that was
stopped, however hard, carries on; nothing is seen of it until all is published at once.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from danceit import __version__
from danceit.data import FRAGMENT_LENGTHS
from danceit.errors import DanceitError, IndexStateError, InputError
from danceit.index.cleaning import CleaningReport, total
from danceit.index.contents import ContentHashes
from danceit.index.embedding import Embedder
from danceit.index.engines import STORES, open_store
from danceit.index.fragments import check_lengths
from danceit.index.preparing import (
    load_prepared,
    prepare,
    save_prepared,
    work_name,
)
from danceit.index.sources import Found, Scan, scan
from danceit.index.store import FragmentStore, RecordingEntry, StoreSpec, Where

WORK = "work"
"""Folder within the index for work that was done but not yet published."""
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
        Recording ids.
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
    progress: Progress | None = None,
) -> BuildReport:
    """Make the index at `out` hold the recordings under `data`.

    Parameters
    ----------
    data, out : Path
    embedder : Embedder
    lengths : iterable of int
        Fragment lengths in frames.
    stride : int, optional
        Frames between fragments; without it they do not overlap.
    dims : int, optional
        2 projects what is 3-D; it must be what the encoder takes.
    progress : callable, optional

    Raises
    ------
    InputError
        If there is nothing to index, or an option is wrong.
    IndexStateError
        If another process is writing, or the index is of a newer format.
    """
    if dims is not None and dims != embedder.dims:
        raise InputError(f"--dims {dims}, but the encoder takes {embedder.dims}-D poses")
    spec = StoreSpec(
        encoder_id=embedder.encoder_id,
        dims=embedder.dims,
        lengths=check_lengths(lengths, stride),
        stride=stride,
        recipe=__version__,
    )
    job = _Job(Path(data), Path(out), embedder, spec, dims, progress or _quiet)
    return job.run()


def remove(
    index: Path,
    *,
    recordings: Iterable[str] = (),
    dancers: Iterable[str] = (),
) -> tuple[str, ...]:
    """Take recordings, or all of a dancer's, out of an index; return the ids of their clips.

    They are gone from every answer at once, and from the files of the index.

    Raises
    ------
    InputError
        If a recording or dancer is not in the index.
    """
    with open_store(index) as store:
        clip_ids = _clips_of(store, set(recordings), set(dancers))
        store.delete(clip_ids)
        store.commit()
    with suppress(OSError):
        shutil.rmtree(Path(index) / WORK)
    return clip_ids


@dataclass
class _Job:
    """One run of `build`."""

    data: Path
    out: Path
    embedder: Embedder
    spec: StoreSpec
    dims: int | None
    progress: Progress
    started: float = field(default_factory=time.monotonic)
    failed: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    done: dict[str, Path] = field(default_factory=dict)
    reports: list[CleaningReport] = field(default_factory=list)

    def run(self) -> BuildReport:
        found = scan(self.data)
        if not found.found:
            raise InputError(_nothing(self.data, found))
        with self._store() as store:
            (self.out / WORK).mkdir(exist_ok=True)
            return self._update(store, found)

    def _store(self) -> FragmentStore:
        engine = STORES.get("local")
        if (self.out / "manifest.json").exists():
            store: FragmentStore = engine.open(self.out)
            if store.spec == self.spec:
                store.begin()
                return store
            store.close()
        created: FragmentStore = engine.create(self.out, self.spec, self.embedder.save)
        return created

    def _update(self, store: FragmentStore, found: Scan) -> BuildReport:
        known = store.recordings()
        hashes = self._hashes(found)
        removed = [
            name for name in known if name not in {item.recording_id for item in found.found}
        ]
        pending = [
            item
            for item in found.found
            if item.recording_id in hashes
            and not self._is_current(item, hashes[item.recording_id], known)
        ]
        for position, item in enumerate(pending):
            self.progress(position, len(pending), item.recording_id)
            self._prepare(item, hashes[item.recording_id])
        self.progress(len(pending), len(pending), "publishing")
        gone = {*removed, *(failure.recording_id for failure in self.failed), *self.done}
        store.delete([clip for name in gone & known.keys() for clip in known[name].clip_ids])
        if not self.done and not known.keys() - gone:
            raise InputError(
                f"nothing in {self.data} could be indexed; {len(self.failed)} recordings failed, "
                f"the first: {self.failed[0].reason}"
            )
        for name, path in self.done.items():
            prepared = load_prepared(path)
            if prepared is None:
                raise IndexStateError(f"the work on {name} was damaged meanwhile; build again")
            store.add(prepared.batch)
        store.commit()
        self._clear_work()
        return self._report(store, found, known.keys(), removed)

    def _hashes(self, found: Scan) -> dict[str, str]:
        memory = ContentHashes(self.out / WORK)
        hashes = {}
        for item in found.found:
            try:
                hashes[item.recording_id] = memory.of(item)
            except DanceitError as exc:
                self.failed.append(Failure(item.recording_id, str(exc)))
        memory.save()
        return hashes

    def _is_current(self, item: Found, file_hash: str, known: Mapping[str, RecordingEntry]) -> bool:
        entry = known.get(item.recording_id)
        return entry is not None and (entry.file_hash, entry.source) == (
            file_hash,
            item.path.absolute(),
        )

    def _prepare(self, item: Found, file_hash: str) -> None:
        path = self.out / WORK / work_name(item, file_hash, self.spec)
        prepared = load_prepared(path)
        if prepared is None:
            try:
                prepared = prepare(item, file_hash, self.embedder, self.spec, self.dims)
            except DanceitError as exc:
                self.failed.append(Failure(item.recording_id, str(exc)))
                return
            save_prepared(prepared, path)
        self.reports.append(prepared.cleaning)
        self.done[item.recording_id] = path

    def _clear_work(self) -> None:
        for path in (self.out / WORK).glob("*.npz"):
            path.unlink(missing_ok=True)

    def _report(
        self, store: FragmentStore, found: Scan, known: AbstractSet[str], removed: list[str]
    ) -> BuildReport:
        info = store.info()
        failed = {failure.recording_id for failure in self.failed}
        ids = {item.recording_id for item in found.found}
        return BuildReport(
            added=tuple(sorted(self.done.keys() - known)),
            changed=tuple(sorted(self.done.keys() & known)),
            unchanged=tuple(sorted(ids - failed - self.done.keys())),
            removed=tuple(sorted(removed)),
            failed=tuple(self.failed),
            unrecognised=found.unrecognised,
            cleaning=total(self.reports),
            warnings=tuple(self.warnings),
            clips=info.clips,
            fragments=len(store),
            index_id=info.index_id,
            seconds=time.monotonic() - self.started,
        )


def _clips_of(
    store: FragmentStore, recordings: AbstractSet[str], dancers: AbstractSet[str]
) -> tuple[str, ...]:
    known = store.recordings()
    if unknown := sorted(recordings - known.keys()):
        raise InputError(f"there is no recording '{unknown[0]}' in the index")
    if unknown := sorted(dancers - store.info().dancers.keys()):
        raise InputError(f"there is no dancer '{unknown[0]}' in the index")
    clip_ids = {clip for name in recordings for clip in known[name].clip_ids}
    if dancers:
        rows = store.matching(Where(dancer=tuple(sorted(dancers))))
        clip_ids |= set(store.table(rows).clip_id.tolist())
    return tuple(sorted(clip_ids))


def _nothing(data: Path, found: Scan) -> str:
    if not found.unrecognised:
        return f"{data} is empty: there is nothing to index"
    return (
        f"no dance was recognised in {data}: {found.n_unrecognised_files} files of other kinds, "
        f"such as {found.unrecognised[0]}"
    )


def _quiet(done: int, total: int, what: str) -> None:
    """Show nothing."""
