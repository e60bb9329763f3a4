"""The sound of a song as AAC packets for a video."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from danceit.audio.track import Track
from danceit.data import Dance, Float32
from danceit.errors import InputError
from danceit.media import opened

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

RATES = (44_100, 48_000)
"""Sample rates kept as they are; other songs are resampled to the second."""
BIT_RATE = 192_000
SOUND = {"aac_coder": "fast"}
"""Twice as fast as the default coder, and as good from about this bit rate on."""
LENGTH_TOLERANCE_S = 0.25
"""How far a song may differ from its dance: decoders differ by some padding."""


@dataclass(frozen=True)
class SoundTrack:
    """The encoded sound of a video.

    Attributes
    ----------
    packets : tuple of av.Packet
        In order of time, of the stream that they were encoded for.
    duration_s : float
        Length of the song as decoded, whatever stretch of it was encoded.
    """

    packets: tuple[Any, ...]
    duration_s: float


def encode_song(
    song: Path, stream: "AudioStream", start_s: float, length_s: float | None
) -> SoundTrack:
    """Decode a song and encode the stretch from `start_s` for `length_s` seconds.

    Parameters
    ----------
    length_s : float or None
        None for all that follows `start_s`.

    Raises
    ------
    InputError
        If the file has no sound or cannot be decoded.
    """
    rate = int(stream.rate)
    first = round(start_s * rate)
    last = first + round(length_s * rate) if length_s else None
    packets: list[Any] = []
    position = 0
    for block in stereo(song, rate):
        stop = None if last is None else max(0, last - position)
        wanted = block[:, max(0, first - position) : stop]
        if wanted.shape[1]:
            packets += stream.encode(_frame(wanted, rate, max(position, first) - first))
        position += block.shape[1]
    if position == 0:
        raise InputError(f"{song} holds no sound: nothing but a header or tags")
    packets += stream.encode(None)
    return SoundTrack(tuple(packets), position / rate)


def output_rate(song: Path) -> int:
    """Sample rate for the sound of a video of this song.

    Raises
    ------
    InputError
        If the file cannot be opened or has no sound.
    """
    with opened(song, "sound") as container:
        if not container.streams.audio:
            raise InputError(f"{song} has no sound track")
        rate = container.streams.audio[0].rate
    return rate if rate in RATES else RATES[1]


def check_length(dance: Dance, duration_s: float, song: Path) -> None:
    """Raise `InputError` where a dance and a song differ in length: another song."""
    danced_s = dance.n_frames / dance.fps
    if abs(danced_s - duration_s) > LENGTH_TOLERANCE_S + 1 / dance.fps:
        raise InputError(
            f"the dance lasts {danced_s:.2f} s but {song} {duration_s:.2f} s: another song?"
        )


def stereo(song: Path, rate: int) -> Iterator[Float32]:
    """Decode to blocks (2, S) at `rate`, placed as `danceit.audio.read_sound` places them."""
    import av

    with opened(song, "sound") as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
        surplus = 0  # samples of `rate` still to cut
        for piece in Track(container, song).pieces():
            own_rate = piece.frame.sample_rate
            if piece.silence:
                yield np.zeros((2, round(piece.silence / own_rate * rate)), np.float32)
            surplus += round(piece.cut / own_rate * rate)
            piece.frame.pts = None  # or the resampler would fill gaps as well
            for block in resampler.resample(piece.frame):
                samples = block.to_ndarray().astype(np.float32, copy=False)[:, surplus:]
                surplus = max(0, surplus - block.samples)
                yield samples
        for block in resampler.resample(None):
            yield block.to_ndarray().astype(np.float32, copy=False)


def _frame(samples: Float32, rate: int, position: int) -> Any:
    """Make samples (2, S) a frame that starts at sample `position` of the video's sound."""
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, position, Fraction(1, rate)
    return frame
