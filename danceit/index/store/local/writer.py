"""Writes the next generation of a local index beside the published one.

Order within `Transaction`'s: truth, then FAISS. What came before is removed once the next is
published, but for the encoder where a reader has it open: it loads that from its folder,
while all else is open already.
"""

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError
from danceit.index.store.contract import SPACES, By, FragmentBatch, Where
from danceit.index.store.local.catalogue import Catalogue
from danceit.index.store.local.generation import CATALOGUE, SEARCH, VECTORS, Generation
from danceit.index.store.local.truth import TruthWriter, link
from danceit.index.store.manifest import NAME, PREFIX, FileEntry, Manifest, SearchPart
from danceit.index.store.state import ENCODER, READERS, in_use
from danceit.index.store.transaction import Transaction, disk_told, flush
from danceit.index.store.vector_index import Plan, add_vectors, make_index, plan_for, write_index


class GenerationWriter(Transaction[Generation]):
    """One transaction on a local index; see `Transaction`."""

    _truth: TruthWriter | None = None

    def add(self, batch: FragmentBatch) -> None:
        """Write clips, poses and vectors; see `FragmentStore.add`."""
        with disk_told(self.index):
            self._open.add(batch)

    def delete(self, clip_ids: Iterable[str]) -> int:
        """Leave clips of the base out; see `FragmentStore.delete`."""
        return self._open.delete(clip_ids)

    def close(self) -> None:
        """Close all files, and remove them unless they were published."""
        if self._truth is not None:
            with suppress(OSError):
                self._truth.close()
        if not self._published:
            self._remove_folder()

    def _begin(self, save_encoder: Callable[[Path], None] | None) -> None:
        self._make_folder(save_encoder)
        (self.folder / SEARCH).mkdir()
        if save_encoder is None and self._base is not None:
            _link_tree(self._base.folder / ENCODER, self.folder / ENCODER)
        self._truth = TruthWriter(self.folder, self.spec, self._base)

    def _finished(self, *, retrain: bool) -> Manifest:
        self._open.finish()
        parts = self._make_parts(retrain=retrain)
        files = {}
        for path in sorted(self.folder.rglob("*")):
            flush(path)
            if path.is_file():
                files[path.relative_to(self.folder).as_posix()] = FileEntry.of(path)
        fragments = sum(part.count for part in parts if part.by == "pose")
        return self._described(
            widths=self._open.widths,
            counts=(self._open.n_clips, fragments, self._open.n_frames),
            parts=parts,
            files=files,
            engine=Generation.engine,
        )

    def _opened(self, manifest: Manifest) -> Generation:
        written = Generation(self.index, manifest)
        # Sizes and hashes were taken from these files a moment ago.
        problems = written.truth_problems() + written.search_problems()
        if problems:
            written.close()
            raise IndexStateError(f"the new index was not published: {problems[0]}")
        return written

    @property
    def _open(self) -> TruthWriter:
        if self._truth is None:
            raise IndexStateError(f"the transaction on {self.index} is over")
        return self._truth

    @property
    def _contents_changed(self) -> bool:
        return self._open.changed

    def _make_parts(self, *, retrain: bool) -> tuple[SearchPart, ...]:
        catalogue = Catalogue(self.folder / CATALOGUE)
        try:
            parts = []
            for length in catalogue.lengths():
                for by in SPACES:
                    rows = catalogue.matching(Where(n_frames=length), by)
                    if len(rows):
                        parts.append(self._make_part(by, length, rows, retrain=retrain))
            return tuple(parts)
        finally:
            catalogue.close()

    def _make_part(self, by: By, length: int, rows: Int64, *, retrain: bool) -> SearchPart:
        vectors: Float32 = np.memmap(self.folder / VECTORS[by], dtype="<f4", mode="r")
        vectors = vectors.reshape(-1, self._open.widths[by])
        wanted = plan_for(len(rows), self._factory, self._recall)
        grown = None if retrain else self._grown(by, length, vectors, rows, wanted)
        index, plan = grown or make_index(vectors, rows, wanted, self._device)
        file = f"{SEARCH}/{by}-{length}.faiss"
        write_index(index, self.folder / file)
        return SearchPart(by, length, len(rows), plan.factory, plan.nprobe, file)

    def _grown(
        self, by: By, length: int, vectors: Float32, rows: Int64, wanted: Plan
    ) -> tuple[Any, Plan] | None:
        """Add the new vectors to the base's index, where that is all that changed."""
        grown = self._open.changed and not self._open.dropped and self._searched_alike
        if self._base is None or not grown:
            return None
        for part in self._base.manifest.parts:
            if (part.by, part.n_frames, part.factory) == (by, length, wanted.factory):
                index = self._base.search_index(part)
                add_vectors(index, vectors, rows[part.count :])
                return index, Plan(part.factory, part.nprobe)
        return None


def remove_leftovers(index: Path) -> None:
    """Remove generations that are superseded or were never finished.

    Without a readable manifest, finished ones stay: one of them is the last good one.
    """
    try:
        published = Manifest.read(index / NAME, Generation.engine).generation
    except IndexStateError:
        published = ""
    for folder in index.glob(f"{PREFIX}*"):
        if folder.name == published or (not published and (folder / NAME).exists()):
            continue
        if not in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)
            continue
        if not (folder / CATALOGUE).exists():
            # Another engine's, whose readers may not have everything open yet.
            continue
        # First what makes it a generation that could be the last good one.
        for path in sorted(folder.iterdir(), key=lambda path: path.name != NAME):
            if path.is_dir() and path.name not in (ENCODER, READERS):
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file():
                path.unlink(missing_ok=True)


def _link_tree(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir()
        else:
            link(path, place)
