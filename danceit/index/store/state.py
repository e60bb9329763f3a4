"""A published state of an index, open for reading; what engines with a manifest share.

Whoever has a state open holds a shared lock on its file under `readers/` in the state's
folder, so that a writer knows what may not be removed yet. The lock comes after the
manifest was read, so the manifest is read once more: only then is it sure that the
files stay.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Self

from danceit.errors import IndexStateError
from danceit.index.store.manifest import (
    NAME,
    PREFIX,
    FileEntry,
    Manifest,
    check_contents,
    check_sizes,
    number_of,
)

ENCODER = "encoder"
READERS = "readers"
_HASHED_AT_OPENING = 32 << 20
"""Bytes up to which an index is hashed whole whenever it is opened (about 20 ms)."""


class State(ABC):
    """The files that a manifest names, open; an engine's subclass knows what is in them."""

    engine: ClassVar[str]
    """Name of the engine in its manifests."""
    search_folder: ClassVar[str]
    """Folders of this name hold search indexes, which can be made again from the rest."""

    def __init__(self, index: Path, manifest: Manifest) -> None:
        self.folder = index / manifest.generation
        self.manifest = manifest
        self._pin = _pin(self.folder, manifest)
        try:
            self._open_files()
            self._check_counts()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, index: Path, *, searchable: bool = True) -> Self:
        """Open the published state after checking its files.

        Sizes, counts and what says what is where are checked always, all contents where
        the index is small; `verify` checks all. With `searchable` false, search indexes
        may be damaged.

        Raises
        ------
        IndexStateError
            If anything is missing, damaged, or of a newer format.
        """
        manifest = Manifest.read(index / NAME, cls.engine)
        while True:
            opened = None
            try:
                opened = cls.open_checked(index, manifest, searchable=searchable)
            except (IndexStateError, OSError):
                # A writer may have published the next one and removed this one meanwhile.
                latest = Manifest.read(index / NAME, cls.engine)
                if latest == manifest:
                    raise
            else:
                latest = Manifest.read(index / NAME, cls.engine)
                if latest == manifest:
                    return opened
                opened.close()
            manifest = latest

    @classmethod
    def open_checked(cls, index: Path, manifest: Manifest, *, searchable: bool) -> Self:
        """Open the state that a manifest describes; see `open`."""
        files = manifest.files if searchable else cls._truth(manifest.files)
        folder = index / manifest.generation
        problems = check_sizes(folder, files)
        if not problems and sum(entry.size for entry in files.values()) <= _HASHED_AT_OPENING:
            problems = check_contents(folder, files)
        elif not problems:
            problems = cls._problems_of_large(folder, files)
        if problems:
            raise IndexStateError(cls._damaged(index, problems))
        return cls(index, manifest)

    @classmethod
    def last_good(cls, index: Path) -> Self:
        """Open the published state or, without a manifest, the newest whose truth is whole.

        Raises
        ------
        IndexStateError
            If there is none.
        """
        try:
            manifests = [Manifest.read(index / NAME, cls.engine)]
            problem = ""
        except IndexStateError as exc:
            problem = str(exc)
            manifests = [*_kept_manifests(index, cls.engine)]
        for manifest in manifests:
            try:
                state = cls.open_checked(index, manifest, searchable=False)
            except IndexStateError as exc:
                problem = str(exc)
                continue
            problems = check_contents(state.folder, cls._truth(manifest.files))
            problems = problems or state.truth_problems()
            if not problems:
                return state
            state.close()
            problem = problems[0]
        raise IndexStateError(problem)

    def verify(self) -> tuple[str, ...]:
        """Check sizes, contents and consistency of every file; return the problems."""
        wanted = self.manifest.files
        problems = check_sizes(self.folder, wanted)
        # Those of another size have been complained of already.
        whole = {
            name: entry
            for name, entry in wanted.items()
            if not check_sizes(self.folder, {name: entry})
        }
        problems += check_contents(self.folder, whole)
        return problems or self.truth_problems() + self.search_problems()

    @abstractmethod
    def truth_problems(self) -> tuple[str, ...]:
        """Find where parts of the truth that are what was written do not fit one another."""

    def search_problems(self) -> tuple[str, ...]:
        """Find where search indexes do not fit the truth."""
        return ()

    def close(self) -> None:
        """Let go of the files and of the reader's lock; twice does no harm."""
        self._close_files()
        if self._pin is not None:
            os.close(self._pin)
        self._pin = None

    @abstractmethod
    def _open_files(self) -> None: ...

    @abstractmethod
    def _close_files(self) -> None:
        """Close what `_open_files` opened, also where it failed half-way."""

    @abstractmethod
    def _counts(self) -> Mapping[str, tuple[int, int]]:
        """By what is counted, how many there are and how many belong."""

    @classmethod
    @abstractmethod
    def _problems_of_large(cls, folder: Path, files: Mapping[str, FileEntry]) -> tuple[str, ...]:
        """Problems in contents of files, as far as they can be found without reading all."""

    def _check_counts(self) -> None:
        for what, (found, expected) in self._counts().items():
            if found != expected:
                raise IndexStateError(
                    f"{self.folder} is damaged: it holds {found} {what} where {expected} belong"
                )

    @classmethod
    def _truth(cls, files: Mapping[str, FileEntry]) -> dict[str, FileEntry]:
        marked = f"/{cls.search_folder}/"
        return {name: entry for name, entry in files.items() if marked not in f"/{name}"}

    @classmethod
    def _damaged(cls, index: Path, problems: tuple[str, ...]) -> str:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        cure = "danceit index rebuild"
        if any(f"/{cls.search_folder}/" not in problem for problem in problems):
            cure = f"danceit index build DATA --out {index}"
        return f"{problems[0]}{more}; run: {cure}"


def in_use(folder: Path, manifest: Manifest | None = None) -> bool:
    """Whether somebody on this machine has a state in `folder` open, other than this one."""
    import fcntl

    for path in (folder / READERS).glob("*.lock"):
        if manifest is not None and path.name == _pin_name(manifest):
            continue
        with suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            except OSError:
                return True
            finally:
                os.close(handle)
    return False


def _kept_manifests(index: Path, engine: str) -> list[Manifest]:
    """Copies of the manifest in the folders of the generations, the newest first."""
    kept = []
    for folder in sorted(index.glob(f"{PREFIX}*"), key=lambda one: -number_of(one.name)):
        with suppress(IndexStateError):
            kept.append(Manifest.read(folder / NAME, engine))
    return kept


def _pin(folder: Path, manifest: Manifest) -> int | None:
    """Take a reader's lock; None where nothing can be written, as on a read-only disk."""
    import fcntl

    path = folder / READERS / _pin_name(manifest)
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_SH)
            except OSError:
                os.close(handle)
                return None
            if os.fstat(handle).st_nlink:
                return handle
            # A writer took it for a dead reader's a moment ago.
            os.close(handle)
    return None


def _pin_name(manifest: Manifest) -> str:
    return "-".join(str(number) for number in manifest.versions.values()) + "v.lock"
