"""Showing a dance's frames at other times: what all temporal aligners share.

A *warp* is a float64 (T,) array: frame t of the result shows position ``warp[t]``, in
frames, of the dance before. It never decreases, and both its ends stay. *Stretch* at
frame t is how far the local playback speed ``warp[t] - warp[t - 1]`` is from 1, as a
ratio of at least 1: 2 is twice as fast or half as fast.
"""

from dataclasses import replace

import numpy as np

from danceit.data import FPS, Dance, Float32, Float64, Int64

_GOES_ON_S = 4 / FPS
"""A source that is four times as fast is not played but cut."""
_STRETCH = 1 << 13
"""Frames that are sampled at a time: the memory that it takes does not grow with the song."""
_MARGIN = 2
"""Frames on each side of a pose that its tangent, and those beside it, depend on."""


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
    if len(poses) < 2:
        return poses[np.zeros(len(warp), dtype=np.int64)].astype(np.float32)
    shown = np.empty((len(warp), *poses.shape[1:]), dtype=np.float32)
    for start in range(0, len(warp), _STRETCH):
        places = warp[start : start + _STRETCH]
        # With the frames that its first and last tangents look at, a stretch comes out as in
        # the whole.
        low = max(0, int(np.floor(places.min())) - _MARGIN)
        high = min(len(poses), int(np.floor(places.max())) + 2 + _MARGIN)
        near = cuts[(cuts > low) & (cuts < high)] - low
        shown[start : start + _STRETCH] = _sampled(poses[low:high], places - low, near)
    return shown


def _sampled(poses: Float32, warp: Float64, cuts: Int64) -> Float32:
    """As `sampled`, of two frames or more, all at once."""
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


def rewarped(dance: Dance, warp: Float64) -> Dance:
    """`dance` shown by `warp`, with seams and the trace of each frame moved along."""
    nearest = np.clip(np.floor(warp + 0.5).astype(np.int64), 0, dance.n_frames - 1)
    return replace(
        dance,
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

    A position between two frames of one stretch of a source shows a time between theirs, also
    where it goes on into the next fragment; at a cut it is counted from the nearer side.
    """
    source_s, n_frames = dance.source_s, dance.n_frames
    steps = np.diff(source_s)
    cut = np.ones(n_frames + 1, dtype=bool)
    cut[1:-1] = (np.diff(dance.source_index) != 0) & ((steps < 0) | (steps > _GOES_ON_S))
    cut[dance.seams] = True
    other = np.clip(nearest + np.where(warp >= nearest, 1, -1), 0, n_frames - 1)
    same = ~cut[np.maximum(nearest, other)]
    step = np.where(same, source_s[other] - source_s[nearest], 1 / FPS * np.sign(other - nearest))
    traced: Float64 = source_s[nearest] + np.abs(warp - nearest) * step
    return traced
