"""Pictures of a video: upright, scaled down, each with its time.

Times are those of `danceit.media.Timeline`. A video of 48 frames a second or more is thinned, as
clips have 24. Pictures that cannot be decoded are skipped and counted, and so is what the header
promises and the file lacks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import FPS
from danceit.errors import InputError
from danceit.media import Timeline, opened, picture_stream, pixel_aspect, quarter_turns

MAX_PX = 16_384
"""Longest side that is decoded; beyond it one picture takes a gigabyte."""
MAX_RATE = 480.0
"""Frames a second beyond which a header says no rate: browsers write the 1000 of their clock."""
LOST_S = 0.25
"""Time without a picture that is named, in a file that is damaged or ends too early."""


@dataclass(frozen=True)
class Still:
    """One picture (height, width, 3), RGB, and its time."""

    time_s: float
    picture: npt.NDArray[np.uint8]


@dataclass
class Losses:
    """What of a video cannot be seen, known once all its pictures were decoded.

    Attributes
    ----------
    n_pictures : int
        Pictures that could not be decoded.
    stretches : list of (float, float)
        Seconds from and to which there is none for `LOST_S` or longer, for that or because the
        file ends before its time.
    """

    n_pictures: int = 0
    stretches: list[tuple[float, float]] = field(default_factory=list)


def expected_pictures(path: Path) -> int:
    """About how many pictures `pictures` will give; 0 where the header does not say.

    Raises
    ------
    InputError
        If the file cannot be read, holds no picture, or one too large to decode.
    """
    with opened(path) as container:
        stream = _stream(container, path)
        return _expected(container, stream) // _thinning(stream)


def pictures(path: Path, longest_px: int, losses: Losses | None = None) -> Iterator[Still]:
    """Decode a video, picture by picture.

    Parameters
    ----------
    path : Path
    longest_px : int
        Larger pictures are scaled down to this longest side.
    losses : Losses, optional
        Told what cannot be decoded.

    Raises
    ------
    InputError
        If the file cannot be read, holds no picture, or not one can be decoded.
    """
    given = 0
    losses = losses or Losses()
    with opened(path) as container:
        stream = _stream(container, path)
        stream.thread_type = "AUTO"
        line = Timeline(stream)
        step_s = _least_step_s(stream)
        last_s = -np.inf
        seen = _Seen()
        for frame in _decoded(container, stream, seen, losses):
            pts = frame.pts if frame.pts is not None else frame.dts
            if pts is None:
                continue
            time_s = line.second(pts)
            if time_s < 0:
                continue
            seen.times_s.append(time_s)
            if time_s - last_s <= step_s:
                continue
            last_s = time_s
            given += 1
            yield Still(time_s, _upright(frame, pixel_aspect(stream), longest_px))
        losses.stretches += _stretches(seen, stream, line, damaged=losses.n_pictures > 0)
    if not given:
        raise InputError(f"{path} has no picture that can be decoded: empty, or cut off?")


def _stream(container: Any, path: Path) -> Any:
    stream = picture_stream(container)
    if stream is None or stream.codec_context is None:
        raise InputError(f"{path} has no picture" + (" that can be decoded" if stream else ""))
    if max(stream.width, stream.height) > MAX_PX:
        raise InputError(
            f"{path} is {stream.width} x {stream.height}; at most {MAX_PX} pixels a side are read"
        )
    if min(stream.width, stream.height) < 1:
        raise InputError(f"{path} has no picture: its size is unknown; cut off after its header?")
    return stream


@dataclass
class _Seen:
    """Times of the pictures decoded, from the first, and how far the file's packets go."""

    times_s: list[float] = field(default_factory=list)
    end: int = 0


def _decoded(container: Any, stream: Any, seen: _Seen, losses: Losses) -> Iterator[Any]:
    import av.error

    for packet in container.demux(stream):
        if packet.pts is not None:
            seen.end = max(seen.end, packet.pts + (packet.duration or 0))
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            losses.n_pictures += 1  # a hole: the next key frame goes on


def _stretches(
    seen: _Seen, stream: Any, line: Timeline, *, damaged: bool
) -> Iterator[tuple[float, float]]:
    """Find where a damaged file shows nothing, and what one that was cut off still promises."""
    times_s = np.array(seen.times_s)
    if not len(times_s):
        return
    steps_s = np.diff(times_s)
    usual_s = float(np.median(steps_s)) if len(steps_s) else 0.0
    # A camera may stand still for long: only beside what cannot be decoded is a gap a loss.
    for at in np.flatnonzero(steps_s > LOST_S + usual_s).tolist() if damaged else ():
        yield float(times_s[at]) + usual_s, float(times_s[at + 1])
    if stream.duration is None:
        return
    promised_s = float(stream.duration * stream.time_base)
    if promised_s - line.second(seen.end) > LOST_S:
        yield float(times_s[-1]) + usual_s, promised_s


def _upright(frame: Any, aspect: float, longest_px: int) -> npt.NDArray[np.uint8]:
    """Scale first and turn then, so that of an 8K picture little is copied."""
    width, height = _fitted_size(frame.width, frame.height, aspect, longest_px)
    same = (width, height) == (frame.width, frame.height)
    method = "BILINEAR" if same else "AREA"
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation=method)
    picture: npt.NDArray[np.uint8] = small.to_ndarray()
    quarters = quarter_turns(frame)
    return np.ascontiguousarray(np.rot90(picture, quarters)) if quarters else picture


def _fitted_size(width: int, height: int, aspect: float, longest_px: int) -> tuple[int, int]:
    across = width * aspect
    scale = min(1.0, longest_px / max(across, height))
    return max(2, round(across * scale)), max(2, round(height * scale))


def _rate(stream: Any) -> float:
    """Frames a second by the header; 0 where it does not say, or says what cannot be."""
    rates = (float(rate or 0) for rate in (stream.average_rate, stream.guessed_rate))
    return next((rate for rate in rates if 0 < rate <= MAX_RATE), 0.0)


def _thinning(stream: Any) -> int:
    """Every how many frames one is kept."""
    return max(1, int(_rate(stream) / FPS + 0.01))


def _least_step_s(stream: Any) -> float:
    """Time from a kept frame within which none is kept."""
    every = _thinning(stream)
    return 0.0 if every == 1 else (every - 0.5) / _rate(stream)


def _expected(container: Any, stream: Any) -> int:
    if stream.frames:
        return int(stream.frames)
    if stream.duration is not None:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = (container.duration or 0) / 1e6
    return round(seconds * _rate(stream))
