"""The manifest: what the published generation of an index consists of.

An index is a folder with one `manifest.json` and one folder a generation. The manifest
names the generation and holds size and SHA-256 of each of its files; renaming a new
manifest over the old one is what publishes a generation. It carries a checksum of
itself, and each generation keeps a copy, from which a lost one can be restored.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from danceit.errors import IndexStateError, InputError
from danceit.files import replacing, sha256_of_file
from danceit.index.store.nouns import (
    By,
    MissingIndexError,
    NewerIndexError,
    StoreSpec,
)

FORMAT = 3
"""Version of the index format written by this release; newer ones are refused."""
NAME = "manifest.json"
PREFIX = "generation-"
HEAD_BYTES = 1 << 20
_LOCK = "writer.lock"
_LARGEST = 64 << 20
"""Bytes; a manifest is some kilobytes, so anything near this is not one."""


@dataclass(frozen=True)
class FileEntry:
    """Size in bytes and hex SHA-256 of one file of a generation.

    `head` is the SHA-256 of its first `HEAD_BYTES`, where the headers are by which other
    software would take memory or find its way; it is checked at every opening.
    """

    size: int
    sha256: str
    head: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Measure a file."""
        return cls(path.stat().st_size, sha256_of_file(path), head_of(path))


@dataclass(frozen=True)
class SearchPart:
    """One FAISS index: the vectors of one space and one fragment length.

    `factory` is what it was made with, `nprobe` the lists visited by a search (0 where
    there are none), `file` its name within the generation.
    """

    by: By
    n_frames: int
    count: int
    factory: str
    nprobe: int
    file: str


@dataclass(frozen=True)
class Manifest:
    """The published state of an index.

    `files` is keyed by the path within the generation's folder; `widths` holds D and A,
    0 in an index that never had a fragment; `wanted` is the factory string and the recall
    that were asked for, kept for the next build; `versions` is that of each table of an
    engine whose tables have versions.
    """

    generation: str
    created: str
    writer: str
    spec: StoreSpec
    widths: Mapping[str, int]
    clips: int
    fragments: int
    frames: int
    parts: tuple[SearchPart, ...]
    files: Mapping[str, FileEntry]
    factory: str = ""
    recall: float = 0.0
    engine: str = "local"
    versions: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def index_id(self) -> str:
        """Short hash of everything the index holds."""
        contents = {name: entry.sha256 for name, entry in self.files.items()}
        return hashlib.sha256(_canonical(contents)).hexdigest()[:16]

    def write(self, path: Path) -> None:
        """Write it to `path` in one step, with its checksum."""
        body = {"format": FORMAT, **asdict(self)}
        body["checksum"] = _checksum(body)
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path, engine: str = "local") -> "Manifest":
        """Read a manifest and check it against its own checksum.

        Raises
        ------
        IndexStateError
            If it is missing, damaged, of a newer format, or of another engine.
        """
        body = _load(path)
        try:
            version = int(body["format"])
            if version > FORMAT:
                raise NewerIndexError(
                    f"{path.parent} has index format {version}, this danceit reads up to {FORMAT}:"
                    " upgrade danceit, or build the index again"
                )
            if body.pop("checksum") != _checksum(body):
                raise IndexStateError(f"{path} is damaged: its checksum does not match")
            if body["engine"] != engine:
                raise IndexStateError(
                    f"{path.parent} is kept by the engine '{body['engine']}', not '{engine}'"
                )
            del body["format"]
            body["spec"]["lengths"] = tuple(body["spec"]["lengths"])
            body["spec"] = StoreSpec(**body["spec"])
            body["parts"] = tuple(SearchPart(**part) for part in body["parts"])
            body["files"] = {name: FileEntry(**entry) for name, entry in body["files"].items()}
            return cls(**body)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise IndexStateError(f"{path} is damaged: {type(exc).__name__} {exc}") from exc


def engine_of(index: Path) -> str:
    """Name of the engine whose manifest lies at `index`; "" where there is none.

    Where the manifest is lost or damaged, the copy in the newest generation is asked.
    """
    folders = sorted(Path(index).glob(f"{PREFIX}*"), key=lambda one: -number_of(one.name))
    for folder in (Path(index), *folders):
        try:
            engine = json.loads((folder / NAME).read_text(encoding="utf-8"))["engine"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(engine, str):
            return engine
    return ""


def number_of(generation: str) -> int:
    """Count of generations up to the one of this name; 0 where it is no such name."""
    number = generation.removeprefix(PREFIX).split("-")[0]
    return int(number) if number.isdecimal() else 0


def head_of(path: Path) -> str:
    """Hex SHA-256 of the first `HEAD_BYTES` of a file."""
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(HEAD_BYTES)).hexdigest()


def check_sizes(folder: Path, files: Mapping[str, FileEntry]) -> tuple[str, ...]:
    """Problems, one line each, of files that are missing or of another size."""
    problems = []
    for name, entry in files.items():
        path = folder / name
        try:
            size = path.stat().st_size
        except OSError as exc:
            problems.append(f"{path} cannot be read: {exc.strerror or exc}")
            continue
        if size != entry.size:
            problems.append(f"{path} has {size} bytes where {entry.size} were written")
    return tuple(problems)


def check_contents(
    folder: Path, files: Mapping[str, FileEntry], *, whole: bool = True
) -> tuple[str, ...]:
    """Problems, one line each, of files with other bytes; with `whole` false, other headers."""
    problems = []
    for name, entry in files.items():
        path = folder / name
        try:
            same = sha256_of_file(path) == entry.sha256 if whole else head_of(path) == entry.head
        except OSError as exc:
            problems.append(f"{path} cannot be read: {exc.strerror or exc}")
            continue
        if not same:
            problems.append(f"{path} is not what was written: its SHA-256 differs")
    return tuple(problems)


def take_lock(index: Path, name: str = _LOCK) -> int:
    """Take the lock that only one writer of an index can have.

    Parameters
    ----------
    index : Path
    name : str
        Of the file in the index that holds it.

    Returns
    -------
    int
        A file handle; closing it, or the death of the process, releases the lock.

    Raises
    ------
    IndexStateError
        If another process holds it.
    InputError
        If the folder cannot be written to.
    """
    import fcntl

    path = index / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as exc:
        raise InputError(f"cannot write an index at {index}: {exc.strerror or exc}") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        owner = os.read(handle, 64).decode("ascii", "replace").strip()
        os.close(handle)
        raise IndexStateError(
            f"{index} is being written by another process ({owner or 'unknown'}); "
            "try again when it is done"
        ) from exc
    os.truncate(handle, 0)
    os.pwrite(handle, f"pid {os.getpid()}\n".encode("ascii"), 0)
    return handle


def absent(index: Path) -> IndexStateError:
    """Return the error that says how to get the index that is not there."""
    if index.is_file():
        return IndexStateError(
            f"{index} is a file; an index is the folder that `danceit index build` wrote"
        )
    if any(index.glob(f"{PREFIX}*/{NAME}")):
        return IndexStateError(
            f"{index} has lost its {NAME}; restore it with: danceit index rebuild"
        )
    return MissingIndexError(
        f"no index at {index}: build one with: danceit index build DATA --out {index}"
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise IndexStateError(f"{path} is damaged: it is larger than any manifest")
        body = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise absent(path.parent) from exc
    except OSError as exc:
        raise IndexStateError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, RecursionError) as exc:
        raise IndexStateError(f"{path} is damaged: {exc}") from exc
    if not isinstance(body, dict):
        raise IndexStateError(f"{path} is damaged: not a manifest")
    return body


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode("utf-8")
