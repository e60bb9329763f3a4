"""Files that are either whole or not there.

Writers work beside the target and publish with `os.replace`, so that a kill, a
full disk or an exception never leaves half a file under the final name.
"""

import hashlib
import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from danceit.errors import InputError

_CHUNK = 1 << 20
_LONGEST_NAME, _MOST_BYTES = 100, 200
"""Characters and bytes of a file's name: a character may be four bytes, file systems take 255, and
what lies beside a file while it is written has a longer name."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are no files on Windows."""
_MARK = ".danceit-"
_LEFT = re.compile(r"\..+\.danceit-[a-z0-9_]{8}(\.[^.]*)?")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` on success.

    The temporary name keeps the suffix of `path`, because encoders choose the
    format by it. On any exception the temporary file is removed and `path` is as before;
    what a killed process left behind is removed by the next that writes into the folder.
    A file that was there keeps its permissions, and of a link the file that it leads to
    is replaced.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written to, or `path` is no file.
    """
    target = Path(path)
    if target.is_symlink():
        target = target.resolve()
    mode = _mode_of(target)
    if not target.parent.is_dir():
        raise InputError(f"cannot write {target}: the folder {target.parent} does not exist")
    _sweep(target.parent)
    try:
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}{_MARK}", suffix=target.suffix
        )
    except OSError as exc:
        raise InputError(f"cannot write {target}: {exc.strerror or exc}") from exc
    temporary = Path(name)
    try:
        _lock(handle)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask() if mode is None else mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(handle)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep all others out of a folder who ask for it in the same way.

    It is made if it is not there, and taken away again if nothing was written into it. A system
    that locks no folders lets everybody in.

    Raises
    ------
    InputError
        If another has it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as exc:
        raise InputError(f"cannot write {folder}: {exc.strerror or exc}") from exc
    try:
        if not lock_alone(handle):
            raise InputError(
                f"another process is writing into {folder}: wait for it, or choose another folder"
            )
        yield
    finally:
        os.close(handle)
        with suppress(OSError):
            folder.rmdir()


def lock_alone(handle: int) -> bool:
    """Lock an open file or folder until it is closed; False where another process holds it.

    A system that locks none lets everybody in.
    """
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        pass
    return True


_SEAL = hashlib.sha256().digest_size
"""Bytes of the hash at the head of a sealed file."""


def write_sealed(path: Path, content: bytes) -> None:
    """Write what only danceit reads back, behind a hash of all of it; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(hashlib.sha256(content).digest() + content)


def read_sealed(path: Path) -> bytes | None:
    """Read what `write_sealed` wrote; None where a single bit of it is another.

    numpy and zipfile compare checksums of what they read only, and believe a header that
    says to read less.

    Raises
    ------
    OSError
        If it is not there or cannot be read.
    """
    whole = path.read_bytes()
    seal, content = whole[:_SEAL], whole[_SEAL:]
    return content if hashlib.sha256(content).digest() == seal else None


def one_line(text: object) -> str:
    """Text for one line or cell: a name's line breaks and control characters are written out."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in str(text)
    )


def file_name(text: str) -> str:
    """Return a file name that is one on every system, as like the one given as can be.

    Letters of all scripts stay; separators, control characters and what shells or Windows read
    otherwise become ``_``. A name of which nothing is left becomes ``file``.
    """
    plain = unicodedata.normalize("NFC", text)
    kept = "".join(one if one.isalnum() or one in " ._-+()&'," else "_" for one in plain)
    kept = kept.strip(" ._")
    if not kept.strip("_") or _DEVICES.fullmatch(kept):
        kept = f"file_{kept}".rstrip("_")
    stem, dot, suffix = kept.rpartition(".")
    if not dot or len(suffix) > 12:
        stem, suffix = kept, ""
    ending = f".{suffix}" if suffix else ""
    stem = stem[: _LONGEST_NAME - len(ending)]
    most_bytes = _MOST_BYTES - len(ending.encode())
    return stem.encode()[:most_bytes].decode(errors="ignore") + ending


def _mode_of(target: Path) -> int | None:
    """Permissions of the file that is there; None where there is none."""
    try:
        found = target.stat()
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"cannot write {target}: it is a folder; give a file name")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"cannot write {target}: it is a pipe or a device; give a file name")
    return stat.S_IMODE(found.st_mode)


@lru_cache(maxsize=64)
def _sweep(folder: Path) -> None:
    """Remove what writers left behind that are no more: the lock of a living one is held."""
    with suppress(OSError):
        for left in folder.iterdir():
            if _LEFT.fullmatch(left.name):
                with suppress(OSError), left.open("rb") as stream:
                    if _lock(stream.fileno()):
                        left.unlink()


def _lock(handle: int) -> bool:
    """Lock an open file until it is closed; False where another process holds it."""
    try:
        import fcntl
    except ImportError:  # a system without it keeps what killed writers leave
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sha256_of_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in chunks."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def cache_dir() -> Path:
    """Folder for recomputable results: `DANCEIT_CACHE`, else the platform's cache folder."""
    chosen = os.environ.get("DANCEIT_CACHE")
    if chosen:
        folder = Path(chosen)
    else:
        import platformdirs

        folder = Path(platformdirs.user_cache_dir("danceit"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
