"""A camera that follows the dancer and never jerks.

The whole dance is known beforehand, so the camera need not react: it aims at the
body's centre smoothed over `AIM_S`, and opens its view as far as the farthest joint
within `ZOOM_S` demands, smoothed over the same span. A maximum over a window
followed by an average over that window is never below the value itself, so every
joint is in the picture at every frame, without a jump of the zoom.

World axes are the canvas's: x right, y down, z away, in canvas pixels. A dance
without depth stands in the plane z = 0 and is seen head-on, which makes the
perspective a plain scaling.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from danceit.data import BODY_PX, FEET, FLOOR_PX, JOINT, N_JOINTS, Bool, Float32, Float64
from danceit.errors import InputError
from danceit.render.drawing.motion import bridged

AIM_S = 0.7
"""Half-width in seconds of the window that smooths the aim."""
ZOOM_S = 1.8
"""Half-width in seconds of the window over which the zoom looks ahead and back."""
USUAL_SHARE = 0.8
"""The zoom stays as it is for this share of the frames and opens for the rest."""
DISTANCE = 4.2 * BODY_PX
"""From the camera to the point that it looks at."""
PITCH_RAD = np.deg2rad(9.0)
"""How far the camera looks down on a dance with depth."""
STILL_PITCH_RAD = np.deg2rad(22.0)
"""And on stills of a group: from higher up those behind are seen between those in front."""
_CENTRED = 3
"""Times that the aim of a still is corrected; in perspective one does not do."""
HEADROOM = 0.13 * BODY_PX
"""Room kept beyond the outermost joint, for head and hands."""
TALLEST_VIEW = 1.24 * BODY_PX
"""The view never shows less than this, so that a crouch does not fill the screen."""
UPPER_VIEW = 0.66 * BODY_PX
"""Likewise of who is never seen below the hips: a picture to the waist, as it was filmed."""
REACH = 1.6 * BODY_PX
"""Joints farther than this from the body's centre are detector faults: not framed."""

_CORE = tuple(
    JOINT[name] for name in ("neck", "right_shoulder", "left_shoulder", "right_hip", "left_hip")
)
_LEGS = tuple(JOINT[f"{side}_{part}"] for side in ("right", "left") for part in ("knee", "ankle"))


@dataclass(frozen=True)
class View:
    """The part of the picture, in pixels, that one camera fills."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, x and y."""
        return self.left + self.width / 2, self.top + self.height / 2


@dataclass(frozen=True)
class Camera:
    """Where the camera looks at each frame.

    Attributes
    ----------
    aim : float64 (T, 3)
        World point in the middle of the view.
    focal : float64 (T,)
        Focal length in pixels.
    pitch_rad : float
        Downward tilt.
    floor : float64 (T,)
        World y of the floor.
    view : View
    """

    aim: Float64
    focal: Float64
    pitch_rad: float
    floor: Float64
    view: View

    def project(self, points: Float32 | Float64, frames: slice) -> tuple[Float64, Float64]:
        """Project world points (T, N, 3) of the frames in `frames`.

        Returns
        -------
        xy : float64 (T, N, 2)
            Pixels in the picture.
        scale : float64 (T, N)
            Pixels per world unit at each point: nearer is larger.
        """
        cos, sin = np.cos(self.pitch_rad), np.sin(self.pitch_rad)
        relative = points - self.aim[frames, None, :]
        down = cos * relative[..., 1] - sin * relative[..., 2]
        away = sin * relative[..., 1] + cos * relative[..., 2] + DISTANCE
        scale = self.focal[frames, None] / np.maximum(away, DISTANCE / 10)
        centre_x, centre_y = self.view.centre
        xy = np.stack([centre_x + scale * relative[..., 0], centre_y + scale * down], axis=-1)
        return xy, scale


def world(joints: Float32) -> Float32:
    """Joints with a depth of zero where they have none: (T, 18, C) to (T, 18, 3)."""
    if joints.shape[2] == 3:
        return joints
    depth = np.zeros((*joints.shape[:2], 1), dtype=np.float32)
    return np.concatenate([joints, depth], axis=2)


def follow(joints: Sequence[Float32], views: Sequence[View], fps: float) -> list[Camera]:
    """Cameras for dancers seen side by side; all zoom as one, so that sizes compare.

    Parameters
    ----------
    joints : sequence of float32 (T, 18, C)
        One array a dancer, all with the same T.
    views : sequence of View
        One a dancer, all of one size.
    fps : float
        Frames per second of `joints`.

    Raises
    ------
    InputError
        If a dancer has not a single finite joint.
    """
    aims, floors, pitches = [], [], []
    demands: list[Float64] = []
    for body, view in zip(joints, views, strict=True):
        pitch = PITCH_RAD if body.shape[2] == 3 else 0.0
        points = world(body)
        seen = np.isfinite(points).all(axis=2)
        aim, floor = _aim(points, seen, fps)
        aims.append(aim)
        floors.append(floor)
        pitches.append(pitch)
        demands.append(_demand(points, seen, aim, floor, pitch, view))
    opening = _opening(np.max(demands, axis=0), fps)
    return [
        Camera(aim, 1.0 / opening, pitch, floor, view)
        for aim, pitch, floor, view in zip(aims, pitches, floors, views, strict=True)
    ]


def gather(joints: Sequence[Float32], view: View, fps: float) -> Camera:
    """One camera for dancers on one stage; arguments as for `follow`."""
    points, seen, middle, floor = _together(joints, fps)
    pitch = PITCH_RAD if any(body.shape[2] == 3 for body in joints) else 0.0
    aim = _smooth(middle, max(1, round(AIM_S * fps)))
    opening = _opening(_demand(points, seen, aim, floor, pitch, view, np.inf), fps)
    return Camera(aim, 1.0 / opening, pitch, floor, view)


def posed(joints: Sequence[Float32], view: View, fps: float) -> Camera:
    """As `gather`, for stills: each frame is seen from as near as it allows, from higher up."""
    points, seen, aim, floor = _together(joints, fps)
    pitch = STILL_PITCH_RAD if any(body.shape[2] == 3 for body in joints) else 0.0
    for _ in range(_CENTRED):
        probe = Camera(aim, np.ones(len(points)), pitch, floor, View(0.0, 0.0, 0.0, 0.0))
        xy, _ = probe.project(points, slice(None))
        low = np.where(seen[..., None], xy, np.inf).min(axis=1)
        high = np.where(seen[..., None], xy, -np.inf).max(axis=1)
        off = np.where(np.isfinite(low), (low + high) / 2, 0.0)
        aim = aim + np.pad(off * DISTANCE, ((0, 0), (0, 1)))
    demand = _demand(points, seen, aim, floor, pitch, view, np.inf)
    return Camera(aim, 1.0 / demand, pitch, floor, view)


def _together(joints: Sequence[Float32], fps: float) -> tuple[Float32, Bool, Float64, Float64]:
    """All points (T, N, 3), which are to be framed, their middle (T, 3) and the floor (T,)."""
    aims, floors, bodies, marks = [], [], [], []
    for body in joints:
        points = world(body)
        seen = np.isfinite(points).all(axis=2)
        aim, floor = _aim(points, seen, fps)
        aims.append(aim)
        floors.append(floor)
        bodies.append(points)
        marks.append(seen & (np.abs(points - aim[:, None]).max(axis=2) < REACH))
    middle = (np.min(aims, axis=0) + np.max(aims, axis=0)) / 2
    return (
        np.concatenate(bodies, axis=1),
        np.concatenate(marks, axis=1),
        middle,
        np.max(floors, axis=0),
    )


def _opening(demand: Float64, fps: float) -> Float64:
    """Inverse focal length (T,) that changes without a jerk and is nowhere below the demand."""
    usual = np.maximum(demand, np.quantile(demand, USUAL_SHARE))
    return _smooth_ceiling(usual, max(1, round(ZOOM_S * fps)))


def _aim(points: Float32, seen: Bool, fps: float) -> tuple[Float64, Float64]:
    """Point to look at (T, 3) and world height of the floor (T,)."""
    if not seen.any():
        raise InputError("nothing to draw: every joint of every frame of the dance is missing")
    half = max(1, round(AIM_S * fps))
    aim = bridged(_masked_mean(points[:, _CORE], seen[:, _CORE], points, seen))
    # Across and up, the middle of what is to be seen; away, where the body is.
    top, bottom = _extent(points, seen, np.min, np.inf), _extent(points, seen, np.max, -np.inf)
    aim[:, :2] = bridged((top[:, :2] + bottom[:, :2]) / 2)
    feet = np.where(seen[:, FEET], points[:, FEET, 1], -np.inf).max(axis=1)
    # Without feet the body hangs where it would if they stood on the canvas's floor.
    stood = np.maximum(bottom[:, 1], FLOOR_PX)
    lowest = bridged(np.where(np.isfinite(feet), feet, stood)[:, None])[:, 0]
    # Feet leave the floor but never sink into it: the floor is what the lowest foot of
    # the seconds around stands on. It may drift, as motion capture without cameras does.
    return _smooth(aim, half), _smooth_ceiling(lowest, half)


def _extent(points: Float32, seen: Bool, extreme: Callable[..., Float64], empty: float) -> Float64:
    """Lowest or highest coordinates (T, 3) over the seen joints; NaN where none is."""
    best = extreme(np.where(seen[..., None], points, empty), axis=1)
    return np.where(np.isfinite(best), best, np.nan)


def _demand(
    points: Float32,
    seen: Bool,
    aim: Float64,
    floor: Float64,
    pitch: float,
    view: View,
    reach: float = REACH,
) -> Float64:
    """Inverse focal length (T,) at which each frame just fits into the view."""
    probe = Camera(aim, np.ones(len(points)), pitch, floor, View(0.0, 0.0, 0.0, 0.0))
    xy, scale = probe.project(points, slice(None))
    near = np.abs(points - aim[:, None]).max(axis=2) < reach
    room = HEADROOM * scale
    half_width, half_height = view.width / 2, view.height / 2
    needed = np.maximum((np.abs(xy[..., 0]) + room) / half_width,
                        (np.abs(xy[..., 1]) + room) / half_height)  # fmt: skip
    fitting: Float64 = np.where(seen & near, needed, 0.0).max(axis=1)
    legs = seen.reshape(len(seen), -1, N_JOINTS)[:, :, _LEGS]
    tallest = TALLEST_VIEW if legs.any() else UPPER_VIEW
    least = 0.5 * tallest / DISTANCE / half_height
    return np.maximum(fitting, least, out=fitting)


def _masked_mean(points: Float32, seen: Bool, fallback: Float32, fallback_seen: Bool) -> Float64:
    """Mean over the seen points (T, 3); of all joints where none is seen, else NaN."""
    mean = _mean_seen(points, seen)
    return np.where(np.isfinite(mean), mean, _mean_seen(fallback, fallback_seen))


def _mean_seen(points: Float32, seen: Bool) -> Float64:
    count = seen.sum(axis=1)[:, None]
    total = np.where(seen[..., None], points.astype(np.float64), 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _smooth(track: Float64, half: int) -> Float64:
    """Average of a track (T, N) over ±`half` frames with a Hann window; the ends are held."""
    from scipy.ndimage import convolve1d

    kernel = np.hanning(2 * half + 3)[1:-1]
    smooth: Float64 = convolve1d(track, kernel / kernel.sum(), axis=0, mode="nearest")
    return smooth


def _smooth_ceiling(values: Float64, half: int) -> Float64:
    """Return a smooth curve (T,) that is nowhere below `values`."""
    from scipy.ndimage import maximum_filter1d

    ceiling = maximum_filter1d(values, 2 * half + 1, mode="nearest")
    return _smooth(ceiling[:, None], half)[:, 0]
