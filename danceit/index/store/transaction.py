"""Writing the next state of an index beside the published one; what engines with a manifest share.

Order: the files; their hashes and the state's own copy of the manifest, all flushed to
the disk; then it is opened and checked; then one rename of the index's manifest
publishes it. A kill at any point leaves the index as it was or as it is to be; what else
it leaves is removed by the next writer.
"""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Generic, TypeVar

from danceit import __version__
from danceit.errors import IndexStateError
from danceit.index.store.batch import FragmentBatch
from danceit.index.store.contract import StoreOptions, StoreSpec
from danceit.index.store.manifest import NAME, PREFIX, FileEntry, Manifest, SearchPart, number_of
from danceit.index.store.nouns import AUTOMATIC
from danceit.index.store.state import ENCODER, State

S = TypeVar("S", bound=State)


class Transaction(ABC, Generic[S]):
    """One transaction on an index; the caller holds the writers' lock.

    Parameters
    ----------
    index : Path
    spec : StoreSpec
    base : State or None
        What is published; None to start from nothing.
    save_encoder : callable or None
        Writes the encoder into an empty folder; without it the base's is kept.
    options : StoreOptions
        Without a factory or a recall the base's is kept, with `AUTOMATIC` it is not.
    """

    def __init__(
        self,
        index: Path,
        spec: StoreSpec,
        base: S | None,
        save_encoder: Callable[[Path], None] | None,
        options: StoreOptions,
    ) -> None:
        self.index = index
        self.spec = spec
        self._base = base
        was = base.manifest if base and options.factory != AUTOMATIC else None
        chosen = "" if options.factory == AUTOMATIC else options.factory
        self._factory = chosen or (was.factory if was else "")
        self._recall = options.recall or (was.recall if was else 0.0)
        self._device = options.device
        self._published = False
        self.folder = index / f"{PREFIX}{_latest_number(index) + 1:06d}-{token_hex(4)}"
        try:
            with disk_told(index):
                self._begin(save_encoder)
        except BaseException:
            self.close()
            raise

    @property
    def changed(self) -> bool:
        """Whether publishing would change what is stored, or how it is searched."""
        return self._contents_changed or not self._searched_alike

    @abstractmethod
    def add(self, batch: FragmentBatch) -> None:
        """Take clips with their fragments; see `FragmentStore.add`."""

    @abstractmethod
    def delete(self, clip_ids: Iterable[str]) -> int:
        """Leave clips of the base out; see `FragmentStore.delete`."""

    def publish(self, *, retrain: bool = False) -> S:
        """Finish the state, check it, publish it and return it, open.

        With `retrain`, search indexes are made anew although those there would do.
        """
        try:
            with disk_told(self.index):
                manifest = self._finished(retrain=retrain)
                manifest.write(self.folder / NAME)
                flush(self.folder)
                opened = self._opened(manifest)
                try:
                    manifest.write(self.index / NAME)
                    self._published = True
                    flush(self.index)
                except BaseException:
                    opened.close()
                    raise
        finally:
            self.close()
        return opened

    @abstractmethod
    def close(self) -> None:
        """Close all files, and remove what was not published."""

    @abstractmethod
    def _begin(self, save_encoder: Callable[[Path], None] | None) -> None:
        """Make ready; `folder` is where a new state would be."""

    @abstractmethod
    def _finished(self, *, retrain: bool) -> Manifest:
        """Complete and flush all files and describe them; see `_described`."""

    @abstractmethod
    def _opened(self, manifest: Manifest) -> S:
        """Open what was written, checked as far as its files were not read a moment ago."""

    @property
    @abstractmethod
    def _contents_changed(self) -> bool: ...

    @property
    def _searched_alike(self) -> bool:
        if self._base is None:
            return False
        was = self._base.manifest
        return (was.factory, was.recall) == (self._factory, self._recall)

    def _make_folder(self, save_encoder: Callable[[Path], None] | None) -> None:
        (self.folder / ENCODER).mkdir(parents=True)
        if save_encoder is not None:
            save_encoder(self.folder / ENCODER)

    def _remove_folder(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _described(
        self,
        *,
        widths: Mapping[str, int],
        counts: tuple[int, int, int],
        parts: tuple[SearchPart, ...],
        files: Mapping[str, FileEntry],
        engine: str,
        versions: Mapping[str, int] | None = None,
    ) -> Manifest:
        """Manifest of this state; `counts` are of clips, fragments and frames."""
        clips, fragments, frames = counts
        return Manifest(
            generation=self.folder.name,
            # So fine that two states of one generation differ.
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
            writer=f"danceit {__version__}",
            spec=self.spec,
            widths=dict(widths),
            clips=clips,
            fragments=fragments,
            frames=frames,
            parts=parts,
            files=files,
            factory=self._factory,
            recall=self._recall,
            engine=engine,
            versions=dict(versions or {}),
        )


def flush(path: Path) -> None:
    """Have the disk write a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_told(index: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line."""
    try:
        yield
    except OSError as exc:
        lines = str(exc).strip().splitlines()
        reason = exc.strerror or (lines[0].split(", /")[0] if lines else type(exc).__name__)
        raise IndexStateError(
            f"cannot write the index at {index}: {reason}; what was there is unharmed"
        ) from exc


def _latest_number(index: Path) -> int:
    return max((number_of(folder.name) for folder in index.glob(f"{PREFIX}*")), default=0)
