"""The sound track of a media file, frame by frame, each where its time stamp puts it.

Time 0 is a video's first frame, else the first sound; sound before it is cut, what
starts late or is missing is silence. Jumps of the time stamps are judged by one rule for
all who decode, so that a video's sound stays in step with the features of its song.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danceit.errors import InputError
from danceit.media import picture_start_s

GAP_S = 0.05
"""Jumps of the time stamps smaller than this are rounding (Matroska counts in ms)."""
LONGEST_GAP_S = 60.0
"""Larger jumps are broken time stamps, not silence."""
MOST_SILENCE_S = 600.0
"""Silence that time stamps may ask for in all: a sound may begin late in a film or pause, but
a file of a few bytes must not fill the memory with it."""
RATES = (4_000, 768_000)
"""Sample rates of recordings, Hz: below is no telephone, above no studio. A header's number
decides how much memory the resampled sound takes."""
PADDING = 8192
"""Upper bound in samples of the padding an encoder leaves at the end."""
_LENGTH_IN_HEADER = ("mov", "flac", "aiff", "caf", "au")
"""FFmpeg formats whose stream duration is stored, not guessed from the bit rate."""


@dataclass(frozen=True)
class Piece:
    """A decoded frame; `silence` samples go before it, its first `cut` are left out."""

    frame: Any
    silence: int
    cut: int


class Track:
    """The first sound track of an open container; counts while its pieces are read.

    Attributes
    ----------
    rate : int
        Samples a second; 0 until the first piece.
    heard : int
        Samples decoded.
    packets, damaged : int
        Packets that could be decoded and that could not.
    announced_s : float or None
        Length that the file's header gives, None where it gives none.
    surplus_from : int or None
        Sample from which the sound is padding of the encoder; None where that is not stored.
    """

    def __init__(self, container: Any, path: Path) -> None:
        if not container.streams.audio:
            raise InputError(f"{path} has no sound track; give a song or a video with sound")
        self._stream = container.streams.audio[0]
        if self._stream.codec_context is None:
            raise InputError(f"{path} cannot be read as sound: unknown codec")
        self._container, self._path = container, path
        self._zero_s = picture_start_s(container)
        self._written = 0  # samples given from time 0 on; negative: still to be cut
        self._silence = 0
        self._end_s = 0.0
        self.rate = self.heard = self.packets = self.damaged = 0
        self.announced_s = self._announced_s()
        self.surplus_from: int | None = None

    @property
    def seen_s(self) -> float:
        """What there is to compare with `announced_s`."""
        return max(self._end_s, self.heard / self.rate)

    def pieces(self) -> Iterator[Piece]:
        """Decode frame by frame; damaged packets leave holes and are counted.

        Raises
        ------
        InputError
            If the rate changes or is none of a recording's, or time stamps ask for more than
            `MOST_SILENCE_S` of silence.
        """
        for frame in self._frames():
            self._check_rate(frame.sample_rate)
            yield self._placed(frame)
        if self._of("mov") and self.announced_s and self._zero_s is not None:
            # The edit list ends the sound before the codec's last block does.
            start_s = float((self._stream.start_time or 0) * self._stream.time_base)
            self.surplus_from = round((start_s + self.announced_s - self._zero_s) * self.rate)

    def _placed(self, frame: Any) -> Piece:
        first = not self.heard
        silence = 0
        if frame.time is not None:
            self._zero_s = frame.time if self._zero_s is None else self._zero_s
            gap = round((frame.time - self._zero_s) * self.rate) - self._written
            if first and gap < 0:
                self._written = gap
            elif (gap > 0 and first) or GAP_S < gap / self.rate < LONGEST_GAP_S:
                silence = gap
        self._silence += silence
        if self._silence > MOST_SILENCE_S * self.rate:
            raise InputError(
                f"{self._path}: its time stamps ask for {self._silence / self.rate:.0f} s of "
                f"silence around {self.heard / self.rate:.1f} s of sound, at most "
                f"{MOST_SILENCE_S:.0f} s are made; broken time stamps?"
            )
        cut = min(frame.samples, max(0, -self._written))
        self.heard += frame.samples
        self._written += silence + frame.samples
        return Piece(frame, silence, cut)

    def _frames(self) -> Iterator[Any]:
        import av.error

        matroska = self._of("matroska")
        # Matroska stores one length for the whole file, which another stream may set.
        watched = list(self._container.streams) if matroska else [self._stream]
        for packet in self._container.demux(*watched):
            if matroska and packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                self._end_s = max(self._end_s, float(end))
            if packet.stream.index != self._stream.index:
                continue
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.damaged += 1
                continue
            self.packets += 1
            yield from (frame for frame in frames if frame.samples)

    def _check_rate(self, rate: int) -> None:
        if self.rate not in (0, rate):
            raise InputError(
                f"{self._path} changes its sample rate midway, from {self.rate} to "
                f"{rate} Hz; convert it to one rate"
            )
        if not RATES[0] <= rate <= RATES[1]:
            raise InputError(
                f"{self._path} says that it has {rate} samples a second; "
                f"sound has {RATES[0]} to {RATES[1]}: a damaged header?"
            )
        self.rate = rate

    def _announced_s(self) -> float | None:
        """Length stored in the file's header; None where FFmpeg would only guess it."""
        container, stream = self._container, self._stream
        name = container.format.name
        if "matroska" in name:
            return container.duration / 1e6 if container.duration else None
        stored = name.startswith(_LENGTH_IN_HEADER) or (
            name == "mp3" and _has_xing_header(self._path)
        )
        if stored and stream.duration is not None:
            return float(stream.duration * stream.time_base)
        return None

    def _of(self, kind: str) -> bool:
        return kind in self._container.format.name


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
