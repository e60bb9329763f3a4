"""An engine as a third party might write one: files of its own, none of danceit's manifest.

Each commit puts a new folder on the shelf; the file `CURRENT` names the newest. Everything is
held in memory and compared with everything.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.files import replacing, sha256_of_file
from danceit.index.building.embedded import Embedded, load_embedded, save_embedded
from danceit.index.cleaning.report import total
from danceit.index.store.base import flat_rows, one_length
from danceit.index.store.batch import ClipEntry, FragmentBatch
from danceit.index.store.contract import (
    By,
    FragmentStore,
    FragmentTable,
    Hits,
    MissingIndexError,
    RecordingEntry,
    StoreInfo,
    StoreOptions,
    StoreSpec,
    Where,
    check_queries,
)
from danceit.index.store.fitting import check_fits, check_not_added
from danceit.index.store.manifest import take_lock

CURRENT = "CURRENT"


@dataclass(frozen=True)
class Shelved:
    """One clip with its fragments."""

    entry: ClipEntry
    batch: FragmentBatch


class ShelfStore(FragmentStore):
    def __init__(self, location: Path, spec: StoreSpec, folder: Path | None) -> None:
        self._location, self._spec, self._folder = Path(location), spec, folder
        self._clips: dict[str, Shelved] = {}
        self._new: dict[str, Shelved] = {}
        self._gone: set[str] = set()
        self._lock: int | None = None
        self._save_encoder: Callable[[Path], None] | None = None
        self._widths = {"pose": 0, "audio": 0}
        if folder is not None:
            embedded = load_embedded(folder / "fragments.npz")
            if embedded is None:
                raise IndexStateError(f"{folder} is damaged")
            self._clips = parted(embedded.batch)
            self._widths = json.loads((folder / "widths.json").read_text())
        self._gather()

    @classmethod
    def holds(cls, location: Path) -> bool:
        return (Path(location) / CURRENT).is_file()

    @classmethod
    def open(cls, location: Path, options: StoreOptions | None = None) -> Self:
        location = Path(location)
        if not cls.holds(location):
            raise MissingIndexError(f"no index at {location}")
        folder = location / (location / CURRENT).read_text()
        stored = json.loads((folder / "spec.json").read_text())
        return cls(location, StoreSpec(**stored | {"lengths": tuple(stored["lengths"])}), folder)

    @classmethod
    def create(
        cls,
        location: Path,
        spec: StoreSpec,
        save_encoder: Callable[[Path], None],
        options: StoreOptions | None = None,
    ) -> Self:
        store = cls(location, spec, None)
        store._lock = take_lock(store._location)
        store._save_encoder = save_encoder
        return store

    @classmethod
    def rebuild(cls, location: Path, options: StoreOptions | None = None) -> Self:
        return cls.open(location)

    @classmethod
    def discard(cls, location: Path) -> None:
        (Path(location) / CURRENT).unlink(missing_ok=True)

    @property
    def spec(self) -> StoreSpec:
        return self._spec

    @property
    def index_id(self) -> str:
        return sha256_of_file(self._published / "fragments.npz")[:16]

    @property
    def encoder(self) -> Path:
        return self._published / "encoder"

    def __len__(self) -> int:
        return len(self._rows) if self._folder else 0

    def begin(self) -> None:
        if self._lock is None:
            self._lock = take_lock(self._location)
            if (self._location / CURRENT).read_text() != self._published.name:
                self._forget()
                raise IndexStateError("written by another process since it was opened")

    def add(self, batch: FragmentBatch) -> None:
        self.begin()
        check_fits(batch, self._spec, self._widths, self._new)
        widths = batch.pose_vectors.shape[1], batch.audio_vectors.shape[1]
        self._widths = dict(zip(("pose", "audio"), widths, strict=True))
        self._new |= parted(batch)

    def delete(self, clip_ids: Iterable[str]) -> int:
        self.begin()
        check_not_added(set(clip_ids), set(self._new))
        found = (set(clip_ids) & self._clips.keys()) - self._gone
        self._gone |= found
        return len(found)

    def commit(self) -> None:
        if self._lock is None:
            return
        try:
            if self._new or self._gone or self._folder is None:
                self._publish()
        finally:
            self._forget()

    def search(
        self, queries: Float32, k: int, *, by: By = "pose", where: Where | None = None
    ) -> Hits:
        queries = check_queries(queries, k, self._widths[by], by)
        rows = self.matching(where or Where())
        vectors = self.vectors(rows, by)
        heard = ~np.isnan(vectors).any(axis=1)
        rows, vectors = rows[heard], vectors[heard]
        if not len(rows):
            none = len(queries), 0
            return Hits(np.empty(none, np.int64), np.empty(none, np.float32), 0)
        far = ((queries[:, None].astype(float) - vectors[None]) ** 2).sum(axis=2)
        order = np.argsort(far, axis=1, kind="stable")[:, :k]
        distances = np.take_along_axis(far, order, axis=1).astype(np.float32)
        return Hits(rows[order], distances, len(rows))

    def matching(self, where: Where) -> Int64:
        rows: Int64 = np.arange(len(self._rows), dtype=np.int64)
        if not len(rows):
            return rows
        table = self.table(rows)
        kept = np.ones(len(rows), dtype=bool)
        for name in ("style", "dancer", "licence", "body"):
            if names := getattr(where, name):
                kept &= np.isin(getattr(table, name).astype(str), names)
        for name in ("tempo_bpm", "energy"):
            if span := getattr(where, name):
                kept &= (getattr(table, name) >= span[0]) & (getattr(table, name) <= span[1])
        if where.n_frames is not None:
            kept &= table.n_frames == where.n_frames
        kept &= [name not in where.exclude_clips for name in table.clip_id]
        if where.only_clips is not None:
            kept &= [name in where.only_clips for name in table.clip_id]
        return rows[kept]

    def table(self, rows: Int64) -> FragmentTable:
        parts = self._at(rows)
        numbers = [(part.start_frame[at], part.n_frames[at]) for _, part, at in parts]
        places: Int64 = np.array(numbers, dtype=np.int64).reshape(-1, 2)
        columns = [entry.columns for entry, _, _ in parts]
        names = [name for name in ClipColumns if name != "n_frames"]
        numeric = ("tempo_bpm", "sure", "start_s")
        clips: dict[str, Any] = {
            name: np.array(
                [row[name] for row in columns], dtype=float if name in numeric else object
            )
            for name in names
        }
        energy = np.array([float(part.energy[at]) for _, part, at in parts])
        return FragmentTable.of(flat_rows(rows), clips, places[:, 0], places[:, 1], energy)

    def poses(self, rows: Int64) -> Float32:
        parts = self._at(rows)
        n_frames = one_length(np.array([part.n_frames[at] for _, part, at in parts]))
        starts = [(entry.clip, int(part.start_frame[at])) for entry, part, at in parts]
        return np.stack([clip.poses[start : start + n_frames] for clip, start in starts])

    def vectors(self, rows: Int64, by: By = "pose") -> Float32:
        found = [getattr(part, f"{by}_vectors")[at] for _, part, at in self._at(rows)]
        return np.array(found, dtype=np.float32).reshape(len(found), self._widths[by])

    def recordings(self) -> dict[str, RecordingEntry]:
        found: dict[str, RecordingEntry] = {}
        for name, shelved in self._clips.items():
            clip = shelved.entry.clip
            before = found.get(clip.recording_id)
            ids = (*(before.clip_ids if before else ()), name)
            path = Path(os.path.abspath(clip.path))
            found[clip.recording_id] = RecordingEntry(shelved.entry.file_hash, path, ids)
        return found

    def info(self) -> StoreInfo:
        table = self.table(np.arange(len(self._rows)))
        clips = [shelved.entry.clip for shelved in self._clips.values()]
        return StoreInfo(
            location=str(self._location),
            engine="shelf: everything in one file",
            index_id=self.index_id,
            generation=self._published.name,
            created="",
            spec=self._spec,
            encoder=self.encoder,
            recordings=len(self.recordings()),
            clips=len(clips),
            frames=sum(clip.n_frames for clip in clips),
            fragments=dict(sorted(Counter(table.n_frames.tolist()).items())),
            with_audio=int((~np.isnan(self.vectors(table.rows, "audio")).any(axis=1)).sum()),
            styles=dict(Counter(table.style)),
            dancers=dict(Counter(table.dancer)),
            licences=dict(Counter(table.licence)),
            bodies=dict(Counter(table.body)),
            search={"pose": "everything"},
            n_bytes={"fragments": (self._published / "fragments.npz").stat().st_size},
            missing=tuple(str(clip.path) for clip in clips if not clip.path.exists()),
        )

    def verify(self) -> tuple[str, ...]:
        sound = load_embedded(self._published / "fragments.npz") is not None
        return () if sound else ("damaged",)

    def close(self) -> None:
        self._forget()

    @property
    def _published(self) -> Path:
        if self._folder is None:
            raise IndexStateError("nothing was committed")
        return self._folder

    def _publish(self) -> None:
        clips = {name: one for name, one in self._clips.items() if name not in self._gone}
        number = len(list(self._location.glob("shelf-*")))
        folder = self._location / f"shelf-{number}"
        (folder / "encoder").mkdir(parents=True)
        if self._save_encoder is not None:
            self._save_encoder(folder / "encoder")
        else:
            for path in self.encoder.iterdir():
                (folder / "encoder" / path.name).write_bytes(path.read_bytes())
        self._clips = {name: one for name, one in clips.items() if name not in self._new}
        self._clips |= self._new
        save_embedded(Embedded(self._joined(), total([])), folder / "fragments.npz")
        (folder / "spec.json").write_text(json.dumps(asdict(self._spec)))
        (folder / "widths.json").write_text(json.dumps(self._widths))
        with replacing(self._location / CURRENT) as temporary:
            temporary.write_text(folder.name)
        self._folder = folder
        self._save_encoder = None
        self._gather()

    def _joined(self) -> FragmentBatch:
        batches = [one.batch for one in self._clips.values()]
        whole = {
            name: np.concatenate([getattr(batch, name) for batch in batches])
            for name in ("start_frame", "n_frames", "energy", "pose_vectors", "audio_vectors")
            if batches
        }
        counts = [len(batch) for batch in batches]
        nothing: Int64 = np.empty(0, np.int64)
        blank = np.empty((0, 1), np.float32)
        empty: dict[str, Any] = {
            "start_frame": nothing, "n_frames": nothing, "energy": nothing.astype(np.float32),
            "pose_vectors": blank, "audio_vectors": blank,
        }  # fmt: skip
        return FragmentBatch(
            clips=tuple(one.entry for one in self._clips.values()),
            clip=np.repeat(np.arange(len(counts)), np.array(counts, dtype=np.int64)),
            **(empty | whole),
        )

    def _gather(self) -> None:
        self._rows = [
            (one.entry, one.batch, at)
            for one in self._clips.values()
            for at in range(len(one.batch))
        ]

    def _at(self, rows: Int64) -> list[tuple[ClipEntry, FragmentBatch, int]]:
        wanted = flat_rows(rows)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < len(self._rows):
            raise InputError("rows outside the index")
        return [self._rows[row] for row in wanted]

    def _forget(self) -> None:
        self._new, self._gone = {}, set()
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None


ClipColumns = (
    "clip_id", "recording_id", "source", "audio", "video", "style", "dancer", "licence",
    "tempo_bpm", "start_s", "n_frames", "file_hash", "counts", "body", "sure",
)  # fmt: skip


def parted(batch: FragmentBatch) -> dict[str, Shelved]:
    """Clips of a batch, each with its own fragments."""
    found = {}
    for number, entry in enumerate(batch.clips):
        mine = batch.clip == number
        own = replace(
            batch,
            clips=(entry,),
            clip=np.zeros(int(mine.sum()), np.int64),
            **{
                name: getattr(batch, name)[mine]
                for name in ("start_frame", "n_frames", "energy", "pose_vectors", "audio_vectors")
            },
        )
        found[entry.clip.clip_id] = Shelved(entry, own)
    return found
