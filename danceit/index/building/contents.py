"""Whether a recording's files are what they were: content hashes, remembered by file status."""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from danceit.audio.counts.file import counts_named
from danceit.errors import InputError
from danceit.files import replacing, sha256_of_file
from danceit.index.sources import Found, belonging
from danceit.media import is_media

_NAME = "hashes.json"
_SETTLED_NS = 2_000_000_000
"""A file that changed less than this before it was hashed may change again unnoticed."""


class ContentHashes:
    """Hashes of recordings, with a memory that spares reading files that were not touched.

    A file whose size, modification and status-change times are those at its last hashing
    is not read again, unless it had been changed within the two seconds before.
    """

    def __init__(self, work: Path) -> None:
        self._path = work / _NAME
        self._known: dict[str, list[object]] = {}
        self._seen: dict[str, list[object]] = {}
        with suppress(OSError, ValueError):
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(stored, dict):
                self._known = stored

    def of(self, found: Found) -> str:
        """Hash of the names and contents of all files of a recording, and how it is read.

        Raises
        ------
        InputError
            If a file cannot be read.
        """
        digest = hashlib.sha256(found.settings_id.encode())
        for path in files_of(found):
            name = os.path.relpath(path, found.path.parent)
            try:
                digest.update(f"{name}\0{self._of_file(path)}\n".encode("utf-8", "surrogateescape"))
            except OSError as exc:
                raise InputError(f"cannot read {path}: {exc.strerror or exc}") from exc
        return digest.hexdigest()

    def save(self) -> None:
        """Remember the files asked about since it was opened, and forget the others."""
        with replacing(self._path) as temporary:
            temporary.write_text(json.dumps(self._seen), encoding="utf-8")

    def _of_file(self, path: Path) -> str:
        status = path.stat()
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        key = str(path.absolute())
        known = self._known.get(key)
        if isinstance(known, list) and known[:-1] == stamp and isinstance(known[-1], str):
            found = known[-1]
        else:
            now = time.time_ns()
            found = sha256_of_file(path)
            if now - max(status.st_mtime_ns, status.st_ctime_ns) < _SETTLED_NS:
                return found
        self._seen[key] = [*stamp, found]
        return found


def files_of(found: Found) -> tuple[Path, ...]:
    """Every file that a recording may be read from, sorted.

    Its own file or the files of its folder, what its source calls its companions, and
    media beside it of the same name, with what says how they are counted.
    """
    path = found.path
    own = [path]
    if path.is_dir():
        own = [child for child in path.iterdir() if not child.name.startswith(".")]
    own += belonging(found.source, path)
    own += [named for one in own if is_media(one) for named in counts_named(one.parent, one.stem)]
    return tuple(sorted({one for one in own if one.is_file()}))
