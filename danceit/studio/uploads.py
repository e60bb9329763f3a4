"""Files dropped on the page: streamed to disk under harmless names, with limits."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import is_zipfile

from danceit.errors import InputError
from danceit.media import AUDIO_SUFFIXES, VIDEO_SUFFIXES, opened

LARGEST_SONG = 1 << 30
"""Bytes of a song, which may be a video."""
LARGEST_DROP = 64 << 30
"""Bytes of one file of a library."""
SPARE = 1 << 30
"""Bytes that a drop must leave free on the disk."""
RECORDINGS = AUDIO_SUFFIXES | VIDEO_SUFFIXES | {".npz", ".bvh", ".json", ".pkl", ".beats", ".txt"}
"""What a library is made of; each is read by its content later, by the source that knows it."""
_PART = ".part"
_LOOKED_AT = 4096
_BEGINNINGS: Mapping[str, tuple[bytes, ...]] = {".bvh": (b"HIERARCHY",), ".json": (b"{", b"[")}
_PICKLED = (b"\x80", b"(", b"]", b"}", b"c")
"""First bytes of pickles, of every protocol; their sources read them without running any."""


async def written(stream: AsyncIterator[bytes], target: Path, largest: int) -> int:
    """Write a body to a file that is either whole or not there; return its bytes.

    Raises
    ------
    InputError
        If it is empty or too large, or the disk is full.
    """
    part = target.with_name(target.name + _PART)
    room = shutil.disk_usage(target.parent).free - SPARE
    n_bytes = 0
    try:
        with part.open("wb") as file:
            async for chunk in stream:
                n_bytes += len(chunk)
                if n_bytes > largest:
                    raise InputError(
                        f"{target.name} is too large: at most {largest / (1 << 30):.0f} GB"
                    )
                if n_bytes > room:
                    raise InputError(f"there is no room left on the disk for {target.name}")
                file.write(chunk)
        if not n_bytes:
            raise InputError(f"{target.name} is empty (0 bytes)")
        part.replace(target)
    except OSError as exc:
        raise InputError(f"cannot write {target.name}: {exc.strerror or exc}") from exc
    finally:
        with suppress(OSError):
            part.unlink()
    return n_bytes


def check_song(path: Path) -> None:
    """Check by its content that a file has sound.

    Raises
    ------
    InputError
        If it is no sound or video, or a video without sound.
    """
    try:
        with opened(path) as container:
            heard = bool(container.streams.audio)
    except InputError as exc:
        # The path is the server's own business.
        raise InputError(str(exc).replace(str(path), path.name)) from exc
    if not heard:
        raise InputError(f"{path.name} has no sound: drop a song, or a video with sound")


def check_recording(path: Path) -> None:
    """Check that a file of this name can belong to a library.

    Raises
    ------
    InputError
        If no source reads such files.
    """
    if path.suffix.lower() not in RECORDINGS:
        raise InputError(
            f"{path.name} is left out: a library is made of videos, songs, .bvh, .npz and .json"
        )


def check_content(path: Path) -> None:
    """Check that a file holds what its name says; one that does not is removed.

    Raises
    ------
    InputError
        If it begins like something else, or cannot be opened as sound or video.
    """
    try:
        wrong = _wrong_with(path)
    except OSError as exc:
        wrong = f"it cannot be read ({exc.strerror or exc})"
    if wrong:
        path.unlink(missing_ok=True)
        raise InputError(f"{path.name} is left out: {wrong}")


def _wrong_with(path: Path) -> str:
    """Why a file is not what it is called; empty where it is."""
    kind = path.suffix.lower()
    if kind in AUDIO_SUFFIXES | VIDEO_SUFFIXES:
        try:
            with opened(path) as container:
                return "" if container.streams else "there is neither picture nor sound in it"
        except InputError:
            return "it cannot be read as sound or video; is it whole?"
    if kind == ".npz":
        return "" if is_zipfile(path) else "it is no .npz file; is it whole?"
    with path.open("rb") as file:
        beginning = file.read(_LOOKED_AT)
    if kind == ".pkl":
        return "" if beginning[:1] in _PICKLED else "it is no .pkl file"
    if b"\0" in beginning:
        return f"it is no {kind} file, which is text"
    begins = _BEGINNINGS.get(kind, ())
    if begins and not beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(begins):
        return f"it does not begin as a {kind} file does"
    return ""
