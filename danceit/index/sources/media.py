"""Songs and videos that belong to a recording: finding them, their length, their frames' times.

Only packets are read, nothing is decoded, so a three-minute song takes milliseconds; but for
the pictures of codecs that hide some of them (`HIDING`).
The length is that of what is really there: the header of a truncated mp3 still
promises the whole song.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import Float64
from danceit.errors import InputError
from danceit.media import (
    AUDIO_SUFFIXES,
    Timeline,
    begins_like_video,
    decoded,
    is_media,
    is_video,
    opened,
    picture_size,
    picture_start_s,
    picture_stream,
)

HIDING = frozenset({"vp8", "vp9", "av1"})
"""Codecs with packets that no picture is shown for."""


@dataclass(frozen=True)
class MediaPair:
    """The sound and the picture of a recording; a video with sound is both."""

    audio_path: Path | None = None
    video_path: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, each once."""
        both = (self.audio_path, self.video_path)
        return tuple(dict.fromkeys(path for path in both if path is not None))


def media_named(folder: Path, stem: str) -> tuple[Path, ...]:
    """Media files in `folder` called `stem`, in order of their names."""
    return _by_stem(folder).get(stem, ())


def media_in(folder: Path) -> tuple[Path, ...]:
    """Media files lying directly in `folder`, in order of their names."""
    return tuple(sorted(path for paths in _by_stem(folder).values() for path in paths))


_SETTLED_NS = 2_000_000_000
"""A folder that changed less than this before it was listed may change again unnoticed."""


def _by_stem(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Media files in a folder by their stems; of many recordings in one it is listed once."""
    try:
        changed_ns = folder.stat().st_mtime_ns
    except OSError:
        return {}
    if time.time_ns() - changed_ns < _SETTLED_NS:
        return _listed(folder)
    return _listed_at(folder, changed_ns)


@lru_cache(maxsize=64)
def _listed_at(folder: Path, _mtime_ns: int) -> Mapping[str, tuple[Path, ...]]:
    return _listed(folder)


def _listed(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    try:
        children = sorted(folder.iterdir())
    except OSError:
        return {}
    found: dict[str, tuple[Path, ...]] = {}
    for path in children:
        # Of a pipe one would wait without end.
        if is_media(path) and not path.name.startswith(".") and path.is_file():
            found[path.stem] = (*found.get(path.stem, ()), path)
    return found


def paired(path: Path, files: Iterable[Path]) -> MediaPair:
    """Choose the sound and the picture of a recording: itself, or of the files that belong to it.

    That is the one rule by which a recording has a video: readers and whoever shows
    footage ask it (`danceit.index.sources.media_of`). A sound file goes before the sound
    of a video: whoever put it there meant it.

    Parameters
    ----------
    path : Path
        The recording: a video by name or content is its own picture.
    files : iterable of Path
        What belongs to it (`danceit.index.sources.HasCompanions`), in order; others than sounds
        and videos do not count.
    """
    own = path.is_file() and (is_video(path) or begins_like_video(path))
    beside = [file for file in files if is_media(file)]
    sounds = [file for file in beside if file.suffix.lower() in AUDIO_SUFFIXES]
    video = path if own else next((file for file in beside if is_video(file)), None)
    if sounds:
        return MediaPair(sounds[0], video)
    return MediaPair(video if video is not None and has_sound(video) else None, video)


def has_sound(path: Path) -> bool:
    """Whether a media file has a sound stream."""
    with opened(path) as container:
        return bool(container.streams.audio)


def sound_duration_s(path: Path) -> float:
    """Seconds of sound really present in a file; of a video, from its first frame on.

    Raises
    ------
    InputError
        If the file cannot be read or holds no sound.
    """
    try:
        state = path.stat()
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror or exc}") from exc
    return _sound_duration_s(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _sound_duration_s(path: Path, _mtime_ns: int, _size: int) -> float:
    # Asked for more than once while a recording is read; the file's state is part of the key.
    with opened(path) as container:
        if not container.streams.audio:
            raise InputError(f"{path} has no sound: a file of tags or pictures only?")
        spans = list(_packet_spans(container, container.streams.audio[0]))
        zero_s = picture_start_s(container)
    if not spans:
        raise InputError(f"{path} has no sound: empty, or cut off after its header?")
    if zero_s is None:
        zero_s = min(start for start, _ in spans)
    return max(end for _, end in spans) - zero_s


def video_frame_times_s(path: Path) -> Float64:
    """Presentation times of a video's frames, by its `Timeline`.

    Pictures that are shown count, so that numbered frames find theirs: not those that an edit
    list cuts away, nor hidden ones. A variable frame rate is followed. `danceit.audio` counts a
    video's sound from its first frame too.

    Raises
    ------
    InputError
        If the file cannot be read or holds no picture.
    """
    with opened(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise InputError(f"{path} has no picture")
        line = Timeline(stream)
        if stream.codec_context is not None and stream.codec_context.name in HIDING:
            stream.thread_type = "AUTO"
            shown = [line.second(frame.pts) for frame in decoded(container, stream)]
        else:
            shown = [time_s for time_s, _ in line.packets(container, stream)]
    if not shown:
        raise InputError(f"{path} has no picture: empty, or cut off after its header?")
    times_s: Float64 = np.unique(np.asarray(shown, dtype=np.float64))
    return times_s


def as_shown(video: Path | None) -> tuple[Float64, tuple[str, ...]]:
    """Factors (2,), across and down, from a video's stored pixels to those shown; and a note.

    What finds keypoints reads the picture as it is stored; where its pixels are not square, people
    would be too thin.
    """
    square = np.ones(2)
    if video is None:
        return square, ()
    try:
        size = picture_size(video)
    except InputError as exc:
        return square, (f"its pixels are taken to be square: {exc}",)
    if size.shown == size.stored:
        return square, ()
    (width, height), (shown_width, shown_height) = size.stored, size.shown
    note = (
        f"pixels of {video.name} are not square: its keypoints are stretched from "
        f"{width} x {height} to {shown_width} x {shown_height}"
    )
    return np.array([shown_width / width, shown_height / height]), (note,)


def _packet_spans(container: Any, stream: Any) -> Iterator[tuple[float, float]]:
    for packet in container.demux(stream):
        # What an edit list leaves out is decoded for what follows, but neither shown nor heard.
        if packet.pts is not None and not packet.is_discard:
            start = float(packet.pts * packet.time_base)
            yield start, start + float((packet.duration or 0) * packet.time_base)
