"""How much a body moves into each frame, and the stretch around a beat where that is judged.

Conventions
-----------
- Poses are (..., T, J, C) in any unit of length; movement is in that unit a frame.
- The movement *into* frame t is that from frame t - 1; frame 0 has none before it and gets 0.
- A joint that is not seen is never read as one at rest: in a sum over joints the mean of
  those seen stands in for it. Joints that a motion never shows do not count at all. Where
  no joint can be followed the movement is NaN, or is bridged from its neighbours in time.
- A *kinematic beat* is a frame at which the body halts or turns (Lee et al., eq. 1 and 2).
- A beat's window runs from half-way to the beat before to half-way to the one after
  (DanceIt eq. 14); windows are half-open.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Float64, Int64

Array = npt.NDArray[Any]

LEE_FPS = 15.0
"""Frame rate of Lee et al., in whose frames kinematic beats and their tolerances are counted."""


_STRETCH = 1 << 14
"""Frames that are looked at at a time: eleven minutes, some 20 MB of doubles."""


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
    for start in range(1, len(poses), _STRETCH):
        steps = joint_steps(poses[start - 1 : start + _STRETCH])
        largest[start : start + _STRETCH] = np.where(np.isnan(steps), 0.0, steps).max(axis=-1)
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


def deceleration(joints: Array) -> Float64:
    """How abruptly a body stops or turns, frame by frame, (T,).

    The sum over joints of ``max(0, |v| - v' . v / |v|)``, v the step into a frame and
    v' the step out of it: what is lost of a joint's speed along its own way. It is
    large where a joint halts and where it changes direction, Lee et al.'s two signs
    of a kinematic beat, and does not depend on axes. Unit: that of `joints`, a frame.
    """
    steps = np.diff(joints.astype(np.float64, copy=False), axis=0)
    speed = np.sqrt(np.einsum("tjc,tjc->tj", steps[:-1], steps[:-1]))
    along = np.einsum("tjc,tjc->tj", steps[:-1], steps[1:]) / np.maximum(speed, 1e-12)
    lost = np.maximum(speed - along, 0.0)
    result = np.zeros(joints.shape[0])
    result[1:-1] = bridged(summed(lost))
    return result


def kinematic_beats(joints: Array, fps: float = FPS, *, deviations: float = 1.0) -> Int64:
    """Frames at which the body halts or turns: Lee et al.'s kinematic beats.

    The paper names the two signs (see `deceleration`) but neither kernel nor
    threshold. Here the deceleration is smoothed with a Gaussian of half a frame of
    15 fps, and a beat is its largest value within two such frames on either side
    that exceeds the dance's mean by `deviations` standard deviations.
    """
    from scipy.ndimage import gaussian_filter1d

    envelope = gaussian_filter1d(deceleration(joints), 0.5 / LEE_FPS * fps)
    peaks = lows(-envelope, max(1, round(2 / LEE_FPS * fps)))
    threshold = float(envelope.mean() + deviations * envelope.std())
    return np.asarray(peaks[envelope[peaks] > threshold], dtype=np.int64)


def lows(signal: Array, order: int) -> Int64:
    """Places of values lower than all others within `order` on either side."""
    from scipy.signal import argrelextrema

    return np.asarray(argrelextrema(signal, np.less, order=order)[0], dtype=np.int64)


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
