"""Who walks rather than dances: on a treadmill, to the camera, or away from it.

A walk is told by three things at once, each of which dances have alone: legs that stride far fore
and aft, arms that swing against them, and hands that hang. Fore and aft are seen in space alone,
so of 2-D poses nothing is said.
"""

import numpy as np

from danceit.data import JOINT, Bool, Float32, Float64

STRIDE = 0.35
"""Standard deviation of how far one ankle is before the other, in lengths of a leg: 0.53 of a
walker on a treadmill, 0.31 the median of the 28 Tang dances."""
AGAINST = -0.7
"""Correlation of that with how far one wrist is before the other: -0.9 of the walker."""
HANGING = 0.75
"""Mean height of the wrists from the shoulders (0) down to the hips (1): 0.97 of the walker."""


def walks(poses: Float32) -> Bool:
    """Which of some stretches of movement (N, L, 18, C) are a walk, (N,).

    Of 10 751 fragments of 28 ballroom dances these are 6; of a film of a treadmill, all.
    """
    if poses.shape[-1] != 3 or not len(poses):
        return np.zeros(len(poses), dtype=bool)
    found = _mean(_hanging(poses)) >= HANGING
    found[found] = _swings(poses[found])  # few hang, and these take longer to look at
    return found


def _swings(poses: Float32) -> Bool:
    """Which of some stretches (N, L, 18, 3) stride far, arms against legs, (N,)."""
    ahead = _ahead(poses)
    leg = _median(_lengths(poses, "right_hip", "right_knee", "right_ankle"))
    legs = _along(_apart(poses, "ankle"), ahead) / np.maximum(leg, 1.0)[:, None]
    arms = _along(_apart(poses, "wrist"), ahead)
    strides = np.sqrt(_mean(_from_mean(legs) ** 2)) >= STRIDE
    return np.asarray(strides & (_correlation(legs, arms) <= AGAINST))


def _ahead(poses: Float32) -> Float64:
    """Way (N, L, 2) that the trunk faces, on the floor."""
    across = _apart(poses, "hip") + _apart(poses, "shoulder")
    length = np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    return np.asarray(np.stack([-across[..., 1], across[..., 0]], axis=-1) / length)


def _apart(poses: Float32, joint: str) -> Float64:
    """From the left to the right joint of a name on the floor, (N, L, 2)."""
    right, left = poses[:, :, JOINT[f"right_{joint}"]], poses[:, :, JOINT[f"left_{joint}"]]
    return np.asarray((right - left)[..., [0, 2]], dtype=np.float64)


def _along(apart: Float64, ahead: Float64) -> Float64:
    return np.asarray((apart * ahead).sum(axis=-1), dtype=np.float64)


def _lengths(poses: Float32, *joints: str) -> Float64:
    """Length (N, L) of a limb through these joints."""
    limb = poses[:, :, [JOINT[joint] for joint in joints]].astype(np.float64)
    return np.asarray(np.linalg.norm(np.diff(limb, axis=2), axis=-1).sum(axis=-1))


def _hanging(poses: Float32) -> Float64:
    """How far the wrists hang from the shoulders to the hips, (N, L)."""
    shoulder, wrist, hip = (
        poses[:, :, [JOINT[f"right_{joint}"], JOINT[f"left_{joint}"]], 1].mean(axis=2)
        for joint in ("shoulder", "wrist", "hip")
    )
    trunk = hip - shoulder
    return np.asarray((wrist - shoulder) / np.where(np.abs(trunk) < 1e-6, np.nan, trunk))


def _mean(values: Float64) -> Float64:
    """Mean (N,) of those known of (N, L); NaN where none is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan))


def _median(values: Float64) -> Float64:
    """Median (N,) of those known of (N, L); NaN where none is."""
    return np.array(
        [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in values]
    )


def _from_mean(values: Float64) -> Float64:
    return values - _mean(values)[:, None]


def _correlation(first: Float64, second: Float64) -> Float64:
    """Correlation (N,) of rows (N, L) over what is known of both; NaN where one does not move."""
    known = np.isfinite(first) & np.isfinite(second)
    a, b = (_from_mean(np.where(known, row, np.nan)) for row in (first, second))
    spread = np.sqrt(_mean(a**2) * _mean(b**2))
    return np.asarray(_mean(a * b) / np.where(spread > 1e-9, spread, np.nan))
