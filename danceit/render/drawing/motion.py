"""A dance at the frame rate of a video.

Between two frames the joints follow a cubic Hermite curve whose tangents are central
differences (Catmull-Rom), so that speed has no steps at 30 and 60 fps. Nothing is
interpolated across a seam by more than a straight line, and a joint is shown between
two frames only if both have it.
"""

import numpy as np

from danceit.data import Dance, Float32, Float64, Int64


def output_frames(duration_s: float, fps: float) -> int:
    """Frames of a video of `duration_s` seconds, rounded down, at least one."""
    return max(1, int(np.floor(duration_s * fps + 1e-6)))


def source_frames(dance: Dance, times_s: Float64) -> Int64:
    """Return the dance's frame on show at each time, held at both ends."""
    shown: Int64 = np.floor(times_s * dance.fps + 1e-6).astype(np.int64)
    return np.clip(shown, 0, dance.n_frames - 1, out=shown)


def joints_at(dance: Dance, times_s: Float64) -> Float32:
    """Joints (N, 18, C) at each of the N times; beyond the ends the pose is held."""
    joints = dance.joints.astype(np.float64)
    last = dance.n_frames - 1
    position = np.clip(times_s * dance.fps, 0, last)
    before = np.floor(position + 1e-6).astype(np.int64)
    share = np.clip(position - before, 0.0, 1.0)
    share[np.abs(share) < 1e-5] = 0.0
    after = np.minimum(before + 1, last)
    tangents = _tangents(joints, dance.seams)
    s = share[:, None, None]
    linear = joints[before] + s * (joints[after] - joints[before])
    bend = (
        s
        * (1 - s)
        * (
            (1 - s) * (tangents[before] - (joints[after] - joints[before]))
            - s * (tangents[after] - (joints[after] - joints[before]))
        )
    )
    across_seam = np.isin(after, dance.seams)[:, None, None]
    curved = np.where(across_seam | ~np.isfinite(bend), linear, linear + bend)
    exact = (share == 0)[:, None, None]
    return np.where(exact, joints[before], curved).astype(np.float32)


def _tangents(joints: Float64, seams: Int64) -> Float64:
    """Velocity per frame (T, 18, C): central differences, one-sided at seams and ends."""
    tangents: Float64 = np.zeros_like(joints)
    if len(joints) < 2:
        return tangents
    steps = np.diff(joints, axis=0)
    forward = np.concatenate([steps, steps[-1:]])
    backward = np.concatenate([steps[:1], steps])
    starts = np.zeros(len(joints), dtype=bool)
    starts[seams] = True
    ends = np.append(starts[1:], False)
    tangents[:] = (forward + backward) / 2
    tangents[starts] = forward[starts]
    tangents[ends] = backward[ends]
    return tangents


def bridged(track: Float64) -> Float64:
    """Return a track (T, C) whose gaps are straight lines and whose ends are held.

    A frame is a gap if any of its coordinates is missing; at least one frame must not be.
    """
    frames = np.arange(len(track))
    known = np.isfinite(track).all(axis=1)
    return np.stack([np.interp(frames, frames[known], axis[known]) for axis in track.T], axis=1)


def unit(vectors: Float32 | Float64) -> Float64:
    """Vectors (..., C) of length 1 in the same directions; zero stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), dtype=np.float64)
