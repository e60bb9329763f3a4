"""What the studio keeps on disk: JSON objects, whole or not there, and locks of a process."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from danceit.errors import InputError
from danceit.files import lock_alone, replacing


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        If it is not there, damaged, something else, or holds what is no number: no answer to
        the page can.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(held, allow_nan=False)
    except (OSError, ValueError, RecursionError) as exc:
        raise InputError(f"{path} cannot be read: {exc}") from exc
    if not isinstance(held, dict):
        raise InputError(f"{path} does not hold what danceit wrote; was it edited?")
    return held


def write_object(path: Path, held: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(held, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def take_lock(path: Path) -> IO[bytes] | None:
    """Lock a file as long as what is returned stays open, which is as long as its process lives.

    None where another process has it. A system that locks no files lets everybody in.
    """
    file = path.open("wb")
    if lock_alone(file.fileno()):
        return file
    file.close()
    return None


def locked(path: Path) -> bool:
    """Whether a living process holds a file locked."""
    try:
        with path.open("rb") as file:
            return not lock_alone(file.fileno())
    except OSError:
        return False
