"""How much a body moves into each frame, and the stretch around a beat where that is judged.

Conventions
-----------
- Poses are (..., T, J, C) in any unit of length; movement is in that unit a frame.
- The movement *into* frame t is that from frame t - 1; frame 0 has none before it and gets 0.
- A joint that is not seen is never read as one at rest: in a sum over joints the mean of
  those seen stands in for it. Joints that a motion never shows do not count at all. Where
  no joint can be followed the movement is NaN, or is bridged from its neighbours in time.
- A beat's window runs from half-way to the beat before to half-way to the one after
  (DanceIt eq. 14); windows are half-open.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Float64, Int64

Array = npt.NDArray[Any]


def joint_steps(poses: Array) -> Float64:
    """Distance of each joint from where it was one frame before.

    Returns
    -------
    float64 (..., T - 1, J)
        NaN where the joint is missing in either frame.
    """
    steps = np.diff(poses.astype(np.float64, copy=False), axis=-3)
    return np.asarray(np.linalg.norm(steps, axis=-1), dtype=np.float64)


def summed(values: Float64) -> Float64:
    """Sum values of each joint (..., T, J) over the joints that the motion has, (..., T).

    The mean over the joints known in a frame stands in for those that are not; NaN
    where none is.
    """
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    n_joints = known.any(axis=-2).sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    scaled = total * (n_joints[..., None] / np.maximum(count, 1))
    return np.asarray(np.where(count > 0, scaled, np.nan), dtype=np.float64)


def movement(poses: Array) -> Float64:
    """Sum of the joints' displacements into each frame, (..., T)."""
    moved = np.zeros(poses.shape[:-2])
    moved[..., 1:] = summed(joint_steps(poses))
    return moved


def bridged_movement(poses: Array) -> Float64:
    """`movement` of one motion, (T,), with what is unknown on lines between its neighbours."""
    moved = np.zeros(len(poses))
    if len(poses) > 1:
        moved[1:] = bridged(summed(joint_steps(poses)))
    return moved


def largest_step(poses: Array) -> Float64:
    """Find the step into each frame of the joint that moved furthest, (T,); 0 if none is seen."""
    largest = np.zeros(len(poses))
    if len(poses) > 1:
        steps = joint_steps(poses)
        largest[1:] = np.where(np.isnan(steps), 0.0, steps).max(axis=-1)
    return largest


def bridged(values: Float64) -> Float64:
    """Values (T,) with the NaN ones on straight lines between their neighbours in time.

    Beyond the first and the last known value these are held; without any, all are 0.
    """
    known = np.isfinite(values)
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    frames = np.arange(len(values))
    return np.asarray(np.interp(frames, frames[known], values[known]), dtype=np.float64)


def beat_frames(beats_s: Array, n_frames: int, fps: float = FPS) -> Int64:
    """Frames that beats fall on, ``floor(beat_s * fps + 0.5)``: within the motion, each once.

    A beat on frame 0 is left out: no movement leads into it.
    """
    frames = np.floor(np.asarray(beats_s, dtype=np.float64) * fps + 0.5).astype(np.int64)
    return np.asarray(np.unique(frames[(frames > 0) & (frames < n_frames)]), dtype=np.int64)


def beat_edges(beats: Array, reach: float | None = None) -> Float64:
    """Edges (B + 1,) of the windows of beats (B,), B at least 1: half-way to the neighbours.

    Parameters
    ----------
    beats : (B,)
        Increasing, in frames.
    reach : float, optional
        How far the first window begins before its beat and the last ends after its own.
        By default each reaches as far outwards as inwards, which takes two beats.
    """
    between = (beats[1:] + beats[:-1]) / 2
    first, last = (
        (reach, reach)
        if reach is not None
        else ((beats[1] - beats[0]) / 2, (beats[-1] - beats[-2]) / 2)
    )
    return np.concatenate([[beats[0] - first], between, [beats[-1] + last]])


def beat_windows(frames: Int64, n_frames: int) -> Int64:
    """Half-open window of each beat in whole frames, within a motion.

    A frame exactly half-way belongs to the later beat; a lone beat has the whole motion.

    Parameters
    ----------
    frames : int64 (B,)
        Increasing.

    Returns
    -------
    int64 (B, 2)
    """
    if frames.size < 2:
        return np.array([[0, n_frames]] * frames.size, dtype=np.int64).reshape(-1, 2)
    edges = np.clip(np.ceil(beat_edges(frames)), 0, n_frames).astype(np.int64)
    return np.stack([edges[:-1], edges[1:]], axis=1)
