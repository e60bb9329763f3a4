"""Limbs that an estimator loses to something else for a moment, while the body goes on.

A hand that is elsewhere for less than half a second and then back is a mistake about that hand:
it is unknown meanwhile. One that leaps and stays, while nothing else of the body leaps, was lost
and found again: its way there is drawn over `BRIDGE` frames, as that of any joint that was not
seen. A body that is elsewhere is not mended: there cleaning cuts.
"""

import numpy as np

from danceit.data import JOINT, Bool, Float64
from danceit.index.cleaning.bodies import HIDDEN_FRAMES
from danceit.index.cleaning.plausibility import (
    LIMB_LIMIT_PX,
    LIMBS,
    TRUNK_JUMP_PX,
    limb_jumps,
    trunk_steps,
)
from danceit.index.cleaning.repair import BRIDGE

BACK_PX = 25.0
"""Movement of a limb in a frame that a dancer goes on with: 2.5 m/s."""
_BEYOND = {
    JOINT[f"{side}_{inner}"]: JOINT[f"{side}_{outer}"]
    for side in ("right", "left")
    for inner, outer in (("elbow", "wrist"), ("knee", "ankle"))
}
"""What hangs on a joint, and is as wrong as it."""


def without_excursions(poses: Float64) -> Float64:
    """Make limbs unknown where they jump away and are back, and draw the way of those that stay.

    Parameters
    ----------
    poses : float64 (T, 18, C)
        Canvas pixels at 24 fps.
    """
    jumped = limb_jumps(poses)
    if not jumped.any():
        return poses
    result = poses.copy()
    for joint, steps in zip(LIMBS, jumped, strict=True):
        for start, stop in _excursions(poses[:, joint], steps):
            result[start:stop, [joint, _BEYOND.get(joint, joint)]] = np.nan
    return _found_again(result)


def _found_again(poses: Float64) -> Float64:
    """Draw the way of a limb that alone leaps and stays there."""
    jumped = limb_jumps(poses)
    length = np.linalg.norm(np.diff(poses[:, LIMBS], axis=0), axis=2).T
    still = ~(trunk_steps(poses) > TRUNK_JUMP_PX)
    result = poses
    for at in np.flatnonzero(jumped.any(axis=0) & still).tolist():
        joints = [LIMBS[i] for i in np.flatnonzero(jumped[:, at])]
        inner = [joint for joint in joints if joint in _BEYOND]
        one_limb = len(joints) == 1 or (len(joints) == 2 and inner and _BEYOND[inner[0]] in joints)
        if not one_limb or np.nanmax(length[jumped[:, at], at]) > LIMB_LIMIT_PX:
            continue
        first = max(1, at + 1 - BRIDGE // 2)
        stop = min(first + BRIDGE, len(poses) - 1)
        for joint in {*joints, *(_BEYOND[each] for each in inner)}:
            ends = poses[[first - 1, stop], joint]
            if np.isfinite(ends).all():
                result = result.copy() if result is poses else result
                share = np.arange(1, stop - first + 1)[:, None] / (stop - first + 1)
                result[first:stop, joint] = ends[0] + share * (ends[1] - ends[0])
    return result


def _excursions(track: Float64, jumped: Bool) -> list[tuple[int, int]]:
    """Stretches, half-open, for which a joint (T, C) is elsewhere; its steps (T - 1,) that jump."""
    at = np.flatnonzero(jumped).tolist()
    found = []
    place = 0
    while place < len(at):
        left = at[place]
        for later in range(len(at) - 1, place, -1):
            back = at[later]
            if back - left > HIDDEN_FRAMES:
                continue
            apart = float(np.linalg.norm(track[back + 1] - track[left]))
            if apart < min(BACK_PX * (back + 1 - left), LIMB_LIMIT_PX):
                found.append((left + 1, back + 1))
                place = later
                break
        place += 1
    return found
