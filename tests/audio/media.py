"""Sound files whose clicks are at known times, written by encoders of their own."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile

Array = npt.NDArray[np.float32]
CLICKS_S = (1.0, 2.5, 4.25)


def clicks(rate: int, times_s: Sequence[float] = CLICKS_S, duration_s: float = 6.0) -> Array:
    """Decaying 1 kHz bursts in silence."""
    samples = np.zeros(round(duration_s * rate), np.float32)
    t = np.arange(round(0.01 * rate)) / rate
    burst = 0.9 * np.exp(-t / 0.002) * np.sin(2 * np.pi * 1000 * t)
    for time_s in times_s:
        start = round(time_s * rate)
        room = samples[start : start + burst.size]
        room += burst[: room.size].astype(np.float32)
    return samples


def click_times(samples: Array, rate: int) -> list[float]:
    """Times at which the sound first exceeds a third of its peak after half a second of less."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() / 3)
    starts = loud[np.diff(loud, prepend=-rate) > rate // 2]
    return [float(start / rate) for start in starts]


def write_pcm(
    path: Path, samples: Array, rate: int, channels: int = 1, subtype: str | None = None
) -> Path:
    """Write by libsndfile, in blocks: its Vorbis encoder overflows the stack on long ones."""
    columns = np.repeat(samples[:, None], channels, axis=1)
    with soundfile.SoundFile(path, "w", rate, channels, subtype) as out:
        for start in range(0, len(columns), 1 << 15):
            out.write(columns[start : start + (1 << 15)])
    return path


def encode(
    path: Path,
    codec: str,
    samples: Array,
    rate: int,
    *,
    video: str | None = None,
    sound_from_s: float = 0.0,
    video_from_s: float = 0.0,
    hole_s: tuple[float, float] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write stereo sound by FFmpeg, with a video beside it if asked for; `hole_s` is left out."""
    with av.open(str(path), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        if video is not None:
            encode_video(out, video, round(25 * samples.size / rate), video_from_s)
        resampler = av.AudioResampler(stream.codec_context.format, "stereo", rate)
        block = 960
        for start in range(0, samples.size, block):
            if hole_s is not None and hole_s[0] <= start / rate < hole_s[1]:
                continue
            columns = np.repeat(samples[None, start : start + block], 2, axis=0)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(columns), "fltp", "stereo")
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = start + round(sound_from_s * rate)
            for converted in resampler.resample(frame):
                out.mux(stream.encode(converted))
        out.mux(stream.encode(None))
    return path


def encode_video(
    out: "av.container.OutputContainer", codec: str, n: int, from_s: float = 0.0
) -> None:
    """Add `n` grey frames of 64 x 64 at 25 fps."""
    stream = out.add_stream(codec, rate=25)
    stream.options = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx" else {}
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    for index in range(n):
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), index % 255, np.uint8))
        frame.pts, frame.time_base = index + round(from_s * 25), Fraction(1, 25)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def id3(*frames: tuple[bytes, bytes]) -> bytes:
    """An ID3v2.3 tag."""
    body = b"".join(
        name + len(data).to_bytes(4, "big") + b"\x00\x00" + data for name, data in frames
    )
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body
