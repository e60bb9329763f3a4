"""Writes the truth of a generation: clips, fragments, poses and vectors.

New clips go to files of their own as they come. `finish` copies what is kept of the
base before them, so that rows that were there keep their order; deleted clips are in
none of the files. Poses and vectors are streamed: 25 bytes a new fragment are held.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from danceit.data import Bool, Int64
from danceit.errors import IndexStateError
from danceit.index.store.contract import SPACES, By, ClipEntry, FragmentBatch, StoreSpec
from danceit.index.store.fitting import check_fits, check_not_added
from danceit.index.store.local.catalogue import ClipRow, FragmentRows, write_catalogue
from danceit.index.store.local.generation import CATALOGUE, POSES, VECTORS, Generation
from danceit.index.store.pose_file import encode, record_type

_CHUNK = 1 << 18
"""Fragments carried over at a time."""
_COPIED = 1 << 22
"""Bytes copied at a time."""


class TruthWriter:
    """Everything of the next generation but FAISS and the encoder.

    Parameters
    ----------
    folder : Path
        Of the next generation; empty.
    spec : StoreSpec
    base : Generation or None
        What is published; None to start from nothing.
    """

    def __init__(self, folder: Path, spec: StoreSpec, base: Generation | None) -> None:
        self.widths: dict[str, int] = dict.fromkeys(SPACES, 0)
        self.widths |= base.manifest.widths if base else {}
        self._folder = folder
        self._spec = spec
        self._base = base
        self._base_clips = base.catalogue.clips() if base else []
        self._number = {row.clip_id: row.clip for row in self._base_clips}
        self._dropped: set[int] = set()
        self._clips: list[ClipRow] = []
        self._new_ids: set[str] = set()
        self._n_new_frames = 0
        self._rows: list[FragmentRows] = []
        self._opened = ExitStack()
        self._streams: dict[str, BinaryIO] = {
            name: self._opened.enter_context((folder / f"{name}.new").open("wb"))
            for name in (POSES, *VECTORS.values())
        }

    @property
    def dropped(self) -> bool:
        """Whether anything of the base is left out."""
        return bool(self._dropped)

    @property
    def changed(self) -> bool:
        """Whether the truth is other than the base's."""
        return self._base is None or bool(self._dropped or self._clips)

    @property
    def n_clips(self) -> int:
        """Clips of the next generation."""
        return len(self._kept()) + len(self._clips)

    @property
    def n_frames(self) -> int:
        """Frames of the next generation."""
        return sum(row.n_frames for row in self._kept()) + self._n_new_frames

    def add(self, batch: FragmentBatch) -> None:
        """Write the poses and vectors of a batch; see `FragmentStore.add`."""
        check_fits(batch, self._spec, self.widths, self._new_ids)
        self.widths |= {
            "pose": batch.pose_vectors.shape[1],
            "audio": batch.audio_vectors.shape[1],
        }
        first_clip = len(self._clips)
        for entry in batch.clips:
            self._add_clip(entry)
        self._streams[VECTORS["pose"]].write(_float_bytes(batch.pose_vectors))
        self._streams[VECTORS["audio"]].write(_float_bytes(batch.audio_vectors))
        self._rows.append(
            FragmentRows(
                row=np.arange(len(batch), dtype=np.int64),
                clip=(batch.clip + first_clip).astype(np.int32),
                start_frame=batch.start_frame.astype(np.int32),
                n_frames=batch.n_frames.astype(np.int32),
                energy=batch.energy.astype(np.float32),
                has_audio=np.isfinite(batch.audio_vectors[:, 0]),
            )
        )

    def delete(self, clip_ids: Iterable[str]) -> int:
        """Leave clips of the base out; see `FragmentStore.delete`."""
        wanted = set(clip_ids)
        check_not_added(wanted, self._new_ids)
        found = {self._number[name] for name in wanted if name in self._number} - self._dropped
        self._dropped |= found
        return len(found)

    def finish(self) -> None:
        """Complete all files."""
        self.close()
        if self._base is not None and not self.changed:
            for name in (CATALOGUE, POSES, *VECTORS.values()):
                (self._folder / f"{name}.new").unlink(missing_ok=True)
                link(self._base.folder / name, self._folder / name)
            return
        with (self._folder / POSES).open("wb") as target:
            self._carry_poses(target)
        renumbered = self._renumbered()
        with ExitStack() as opened:
            streams: dict[By, BinaryIO] = {
                by: opened.enter_context((self._folder / name).open("wb"))
                for by, name in VECTORS.items()
            }
            write_catalogue(
                self._folder / CATALOGUE, self._all_clips(), self._all_rows(renumbered, streams)
            )

    def close(self) -> None:
        """Close the files of new clips."""
        self._opened.close()

    def _add_clip(self, entry: ClipEntry) -> None:
        clip = entry.clip
        if clip.clip_id in self._number:
            self._dropped.add(self._number[clip.clip_id])
        self._streams[POSES].write(encode(clip.poses).tobytes())
        self._clips.append(
            ClipRow(clip=len(self._clips), first_frame=self._n_new_frames, **entry.columns)
        )
        self._new_ids.add(clip.clip_id)
        self._n_new_frames += clip.n_frames

    def _kept(self) -> list[ClipRow]:
        return [row for row in self._base_clips if row.clip not in self._dropped]

    def _all_clips(self) -> list[ClipRow]:
        clips: list[ClipRow] = []
        frames = 0
        for row in (*self._kept(), *self._clips):
            clips.append(replace(row, clip=len(clips), first_frame=frames))
            frames += row.n_frames
        return clips

    def _renumbered(self) -> npt.NDArray[np.int32]:
        """New number of each clip of the base, -1 for those that are left out."""
        kept = [row.clip for row in self._kept()]
        numbers = np.full(len(self._base_clips), -1, dtype=np.int32)
        numbers[kept] = np.arange(len(kept))
        return numbers

    def _carry_poses(self, target: BinaryIO) -> None:
        if self._base is not None:
            size = record_type(self._spec.dims).itemsize
            with (self._base.folder / POSES).open("rb") as source:
                for start, stop in _runs([(row.first_frame, row.n_frames) for row in self._kept()]):
                    _copy(source, target, start * size, stop * size)
        self._append_new(POSES, target)

    def _all_rows(
        self, renumbered: npt.NDArray[np.int32], streams: dict[By, BinaryIO]
    ) -> Iterator[FragmentRows]:
        """Rows of the new catalogue; the vectors of those of the base go with them."""
        row = 0
        if self._base is not None:
            for start in range(0, self._base.manifest.fragments, _CHUNK):
                found = self._base.catalogue.fragments(start, start + _CHUNK)
                keep = renumbered[found.clip] >= 0
                for by, stream in streams.items():
                    stream.write(_float_bytes(self._base.vectors(by)[start : start + _CHUNK][keep]))
                yield _taken(found, keep, row, renumbered[found.clip])
                row += int(keep.sum())
        for by, stream in streams.items():
            self._append_new(VECTORS[by], stream)
        first_new = np.int32(len(self._kept()))
        for found in self._rows:
            keep = np.ones(len(found.row), dtype=np.bool_)
            yield _taken(found, keep, row, found.clip + first_new)
            row += len(found.row)

    def _append_new(self, name: str, target: BinaryIO) -> None:
        written = self._folder / f"{name}.new"
        with written.open("rb") as source:
            _copy(source, target, 0, written.stat().st_size)
        written.unlink()


def link(source: Path, target: Path) -> None:
    """Let a generation share a file of the one before; neither is ever written to again."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _taken(
    found: FragmentRows, keep: Bool, first_row: int, clip: npt.NDArray[np.int32]
) -> FragmentRows:
    row: Int64 = np.arange(first_row, first_row + int(keep.sum()), dtype=np.int64)
    return FragmentRows(
        row=row,
        clip=clip[keep],
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


def _copy(source: BinaryIO, target: BinaryIO, start: int, stop: int) -> None:
    source.seek(start)
    while start < stop:
        block = source.read(min(stop - start, _COPIED))
        if not block:
            raise IndexStateError(f"{source.name} ends early; run: danceit index verify")
        target.write(block)
        start += len(block)


def _float_bytes(values: npt.NDArray[Any]) -> bytes:
    return values.astype("<f4", copy=False).tobytes()
