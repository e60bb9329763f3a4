"""Writes the next generation of a local index beside the published one.

New clips go to files of their own as they come; `publish` puts what is kept of the
published generation before them, makes the FAISS indexes, hashes and checks everything,
and only then renames the manifest. Deleted clips are in none of the new files.

Memory: 25 bytes a new fragment, and one FAISS index at a time (D x 4 + 8 bytes a vector
of one length); poses and vectors are streamed, so the ceiling is FAISS's.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

import numpy as np

from danceit import __version__
from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.files import sha256_of_file
from danceit.index.catalogue import ClipRow, FragmentRows, write_catalogue
from danceit.index.generation import CATALOGUE, ENCODER, POSES, SEARCH, Generation
from danceit.index.manifest import NAME, PREFIX, FileEntry, Manifest, SearchPart
from danceit.index.pose_file import encode, record_type
from danceit.index.store import SPACES, By, ClipEntry, FragmentBatch, StoreSpec
from danceit.index.vector_index import (
    Plan,
    add_vectors,
    choose_plan,
    make_index,
    write_index,
)

_CHUNK = 1 << 18
"""Fragments carried over at a time."""


class GenerationWriter:
    """One transaction on a local index; the caller holds the writers' lock.

    Parameters
    ----------
    index : Path
    spec : StoreSpec
    base : Generation or None
        What is published; None to start from nothing.
    save_encoder : callable, optional
        Writes the encoder into an empty folder; without it the base's is kept.
    """

    def __init__(
        self,
        index: Path,
        spec: StoreSpec,
        base: Generation | None,
        save_encoder: Callable[[Path], None] | None = None,
        *,
        factory: str = "",
    ) -> None:
        self.index = index
        self.spec = spec
        self._base = base
        self._factory = factory or (base.manifest.factory if base else "")
        self._widths: dict[str, int] = dict.fromkeys(SPACES, 0)
        self._widths |= base.manifest.widths if base else {}
        self._base_clips = base.catalogue.clips() if base else []
        self._number = {row.clip_id: row.clip for row in self._base_clips}
        self._dropped: set[int] = set()
        self._clips: list[ClipRow] = []
        self._new_ids: set[str] = set()
        self._frames = 0
        self._columns: list[FragmentRows] = []
        remove_leftovers(index)
        previous = _published_number(index)
        self.folder = index / f"{PREFIX}{previous + 1:06d}-{token_hex(4)}"
        self._files: dict[str, BinaryIO] = {}
        self._published = False
        try:
            (self.folder / SEARCH).mkdir(parents=True)
            (self.folder / ENCODER).mkdir()
            if save_encoder is not None:
                save_encoder(self.folder / ENCODER)
            elif base is not None:
                _link_tree(base.folder / ENCODER, self.folder / ENCODER)
            for name in (POSES, *(f"{by}.f32" for by in SPACES)):
                self._files[name] = (self.folder / f"{name}.new").open("w+b")
        except OSError as exc:
            self.close()
            raise _cannot_write(index, exc) from exc

    @property
    def changed(self) -> bool:
        """Whether publishing would change anything."""
        return self._base is None or bool(self._dropped or self._clips)

    def add(self, batch: FragmentBatch) -> None:
        """Write clips, poses and vectors; see `FragmentStore.add`."""
        self._check(batch)
        first_clip = len(self._clips)
        try:
            for entry in batch.clips:
                self._add_clip(entry)
            for by, vectors in (("pose", batch.pose_vectors), ("audio", batch.audio_vectors)):
                self._files[f"{by}.f32"].write(_bytes_of(vectors))
        except OSError as exc:
            raise _cannot_write(self.index, exc) from exc
        rows = np.arange(len(batch), dtype=np.int64)
        self._columns.append(
            FragmentRows(
                row=rows,
                clip=batch.clip + first_clip,
                start_frame=batch.start_frame,
                n_frames=batch.n_frames,
                energy=batch.energy.astype(np.float32),
                has_audio=np.isfinite(batch.audio_vectors[:, 0]),
            )
        )

    def delete(self, clip_ids: Iterable[str]) -> int:
        """Leave clips of the base out; see `FragmentStore.delete`."""
        wanted = set(clip_ids)
        if both := sorted(wanted & self._new_ids):
            raise InputError(f"clip {both[0]} was added in the same transaction; commit first")
        found = {self._number[name] for name in wanted if name in self._number} - self._dropped
        self._dropped |= found
        return len(found)

    def publish(self) -> None:
        """Finish the generation, check it, publish it, and remove the ones before."""
        try:
            self._finish_truth()
            parts = self._make_parts()
            manifest = self._describe(parts)
            for path in sorted(self.folder.rglob("*")):
                _sync(path)
            manifest.write(self.folder / NAME)
            _sync(self.folder)
            self._check_written(manifest)
            manifest.write(self.index / NAME)
            self._published = True
            _sync(self.index)
        except OSError as exc:
            raise _cannot_write(self.index, exc) from exc
        finally:
            self.close()
        remove_leftovers(self.index)

    def close(self) -> None:
        """Close all files, and remove them unless they were published."""
        for stream in self._files.values():
            with suppress(OSError):
                stream.close()
        if not self._published:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _check(self, batch: FragmentBatch) -> None:
        widths: dict[str, int] = {
            "pose": batch.pose_vectors.shape[1],
            "audio": batch.audio_vectors.shape[1],
        }
        for by, width in widths.items():
            if self._widths[by] not in (0, width):
                raise InputError(
                    f"{by} vectors must have {self._widths[by]} dimensions; got {width}:"
                    " another encoder?"
                )
        lengths = set(np.unique(batch.n_frames).tolist()) - set(self.spec.lengths)
        if lengths:
            raise InputError(
                f"fragments must have {list(self.spec.lengths)} frames; got {sorted(lengths)}"
            )
        ids = [entry.clip.clip_id for entry in batch.clips]
        for clip_id in ids:
            if clip_id in self._new_ids or ids.count(clip_id) > 1:
                raise InputError(f"clip {clip_id} was added twice in one transaction")
        for entry in batch.clips:
            if entry.clip.dims != self.spec.dims:
                raise InputError(
                    f"clip {entry.clip.clip_id} is {entry.clip.dims}-D, the index"
                    f" {self.spec.dims}-D: they cannot be mixed; --dims 2 projects"
                )
        self._widths.update(widths)

    def _add_clip(self, entry: ClipEntry) -> None:
        clip = entry.clip
        if clip.clip_id in self._number:
            self._dropped.add(self._number[clip.clip_id])
        self._files[POSES].write(_bytes_of(encode(clip.poses)))
        self._clips.append(
            ClipRow(
                clip=len(self._clips),
                clip_id=clip.clip_id,
                recording_id=clip.recording_id,
                source=str(clip.path.absolute()),
                audio=_absolute(clip.audio_path),
                video=_absolute(clip.video_path),
                style=clip.style,
                dancer=clip.dancer,
                licence=clip.licence,
                tempo_bpm=float(entry.tempo_bpm),
                start_s=float(clip.start_s),
                n_frames=clip.n_frames,
                first_frame=self._frames,
                file_hash=entry.file_hash,
            )
        )
        self._new_ids.add(clip.clip_id)
        self._frames += clip.n_frames

    def _finish_truth(self) -> None:
        kept = [row for row in self._base_clips if row.clip not in self._dropped]
        for name, stream in self._files.items():
            stream.close()
            written = self.folder / f"{name}.new"
            if self._base is None:
                written.rename(self.folder / name)
        clips = self._carry_poses(kept)
        renumber = np.full(len(self._base_clips) + 1, -1, dtype=np.int64)
        renumber[[row.clip for row in kept]] = np.arange(len(kept))
        write_catalogue(
            self.folder / CATALOGUE, clips, self._rows(renumber, first_new_clip=len(kept))
        )
        for by in SPACES if self._base else ():
            _append(self.folder / f"{by}.f32", self.folder / f"{by}.f32.new")

    def _carry_poses(self, kept: list[ClipRow]) -> list[ClipRow]:
        clips: list[ClipRow] = []
        frames = 0
        if self._base is not None:
            size = record_type(self.spec.dims).itemsize
            with (self.folder / POSES).open("wb") as target:
                for start, stop in _runs([(r.first_frame, r.n_frames) for r in kept]):
                    _copy_range(self._base.folder / POSES, target, start * size, stop * size)
        for row in kept:
            clips.append(replace(row, clip=len(clips), first_frame=frames))
            frames += row.n_frames
        for row in self._clips:
            clips.append(replace(row, clip=len(clips), first_frame=frames))
            frames += row.n_frames
        if self._base is not None:
            _append(self.folder / POSES, self.folder / f"{POSES}.new")
        return clips

    def _rows(self, renumber: Int64, first_new_clip: int) -> Iterator[FragmentRows]:
        """Rows of the new catalogue; the base's kept vectors are carried over with them."""
        row = 0
        if self._base is not None:
            files = {by: (self.folder / f"{by}.f32").open("wb") for by in SPACES}
            for start in range(0, self._base.manifest.fragments, _CHUNK):
                found = self._base.catalogue.fragments(start, start + _CHUNK)
                keep = renumber[found.clip] >= 0
                for by, stream in files.items():
                    vectors = self._base.vectors(by)[start : start + _CHUNK]
                    stream.write(_bytes_of(vectors[keep]))
                yield _taken(found, keep, row, renumber[found.clip[keep]])
                row += int(keep.sum())
            for stream in files.values():
                stream.close()
        for found in self._columns:
            keep = np.ones(len(found.row), dtype=np.bool_)
            yield _taken(found, keep, row, found.clip + first_new_clip)
            row += len(found.row)

    def _make_parts(self) -> tuple[SearchPart, ...]:
        from danceit.index.catalogue import Catalogue
        from danceit.index.store import Where

        catalogue = Catalogue(self.folder / CATALOGUE)
        try:
            parts = []
            for length in catalogue.lengths():
                for by in SPACES:
                    rows = catalogue.matching(Where(n_frames=length), by)
                    if len(rows):
                        parts.append(self._make_part(by, length, rows))
            return tuple(parts)
        finally:
            catalogue.close()

    def _make_part(self, by: By, length: int, rows: Int64) -> SearchPart:
        plan = choose_plan(len(rows))
        if self._factory:
            plan = Plan(self._factory, plan.nprobe or 16)
        vectors = _map(self.folder / f"{by}.f32", self._widths[by])
        index, plan = self._grown(by, length, vectors, rows, plan) or make_index(
            vectors, rows, plan
        )
        file = f"{SEARCH}/{by}-{length}.faiss"
        write_index(index, self.folder / file)
        return SearchPart(by, length, len(rows), plan.factory, plan.nprobe, file)

    def _grown(
        self, by: By, length: int, vectors: Float32, rows: Int64, plan: Plan
    ) -> tuple[Any, Plan] | None:
        """Add the new vectors to the base's index, where that is all that changed."""
        if self._base is None or self._dropped:
            return None
        for part in self._base.manifest.parts:
            if (part.by, part.n_frames, part.factory) == (by, length, plan.factory):
                index = self._base.search_index(part.file, part.count)
                add_vectors(index, vectors, rows[part.count :])
                return index, Plan(part.factory, part.nprobe)
        return None

    def _describe(self, parts: tuple[SearchPart, ...]) -> Manifest:
        kept = [row for row in self._base_clips if row.clip not in self._dropped]
        files = {
            path.relative_to(self.folder).as_posix(): FileEntry(
                path.stat().st_size, sha256_of_file(path)
            )
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }
        return Manifest(
            generation=self.folder.name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            writer=f"danceit {__version__}",
            spec=self.spec,
            widths=self._widths,
            clips=len(kept) + len(self._clips),
            fragments=sum(part.count for part in parts if part.by == "pose"),
            frames=sum(row.n_frames for row in kept) + self._frames,
            parts=parts,
            files=files,
            factory=self._factory,
        )

    def _check_written(self, manifest: Manifest) -> None:
        written = Generation(self.index, manifest)
        try:
            problems = written.verify()
        finally:
            written.close()
        if problems:
            raise IndexStateError(f"the new index was not published: {problems[0]}")


def remove_leftovers(index: Path) -> None:
    """Remove every generation but the published one: unfinished, or superseded."""
    try:
        published = Manifest.read(index / NAME).generation
    except IndexStateError:
        # Without a manifest nobody knows which of them is the last good one.
        return
    for folder in index.glob(f"{PREFIX}*"):
        if folder.name != published:
            shutil.rmtree(folder, ignore_errors=True)


def _published_number(index: Path) -> int:
    numbers = [0]
    for folder in index.glob(f"{PREFIX}*"):
        with suppress(ValueError):
            numbers.append(int(folder.name.removeprefix(PREFIX).split("-")[0]))
    return max(numbers)


def _absolute(path: Path | None) -> str:
    return "" if path is None else str(path.absolute())


def _taken(found: FragmentRows, keep: Any, first_row: int, clip: Int64) -> FragmentRows:
    count = int(keep.sum())
    return FragmentRows(
        row=np.arange(first_row, first_row + count, dtype=np.int64),
        clip=clip.astype(np.int64),
        start_frame=found.start_frame[keep],
        n_frames=found.n_frames[keep],
        energy=found.energy[keep],
        has_audio=found.has_audio[keep],
    )


def _runs(ranges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join (start, length) ranges that follow one another into (start, stop)."""
    start = stop = 0
    for first, length in ranges:
        if first != stop:
            if stop > start:
                yield start, stop
            start = first
        stop = first + length
    if stop > start:
        yield start, stop


def _copy_range(source: Path, target: BinaryIO, start: int, stop: int) -> None:
    with source.open("rb") as stream:
        stream.seek(start)
        left = stop - start
        while left:
            block = stream.read(min(left, 1 << 22))
            if not block:
                raise IndexStateError(f"{source} ends early; run: danceit index verify")
            target.write(block)
            left -= len(block)


def _append(target: Path, written: Path) -> None:
    with target.open("ab") as stream:
        _copy_range(written, stream, 0, written.stat().st_size)
    written.unlink()


def _map(path: Path, width: int) -> Float32:
    return np.memmap(path, dtype=np.float32, mode="r").reshape(-1, width)


def _bytes_of(array: Any) -> memoryview:
    if array.dtype.kind == "f":
        array = array.astype(np.float32, copy=False)
    return memoryview(np.ascontiguousarray(array).tobytes())


def _link_tree(source: Path, target: Path) -> None:
    # Generations are never written to again, so they can share files that did not change.
    def link(old: str, new: str) -> None:
        try:
            os.link(old, new)
        except OSError:
            shutil.copy2(old, new)

    shutil.copytree(source, target, copy_function=link, dirs_exist_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(index: Path, error: OSError) -> IndexStateError:
    return IndexStateError(
        f"cannot write the index at {index}: {error.strerror or error}; what was there is unharmed"
    )
