"""Dance files in a folder: what they are called, which is the newest, what tells them apart."""

import re
from collections.abc import Sequence
from pathlib import Path

from danceit.data import Dance
from danceit.errors import InputError
from danceit.media import is_media
from danceit.render.drawing.together import group_name

DANCE_SUFFIX = ".dance.npz"
ALIGNED_SUFFIX = ".aligned.dance.npz"
_ALIGNED = re.compile(r"(?P<stem>.+)\.aligned(?:-(?P<times>\d{1,4}))?")
_DANCER = re.compile(r"(?P<stem>.+)\.dancer(?P<number>\d+)\.dance\.npz")


def stem_of(file: Path) -> str:
    """Name of a dance file without its suffix."""
    return file.name.removesuffix(".npz").removesuffix(".dance")


def aligned_name(file: Path) -> Path:
    """Where a dance is written once it is aligned: ``song.aligned.dance.npz``.

    Of one that is aligned already, the next: ``song.aligned-2.dance.npz``.
    """
    stem = stem_of(file)
    found = _ALIGNED.fullmatch(stem)
    if found is None:
        return file.with_name(f"{stem}{ALIGNED_SUFFIX}")
    times = int(found["times"] or 1) + 1
    return file.with_name(f"{found['stem']}.aligned-{times}{DANCE_SUFFIX}")


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


def numbered(file: Path, dancer: int) -> Path:
    """Name of one dancer's file: ``song.dancer2.dance.npz`` of ``song.dance.npz``."""
    if file.name.endswith(DANCE_SUFFIX):
        return file.with_name(f"{stem_of(file)}.dancer{dancer}{DANCE_SUFFIX}")
    return file.with_name(f"{file.stem}.dancer{dancer}{file.suffix}")


def set_of(file: Path) -> list[Path]:
    """All files of the group that a dance file is of, in order; of any other, itself."""
    found = _DANCER.fullmatch(file.name)
    if found is None:
        return [file]
    others = [(path, _DANCER.fullmatch(path.name)) for path in file.parent.iterdir()]
    numbers = {int(m["number"]): path for path, m in others if m and m["stem"] == found["stem"]}
    group = group_name(Dance.load(file))
    mine = [path for _, path in sorted(numbers.items()) if group_name(Dance.load(path)) == group]
    return mine if group else [file]


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
