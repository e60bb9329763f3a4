"""What of the dropped files is not in the library, in words that say what to film instead."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from danceit.errors import InputError
from danceit.index.cleaning.report import (
    FAR,
    FROZEN,
    LOST,
    MISSING,
    NO_BODY,
    NOBODY,
    SHORT,
    STILL,
)

MOST = 20
"""Files that are named."""
_FAULTS: Mapping[str, str] = {
    LOST: "most of it is damaged or cut off",
    NOBODY: "nobody is seen in most of it",
    MISSING: "hands or feet are out of the picture",
    FROZEN: "the picture stands still",
    STILL: "nobody moves in it",
    FAR: "the dancer jumps from one picture to the next",
    NO_BODY: "what is seen has not the proportions of a person",
    SHORT: "the dancer is never seen for a whole second on end",
}
_WORST = re.compile(rf"\d+% ({'|'.join(map(re.escape, _FAULTS))})")
_ADVICE = "film one dancer from head to feet, for a few seconds at least"


def problem(recording: str, reason: str, folder: Path) -> str:
    """Return a file's name and why it is not in the library, without where it lies.

    Parameters
    ----------
    recording : str
        Its id, which is its path within what was dropped.
    reason : str
        As the build tells it.
    folder : Path
        What the library was made of.
    """
    name = PurePosixPath(recording).name
    worst = _WORST.search(reason)
    if worst:  # the largest share comes first
        return f"{name}: {_FAULTS[worst[1]]}; {_ADVICE}"
    told = reason.replace(f"{folder / recording}", name).replace(f"{folder}/", "")
    return f"{name}: {told.removeprefix(f'{name}: ')}"


def nothing_at_all(failures: Iterable[tuple[str, str]], folder: Path) -> InputError:
    """Error for a library of which nothing could be read, one file after the other."""
    lines = [problem(name, reason, folder) for name, reason in failures][:MOST]
    return InputError(f"No dance could be taken from these files. {'. '.join(lines)}.")
