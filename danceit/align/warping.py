"""Showing a dance's frames at other times: what all temporal aligners share.

A *warp* is a float64 (T,) array: frame t of the result shows position ``warp[t]``, in
frames, of the dance before. It never decreases, and both its ends stay. *Stretch* at
frame t is how far the local playback speed ``warp[t] - warp[t - 1]`` is from 1, as a
ratio of at least 1: 2 is twice as fast or half as fast.
"""

from collections.abc import Mapping

import numpy as np

from danceit.data import FPS, Dance, Float32, Float64, Int64


def beat_frames(beats_s: Float64, n_frames: int) -> Int64:
    """Frames that beats fall on, ``floor(24 s + 0.5)``: increasing, within the dance."""
    frames: Int64 = np.unique(np.floor(np.asarray(beats_s) * FPS + 0.5).astype(np.int64))
    return frames[(frames > 0) & (frames < n_frames)]


def movement(poses: Float32) -> Float64:
    """Sum the joint displacements into each frame: float64 (T,), px; the first is 0.

    A joint unknown in a frame is taken to move as the others do on average, so that a
    joint lost for a moment does not look like a rest; without any joint the movement
    is that of the frames around.
    """
    moved = np.zeros(len(poses))
    if len(poses) < 2:
        return moved
    steps = np.linalg.norm(np.diff(poses.astype(np.float64), axis=0), axis=-1)
    seen = np.isfinite(steps)
    count = seen.sum(axis=1)
    n_joints = int(seen.any(axis=0).sum())
    total = np.where(seen, steps, 0.0).sum(axis=1) * (n_joints / np.maximum(count, 1))
    if (count == 0).any() and (count > 0).any():
        frames = np.arange(len(total))
        total[count == 0] = np.interp(frames[count == 0], frames[count > 0], total[count > 0])
    moved[1:] = total
    return moved


def beat_windows(beats: Int64, n_frames: int) -> Int64:
    """For each beat, the frames from half-way to the one before to half-way to the next.

    Half-open, int64 (B, 2), clipped to the dance; the first and the last window reach as
    far outwards as inwards, and a lone beat has the whole dance. A frame exactly
    half-way belongs to the later beat.
    """
    if len(beats) < 2:
        return np.array([[0, n_frames]] * len(beats), dtype=np.int64).reshape(-1, 2)
    outer = np.concatenate([[2 * beats[0] - beats[1]], beats, [2 * beats[-1] - beats[-2]]])
    edges: Int64 = np.clip(-(-(outer[:-1] + outer[1:]) // 2), 0, n_frames)
    windows: Int64 = np.stack([edges[:-1], edges[1:]], axis=1).astype(np.int64)
    return windows


def stretch(warp: Float64) -> Float64:
    """Local stretch into each frame after the first, float64 (T - 1,), at least 1."""
    speed = np.diff(warp)
    with np.errstate(divide="ignore"):
        return np.maximum(speed, 1 / np.maximum(speed, 0))


def sampled(poses: Float32, warp: Float64, cuts: Int64) -> Float32:
    """Poses at the positions of `warp`, by cubic interpolation that never bends across a cut.

    Parameters
    ----------
    poses : float32 (T, J, C)
    warp : float64 (N,)
        Within 0 .. T - 1. At whole positions the pose is returned exactly.
    cuts : int64
        Frames before which the movement is cut: no tangent is taken across one.

    Returns
    -------
    float32 (N, J, C)
        A joint that is NaN in the nearer frame is NaN; where its further neighbour is
        NaN, it stays where the nearer one is.
    """
    n_frames = len(poses)
    tangents = _tangents(poses, cuts)
    left = np.clip(np.floor(warp).astype(np.int64), 0, max(n_frames - 2, 0))
    right = np.minimum(left + 1, n_frames - 1)
    u = (warp - left)[:, None, None]
    p, q, m, n = poses[left], poses[right], tangents[left], tangents[right]
    cubic = (
        (1 + 2 * u) * (1 - u) ** 2 * p
        + u * (1 - u) ** 2 * m
        + u**2 * (3 - 2 * u) * q
        + u**2 * (u - 1) * n
    )
    straight = (1 - u) * p + u * q
    between = np.where(np.isnan(cubic) | np.isin(right, cuts)[:, None, None], straight, cubic)
    nearer = np.where(u < 0.5, p, q)
    exact = np.where(np.isnan(between), nearer, between)
    return np.where(np.isnan(nearer), np.nan, exact).astype(np.float32)


def rewarped(dance: Dance, warp: Float64, method: str, options: Mapping[str, object]) -> Dance:
    """`dance` shown by `warp`, with seams and the trace of each frame moved along."""
    nearest = np.clip(np.floor(warp + 0.5).astype(np.int64), 0, dance.n_frames - 1)
    return dance.with_step(
        "align",
        method,
        options,
        joints=sampled(dance.joints, warp, dance.seams),
        source_index=dance.source_index[nearest],
        source_s=_traced(dance, warp, nearest),
        seams=_moved_seams(dance.seams, nearest),
    )


def _tangents(poses: Float32, cuts: Int64) -> Float64:
    """Velocity at each frame, px a frame: central, but one-sided at the ends and at cuts."""
    step = np.diff(poses.astype(np.float64), axis=0)
    backward = np.concatenate([step[:1], step])
    forward = np.concatenate([step, step[-1:]])
    backward[cuts] = forward[cuts]
    before = cuts[cuts > 0] - 1
    forward[before] = backward[before]
    backward = np.where(np.isnan(backward), forward, backward)
    forward = np.where(np.isnan(forward), backward, forward)
    tangents: Float64 = (backward + forward) / 2
    return tangents


def _moved_seams(seams: Int64, nearest: Int64) -> Int64:
    """First frame that shows the fragment after each seam."""
    moved = np.unique(np.searchsorted(nearest, seams))
    return moved[(moved > 0) & (moved < len(nearest))].astype(np.int64)


def _traced(dance: Dance, warp: Float64, nearest: Int64) -> Float64:
    """Second of the source that each warped frame shows.

    A position between two frames of one stretch of a source shows a time between theirs;
    at a cut it is counted from the nearer side.
    """
    source_s, n_frames = dance.source_s, dance.n_frames
    cut = np.ones(n_frames + 1, dtype=bool)
    cut[1:-1] = np.diff(dance.source_index) != 0
    cut[dance.seams] = True
    other = np.clip(nearest + np.where(warp >= nearest, 1, -1), 0, n_frames - 1)
    same = ~cut[np.maximum(nearest, other)]
    step = np.where(same, source_s[other] - source_s[nearest], 1 / FPS * np.sign(other - nearest))
    traced: Float64 = source_s[nearest] + np.abs(warp - nearest) * step
    return traced
