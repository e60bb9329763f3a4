"""Reading and cleaning many recordings, in one place: for training, building, tables and benches.

One bad recording is named and the rest goes on, whatever its reader raises: what is no
`DanceitError` is a bug, of danceit or of a third party's reader, and is told as one.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from danceit.data import Clip
from danceit.errors import DanceitError, InputError, NothingReadError
from danceit.index.building.contents import ContentHashes
from danceit.index.cleaning.cleaning import Cleaned, clean
from danceit.index.cleaning.report import CleaningReport
from danceit.index.sources import Found, read_ahead, scan
from danceit.index.sources.only import nothing_in
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.contract import RecordingEntry
from danceit.progress import Progress, silent

Done = TypeVar("Done")


@dataclass(frozen=True)
class Failure:
    """A recording that failed, and the one line that says why.

    `trace` is where, for a bug; empty where the recording is to blame.
    """

    recording_id: str
    reason: str
    trace: str = ""

    @classmethod
    def of(cls, recording_id: str, error: Exception) -> "Failure":
        """Tell a bad recording from a bug."""
        if isinstance(error, DanceitError):
            return cls(recording_id, str(error))
        frames = traceback.extract_tb(error.__traceback__)
        where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        line = " ".join(str(error).split())
        return cls(
            recording_id,
            f"its reader failed with {type(error).__name__}: {line}{where};"
            " a bug, or a file damaged in a way not known yet: please report it",
            "".join(traceback.format_exception(error)),
        )


@dataclass(frozen=True)
class Reading:
    """What cleaning made of a recording.

    `file_hash` is that of its files before they were read; empty where none was asked for.
    """

    found: Found
    audio_path: Path | None
    cleaned: Cleaned
    file_hash: str = ""


@dataclass(frozen=True)
class Readings:
    """What came of a folder: the recordings read, and those that failed."""

    read: tuple[Reading, ...]
    failed: tuple[Failure, ...]

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Clips of all recordings, in their order."""
        return tuple(clip for one in self.read for clip in one.cleaned.clips)


def read_one(
    found: Found,
    dims: int | None = None,
    *,
    wanted: int | None = None,
    hashes: ContentHashes | None = None,
) -> Reading:
    """Read and clean one recording.

    Parameters
    ----------
    found : Found
    dims : int, optional
        2 projects what is 3-D.
    wanted : int, optional
        Dimensions asked of a source that has the choice, where `dims` is not given.
    hashes : ContentHashes, optional
        By which it can be told later whether the files are still those that were read.

    Raises
    ------
    Exception
        Whatever its reader raises; `Failure.of` tells what it is.
    """
    file_hash = hashes.of(found) if hashes else ""
    recording = found.read(dims or wanted)
    return Reading(found, recording.audio_path, clean(recording, dims=dims), file_hash)


def each_done(
    found: Sequence[Found],
    work: Callable[[Found], Done],
    *,
    told: Progress = silent,
    watching: Progress = silent,
) -> Iterator[Done | Failure]:
    """Do some work on recordings one after the other; slow reading is done at once, before."""
    hopeless = read_ahead(found, watching)
    yield from (Failure(name, reason) for name, reason in hopeless.items())
    left = [item for item in found if item.recording_id not in hopeless]
    for position, item in enumerate(left):
        told(position, len(left), item.recording_id)
        try:
            yield work(item)
        except Exception as exc:
            yield Failure.of(item.recording_id, exc)
    told(len(left), len(left), "")


def read_all(
    data: Path,
    *,
    dims: int | None = None,
    settings: ReadSettings | None = None,
    hashes: ContentHashes | None = None,
    told: Progress = silent,
    watching: Progress = silent,
) -> Readings:
    """Read and clean every recording of a folder.

    Raises
    ------
    InputError
        If nothing in the folder can be read, or it mixes 2-D and 3-D and `dims` is not given.
    """
    read: list[Reading] = []
    failed: list[Failure] = []
    scanned = scan(data, settings)
    found = scanned.found
    if not found:
        raise InputError(nothing_in(data, scanned))
    work = partial(read_one, dims=dims, hashes=hashes)
    for one in each_done(found, work, told=told, watching=watching):
        if isinstance(one, Reading):
            read.append(one)
        else:
            failed.append(one)
    readings = Readings(tuple(read), tuple(failed))
    if not readings.clips:
        raise nothing_read(f"no dance could be read from {data}", failed, read)
    if len({clip.dims for clip in readings.clips}) > 1:
        raise InputError(
            f"{data} mixes 2-D and 3-D dances, which cannot share an index; `dims=2` projects all"
        )
    return readings


def nothing_read(
    headline: str, failed: Iterable[Failure], empty: Iterable[Reading] = ()
) -> NothingReadError:
    """Error that names each recording that failed, or of which cleaning left nothing, and why."""
    failures = [(failure.recording_id, failure.reason) for failure in failed]
    failures += [(one.found.recording_id, nothing_left(one.cleaned.report)) for one in empty]
    return NothingReadError(headline, sorted(failures))


def nothing_left(report: CleaningReport, what: object = "it") -> str:
    """Say why cleaning left nothing of a recording."""
    why = ", ".join(f"{share:.0%} {reason}" for reason, share in report.shares.items())
    return (
        f"cleaning left nothing of {what}: of {report.frames_in} frames {why}; "
        "a clip needs 1 s on end without a fault, and danceit index inspect shows the faults"
    )


def found_again(
    known: Mapping[str, RecordingEntry], settings: ReadSettings | None = None
) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """Recordings of an index where they came from, and ids of those that are not there."""
    there: list[Found] = []
    gone: list[str] = []
    for name, entry in sorted(known.items()):
        place = entry.source
        found = scan(place, settings).found if place.exists() else ()
        same = [one for one in found if one.path.resolve() == place.resolve()]
        there += [Found(one.source, one.path, name, one.settings) for one in same]
        if not same:
            gone.append(name)
    return tuple(there), tuple(gone)
