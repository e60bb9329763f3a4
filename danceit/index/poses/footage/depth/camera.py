"""Which way the camera looks, where the floor lies under it, and who stands upright or in balance.

Axes: x right, y down, z away from the camera; metres, radians.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import Bool, Float64
from danceit.index.poses.footage.depth.sighting import ANKLES, HIPS, KNEES, NECK, SHOULDERS

OFF_FLOOR_M = 0.1
"""Height over the floor from which a foot rather is in the air, and counts little."""
FALL, FALL_S = 5.0, 0.2
"""Acceleration downwards, metres a second squared, from which a body rather falls than bends its
knees, and time over which it is taken."""
RAISED_M, GROUND_S = 0.03, 1.2
"""Height of the lower foot over where it stands, around that time, from which it may fly."""
LONGEST_S = 0.8
"""Longest leap: one of 80 cm."""
UPRIGHT = np.deg2rad(4.0)
"""Deviation of the camera's pitch from that in which the dancer stands upright, or in balance."""
STEEPEST = np.deg2rad(35.0)
"""Largest pitch that is believed."""
LEVEL = np.deg2rad(8.0)
"""Deviation of a camera's pitch from none."""
STANDING = 0.85
"""Height of the neck over the feet, in the length of trunk and leg, of one who stands."""
ON_FEET = 0.45
"""Height of the centre of mass over the feet, likewise, of one whom the feet bear: 0.7 standing
straight, and 0.4 in a squat in which hands may be on the floor."""
AHEAD = 0.04
"""How far ahead of the ankles the centre of mass is, likewise: 5 cm (Winter, A.B.C. of Balance
during Standing and Walking, 1995)."""
STANDING_S = 1.0
"""Time for which the dancer must stand, or be borne, to say where upright is."""
TOLD_M, TOLD_S = 0.06, 1.0
"""Deviation of feet on a floor that is only looked for, and time after which they tell more."""


@dataclass(frozen=True)
class Floor:
    """Level `height` metres under a camera that looks down by `pitch`; weights (T, 2) of feet."""

    pitch: float
    height: float
    weights: Float64

    @property
    def down(self) -> Float64:
        """Down (3,) in the camera's axes."""
        return np.array([0.0, np.cos(self.pitch), np.sin(self.pitch)])


def floor_under(feet: Float64, seen: Bool, off_m: Float64, pitch: float) -> Floor:
    """Find the floor that the lower foot stands on, most of the time.

    Parameters
    ----------
    feet : float64 (T, 2, 3)
        Ankles in the camera's axes.
    seen : bool (T, 2)
    off_m : float64 (T, 2)
        Deviation of each in the picture.
    """
    down = feet[..., 1:] @ (np.cos(pitch), np.sin(pitch))
    lower = seen & (down >= np.where(seen, down, -np.inf).max(axis=1, keepdims=True))
    if not lower.any():
        return Floor(pitch, 0.0, np.zeros_like(down))
    height = float(np.quantile(down[lower], 0.7))
    near = np.sqrt(OFF_FLOOR_M**2 + off_m**2)
    for _ in range(6):
        weights = np.where(lower, 1 / (1 + ((height - down) / near) ** 2) ** 2, 0.0)
        height = float((weights * down).sum() / weights.sum())
    return Floor(pitch, height, weights)


def in_flight(body_y: Float64, feet_y: Float64, step_s: float) -> Bool:
    """Frames (T,) of leaps: the body falls as all things do, with both feet off the ground.

    Who steps back goes up in the picture too, but slowly.

    Parameters
    ----------
    body_y : float64 (T,)
        Of the trunk in the picture, metres.
    feet_y : float64 (T,)
        Of the lower foot.
    """
    from scipy.ndimage import label, percentile_filter
    from scipy.signal import savgol_filter

    window = max(5, round(FALL_S / step_s) | 1)
    if len(body_y) < window:
        return np.zeros(len(body_y), dtype=bool)
    falls = savgol_filter(body_y, window, 2, deriv=2, delta=step_s) > FALL
    ground = percentile_filter(feet_y, 75, size=max(3, round(GROUND_S / step_s) | 1))
    raised, _ = label(feet_y < ground - RAISED_M)
    short = np.bincount(raised) * step_s <= LONGEST_S
    leaps = np.intersect1d(raised[falls], np.flatnonzero(short))
    return np.isin(raised, leaps[leaps > 0])


def pitch_of(joints: Float64, seen: Bool, off_m: Float64, step_s: float, tall_m: float) -> float:
    """How far the camera looks down: the dancer stands upright, the feet at one height.

    Of who never stands, but dances with bent knees and trunk, the weight is over the feet.

    Parameters
    ----------
    joints : float64 (T, 14, 3)
        In the camera's axes.
    seen : bool (T, 14)
    off_m : float64 (T, 14)
    tall_m : float
        Length of trunk and leg.
    """
    feet = list(ANKLES)
    above, frames = joints[:, NECK], standing_in(joints, seen, tall_m, step_s)
    if not frames.any():
        above, frames = weight_at(joints), balanced_in(joints, seen, tall_m, step_s)
        above = above - AHEAD * tall_m * facing(joints)
    sure = frames.any()
    upright = _lean(joints[:, feet].mean(axis=1) - above, frames) if sure else 0.0
    pitch = upright * LEVEL**2 / (LEVEL**2 + UPRIGHT**2)
    for _ in range(6):
        floor = floor_under(joints[:, feet], seen[:, feet], off_m[:, feet], pitch)
        told = floor.weights * step_s / TOLD_S / TOLD_M**2
        if not told.any():
            break
        flat = joints[:, feet, 1:]
        flat = flat - (told[..., None] * flat).sum(axis=(0, 1)) / told.sum()
        down = flat @ (np.cos(pitch), np.sin(pitch))
        slope = flat @ (-np.sin(pitch), np.cos(pitch))
        gain = (told * slope**2).sum() + sure / UPRIGHT**2 + 1 / LEVEL**2
        wanted = sure * (upright - pitch) / UPRIGHT**2 - pitch / LEVEL**2
        pitch += (wanted - (told * slope * down).sum()) / gain
        pitch = float(np.clip(pitch, -STEEPEST, STEEPEST))
    return float(pitch)


def standing_in(joints: Float64, seen: Bool, tall_m: float, step_s: float) -> Bool:
    """Frames (T,) in which the dancer stands; none where that is too short to tell anything.

    Parameters
    ----------
    tall_m : float
        Length of trunk and leg.
    """
    body = joints[:, list(ANKLES)].mean(axis=1) - joints[:, NECK]
    standing: Bool = seen[:, [NECK, *ANKLES]].all(axis=1)
    standing &= np.linalg.norm(body[:, 1:], axis=1) > STANDING * tall_m
    standing &= body[:, 1] > 0
    return _long_enough(standing, step_s)


def balanced_in(joints: Float64, seen: Bool, tall_m: float, step_s: float) -> Bool:
    """Frames (T,) in which the feet bear the dancer; none likewise, see `standing_in`."""
    feet = joints[:, list(ANKLES)].mean(axis=1)
    balanced: Bool = seen[:, [NECK, *HIPS, *KNEES, *ANKLES]].all(axis=1)
    balanced &= (feet - weight_at(joints))[:, 1] > ON_FEET * tall_m
    return _long_enough(balanced, step_s)


def weight_at(joints: Float64) -> Float64:
    """Centre of mass (T, 3) of bodies (T, 14, 3), head and arms taken to the neck.

    Shares are those of Winter (Biomechanics and Motor Control of Human Movement, table 4.1).
    """
    neck = joints[:, NECK]
    hips, knees, ankles = (joints[:, list(pair)].mean(axis=1) for pair in (HIPS, KNEES, ANKLES))
    centre: Float64 = (
        (0.081 + 2 * 0.050) * neck
        + 0.497 * (neck + hips) / 2
        + 2 * 0.100 * (hips + knees) / 2
        + 2 * 0.061 * (knees + ankles) / 2
    )
    return centre


def facing(joints: Float64) -> Float64:
    """Which way (T, 3) bodies face, on the level; 0 where not known."""
    (right_hip, left_hip), (right, left) = HIPS, SHOULDERS
    across = joints[:, left_hip] - joints[:, right_hip] + joints[:, left] - joints[:, right]
    ahead = np.stack([across[:, 2], np.zeros(len(across)), -across[:, 0]], axis=1)
    facing: Float64 = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-6)
    return facing


def _long_enough(frames: Bool, step_s: float) -> Bool:
    return frames if frames.sum() * step_s >= STANDING_S else np.zeros_like(frames)


def storeys(joints: Float64, standing: Bool, pitch: float) -> tuple[float, float]:
    """Angles by which trunk and legs of who stands lean away from upright, in the median."""
    hips = joints[:, list(HIPS)].mean(axis=1)
    trunk, legs = hips - joints[:, NECK], joints[:, list(ANKLES)].mean(axis=1) - hips
    return _lean(trunk, standing) - pitch, _lean(legs, standing) - pitch


def _lean(down: Float64, standing: Bool) -> float:
    """Pitch in which vectors (T, 3) that should point down do so, in the median.

    Down, in the camera's axes, is (0, cos, sin) of the pitch.
    """
    lean = np.median(np.arctan2(down[standing, 2], down[standing, 1]))
    return float(np.clip(lean, -STEEPEST, STEEPEST))
