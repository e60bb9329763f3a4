"""What goes into a solution for depth, and what comes out."""

from dataclasses import dataclass

import numpy as np

from danceit.data import JOINT, Float32, Float64

BODY = tuple(range(14))
"""Nose, neck, arms and legs of COCO-18; eyes and ears follow the nose."""
NECK, NOSE = JOINT["neck"], JOINT["nose"]
ANKLES = (JOINT["right_ankle"], JOINT["left_ankle"])
SHOULDERS = (JOINT["right_shoulder"], JOINT["left_shoulder"])
KNEES = (JOINT["right_knee"], JOINT["left_knee"])
HIPS = (JOINT["right_hip"], JOINT["left_hip"])
SUREST_M, UNSUREST_M = 0.005, 0.037
"""Deviation of a joint in the picture of which an estimator is sure, and not sure at all. On three
views of AIST++ joints are off by 0.7 cm in the median from a confidence of 0.85 on, by 1.5 at 0.6,
2.3 at 0.4 and 3.6 below 0.3."""
GAP_S = 0.3
"""Time without the body over which nothing is taken to go on."""


@dataclass(frozen=True)
class Sighting:
    """One shot of one dancer as an estimator saw it: T frames of a camera that stands.

    Attributes
    ----------
    flat : float64 (T, 18, 2)
        Pixels from the middle of the picture; NaN where not seen.
    deep : float64 (T, 18, 3)
        Metres around the hips; NaN where not seen.
    sure : float64 (T, 18)
        Confidence, 0 to 1.
    px_per_m : float64 (T,)
        Pixels of a metre at the dancer's distance, roughly.
    times_s : float64 (T,)
        Where two are farther apart than `GAP_S` the dancer was not seen between.
    focal_px : float
    """

    flat: Float64
    deep: Float64
    sure: Float64
    px_per_m: Float64
    times_s: Float64
    focal_px: float

    @property
    def step_s(self) -> float:
        """Time from one frame to the next."""
        return float(np.median(np.diff(self.times_s)))

    @property
    def off_m(self) -> Float64:
        """Deviation (T, 18) of joints in the picture."""
        sure = np.clip(np.nan_to_num(self.sure), 0.0, 1.0)
        return UNSUREST_M + (SUREST_M - UNSUREST_M) * sure


@dataclass(frozen=True)
class Solved:
    """A shot in space.

    Attributes
    ----------
    poses : float32 (T, 18, 3)
        On a level floor; NaN where not seen.
    pitch : float
        Radians by which the camera looks down.
    """

    poses: Float32
    pitch: float


def levelled(points: Float64, pitch: float) -> Float64:
    """Points (..., 3) in a camera's axes, turned so that down is y; back with `-pitch`."""
    cos, sin = np.cos(pitch), np.sin(pitch)
    down, away = points[..., 1], points[..., 2]
    return np.stack([points[..., 0], cos * down + sin * away, cos * away - sin * down], axis=-1)
