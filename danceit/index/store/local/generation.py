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
from danceit.index.store.manifest import FileEntry, SearchPart, check_contents
from danceit.index.store.pose_file import PoseFile, record_type
from danceit.index.store.state import State
from danceit.index.store.vector_index import read_index

CATALOGUE = "catalogue.duckdb"
POSES = "poses.bin"
VECTORS: dict[By, str] = {"pose": "pose.f32", "audio": "audio.f32"}
SEARCH = "search"


class Generation(State):
    """The files of one generation; FAISS indexes are read by `search_index`."""

    engine = "local"
    search_folder = SEARCH
    catalogue: Catalogue
    poses: PoseFile

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

    def truth_problems(self) -> tuple[str, ...]:
        """Find where the tables do not fit one another."""
        return self.catalogue.problems()

    def search_problems(self) -> tuple[str, ...]:
        """Find FAISS files that hold other numbers of vectors."""
        problems = []
        for part in self.manifest.parts:
            try:
                self.search_index(part, mapped=True)
            except IndexStateError as exc:
                problems.append(str(exc))
        return tuple(problems)

    def _open_files(self) -> None:
        self._held = ExitStack()
        self.catalogue = Catalogue(self.folder / CATALOGUE)
        self._held.callback(self.catalogue.close)
        self.poses = PoseFile(self.folder / POSES, self.manifest.spec.dims)
        self._held.callback(self.poses.close)
        self._vectors = {by: self._map(by) for by in SPACES}

    def _close_files(self) -> None:
        self._held.close()

    @classmethod
    def _problems_of_large(cls, folder: Path, files: Mapping[str, FileEntry]) -> tuple[str, ...]:
        return check_contents(folder, files, whole=False)

    def _map(self, by: By) -> Float32:
        path, width = self.folder / VECTORS[by], self.manifest.widths[by]
        if not path.stat().st_size or not width:
            return np.empty((0, width), dtype=np.float32)
        vectors: Float32 = np.memmap(path, dtype="<f4", mode="r")
        return vectors.reshape(-1, width)

    def _counts(self) -> Mapping[str, tuple[int, int]]:
        wanted = self.manifest
        clips, fragments, frames = self.catalogue.counts()
        record = record_type(wanted.spec.dims).itemsize
        counts = {
            "clips": (clips, wanted.clips),
            "fragments": (fragments, wanted.fragments),
            "frames": (frames, wanted.frames),
            "poses": (os.path.getsize(self.folder / POSES) // record, frames),
        }
        return counts | {f"{by} vectors": (len(self._vectors[by]), fragments) for by in SPACES}
