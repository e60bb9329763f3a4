"""Gap filling: hide part of a real dance, let a method fill it, measure how far it is off.

The one test of a spatial aligner that needs no taste. Conventions:

- Gaps are half-open stretches of frames, placed evenly and never at random, so that
  every method fills the same ones; each has `CONTEXT` untouched frames on either side.
- What a method sees in a gap is the last frame before it, held up to the middle, and
  the first frame after it from there on: a cut, as retrieval makes them, with its seam
  in the middle. The hidden poses are nowhere in what it is given.
- Errors are mean distances over hidden frames and joints, px; smaller is better.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from danceit.bench.motion import Array, check_motion
from danceit.data import Float32, Float64, Int64
from danceit.errors import InputError

GAP_LENGTHS = (4, 8, 12, 16, 24)
CONTEXT = 48
"""Frames left untouched between gaps: twice the 24 of TSD's reference windows."""

Fill = Callable[[Float32, Int64], Float32]
"""Takes a motion with cuts (T, J, C) and its gaps (G, 2); returns the whole motion, filled."""


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
        each = []
        for motion in motions:
            gaps = place_gaps(len(motion), length)
            if len(gaps):
                filled = fill(with_cuts(motion, gaps), gaps)
                each.append(fill_errors(motion, filled, gaps))
        errors = np.concatenate(each)
        found[length] = errors[np.isfinite(errors)]
    return found


def place_gaps(n_frames: int, length: int, context: int = CONTEXT) -> Int64:
    """Gaps of one length at even distances, int64 (G, 2), `context` frames around each."""
    starts = np.arange(context, n_frames - length - context + 1, length + context)
    return np.asarray(np.stack([starts, starts + length], axis=1), dtype=np.int64)


def gap_seams(gaps: Int64) -> Int64:
    """Frame of the cut within each gap, (G,)."""
    return np.asarray((gaps[:, 0] + gaps[:, 1] + 1) // 2)


def with_cuts(motion: Float32, gaps: Int64) -> Float32:
    """Copy of a motion whose gaps hold the poses at their ends, with a cut in the middle."""
    cut = motion.copy()
    for (start, stop), seam in zip(gaps, gap_seams(gaps), strict=True):
        cut[start:seam] = motion[start - 1]
        cut[seam:stop] = motion[stop]
    return cut


def fill_errors(motion: Array, filled: Array, gaps: Int64) -> Float64:
    """Mean joint distance from the truth in each gap, (G,), px; NaN where nothing was seen.

    Raises
    ------
    InputError
        If the filled motion has another shape, or lost joints that the truth has.
    """
    if filled.shape != motion.shape:
        raise InputError(
            f"a filled motion must keep its shape {motion.shape}; the method gave {filled.shape}"
        )
    errors = np.full(len(gaps), np.nan)
    for gap, (start, stop) in enumerate(gaps):
        off = filled[start:stop].astype(np.float64) - motion[start:stop]
        distance = np.sqrt(np.einsum("tjc,tjc->tj", off, off))
        seen = np.isfinite(motion[start:stop]).all(axis=2)
        if np.isnan(distance[seen]).any():
            raise InputError(f"the method left NaN in frames {start} to {stop - 1}")
        if seen.any():
            errors[gap] = distance[seen].mean()
    return errors


def straight_line(cut: Float32, gaps: Int64) -> Float32:
    """Fill each gap with a straight line between its ends: the yardstick of every table."""
    filled = cut.copy()
    for start, stop in gaps:
        share = (np.arange(1, stop - start + 1) / (stop - start + 1))[:, None, None]
        filled[start:stop] = cut[start - 1] * (1 - share) + cut[stop] * share
    return filled
