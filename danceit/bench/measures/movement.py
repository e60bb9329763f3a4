"""Does the dance move as real dances do: distributions of hand and foot movement.

Conventions
-----------
- Joints are (T, J, C) in canvas pixels at 24 fps, joints in COCO-18 order.
- Divergences are in nats, at least 0, and better when smaller. Two real dances do
  not score 0 against each other: read them beside what real dances score.
- Displacements with a missing joint are left out.
"""

from collections.abc import Sequence

import numpy as np

from danceit.bench.measures.motion import check_motion
from danceit.data import FEET, HANDS, Float64, Int64
from danceit.errors import InputError
from danceit.movement import Array, joint_steps

SMOOTHING = 1e-6
"""Added to every bin's count before normalising, so that empty bins have a logarithm."""
MOVING_BINS = np.array([0.0, 20.0, 40.0, 60.0, 80.0, 400.0])
"""Bins of the moving distribution, px a frame (DanceIt V-D2)."""
LIMBS = {"hands": HANDS, "feet": FEET}
Profile = dict[str, Int64]
"""Histograms int64 (81,) of ``mdd_hands``, ``mdd_feet``, ``sdd_hands`` and ``sdd_feet``."""


def validate(joints: Array, reference: Sequence[Array]) -> None:
    """Check a dance and the real dances it is compared with.

    Raises
    ------
    InputError
        If a motion is malformed, lacks the wrists and ankles, or there is no reference.
    """
    if len(reference) == 0:
        raise InputError("MDD and SDD need at least one real dance to compare with; got none")
    for what, motion in [("joints", joints), *(("a reference dance", m) for m in reference)]:
        check_motion(motion, what)
        if motion.shape[1] <= max(*HANDS, *FEET):
            raise InputError(
                f"{what} must have joints in COCO-18 order; got {motion.shape[1]} joints"
            )


def evaluate(joints: Array, reference: Sequence[Array]) -> dict[str, float]:
    """Return MDD and SDD of hands and feet, and the moving distribution, by name."""
    validate(joints, reference)
    return evaluate_profile(joints, profile(reference))


def evaluate_profile(joints: Array, reference: Profile) -> dict[str, float]:
    """Do as `evaluate`, with the histograms of the real dances counted beforehand."""
    own = profile([joints])
    scores = {name: divergence(own[name], reference[name]) for name in own}
    for limb, pair in LIMBS.items():
        shares = moving_distribution(joints, pair)
        for low, high, share in zip(MOVING_BINS[:-1], MOVING_BINS[1:], shares, strict=True):
            scores[f"moving_{limb}_{low:.0f}_{high:.0f}"] = float(share)
    return scores


def profile(motions: Sequence[Array]) -> Profile:
    """Count the four histograms of MDD and SDD over dances; profiles add up by dance."""
    total = {f"{measure}_{limb}": np.zeros(81, np.int64) for measure in _VALUES for limb in LIMBS}
    for motion in motions:
        for measure, values in _VALUES.items():
            for limb, pair in LIMBS.items():
                total[f"{measure}_{limb}"] += counts(values(motion, pair))
    return total


def displacements(joints: Array, pair: tuple[int, int]) -> Float64:
    """Frame-to-frame displacement of two joints, pooled, (N,), px."""
    moved = joint_steps(joints[:, list(pair)]).ravel()
    return np.asarray(moved[np.isfinite(moved)])


def spacing_changes(joints: Array, pair: tuple[int, int]) -> Float64:
    """Frame-to-frame change, without sign, of the distance between two joints, (N,), px."""
    apart = joints[:, pair[0]].astype(np.float64) - joints[:, pair[1]]
    change = np.abs(np.diff(np.sqrt(np.einsum("tc,tc->t", apart, apart))))
    return np.asarray(change[np.isfinite(change)])


def counts(values: Float64) -> Int64:
    """Histogram of the divergences, int64 (81,): 1 px bins and one from 80 px."""
    bins = np.clip(values, 0.0, 80.0).astype(np.int64)
    return np.asarray(np.bincount(bins, minlength=81), dtype=np.int64)


def divergence(a: Int64, b: Int64) -> float:
    """Symmetrised Kullback-Leibler divergence of two histograms, nats; smaller is better.

    ``KL(p || q) + KL(q || p)`` = sum of ``(p - q) log(p / q)``, each histogram with 1e-6
    added to its counts and normalised.
    """
    p, q = a + SMOOTHING, b + SMOOTHING
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((p - q) * np.log(p / q)))


def mdd(joints: Array, reference: Sequence[Array], pair: tuple[int, int]) -> float:
    """Compare the movement of two joints with real dances' (DanceIt eq. 18); smaller is better."""
    real = np.concatenate([displacements(motion, pair) for motion in reference])
    return divergence(counts(displacements(joints, pair)), counts(real))


def sdd(joints: Array, reference: Sequence[Array], pair: tuple[int, int]) -> float:
    """Compare how two joints' spacing changes with real dances' (eq. 18); smaller is better."""
    real = np.concatenate([spacing_changes(motion, pair) for motion in reference])
    return divergence(counts(spacing_changes(joints, pair)), counts(real))


def moving_distribution(joints: Array, pair: tuple[int, int]) -> Float64:
    """Share of displacements in 0-20-40-60-80-400 px (DanceIt V-D2), float64 (5,).

    Anything beyond 400 px is in none of the bins, and the shares then sum to under 1.
    NaN where the joints are never seen.
    """
    moved = displacements(joints, pair)
    if moved.size == 0:
        return np.full(len(MOVING_BINS) - 1, np.nan)
    return np.asarray(np.histogram(moved, MOVING_BINS)[0] / moved.size, dtype=np.float64)


_VALUES = {"mdd": displacements, "sdd": spacing_changes}
