"""How often a dancer turns round.

In 3-D the body's heading is the angle of its hips and shoulders, unwound; in 2-D there are
only moments at which left and right change places, two of which make a turn: whether it
went on or back cannot be told. Where neither hips nor shoulders are seen nothing is known.
"""

from itertools import pairwise

import numpy as np

from danceit.data import JOINT, Float32, Float64

FULL_DEG = 300.0
"""Rotation in one sense that counts as a turn: beginning and end are seldom square."""
BACK_DEG = 40.0
"""Rotation back that ends a turn; less is sway."""
CLEARLY = 0.35
"""Share of the usual width by which the shoulders must face one way to count."""
_SMOOTHING_FRAMES = 2.0
_SIDES = tuple((JOINT[f"left_{part}"], JOINT[f"right_{part}"]) for part in ("shoulder", "hip"))


def count_turns(poses: Float32) -> int | None:
    """Full turns in poses (T, 18, C) at 24 frames a second; None where hips nor shoulders tell."""
    across = _across(poses)
    known = np.isfinite(across).all(axis=1)
    if known.sum() < 2:
        return None
    at = np.arange(len(across))
    filled = np.stack([np.interp(at, at[known], axis[known]) for axis in across.T], axis=1)
    if poses.shape[2] == 3:
        return _by_heading(filled)
    return _by_sides(filled[:, 0])


def count_all_turns(poses: Float32) -> Float64:
    """`count_turns` of each of many stretches (N, T, 18, C), (N,): quick where most hold none.

    NaN where it is not known.
    """
    n_stretches, n_frames = poses.shape[:2]
    found = np.zeros(n_stretches)
    pending = np.ones(n_stretches, dtype=bool)
    if poses.shape[3] == 3 and n_frames > 1:
        across = _across(poses.reshape(-1, *poses.shape[2:])).reshape(n_stretches, n_frames, 3)
        known = np.isfinite(across).all(axis=(1, 2))
        turned = np.ptp(_headings(np.where(known[:, None, None], across, 0.0)), axis=1)
        # No part of a stretch is turned further than the whole of it.
        pending = ~known | (turned >= FULL_DEG)
    for place in np.flatnonzero(pending):
        turns = count_turns(poses[place])
        found[place] = np.nan if turns is None else turns
    return found


def _across(poses: Float32) -> Float64:
    """Mean vector (T, C) from right to left over shoulders and hips."""
    parts = np.stack([poses[:, left] - poses[:, right] for left, right in _SIDES])
    known = np.isfinite(parts)
    count = known.sum(axis=0)
    total = np.where(known, parts, 0.0).sum(axis=0)
    mean: Float64 = np.divide(
        total, count, out=np.full(total.shape, np.nan, dtype=np.float64), where=count > 0
    )
    return mean


def _by_heading(across: Float64) -> int:
    heading = _headings(across[None])[0]
    return sum(
        int((abs(end - start) + 360.0 - FULL_DEG) // 360.0)
        for start, end in pairwise(_reversals(heading))
    )


def _headings(across: Float64) -> Float64:
    """Headings (N, T) in degrees, unwound, of vectors (N, T, 3) from right to left."""
    from scipy.ndimage import gaussian_filter1d

    level = gaussian_filter1d(across[..., [0, 2]], _SMOOTHING_FRAMES, axis=1)
    angle = np.arctan2(level[..., 1], level[..., 0])
    return np.asarray(np.degrees(np.unwrap(angle, axis=1)), dtype=np.float64)


def _reversals(heading: Float64) -> list[float]:
    """Headings at the start, wherever the body begins to turn back, and at the end."""
    found = [float(heading[0])]
    extreme, sense = float(heading[0]), 0
    for value in heading.tolist():
        if sense == 0:
            sense = int(np.sign(value - extreme)) if abs(value - extreme) > BACK_DEG else 0
            extreme = value if sense else extreme
        elif (value - extreme) * sense >= 0:
            extreme = value
        elif abs(value - extreme) > BACK_DEG:
            found.append(extreme)
            extreme, sense = value, -sense
    return [*found, extreme]


def _by_sides(width: Float64) -> int:
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(width, _SMOOTHING_FRAMES)
    usual = float(np.quantile(np.abs(smooth), 0.9))
    if usual == 0.0:
        return 0
    facing = np.sign(smooth) * (np.abs(smooth) > CLEARLY * usual)
    clear = facing[facing != 0]
    return int((np.diff(clear) != 0).sum()) // 2
