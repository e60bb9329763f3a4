"""Fragments: the half-open stretches of a clip that are embedded and retrieved.

Lengths and strides are in frames (24 a second); energy is in canvas pixels per second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from danceit.data import FPS, FRAGMENT_LENGTHS, Clip, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.movement import joint_steps

GRIDS = ("counts", "seconds")
"""Where fragments may start."""
_STARTS_WITHIN_S = 2 / FPS
_ENDS_WITHIN_S = 0.75 / FPS


@dataclass(frozen=True)
class Fragment:
    """Frames ``start_frame`` to ``start_frame + n_frames`` (exclusive) of one clip."""

    fragment_id: str
    clip_id: str
    start_frame: int
    n_frames: int


@dataclass(frozen=True)
class FragmentGrid:
    """Where fragments of a clip start and how long they are.

    Attributes
    ----------
    lengths : tuple of int
        Frames; kept sorted, without doubles.
    stride : int or None
        Frames between the starts of neighbours; None where each length is its own stride,
        so that fragments do not overlap (the paper's way).
    grid : str
        ``counts``: a fragment starts on every beat of its music, where that is known for
        sure; ``seconds``: by the stride. Recordings without counts are cut by the stride.

    Raises
    ------
    InputError
        If there is no length, one is under 2 frames, the stride is under 1, or the grid is
        another.
    """

    lengths: tuple[int, ...] = FRAGMENT_LENGTHS
    stride: int | None = None
    grid: str = "seconds"

    def __post_init__(self) -> None:
        if self.grid not in GRIDS:
            raise InputError(f"the grid must be {' or '.join(GRIDS)}; got '{self.grid}'")
        object.__setattr__(self, "lengths", check_lengths(self.lengths, self.stride))


def cut(
    clip: Clip,
    lengths: Iterable[int] = FRAGMENT_LENGTHS,
    stride: int | None = None,
    beats: Float64 | None = None,
) -> tuple[Fragment, ...]:
    """Fragments of every length that lie wholly within a clip.

    Parameters
    ----------
    clip : Clip
    lengths : iterable of int
        Frames; a length longer than the clip gives no fragment.
    stride : int, optional
        Frames between the starts of neighbours. Without it each length is its own
        stride, so that fragments do not overlap (the paper's way).
    beats : float64 (B,), optional
        Beats in frames of the clip: fragments then start at the frame in which each begins.

    Raises
    ------
    InputError
        If a length is under 2 frames or the stride under 1.
    """
    if beats is not None:
        starts = np.unique(np.floor(beats + 1e-6).astype(np.int64)).tolist()
        return tuple(
            Fragment(fragment_id(clip.clip_id, start, length), clip.clip_id, start, length)
            for length in check_lengths(lengths, stride)
            for start in starts
            if 0 <= start <= clip.n_frames - length
        )
    return tuple(
        Fragment(fragment_id(clip.clip_id, start, length), clip.clip_id, start, length)
        for length in check_lengths(lengths, stride)
        for start in range(0, clip.n_frames - length + 1, stride or length)
    )


def beats_of(beats_s: Float64, start_s: Float64, end_s: Float64) -> tuple[Int64, Int64]:
    """First and last of the beats (B,) that lie on each of N fragments, (N,) each.

    The first is the one that a fragment starts on, -1 where it starts on none. Beats are not on
    frames: two frames of distance are none at the start, and one is none at the end.
    """
    first = np.searchsorted(beats_s, start_s - _STARTS_WITHIN_S)
    first = np.minimum(first, len(beats_s) - 1)
    on = np.abs(beats_s[first] - start_s) <= _STARTS_WITHIN_S
    last = np.searchsorted(beats_s, end_s + _ENDS_WITHIN_S, side="right") - 1
    return np.where(on, first, -1), np.where(on, last, -1)


def fragment_id(clip_id: str, start_frame: int, n_frames: int) -> str:
    """Name of a fragment, the same in every engine: ``clip:start+length``."""
    return f"{clip_id}:{start_frame}+{n_frames}"


def check_lengths(lengths: Iterable[int], stride: int | None) -> tuple[int, ...]:
    """Sorted fragment lengths without doubles, checked together with the stride.

    Raises
    ------
    InputError
        If there is none, one is under 2 frames, or the stride is under 1.
    """
    wanted = tuple(sorted({int(length) for length in lengths}))
    if not wanted or wanted[0] < 2:
        raise InputError(f"fragment lengths must be 2 frames or more; got {list(wanted)}")
    if stride is not None and stride < 1:
        raise InputError(f"the stride must be 1 frame or more; got {stride}")
    return wanted


def energies(poses: Float32, fragments: Sequence[Fragment]) -> Float32:
    """Mean joint speed of each fragment, in canvas pixels per second, (N,).

    Parameters
    ----------
    poses : float32 (T, 18, C)
        Of the clip that the fragments were cut from. Joints that are not there do not
        count; a fragment in which none can be followed has energy 0.
    fragments : sequence of Fragment
    """
    speed = joint_steps(poses) * FPS
    seen = np.isfinite(speed)
    total = _running_sum(np.where(seen, speed, 0.0).sum(axis=1))
    count = _running_sum(seen.sum(axis=1).astype(np.float64))
    first = np.array([fragment.start_frame for fragment in fragments], dtype=np.int64)
    # A fragment of n frames has n - 1 movements, the last one into its last frame.
    last = first + np.array([fragment.n_frames - 1 for fragment in fragments], dtype=np.int64)
    moved = total[last] - total[first]
    mean: Float32 = (moved / np.maximum(count[last] - count[first], 1.0)).astype(np.float32)
    return mean


def _running_sum(values: Float64) -> Float64:
    return np.concatenate([[0.0], np.cumsum(values)])
