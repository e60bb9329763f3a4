"""Dances in an object store: ``s3://bucket/dances`` or ``gs://bucket/dances``.

Sources read files, and a recording is several (movement, song, video), so what is under
an address is copied to a folder of the cache first and is then a data folder like any
other. Only objects of another size or time of change than last time are fetched, those
that are gone are removed, and what was fetched is kept when the rest breaks off.

pyarrow does the talking (extra ``[cluster]``). Credentials, region and endpoint come from
where the provider's own tools take them: ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``,
``~/.aws``, ``AWS_ENDPOINT_URL``, the machine's role; ``GOOGLE_APPLICATION_CREDENTIALS``.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from danceit.errors import InputError, MissingDependencyError
from danceit.files import cache_dir, replacing
from danceit.index.store.manifest import take_lock
from danceit.progress import Progress, silent

# A `Path` keeps one of the two slashes.
_ADDRESS = re.compile(r"(s3|gs):(?:/{1,2}|$)([^/?]*)/*([^?]*?)/*(\?.*)?", re.DOTALL)
_FOLDER = "remote"
_AT_ONCE = 8
"""Objects that one machine fetches at a time."""
_PIECE = 4 << 20
_PATIENCE, _PATIENCE_S = "retry_limit_seconds", 20
"""Google's client would try for 15 minutes to reach a server that is not there."""
_SECOND_NS = 1_000_000_000
_SETTLED_NS = 2 * _SECOND_NS
"""An object that changed less than this before it was listed may change again unnoticed."""


@dataclass(frozen=True)
class RemoteFile:
    """An object, and the file that is to be like it.

    `key` begins with the bucket; `settled` is false where it may change again within the
    resolution of its time of change, so that it must be fetched again next time.
    """

    key: str
    size: int
    changed_ns: int
    settled: bool
    path: Path


Fetch = Callable[[str, Sequence[RemoteFile], Progress], None]
"""Brings objects of an address here; see `fetch_files`."""


def address_of(path: Path | str) -> str:
    """Return what `path` names in an object store, such as ``s3://bucket/dances``; "" if local.

    Raises
    ------
    InputError
        If it holds credentials or no bucket.
    """
    found = _ADDRESS.fullmatch(str(path))
    if found is None or os.path.exists(path):
        return ""
    scheme, bucket, key, query = found.groups()
    if not bucket:
        raise InputError(f"{scheme}:// needs a bucket: {scheme}://BUCKET/FOLDER")
    if "@" in bucket:
        raise InputError(
            f"keep the credentials for {scheme}:// out of the address, where others can read"
            " them; set them in the environment"
        )
    return f"{scheme}://{bucket}" + (f"/{key}" if key else "") + (query or "")


def check_local(folder: Path) -> None:
    """Check that an index is not to be in an object store.

    Raises
    ------
    InputError
        If it is.
    """
    if address := address_of(folder):
        raise InputError(
            f"an index cannot be kept at {address}: give a folder; only the dances may be in an"
            " object store"
        )


def fetched(data: Path, *, fetch: Fetch | None = None, progress: Progress = silent) -> Path:
    """Folder that holds what is at `data`: itself, or an up-to-date copy in the cache.

    Parameters
    ----------
    data : Path
    fetch : callable, optional
        Does the copying instead of `fetch_files`, for instance on many machines.
    progress : callable, optional

    Raises
    ------
    InputError
        If it cannot be reached or read, is empty, or holds names that cannot be files.
    IndexStateError
        If another process is fetching it.
    MissingDependencyError
        If pyarrow is not installed.
    """
    address = address_of(data)
    if not address:
        return Path(data)
    folder = _folder_of(address)
    # The lock goes with the handle, also when this process is killed.
    with closing(os.fdopen(take_lock(folder.parent), "r+b")):
        wanted = _listed(address, folder)
        _remove_others(folder, {file.path for file in wanted})
        missing = [file for file in wanted if not _is_here(file)]
        if missing:
            (fetch or fetch_files)(address, missing, progress)
    return folder


def fetch_files(address: str, files: Sequence[RemoteFile], told: Progress) -> None:
    """Copy objects of an address to their files, several at a time.

    Raises
    ------
    InputError
        At the first that cannot be read or written, or that changes meanwhile.
    """
    filesystem, _ = _connected(address)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tasks = [pool.submit(_fetch_one, address, filesystem, file) for file in files]
        try:
            for done, (task, file) in enumerate(zip(tasks, files, strict=True)):
                task.result()
                told(done + 1, len(files), file.path.name)
        finally:
            pool.shutdown(cancel_futures=True)


def _folder_of(address: str) -> Path:
    """Where an address is copied to; its last part gives the name that recordings go by."""
    # The same bucket of another server is another bucket.
    place = f"{address}\n{os.environ.get('AWS_ENDPOINT_URL', '')}"
    name = address.partition("?")[0].rsplit("/", 1)[-1]
    return cache_dir() / _FOLDER / hashlib.sha256(place.encode()).hexdigest()[:16] / name


def _connected(address: str) -> tuple[Any, str]:
    """File system and path within it."""
    try:
        from pyarrow import fs
    except ImportError as exc:
        raise MissingDependencyError(
            f"{address} cannot be read without pyarrow ({exc});"
            " install it with: pip install 'danceit[cluster]'"
        ) from exc
    scheme, _, rest = address.partition("://")
    path, _, query = rest.partition("?")
    if scheme == "gs" and _PATIENCE not in query:
        query = "&".join(part for part in (query, f"{_PATIENCE}={_PATIENCE_S}") if part)
    with _reachable(address):
        found: tuple[Any, str] = fs.FileSystem.from_uri(f"{scheme}://{quote(path)}?{query}")
    return found


def _listed(address: str, folder: Path) -> list[RemoteFile]:
    """Objects under an address in order of their names, hidden ones left out."""
    filesystem, root = _connected(address)
    from pyarrow.fs import FileSelector, FileType

    now = time.time_ns()
    with _reachable(address):
        found = filesystem.get_file_info(FileSelector(root, recursive=True))
    files = []
    for info in found:
        parts = info.path.removeprefix(f"{root}/").split("/")
        if info.type != FileType.File or any(
            part.startswith(".") and part.strip(".") for part in parts
        ):
            continue
        if not all(part.strip(".") for part in parts) or "\0" in info.path:
            raise InputError(f"{address} holds '{info.path}', which cannot be a file; rename it")
        settled = now - info.mtime_ns >= _SETTLED_NS
        path = folder.joinpath(*parts)
        files.append(RemoteFile(info.path, info.size, info.mtime_ns, settled, path))
    if not files:
        raise InputError(f"{address} is empty or not a folder: name the folder of the dances")
    folders = {parent for file in files for parent in file.path.parents}
    if both := [file.key for file in files if file.path in folders]:
        raise InputError(f"{address} holds '{both[0]}' and more below it; rename one of them")
    return sorted(files, key=lambda file: file.key)


def _is_here(file: RemoteFile) -> bool:
    """Whether the copy has the size and the time of change of the object."""
    try:
        status = file.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size, file.changed_ns)


def _remove_others(folder: Path, wanted: set[Path]) -> None:
    """Remove copies of objects that are gone, and what an interrupted copy left."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place, name)
            if path not in wanted:
                path.unlink()
        with suppress(OSError):
            # Fails, as it should, where something is left inside.
            os.rmdir(place)


def _fetch_one(address: str, filesystem: Any, file: RemoteFile) -> None:
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file.path) as temporary:
            size = _copy(address, filesystem, file.key, temporary)
            with _reachable(address):
                now = filesystem.get_file_info(file.key)
            # Some servers tell the time to the millisecond in lists and to the second here.
            then = file.changed_ns // _SECOND_NS
            if (size, now.size, (now.mtime_ns or 0) // _SECOND_NS) != (file.size, file.size, then):
                raise InputError(
                    f"'{file.key}' was changed while it was fetched from {address}; try again"
                )
            if file.settled:
                os.utime(temporary, ns=(file.changed_ns, file.changed_ns))
    except OSError as exc:
        raise InputError(
            f"cannot keep '{file.key}' of {address} at {file.path}: {exc.strerror or exc}"
        ) from exc


def _copy(address: str, filesystem: Any, key: str, target: Path) -> int:
    """Copy an object to a file; return its bytes."""
    size = 0
    with target.open("wb") as written:
        with _reachable(address):
            stream = filesystem.open_input_stream(key)
        with closing(stream):
            while True:
                with _reachable(address):
                    piece = stream.read(_PIECE)
                if not piece:
                    return size
                written.write(piece)
                size += len(piece)


@contextmanager
def _reachable(address: str) -> Iterator[None]:
    """Turn whatever pyarrow raises at an object store into one line."""
    try:
        yield
    except FileNotFoundError as exc:
        raise InputError(f"there is nothing at {address}, or no longer") from exc
    except (OSError, ValueError, RuntimeError) as exc:
        lines = str(exc).strip().splitlines() or [type(exc).__name__]
        reason = re.sub(r" \(Request ID: [^)]*\)| error_info=.*", "", lines[0])
        cure = ""
        if re.search(
            r"ACCESS_DENIED|HTTP status 40[13]|(?i:credential)|FORBIDDEN|OAuth2", str(exc)
        ):
            names = "AWS_PROFILE, AWS_ACCESS_KEY_ID, ..."
            if address.startswith("gs:"):
                names = "GOOGLE_APPLICATION_CREDENTIALS"
            cure = f"; are the credentials set ({names})?"
        raise InputError(f"cannot read {address}: {reason}{cure}") from exc
