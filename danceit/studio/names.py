"""Names from a browser: ids that the project gave, and file names made harmless."""

import re
import secrets
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from danceit.errors import InputError
from danceit.files import file_name as file_name

_ID = re.compile(r"[0-9a-f]{8}")
_DROP = re.compile(r"\d{4}-\d\d-\d\d(-\d+)?")
_LONGEST = 100
"""Characters of a name that a person gives."""
_DEEPEST = 6
"""Folders above a dropped file that are kept."""


class UnknownIdError(InputError):
    """A thing was asked for that the project does not have."""


def new_id() -> str:
    """Return an id that the project has not given yet, as good as surely."""
    return secrets.token_hex(4)


def checked_id(text: object, what: str) -> str:
    """Return an id; anything else than one is a thing that is not there.

    Raises
    ------
    UnknownIdError
        If the text has not the form of an id.
    """
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise UnknownIdError(f"there is no such {what} in this project")
    return text


def checked_drop(text: object) -> str:
    """Return the name of a drop: the day, and a number where it was not the day's first."""
    if not isinstance(text, str) or not _DROP.fullmatch(text):
        raise UnknownIdError("there is no such drop in this project")
    return text


def relative_path(text: str) -> Path:
    """Return a dropped file's path below its folder, each part made harmless."""
    parts = [part for part in PurePosixPath(text.replace("\\", "/")).parts if part.strip("./ ")]
    if not parts:
        raise InputError("a dropped file must have a name")
    return Path(*map(file_name, parts[-_DEEPEST:]))


def free(path: Path, taken: Collection[str] = (), suffix: str = "") -> Path:
    """Return the path, or the first of ``NAME-2``, ``NAME-3``, ... that is not taken.

    Parameters
    ----------
    taken : collection of str
        Names of files that are about to be there.
    suffix : str
        What the number goes before, where that is more than the last part of the name.
    """
    suffix = suffix or path.suffix
    number, found = 2, path
    while found.exists() or found.name in taken:
        found = path.with_name(f"{path.name.removesuffix(suffix)}-{number}{suffix}")
        number += 1
    return found


def title(text: object, what: str = "a name") -> str:
    """Return a name that a person gave, in one line.

    Raises
    ------
    InputError
        If it is empty or too long.
    """
    plain = " ".join(str(text).split())
    if not plain or len(plain) > _LONGEST:
        raise InputError(f"{what} must have 1 to {_LONGEST} characters; got {len(plain)}")
    return plain
