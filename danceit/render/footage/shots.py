"""Footage cut to a dance: which second of which video each frame shows, and where.

A *shot* is a stretch of frames in which one source goes on. In a shot the footage is
scaled so that the dancer's largest nose-to-ankle distance is that of the canvas, and set
so that the lowest ankle stands on the floor line (DanceIt V-D2), both as they are in the
seconds around it: dancers come nearer and go away. The picture follows the dancer
sideways as a camera would, smoothed over `PAN_S`. Around a seam two shots overlap:
the one before runs on past its end and the one after starts early.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from danceit.data import BODY_PX, CANVAS_PX, FEET, FLOOR_PX, JOINT, Dance, Float32, Float64, Int64
from danceit.render.footage.locating import Filmed, Locator

PAN_S = 1.2
"""Half-width in seconds of the window that smooths the sideways movement."""
FLOOR_S = 1.0
"""Seconds around a shot in which its floor line is looked for."""
SIZE_S = 4.0
"""Seconds around a shot in which the dancer's size is looked for."""
MOST_NEARER = 1.5
"""How much larger a shot may be made than the whole source: who kneels for long is not far off."""
JUMP_S = 0.1
"""The source goes on where it moves forward by a frame's time, give or take this."""
MORPH_FRAMES = 8
"""Frames of an overlap where no aligner says how wide its windows are."""
HEAD_SHARE = 0.1
"""Nose to crown over nose to ankle, with some air."""
LEAST_FITTING = 0.6
"""A shot is not shrunk further than this for what is held high: a detector's fault may be."""
TORSO_SHARE = 0.36
"""Neck to mid-hip over nose to ankle, for dancers whose legs are never seen."""
TALL_ZOOM = 1.4
"""Most that a tall picture is enlarged: its width must still hold spread arms."""


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


def canvas_place(frame_size: tuple[int, int]) -> CanvasPlace:
    """Canvas for a picture of some width and height: its floor at the same share of it."""
    width, height = frame_size
    unit = min(TALL_ZOOM * width, height) / CANVAS_PX
    return CanvasPlace(unit, width / 2, height * FLOOR_PX / CANVAS_PX)


@dataclass(frozen=True)
class Shot:
    """One stretch of footage, at the video's frame rate.

    Attributes
    ----------
    filmed : Filmed or None
        None where the source has no footage.
    start, stop : int
        Frames that it is shown alone or in an overlap, half-open.
    source_s : float64 (stop - start,)
        Second of the source's video at each.
    scale : float
        Picture pixels a pixel of the source.
    floor_y : float
        Source pixels.
    centre_x : float64 (stop - start,)
        Source pixels that stand in the middle of the picture.
    """

    filmed: Filmed | None
    start: int
    stop: int
    source_s: Float64
    scale: float
    floor_y: float
    centre_x: Float64

    def placing(self, frame: int, canvas: CanvasPlace) -> Float64:
        """Affine map (2, 3) from source pixels to picture pixels at a frame."""
        across = canvas.centre_x - self.scale * self.centre_x[frame - self.start]
        down = canvas.floor_y - self.scale * self.floor_y
        return np.array([[self.scale, 0.0, across], [0.0, self.scale, down]])

    def joints(self, frame: int) -> Float64:
        """Joints (18, 2) in source pixels at a frame; NaN where not seen."""
        if self.filmed is None:
            return np.full((18, 2), np.nan)
        time_s = self.source_s[frame - self.start]
        times_s, joints = self.filmed.times_s, self.filmed.joints
        after = int(np.clip(np.searchsorted(times_s, time_s), 1, len(times_s) - 1))
        span = times_s[after] - times_s[after - 1]
        share = float(np.clip((time_s - times_s[after - 1]) / span, 0.0, 1.0))
        first: Float64 = joints[after - 1].astype(np.float64)
        second: Float64 = joints[after].astype(np.float64)
        if share < 1e-6:
            return first
        between: Float64 = second if share > 1 - 1e-6 else first + share * (second - first)
        return between


@dataclass(frozen=True)
class Cut:
    """The shots of a whole dance.

    Attributes
    ----------
    shots : tuple of Shot
        In order; neighbours overlap by the width of their seam.
    share : float64 (N,)
        How far each frame of the video is from the earlier to the later of its two
        shots, 0 to 1; 0 where it shows one.
    """

    shots: tuple[Shot, ...]
    share: Float64

    def at(self, frame: int) -> tuple[Shot, Shot | None, float]:
        """Shot at a frame, the one it turns into or None, and how far it has."""
        inside = [shot for shot in self.shots if shot.start <= frame < shot.stop]
        share = float(self.share[frame])
        if len(inside) < 2 or share <= 0.0:
            return inside[0], None, 0.0
        return inside[0], inside[1], share


def cut(dance: Dance, times_s: Float64, locate: Locator, canvas: CanvasPlace) -> Cut:
    """Cut footage to a dance.

    Parameters
    ----------
    times_s : float64 (N,)
        Seconds of the dance that the video's frames show.
    """
    filmed = [locate(placement) for placement in dance.fragments]
    bounds = _bounds(dance)
    half = overlap_frames(dance) / 2 / dance.fps
    share = np.zeros(len(times_s))
    shots = []
    for place, (first, last) in enumerate(bounds):
        start_s, stop_s = first / dance.fps, last / dance.fps
        # An overlap reaches at most to the middle of its shots, or three would meet.
        before = min(half, *_room(bounds, place, dance.fps)) if place else 0.0
        after = min(half, *_room(bounds, place + 1, dance.fps)) if place + 1 < len(bounds) else 0.0
        inside = (times_s >= start_s - before) & (times_s < stop_s + after)
        if place == 0:
            inside |= times_s < start_s
        if place + 1 == len(bounds):
            inside |= times_s >= stop_s
        shown = np.flatnonzero(inside)
        if not shown.size:
            continue
        if before:
            seam = (times_s >= start_s - before) & (times_s < start_s + before)
            along = (times_s[seam] - start_s + before + 0.5 / dance.fps) / (2 * before)
            share[seam] = np.clip(along * along * (3 - 2 * along), 1e-3, 1.0)
        source_s = _source_times(dance, first, last, times_s[shown])
        here = filmed[int(dance.source_index[first])]
        if here is not None:
            source_s = np.maximum(source_s + here.lag_s, 0.0)
        shots.append(_shot(here, shown, source_s, canvas))
    return Cut(tuple(shots), share)


def overlap_frames(dance: Dance) -> int:
    """Frames around a seam in which one shot turns into the next: the aligner's window."""
    stated = [step.options.get("window_frames") for step in dance.steps]
    widths = [int(width) for width in stated if isinstance(width, int) and width > 0]
    return max(widths, default=MORPH_FRAMES)


def _bounds(dance: Dance) -> list[tuple[int, int]]:
    """Half-open stretches of frames in which one source goes on."""
    index = dance.source_index
    sources = np.array([hash(placement.source) for placement in dance.fragments])[index]
    steps = np.diff(dance.source_s) - 1 / dance.fps
    breaks = np.flatnonzero((np.diff(sources) != 0) | (np.abs(steps) > JUMP_S)) + 1
    edges = [0, *breaks.tolist(), dance.n_frames]
    return list(pairwise(edges))


def _room(bounds: Sequence[tuple[int, int]], seam: int, fps: float) -> tuple[float, float]:
    """Half the length in seconds of the stretches before and after a seam."""
    before, after = bounds[seam - 1], bounds[seam]
    return (before[1] - before[0]) / 2 / fps, (after[1] - after[0]) / 2 / fps


def _source_times(dance: Dance, first: int, last: int, times_s: Float64) -> Float64:
    """Seconds of the source at times of the dance; beyond the stretch it runs on at its speed."""
    frames = np.arange(first, last) / dance.fps
    source_s = dance.source_s[first:last]
    inside = np.interp(times_s, frames, source_s)
    early, late = np.minimum(times_s - frames[0], 0.0), np.maximum(times_s - frames[-1], 0.0)
    moments: Float64 = np.maximum(inside + early + late, 0.0)
    return moments


def _shot(filmed: Filmed | None, shown: Int64, source_s: Float64, canvas: CanvasPlace) -> Shot:
    start, stop = int(shown[0]), int(shown[-1]) + 1
    if filmed is None:
        return Shot(None, start, stop, source_s, 1.0, 0.0, np.zeros(len(source_s)))
    body = max(body_px(_around(filmed, source_s, SIZE_S)), body_px(filmed.joints) / MOST_NEARER)
    scale = canvas.unit * BODY_PX / body
    floor = _floor(_around(filmed, source_s, FLOOR_S), body)
    scale *= _fitting(_around(filmed, source_s, 0.0), floor, body, canvas.floor_y / scale)
    followed = np.interp(source_s, filmed.times_s, _track(filmed))
    return Shot(filmed, start, stop, source_s, scale, floor, followed)


def _around(filmed: Filmed, source_s: Float64, margin_s: float) -> Float32:
    """Joints from `margin_s` before a shot to as long after it; all where no one is seen then."""
    first, last = source_s.min() - margin_s, source_s.max() + margin_s
    near = filmed.joints[(filmed.times_s >= first) & (filmed.times_s <= last)]
    return near if np.isfinite(near).any() else filmed.joints


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
    hips = joints[:, (JOINT["right_hip"], JOINT["left_hip"])].mean(axis=1)
    torso = np.linalg.norm(hips - joints[:, JOINT["neck"]], axis=1)
    if np.isfinite(torso).any():
        return max(1.0, float(np.nanquantile(torso, 0.98)) / TORSO_SHARE)
    spread = np.nanmax(joints[..., 1]) - np.nanmin(joints[..., 1])
    return max(1.0, float(spread))


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
