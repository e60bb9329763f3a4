"""Frames of one source video in the order in which a dance needs them.

A dance jumps about in its sources, and a video can only be entered at a key frame, which
may be seconds before the frame wanted. So whoever makes a `Reel` says beforehand every
moment it will ask for: what is decoded on the way to one frame and needed by a later one
is kept, at the size it is shown, and most videos are decoded once. What is kept is
bounded; beyond the bound frames are decoded again.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float64, Int64
from danceit.errors import InputError
from danceit.media import (
    Timeline,
    decoded,
    open_container,
    picture_stream,
    pixel_aspect,
    quarter_turns,
)

Picture = npt.NDArray[np.uint8]

KEPT_BYTES = 384 << 20
"""Most that is kept of decoded frames, of all the videos of a dance together."""
AHEAD = 24
"""Frames that are decoded on before the reel is wound elsewhere: at a seam two stretches of
one video alternate."""
FORWARD = 48
"""Frames that are decoded through rather than skipped by entering at a later key frame."""

_ROUNDED_S = 1.1e-3
"""Stamps of Matroska and Flash are whole milliseconds: the first and any other may be half late."""


class Reel:
    """A video whose frames are handed out by time.

    Parameters
    ----------
    video : Path
    needs_s : float64 (N,)
        Every time that will be asked for, as often as it will be, in any order; seconds
        from the video's first frame.
    scale : float
        Size at which frames are handed out, at most 1: their own.
    keep_bytes : int
        Most that is kept of decoded frames.

    Attributes
    ----------
    scale : float
        Handed out over the size that it is to be shown at, the same across and down.
    n_decoded : int
        Frames decoded so far.

    Raises
    ------
    InputError
        If the file cannot be read or holds no picture.
    """

    def __init__(
        self, video: Path, needs_s: Float64, scale: float = 1.0, keep_bytes: int = KEPT_BYTES
    ) -> None:
        self._video = video
        self._keep_bytes = keep_bytes
        self.n_decoded = 0
        self._container: Any = None
        self._stream: Any = None
        container, stream = _open(video)
        self._line = Timeline(stream)
        with container:
            self._times_s, self._keys = _index(container, stream, self._line, video)
            self._aspect = pixel_aspect(stream)
        self._left = Counter(self._at(needs_s).tolist())
        self.scale = min(1.0, scale)
        self._kept: dict[int, Any] = {}
        self._kept_bytes = 0
        self._frames: Iterator[Any] | None = None
        self._next = 0
        # One for all frames: to set it up costs as much as a frame.
        self._scaler = _scaler()
        self._last: Any = None
        """Frame decoded last, of those since the reel was wound."""

    @property
    def times_s(self) -> Float64:
        """Seconds of the frames from the first, increasing."""
        return self._times_s

    def frame(self, time_s: float) -> Picture:
        """Picture (height, width, 3) on show at a time; the first and last are held.

        Raises
        ------
        InputError
            If the video is damaged at that place.
        """
        import cv2

        index = int(self._at(np.array([time_s]))[0])
        if index not in self._kept:
            self._decode_to(index)
        planes, quarters = self._kept[index]
        self._left[index] -= 1
        if self._left[index] <= 0:
            self._drop(index)
        picture = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420)
        turned = np.rot90(picture, quarters) if quarters else picture
        return np.ascontiguousarray(turned, dtype=np.uint8)

    @property
    def awake(self) -> bool:
        """Whether the file is open and its decoder at work."""
        return self._container is not None

    def rest(self) -> None:
        """Close the file, keeping what is kept; it is opened again when it is needed."""
        self._frames = self._stream = self._last = None
        if self._container is not None:
            self._container.close()
            self._container = None

    def close(self) -> None:
        """Close the file and forget what was kept."""
        self.rest()
        self._kept.clear()
        self._kept_bytes = 0

    def _at(self, times_s: Float64) -> Int64:
        """Frames on show at times from the first frame."""
        moments = times_s + _ROUNDED_S
        index: Int64 = np.searchsorted(self._times_s, moments, side="right").astype(np.int64) - 1
        return np.clip(index, 0, len(self._times_s) - 1)

    def _decode_to(self, index: int) -> None:
        key = int(self._keys[np.searchsorted(self._keys, index, side="right") - 1])
        ahead = self._frames is not None and self._next <= index
        if not (ahead and key - self._next <= FORWARD):
            self._run(self._next + AHEAD, through=False)
            self._wind(key)
        self._run(index + 1, through=True)
        if index not in self._kept:
            # Nothing from its key frame on can be decoded: the nearest that could be stands in.
            if not self._kept:
                raise InputError(f"{self._video} is damaged at {self._times_s[index]:.2f} s")
            self._kept[index] = self._kept[min(self._kept, key=lambda kept: abs(kept - index))]
            self._kept_bytes += self._kept[index][0].nbytes

    def _wind(self, key: int) -> None:
        """Continue at a key frame."""
        if self._container is None:
            self._container, self._stream = _open(self._video)
        stamp = self._line.stamp(self._times_s[key])
        self._container.seek(stamp, stream=self._stream, backward=True)
        self._frames = decoded(self._container, self._stream)
        self._next, self._last = key, None

    def _run(self, stop: int, *, through: bool) -> None:
        """Decode the frames before `stop`, keeping those that are needed.

        Unless `through`, only as far as some frame before `stop` is still needed; else the
        last of them is kept whatever it takes.
        """
        if not through:
            wanted = [i for i in range(self._next, stop) if self._left[i] > 0]
            stop = max(wanted, default=-1) + 1
        asked = stop - 1 if through else -1
        while self._frames is not None and self._next < stop:
            frame = next(self._frames, None)
            if frame is None:
                self._frames = None
                self._fill(len(self._times_s), asked, None)
                return
            moment = self._line.second(frame.pts)
            index = int(np.searchsorted(self._times_s, moment + 1e-4, side="right")) - 1
            self.n_decoded += 1
            if index < 0:
                continue  # before the first that is shown
            self._fill(index, asked, frame)
            self._next, self._last = index + 1, frame
            room = index >= stop - AHEAD or self._kept_bytes < self._keep_bytes
            if index == asked or (room and self._left[index] > 0):
                self._keep(index, frame)

    def _fill(self, stop: int, asked: int, after: Any) -> None:
        """Let the frame before a hole stay, or else the one after, up to frame `stop`.

        What lies between two frames that were decoded could not be.
        """
        stays = after if self._last is None else self._last
        for index in range(self._next, stop) if stays is not None else ():
            if index == asked or self._left[index] > 0:
                self._keep(index, stays)

    def _keep(self, index: int, frame: Any) -> None:
        width, height = (
            max(2, 2 * round(side * self.scale / 2))
            for side in (frame.width * self._aspect, frame.height)
        )
        small = self._scaler.reformat(
            frame,
            width=width,
            height=height,
            format="yuv420p",
            dst_color_range="MPEG",
            dst_colorspace="ITU601",
            interpolation="AREA" if self.scale < 0.7 else "BILINEAR",
        )
        planes = small.to_ndarray()
        if index not in self._kept:
            self._kept_bytes += planes.nbytes
        self._kept[index] = (planes, quarter_turns(frame))

    def _drop(self, index: int) -> None:
        planes, _ = self._kept.pop(index)
        self._kept_bytes -= planes.nbytes


def key_pictures(video: Path, times_s: Float64, longest_px: int = 128) -> list[Picture]:
    """Pictures (height, width, 3) at the key frames before some moments: cheap to come by.

    Parameters
    ----------
    times_s : float64 (N,)
        Seconds from the video's first frame.

    Raises
    ------
    InputError
        If the file cannot be read or none of its key frames can be decoded.
    """
    container, stream = _open(video)
    with container:
        line = Timeline(stream)
        pictures = []
        for time_s in times_s.tolist():
            container.seek(line.stamp(time_s), stream=stream)
            frame = next(decoded(container, stream), None)
            if frame is not None:
                ratio = min(1.0, longest_px / max(frame.width, frame.height))
                width, height = (
                    max(2, 2 * round(side * ratio / 2)) for side in (frame.width, frame.height)
                )
                pictures.append(frame.to_ndarray(width=width, height=height, format="rgb24"))
    if not pictures:
        raise InputError(f"{video} has no picture that can be decoded")
    return pictures


def _open(video: Path) -> tuple[Any, Any]:
    container = open_container(video, "a video")
    stream = picture_stream(container)
    if stream is None:
        container.close()
        raise InputError(f"{video} has no picture")
    stream.thread_type = "AUTO"
    return container, stream


def _scaler() -> Any:
    from av.video.reformatter import VideoReformatter

    return VideoReformatter()


def _index(container: Any, stream: Any, line: Timeline, video: Path) -> tuple[Float64, Int64]:
    """Presentation times of all frames, and the numbers of the key frames among them."""
    stamps = sorted(line.packets(container, stream))
    if not stamps:
        raise InputError(f"{video} has no picture: empty, or cut off after its header?")
    times_s = np.array([time_s for time_s, _ in stamps])
    keys = np.flatnonzero([is_key for _, is_key in stamps]).astype(np.int64)
    return times_s, np.union1d(keys, [0]).astype(np.int64)
