"""Where a shot's dancer stands in the picture: one size, one floor line, in the middle.

The footage is scaled so that the dancer's largest nose-to-ankle distance is that of the
canvas, and set so that the lowest ankle stands on the floor line (DanceIt V-D2), both as
they are in the seconds around the shot: dancers come nearer and go away. The picture
follows the dancer sideways as a camera would, smoothed over `PAN_S`, and moves aside in time for
a hand or a foot that would leave it. Arms that are spread wider than the picture make the dancer
somewhat smaller.

A dancer whose feet are not in the picture is framed as an editor would, from where the
source's picture ends up to some air over the head: its lower edge is the frame's own. So is the
upper edge of a picture that cuts heads off: a dancer does not end under a blurred fill.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from danceit.data import BODY_PX, CANVAS_PX, FEET, FLOOR_PX, HANDS, JOINT, Float32, Float64
from danceit.render.footage.locating import Filmed

Real = TypeVar("Real", np.float32, np.float64)

PAN_S = 1.2
"""Half-width in seconds of the window that smooths the sideways movement."""
CALM_S = 0.25
"""Time within which it can move aside for a hand or a foot and back without seeming to hurry."""
SHUT_OUT = 30.0
"""What a hand outside the picture weighs, in a picture that is off its middle by as much."""
EDGE_SHARE = 0.02
"""Of the frame's width, kept between a hand and the edge."""
HAND_SHARE = 0.6
"""Wrist to fingertips over elbow to wrist."""
REACH_FRAMES = 5
"""Frames over whose median a reach counts: what is flung out for less is a detector's fault."""
FLOOR_S = 1.0
"""Seconds around a shot in which its floor line is looked for."""
SIZE_S = 4.0
"""Seconds around a shot in which the dancer's size is looked for."""
MOST_NEARER = 1.5
"""How much larger a shot may be made than the whole source: who kneels for long is not far off."""
MOST_FAR = 2.5
"""The same where the trunk is as much smaller as well: who is far off is, all of them."""
TRUNK_S = 1.0
"""Seconds around a shot in which the trunk is looked at for that."""
NECK_SHARE = 0.155
"""Neck to nose over nose to ankle."""
HEADLESS = 0.5
"""Share of a shot's frames with the nose above the source's picture, from which it has no head."""
HEAD_SHARE = 0.1
"""Nose to crown over nose to ankle, with some air."""
LEAST_FITTING = 0.6
"""A shot is not shrunk further than this for what is held high: a detector's fault may be."""
LEAST_ACROSS = 0.8
"""Nor further than this for arms that are spread: one size matters more."""
TORSO_SHARE = 0.36
"""Neck to mid-hip over nose to ankle, for dancers whose legs are never seen."""
TALL_ZOOM = 1.4
"""Most that a tall picture is enlarged: its width must still hold spread arms."""
FEET_SEEN = 0.15
"""Share of a shot's frames with an ankle in the picture, below which it is of an upper body."""
AIR_SHARE = 0.06
"""Of the frame's height, above the crown of an upper body."""
NEAREST = 2.2
"""Largest size of an upper body, in that of one seen whole: a head must not fill the frame."""
SIDE_SHARE = 0.94
"""Of the frame's width, which an upper body's arms may take."""
_ELBOWS = (JOINT["right_elbow"], JOINT["left_elbow"])
_SEEN_WIDE = 0.95
"""Quantile of the arms' reach that must fit: a hand flung out may leave the frame."""


@dataclass(frozen=True)
class CanvasPlace:
    """Where a canvas stands in the picture.

    Attributes
    ----------
    unit : float
        Picture pixels a canvas pixel.
    centre_x, floor_y : float
        Picture pixels.
    """

    unit: float
    centre_x: float
    floor_y: float

    @property
    def height(self) -> float:
        """Of the picture."""
        return self.floor_y * CANVAS_PX / FLOOR_PX


def canvas_place(frame_size: tuple[int, int]) -> CanvasPlace:
    """Canvas for a picture of some width and height: its floor at the same share of it."""
    width, height = frame_size
    unit = min(TALL_ZOOM * width, height) / CANVAS_PX
    return CanvasPlace(unit, width / 2, height * FLOOR_PX / CANVAS_PX)


@dataclass(frozen=True)
class Framing:
    """How a stretch of footage is laid into the picture.

    Attributes
    ----------
    scale : float
        Picture pixels a pixel of the source.
    floor_y : float
        Source pixels that stand on the canvas's floor line.
    centre_x : float64 (N,)
        Source pixels that stand in the middle of the picture, for each of its frames.
    """

    scale: float
    floor_y: float
    centre_x: Float64


def framed(filmed: Filmed, source_s: Float64, canvas: CanvasPlace) -> Framing:
    """Frame the footage of a shot.

    Parameters
    ----------
    source_s : float64 (N,)
        Seconds of the video that its frames show.
    """
    centre_x = np.interp(source_s, filmed.times_s, _track(filmed))
    own = _around(filmed, source_s, 0.0)
    body = _body_in(filmed, source_s)
    scale = canvas.unit * BODY_PX / body
    if np.isfinite(own[:, FEET]).all(axis=2).any(axis=1).mean() < FEET_SEEN:
        scale, floor_y = _upper(filmed, own, scale, canvas)
        return Framing(scale, floor_y, centre_x)
    own = with_hands(own)
    neck = own[:, JOINT["neck"], 1]
    if (neck < NECK_SHARE * body).mean() >= HEADLESS:
        room = 2 * SIDE_SHARE * canvas.centre_x / scale
        scale *= float(np.clip(room / _span(own, 1.0), LEAST_ACROSS, NEAREST))
        return Framing(scale, canvas.floor_y / scale, centre_x)
    floor_y = _floor(_around(filmed, source_s, FLOOR_S), body)
    scale *= min(
        _fitting(own, floor_y, body, canvas.floor_y / scale),
        _fitting_across(own, 2 * canvas.centre_x / scale),
    )
    return Framing(scale, floor_y, centre_x)


def with_hands(joints: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """Joints (N, 18, 2) whose wrists are moved to where the fingers end."""
    longer = joints.copy()
    for hand, elbow in zip(HANDS, _ELBOWS, strict=True):
        known = np.isfinite(joints[:, elbow]).all(axis=1)
        reach = HAND_SHARE * (joints[known, hand] - joints[known, elbow])
        longer[known, hand] += reach
    return longer


def reaching(way: Framing, joints: Float64, canvas: CanvasPlace, step_s: float) -> Framing:
    """Move the picture aside, in time and calmly, for hands and feet that would leave it.

    Parameters
    ----------
    joints : float (N, 18, 2)
        Source pixels in each of its frames, with hands; NaN where not seen.
    step_s : float
        Seconds a frame.
    """
    low, high = _sides(joints)
    known = np.isfinite(low)
    if not known.any() or len(low) < 3:
        return way
    half = (1 - 2 * EDGE_SHARE) * canvas.centre_x / way.scale
    middle = (low + high) / 2
    # Bounds for the picture's middle; where both hands cannot be in it, half-way between.
    least = np.where(known, np.minimum(high - half, middle), -np.inf)
    most = np.where(known, np.maximum(low + half, middle), np.inf)
    moved = _eased(way.centre_x.astype(np.float64), least, most, CALM_S / step_s)
    return replace(way, centre_x=moved)


def _eased(wanted: Float64, least: Float64, most: Float64, calm: float) -> Float64:
    """A path (N,) that is calm, near the wanted one, and between bounds wherever it can be.

    Least squares over the whole path at once: of what it is off, of how it bends, and of what it
    is beyond a bound; which bounds count is found by turns.
    """
    from scipy.linalg import solveh_banded

    n = len(wanted)
    bends = np.zeros((3, n))  # the banded upper half of a second difference's square
    bends[2, :-2] += 1.0
    bends[2, 1:-1] += 4.0
    bends[2, 2:] += 1.0
    bends[1, 1:-1] -= 2.0
    bends[1, 2:] -= 2.0
    bends[0, 2:] += 1.0
    path = wanted
    for _ in range(12):
        bound = np.clip(path, least, most)
        out = bound != path
        left = bends * calm**4
        left[2] += 1.0 + SHUT_OUT * out
        after: Float64 = solveh_banded(left, wanted + SHUT_OUT * np.where(out, bound, 0.0))
        if np.abs(after - path).max() < 0.1:
            return after
        path = after
    return path


def body_px(joints: Float32) -> float:
    """Largest nose-to-ankle distance, in the joints' own pixels.

    The 98th percentile of the frames stands for the largest, so that a few wrong
    detections do not shrink the dancer. Where ankles are never seen, it is inferred
    from the torso.
    """
    nose = joints[:, JOINT["nose"]]
    tall = np.linalg.norm(joints[:, FEET] - nose[:, None], axis=2)
    seen = np.isfinite(tall).any(axis=1)
    if seen.sum() >= max(3, 0.05 * len(joints)):
        return max(1.0, float(np.quantile(np.nanmax(tall[seen], axis=1), 0.98)))
    torso = _torso_px(joints)
    if np.isfinite(torso):
        return max(1.0, torso / TORSO_SHARE)
    spread = np.nanmax(joints[..., 1]) - np.nanmin(joints[..., 1])
    return max(1.0, float(spread))


def _body_in(filmed: Filmed, source_s: Float64) -> float:
    """Nose to ankle of the dancer upright, in source pixels, as far off as in a shot.

    Who is smaller in it than around it or anywhere is farther off if the trunk is smaller too, and
    else kneels.
    """
    own, trunk_px = _around(filmed, source_s, 0.0), _torso_px(_around(filmed, source_s, TRUNK_S))
    body = body_px(own)
    around = ((_around(filmed, source_s, SIZE_S), 1.0), (filmed.joints, MOST_NEARER))
    for joints, least in around:
        farther = _torso_px(joints) / max(trunk_px, 1e-6)
        farther = float(np.clip(farther, least, MOST_FAR)) if np.isfinite(farther) else least
        body = max(body, body_px(joints) / farther)
    return body


def _torso_px(joints: Float32) -> float:
    """Largest distance from neck to mid-hip, in the joints' own pixels; NaN where never seen."""
    hips = joints[:, (JOINT["right_hip"], JOINT["left_hip"])].mean(axis=1)
    torso = np.linalg.norm(hips - joints[:, JOINT["neck"]], axis=1)
    return float(np.nanquantile(torso, 0.98)) if np.isfinite(torso).any() else float("nan")


def _upper(
    filmed: Filmed, joints: Float32, scale: float, canvas: CanvasPlace
) -> tuple[float, float]:
    """Scale and floor of someone whose feet are not in the picture.

    `scale` is that of the same person seen whole; the shot is this large or larger.
    """
    known = joints[np.isfinite(joints).all(axis=2)]
    bottom = float(filmed.size[1]) if filmed.size else float(known[:, 1].max())
    body = canvas.unit * BODY_PX / scale
    crown = float(np.quantile(known[:, 1], 0.005)) - HEAD_SHARE * body
    tall = (1 - AIR_SHARE) * canvas.height / max(bottom - crown, 1.0)
    wide = _wide(with_hands(joints), canvas)
    nearer = float(np.clip(min(tall, wide), scale, NEAREST * scale))
    return nearer, bottom - (canvas.height - canvas.floor_y) / nearer


def _wide(joints: Float32, canvas: CanvasPlace) -> float:
    """Scale at which arms take most of the frame's width."""
    middle = np.nanmedian(joints[..., 0], axis=1)
    reach = np.abs(joints[..., 0] - middle[:, None])
    return SIDE_SHARE * canvas.centre_x / max(float(np.nanquantile(reach, _SEEN_WIDE)), 1.0)


def _around(filmed: Filmed, source_s: Float64, margin_s: float) -> Float32:
    """Joints from `margin_s` before a shot to as long after it; all where no one is seen then."""
    first, last = source_s.min() - margin_s, source_s.max() + margin_s
    near = filmed.joints[(filmed.times_s >= first) & (filmed.times_s <= last)]
    return near if np.isfinite(near).any() else filmed.joints


def _floor(joints: Float32, body: float) -> float:
    """Height of the floor: that of the lowest ankle, else a body below the nose."""
    ankles = joints[:, FEET, 1]
    known = ankles[np.isfinite(ankles)]
    if known.size:
        return float(np.quantile(known, 0.95))
    nose = joints[:, JOINT["nose"], 1]
    known = nose[np.isfinite(nose)]
    return float(np.quantile(known, 0.05)) + body if known.size else body


def _fitting(joints: Float32, floor: float, body: float, room: float) -> float:
    """Factor, at most 1, by which a shot must shrink for raised hands and the head to fit in.

    `room` is the height in source pixels between the picture's top and the floor line.
    """
    heights = floor - joints[..., 1]
    known = heights[np.isfinite(heights)]
    if not known.size:
        return 1.0
    tallest = float(np.quantile(known, 0.998)) + HEAD_SHARE * body
    return float(np.clip(room / max(tallest, 1.0), LEAST_FITTING, 1.0))


def _fitting_across(joints: Float32, room: float) -> float:
    """Factor, at most 1, by which a shot must shrink for spread arms to fit into its width."""
    return float(np.clip(room / _span(joints, _SEEN_WIDE), LEAST_ACROSS, 1.0))


def _span(joints: Float32, share: float) -> float:
    """How wide a dancer is, moments left out, in all but a share of the frames."""
    low, high = _sides(joints)
    spans = (high - low)[np.isfinite(low)]
    return max(float(np.quantile(spans, share)), 1.0) if spans.size else 1.0


def _sides(joints: npt.NDArray[Real]) -> tuple[Float64, Float64]:
    """Least and largest x (N,) of a dancer, those of moments left out; NaN where not seen."""
    from scipy.ndimage import median_filter

    x = joints[..., 0].astype(np.float64)
    known = np.isfinite(x)
    seen = known.any(axis=1)
    low = np.where(seen, np.where(known, x, np.inf).min(axis=1), np.nan)
    high = np.where(seen, np.where(known, x, -np.inf).max(axis=1), np.nan)
    size = min(REACH_FRAMES, 2 * (int(seen.sum()) // 2) - 1)
    if size > 1:
        low[seen] = median_filter(low[seen], size=size, mode="nearest")
        high[seen] = median_filter(high[seen], size=size, mode="nearest")
    return low, high


def _track(filmed: Filmed) -> Float64:
    """Smoothed middle of the body (N,), x in source pixels."""
    from scipy.ndimage import convolve1d

    torso = filmed.joints[:, (JOINT["neck"], JOINT["right_hip"], JOINT["left_hip"]), 0]
    count = np.isfinite(torso).sum(axis=1)
    mean = np.where(count > 0, np.nansum(torso, axis=1) / np.maximum(count, 1), np.nan)
    known = np.isfinite(mean)
    if not known.any():
        return np.full(len(mean), float(np.nanmean(filmed.joints[..., 0])))
    even_s = np.arange(filmed.times_s[0], filmed.times_s[-1] + 1e-9, 1 / 24)
    even = np.interp(even_s, filmed.times_s[known], mean[known])
    kernel = np.hanning(2 * round(PAN_S * 24) + 3)[1:-1]
    smooth = convolve1d(even, kernel / kernel.sum(), mode="nearest")
    return np.interp(filmed.times_s, even_s, smooth)
