"""The dances of Tang, Jia and Mao, "Dance with Melody" (ACM MM 2018), second edition.

A folder ``DANCE_<letter>_<number>`` holds ``audio.mp3``, ``config.json`` and
``skeletons.json``: motion capture of 23 joints in centimetres.

Axes
    The file's are x right, y up, z away from the camera, which is left-handed: drawn as
    x right and y up the dancer is unmirrored. Reversing y alone gives ours, right-handed,
    and left stays left.
Stage
    ``skeletons`` is relative to the body; ``center`` is added to every joint.
Time
    The motion covers frames ``start_position`` to ``end_position`` of 25 a second of the
    song, stretched evenly: frame i of N is at start/25 + i (end - start) / (25 N) seconds.
Head
    There is no nose. It lies about 4 cm ahead of and 7 cm below the middle of the two
    head markers, ahead being up x (left hip - right hip), level. The head markers run
    into each other for up to half a second in waltzes, where an interpolation of the
    data's makers cut through a turn of the head; so the line between them is not used,
    only their middle, which stays in place.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import JOINT, N_JOINTS, Float64, Recording
from danceit.errors import InputError
from danceit.index.sources.checks import checked, frame_times, numbers, read_json
from danceit.index.sources.media import media_named, paired, sound_duration_s
from danceit.media import is_video

RATE = 25.0
"""Frames a second in which the configuration counts."""
N_MARKERS = 23
STYLES = {"C": "cha-cha", "R": "rumba", "T": "tango", "W": "waltz"}
NOSE_AHEAD_CM = 4.0
NOSE_BELOW_CM = 7.0

_SOUND_SLACK_S = 0.1
_JOINTS: dict[str, tuple[int, ...]] = {
    "neck": (3, 12),
    "right_shoulder": (12,), "right_elbow": (13,), "right_wrist": (15,),
    "left_shoulder": (3,), "left_elbow": (4,), "left_wrist": (6, 22),
    "right_hip": (16,), "right_knee": (17,), "right_ankle": (18,),
    "left_hip": (7,), "left_knee": (8,), "left_ankle": (9,),
}  # fmt: skip
_HEAD = (0, 1)
_LEFT_HIP, _RIGHT_HIP = 7, 16


class TangSource:
    """Reads a folder of ``skeletons.json``, ``config.json`` and ``audio.mp3``."""

    name = "tang"

    def detect(self, path: Path) -> bool:
        """Whether `path` is a folder with ``skeletons.json``."""
        return path.is_dir() and (path / "skeletons.json").is_file()

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return a film beside the folder that has its name; the song lies in the folder."""
        return tuple(file for file in media_named(path.parent, path.name) if is_video(file))

    def read(self, path: Path) -> Recording:
        """Read one dance in 3-D, centimetres, on the stage.

        Raises
        ------
        InputError
            If a file is missing or malformed, the skeleton is another, or the dance
            ends after its song.
        """
        files = tuple(path / name for name in ("audio.mp3", "config.json", "skeletons.json"))
        for file in files:
            if not file.is_file():
                raise InputError(f"{path} has no {file.name}")
        song, config, skeletons = files
        start_s, end_s = _stretch(read_json(config), config)
        duration_s = sound_duration_s(song)
        if end_s > duration_s + _SOUND_SLACK_S:
            raise InputError(
                f"{config}: end_position is at {end_s:.2f} s, beyond the "
                f"{duration_s:.2f} s of {song.name}: another song, or cut off?"
            )
        markers = _markers(read_json(skeletons), skeletons)
        video = paired(path, self.companions(path)).video_path
        n_frames = len(markers)
        rate = n_frames / (end_s - start_s) if end_s > start_s else 0.0
        return checked(
            Recording(
                recording_id=path.name,
                path=path,
                poses=poses_of_markers(markers).astype(np.float32),
                times_s=frame_times(n_frames, rate, config, start_s),
                audio_path=song,
                video_path=video,
                files=(*files, *([video] if video else [])),
                style=_style(path),
            )
        )


SOURCE = TangSource()


def poses_of_markers(markers: Float64) -> Float64:
    """COCO-18 poses (T, 18, 3), our axes, of markers (T, 23, 3) in the file's axes, in cm."""
    poses = np.full((len(markers), N_JOINTS, 3), np.nan)
    for name, indices in _JOINTS.items():
        poses[:, JOINT[name]] = markers[:, indices].mean(axis=1)
    # In left-handed axes the same formula, up x left, points ahead.
    left = markers[:, _LEFT_HIP] - markers[:, _RIGHT_HIP]
    ahead = np.cross(np.array([0.0, 1.0, 0.0]), left)
    length = np.linalg.norm(ahead, axis=1, keepdims=True)
    ahead = np.divide(ahead, length, out=np.zeros_like(ahead), where=length > 0)
    nose = markers[:, _HEAD].mean(axis=1) + NOSE_AHEAD_CM * ahead
    nose[:, 1] -= NOSE_BELOW_CM
    poses[:, JOINT["nose"]] = nose
    poses[..., 1] *= -1.0
    return poses


def _stretch(config: Any, path: Path) -> tuple[float, float]:
    """Start and end of the dance in its song, in seconds."""
    try:
        start, end = (float(config[f"{edge}_position"]) for edge in ("start", "end"))
    except (KeyError, TypeError, ValueError) as exc:
        raise InputError(
            f"{path} must give start_position and end_position as numbers of frames; "
            f"{type(exc).__name__}: {exc}"
        ) from exc
    if not 0 <= start < end < float("inf"):
        raise InputError(f"{path}: start_position {start:g} must lie before end_position {end:g}")
    return start / RATE, end / RATE


def _markers(content: Any, path: Path) -> Float64:
    """Markers on the stage, (T, 23, 3), in the file's axes."""
    if not isinstance(content, dict) or not {"skeletons", "center"} <= content.keys():
        raise InputError(f"{path} must hold 'skeletons' and 'center': a file of another kind?")
    body = numbers(content["skeletons"], (None, N_MARKERS, 3), f"{path}: skeletons")
    center = numbers(content["center"], (None, 3), f"{path}: center")
    if len(body) != len(center) or content.get("length", len(body)) != len(body):
        raise InputError(
            f"{path}: length {content.get('length')}, {len(body)} skeletons and {len(center)} "
            "centers must be one number: cut off?"
        )
    return body + center[:, None]


def _style(path: Path) -> str:
    name = re.search(r"(?:^|_)([A-Z])_\d+", path.resolve().name.upper())
    return STYLES.get(name.group(1), "") if name else ""
