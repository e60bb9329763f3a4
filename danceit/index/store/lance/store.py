"""The Lance engine: tables that grow by versions, embedded here and written by many there.

The same files are opened by a laptop, by replicas of a service, and by the writers of a
cluster (`danceit.index.building.cluster`). Rows are places in the table of fragments at the
published version. Needs the extra ``[cluster]``.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import N_JOINTS, Float32, Int64
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
from danceit.index.store.lance.generation import LanceGeneration
from danceit.index.store.lance.search import find
from danceit.index.store.lance.tables import (
    CLIP_COLUMNS,
    SINCE_FORMAT_3,
    Table,
    condition_of,
    load_lance,
    readable,
    vectors_of,
)
from danceit.index.store.lance.writer import (
    LancePartWriter,
    LanceWriter,
    read_part,
    remove_leftovers,
)
from danceit.index.store.manifest import SearchPart
from danceit.index.store.pose_file import decode, record_type


class LanceStore(PublishedStore[LanceGeneration, LanceWriter]):
    """A store of Lance tables in one folder; see `FragmentStore`.

    `StoreOptions.device` is where lists are made; searching is on the processor. `factory` is
    "exact" or one of `danceit.index.store.lance.search.KINDS`.
    """

    described = "lance: Lance tables"
    state_type, writer_type = LanceGeneration, LanceWriter
    _remove_leftovers = staticmethod(remove_leftovers)

    def matching(self, where: Where) -> Int64:
        """Rows of all fragments that satisfy a filter; see `FragmentStore.matching`."""
        if self._read.fragments is None:
            return np.empty(0, dtype=np.int64)
        table = self._read.fragments
        return table.scan([], condition_of(where, columns=table.dataset.schema.names))[0]

    def table(self, rows: Int64) -> FragmentTable:
        """Metadata of fragments; see `FragmentStore.table`."""
        wanted = flat_rows(rows)
        found = self._fragments(wanted, ["clip_id", "start_frame", "n_frames", "energy"])
        start = np.asarray(found["start_frame"], dtype=np.int64)
        length = np.asarray(found["n_frames"], dtype=np.int64)
        clips = self._clips_of(found["clip_id"].to_pylist(), CLIP_COLUMNS)
        clips.pop("n_frames")
        energy = np.asarray(found["energy"], dtype=np.float64)
        return FragmentTable.of(wanted, clips, start, length, energy)

    def poses(self, rows: Int64) -> Float32:
        """Poses of fragments of one length; see `FragmentStore.poses`."""
        wanted = flat_rows(rows)
        found = self._fragments(wanted, ["clip_id", "start_frame", "n_frames"])
        n_frames = one_length(np.asarray(found["n_frames"], dtype=np.int64))
        record = record_type(self.spec.dims)
        clips = self._read.clip_rows(found["clip_id"].to_pylist())
        first = np.asarray(found["start_frame"], dtype=np.int64) * record.itemsize
        size = n_frames * record.itemsize
        places = [
            (clip, offset, size)
            for clip, offset in zip(clips.tolist(), first.tolist(), strict=True)
        ]
        raw = b"".join(self._clips.ranges("poses", places))
        if len(raw) != len(wanted) * size:
            raise IndexStateError(f"{self._clips.path} is damaged: it lacks poses")
        records = np.frombuffer(raw, dtype=record).reshape(len(wanted), n_frames)
        return decode(records).reshape(len(wanted), n_frames, N_JOINTS, self.spec.dims)

    def vectors(self, rows: Int64, by: By = "pose") -> Float32:
        """Vectors of fragments; see `FragmentStore.vectors`."""
        return vectors_of(
            self._fragments(flat_rows(rows), [by]), by, self._read.manifest.widths[by]
        )

    def recordings(self) -> dict[str, RecordingEntry]:
        """Every recording by id; see `FragmentStore.recordings`."""
        if self._state is None or self._state.clips is None:
            return {}
        _, found = self._clips.scan(["recording_id", "clip_id", "file_hash", "source"])
        entries: dict[str, RecordingEntry] = {}
        for row in sorted(found.to_pylist(), key=lambda row: (row["recording_id"], row["clip_id"])):
            name = row["recording_id"]
            before = entries[name].clip_ids if name in entries else ()
            source = Path(row["source"])
            entries[name] = RecordingEntry(row["file_hash"], source, (*before, row["clip_id"]))
        return entries

    def part_writer(self) -> LancePartWriter:
        """Begin a transaction that other processes write into; see `FragmentStore.part_writer`."""
        return LancePartWriter(self._begun().folder.absolute())

    def add_part(self, part: str) -> None:
        """Take in what another process wrote; see `FragmentStore.add_part`."""
        self._begun().add_written(read_part(part))

    @classmethod
    def _load(cls) -> None:
        load_lance()

    @classmethod
    def _check(cls, options: StoreOptions) -> None:
        if options.device == "cuda":
            count_cards(options.device)

    def _find(self, queries: Float32, k: int, by: By, where: Where) -> Hits:
        hits = find(self._read, queries, k, by, where)
        if not len(queries):
            # Nothing was asked, so nothing was looked for, but the answer has its shape.
            shape = (0, min(k, hits.matching))
            return Hits(np.empty(shape, np.int64), np.empty(shape, np.float32), hits.matching)
        return hits

    def _tally(self) -> Tally:
        counted = self._counted()
        columns = ["recording_id", "source", "audio", "video"]
        clips: dict[str, list[str]] = {name: [] for name in columns}
        if self._read.clips is not None:
            _, found = self._clips.scan(columns)
            clips = {name: found[name].to_pylist() for name in columns}
        sizes: Counter[str] = Counter()
        for name, entry in self._read.manifest.files.items():
            sizes[name.split("/")[0]] += entry.size
        return Tally(
            recordings=len(set(clips["recording_id"])),
            fragments=counted["n_frames"],
            with_audio=counted["has_audio"].get(True, 0),
            styles=counted["style"],
            dancers=counted["dancer"],
            licences=counted["licence"],
            bodies=counted["body"],
            search=_how_searched(self._read.manifest.parts),
            n_bytes=dict(sizes),
            files=frozenset(path for name in columns[1:] for path in clips[name] if path),
        )

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
        there = [name for name in columns if name in self._clips.dataset.schema.names]
        found = self._clips.take(self._read.clip_rows(names.tolist()), there)
        texts = {name for name in there if found.schema.field(name).type == "string"}
        known = {
            name: np.array(found[name].to_pylist(), dtype=object if name in texts else None)[places]
            for name in there
        }
        for name in set(SINCE_FORMAT_3) - known.keys():
            usual = SINCE_FORMAT_3[name]
            known[name] = np.full(len(places), usual, object if isinstance(usual, str) else float)
        return known

    def _counted(self) -> dict[str, dict[Any, int]]:
        """Fragments by the value of each column by which they are counted."""
        columns = ["n_frames", "has_audio", "style", "dancer", "licence", "body"]
        counts: dict[str, Counter[Any]] = {name: Counter() for name in columns}
        if self._read.fragments is not None:
            table = self._read.fragments
            columns = [name for name in columns if name in table.dataset.schema.names]
            with readable(table.path):
                for batch in table.dataset.to_batches(columns=columns):
                    for name in columns:
                        for value in batch[name].value_counts().to_pylist():
                            counts[name][value["values"]] += value["counts"]
        return {name: dict(sorted(count.items())) for name, count in counts.items()}


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
