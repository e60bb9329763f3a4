"""What of a body is seen, how large it is and where it stands: whole bodies, and upper ones.

A *whole* body is seen with its shoulders, hands and feet; of these four ends one at a time may be
hidden for up to `HIDDEN_FRAMES`, and is unknown there. An *upper* body, as phones film it, is seen
with its shoulders and three of its elbows and wrists, but not both feet. It is as large as
its trunk says, or its shoulders where no hips are seen, and stands where a whole body's trunk
would.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import BODY_PX, CANVAS_PX, FEET, FLOOR_PX, HANDS, JOINT, Bool, Float32, Float64

MIN_FRAMES = 24
"""Shortest clip, the shortest fragment."""
HIDDEN_FRAMES = 12
"""Frames for which a hand or foot may be hidden: half a second, a turn's far side."""
STEADY = 0.9
"""Share of an upper clip's frames that show a joint, below which it only comes and goes."""
NECK_TO_NOSE = 1.15
"""Nose-to-ankle over neck-to-ankle distance, for skeletons without a nose."""

TRUNK_PX, SHOULDERS_PX = 116.0, 79.0
"""Neck to mid-hip, and across the shoulders, of a body of 360 px: medians of dances seen whole."""
HIPS_PX, NECK_PX = 193.0, 303.0
"""Height of mid-hip and neck over the lowest ankle, likewise."""
LEAST_TRUNK = 0.35
"""Trunk over leg, both at their longest in a clip, under which it is nobody's: a body made up on
legs alone. Of people it is 0.45 to 0.8."""
LEAST_ARM = 0.53
"""Arm over leg, likewise, in space: of people, in any second of a dance, it is 0.6 to 0.8. (In a
picture an arm that points at the camera has no length.)"""

_SHOULDERS = [JOINT["right_shoulder"], JOINT["left_shoulder"]]
_ELBOWS = [JOINT["right_elbow"], JOINT["left_elbow"]]
_HIPS = [JOINT["right_hip"], JOINT["left_hip"]]
_LEGS = tuple(
    tuple(JOINT[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
    for side in ("right", "left")
)
_ARM_CHAINS = tuple(
    tuple(JOINT[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist"))
    for side in ("right", "left")
)
_ARMS = {*_SHOULDERS, *_ELBOWS, *HANDS}


@dataclass(frozen=True)
class Seen:
    """Frames (T,) in which a whole body is seen, and those in which at least an upper one is."""

    whole: Bool
    upper: Bool


def seen(poses: Float64) -> Seen:
    """What is seen in each frame of poses (T, 18, C)."""
    known = np.isfinite(poses).all(axis=2)
    trunk = known[:, _SHOULDERS].all(axis=1)
    ends = known[:, HANDS + FEET]
    whole = ends.all(axis=1)
    alone = (ends.sum(axis=1) == 3) & trunk
    for hidden in (~ends).T:
        for start, stop in runs(hidden & alone):
            if stop - start <= HIDDEN_FRAMES and start > 0 and stop < len(poses):
                # It must come back, and nothing else be hidden meanwhile.
                whole[start:stop] = ends[start - 1].all() and ends[stop].all()
    arms = known[:, [*_ELBOWS, *HANDS]].sum(axis=1) >= 3
    # Whose feet are there is to be whole: a hand that is gone for long is no upper body's.
    legless = ~known[:, FEET].all(axis=1)
    return Seen(whole, trunk & arms & (legless | whole))


def runs(good: Bool) -> list[tuple[int, int]]:
    """Stretches of good frames, half-open."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def height(poses: Float64, share: float = 1.0) -> float:
    """Largest nose-to-ankle distance or its quantile, in the poses' unit; 0 where unknown."""
    for name, factor in (("nose", 1.0), ("neck", NECK_TO_NOSE)):
        spread = np.linalg.norm(poses[:, FEET] - poses[:, [JOINT[name]]], axis=2)
        known = np.isfinite(spread)
        if known.any():
            longest = np.where(known, spread, 0.0).max(axis=1)[known.any(axis=1)]
            found = float(np.quantile(despiked(longest), share)) * factor
            if found > 0:
                return found
    return 0.0


def height_of_upper(poses: Float64) -> float:
    """Height of a body of which only the upper half is seen; 0 where that cannot be told."""
    across = np.linalg.norm(poses[:, _SHOULDERS[0]] - poses[:, _SHOULDERS[1]], axis=1)
    for lengths, usual in ((_trunk(poses), TRUNK_PX), (across, SHOULDERS_PX)):
        lengths = lengths[np.isfinite(lengths)]
        if len(lengths) >= min(MIN_FRAMES, len(poses) // 2 + 1):
            found = float(np.quantile(despiked(lengths), 0.95)) * BODY_PX / usual
            if found > 0:
                return found
    return 0.0


def rough_height(poses: Float64) -> float:
    """Height by which limits are set before anything is cut; 0 where nothing tells."""
    with_feet = int(np.isfinite(poses[:, FEET]).all(axis=(1, 2)).sum())
    with_trunk = int(np.isfinite(_trunk(poses)).sum())
    ways = [height(poses, 0.95), height_of_upper(poses)]
    # A foot that is seen now and then, in a picture without feet, is mostly a mistake.
    if with_feet < min(MIN_FRAMES, len(poses) // 2 + 1) <= with_trunk:
        ways.reverse()
    return next((found for found in ways if found > 0), 0.0)


def is_nobody(poses: Float64) -> bool:
    """Whether trunk, arms and legs of a clip are in no person's proportion."""
    trunk, arm, leg = (
        _longest(lengths)
        for lengths in (
            [_trunk(poses)],
            [_limb(poses, joints) for joints in _ARM_CHAINS],
            [_limb(poses, joints) for joints in _LEGS],
        )
    )
    short_arms = poses.shape[2] == 3 and arm < LEAST_ARM * leg
    return trunk < LEAST_TRUNK * leg or short_arms


def as_upper(poses: Float64) -> Float64:
    """Leave out ankles, and what else but the arms is seen only now and then."""
    result = poses.copy()
    share = np.isfinite(poses).all(axis=2).mean(axis=0)
    unsteady = [j for j in range(poses.shape[1]) if share[j] < STEADY and j not in _ARMS]
    result[:, [*unsteady, *FEET]] = np.nan
    return result


def placed(poses: Float64) -> Float32:
    """Move a clip as a whole: mid-hip to x = 256 and z = 0, and down to the floor.

    The lowest ankle stands on it; an upper body's hips, or neck, are as high as if it had legs.
    """
    middle = _usual(poses[:, _HIPS].mean(axis=1))
    if middle is None:
        middle = _usual(poses[:, _SHOULDERS].mean(axis=1))
    if middle is None:
        middle = np.nanmedian(poses.reshape(-1, poses.shape[2]), axis=0)
    shift = -middle
    shift[0] += CANVAS_PX / 2
    shift[1] = FLOOR_PX - _floor(poses)
    moved: Float32 = (poses + shift).astype(np.float32)
    return moved


def despiked(values: Float64) -> Float64:
    """Median over five frames."""
    from scipy.ndimage import median_filter

    smooth: Float64 = median_filter(values, size=5, mode="nearest")
    return smooth


def _floor(poses: Float64) -> float:
    """Height y at which the lowest ankle of a clip stands, or would."""
    ankles = poses[:, FEET, 1]
    lowest = np.where(np.isfinite(ankles), ankles, -np.inf).max(axis=1)
    lowest = lowest[np.isfinite(lowest)]
    if len(lowest):
        return float(despiked(lowest).max())
    for joints, over_px in ((_HIPS, HIPS_PX), ([JOINT["neck"]], NECK_PX), (_SHOULDERS, NECK_PX)):
        middle = _usual(poses[:, joints].mean(axis=1))
        if middle is not None:
            return float(middle[1]) + over_px
    return FLOOR_PX


def _usual(points: Float64) -> Float64 | None:
    """Median of points (T, C) that are known."""
    known = points[np.isfinite(points).all(axis=1)]
    return np.asarray(np.median(known, axis=0)) if len(known) else None


def _trunk(poses: Float64) -> Float64:
    """Neck to mid-hip (T,)."""
    length: Float64 = np.linalg.norm(poses[:, JOINT["neck"]] - poses[:, _HIPS].mean(axis=1), axis=1)
    return length


def _limb(poses: Float64, joints: tuple[int, ...]) -> Float64:
    """Length (T,) of an arm or leg along its three joints."""
    inner, middle, outer = (poses[:, joint] for joint in joints)
    lengths = np.linalg.norm(middle - inner, axis=1) + np.linalg.norm(outer - middle, axis=1)
    return np.asarray(lengths)


def _longest(lengths: list[Float64]) -> float:
    """How long something is at its longest, an outlier aside; NaN where it is not seen."""
    every = np.concatenate(lengths)
    every = every[np.isfinite(every)]
    return float(np.quantile(every, 0.9)) if len(every) else np.nan
