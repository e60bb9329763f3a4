"""A long sound in stretches: gathered as it is decoded, and looked at window by window.

A song of three hours is a gigabyte of samples. It is resampled while it is decoded and, from
`HELD_S` on, lies in a file without a name rather than in memory; whoever looks at it takes
the windows of a stretch at a time, never a copy of the whole.
"""

import tempfile
from contextlib import suppress
from typing import IO, Any

import numpy as np

from danceit.audio.track import PADDING
from danceit.data import Float32
from danceit.files import cache_dir

HELD_S = 1200.0
"""Seconds of sound that are held in memory: 115 MB at 24 kHz."""
FAR = 100.0
"""Times full scale beyond which a few samples are no sound: damaged floats, one bit of which
is a factor of up to 1e38."""
_CHUNK = 1 << 20
"""Samples that are resampled at a time."""


class Gathering:
    """Mono samples that come in blocks: judged, resampled and kept.

    Parameters
    ----------
    rate : int
        Samples per second to resample to.

    Attributes
    ----------
    size : int
        Samples taken, at their own rate.
    n_bad, n_far : int
        Of them NaN or infinite, and more than `FAR` times full scale.
    peak : float
        Largest magnitude.
    """

    def __init__(self, rate: int) -> None:
        self.size = self.n_bad = self.n_far = 0
        self.peak = 0.0
        self._wanted, self._own = rate, rate
        self._blocks: list[Float32] = []
        self._waiting = 0
        self._resampler: Any = None
        self._kept = _Kept(round(HELD_S * rate))

    def silence(self, count: int, rate: int) -> None:
        """Take so many samples of silence."""
        while count > 0:
            self.take(np.zeros(min(count, _CHUNK), np.float32), rate)
            count -= _CHUNK

    def take(self, block: Float32, rate: int) -> None:
        """Take samples (n,) at their own rate, which is the same for all."""
        self._own = rate
        self.size += block.size
        self._blocks.append(block)
        self._waiting += block.size
        if self._waiting > _CHUNK + PADDING:
            whole = np.concatenate(self._blocks)
            self._pass_on(whole[:-PADDING])
            self._blocks, self._waiting = [whole[-PADDING:].copy()], PADDING

    def samples(self, stop: int | None = None) -> Float32:
        """All of them, resampled and read-only; ends the gathering.

        Parameters
        ----------
        stop : int, optional
            Sample, at their own rate, from which on the last up to `PADDING` are left out.
        """
        rest = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.float32)
        if stop is not None and 0 < self.size - stop < PADDING:
            rest = rest[: rest.size - (self.size - stop)]
            self.size = stop
        self._pass_on(rest, last=True)
        # Whole samples only: rounding up could add a frame that the song does not have.
        return self._kept.array(self.size * self._wanted // self._own)

    def _pass_on(self, block: Float32, *, last: bool = False) -> None:
        size = np.abs(block)
        self.n_bad += block.size - int(np.count_nonzero(np.isfinite(block)))
        self.n_far += int(np.count_nonzero(size > FAR))
        self.peak = max(self.peak, float(size.max(initial=0.0)))
        if self._own == self._wanted:
            self._kept.add(block)
            return
        if self._resampler is None:
            import soxr  # ships no type information

            self._resampler = soxr.ResampleStream(
                self._own, self._wanted, 1, dtype="float32", quality="HQ"
            )
        self._kept.add(self._resampler.resample_chunk(block, last=last))


class _Kept:
    """Samples in memory, or from `most` on in a file."""

    def __init__(self, most: int) -> None:
        self._most, self._count = most, 0
        self._blocks: list[Float32] = []
        self._file: IO[bytes] | None = None

    def add(self, block: Float32) -> None:
        self._count += block.size
        if self._file is None and self._count > self._most:
            self._file = _nameless()
            for earlier in self._blocks:
                self._file.write(earlier.tobytes())
            self._blocks = []
        if self._file is None:
            self._blocks.append(block)
        else:
            self._file.write(block.tobytes())

    def array(self, count: int) -> Float32:
        """The first `count` samples; silence where there are fewer."""
        missing = np.zeros(max(0, count - self._count), np.float32)
        if missing.size:
            self.add(missing)
        if self._file is None:
            whole = np.concatenate([np.zeros(0, np.float32), *self._blocks])
            result = np.ascontiguousarray(whole[:count], np.float32)
            result.setflags(write=False)
            return result
        self._file.flush()
        mapped = np.memmap(self._file, np.float32, mode="r", shape=(count,))
        self._file.close()
        return mapped.view(np.ndarray)


def _nameless() -> IO[bytes]:
    """Open a file that is gone when it is closed; on disk, where the folder for that is memory."""
    with suppress(OSError):
        return tempfile.TemporaryFile(dir=cache_dir())
    return tempfile.TemporaryFile()


def stretch(samples: Float32, first: int, last: int, *, mirrored: bool = False) -> Float32:
    """Samples [first, last) of a sound; outside it silence or, mirrored, its ends reflected.

    Mirrored, a song that starts or stops in full swing has no onset there.
    """
    count = samples.size
    if first >= 0 and last <= count:
        return samples[first:last]
    if mirrored:
        period = max(1, 2 * (count - 1))
        place = np.arange(first, last) % period
        return np.asarray(samples[np.minimum(place, period - place)], np.float32)
    result = np.zeros(last - first, np.float32)
    inside = slice(max(first, 0), max(min(last, count), 0))
    if inside.start < inside.stop:
        result[inside.start - first : inside.stop - first] = samples[inside]
    return result


def windows(
    samples: Float32,
    size: int,
    hop: int,
    first: int,
    numbers: tuple[int, int],
    *,
    mirrored: bool = False,
) -> Float32:
    """Windows of a sound, (n, size): those with the half-open `numbers`.

    Window k covers the samples from ``first + k hop`` on; what lies outside the sound is as
    `stretch` says.
    """
    start, stop = numbers
    low, high = first + start * hop, first + (stop - 1) * hop + size
    part = stretch(samples, low, max(low, high), mirrored=mirrored)
    if stop <= start:
        return np.empty((0, size), np.float32)
    return np.lib.stride_tricks.sliding_window_view(part, size)[::hop]


def numbered(count: int, block: int) -> list[tuple[int, int]]:
    """Half-open ranges of `block` numbers that cover `count`."""
    return [(start, min(start + block, count)) for start in range(0, count, block)]
