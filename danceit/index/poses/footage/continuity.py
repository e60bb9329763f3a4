"""Left and right swapped by the estimator, put right by following the body.

In a turn, or under a skirt, an estimator takes the left for the right for some frames, of
the arms, the legs or both; who faces the camera is then seen from behind, near and far wrong too.
Each frame is as detected, swapped, or swapped and mirrored in depth; the path through
the frames with the least movement is found exactly (Viterbi), where every swapped frame and
every change cost a little. So a stretch of swapped frames is undone if the body jumps at
both its ends, and a real turn, in which the sides change places without a jump, is left.
"""

from typing import NamedTuple

import numpy as np

from danceit.data import MIRRORED, Bool, Float32, Float64, Int64

SWAP_COST = 0.02
"""Cost of a swapped frame, in torso lengths: jumps of a fifth of it outweigh 20 frames."""
MIRROR_COST = 0.03
"""Cost of a frame swapped and mirrored, so that who is flat in depth is only swapped."""
SWITCH_COST = 0.12
"""Cost of each change between the two, so that feet that cross are not uncrossed."""
FAR = 1.0
"""Movement that counts no more, in torso lengths: wild detections prove nothing. Sides that
change places move by 1.7 to 2: one clean jump outweighs a stretch whose other end is blurred."""
BREAK_S = 0.25
"""Gap after which nothing is known of the sides."""

AS_DETECTED, SWAPPED, MIRRORED_TOO = range(3)
"""What joints of a frame may be."""

UPPER = (0, 1, 2, 3, 4, 5, 6, 7, 14, 15, 16, 17)
LOWER = (8, 9, 10, 11, 12, 13)
"""Head and arms, and legs: joints of COCO-18 that are swapped together."""

_TORSO = ((2, 8), (5, 11))


class Sided(NamedTuple):
    """Joints with their sides put right, and how many frames (T,) that took."""

    image: Float32
    world: Float32
    swapped: Bool


def sides_put_right(image: Float32, world: Float32, times_s: Float64) -> Sided:
    """Undo swapped sides, first of the upper body, then of the legs.

    Parameters
    ----------
    image : float32 (T, 18, 3)
        Pixels and confidence.
    world : float32 (T, 18, 3)
        Metres around the hips, or NaN.
    times_s : float64 (T,)
    """
    any_swapped = np.zeros(len(image), dtype=bool)
    for group in (UPPER, LOWER):
        states = _states(image[..., :2], world, times_s, group)
        swapped = states != AS_DETECTED
        image, world = (exchanged(joints, swapped, group) for joints in (image, world))
        world[np.ix_(states == MIRRORED_TOO, group, [2])] *= -1
        any_swapped |= swapped
    return Sided(image, world, any_swapped)


def swapped_frames(
    image: Float32, world: Float32, times_s: Float64, group: tuple[int, ...]
) -> Bool:
    """Find the frames (T,) in which left and right of some joints are taken for each other."""
    return np.asarray(_states(image, world, times_s, group) != AS_DETECTED, dtype=bool)


def _states(image: Float32, world: Float32, times_s: Float64, group: tuple[int, ...]) -> Int64:
    """What some joints are in each frame (T,): `AS_DETECTED`, `SWAPPED`, or `MIRRORED_TOO`."""
    sided = [joint for joint in group if MIRRORED[joint] != joint and joint < 14]
    seen = np.flatnonzero(np.isfinite(image[:, sided]).all(axis=2).sum(axis=1) >= 4)
    states = np.full(len(image), AS_DETECTED)
    if len(seen) < 3:
        return states
    points = _points(image[seen], world[seen])[:, sided]
    # Where each joint's other side stands among `sided`.
    other = [sided.index(MIRRORED[joint]) for joint in sided]
    breaks = np.flatnonzero(np.diff(times_s[seen]) > BREAK_S) + 1
    for stretch in np.split(np.arange(len(seen)), breaks):
        own = points[stretch]
        ways = [own, own[:, other]]
        if own.shape[2] > 2:
            ways.append(own[:, other] * (1, 1, 1, 1, -1))
        states[seen[stretch]] = _path(np.stack(ways))
    return states


def exchanged(joints: Float32, frames: Bool, group: tuple[int, ...]) -> Float32:
    """Return joints (T, 18, C) with the left and right of some exchanged in some frames."""
    result = joints.copy()
    for joint in group:
        result[frames, joint] = joints[frames, MIRRORED[joint]]
    return result


def _points(image: Float32, world: Float32) -> Float64:
    """Joints (T, 18, 2 or 5) in torso lengths."""
    torso = np.stack([np.linalg.norm(image[:, a] - image[:, b], axis=1) for a, b in _TORSO])
    length = float(np.nanmedian(torso)) if np.isfinite(torso).any() else 1.0
    flat: Float64 = image.astype(np.float64) / max(length, 1e-6)
    if not np.isfinite(world).any():
        return flat
    # Half a metre is about a torso; depth tells the sides apart where the picture cannot.
    return np.concatenate([flat, 2.0 * world.astype(np.float64)], axis=2)


def _path(ways: Float64) -> Int64:
    """Cheapest choice (T,) for each frame of one stretch, of ways (W, T, J, C) to see joints.

    The first is as detected.
    """
    n_ways, n_frames = ways.shape[:2]
    changed = SWITCH_COST * (1 - np.eye(n_ways))
    own = np.array([0.0, SWAP_COST, MIRROR_COST])[:n_ways]
    steps = np.array([[_moved(after[1:], before[:-1]) for after in ways] for before in ways])
    cost = own + changed[AS_DETECTED]
    came_from = np.zeros((n_frames, n_ways), dtype=np.int64)
    for frame in range(1, n_frames):
        through = cost[:, None] + steps[..., frame - 1] + changed
        came_from[frame] = through.argmin(axis=0)
        cost = through.min(axis=0) + own
    states = np.zeros(n_frames, dtype=np.int64)
    states[-1] = (cost + changed[AS_DETECTED]).argmin()
    for frame in range(n_frames - 1, 0, -1):
        states[frame - 1] = came_from[frame, states[frame]]
    return states


def _moved(after: Float64, before: Float64) -> Float64:
    """Mean movement (T,) of joints (T, J, C), each at most `FAR`."""
    steps = np.linalg.norm(after - before, axis=2)
    known = np.isfinite(steps)
    total = np.where(known, np.minimum(steps, FAR), 0.0).sum(axis=1)
    mean: Float64 = total / np.maximum(known.sum(axis=1), 1)
    return mean
