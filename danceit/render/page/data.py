"""Dances as the JSON that the web page reads.

Arrays travel as base64 of little-endian numbers. Joints are int16: canvas pixels times
`scale`, which is 8 unless the dance leaves the range; -32768 is a missing joint. At 24
frames a second a three-minute dance in 3-D takes 0.6 MB.
"""

import base64
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.audio import listen
from danceit.counts import Counts
from danceit.data import BONES, FPS, JOINT, Choice, Dance, Float32, Float64, RunnerUp
from danceit.errors import DanceitError
from danceit.movement import bridged_movement
from danceit.render.drawing import camera, figure, stage
from danceit.render.drawing.camera import Camera, View, follow, gather
from danceit.render.drawing.overlay import PULSE_S, clip_colour
from danceit.render.drawing.together import group_name, one_stage
from danceit.render.options import Theme
from danceit.render.page.reasons import reason

SCALE = 8.0
"""Steps a canvas pixel."""
MISSING = -32768
CAMERA_STEP = 6
"""Frames between the points of the camera's path; it is smooth over seconds."""
_LOOKED_AT = 3
"""The camera is computed from every third frame: it keeps room for what is in between."""
_YAWS_DEG = (0.0, 45.0, 90.0, 135.0)
_ACROSS, _UPRIGHT = View(0.0, 0.0, 1.0, 1e6), View(0.0, 0.0, 1e6, 1.0)
"""Views of width 1 and of height 1, without a limit the other way."""

_UNKNOWN = Choice("", goes_on=False, found=0, target=float("nan"))
"""Of dances that were not chosen by a query."""


def dances_as_json(dances: Sequence[Dance], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return one JSON object a dance; all cameras zoom as one, so that sizes compare.

    The dances of a group are on one stage, and seen by one camera.
    """
    wide, tall = _cameras(dances, _ACROSS), _cameras(dances, _UPRIGHT)
    return [
        _dance_as_json(dance, name, *cameras)
        for dance, name, *cameras in zip(dances, names, wide, tall, strict=True)
    ]


def moves_as_json(poses: Float32) -> list[dict[str, Any]]:
    """Return one JSON object a fragment of poses (N, T, 18, C), each in the middle of its picture.

    The page takes it for a dance that shows one thing and never changes.
    """
    return [_move_as_json(body) for body in poses]


def counts_as_json(counts: Counts) -> dict[str, Any]:
    """Return what dancers count of a song: beats, bars, eights, sections, tempo."""
    return {
        "beats_s": [round(float(beat), 4) for beat in counts.beats_s],
        "numbers": counts.numbers.tolist(),
        "eights": counts.eights.tolist(),
        "metre": counts.metre,
        "tempo_bpm": round(counts.tempo_bpm, 2),
        "sections": [
            {"start_s": section.start_s, "end_s": section.end_s, "label": section.label}
            for section in counts.sections
        ],
    }


def counts_to(dances: Sequence[Dance], song: Path) -> Counts | None:
    """Return a song's counts with its sections, where all dances were made on these counts."""
    try:
        counts = listen(song).counts
    except DanceitError:
        return None
    same = [np.array_equal(dance.beats_s, counts.beats_s) for dance in dances]
    return counts if all(same) else None


def figure_as_json(theme: Theme) -> dict[str, Any]:
    """How to draw a dancer: the measures and colours of `danceit.render.drawing.figure`."""
    limbs = [
        [JOINT[parent], JOINT[child], wide, narrow] for parent, child, wide, narrow in figure.LIMBS
    ]
    return {
        "limbs": limbs,
        "bones": [list(bone) for bone in BONES],
        "colours": [list(_limb_colour(joint, theme)) for joint in range(len(figure.JOINT_COLOURS))],
        "joint_colours": [list(colour) for colour in figure.JOINT_COLOURS],
        "stick_px": figure.STICK_PX,
        "head_px": figure.HEAD_PX,
        "joint_px": figure.JOINT_PX,
        "outline_px": figure.OUTLINE_PX,
        "torso_px": figure.TORSO_PX,
        "neck_px": list(figure.NECK_PX),
        "far_shade": figure.FAR_SHADE,
        "shade_depth": figure.SHADE_DEPTH,
        "distance": camera.DISTANCE,
        "pitch_rad": float(camera.PITCH_RAD),
        "grid_px": stage.GRID_PX,
        "grid_reach": stage.GRID_REACH,
        "pulse_s": PULSE_S,
    }


def theme_as_json(theme: Theme) -> dict[str, Any]:
    """Colours of the page, and whether there is scenery."""
    light = sum(theme.sky) > 3 * 128
    return {
        "sky": list(theme.sky),
        "ground": list(theme.ground),
        "glow": list(theme.glow),
        "ink": list(theme.ink),
        "text": list(figure.mixed(theme.ink, (0, 0, 0) if light else (255, 255, 255), 0.62)),
        "accent": list(theme.accent),
        "skin": list(theme.skin),
        "head": list(figure.mixed(theme.skin, theme.ink, 0.45)),
        "scenery": theme.scenery,
        "light": light,
    }


def packed(array: npt.NDArray[Any], kind: str) -> str:
    """Array as base64 of little-endian numbers of `kind`, a numpy type such as ``<i2``."""
    return base64.b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode("ascii")


def _dance_as_json(dance: Dance, name: str, wide: Camera, tall: Camera) -> dict[str, Any]:
    joints, scale = _quantised(dance.joints)
    # The page does not know its shape yet: it takes the smaller of the two focal lengths,
    # one a unit of its width and one a unit of its height.
    path = np.column_stack([wide.aim, wide.focal, tall.focal, wide.floor])
    return {
        "name": name,
        "fps": dance.fps,
        "frames": dance.n_frames,
        "dims": dance.dims,
        "scale": scale,
        "joints": packed(joints, "<i2"),
        "camera": packed(_thinned(path), "<f4"),
        "camera_step": CAMERA_STEP,
        "movement": packed(_movement(dance.joints), "u1"),
        "seams": dance.seams.tolist(),
        "source_s": packed(dance.source_s, "<f4"),
        "segments": _segments(dance),
        "fragments": _fragments(dance),
        "steps": list(map(str, dance.steps)),
        "index_id": dance.index_id,
        "encoder_id": dance.encoder_id,
        "group": group_name(dance),
    }


def _move_as_json(body: Float32) -> dict[str, Any]:
    joints, scale = _quantised(body)
    (wide,), (tall,) = (follow([body], [view], FPS) for view in (_ACROSS, _UPRIGHT))
    # It goes along with the dancer but neither zooms nor rises.
    still = [[wide.focal.min(), tall.focal.min(), np.median(wide.floor)]] * len(body)
    path = np.column_stack([wide.aim, still])
    return {
        "fps": FPS,
        "frames": len(body),
        "dims": int(body.shape[2]),
        "scale": scale,
        "joints": packed(joints, "<i2"),
        "camera": packed(path, "<f4"),
        "camera_step": 1,
        "movement": "",
        "seams": [],
        "source_s": "",
        "segments": [[0, len(body), 0]],
        "fragments": [],
    }


def _quantised(joints: Float32) -> tuple[npt.NDArray[np.int16], float]:
    known = joints[np.isfinite(joints)]
    farthest = float(np.abs(known).max()) if known.size else 0.0
    scale = min(SCALE, 32_000.0 / max(farthest, 1.0))
    steps = np.where(np.isfinite(joints), np.round(joints * scale), MISSING)
    return steps.astype(np.int16), scale


def _cameras(dances: Sequence[Dance], view: View) -> list[Camera]:
    """Cameras of a view, open enough for every side of a dance with depth; a group has one."""
    joints = [dance.joints[::_LOOKED_AT] for dance in dances]
    fps = dances[0].fps / _LOOKED_AT
    together = one_stage(dances)
    yaws = _YAWS_DEG if any(body.shape[2] == 3 for body in joints) else (0.0,)
    turned = []
    for yaw in np.deg2rad(yaws):
        if together:
            bodies = _turned_about_all(joints, float(yaw))
            turned.append([gather(bodies, view, fps)] * len(dances))
        else:
            bodies = [_turned(body, float(yaw)) for body in joints]
            turned.append(follow(bodies, [view] * len(dances), fps))
    focal = np.min([[seen.focal for seen in cameras] for cameras in turned], axis=0)
    return [
        Camera(seen.aim, own, seen.pitch_rad, seen.floor, seen.view)
        for seen, own in zip(turned[0], focal, strict=True)
    ]


def _turned_about_all(joints: Sequence[Float32], yaw_rad: float) -> list[Float32]:
    """Turn the bodies (T, 18, C) of a group about the middle of all of them in each frame."""
    return np.split(_turned(np.concatenate(joints, axis=1), yaw_rad), len(joints), axis=1)


def _turned(joints: Float32, yaw_rad: float) -> Float32:
    """Turn joints (T, 18, C) about the vertical line through each frame's centre; 2-D stays."""
    if joints.shape[2] == 2 or yaw_rad == 0:
        return joints
    known = np.isfinite(joints)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    centre = np.where(known, joints, 0.0).sum(axis=1, keepdims=True) / count
    x, z = (joints - centre)[..., 0], (joints - centre)[..., 2]
    turned = joints.copy()
    turned[..., 0] = np.cos(yaw_rad) * x - np.sin(yaw_rad) * z + centre[..., 0]
    turned[..., 2] = np.sin(yaw_rad) * x + np.cos(yaw_rad) * z + centre[..., 2]
    return turned


def _thinned(path: Float64) -> Float64:
    """Rows of every `CAMERA_STEP`-th frame, and the last again, for the page to interpolate."""
    return np.concatenate([path[:: CAMERA_STEP // _LOOKED_AT], path[-1:]])


def _movement(joints: Float32) -> npt.NDArray[np.uint8]:
    """How much the body moves, 0 to 255 (T,); 255 is the 98th percentile and above."""
    curve = bridged_movement(joints)
    curve[0] = curve[min(1, len(curve) - 1)]
    top = max(float(np.quantile(curve, 0.98)), 1e-6)
    levels: npt.NDArray[np.uint8] = np.round(255 * np.clip(curve / top, 0.0, 1.0)).astype(np.uint8)
    return levels


def _segments(dance: Dance) -> list[list[int]]:
    """Stretches of the dance that show one fragment: first frame, end frame, fragment."""
    changes = np.flatnonzero(np.diff(dance.source_index)) + 1
    starts = [0, *changes.tolist()]
    ends = [*changes.tolist(), dance.n_frames]
    return [
        [start, end, int(dance.source_index[start])]
        for start, end in zip(starts, ends, strict=True)
        if end > start
    ]


def _fragments(dance: Dance) -> list[dict[str, Any]]:
    choices = dance.choices or [_UNKNOWN] * len(dance.fragments)
    rows = []
    for placed, choice in zip(dance.fragments, choices, strict=True):
        rows.append(
            {
                "id": placed.fragment_id,
                "clip": placed.clip_id,
                # The name only: a page is passed on, and paths tell of their owner.
                "source": PurePath(placed.source).name,
                "start_s": placed.start_s,
                "end_s": placed.end_s,
                "window_s": placed.window_start_s,
                "distance": _number(placed.distance),
                "rank": placed.rank,
                "join": _number(placed.join_cost),
                "style": placed.style,
                "licence": placed.licence,
                "colour": list(clip_colour(placed.clip_id)),
                "why": choice.why,
                "reason": reason(placed, choice, dance),
                "goes_on": choice.goes_on,
                "mirrored": placed.mirrored,
                "found": choice.found,
                "target": _number(choice.target),
                "others": [_other(other) for other in choice.runners_up],
            }
        )
    return rows


def _other(other: RunnerUp) -> dict[str, Any]:
    return {
        "id": other.fragment_id,
        "distance": _number(other.distance),
        "target": _number(other.target),
    }


def _number(value: float) -> float | None:
    """Round a value for JSON, which knows neither NaN nor infinity."""
    return round(float(value), 4) if np.isfinite(value) else None


def _limb_colour(joint: int, theme: Theme) -> tuple[int, int, int]:
    return figure.mixed(theme.limb or figure.JOINT_COLOURS[joint], theme.skin, theme.limb_mix)
