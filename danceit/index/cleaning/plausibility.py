"""What looks wrong with a recording as a whole: faults that no cut can mend.

The limits are those of a body, not of a data set, so that fast styles pass. A metre is
240 canvas pixels: 360 px from nose to ankle for 1.5 m.
"""

import numpy as np

from danceit.data import FPS, JOINT, Bool, Float64

METRE_PX = 240.0
TRUNK = tuple(
    JOINT[name] for name in ("neck", "right_shoulder", "left_shoulder", "right_hip", "left_hip")
)
LIMBS = tuple(
    JOINT[f"{side}_{part}"]
    for part in ("elbow", "wrist", "knee", "ankle")
    for side in ("right", "left")
)

LIMB_JUMP_PX = 100.0
"""Step of a limb that is a jump if its neighbours are much smaller: 10 m/s out of nothing."""
LIMB_LIMIT_PX = 140.0
"""Step of a limb that is always a jump: 14 m/s, beyond the fastest kicks."""
TRUNK_JUMP_PX = 30.0
"""As `LIMB_JUMP_PX` for the trunk: 3 m/s out of nothing."""
TRUNK_LIMIT_PX = 60.0
"""As `LIMB_LIMIT_PX` for the trunk: 6 m/s, a sprint."""

_GRAVITY_PX = 9.81 * METRE_PX / FPS**2
_FRICTION_G = 1.0
_FALL_G = 1.25  # the trunk may fall a little faster than the body as a whole
_HEAVY_SHARE = 0.01
_HEAVY_SHARE_LOST = 0.04
_HEAVY_FRAMES = 10
_DASH_PX = 35.0
_JUMPS_A_MINUTE = 5.0
_JUMPS = 5
_SMOOTHING_FRAMES = 1.5


def jumps(poses: Float64) -> Bool:
    """Find the steps (T - 1,) by which the body (T, 18, C), in px at 24 fps, is elsewhere."""
    trunk = trunk_steps(poses)[None]
    trunk_jump = _abrupt(trunk, TRUNK_JUMP_PX) | (trunk > TRUNK_LIMIT_PX)
    found: Bool = limb_jumps(poses).any(axis=0) | trunk_jump[0]
    return found


def limb_jumps(poses: Float64) -> Bool:
    """Find the steps (J, T - 1) by which each of `LIMBS` is elsewhere."""
    limbs = np.linalg.norm(np.diff(poses[:, LIMBS], axis=0), axis=2).T
    found: Bool = _abrupt(limbs, LIMB_JUMP_PX) | (limbs > LIMB_LIMIT_PX)
    return found


def trunk_steps(poses: Float64) -> Float64:
    """Length (T - 1,) of the mean step of the trunk's joints seen in both frames, or NaN."""
    length: Float64 = np.linalg.norm(_mean_known(np.diff(poses[:, TRUNK], axis=0)), axis=1)
    return length


def complaints(poses: Float64) -> tuple[str, ...]:
    """Warnings about a whole recording, each one line.

    Too fast
        For 1 % of the time the trunk is accelerated by over 1 g along the floor, more
        than friction can, or downwards, more than gravity can. (Upwards a jump takes more.)
        Real dances stay under 0.1 % and exceed 1.5 % when played at double speed. Where the
        tracking is lost and found again it is 4 %: on the way to a jump a tracker drags the
        trunk along, which leaves 0.6 to 1 % in a video at its right speed, 6 % at double.
    Teleporting
        The body jumps, or its trunk covers ground at over 3.5 m/s, more than five times
        a minute.

    Parameters
    ----------
    poses : float64 (T, 18, C)
        Mended, canvas pixels at 24 fps.
    """
    if len(poses) < 5:
        return ()
    jumped = jumps(poses)
    elsewhere = jumped | (trunk_steps(poses) > _DASH_PX)
    times = int((elsewhere[1:] & ~elsewhere[:-1]).sum()) + int(elsewhere[0])
    a_minute = times / len(poses) * FPS * 60
    lost = times >= _JUMPS and a_minute > _JUMPS_A_MINUTE
    heavy, judged = _accelerations(poses, jumped)
    found = []
    if judged and heavy >= max(
        _HEAVY_FRAMES, (_HEAVY_SHARE_LOST if lost else _HEAVY_SHARE) * judged
    ):
        found.append(
            f"plays about twice too fast, or more: friction and gravity cannot accelerate the "
            f"trunk as in {heavy / judged:.1%} of the frames; check the frame rate or time stretch"
        )
    if lost:
        found.append(
            f"teleporting: {times} times ({a_minute:.0f} a minute) the body is elsewhere sooner "
            "than it could get there; check the tracking"
        )
    return tuple(found)


def _abrupt(steps: Float64, limit: float) -> Bool:
    """Find the steps (J, T) above `limit` that stand out from those before and after.

    A kick is fast too, but speeds up and slows down over several frames. A jump may be
    spread over two frames by resampling.
    """
    padded = np.pad(np.nan_to_num(steps), ((0, 0), (2, 2)))
    n_steps = steps.shape[1]
    near = np.maximum(padded[:, 1 : 1 + n_steps], padded[:, 3 : 3 + n_steps])
    far = np.maximum(padded[:, :n_steps], padded[:, 4:])
    return (steps > limit) & ((steps > 1.5 * near) | (steps > 3.0 * far))


def _accelerations(poses: Float64, jumped: Bool) -> tuple[int, int]:
    """Frames with more acceleration than friction or gravity give, and frames judged."""
    from scipy.ndimage import binary_dilation, gaussian_filter1d

    place = _mean_known(poses[:, TRUNK])
    known = np.isfinite(place).all(axis=1)
    if known.sum() < 2:
        return 0, 0
    at = np.arange(len(place))
    filled = np.stack([np.interp(at, at[known], axis[known]) for axis in place.T], axis=1)
    smooth = gaussian_filter1d(filled, _SMOOTHING_FRAMES, axis=0)
    force = np.gradient(np.gradient(smooth, axis=0), axis=0) / _GRAVITY_PX
    along_floor = np.linalg.norm(np.delete(force, 1, axis=1), axis=1)
    excess = (along_floor > _FRICTION_G) | (force[:, 1] > _FALL_G)
    # A jump or a gap would pass for an acceleration.
    doubtful = ~known
    doubtful[:-1] |= jumped
    doubtful[1:] |= jumped
    judged = ~binary_dilation(doubtful, iterations=4)
    judged[:4] = judged[-4:] = False
    return int((excess & judged).sum()), int(judged.sum())


def _mean_known(values: Float64) -> Float64:
    """Mean over the joints of (T, J, C) that are known, NaN where none is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
