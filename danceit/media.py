"""Media files: which names are sounds and videos, and opening them so that nothing else is.

Everything goes through PyAV, whose wheels carry FFmpeg's libraries. FFmpeg follows what
it reads: a playlist or a list of files to join, whatever its name ends in, would open other
files of this machine. So only local files are opened, and only as the containers that
songs and videos come in.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from danceit.errors import InputError

AUDIO_SUFFIXES = frozenset(
    {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma"}
)
VIDEO_SUFFIXES = frozenset(
    {
        ".3g2", ".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".m2ts", ".m4v", ".mkv", ".mov",
        ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".qt", ".vob", ".webm", ".wmv",
    }
)  # fmt: skip

CONTAINERS = (
    "aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dts", "eac3", "flac", "flv",
    "m4v", "matroska", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "mpegvideo", "mxf", "nut",
    "ogg", "rm", "tak", "tta", "voc", "w64", "wav", "wv",
)  # fmt: skip
"""FFmpeg's names of the formats that hold sound or pictures themselves: none that names others."""
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
_COVERS = frozenset({"bmp", "gif", "mjpeg", "png", "webp"})
"""Codecs of cover art, which FFmpeg presents as a video stream."""
_CANNOT = {
    "Invalid argument": "not one of the containers that sounds and videos come in",
}


def is_media(path: Path) -> bool:
    """Whether the name ends like a sound's or a video's."""
    return path.suffix.lower() in AUDIO_SUFFIXES | VIDEO_SUFFIXES


def is_video(path: Path) -> bool:
    """Whether the name ends like a video's."""
    return path.suffix.lower() in VIDEO_SUFFIXES


_HEAD_BYTES = 16
_VIDEO_HEADS = (
    (4, b"ftyp"), (4, b"moov"), (0, b"\x1a\x45\xdf\xa3"), (8, b"AVI "), (0, b"FLV\x01"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), (0, b"\x00\x00\x01\xba"),
)  # fmt: skip
"""Place and bytes by which MP4 and its kin, Matroska, AVI, Flash, ASF and MPEG begin."""
_OTHER_SUFFIXES = frozenset({".bvh", ".json", ".npz", ".pkl", ".txt", ".csv", ".jpg", ".png"})
"""Of files that lie about in thousands and are not looked into."""


def begins_like_video(path: Path) -> bool:
    """Whether a file whose name tells nothing begins like a container of pictures."""
    if is_media(path) or path.suffix.lower() in _OTHER_SUFFIXES or not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    return any(head[at : at + len(mark)] == mark for at, mark in _VIDEO_HEADS)


def check_is_file(path: Path) -> None:
    """Check that a path is a file with something in it.

    Raises
    ------
    InputError
        If it is missing, a folder, something else that is not a file, or empty.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise InputError(f"no such file: {path}") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise InputError(f"{path} cannot be read: {reason}") from exc
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path} is a folder; give a sound or video file")
    if not stat.S_ISREG(found.st_mode):
        # A pipe would be waited for without end.
        raise InputError(f"{path} is not a regular file; give a sound or video file")
    if found.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes)")


@contextmanager
def opened(path: Path, what: str = "sound or video") -> Iterator[Any]:
    """Open a media file with PyAV, as long as the context lasts.

    Raises
    ------
    InputError
        If it cannot be read as `what`, or whatever is read of it while it is open cannot.
    """
    import av.error

    try:
        with open_container(path, what) as container:
            yield container
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as exc:
        # PyAV raises IndexError where a damaged file opens a new stream midway.
        raise unreadable(path, what, exc) from exc


def open_container(path: Path, what: str = "sound or video") -> Any:
    """Open a media file with PyAV; to be closed by the caller, who expects PyAV's errors.

    Raises
    ------
    InputError
        If it cannot be opened as `what`.
    """
    import av
    import av.error

    path = Path(path)
    check_is_file(path)
    try:
        # Absolute, or a name like "concat:x" would be a protocol. Tags in old encodings must
        # not stop a song, hence "replace".
        return av.open(str(path.absolute()), metadata_errors="replace", options=dict(OPTIONS))
    except (av.error.FFmpegError, OSError, ValueError) as exc:
        raise unreadable(path, what, exc) from exc


def unreadable(path: Path, what: str, cause: Exception) -> InputError:
    """Make the error for a file that cannot be read as `what`."""
    reason = getattr(cause, "strerror", None) or str(cause)
    return InputError(
        f"cannot read {path} as {what}: {_CANNOT.get(reason, reason)}; "
        "another kind of file, or a damaged or truncated one?"
    )


def picture_stream(container: Any) -> Any:
    """Return the first video stream that is not cover art, or None."""
    for stream in container.streams.video:
        codec = stream.codec_context  # None where this FFmpeg cannot decode it
        if codec is None or codec.name not in _COVERS:
            return stream
    return None


class Timeline:
    """Seconds into a video: who looks for poses, numbers keypoints or shows it counts them alike.

    They count from the stamp at which the file says that its picture starts, or else from the first
    stamp asked about. What an edit list leaves out is decoded for what follows, but has no
    time: it lies before the start, or its packets are marked. Sound counts from there too.

    Parameters
    ----------
    stream : av.video.stream.VideoStream
        As `picture_stream` finds it.
    """

    def __init__(self, stream: Any) -> None:
        # Kept, as a stream is gone with its container.
        self._base: Fraction = stream.time_base
        self._zero: int | None = stream.start_time

    @property
    def start_s(self) -> float | None:
        """Stamp of the start in seconds; None where the file does not say."""
        return None if self._zero is None else float(self._zero * self._base)

    def second(self, stamp: int) -> float:
        """Second into the video at which what is stamped so is shown."""
        if self._zero is None:
            self._zero = stamp
        return float((stamp - self._zero) * self._base)

    def stamp(self, second: float) -> int:
        """Stamp of a second into the video, to enter it there."""
        return round(second / float(self._base)) + (self._zero or 0)

    def packets(self, container: Any, stream: Any) -> Iterator[tuple[float, bool]]:
        """Seconds of the packets that are shown, as stored, and whether each is a key frame."""
        for packet in container.demux(stream):
            if packet.pts is not None and not packet.is_discard:
                yield self.second(packet.pts), bool(packet.is_keyframe)


def picture_start_s(container: Any) -> float | None:
    """Time stamp of a video's first frame; None where there is no picture but cover art."""
    stream = picture_stream(container)
    return None if stream is None else Timeline(stream).start_s


def pixel_aspect(stream: Any) -> float:
    """Width of a stored pixel in its height, as it is to be shown; 1 where the file does not say.

    Camcorders store 1440 pixels across to be shown as 1920. What reads files with OpenCV, as
    most detectors of keypoints do, sees them as they are stored.
    """
    aspect = stream.sample_aspect_ratio
    return float(aspect) if aspect and 0.1 < float(aspect) < 10 else 1.0


def quarter_turns(frame: Any) -> int:
    """How often a decoded frame is to be turned by 90 degrees counter-clockwise, 0 to 3.

    That is how the display matrix counts, and numpy's `rot90`. An angle that is no multiple of
    90 comes of a matrix that is none: such files are shown as they are.
    """
    quarters, rest = divmod(int(getattr(frame, "rotation", 0)), 90)
    return 0 if rest else quarters % 4


def decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames from where the container stands; damaged packets are left out."""
    import av.error

    for packet in container.demux(stream):
        with suppress(av.error.FFmpegError):
            yield from (frame for frame in packet.decode() if frame.pts is not None)


@dataclass(frozen=True)
class PictureSize:
    """Widths and heights in pixels of a video's picture, its rotation applied.

    Attributes
    ----------
    shown : tuple of int
        As it is to be shown: the same unit across and down.
    stored : tuple of int
        As it lies in the file; another width, or height, where pixels are not square.
    """

    shown: tuple[int, int]
    stored: tuple[int, int]


def picture_size(video: Path) -> PictureSize:
    """Look up how large a video's picture is.

    Raises
    ------
    InputError
        If the file cannot be read or holds no picture.
    """
    with opened(video, "a video") as container:
        stream = picture_stream(container)
        if stream is None:
            raise InputError(f"{video} has no picture")
        frame = next(decoded(container, stream), None)
        if frame is None:
            raise InputError(f"{video} has no picture that can be decoded")
        stored = frame.width, frame.height
        shown = round(frame.width * pixel_aspect(stream)), frame.height
        if quarter_turns(frame) % 2 == 1:
            stored, shown = stored[::-1], shown[::-1]
        return PictureSize(shown, stored)
