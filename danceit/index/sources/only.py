"""The one recording that a path is, or what it is instead."""

from pathlib import Path

from danceit.errors import InputError
from danceit.index.sources import SOURCES, Found, Scan, scan
from danceit.index.sources.settings import ReadSettings
from danceit.media import AUDIO_SUFFIXES


def only_recording(path: Path, settings: ReadSettings | None = None) -> Found:
    """Find the recording that a file is, or that a folder holds alone.

    Raises
    ------
    InputError
        If there is none, or if there are several.
    """
    held = scan(path, settings)
    if not held.found:
        raise InputError(nothing_in(path, held))
    if len(held.found) > 1:
        some = ", ".join(item.recording_id for item in held.found[:3])
        raise InputError(f"{path} holds {len(held.found)} recordings ({some}...): name one of them")
    return held.found[0]


def nothing_in(path: Path, held: Scan) -> str:
    """Say what a file or folder without a single recording is instead, and what is read."""
    if not held.unrecognised:
        return f"{path} is empty: there is no dance in it"
    kinds = f"dances are read from {', '.join(SOURCES.names())} (docs/recordings.md)"
    if path in held.unrecognised and path.is_file():
        return f"{path} is no dance: {kinds}"
    first, n = held.unrecognised[0], held.n_unrecognised_files
    others = f"1 file of another kind, {first}" if n == 1 else f"{n} files, such as {first}"
    inside = (
        each for one in held.unrecognised for each in (one.glob("*") if one.is_dir() else [one])
    )
    if any(each.suffix.lower() in AUDIO_SUFFIXES for each in inside):
        others += "; a song alone holds no movement: put poses or a video of the dance beside it"
    return f"no dance was recognised in {path}: {others}; {kinds}"
