"""Results kept under the hash of the file they were computed from.

The cache may be deleted at any time, shared by processes, damaged or read-only:
what cannot be read, or is another by a single bit, is computed again; what cannot be written
is not kept.
"""

import io
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from danceit.errors import DanceitError
from danceit.files import cache_dir, read_sealed, write_sealed

Arrays = dict[str, npt.NDArray[Any]]

VERSION = 3
"""Raised with every change of parameters that changes a feature or a beat, or of the files."""


def load(sha256: str, kind: str) -> Arrays | None:
    """Arrays stored for a file's hash, or None if they are not there or not readable."""
    try:
        content = read_sealed(_entry(sha256, kind))
        if content is None:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, BadZipFile):  # absent, or sealed by another program
        return None


def store(sha256: str, kind: str, arrays: Arrays) -> None:
    """Keep arrays for a file's hash; a cache that cannot be written is no error."""
    with suppress(OSError, DanceitError):
        entry = _entry(sha256, kind)
        entry.parent.mkdir(parents=True, exist_ok=True)
        packed = io.BytesIO()  # on a full disk zipfile prints a traceback that none can suppress
        np.savez(packed, **arrays)
        write_sealed(entry, packed.getvalue())


def _entry(sha256: str, kind: str) -> Path:
    return cache_dir() / "audio" / f"{sha256}-{kind}-v{VERSION}.npz"
