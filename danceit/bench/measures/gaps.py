"""Gap filling: hide part of a real dance, let a method fill it, measure how far it is off.

The one test of a spatial aligner that needs no taste. Conventions:

- Gaps are half-open stretches of frames, placed evenly and never at random, so that
  every method fills the same ones; it is given the whole rest of the dance, with at
  least `CONTEXT` frames on either side.
- What a method sees in a gap is the last frame before it, held up to the middle, and
  the first frame after it from there on: a cut, as retrieval makes them. The hidden
  poses are nowhere in what it is given; where the dancer repeats them, the repeat is.
- Errors are mean distances over hidden frames and joints, px; smaller is better.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from danceit.align.spatial import Fill
from danceit.bench.measures.motion import check_motion
from danceit.data import Float32, Float64, Int64
from danceit.errors import InputError
from danceit.movement import Array

GAP_LENGTHS = (4, 8, 12, 16, 24)
CONTEXT = 48
"""Frames known on either side at least: twice the 24 of TSD's reference windows."""
MOST_GAPS = 20
"""Gaps of each length in one dance; more would weigh long dances and cost time."""


def validate(motions: Sequence[Array], lengths: Sequence[int]) -> None:
    """Check the motions and the gap lengths.

    Raises
    ------
    InputError
        If a length is not positive or no motion is long enough for one gap.
    """
    for length in lengths:
        if length < 1:
            raise InputError(f"a gap must be at least one frame; got {length}")
    longest = max((len(motion) for motion in motions), default=0)
    for motion in motions:
        check_motion(motion)
    if lengths and longest < 2 * CONTEXT + max(lengths):
        raise InputError(
            f"a gap of {max(lengths)} frames needs a dance of at least "
            f"{2 * CONTEXT + max(lengths)}; the longest has {longest}"
        )


def evaluate(
    fill: Fill, motions: Sequence[Float32], lengths: Sequence[int] = GAP_LENGTHS
) -> dict[str, float]:
    """Return the mean joint error of a method by gap length, ``gap_px_8`` and so on."""
    validate(motions, lengths)
    return {
        f"gap_px_{length}": float(np.mean(errors))
        for length, errors in gap_errors(fill, motions, lengths).items()
    }


def gap_errors(
    fill: Fill, motions: Sequence[Float32], lengths: Sequence[int]
) -> Mapping[int, Float64]:
    """Error of every single gap by length, px: the paired samples of a comparison."""
    found: dict[int, Float64] = {}
    for length in lengths:
        each = [
            fill_error(fill, motion, int(start), int(stop))
            for motion in motions
            for start, stop in place_gaps(len(motion), length)
        ]
        errors = np.asarray(each, dtype=np.float64)
        found[length] = errors[np.isfinite(errors)]
    return found


def place_gaps(n_frames: int, length: int, most: int = MOST_GAPS) -> Int64:
    """Gaps of one length, int64 (G, 2), evenly spread, `CONTEXT` frames around each."""
    starts = np.arange(CONTEXT, n_frames - length - CONTEXT + 1, length + CONTEXT)
    if starts.size > most:
        starts = starts[np.linspace(0, starts.size - 1, most).round().astype(np.int64)]
    return np.asarray(np.stack([starts, starts + length], axis=1), dtype=np.int64)


def cut(motion: Float32, start: int, stop: int) -> Float32:
    """Copy of a motion whose gap holds the poses at its ends, with a cut in the middle."""
    seam = (start + stop + 1) // 2
    held = motion.copy()
    held[start:seam] = motion[start - 1]
    held[seam:stop] = motion[stop]
    return held


def fill_error(fill: Fill, motion: Float32, start: int, stop: int) -> float:
    """Mean joint distance from the truth in one gap, px; NaN where nothing was seen.

    Parameters
    ----------
    motion : float32 (T, J, C)
        The truth.
    start, stop : int
        The gap, half-open.

    Raises
    ------
    InputError
        If the method changes the shape or loses joints that the truth has.
    """
    filled = fill(cut(motion, start, stop), start, stop)
    if filled.shape != motion.shape:
        raise InputError(
            f"a filled motion must keep its shape {motion.shape}; the method gave {filled.shape}"
        )
    off = filled[start:stop].astype(np.float64) - motion[start:stop]
    distance = np.sqrt(np.einsum("tjc,tjc->tj", off, off))
    # A joint unknown at an end of the gap cannot be drawn; it is judged by nobody.
    ends = np.isfinite(motion[[start - 1, stop]]).all(axis=(0, 2))
    seen = np.isfinite(motion[start:stop]).all(axis=2) & ends
    if np.isnan(distance[seen]).any():
        raise InputError("the method left joints NaN that are known on both sides of the gap")
    return float(distance[seen].mean()) if seen.any() else float("nan")


def straight_line(poses: Float32, start: int, stop: int) -> Float32:
    """Fill a gap with a straight line between its ends: the yardstick of every table."""
    filled = poses.copy()
    share = (np.arange(1, stop - start + 1) / (stop - start + 1))[:, None, None]
    filled[start:stop] = poses[start - 1] * (1 - share) + poses[stop] * share
    return filled


def held(poses: Float32, start: int, stop: int) -> Float32:
    """Leave the cut as it is: what a method without a spatial part does."""
    return poses
