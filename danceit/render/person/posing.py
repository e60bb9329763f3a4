"""Dances brought to a target's size and floor, and compared with what the footage shows.

Global pose normalisation (Everybody Dance Now, 3.3; DanceIt V-D2): a dance is scaled so
that its largest nose-to-ankle distance, 360 canvas pixels, is the target's, and set on the
target's floor. Sideways it stays within what the footage shows.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import BODY_PX, FLOOR_PX, FPS, JOINT, Float32, Float64, Int64
from danceit.render.person.labels import BODY
from danceit.render.person.target import Placing, Target

WANDER_S = 1.5
"""Half-width in seconds of the window that smooths the sideways correction."""
UNSEEN_PX = 45.0
"""Mean distance of the joints, canvas pixels, from which a pose counts as never shown."""
FAR_JOINT_PX = 120.0
"""Distance of one joint, canvas pixels, from which it does too: an arm's length."""


def on_target(joints: Float32, placing: Placing) -> Float32:
    """Joints (T, 18, C) of a dance in pixels (T, 18, 2) of the target's pictures."""
    scale = placing.body_px / BODY_PX
    flat = joints[..., :2].astype(np.float64)
    hips = flat[:, (JOINT["right_hip"], JOINT["left_hip"]), 0].mean(axis=1)
    path = _smoothed(hips)
    path = path - np.median(path)
    reach = placing.reach_px / scale
    # What is beyond the footage's reach is taken out of the whole body, slowly.
    excess = path - np.clip(path, -reach, reach)
    placed = np.empty_like(flat)
    offset = np.median(_smoothed(hips)) + excess
    placed[..., 0] = placing.centre_x + scale * (flat[..., 0] - offset[:, None])
    placed[..., 1] = placing.floor_y + scale * (flat[..., 1] - FLOOR_PX)
    return placed.astype(np.float32)


@dataclass(frozen=True)
class Coverage:
    """How much of a dance the target's footage shows.

    Attributes
    ----------
    distances_px : float64 (T,)
        Mean distance of each pose's joints from the nearest pose of the footage, canvas
        pixels, mid-hips laid on one another.
    worst_px : float64 (T,)
        Largest distance of a joint from its place in that pose: one limb that is carried
        far away hardly moves the mean.
    unseen_share : float
        Share of poses farther than `UNSEEN_PX`, or with a joint farther than `FAR_JOINT_PX`.
    farthest : int
        Frame that is the farthest.
    """

    distances_px: Float64
    worst_px: Float64
    unseen_share: float
    farthest: int


def coverage(target: Target, joints: Float32) -> Coverage:
    """Compare the poses of a dance (T, 18, C), as they are to be painted, with the footage's."""
    placing = target.about.placing
    scale = BODY_PX / placing.body_px
    known = _relative(target.joints[: target.about.n_train].astype(np.float64) * scale)
    asked = _relative(on_target(joints, placing).astype(np.float64) * scale)
    best, distances = nearest(asked, known)
    apart = np.linalg.norm(asked - known[best], axis=2)
    worst = np.where(np.isfinite(apart), apart, 0.0).max(axis=1)
    strange = np.maximum(distances / UNSEEN_PX, worst / FAR_JOINT_PX)
    return Coverage(distances, worst, float((strange > 1).mean()), int(strange.argmax()))


def nearest(asked: Float64, known: Float64) -> tuple[Int64, Float64]:
    """For each of (T, J, 2), the nearest of (N, J, 2): its number, and the mean joint distance.

    Joints unknown in either do not count.
    """
    best = np.zeros(len(asked), dtype=np.int64)
    distances = np.zeros(len(asked))
    for index, pose in enumerate(asked):
        apart = np.linalg.norm(known - pose, axis=2)
        both = np.isfinite(apart)
        mean = np.where(both, apart, 0.0).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
        mean[both.sum(axis=1) < 6] = np.inf
        best[index] = int(mean.argmin())
        distances[index] = mean[best[index]]
    return best, distances


def _relative(joints: Float64) -> Float64:
    hips = joints[:, (JOINT["right_hip"], JOINT["left_hip"])].mean(axis=1, keepdims=True)
    moved: Float64 = (joints - hips)[:, BODY]
    return moved


def _smoothed(track: Float64) -> Float64:
    from scipy.ndimage import convolve1d

    known = np.isfinite(track)
    if not known.any():
        return np.zeros_like(track)
    frames = np.arange(len(track))
    even = np.interp(frames, frames[known], track[known])
    kernel = np.hanning(2 * round(WANDER_S * FPS) + 3)[1:-1]
    smooth: Float64 = convolve1d(even, kernel / kernel.sum(), mode="nearest")
    return smooth
