"""The Lance engine: tables that grow by versions, embedded here and written by many there.

The same files are opened by a laptop, by replicas of a service, and by the writers of a
cluster (`danceit.index.building.cluster`). Rows are places in the table of fragments at the
published version. Needs the extra ``[cluster]``.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self, TypedDict

import numpy as np

from danceit.data import FPS, N_JOINTS, Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.fragments import fragment_id
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
from danceit.index.store.lance.generation import ENCODER, ENGINE, LanceGeneration, last_good
from danceit.index.store.lance.search import find
from danceit.index.store.lance.tables import (
    CLIP_COLUMNS,
    Table,
    condition_of,
    load_lance,
    readable,
    vectors_of,
)
from danceit.index.store.lance.writer import LanceWriter, remove_leftovers
from danceit.index.store.manifest import NAME, Manifest, SearchPart, absent, take_lock
from danceit.index.store.pose_file import decode, record_type


class _Options(TypedDict):
    device: str
    factory: str
    recall: float


class LanceStore(FragmentStore):
    """A store of Lance tables in one folder; see `FragmentStore`."""

    def __init__(
        self,
        location: Path,
        opened: LanceGeneration | None,
        *,
        device: str,
        factory: str,
        recall: float,
    ) -> None:
        if device == "cuda":
            # Rather now than when it is needed, at the end of a long build.
            count_cards(device)
        if not 0 <= recall <= 1:
            raise InputError(f"the recall must be between 0 and 1; got {recall}")
        self._location = location
        self._opened = opened
        self._options: _Options = {"device": device, "factory": factory, "recall": recall}
        self._writer: LanceWriter | None = None
        self._lock: int | None = None

    @classmethod
    def open(
        cls, location: Path, *, device: str = "auto", factory: str = "", recall: float = 0.0
    ) -> Self:
        """Open the published versions; see `FragmentStore.open`.

        `device` is where lists are made; searching is on the processor. `factory` is "exact"
        or one of `danceit.index.store.lance.search.KINDS`.
        """
        load_lance()
        location = Path(location)
        opened = LanceGeneration.open(location)
        try:
            return cls(location, opened, device=device, factory=factory, recall=recall)
        except BaseException:
            opened.close()
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
        load_lance()
        store = cls(Path(location), None, device=device, factory=factory, recall=recall)
        store._lock = take_lock(store._location)
        try:
            remove_leftovers(store._location)
            store._writer = LanceWriter(store._location, spec, None, save_encoder, **store._options)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def rebuild(
        cls, location: Path, *, device: str = "auto", factory: str = "", recall: float = 0.0
    ) -> Self:
        """Make Lance's search indexes again; see `FragmentStore.rebuild`.

        A lost or damaged manifest is restored from the copy that each generation keeps.
        """
        load_lance()
        location = Path(location)
        if not location.is_dir():
            raise absent(location)
        lock = take_lock(location)
        try:
            manifest = last_good(location)
            base = LanceGeneration(location, manifest)
            options: _Options = {"device": device, "factory": factory, "recall": recall}
            try:
                published = LanceWriter(location, manifest.spec, base, **options).publish(
                    retrain=True
                )
            finally:
                base.close()
            remove_leftovers(location)
        finally:
            os.close(lock)
        return cls(location, published, **options)

    @property
    def spec(self) -> StoreSpec:
        """What all fragments have in common."""
        if self._opened is None and self._writer is not None:
            return self._writer.spec
        return self._read.manifest.spec

    @property
    def encoder(self) -> Path:
        """Folder of the encoder; see `FragmentStore.encoder`."""
        return self._read.folder / ENCODER

    @property
    def writer(self) -> LanceWriter:
        """The transaction, begun if need be, for processes that write files themselves."""
        return self._begun()

    def __len__(self) -> int:
        return self._opened.manifest.fragments if self._opened else 0

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
                if self._opened is not None:
                    self._opened.close()
                self._opened = published
                remove_leftovers(self._location)
        finally:
            self._forget_changes()

    def search(
        self, queries: Float32, k: int, *, by: By = "pose", where: Where | None = None
    ) -> Hits:
        """Find the nearest fragments; see `FragmentStore.search`."""
        width = self._read.manifest.widths.get(by, 0)
        checked = check_queries(queries, k, width, by)
        hits = find(self._read, checked, k, by, where or Where())
        if not len(checked):
            # Nothing was asked, so nothing was looked for, but the answer has its shape.
            shape = (0, min(k, hits.matching))
            return Hits(np.empty(shape, np.int64), np.empty(shape, np.float32), hits.matching)
        return hits

    def matching(self, where: Where) -> Int64:
        """Rows of all fragments that satisfy a filter; see `FragmentStore.matching`."""
        if self._read.fragments is None:
            return np.empty(0, dtype=np.int64)
        return self._read.fragments.scan([], condition_of(where))[0]

    def table(self, rows: Int64) -> FragmentTable:
        """Metadata of fragments; see `FragmentStore.table`."""
        wanted = _flat(rows)
        found = self._fragments(wanted, ["clip_id", "start_frame", "n_frames", "energy"])
        start = np.asarray(found["start_frame"], dtype=np.int64)
        length = np.asarray(found["n_frames"], dtype=np.int64)
        clips = self._clips_of(found["clip_id"].to_pylist(), CLIP_COLUMNS)
        clips.pop("n_frames")
        start_s = clips.pop("start_s") + start / FPS
        parts = zip(clips["clip_id"].tolist(), start.tolist(), length.tolist(), strict=True)
        return FragmentTable(
            rows=wanted,
            fragment_id=np.array([fragment_id(*part) for part in parts], dtype=object),
            start_frame=start,
            n_frames=length,
            start_s=start_s,
            end_s=start_s + length / FPS,
            energy=np.asarray(found["energy"], dtype=np.float64),
            **clips,
        )

    def poses(self, rows: Int64) -> Float32:
        """Poses of fragments of one length; see `FragmentStore.poses`."""
        wanted = _flat(rows)
        found = self._fragments(wanted, ["clip_id", "start_frame", "n_frames"])
        lengths = sorted(set(found["n_frames"].to_pylist()))
        if not lengths:
            raise InputError("poses of no rows have no length")
        if len(lengths) > 1:
            raise InputError(f"rows must be of one length; got {lengths}")
        record = record_type(self.spec.dims)
        clips = self._read.clip_rows(found["clip_id"].to_pylist())
        first = np.asarray(found["start_frame"], dtype=np.int64) * record.itemsize
        size = lengths[0] * record.itemsize
        places = [
            (clip, offset, size)
            for clip, offset in zip(clips.tolist(), first.tolist(), strict=True)
        ]
        raw = b"".join(self._clips.ranges("poses", places))
        if len(raw) != len(wanted) * size:
            raise IndexStateError(f"{self._clips.path} is damaged: it lacks poses")
        records = np.frombuffer(raw, dtype=record).reshape(len(wanted), lengths[0])
        return decode(records).reshape(len(wanted), lengths[0], N_JOINTS, self.spec.dims)

    def vectors(self, rows: Int64, by: By = "pose") -> Float32:
        """Vectors of fragments; see `FragmentStore.vectors`."""
        return vectors_of(self._fragments(_flat(rows), [by]), by, self._read.manifest.widths[by])

    def recordings(self) -> dict[str, RecordingEntry]:
        """Every recording by id; see `FragmentStore.recordings`."""
        if self._opened is None or self._opened.clips is None:
            return {}
        _, found = self._clips.scan(["recording_id", "clip_id", "file_hash", "source"])
        entries: dict[str, RecordingEntry] = {}
        for row in sorted(found.to_pylist(), key=lambda row: (row["recording_id"], row["clip_id"])):
            name = row["recording_id"]
            before = entries[name].clip_ids if name in entries else ()
            source = Path(row["source"])
            entries[name] = RecordingEntry(row["file_hash"], source, (*before, row["clip_id"]))
        return entries

    def info(self) -> StoreInfo:
        """Count and measure everything; see `FragmentStore.info`."""
        manifest = self._read.manifest
        tallies = self._tallies()
        columns = ["recording_id", "source", "audio", "video"]
        clips: dict[str, list[str]] = {name: [] for name in columns}
        if self._read.clips is not None:
            _, found = self._clips.scan(columns)
            clips = {name: found[name].to_pylist() for name in columns}
        places = {path for name in columns[1:] for path in clips[name] if path}
        sizes: Counter[str] = Counter()
        for name, entry in manifest.files.items():
            sizes[name.split("/")[0]] += entry.size
        return StoreInfo(
            location=str(self._location),
            engine="lance: Lance tables",
            index_id=manifest.index_id,
            generation=manifest.generation,
            created=manifest.created,
            spec=manifest.spec,
            encoder=self.encoder,
            recordings=len(set(clips["recording_id"])),
            clips=manifest.clips,
            frames=manifest.frames,
            fragments=tallies["n_frames"],
            with_audio=tallies["has_audio"].get(True, 0),
            styles=tallies["style"],
            dancers=tallies["dancer"],
            licences=tallies["licence"],
            search=_how_searched(manifest.parts),
            n_bytes=dict(sizes),
            missing=tuple(sorted(path for path in places if not os.path.exists(path))),
        )

    def verify(self) -> tuple[str, ...]:
        """Check sizes, contents and consistency; see `FragmentStore.verify`."""
        return self._read.verify()

    def close(self) -> None:
        """Release files and locks; see `FragmentStore.close`."""
        self._forget_changes()
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    @property
    def _read(self) -> LanceGeneration:
        if self._opened is None:
            raise IndexStateError(f"{self._location} is closed, or nothing was committed to it")
        return self._opened

    @property
    def _clips(self) -> Table:
        if self._read.clips is None:
            raise InputError("rows outside the index: it is empty")
        return self._read.clips

    def _fragments(self, rows: Int64, columns: list[str]) -> Any:
        if self._read.fragments is None:
            raise InputError("rows outside the index: it is empty")
        return self._read.fragments.take(rows, columns)

    def _clips_of(self, clip_ids: list[str], columns: Iterable[str]) -> dict[str, Any]:
        """Columns of clips, one entry for each name."""
        names, places = np.unique(np.array(clip_ids, dtype=object), return_inverse=True)
        found = self._clips.take(self._read.clip_rows(names.tolist()), list(columns))
        texts = {name for name in columns if found.schema.field(name).type == "string"}
        return {
            name: np.array(found[name].to_pylist(), dtype=object if name in texts else None)[places]
            for name in columns
        }

    def _tallies(self) -> dict[str, dict[Any, int]]:
        """Fragments by the value of each column by which they are counted."""
        columns = ["n_frames", "has_audio", "style", "dancer", "licence"]
        counts: dict[str, Counter[Any]] = {name: Counter() for name in columns}
        if self._read.fragments is not None:
            table = self._read.fragments
            with readable(table.path):
                for batch in table.dataset.to_batches(columns=columns):
                    for name in columns:
                        for value in batch[name].value_counts().to_pylist():
                            counts[name][value["values"]] += value["counts"]
        return {name: dict(sorted(count.items())) for name, count in counts.items()}

    def _begun(self) -> LanceWriter:
        if self._writer is None:
            opened = self._read
            self._lock = take_lock(self._location)
            try:
                if Manifest.read(self._location / NAME, ENGINE) != opened.manifest:
                    raise IndexStateError(
                        f"{self._location} was written by another process since it was opened;"
                        " open it again"
                    )
                self._writer = LanceWriter(
                    self._location, opened.manifest.spec, opened, **self._options
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


def _how_searched(parts: Iterable[SearchPart]) -> dict[str, str]:
    """By space, the kind of search index and the lists visited, which differ with the length."""
    visited: dict[str, list[int]] = {}
    factories = {part.by: part.factory for part in parts}
    for part in parts:
        visited.setdefault(part.by, []).append(part.nprobe)
    return {
        by: factory
        + (f", nprobe {min(visited[by])}" if max(visited[by]) else "")
        + (f" to {max(visited[by])}" if max(visited[by]) > min(visited[by]) else "")
        for by, factory in factories.items()
    }


def _flat(rows: Int64) -> Int64:
    wanted = np.asarray(rows)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise InputError(f"rows must be integers of shape (N,); got {wanted.dtype} {wanted.shape}")
    return wanted.astype(np.int64)
