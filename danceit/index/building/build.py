"""Building and keeping an index: what the commands under `danceit index` call.

A build makes the index hold what the data folder holds, and keeps what `add` or another
build brought from elsewhere; where the encoder or the fragments are to be others, that is
done again too. Recordings whose files, encoder and settings are the same are not touched;
others are done again, alone. One bad recording is named and the rest goes on. Work is kept
as it is done, so a build that was stopped, however hard, carries on; nothing is seen of it
until all is published at once.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from danceit import __version__
from danceit.errors import IndexStateError, InputError
from danceit.index.building.cluster import RayWorkers, Task
from danceit.index.building.contents import ContentHashes
from danceit.index.building.embedded import (
    RECIPE,
    embed_recording,
    load_batch,
    load_embedded,
    save_embedded,
    work_name,
)
from danceit.index.building.options import BuildOptions, Told
from danceit.index.building.reading import (
    Failure,
    Reading,
    Readings,
    found_again,
    nothing_read,
)
from danceit.index.building.report import BuildReport
from danceit.index.building.withdrawn import WORK, Withdrawn
from danceit.index.cleaning.report import CleaningReport, total
from danceit.index.embedding import Embedder
from danceit.index.sources import Found, Scan, read_ahead, scan
from danceit.index.sources.only import nothing_in
from danceit.index.sources.remote import check_local, fetched
from danceit.index.store.contract import (
    FragmentStore,
    MissingIndexError,
    NewerIndexError,
    RecordingEntry,
    StoreSpec,
)
from danceit.index.store.engines import STORES, detect, engine_at, open_store


def build(
    data: Path,
    out: Path,
    embedder: Embedder,
    options: BuildOptions | None = None,
    *,
    readings: Readings | None = None,
    workers: RayWorkers | None = None,
    told: Told | None = None,
) -> BuildReport:
    """Make the index at `out` hold the recordings under `data`.

    Recordings from other folders stay. An index that is damaged is built anew.

    Parameters
    ----------
    data, out : Path
        Of dances in an object store, the address (`danceit.index.sources.remote`).
    embedder : Embedder
    options : BuildOptions, optional
    readings : Readings, optional
        What was read of `data` already, for training; it is not read again.
    workers : RayWorkers, optional
        A cluster that does the work.
    told : Told, optional

    Raises
    ------
    InputError
        If there is nothing to index, an option is wrong, or all is to be done again and a
        recording from another folder is no longer where it was.
    IndexStateError
        If another process is writing, or the index is of a newer format.
    """
    check_local(out)
    options, told = options or BuildOptions(), told or Told()
    data = _fetched(data, workers, told)
    spec = StoreSpec(
        encoder_id=embedder.encoder_id,
        dims=embedder.dims,
        lengths=options.grid.lengths,
        stride=options.grid.stride,
        grid=options.grid.grid,
        recipe=f"{__version__}/{RECIPE}",
    )
    job = _Job(Path(data), Path(out), embedder, spec, options, told, workers, readings)
    found = job.scanned()
    opened, before = job.opened()
    with opened:
        return job.run(opened, job.with_others(found, before, opened), before, whole=True)


def add(
    data: Path,
    index: Path,
    embedder: Embedder,
    options: BuildOptions | None = None,
    *,
    workers: RayWorkers | None = None,
    told: Told | None = None,
) -> BuildReport:
    """Add the recordings under `data` to an index; nothing leaves it.

    Fragments are cut as those of the index; for the other arguments see `build`.

    Raises
    ------
    InputError
        If there is nothing to add.
    IndexStateError
        If there is no index, another encoder made it, or another process is writing.
    """
    check_local(index)
    options, told = options or BuildOptions(), told or Told()
    data = _fetched(data, workers, told)
    with open_store(index, engine=options.engine, options=options.store) as opened:
        if opened.spec.encoder_id != embedder.encoder_id:
            raise IndexStateError(
                f"{index} was made by encoder {opened.spec.encoder_id},"
                f" not by {embedder.encoder_id}: build it again"
            )
        job = _Job(Path(data), Path(index), embedder, opened.spec, options, told, workers)
        return job.run(opened, job.scanned(), opened.recordings(), whole=False)


@dataclass
class _Job:
    """One run of `build` or `add`."""

    data: Path
    out: Path
    embedder: Embedder
    spec: StoreSpec
    options: BuildOptions
    told: Told
    workers: RayWorkers | None = None
    readings: Readings | None = None
    started: float = field(default_factory=time.monotonic)
    failed: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    done: dict[str, Path] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    replaced: str = ""
    reports: list[CleaningReport] = field(default_factory=list)

    def opened(self) -> tuple[FragmentStore, dict[str, RecordingEntry]]:
        """Open the index, or begin a new one in its place where that is needed.

        What is published there is returned too, also where all of it is to be done again.
        """
        there, name = detect(self.out), self.options.engine
        engine = engine_at(self.out, name)
        before: dict[str, RecordingEntry] = {}
        try:
            store = engine_at(self.out, there or name).open(self.out, self.options.store)
            before = store.recordings()
            if there in ("", name or there) and store.spec == self.spec:
                return store, before
            store.close()
            if there != (name or there):
                self.warnings.append(f"the index was kept by '{there}': all was done again")
                self.replaced = there
            else:
                self.warnings.append("the encoder or the settings are others: all was done again")
        except NewerIndexError:
            raise
        except MissingIndexError:
            pass
        except IndexStateError as exc:
            self.warnings.append(f"the index was damaged and was built anew: {exc}")
            self.replaced = there if there not in ("", name or there) else ""
        store = engine.create(self.out, self.spec, self.embedder.save, self.options.store)
        return store, before

    def scanned(self) -> Scan:
        """Find the recordings, before anything is written."""
        dims = self.options.dims
        if dims not in (None, self.spec.dims):
            raise InputError(f"`dims` is {dims}, but the encoder takes {self.spec.dims}-D poses")
        found = scan(self.data, self.options.reading)
        if not found.found:
            raise InputError(nothing_in(self.data, found))
        # An index inside the data folder is no part of the data.
        index = self.out.resolve()
        others = [path for path in found.unrecognised if not path.resolve().is_relative_to(index)]
        return replace(found, unrecognised=tuple(others))

    def with_others(
        self, found: Scan, before: Mapping[str, RecordingEntry], store: FragmentStore
    ) -> Scan:
        """Take in what the index has from other folders, where all is done again."""
        if store.recordings() or not before:
            return found
        mine = {item.recording_id for item in found.found} | self._removed(found, before)
        others = {name: entry for name, entry in before.items() if name not in mine}
        there, gone = found_again(others, self.options.reading)
        if gone:
            store.close()
            raise InputError(
                f"{self.out} holds {', '.join(gone)} from other folders, no longer there to be done"
                " again; bring them back, or take them out first with: danceit index remove"
            )
        return replace(found, found=(*found.found, *there))

    def run(
        self,
        store: FragmentStore,
        found: Scan,
        before: Mapping[str, RecordingEntry],
        *,
        whole: bool,
    ) -> BuildReport:
        """Bring the store up to date; with `whole`, what is not in the data leaves."""
        store.begin()
        known = store.recordings()
        removed = self._removed(found, before) if whole else set()
        self.gone |= removed
        try:
            self._embed_all(found, known, before)
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

    def _embed_all(
        self,
        found: Scan,
        known: Mapping[str, RecordingEntry],
        before: Mapping[str, RecordingEntry],
    ) -> None:
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
                if self._is_current(item, file_hash, before.get(name)) and name in known:
                    self.unchanged.append(name)
                else:
                    pending.append((item, file_hash))
            except Exception as exc:
                self.failed.append(Failure.of(name, exc))
        hashes.save()
        hopeless = self._work_ahead(pending)
        for name, reason in hopeless.items():
            self._fail(Failure(name, reason))
        pending = [pair for pair in pending if pair[0].recording_id not in hopeless]
        for position, (item, file_hash) in enumerate(pending):
            self.told.indexing(position, len(pending), item.recording_id)
            self._embed(item, file_hash, withdrawn)
        self.told.indexing(len(pending), len(pending), "publishing")

    def _work_ahead(self, pending: list[tuple[Found, str]]) -> dict[str, str]:
        """Do at once what is quicker at once; return the reasons of those that failed."""
        if self.workers is None:
            return read_ahead([item for item, _ in pending], self.told.watching)
        tasks = [Task(item, file_hash, self._path(item, file_hash)) for item, file_hash in pending]
        dims, told = self.options.dims, self.told.indexing
        return self.workers.embed(tasks, self.embedder, self.spec, dims, told)

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

    def _embed(self, item: Found, file_hash: str, withdrawn: Withdrawn) -> None:
        name = item.recording_id
        path = self._path(item, file_hash)
        embedded = load_embedded(path)
        if embedded is None:
            try:
                embedded = embed_recording(
                    item,
                    file_hash,
                    self.embedder,
                    self.spec,
                    self.options.dims,
                    reading=self._read_before(item, file_hash),
                )
            except Exception as exc:
                self._fail(Failure.of(name, exc))
                return
            save_embedded(embedded, path)
        if withdrawn.dancers & {entry.clip.dancer for entry in embedded.batch.clips}:
            path.unlink()
            self._withdraw(name)
            return
        self.reports.append(embedded.cleaning)
        self.done[name] = path

    def _path(self, item: Found, file_hash: str) -> Path:
        """Where the work on a recording is kept until it is published."""
        return self.out / WORK / work_name(item, file_hash, self.spec)

    def _read_before(self, item: Found, file_hash: str) -> Reading | None:
        """What was read of a recording for training, if its files are still the same."""
        for one in self.readings.read if self.readings else ():
            if (one.found, one.file_hash) == (item, file_hash):
                return one
        return None

    def _fail(self, failure: Failure) -> None:
        self.failed.append(failure)
        self.gone.add(failure.recording_id)

    def _withdraw(self, name: str) -> None:
        self.withdrawn.append(name)
        self.gone.add(name)

    def _publish(self, store: FragmentStore, known: Mapping[str, RecordingEntry]) -> None:
        if not self.done and not known.keys() - self.gone:
            raise nothing_read(
                f"nothing in {self.data} could be indexed: {len(self.failed)} recordings failed"
                f" and {len(self.withdrawn)} are withdrawn",
                self.failed,
            )
        leaving = (self.gone | self.done.keys()) & known.keys()
        store.delete([clip for name in sorted(leaving) for clip in known[name].clip_ids])
        if self.workers is not None:
            self.workers.add(store, list(self.done.values()), self.told.indexing)
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


def _fetched(data: Path, workers: RayWorkers | None, told: Told) -> Path:
    return fetched(data, fetch=workers.fetch if workers else None, progress=told.indexing)
