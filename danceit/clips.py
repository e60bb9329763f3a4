"""Recordings as their sources give them, and the clips that cleaning makes of them.

`danceit.data` has all names too; its conventions hold.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danceit.skeleton import FEET, Float32, Float64

_PERSON = re.compile(r" person (\d{1,3})(?:#\d+)?$")


@dataclass(frozen=True)
class Performer:
    """One of several who dance in a recording.

    Attributes
    ----------
    poses : float32 (T, 18, C)
        As those of the `Recording`, in the same frames.
    sure : float32 (T,) or None
        As that of the `Recording`.
    """

    poses: Float32
    sure: Float32 | None = None


@dataclass(frozen=True)
class Recording:
    """One performance as its source gives it, before cleaning.

    Attributes
    ----------
    recording_id : str
        Name that is unique within the data folder (its relative path).
    path : Path
        The folder or file that was read.
    poses : float32 (T, 18, C)
        Source units, axes as in the module docstring; undetected joints are NaN.
    times_s : float64 (T,)
        Seconds into `audio_path` (or, without audio, into the recording); increasing.
    audio_path, video_path : Path or None
        A video with sound is both.
    files : tuple of Path
        Every file that was read; their hashes decide whether a rebuild is needed.
    style, dancer, licence : str
        Empty where unknown.
    notes : tuple of str
        What the reader had to assume, such as a frame rate; shown to the user.
    lost_s : tuple of (float, float)
        Seconds from and to which the file shows nothing, being damaged or cut off.
    sure : float32 (T,) or None
        Mean confidence, 0 to 1, of the joints seen; None where the source has none.
    others : tuple of Performer
        Who else dances, beside the main dancer.
    cuts_s : tuple of float
        Seconds at which another shot begins, filmed from nearer or farther it may be.
    """

    recording_id: str
    path: Path
    poses: Float32
    times_s: Float64
    audio_path: Path | None = None
    video_path: Path | None = None
    files: tuple[Path, ...] = ()
    style: str = ""
    dancer: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    lost_s: tuple[tuple[float, float], ...] = ()
    sure: Float32 | None = None
    others: tuple[Performer, ...] = ()
    cuts_s: tuple[float, ...] = ()

    def of_person(self, person: int) -> "Recording":
        """Return the recording of one of its dancers alone, from 1; the main one's if unknown."""
        if not 1 < person <= len(self.others) + 1:
            return replace(self, others=())
        dancer = self.others[person - 2]
        return replace(self, poses=dancer.poses, sure=dancer.sure, others=())


@dataclass(frozen=True)
class Clip:
    """A continuous stretch of one cleaned recording: 24 fps, canvas pixels.

    Attributes
    ----------
    clip_id : str
        See `clip_name`.
    recording_id : str
        Clips of one recording share a song and a dancer and are split together.
    poses : float32 (T, 18, C)
        Frame i is at ``start_s + i / 24`` seconds into the audio.
    path : Path
        The folder or file that the recording came from.
    start_s : float
        Seconds into `audio_path` at frame 0.
    sure : float
        Mean confidence of its poses, 0 to 1; 1 where the source has none.
    """

    clip_id: str
    recording_id: str
    poses: Float32
    path: Path
    start_s: float = 0.0
    audio_path: Path | None = None
    video_path: Path | None = None
    style: str = ""
    dancer: str = ""
    licence: str = ""
    sure: float = 1.0

    @property
    def n_frames(self) -> int:
        """T, the number of frames."""
        return int(self.poses.shape[0])

    @property
    def dims(self) -> int:
        """C, 2 or 3."""
        return int(self.poses.shape[2])

    @property
    def body(self) -> str:
        """``whole``, or ``upper`` where no foot is ever seen."""
        return "whole" if np.isfinite(self.poses[:, FEET]).any() else "upper"


def clip_name(recording_id: str, person: int, number: int, several: int) -> str:
    """Id of a clip: the recording's, ``person n`` but for the main dancer, ``#n`` of several."""
    who = f"{recording_id} person {person}" if person > 1 else recording_id
    return f"{who}#{number}" if several > 1 else who


def person_of(clip_id: str) -> int:
    """Which dancer of its recording a clip shows, from 1; see `clip_name`."""
    found = _PERSON.search(clip_id)
    return int(found[1]) if found else 1
