"""Pictures of a video: upright, scaled down, each with its time.

Times are presentation times from the stream's start, as `danceit.audio` counts the
sound. A video of 48 frames a second or more is thinned, as clips have 24. Damaged packets
are skipped and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import FPS
from danceit.errors import InputError
from danceit.media import opened, picture_stream

MAX_PX = 16_384
"""Longest side that is decoded; beyond it one picture takes a gigabyte."""


@dataclass(frozen=True)
class Still:
    """One picture (height, width, 3), RGB, and its time."""

    time_s: float
    picture: npt.NDArray[np.uint8]


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


def pictures(path: Path, longest_px: int) -> Iterator[Still]:
    """Decode a video, picture by picture.

    Parameters
    ----------
    path : Path
    longest_px : int
        Larger pictures are scaled down to this longest side.

    Raises
    ------
    InputError
        If the file cannot be read, holds no picture, or not one can be decoded.
    """
    given = 0
    with opened(path) as container:
        stream = _stream(container, path)
        stream.thread_type = "AUTO"
        zero = stream.start_time
        step_s = _least_step_s(stream)
        last_s = -np.inf
        for frame in _decoded(container, stream):
            pts = frame.pts if frame.pts is not None else frame.dts
            if pts is None:
                continue
            zero = pts if zero is None else zero
            time_s = float((pts - zero) * frame.time_base)
            if time_s < 0 or time_s - last_s <= step_s:
                continue
            last_s = time_s
            given += 1
            yield Still(time_s, _upright(frame, _pixel_aspect(stream), longest_px))
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


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    import av.error

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue  # a hole: the next key frame goes on


def _upright(frame: Any, aspect: float, longest_px: int) -> npt.NDArray[np.uint8]:
    """Scale first and turn then, so that of an 8K picture little is copied."""
    width, height = _fitted_size(frame.width, frame.height, aspect, longest_px)
    same = (width, height) == (frame.width, frame.height)
    method = "BILINEAR" if same else "AREA"
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation=method)
    picture: npt.NDArray[np.uint8] = small.to_ndarray()
    # The display matrix's angle is counter-clockwise, as numpy's quarter turns are.
    quarters = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, quarters)) if quarters else picture


def _fitted_size(width: int, height: int, aspect: float, longest_px: int) -> tuple[int, int]:
    across = width * aspect
    scale = min(1.0, longest_px / max(across, height))
    return max(2, round(across * scale)), max(2, round(height * scale))


def _pixel_aspect(stream: Any) -> float:
    aspect = stream.sample_aspect_ratio
    return float(aspect) if aspect and 0.1 < float(aspect) < 10 else 1.0


def _rate(stream: Any) -> float:
    return float(stream.average_rate or stream.guessed_rate or 0)


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
