"""Feet that stay where they stand when a dancer travels less than they danced.

Where a group needs room everybody's travelling is made smaller, and the feet, which are carried
along with the hips, would slide over the floor. As in the clean-up of motion capture (Kovar,
Schreiner and Gleicher, *Footskate cleanup*, SCA 2002) each foot is put where it is, in the
mean, while it stands, and steps between these places are bent to go from the one to the next;
knees follow by their two bones, whose lengths stay. Steps become shorter rather than slippery.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from danceit.data import BODY_PX, FPS, JOINT, Bool, Float32, Float64

STANDS_PX_S = 0.25 * BODY_PX
"""Speed over the floor, as danced, below which a foot stands: 0.4 m/s."""
STANDS_HIGH_PX = 0.04 * BODY_PX
"""Height over its own lowest of the second around, up to which it stands."""
_SHORTEST = 4
"""Frames that a foot stands at least."""
_LONGEST = 0.98
"""Of both bones together, that a leg is stretched to at most."""
_AROUND = round(0.5 * FPS)
_LEGS = tuple(
    tuple(JOINT[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    for side in ("right", "left")
)


@dataclass(frozen=True)
class _Stand:
    """Frames [first, last) in which a foot stands."""

    first: int
    last: int


def planted(danced: Float32, carried: Float32) -> Float32:
    """Keep the feet of a dancer who was carried elsewhere where they stand.

    Parameters
    ----------
    danced : float32 (T, 18, 3)
        As danced: by it is known when a foot stands.
    carried : float32 (T, 18, 3)
        The same, frame by frame moved over the floor.

    Returns
    -------
    float32 (T, 18, 3)
        With other knees and ankles; a leg that is not wholly seen stays as it is.
    """
    result = carried.astype(np.float32, copy=True)
    moved = (carried - danced)[:, JOINT["neck"]].astype(np.float64)
    for leg in _LEGS:
        seen = np.isfinite(danced[:, leg]).all(axis=(1, 2))
        if len(danced) < 3 or not seen.all():
            continue
        ankle = leg[2]
        stands = _stands(danced[:, ankle].astype(np.float64))
        off = _offsets(stands, carried[:, ankle].astype(np.float64), moved)
        _bend(result, leg, off)
    return result


def _stands(ankle: Float64) -> list[_Stand]:
    """When a foot (T, 3) stands: low and hardly moving."""
    from scipy.ndimage import minimum_filter1d

    level = np.linalg.norm(np.gradient(ankle[:, [0, 2]], axis=0), axis=1) * FPS
    low = -minimum_filter1d(-ankle[:, 1], 2 * _AROUND + 1, mode="nearest")
    return _runs((level < STANDS_PX_S) & (low - ankle[:, 1] < STANDS_HIGH_PX))


def _runs(stands: Bool) -> list[_Stand]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], stands, [False]]).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [_Stand(first, last) for first, last in pairs if last - first >= _SHORTEST]


def _offsets(stands: list[_Stand], ankle: Float64, moved: Float64) -> Float64:
    """How far (T, 2) over the floor a foot is put elsewhere than it was carried, in x and z.

    While it stands, against what it was carried; from one stand to the next it changes gently.
    """
    off = np.zeros((len(ankle), 2))
    known = np.zeros(len(ankle), dtype=bool)
    for one in stands:
        carried = moved[one.first : one.last][:, [0, 2]]
        off[one.first : one.last] = carried.mean(axis=0) - carried
        known[one.first : one.last] = True
    if not stands:
        return off
    edges = [_Stand(-1, 0), *stands, _Stand(len(ankle), len(ankle) + 1)]
    for before, after in pairwise(edges):
        first, last = before.last, after.first
        if last <= first:
            continue
        start = off[first - 1] if first > 0 else off[last]
        stop = off[last] if last < len(ankle) else off[first - 1]
        share = (np.arange(1, last - first + 1) / (last - first + 1))[:, None]
        share = share * share * (3 - 2 * share)
        off[first:last] = start + share * (stop - start)
    return off


def _bend(joints: Float32, leg: tuple[int, ...], off: Float64) -> None:
    """Put the ankle of a leg (hip, knee, ankle) elsewhere, and the knee where both bones ask."""
    hip, knee, ankle = (joints[:, joint].astype(np.float64) for joint in leg)
    upper = np.linalg.norm(knee - hip, axis=1)
    lower = np.linalg.norm(ankle - knee, axis=1)
    target = ankle.copy()
    target[:, [0, 2]] += off
    reach = target - hip
    far = np.linalg.norm(reach, axis=1)
    longest = np.maximum(_LONGEST * (upper + lower), np.linalg.norm(ankle - hip, axis=1))
    shortest = np.abs(upper - lower) + 1e-6
    length = np.clip(far, shortest, longest)
    along = reach / np.maximum(far, 1e-9)[:, None]
    target = hip + along * length[:, None]
    # How far along the line from hip to ankle the knee is, and how far beside it (law of cosines).
    on = (upper**2 - lower**2 + length**2) / (2 * np.maximum(length, 1e-9))
    beside = np.sqrt(np.maximum(upper**2 - on**2, 0.0))
    out = knee - hip
    out -= (out * along).sum(axis=1, keepdims=True) * along
    norm = np.linalg.norm(out, axis=1, keepdims=True)
    ahead = out / np.maximum(norm, 1e-9)
    bent = hip + along * on[:, None] + ahead * beside[:, None]
    touched = (np.linalg.norm(off, axis=1) > 1e-6) & (norm[:, 0] > 1e-3)
    joints[touched, leg[1]] = bent[touched]
    joints[touched, leg[2]] = target[touched]
