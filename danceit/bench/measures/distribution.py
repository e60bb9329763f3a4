"""Are the dances as a set like real ones, and unlike each other: FID, diversity, multimodality.

Conventions
-----------
- A feature extractor turns each dance into one row; every score is named with it and
  means nothing across extractors. The built-in one is AIST++'s kinetic features.
- Features are normalised by mean and standard deviation of the real dances.
- FID is better when smaller; diversity and multimodality when near those of real dances.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from danceit.bench.measures.motion import check_motion
from danceit.bench.measures.physics import METRES_A_PX
from danceit.data import FPS, JOINT, Float64
from danceit.errors import InputError
from danceit.movement import Array

AIST_WINDOW = 2
"""Frames on either side over which AIST++'s features average velocities."""

SET_WINDOW_S = 5.0
"""Length of the pieces whose features are compared as a set."""
_BODY_JOINTS = JOINT["right_eye"]
"""Nose to ankles come first among the joints."""


def validate(features: Array, what: str = "features") -> None:
    """Check a table of features, one row a dance.

    Raises
    ------
    InputError
        If it is no finite (N, F) table of at least two rows.
    """
    if features.ndim != 2 or features.shape[0] < 2:
        raise InputError(
            f"{what} must have shape (N, F) with at least two rows, one a dance; "
            f"got {features.shape}"
        )
    if not np.isfinite(features).all():
        raise InputError(f"{what} must be finite; a joint missing throughout gives NaN columns")


def evaluate(
    real: Array, made: Array, *, by_song: Mapping[str, Sequence[int]] | None = None
) -> dict[str, float]:
    """Return FID, diversity and, where given several dances a song, multimodality.

    Parameters
    ----------
    real, made : (N, F), (M, F)
        Features of real dances and of those to judge. Columns that are NaN throughout
        in either (joints that a skeleton lacks) are left out of both.
    by_song : mapping of song to rows of `made`, optional
    """
    if real.ndim != 2 or made.ndim != 2 or real.shape[1] != made.shape[1]:
        raise InputError(
            f"features must come from one extractor; got shapes {real.shape} and {made.shape}"
        )
    kept = ~(np.isnan(real).all(axis=0) | np.isnan(made).all(axis=0))
    real, made = real[:, kept], made[:, kept]
    validate(real, "features of real dances")
    validate(made, "features of the dances")
    real_n, made_n = normalised(real, real), normalised(made, real)
    scores = {
        "fid": fid(real_n, made_n),
        "diversity": diversity(made_n),
        "diversity_real": diversity(real_n),
    }
    if by_song is not None:
        scores["multimodality"] = multimodality(made_n, by_song)
    return scores


def normalised(features: Array, by: Array) -> Float64:
    """Features less the mean of `by`, over its standard deviation (+ 1e-10, as published)."""
    return np.asarray((features - by.mean(axis=0)) / (by.std(axis=0) + 1e-10), dtype=np.float64)


def fid(a: Array, b: Array) -> float:
    """Fréchet distance of two sets of features (Heusel et al. 2017); smaller is better.

    ``|μ_a - μ_b|² + tr(C_a + C_b - 2 (C_a C_b)^½)``. The trace of the root is the sum of
    the singular values of ``A Bᵀ`` for centred tables A and B, which stays right where
    there are fewer dances than features and the published matrix root breaks down.
    """
    mean = a.mean(axis=0) - b.mean(axis=0)
    centred = [(rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1) for rows in (a, b)]
    factor_a, factor_b = (np.asarray(np.linalg.qr(rows)[1]) for rows in centred)
    shared = float(np.linalg.svd(factor_a @ factor_b.T)[1].sum())
    spread = sum(float(np.sum(rows**2)) for rows in centred)
    return float(mean @ mean + spread - 2 * shared)


def diversity(features: Array) -> float:
    """Mean Euclidean distance over all pairs of dances; NaN for fewer than two."""
    from scipy.spatial.distance import pdist

    if len(features) < 2:
        return float("nan")
    return float(pdist(features.astype(np.float64)).mean())


def multimodality(features: Array, by_song: Mapping[str, Sequence[int]]) -> float:
    """Mean over songs of the diversity of the dances to that song (Lee et al. 2019).

    Songs with a single dance are left out; NaN where all have one.
    """
    each = [diversity(features[list(rows)]) for rows in by_song.values() if len(rows) > 1]
    return float(np.mean(each)) if each else float("nan")


def kinetic_features(
    positions: Array,
    fps: float = FPS,
    *,
    form: Literal["legacy", "fixed"] = "fixed",
    up_axis: int = 1,
) -> Float64:
    """AIST++'s kinetic features of one dance, (3 J,), after fairmotion's.

    For each joint: mean squared horizontal and vertical velocity, and mean acceleration,
    velocities and accelerations averaged over five frames.

    Parameters
    ----------
    positions : (T, J, 3)
        Metres in the papers; features of other units cannot be compared with theirs.
    fps : float
        60 in the papers.
    form : {"legacy", "fixed"}
        ``legacy`` has the misplaced bracket of the published code, which subtracts
        ``p[t] - p[t-1] / dt`` for the velocity before: the third feature of each joint is
        then mostly where the joint is, not how it moves, and the published FID_k with it.
        Use it only to compare with papers.
    up_axis : int

    Raises
    ------
    InputError
        If the motion is not in 3-D or has under three frames.
    """
    check_motion(positions, "positions", frames=3)
    if positions.shape[2] != 3:
        raise InputError("kinetic features need depth, C = 3; got C = 2")
    placed = positions.astype(np.float64)
    n_frames = len(placed)
    steps = np.diff(placed, axis=0) * fps
    velocity = _moving_mean(steps, 1, n_frames)
    level = [axis for axis in range(3) if axis != up_axis]
    before = placed[1:-1] - placed[:-2] * fps if form == "legacy" else steps[:-1]
    acceleration = _moving_mean((steps[1:] - before) * fps, 1, n_frames)
    features = np.stack(
        [
            np.mean(np.sum(velocity[..., level] ** 2, axis=2), axis=0),
            np.mean(velocity[..., up_axis] ** 2, axis=0),
            np.mean(np.sqrt(np.sum(acceleration**2, axis=2)), axis=0),
        ],
        axis=1,
    )
    return np.asarray(features.ravel())


def set_features(motions: Sequence[Array]) -> Float64:
    """Kinetic features (N, F) of every 5 s of every dance, in metres, seen from its first root.

    Eyes and ears, which few sources have, are left out, and so is a piece in which a joint is
    lost that others show.

    Parameters
    ----------
    motions : sequence of (T, 18, 3)
        Canvas pixels at 24 fps.
    """
    size = round(SET_WINDOW_S * FPS)
    rows = []
    for motion in motions:
        for start in range(0, len(motion) - size + 1, size):
            rows.append(kinetic_features(motion[start : start + size, :_BODY_JOINTS] * METRES_A_PX))
    features = np.asarray(rows, dtype=np.float64)
    if not rows:
        return features
    seen = np.isfinite(features).any(axis=0)
    whole: Float64 = features[np.isfinite(features[:, seen]).all(axis=1)]
    return whole


def _moving_mean(values: Float64, first: int, n_frames: int) -> Float64:
    """Mean over ±2 frames around frames 1 to T - 1, of those that exist.

    `values[0]` belongs to frame `first`; the result has T - 1 rows.
    """
    totals = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    centres = np.arange(1, n_frames)
    low = np.clip(centres - AIST_WINDOW - first, 0, len(values))
    high = np.clip(centres + AIST_WINDOW + 1 - first, 0, len(values))
    return np.asarray((totals[high] - totals[low]) / (high - low)[:, None, None])
