"""One published generation of a local index, open for reading.

Files: `catalogue.duckdb` (clips and fragments), `poses.bin` (`pose_file`), `pose.f32` and
`audio.f32` (vectors, float32 row by row; NaN without music), all of them the truth;
`search/` (FAISS, which can be made again from them) and `encoder/`.
"""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import Float32
from danceit.errors import IndexStateError
from danceit.index.store.contract import SPACES, By
from danceit.index.store.local.catalogue import Catalogue
from danceit.index.store.manifest import (
    NAME,
    FileEntry,
    Manifest,
    SearchPart,
    check_contents,
    check_sizes,
)
from danceit.index.store.pose_file import PoseFile, record_type
from danceit.index.store.vector_index import read_index

CATALOGUE = "catalogue.duckdb"
POSES = "poses.bin"
VECTORS: dict[By, str] = {"pose": "pose.f32", "audio": "audio.f32"}
SEARCH = "search"
ENCODER = "encoder"
_HASHED_AT_OPENING = 32 << 20
"""Bytes up to which an index is hashed whole whenever it is opened (about 20 ms)."""


class Generation:
    """The files of one generation; FAISS indexes are read by `search_index`."""

    def __init__(self, index: Path, manifest: Manifest) -> None:
        self.folder = index / manifest.generation
        self.manifest = manifest
        with ExitStack() as opened:
            self.catalogue = Catalogue(self.folder / CATALOGUE)
            opened.callback(self.catalogue.close)
            self.poses = PoseFile(self.folder / POSES, manifest.spec.dims)
            opened.callback(self.poses.close)
            self._vectors = {by: self._map(by) for by in SPACES}
            self._check_counts()
            # From here on it is for `close` to do.
            opened.pop_all()

    @classmethod
    def open(cls, index: Path, *, searchable: bool = True) -> "Generation":
        """Open the published generation after checking its files.

        Sizes, counts and the head of every file are checked always, all contents where
        the index is small; `verify` checks all. With `searchable` false, FAISS files
        may be damaged.

        Raises
        ------
        IndexStateError
            If anything is missing, damaged, or of a newer format.
        """
        manifest = Manifest.read(index / NAME)
        while True:
            try:
                return cls.open_checked(index, manifest, searchable=searchable)
            except (IndexStateError, OSError):
                # A writer may have published the next one and removed this one meanwhile.
                latest = Manifest.read(index / NAME)
                if latest.generation == manifest.generation:
                    raise
                manifest = latest

    @classmethod
    def open_checked(cls, index: Path, manifest: Manifest, *, searchable: bool) -> "Generation":
        """Open the generation that a manifest describes; see `open`."""
        files = manifest.files if searchable else _truth(manifest.files)
        folder = index / manifest.generation
        problems = check_sizes(folder, files)
        small = sum(entry.size for entry in files.values()) <= _HASHED_AT_OPENING
        problems = problems or check_contents(folder, files, whole=small)
        if problems:
            raise IndexStateError(_damaged(index, problems))
        return cls(index, manifest)

    def vectors(self, by: By) -> Float32:
        """All vectors of one space, (N, D), as a read-only memory map."""
        return self._vectors[by]

    def search_index(self, part: SearchPart, *, mapped: bool = False) -> Any:
        """Read or map one FAISS index and check how many vectors it holds.

        Raises
        ------
        IndexStateError
            If it is damaged or holds another number.
        """
        path = self.folder / part.file
        index = read_index(path, mapped=mapped)
        if index.ntotal != part.count:
            raise IndexStateError(
                f"{path} holds {index.ntotal} vectors where {part.count} were written;"
                " run: danceit index rebuild"
            )
        return index

    def verify(self) -> tuple[str, ...]:
        """Check sizes, contents and consistency of every file; return the problems."""
        problems = check_sizes(self.folder, self.manifest.files)
        problems += check_contents(self.folder, _present(self.folder, self.manifest.files))
        return problems or self.inconsistencies()

    def verify_truth(self) -> tuple[str, ...]:
        """Check the contents of all files but FAISS's; return the problems."""
        return check_contents(self.folder, _truth(self.manifest.files)) or self.catalogue.problems()

    def inconsistencies(self) -> tuple[str, ...]:
        """Find where parts that are what was written do not fit one another."""
        problems = self.catalogue.problems()
        for part in self.manifest.parts:
            try:
                self.search_index(part, mapped=True)
            except IndexStateError as exc:
                problems += (str(exc),)
        return problems

    def close(self) -> None:
        """Close all files."""
        self.catalogue.close()
        self.poses.close()

    def _map(self, by: By) -> Float32:
        path, width = self.folder / VECTORS[by], self.manifest.widths[by]
        if not path.stat().st_size or not width:
            return np.empty((0, width), dtype=np.float32)
        vectors: Float32 = np.memmap(path, dtype="<f4", mode="r")
        return vectors.reshape(-1, width)

    def _check_counts(self) -> None:
        wanted = self.manifest
        clips, fragments, frames = self.catalogue.counts()
        record = record_type(wanted.spec.dims).itemsize
        counts = {
            "clips": (clips, wanted.clips),
            "fragments": (fragments, wanted.fragments),
            "frames": (frames, wanted.frames),
            "poses": (os.path.getsize(self.folder / POSES) // record, frames),
        }
        counts |= {f"{by} vectors": (len(self._vectors[by]), fragments) for by in SPACES}
        for what, (found, expected) in counts.items():
            if found != expected:
                raise IndexStateError(
                    f"{self.folder} is damaged: it holds {found} {what} where {expected} belong"
                )


def _truth(files: Mapping[str, FileEntry]) -> dict[str, FileEntry]:
    return {name: entry for name, entry in files.items() if not name.startswith(f"{SEARCH}/")}


def _present(folder: Path, files: Mapping[str, FileEntry]) -> dict[str, FileEntry]:
    """Files of the right size: the others have been complained of already."""
    return {name: entry for name, entry in files.items() if not check_sizes(folder, {name: entry})}


def _damaged(index: Path, problems: tuple[str, ...]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    cure = "danceit index rebuild"
    if any(f"/{SEARCH}/" not in problem for problem in problems):
        cure = f"danceit index build DATA --out {index}"
    return f"{problems[0]}{more}; run: {cure}"
