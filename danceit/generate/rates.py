"""From one frame rate to another: features on straight lines, poses on cubics; the last is held."""

import numpy as np

from danceit.align.retiming import sampled
from danceit.data import Float32, Float64


def features_at(rows: Float32, fps: float, wanted_fps: float, n_rows: int) -> Float32:
    """Rows (T, F) at another rate, linear in time: (n_rows, F)."""
    place = _places(len(rows), fps, wanted_fps, n_rows)
    before = place.astype(np.int64)
    after = np.minimum(before + 1, len(rows) - 1)
    share = (place - before).astype(np.float32)[:, None]
    return np.asarray(rows[before] * (1 - share) + rows[after] * share, dtype=np.float32)


def poses_at(poses: Float32, fps: float, wanted_fps: float, n_frames: int) -> Float32:
    """Poses (T, J, C) at another rate, as aligners read them off: (n_frames, J, C)."""
    place = _places(len(poses), fps, wanted_fps, n_frames)
    return sampled(poses, place, np.zeros(0, dtype=np.int64))


def _places(n_before: int, fps: float, wanted_fps: float, n_after: int) -> Float64:
    return np.minimum(np.arange(n_after) / wanted_fps * fps, n_before - 1)
