"""A song's hash, samples and onsets, held for the questions that follow one another."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock

from danceit.audio.beats import Onsets, Tempogram, onsets, tempogram
from danceit.audio.decoding import Sound, read_sound
from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.media import check_is_file
from danceit.progress import Progress, silent


def hashed(path: Path) -> str:
    """Hash of a song's bytes.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be read.
    """
    check_is_file(path)
    try:
        return sha256_of_file(path)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}") from exc


@dataclass(frozen=True)
class _Told:
    """Who is told of the seconds decoded; no part of what is asked for."""

    progress: Progress = field(compare=False)


_decoding = Lock()


def sound_of(path: Path, sha256: str, told: Progress = silent) -> Sound:
    """Decoded samples of the file with this hash; threads that ask at once share them."""
    with _decoding:
        return _decoded(path, sha256, _Told(told))


# Features and beats of one song are usually asked for one after the other.
@lru_cache(maxsize=1)
def _decoded(path: Path, sha256: str, told: _Told) -> Sound:
    return read_sound(path, told=told.progress)


@lru_cache(maxsize=1)
def onsets_of(path: Path, sha256: str) -> tuple[Onsets, Tempogram]:
    """Onset strength of the file with this hash, and its local tempo."""
    onset = onsets(sound_of(path, sha256))
    return onset, tempogram(onset)
