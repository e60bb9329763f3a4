"""Where a fragment stands on the floor, and how one is carried on from another.

A dancer's *stance* at a frame is the floor position of the mid-hip and, in 3-D, the
heading: the angle about the vertical of the line across the hips and shoulders. A
fragment is continued by moving its first stance onto the last one's (in 2-D a shift
along x, in 3-D a shift along x and z and a turn about y); heights never change.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import FPS, JOINT, Float32, Float64

_HIPS = [JOINT["right_hip"], JOINT["left_hip"]]
_SHOULDERS = [JOINT["right_shoulder"], JOINT["left_shoulder"]]


@dataclass(frozen=True)
class Stance:
    """Floor positions and headings of one frame of each of N fragments.

    Attributes
    ----------
    floor : float64 (N, 2)
        x and z of the mid-hip in px; z is 0 in 2-D.
    heading : float64 (N,)
        Radians about the vertical; 0 in 2-D, or where hips and shoulders are missing.
    """

    floor: Float64
    heading: Float64


def stance(poses: Float32) -> Stance:
    """Stances of poses (N, 18, C)."""
    root = _middle(poses, _HIPS)
    floor = np.zeros((len(poses), 2))
    floor[:, 0] = root[:, 0]
    heading = np.zeros(len(poses))
    if poses.shape[-1] == 3:
        floor[:, 1] = root[:, 2]
        across = _across(poses, _HIPS) + _across(poses, _SHOULDERS)
        heading = np.arctan2(across[:, 2], across[:, 0])
    return Stance(floor, np.nan_to_num(heading))


def moved(poses: Float32, start: Stance, onto: Stance) -> Float32:
    """Carry fragments (N, L, 18, C) rigidly along the floor so that `start` becomes `onto`."""
    result = poses.astype(np.float32, copy=True)
    shift = start.floor[:, None, None, :]
    result[..., 0] -= shift[..., 0]
    if poses.shape[-1] == 3:
        result[..., 2] -= shift[..., 1]
        turn = (onto.heading - start.heading)[:, None, None]
        x, z = result[..., 0].copy(), result[..., 2].copy()
        result[..., 0] = np.cos(turn) * x - np.sin(turn) * z
        result[..., 2] = np.sin(turn) * x + np.cos(turn) * z
        result[..., 2] += onto.floor[:, None, None, 1]
    result[..., 0] += onto.floor[:, None, None, 0]
    return result


def join_features(poses: Float32, *, velocity_s: float) -> tuple[Float64, Float64]:
    """Describe what each fragment offers and expects at its ends, in the frame of its own stance.

    Parameters
    ----------
    poses : float32 (N, L, 18, C)
    velocity_s : float
        Seconds by which a velocity is weighed against a position: 1 px/s of
        disagreement counts as much as `velocity_s` px.

    Returns
    -------
    leaving, entering : float64 (N, 2 * 18 * C)
        Pose that would come after the last frame if its velocity went on, and that
        velocity; pose and velocity of the first frame. Missing joints are NaN.
    """
    coming = 2 * poses[:, -1] - poses[:, -2]
    entering = _ends(poses[:, :2], poses[:, 0], velocity_s)
    leaving = _ends(np.stack([poses[:, -1], coming], axis=1), coming, velocity_s)
    return leaving, entering


def join_costs(leaving: Float64, entering: Float64) -> Float64:
    """Root mean square disagreement (A, B) in px of A fragments with B possible followers.

    Joints missing on either side are left out; with none in common the cost is infinite.
    """
    seen_a, seen_b = np.isfinite(leaving), np.isfinite(entering)
    a, b = np.where(seen_a, leaving, 0.0), np.where(seen_b, entering, 0.0)
    mask_a, mask_b = seen_a.astype(np.float64), seen_b.astype(np.float64)
    squares = (a**2) @ mask_b.T + mask_a @ (b**2).T - 2.0 * a @ b.T
    common = mask_a @ mask_b.T
    with np.errstate(divide="ignore", invalid="ignore"):
        costs = np.sqrt(np.maximum(squares, 0.0) / common)
    return np.where(common > 0, costs, np.inf)


def disagreement(leaving: Float64, entering: Float64) -> Float64:
    """Root mean square disagreement (N,) in px of each of N fragments with its own follower.

    As `join_costs`, of pairs alone.
    """
    squares = (leaving - entering) ** 2
    common = np.isfinite(squares).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        costs = np.sqrt(np.nansum(squares, axis=1) / common)
    return np.where(common > 0, costs, np.inf)


def _ends(two: Float32, at: Float32, velocity_s: float) -> Float64:
    """Pose `at` (N, 18, C) and velocity of frames `two` (N, 2, 18, C), as seen from its stance."""
    here = stance(at)
    origin = Stance(np.zeros_like(here.floor), np.zeros_like(here.heading))
    frames = moved(np.concatenate([two, at[:, None]], axis=1), here, origin).astype(np.float64)
    velocity = (frames[:, 1] - frames[:, 0]) * FPS * velocity_s
    ends = np.concatenate([frames[:, 2], velocity], axis=-1)
    return np.asarray(ends.reshape(len(two), -1), dtype=np.float64)


def _middle(poses: Float32, joints: list[int]) -> Float64:
    pair = poses[:, joints].astype(np.float64)
    middle = pair.mean(axis=1)
    rest = np.isnan(middle)
    if rest.any():
        seen = np.isfinite(poses)
        count = seen.sum(axis=1)
        body = np.where(seen, poses, 0.0).sum(axis=1) / np.maximum(count, 1)
        middle = np.where(rest, body, middle)
    return np.asarray(middle, dtype=np.float64)


def _across(poses: Float32, joints: list[int]) -> Float64:
    right, left = joints
    return np.nan_to_num(poses[:, left].astype(np.float64) - poses[:, right])
