"""The dancer: tapered limbs, torso and head as convex polygons in fixed-point pixels.

All polygons of a stretch of frames are computed at once; drawing a frame is then only
a handful of fills. Coordinates carry `SHIFT` fractional bits, so limbs glide instead of
hopping from pixel to pixel. In a dance with depth, parts are drawn from far to near and
the far side is darkened; without depth the order is legs, torso, neck, head, arms.
A part of which a joint is missing is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from danceit.data import (
    BODY_PX,
    BONES,
    FACE,
    JOINT,
    JOINT_NAMES,
    Bool,
    Float32,
    Float64,
    Int32,
    Int64,
)
from danceit.render.drawing.camera import Camera, world
from danceit.render.drawing.motion import unit
from danceit.render.options import Colour, Theme

Picture = npt.NDArray[np.uint8]

SHIFT = 4
"""Fractional bits of polygon coordinates: sixteenths of a pixel."""
LIMBS: tuple[tuple[str, str, float, float], ...] = (
    ("right_hip", "right_knee", 15.0, 11.0),
    ("right_knee", "right_ankle", 11.0, 6.5),
    ("left_hip", "left_knee", 15.0, 11.0),
    ("left_knee", "left_ankle", 11.0, 6.5),
    ("neck", "right_hip", 6.5, 7.5),
    ("neck", "left_hip", 6.5, 7.5),
    ("neck", "right_shoulder", 7.5, 10.5),
    ("neck", "left_shoulder", 7.5, 10.5),
    ("right_shoulder", "right_elbow", 10.5, 8.0),
    ("right_elbow", "right_wrist", 8.0, 5.0),
    ("left_shoulder", "left_elbow", 10.5, 8.0),
    ("left_elbow", "left_wrist", 8.0, 5.0),
)
"""Parent, child and the radii at both, canvas pixels."""
STICK_PX = 5.0
"""Radius of a bare limb, of a theme without scenery."""
HEAD_PX = 25.0
JOINT_PX = 4.2
OUTLINE_PX = 2.6
TORSO_PX = 9.0
"""Radius of the torso's round corners."""
NECK_PX = (8.0, 7.0)
ON_TRUNK, ON_LIMB = 1.02, 1.024
"""How much nearer than they are the trunk's limbs and joint dots count, so as to lie on top."""
FAR_SHADE = 0.42
"""Share of a part's own colour that is left from `SHADE_DEPTH` behind the body's centre."""
SHADE_DEPTH = 0.3 * BODY_PX
JOINT_COLOURS: tuple[Colour, ...] = (
    (255, 0, 85), (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0),
    (85, 255, 0), (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255),
    (0, 85, 255), (0, 0, 255), (255, 0, 170), (170, 0, 255), (255, 0, 255), (85, 0, 255),
)  # fmt: skip
"""OpenPose's colours of the 18 joints (POSE_COCO_COLORS_RENDER); a limb has its child's."""

_CORNERS = 28
_LIMIT_PX = 20_000.0
_TORSO = [JOINT[n] for n in ("right_shoulder", "left_shoulder", "left_hip", "right_hip")]
_EARS = [JOINT["right_ear"], JOINT["left_ear"]]
_ANGLES = 2 * np.pi * (np.arange(_CORNERS) + 0.5) / _CORNERS
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1)
_CAP = np.linspace(np.pi / 2, 3 * np.pi / 2, _CORNERS // 2)


@dataclass(frozen=True)
class _Part:
    """One kind of polygon for N frames: corners in pixels, depth key and colour."""

    corners: Float64  # (N, V, 2)
    wider: Float64  # (N, V, 2)
    near: Float64  # (N,), pixels per world unit: larger is nearer
    colour: Colour
    layer: int


@dataclass(frozen=True)
class Figure:
    """A dancer over N frames, ready to draw.

    Attributes
    ----------
    polygons, outlines : int32 (N, P, V, 2)
        Corners in pixels times 2**SHIFT; outlines are a little wider.
    colours : float64 (N, P, 3)
    shown : bool (N, P)
    order : int64 (N, P)
        Parts from far to near.
    """

    polygons: Int32
    outlines: Int32
    colours: Float64
    shown: Bool
    order: Int64

    def draw(self, picture: Picture, frame: int, outline: Colour | None) -> None:
        """Draw one frame's dancer into `picture` (height, width, 3)."""
        import cv2

        colours = self.colours[frame].tolist()
        shown = self.shown[frame].tolist()
        polygons, outlines = self.polygons[frame], self.outlines[frame]
        for part in self.order[frame].tolist():
            if not shown[part]:
                continue
            if outline is not None:
                cv2.fillConvexPoly(picture, outlines[part], outline, cv2.LINE_AA, SHIFT)
            cv2.fillConvexPoly(picture, polygons[part], colours[part], cv2.LINE_AA, SHIFT)


def figure(joints: Float32, camera: Camera, frames: slice, theme: Theme) -> Figure:
    """Polygons of the dancer for the frames in `frames`.

    Parameters
    ----------
    joints : float32 (T, 18, C)
        The whole dance at the camera's frame rate.
    """
    body = world(joints[frames])
    xy, scale = camera.project(body, frames)
    if theme.scenery:
        parts = [*_torso(xy, scale, theme), *_limbs(xy, scale, theme), *_dots(xy, scale, theme)]
        parts += _head(body, xy, scale, camera, frames, theme)
    else:
        parts = _sticks(xy, scale, theme)
    return _assemble(parts, scale, camera.focal[frames], theme)


def mixed(colour: Sequence[float], other: Sequence[float], share: float) -> Colour:
    """`colour` with a `share` from 0 to 1 of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _limbs(xy: Float64, scale: Float64, theme: Theme) -> list[_Part]:
    parts = []
    for parent, child, wide, narrow in LIMBS:
        a, b = JOINT[parent], JOINT[child]
        layer = 5 if child.endswith(("elbow", "wrist")) else 3 if parent == "neck" else 1
        colour = _limb_colour(b, theme)
        part = _limb(xy[:, [a, b]], scale[:, [a, b]], (wide, narrow), colour, layer)
        # The trunk's limbs lie on it, whichever side of the body is seen.
        parts.append(replace(part, near=part.near * ON_TRUNK) if parent == "neck" else part)
    return parts


def _sticks(xy: Float64, scale: Float64, theme: Theme) -> list[_Part]:
    parts = [
        _limb(xy[:, bone], scale[:, bone], (STICK_PX, STICK_PX), _limb_colour(bone[1], theme), 1)
        for bone in BONES
    ]
    for joint, colour in enumerate(JOINT_COLOURS):
        parts.append(_disc(xy[:, joint], scale[:, joint], STICK_PX, colour, 2))
    return parts


def _limb(
    ends: Float64, scale: Float64, radii: tuple[float, float], colour: Colour, layer: int
) -> _Part:
    """Build a tapered limb with round ends; `ends` (N, 2, 2) and `scale` (N, 2) of both joints."""
    start, end = ends[:, 0], ends[:, 1]
    along = end - start
    angle = np.arctan2(along[:, 1], along[:, 0])[:, None]
    cap = np.stack([np.cos(angle + _CAP), np.sin(angle + _CAP)], axis=-1)
    shapes = []
    for extra in (0.0, OUTLINE_PX):
        first, second = ((radii[i] + extra) * scale[:, i, None, None] for i in (0, 1))
        halves = [start[:, None] + first * cap, end[:, None] - second * cap]
        shapes.append(np.concatenate(halves, axis=1))
    return _Part(shapes[0], shapes[1], scale.mean(axis=1), colour, layer)


def _disc(
    centre: Float64, scale: Float64, radius: float, colour: Colour, layer: int, rim: float = 0.0
) -> _Part:
    shapes = [
        centre[:, None] + ((radius + extra) * scale)[:, None, None] * _CIRCLE
        for extra in (0.0, rim)
    ]
    return _Part(shapes[0], shapes[1], scale, colour, layer)


def _dots(xy: Float64, scale: Float64, theme: Theme) -> list[_Part]:
    """Light dots on the joints that limbs meet at; half a limb nearer than their joint."""
    parts = []
    for joint, name in enumerate(JOINT_NAMES):
        if joint in FACE:
            continue
        layer = 6 if name.endswith(("elbow", "wrist", "shoulder", "neck")) else 2
        colour = mixed(_limb_colour(joint, theme), (255, 255, 255), 0.6)
        part = _disc(xy[:, joint], scale[:, joint], JOINT_PX, colour, layer)
        parts.append(replace(part, near=part.near * ON_LIMB))
    return parts


def _torso(xy: Float64, scale: Float64, theme: Theme) -> list[_Part]:
    corners = xy[:, _TORSO]
    middle = corners.mean(axis=1, keepdims=True)
    # Sorted by angle, the four corners never cross, even where shoulders and hips
    # are turned against one another.
    turn = np.arctan2(*np.moveaxis(corners - middle, -1, 0)[::-1])
    corners = np.take_along_axis(corners, np.argsort(turn, axis=1)[..., None], axis=1)
    # A disc about each corner, of which the part that points outwards is kept.
    turns = np.linspace(-np.pi / 3, np.pi / 3, _CORNERS // 4)
    away = corners - middle
    angle = np.arctan2(away[..., 1], away[..., 0])[..., None] + turns
    radius = TORSO_PX * scale[:, _TORSO].mean(axis=1)[:, None, None]
    round_off = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    shape = (corners[:, :, None] + round_off).reshape(len(xy), _CORNERS, 2)
    return [_Part(shape, shape, scale[:, _TORSO].mean(axis=1), theme.skin, 2)]


def _head(
    body: Float32, xy: Float64, scale: Float64, camera: Camera, frames: slice, theme: Theme
) -> list[_Part]:
    """Neck, the head as a disc about the skull, and what is known of the face as dots."""
    centre, size = camera.project(_skull(body, camera.pitch_rad == 0)[:, None], frames)
    head = _disc(
        centre[:, 0], size[:, 0], HEAD_PX, mixed(theme.skin, theme.ink, 0.45), 4, OUTLINE_PX
    )
    neck = JOINT["neck"]
    ends = np.stack([xy[:, neck], centre[:, 0]], axis=1)
    sizes = np.stack([scale[:, neck], size[:, 0]], axis=1)
    throat = _limb(ends, sizes, NECK_PX, _limb_colour(JOINT["nose"], theme), 3)
    parts = [replace(throat, near=np.minimum(throat.near, head.near) * 0.999), head]
    for joint in FACE:
        radius = JOINT_PX if JOINT_NAMES[joint] == "nose" else 0.7 * JOINT_PX
        light = mixed(_limb_colour(joint, theme), (255, 255, 255), 0.35)
        parts.append(_disc(xy[:, joint], scale[:, joint], radius, light, 5))
    return parts


def _skull(body: Float32, flat: bool) -> Float64:
    """Middle of the head (N, 3): between the ears, else by the one, else behind the nose."""
    nose, neck = body[:, JOINT["nose"]], body[:, JOINT["neck"]]
    up = unit(nose - neck)
    across = body[:, JOINT["left_shoulder"]] - body[:, JOINT["right_shoulder"]]
    # Someone who faces the camera (-z) has the left shoulder at larger x: left x up = ahead.
    ahead = np.zeros_like(up) if flat else np.cross(unit(across), up)
    lifted = nose + 0.2 * HEAD_PX * np.where(np.isfinite(up), up, 0.0)
    candidates = [
        body[:, _EARS].mean(axis=1),
        *(0.4 * nose + 0.6 * body[:, ear] for ear in _EARS),
        lifted - 0.42 * HEAD_PX * np.where(np.isfinite(ahead), ahead, 0.0),
        *(body[:, joint] for joint in FACE),
    ]
    skull = np.full((len(body), 3), np.nan)
    for candidate in candidates:
        skull = np.where(np.isfinite(skull), skull, candidate)
    return skull


def _limb_colour(child: int, theme: Theme) -> Colour:
    return mixed(theme.limb or JOINT_COLOURS[child], theme.skin, theme.limb_mix)


def _assemble(parts: list[_Part], scale: Float64, focal: Float64, theme: Theme) -> Figure:
    corners = np.stack([part.corners for part in parts], axis=1)
    wider = np.stack([part.wider for part in parts], axis=1)
    near = np.stack([part.near for part in parts], axis=1)
    shown = np.isfinite(corners).all(axis=(2, 3)) & np.isfinite(near)
    away = focal[:, None] / np.where(shown, near, 1.0)
    known = np.where(np.isfinite(scale), scale, np.nan)
    centre = _row_median(focal[:, None] / known)
    behind = np.clip((away - centre[:, None]) / SHADE_DEPTH, 0.0, 1.0) * (1 - FAR_SHADE)
    own = np.array([part.colour for part in parts], dtype=np.float64)
    shade = np.array(mixed(theme.sky, theme.ground, 0.5), dtype=np.float64)
    colours = own + behind[..., None] * (shade - own)
    layers = np.array([part.layer for part in parts], dtype=np.float64)
    if theme.scenery:
        # Layers decide only where depth does not: they count for a hundredth of a pixel.
        key = np.where(shown, -away, np.inf) + 0.01 * layers
    else:  # the flat colours and fixed order that pose-to-video models have learnt
        colours, key = np.broadcast_to(own, colours.shape), np.broadcast_to(layers, away.shape)
    return Figure(
        _fixed(corners), _fixed(wider), colours, shown, np.argsort(key, axis=1, kind="stable")
    )


def _row_median(values: Float64) -> Float64:
    """Median of each row's finite values; 0 where a row has none."""
    ordered = np.sort(values, axis=1)  # NaN sorts last
    count = np.isfinite(values).sum(axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count > 0, middle, 0.0)


def _fixed(corners: Float64) -> Int32:
    finite = np.clip(np.nan_to_num(corners, nan=0.0), -_LIMIT_PX, _LIMIT_PX)
    fixed: Int32 = np.round(finite * (1 << SHIFT)).astype(np.int32)
    return fixed
