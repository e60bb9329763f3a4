"""Songs with annotated counts: files beside them, or in a folder of their own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from danceit.audio.counts.file import SUFFIXES, beside
from danceit.errors import InputError
from danceit.index.sources.tang import STYLES
from danceit.media import is_media

_TANG = re.compile(r"DANCE_([A-Z])_\d+")


@dataclass(frozen=True)
class Annotated:
    """A song and the file that says how it is counted; `style` is empty where not known."""

    name: str
    song: Path
    reference: Path
    style: str


def annotated_songs(data: Path, reference: Path | None = None) -> tuple[Annotated, ...]:
    """Find the songs in a folder that have annotated counts.

    Parameters
    ----------
    data : Path
        Searched with its sub-folders.
    reference : Path, optional
        A folder of files named as the song, or as the song's folder (``W_1.beats`` for
        ``W_1/audio.mp3``); without it they lie beside the songs.

    Raises
    ------
    InputError
        If a folder is missing, or no song has a reference.
    """
    for folder in (data, *((reference,) if reference else ())):
        if not folder.is_dir():
            raise InputError(f"no such folder: {folder}")
    found = tuple(_annotated(data, reference))
    if not found:
        where = f"in {reference}" if reference else "beside any of them"
        raise InputError(
            f"{data} holds no annotated song: no {', '.join(SUFFIXES)} file of a song {where}"
        )
    return found


def _annotated(data: Path, reference: Path | None) -> Iterator[Annotated]:
    for song in sorted(path for path in data.rglob("*") if is_media(path) and path.is_file()):
        for name in (song.stem, song.parent.name):
            file = beside(reference / f"{name}.mp3") if reference else beside(song)
            if file is not None:
                yield Annotated(name, song, file, _style(song, data))
                break


def _style(song: Path, data: Path) -> str:
    """The style that Tang et al.'s names tell, else the folder in which the song lies."""
    tang = _TANG.fullmatch(song.parent.name)
    if tang:
        return STYLES.get(tang.group(1), "")
    return "" if song.parent == data else song.parent.name
