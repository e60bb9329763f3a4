"""Motion capture in Biovision's BVH format.

The skeleton's joints are known by their names (`danceit.index.poses.joint_names`). Positions
follow from the rotations, in the unit of the file.

Axes
    Right-handed with y up (z up is noticed by where the head is); seen from the front of
    the file's axes, x right: y and z are reversed.
Head
    The nose is not there. It is put before the middle of the head, half a head's length
    ahead of it, ahead being left hip - right hip x up, level. Eyes and ears are NaN.
Song
    A sound or video file of the same name beside the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.data import JOINT, N_JOINTS, Float64, Recording
from danceit.errors import InputError
from danceit.index.poses.joint_names import RigJoints, rig_joints
from danceit.index.sources.axes import from_y_up, from_z_up, standing
from danceit.index.sources.checks import (
    FARTHEST,
    MAX_FRAMES,
    check_size,
    checked,
    frame_times,
    unlike_song,
)
from danceit.index.sources.media import media_named, paired

MAX_JOINTS = 1000
"""A rig with every finger and muscle of the face has about 200."""
_BLOCK_FRAMES = 4096
"""Frames whose rotations are held at once."""
_BLOCK_LETTERS = 1 << 20
"""Letters of the motion that are split into words at once: a word takes six times its letters."""
_PEEK_LETTERS = 1000
_WORD_END = re.compile(r"\s|\Z")
_AXES = {"x": 0, "y": 1, "z": 2}
_NOSE_AHEAD = 0.5
_NOSE_ABOVE = 0.4


@dataclass
class _Joint:
    name: str
    parent: int
    offset: Float64
    channels: tuple[str, ...] = ()


class BvhSource:
    """Reads a ``.bvh`` file."""

    name = "bvh"

    def detect(self, path: Path) -> bool:
        """Whether `path` is a file named ``.bvh``."""
        return path.suffix.lower() == ".bvh" and path.is_file()

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return sound and video beside the file that have its name."""
        return media_named(path.parent, path.stem)

    def read(self, path: Path) -> Recording:
        """Read one recording in 3-D.

        Raises
        ------
        InputError
            If the file is damaged or cut off, or its joints' names are unknown.
        """
        check_size(path)
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            joints, motion = _hierarchy(text)
            step_s, channels = _motion(motion, sum(len(joint.channels) for joint in joints))
        except (StopIteration, ValueError, OverflowError) as exc:
            raise InputError(f"{path} is not a readable BVH file: {exc or 'cut off'}") from exc
        times_s = frame_times(len(channels), 1.0 / step_s, path)
        rig = rig_joints([joint.name for joint in joints], str(path))
        poses = _poses(rig, _positions(joints, channels, rig), path)
        media = paired(path, self.companions(path))
        return checked(
            Recording(
                recording_id=path.stem,
                path=path,
                poses=poses.astype(np.float32),
                times_s=times_s,
                audio_path=media.audio_path,
                video_path=media.video_path,
                files=(path, *media.paths),
                notes=unlike_song(times_s, media.audio_path) if media.audio_path else (),
            )
        )


SOURCE = BvhSource()


def _hierarchy(text: str) -> tuple[list[_Joint], str]:
    """Joints in the order of their channels, and the motion's text.

    End sites are joints called ``<parent> end``.
    """
    start = re.search(r"^[ \t]*MOTION\b", text, re.IGNORECASE | re.MULTILINE)
    words = iter(text[: start.start() if start else _PEEK_LETTERS].split())
    if next(words).upper() != "HIERARCHY":
        raise ValueError("it does not begin with HIERARCHY")
    if start is None:
        raise ValueError("there is no MOTION: cut off?")
    joints: list[_Joint] = []
    chain: list[int] = []
    name: list[str] | None = None
    for word in words:
        kind = word.upper()
        if name is not None and word not in ("{", "}"):
            name.append(word)  # a joint's name may hold spaces, or be "root"
        elif kind in ("ROOT", "JOINT"):
            name = []
        elif kind == "END" and chain:
            next(words)
            name = [joints[chain[-1]].name, "end"]
        elif kind == "{" and name:
            joints.append(_Joint(" ".join(name), chain[-1] if chain else -1, np.zeros(3)))
            chain.append(len(joints) - 1)
            name = None
            if len(joints) > MAX_JOINTS:
                raise ValueError(f"it has more than {MAX_JOINTS} joints")
        elif kind == "}" and chain and name is None:
            chain.pop()
        elif kind == "OFFSET" and chain:
            joints[chain[-1]].offset = np.array([_number(next(words)) for _ in range(3)])
        elif kind == "CHANNELS" and chain:
            joints[chain[-1]].channels = _channels(words, joints[chain[-1]])
        else:
            raise ValueError(f"'{word[:40]}' is out of place in its hierarchy")
    if chain or name is not None:
        raise ValueError("its hierarchy has no end: a brace lost?")
    return joints, text[start.end() :]


def _channels(words: Iterator[str], joint: _Joint) -> tuple[str, ...]:
    """Channels of one joint, such as ``xrotation``."""
    channels = []
    for _ in range(int(next(words))):
        channel = next(words).lower()
        if channel[:1] not in _AXES or channel[1:] not in ("position", "rotation"):
            raise ValueError(f"its joint {joint.name} has an unknown channel '{channel[:40]}'")
        channels.append(channel)
    return tuple(channels)


def _number(word: str) -> float:
    value = float(word)
    if not abs(value) <= FARTHEST:
        raise ValueError(f"'{word[:40]}' is no place or angle")
    return value


def _motion(text: str, n_channels: int) -> tuple[float, Float64]:
    """Seconds a frame and channels (T, K)."""
    header = text.split(maxsplit=5)
    if [word.lower() for word in (header[:1] + header[2:4])] != ["frames:", "frame", "time:"]:
        raise ValueError(f"'Frames:' and 'Frame Time:' expected; got {' '.join(header[:5])[:80]}")
    if len(header) < 5:
        raise ValueError("cut off")
    n_frames, step_s = int(header[1]), _number(header[4])
    if not step_s > 0:
        raise ValueError(f"the frame time must be above 0; got {step_s:g}")
    values = _numbers(header[5] if len(header) == 6 else "")
    if n_channels and len(values) > MAX_FRAMES * n_channels:
        raise ValueError(f"it has more than {MAX_FRAMES} frames")
    if n_channels == 0 or len(values) != n_frames * n_channels:
        raise ValueError(
            f"{n_frames} frames of {n_channels} channels announced, {len(values)} numbers held: "
            "cut off?"
        )
    if not (np.abs(values) <= FARTHEST).all():
        raise ValueError("its motion holds numbers that are no place or angle")
    return step_s, values.reshape(n_frames, n_channels)


def _numbers(text: str) -> Float64:
    """Numbers parted by white space, read block by block."""
    parts = [np.empty(0)]
    start = 0
    while start < len(text):
        # A block ends where a word does.
        found = _WORD_END.search(text, start + _BLOCK_LETTERS)
        end = found.start() if found else len(text)
        parts.append(np.array(text[start:end].split(), dtype=np.float64))
        start = end
    return np.concatenate(parts)


def _positions(joints: list[_Joint], channels: Float64, rig: RigJoints) -> dict[int, Float64]:
    """Where the joints of `rig` are, each (T, 3), in the file's axes."""
    wanted = {*rig.limbs.values(), rig.head, rig.head_top} - {-1}
    places = {index: np.empty((len(channels), 3)) for index in wanted}
    for start in range(0, len(channels), _BLOCK_FRAMES):
        some = slice(start, start + _BLOCK_FRAMES)
        walked = _walked(joints, channels[some])
        for index, place in places.items():
            place[some] = walked[:, index]
    return places


def _walked(joints: list[_Joint], channels: Float64) -> Float64:
    """Where each joint is, (T, J, 3), by walking down the tree."""
    n_frames = len(channels)
    turned = np.empty((len(joints), n_frames, 3, 3))
    places = np.empty((n_frames, len(joints), 3))
    at = 0
    for index, joint in enumerate(joints):
        shift = np.repeat(joint.offset[None], n_frames, axis=0)
        turn = np.repeat(np.eye(3)[None], n_frames, axis=0)
        for channel in joint.channels:
            axis = _AXES[channel[0]]
            if channel.endswith("rotation"):
                turn = turn @ _rotation(axis, np.radians(channels[:, at]))
            else:
                # Below the root, positions replace the offset: they are written in full.
                base = shift[:, axis] if joint.parent < 0 else 0.0
                shift[:, axis] = base + channels[:, at]
            at += 1
        if joint.parent < 0:
            places[:, index], turned[index] = shift, turn
        else:
            above = turned[joint.parent]
            places[:, index] = places[:, joint.parent] + np.einsum("tij,tj->ti", above, shift)
            turned[index] = above @ turn
    return places


def _rotation(axis: int, angle: Float64) -> Float64:
    """Rotation matrices (T, 3, 3) about one axis, right-handed."""
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.repeat(np.eye(3)[None], len(angle), axis=0)
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angle)
    matrix[:, second, first] = np.sin(angle)
    matrix[:, first, second] = -matrix[:, second, first]
    return matrix


def _poses(rig: RigJoints, places: dict[int, Float64], path: Path) -> Float64:
    """COCO-18 poses (T, 18, 3) in our axes."""
    poses = np.full((len(places[rig.limbs["left_hip"]]), N_JOINTS, 3), np.nan)
    for name, index in rig.limbs.items():
        poses[:, JOINT[name]] = places[index]
    poses[:, JOINT["neck"]] = (
        poses[:, JOINT["left_shoulder"]] + poses[:, JOINT["right_shoulder"]]
    ) / 2
    up = _up_axis(poses, path)
    if rig.head >= 0:
        top = rig.head if rig.head_top < 0 else rig.head_top
        poses[:, JOINT["nose"]] = _nose(poses, places[rig.head], places[top], up)
    return from_y_up(poses) if up == 1 else from_z_up(poses)


def _up_axis(poses: Float64, path: Path) -> int:
    """1 or 2, by where the neck is from the feet in most frames."""
    upright = standing(poses)
    axis = 0 if upright is None else int(np.argmax(np.abs(upright)))
    if upright is None or axis == 0 or upright[axis] <= 0:
        raise InputError(
            f"{path}: the neck is over the feet neither by y nor by z in most frames: an animal, "
            "somebody who lies, or a file with another axis up?"
        )
    return axis


def _nose(poses: Float64, head: Float64, top: Float64, up: int) -> Float64:
    left = poses[:, JOINT["left_hip"]] - poses[:, JOINT["right_hip"]]
    ahead = np.cross(left, np.eye(3)[up])
    length = np.linalg.norm(ahead, axis=1, keepdims=True)
    ahead = np.divide(ahead, length, out=np.zeros_like(ahead), where=length > 0)
    size = np.linalg.norm(top - head, axis=1, keepdims=True)
    nose: Float64 = head + _NOSE_ABOVE * (top - head) + _NOSE_AHEAD * size * ahead
    return nose
