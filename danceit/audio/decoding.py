"""Decoding: any sound file, or the sound track of a video, to mono samples.

Everything goes through PyAV, whose wheels carry FFmpeg's libraries: no ffmpeg binary
is needed, and one set of rules for encoder delay and time stamps holds for every
format. (libsndfile reads fewer formats and prints its own warnings on damaged mp3.)
"""

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float32
from danceit.errors import InputError

RATE = 24_000
"""Samples per second: 1000 a frame at 24 frames per second."""
MIN_SOUND_S = 1.0
"""Shortest usable song: the shortest fragment is 24 frames."""

_SILENCE = 1e-4
"""Peak below which sound counts as silent, -80 dBFS: above the dither of 16-bit audio."""
_GAP_S = 0.05
"""Jumps of the time stamps smaller than this are rounding (Matroska counts in ms)."""
_LONGEST_GAP_S = 60.0
"""Larger jumps are broken time stamps, not silence."""
_PRIMING = 8192
"""Upper bound in samples of the padding an encoder leaves at the end."""
_LENGTH_IN_HEADER = ("mov", "flac", "aiff", "caf", "au")
"""FFmpeg formats whose stream duration is stored, not guessed from the bit rate."""
_PICTURES = ("mjpeg", "png", "bmp", "gif", "webp")
"""Codecs of cover art, which FFmpeg presents as a video stream."""


@dataclass(frozen=True)
class Sound:
    """Mono sound.

    Attributes
    ----------
    samples : float32 (S,)
        Full scale is 1; read-only.
    rate : int
        Samples per second.
    """

    samples: Float32
    rate: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.size / self.rate


def read_sound(path: Path, rate: int = RATE) -> Sound:
    """Read a song, or the sound of a video, as mono samples.

    Parameters
    ----------
    path : Path
        wav, mp3, ogg, opus, flac, m4a, aiff..., or a video (mp4, mov, webm, mkv...); any
        sample rate, any number of channels (averaged).
    rate : int
        Samples per second of the result.

    Returns
    -------
    Sound
        Sample 0 is the start of the song or, for a video, its first frame; sound that
        starts late or has holes is filled with silence, so that times stay right.

    Raises
    ------
    InputError
        If the path is missing, a folder, empty, not audio, without sound, truncated,
        shorter than a second, silent, or holds NaN or infinite samples.
    """
    path = Path(path)
    check_is_file(path)
    track = _decode(path)
    if track.damaged > track.packets // 10 + 2:
        raise InputError(
            f"{path} is damaged: {track.damaged} of its {track.damaged + track.packets} "
            "packets of sound cannot be decoded"
        )
    if not track.heard:
        raise InputError(f"{path} holds no sound: nothing but a header or tags")
    _check_complete(path, track)
    samples = track.samples()
    if samples.size < MIN_SOUND_S * track.rate:
        raise InputError(
            f"{path} is too short: {samples.size / track.rate:.2f} s of sound, "
            f"at least {MIN_SOUND_S:g} s is needed"
        )
    n_bad = samples.size - int(np.count_nonzero(np.isfinite(samples)))
    if n_bad:
        raise InputError(
            f"{path} holds {n_bad} samples that are NaN or infinite: a damaged float file?"
        )
    if _is_silent(samples):
        # Opposite channels (karaoke tracks) cancel in the average; one of them is heard.
        samples = _decode(path, channel=0).samples()
        if _is_silent(samples):
            raise InputError(f"{path} is silent: nothing in it is louder than -80 dBFS")
    return Sound(_resampled(samples, track.rate, rate), rate)


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
        raise InputError(f"{path} is not a regular file; give a sound or video file")
    if found.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes)")


@dataclass
class _Track:
    """Decoded blocks put one behind the other by their time stamps.

    `zero_s` is the time stamp of sample 0 (None: that of the first block), `written`
    counts samples from there (negative: still to be cut), `heard` those decoded,
    `packets` and `damaged` the packets that could be decoded and those that could not.
    `announced_s` is the length the file's header gives, None where it gives none;
    `seen_s` is what there is to compare with it. Sound from `surplus_from` on is padding.
    """

    zero_s: float | None
    channel: int | None
    rate: int = 0
    written: int = 0
    heard: int = 0
    packets: int = 0
    damaged: int = 0
    announced_s: float | None = None
    end_s: float = 0.0
    surplus_from: int | None = None
    blocks: list[Float32] = field(default_factory=list)

    @property
    def seen_s(self) -> float:
        return max(self.end_s, self.heard / self.rate)

    def add(self, frame: Any) -> None:
        """Append one decoded frame where its time stamp puts it."""
        block = _mono(frame, self.channel)
        first = not self.heard
        self.rate = self.rate or frame.sample_rate
        self.heard += block.size
        if frame.time is not None:
            self.zero_s = frame.time if self.zero_s is None else self.zero_s
            gap = round((frame.time - self.zero_s) * self.rate) - self.written
            if first and gap < 0:
                self.written = gap
            elif (gap > 0 and first) or _GAP_S < gap / self.rate < _LONGEST_GAP_S:
                self.blocks.append(np.zeros(gap, np.float32))
                self.written += gap
        kept = block[max(0, -self.written) :]
        self.blocks.append(kept)
        self.written += block.size

    def samples(self) -> Float32:
        """All samples from time 0 on, without the encoder's padding at the end."""
        joined = np.concatenate(self.blocks) if self.blocks else np.zeros(0, np.float32)
        stop = self.surplus_from
        if stop is not None and 0 < joined.size - stop < _PRIMING:
            joined = joined[:stop]
        return joined


def _decode(path: Path, channel: int | None = None) -> _Track:
    """Decode the first sound track; `channel` picks one instead of averaging all."""
    import av

    try:
        # Absolute and files only: neither a name like "concat:x" nor a playlist's links are
        # followed. Tags in old encodings must not stop a song, hence "replace".
        with av.open(
            str(path.absolute()),
            metadata_errors="replace",
            options={"protocol_whitelist": "file"},
        ) as container:
            if not container.streams.audio:
                raise InputError(f"{path} has no sound track; give a song or a video with sound")
            if container.streams.audio[0].codec_context is None:
                raise _unreadable(path, "unknown codec")
            return _decode_stream(container, path, channel)
    except InputError:
        raise
    except (av.FFmpegError, OSError, ValueError, IndexError) as exc:
        # PyAV raises IndexError where a damaged file opens a new stream midway.
        raise _unreadable(path, getattr(exc, "strerror", None) or str(exc)) from exc


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} cannot be read as sound ({reason}): not an audio file, "
        "or a damaged or truncated one?"
    )


def _decode_stream(container: Any, path: Path, channel: int | None) -> _Track:
    import av

    stream = container.streams.audio[0]
    matroska = "matroska" in container.format.name
    track = _Track(_video_start_s(container), channel)
    track.announced_s = _announced_s(container, stream, path)
    # Matroska stores one length for the whole file, which another stream may set.
    watched = list(container.streams) if matroska else [stream]
    with np.errstate(invalid="ignore", over="ignore"):  # the caller reports NaN and infinity
        for packet in container.demux(*watched):
            if matroska and packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                track.end_s = max(track.end_s, float(end))
            if packet.stream.index != stream.index:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError:
                track.damaged += 1  # leaves a hole; `_check_complete` weighs them
                continue
            track.packets += 1
            for frame in (frame for frame in frames if frame.samples):
                if track.rate not in (0, frame.sample_rate):
                    raise InputError(
                        f"{path} changes its sample rate midway, from {track.rate} to "
                        f"{frame.sample_rate} Hz; convert it to one rate"
                    )
                track.add(frame)
    if "mov" in container.format.name and track.announced_s and track.zero_s is not None:
        # The edit list ends the sound before the codec's last block does.
        start_s = float((stream.start_time or 0) * stream.time_base)
        track.surplus_from = round((start_s + track.announced_s - track.zero_s) * track.rate)
    return track


def _mono(frame: Any, channel: int | None) -> Float32:
    """One decoded frame as mono float32 of full scale 1, whatever its sample format."""
    raw: npt.NDArray[Any] = frame.to_ndarray()
    planar = raw if frame.format.is_planar else raw.reshape(frame.samples, -1).T
    n_channels = len(planar)
    kind, bits = raw.dtype.kind, 8 * raw.dtype.itemsize
    if kind == "u":
        planar = planar.astype(np.float32) - 2.0 ** (bits - 1)
    scale = 1.0 if kind == "f" else 2.0 ** (bits - 1)
    if channel is not None:
        return np.asarray(planar[channel] / scale, np.float32)
    weights = np.full(n_channels, 1.0 / (n_channels * scale), np.float32)
    return weights @ planar.astype(np.float32, copy=False)


def _video_start_s(container: Any) -> float | None:
    for stream in container.streams.video:
        codec = stream.codec_context  # None where this FFmpeg cannot decode the picture
        picture = codec is not None and codec.name in _PICTURES
        if not picture and stream.start_time is not None:
            return float(stream.start_time * stream.time_base)
    return None


def _announced_s(container: Any, stream: Any, path: Path) -> float | None:
    """Length stored in the file's header; None where FFmpeg would only guess it."""
    name = container.format.name
    if "matroska" in name:
        return container.duration / 1e6 if container.duration else None
    stored = name.startswith(_LENGTH_IN_HEADER) or (name == "mp3" and _has_xing_header(path))
    if stored and stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None


def _has_xing_header(path: Path) -> bool:
    """Whether an mp3's first frame is an encoder's header, which counts the frames."""
    with path.open("rb") as stream:
        head = stream.read(10)
        start = 0
        if head[:3] == b"ID3" and len(head) == 10:
            size = 0
            for byte in head[6:10]:  # 7 bits a byte (ID3v2, section 3.1)
                size = size << 7 | byte & 0x7F
            start = 10 + size
        stream.seek(start)
        frame = stream.read(2048)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def _check_complete(path: Path, track: _Track) -> None:
    """Refuse what is clearly shorter than its own header says: a broken download."""
    announced_s, seen_s = track.announced_s, track.seen_s
    size = path.stat().st_size
    with path.open("rb") as stream:
        magic = stream.read(8)
        if magic[:4] == b"RIFF":
            declared = int.from_bytes(magic[4:8], "little") + 8
            if 8 < declared < 0x7FFFF000:  # larger: written to a pipe, length unknown
                announced_s = seen_s * max(1.0, declared / size)
        elif magic[:4] == b"OggS":
            stream.seek(max(0, size - 0x20000))
            tail = stream.read()
            last = tail.rfind(b"OggS")
            if last < 0 or len(tail) < last + 6 or not tail[last + 5] & 4:
                raise InputError(
                    f"{path} is truncated: {seen_s:.2f} s of sound without an end-of-stream "
                    "page; an interrupted download?"
                )
    if announced_s is not None and announced_s - seen_s > max(0.25, 0.02 * announced_s):
        raise InputError(
            f"{path} is truncated: {seen_s:.2f} s of the {announced_s:.2f} s its header "
            "announces can be decoded; an interrupted download?"
        )


def _is_silent(samples: Float32) -> bool:
    return not samples.size or max(float(samples.max()), -float(samples.min())) < _SILENCE


def _resampled(samples: Float32, rate: int, wanted: int) -> Float32:
    import soxr  # ships no type information

    # Whole samples only: rounding up could add a frame that the song does not have.
    n_wanted = samples.size * wanted // rate
    if rate != wanted:
        samples = soxr.resample(samples, rate, wanted, quality="HQ")
        samples = np.pad(samples, (0, max(0, n_wanted - samples.size)))
    result = np.ascontiguousarray(samples[:n_wanted], np.float32)
    result.setflags(write=False)
    return result
