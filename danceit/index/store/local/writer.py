"""Writes the next generation of a local index beside the published one, and publishes it.

Order: truth, FAISS, hashes, the generation's own manifest, all of it flushed to the
disk; then it is opened and checked; then one rename of the index's manifest publishes
it, and what came before is removed. A kill at any point leaves the index as it was or
as it is to be; what else it leaves is removed by the next writer.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np

from danceit import __version__
from danceit.data import Float32, Int64
from danceit.errors import IndexStateError
from danceit.index.store.contract import SPACES, By, FragmentBatch, StoreSpec, Where
from danceit.index.store.local.catalogue import Catalogue
from danceit.index.store.local.generation import CATALOGUE, ENCODER, SEARCH, VECTORS, Generation
from danceit.index.store.local.truth import TruthWriter, link
from danceit.index.store.manifest import NAME, PREFIX, FileEntry, Manifest, SearchPart, number_of
from danceit.index.store.vector_index import Plan, add_vectors, choose_plan, make_index, write_index

AUTOMATIC = "auto"
"""Factory that stands for the choice by size."""


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
    factory, recall : str, float, optional
        See `choose_plan`; without them the base's are kept, with `AUTOMATIC` they are not.
    device : str
        Where FAISS trains and adds.
    """

    def __init__(
        self,
        index: Path,
        spec: StoreSpec,
        base: Generation | None,
        save_encoder: Callable[[Path], None] | None = None,
        *,
        factory: str = "",
        recall: float = 0.0,
        device: str = "cpu",
    ) -> None:
        self.index = index
        self.spec = spec
        self._base = base
        was = base.manifest if base and factory != AUTOMATIC else None
        self._factory = factory.removeprefix(AUTOMATIC) or (was.factory if was else "")
        self._recall = recall or (was.recall if was else 0.0)
        self._device = device
        self._published = False
        self._truth: TruthWriter | None = None
        remove_leftovers(index)
        self.folder = index / f"{PREFIX}{_latest_number(index) + 1:06d}-{token_hex(4)}"
        try:
            (self.folder / SEARCH).mkdir(parents=True)
            (self.folder / ENCODER).mkdir()
            if save_encoder is not None:
                save_encoder(self.folder / ENCODER)
            elif base is not None:
                _link_tree(base.folder / ENCODER, self.folder / ENCODER)
            self._truth = TruthWriter(self.folder, spec, base)
        except OSError as exc:
            self.close()
            raise _cannot_write(index, exc) from exc
        except BaseException:
            self.close()
            raise

    @property
    def changed(self) -> bool:
        """Whether publishing would change what is stored, or how it is searched."""
        return self._open.changed or not self._searched_alike

    def add(self, batch: FragmentBatch) -> None:
        """Write clips, poses and vectors; see `FragmentStore.add`."""
        try:
            self._open.add(batch)
        except OSError as exc:
            raise _cannot_write(self.index, exc) from exc

    def delete(self, clip_ids: Iterable[str]) -> int:
        """Leave clips of the base out; see `FragmentStore.delete`."""
        return self._open.delete(clip_ids)

    def publish(self) -> Generation:
        """Finish the generation, check it, publish it, and remove those before it.

        Returns
        -------
        Generation
            The new one, open.
        """
        try:
            self._open.finish()
            manifest = self._describe(self._make_parts())
            for path in sorted(self.folder.rglob("*")):
                _flush(path)
            manifest.write(self.folder / NAME)
            _flush(self.folder)
            written = self._checked(manifest)
            try:
                manifest.write(self.index / NAME)
                self._published = True
                _flush(self.index)
            except BaseException:
                written.close()
                raise
        except OSError as exc:
            raise _cannot_write(self.index, exc) from exc
        finally:
            self.close()
        remove_leftovers(self.index)
        return written

    def close(self) -> None:
        """Close all files, and remove them unless they were published."""
        if self._truth is not None:
            with suppress(OSError):
                self._truth.close()
        if not self._published:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _open(self) -> TruthWriter:
        if self._truth is None:
            raise IndexStateError(f"the transaction on {self.index} is over")
        return self._truth

    @property
    def _searched_alike(self) -> bool:
        if self._base is None:
            return False
        was = self._base.manifest
        return (was.factory, was.recall) == (self._factory, self._recall)

    def _make_parts(self) -> tuple[SearchPart, ...]:
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
        vectors: Float32 = np.memmap(self.folder / VECTORS[by], dtype="<f4", mode="r")
        vectors = vectors.reshape(-1, self._open.widths[by])
        wanted = choose_plan(len(rows), self._factory, self._recall)
        index, plan = self._grown(by, length, vectors, rows, wanted) or make_index(
            vectors, rows, wanted, self._device
        )
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

    def _describe(self, parts: tuple[SearchPart, ...]) -> Manifest:
        files = {
            path.relative_to(self.folder).as_posix(): FileEntry.of(path)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }
        return Manifest(
            generation=self.folder.name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            writer=f"danceit {__version__}",
            spec=self.spec,
            widths=self._open.widths,
            clips=self._open.n_clips,
            fragments=sum(part.count for part in parts if part.by == "pose"),
            frames=self._open.n_frames,
            parts=parts,
            files=files,
            factory=self._factory,
            recall=self._recall,
        )

    def _checked(self, manifest: Manifest) -> Generation:
        written = Generation(self.index, manifest)
        # Sizes and hashes were taken from these files a moment ago.
        problems = written.inconsistencies()
        if problems:
            written.close()
            raise IndexStateError(f"the new index was not published: {problems[0]}")
        return written


def remove_leftovers(index: Path) -> None:
    """Remove generations that are superseded or were never finished.

    Without a readable manifest, finished ones stay: one of them is the last good one.
    """
    try:
        published = Manifest.read(index / NAME).generation
    except IndexStateError:
        published = ""
    for folder in index.glob(f"{PREFIX}*"):
        if folder.name != published and (published or not (folder / NAME).exists()):
            shutil.rmtree(folder, ignore_errors=True)


def _latest_number(index: Path) -> int:
    return max((number_of(folder.name) for folder in index.glob(f"{PREFIX}*")), default=0)


def _link_tree(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir()
        else:
            link(path, place)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(index: Path, error: OSError) -> IndexStateError:
    return IndexStateError(
        f"cannot write the index at {index}: {error.strerror or error}; what was there is unharmed"
    )
