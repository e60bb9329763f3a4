"""The song as a web page needs it: AAC in an MP4 file, and the outline of its waveform.

AAC is what every browser plays, telephones included, and MP4 says exactly where the
sound begins, so that second 0 of the page is second 0 of the dance.
"""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.audio import Sound, read_sound
from danceit.audio.stretches import numbered, stretch
from danceit.data import Float32
from danceit.errors import InputError
from danceit.render.video.sound import RATES, SOUND, encode_song, output_rate

BIT_RATE = 128_000
PEAKS_PER_S = 60
"""Points of the waveform a second."""


@dataclass(frozen=True)
class PageSound:
    """A song encoded for a page.

    Attributes
    ----------
    data : bytes
        An MP4 file with one AAC track; empty for a page without sound.
    duration_s : float
    peaks : bytes
        Loudest sample of each 1/60 s, 0 to 255 of the song's loudest.
    rate : int
        Samples a second that are coded.
    coded_samples : int
        All that the packets hold, with what the encoder puts before and after the song: a
        decoder that returns as many has not left those out.
    """

    data: bytes
    duration_s: float
    peaks: bytes
    rate: int = RATES[1]
    coded_samples: int = 0

    @property
    def data_url(self) -> str:
        """The sound inside a URL; empty where there is none."""
        coded = base64.b64encode(self.data).decode("ascii")
        return f"data:audio/mp4;base64,{coded}" if self.data else ""


def encode_page_sound(song: Path, *, audible: bool = True) -> PageSound:
    """Encode a song; without `audible` only its outline, for a page without sound.

    Raises
    ------
    InputError
        If the song cannot be read.
    """
    sound = read_sound(song)
    if not audible:
        return PageSound(b"", sound.duration_s, _peaks(sound))
    rate = output_rate(song)
    data, coded = _as_mp4(song, rate)
    return PageSound(data, sound.duration_s, _peaks(sound), rate, coded)


def _as_mp4(song: Path, rate: int) -> tuple[bytes, int]:
    """Return the file, and how many samples its packets hold."""
    import av

    target = io.BytesIO()
    try:
        with av.open(target, "w", format="mp4") as container:
            stream = container.add_stream("aac", rate=rate, layout="stereo", options=SOUND)
            stream.bit_rate = BIT_RATE
            packets = encode_song(song, stream, 0.0, None).packets
            for packet in packets:
                container.mux(packet)
            coded = len(packets) * int(stream.codec_context.frame_size)
    except av.error.FFmpegError as exc:
        raise InputError(f"{song} cannot be encoded for a page: {exc.strerror or exc}") from exc
    return target.getvalue(), coded


def _peaks(sound: Sound) -> bytes:
    step = sound.rate // PEAKS_PER_S
    peaks: Float32 = np.empty(-(-sound.samples.size // step), np.float32)
    for start, stop in numbered(peaks.size, 1 << 14):
        part = np.abs(stretch(sound.samples, start * step, stop * step))
        peaks[start:stop] = part.reshape(-1, step).max(axis=1)
    return bytes(np.round(255 * peaks / max(float(peaks.max()), 1e-6)).astype(np.uint8).tobytes())
