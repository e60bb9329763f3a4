"""Dance files in a folder: what they are called, which is the newest, what tells them apart."""

from collections.abc import Sequence
from pathlib import Path

from danceit.data import Dance
from danceit.errors import InputError
from danceit.media import is_media

DANCE_SUFFIX = ".dance.npz"
ALIGNED_SUFFIX = ".aligned.dance.npz"


def stem_of(file: Path) -> str:
    """Name of a dance file without its suffix."""
    return file.name.removesuffix(".npz").removesuffix(".dance")


def loaded(file: Path) -> Dance:
    """Read a dance file; a song in its place is an `InputError` that says what to do first."""
    if file.is_file() and is_media(file):
        raise InputError(
            f"{file} is a song or a video, not a dance; make one first: danceit query {file}"
        )
    return Dance.load(file)


def last_dance(folder: Path, *, aligned: bool) -> Path:
    """Newest dance file in a folder; where `aligned` is False, newest as a query wrote it.

    Raises
    ------
    InputError
        If there is none.
    """
    found = sorted(
        folder.glob(f"*{DANCE_SUFFIX}"),
        key=lambda path: (path.stat().st_mtime_ns, path.name),
        reverse=True,
    )
    for path in found:
        if aligned or not (path.name.endswith(ALIGNED_SUFFIX) or _is_aligned(path)):
            return path
    if found:
        raise InputError(f"every dance file in {folder} is aligned already; name one to go on")
    raise InputError(f"no dance file in {folder}; name one, or run `danceit query SONG` first")


def short_names(files: Sequence[Path]) -> tuple[str, ...]:
    """File names without the suffix, and without the words that all of them begin with."""
    parts = [stem_of(file).split(".") for file in files]
    shared = 0
    while len(files) > 1 and all(len(part) > shared + 1 for part in parts):
        if len({part[shared] for part in parts}) > 1:
            break
        shared += 1
    return tuple(".".join(part[shared:]) for part in parts)


def _is_aligned(path: Path) -> bool:
    """Whether a dance was aligned, whatever its file is called, as `danceit dance` writes it."""
    return any(step.step == "align" for step in Dance.load(path).steps)
