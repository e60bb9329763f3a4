"""Motion capture in Biovision's BVH format.

The skeleton's joints are known by their names, in the spellings of Mixamo, CMU,
MotionBuilder, Poser and MakeHuman. Positions follow from the rotations, in the unit of the file.

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
from danceit.index.sources.checks import check_size, checked, frame_times
from danceit.index.sources.media import media_named, pair

_PARTS = {
    # The first spelling found is taken: where there is an "arm", a "shoulder" is a collar bone.
    "shoulder": ("arm", "uparm", "upperarm", "shldr", "shoulder"),
    "elbow": ("forearm", "lowarm", "lowerarm", "elbow"),
    "wrist": ("hand", "wrist"),
    "hip": ("upleg", "thigh", "upperleg", "hip"),
    "knee": ("leg", "lowleg", "lowerleg", "shin", "calf", "knee"),
    "ankle": ("foot", "ankle"),
}
_HEAD_TOPS = ("headend", "headtopend", "headnub", "headtop")
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

    def read(self, path: Path) -> Recording:
        """Read one recording in 3-D.

        Raises
        ------
        InputError
            If the file is damaged or cut off, or its joints' names are unknown.
        """
        check_size(path)
        words = path.read_text(encoding="utf-8", errors="replace").split()
        try:
            joints, rest = _hierarchy(iter(words))
            step_s, channels = _motion(rest, sum(len(joint.channels) for joint in joints))
        except (StopIteration, ValueError) as exc:
            raise InputError(f"{path} is not a readable BVH file: {exc or 'cut off'}") from exc
        poses = _poses(joints, _positions(joints, channels), path)
        media = pair(media_named(path.parent, path.stem))
        return checked(
            Recording(
                recording_id=path.stem,
                path=path,
                poses=poses.astype(np.float32),
                times_s=frame_times(len(poses), 1.0 / step_s, path),
                audio_path=media.audio_path,
                video_path=media.video_path,
                files=(path, *media.paths),
            )
        )


SOURCE = BvhSource()


def _hierarchy(words: Iterator[str]) -> tuple[list[_Joint], Iterator[str]]:
    """Joints in the order of their channels; end sites are joints called ``<parent> end``."""
    if next(words).upper() != "HIERARCHY":
        raise ValueError("it does not begin with HIERARCHY")
    joints: list[_Joint] = []
    chain: list[int] = []
    name = ""
    for word in words:
        match word.upper():
            case "ROOT" | "JOINT":
                name = next(words)
            case "END":
                next(words)
                name = f"{joints[chain[-1]].name} end" if chain else "end"
            case "{":
                joints.append(_Joint(name, chain[-1] if chain else -1, np.zeros(3)))
                chain.append(len(joints) - 1)
            case "}":
                chain.pop()
            case "OFFSET":
                joints[chain[-1]].offset = np.array([float(next(words)) for _ in range(3)])
            case "CHANNELS":
                count = int(next(words))
                joints[chain[-1]].channels = tuple(next(words).lower() for _ in range(count))
            case "MOTION":
                return joints, words
            case _:
                # A joint's name may hold spaces.
                name = f"{name} {word}"
    raise ValueError("there is no MOTION: cut off?")


def _motion(words: Iterator[str], n_channels: int) -> tuple[float, Float64]:
    """Seconds a frame and channels (T, K)."""
    header = [next(words) for _ in range(2)]
    n_frames = int(header[1])
    header += [next(words) for _ in range(3)]
    if [header[0].lower(), *(word.lower() for word in header[2:4])] != [
        "frames:",
        "frame",
        "time:",
    ]:
        raise ValueError(f"'Frames:' and 'Frame Time:' expected; got {' '.join(header)}")
    step_s = float(header[4])
    if not step_s > 0:
        raise ValueError(f"the frame time must be above 0; got {step_s:g}")
    values = np.array(list(words), dtype=np.float64)
    if n_channels == 0 or len(values) != n_frames * n_channels:
        raise ValueError(
            f"{n_frames} frames of {n_channels} channels announced, {len(values)} numbers held: "
            "cut off?"
        )
    return step_s, values.reshape(n_frames, n_channels)


def _positions(joints: list[_Joint], channels: Float64) -> Float64:
    """Where each joint is, (T, J, 3), in the file's axes."""
    n_frames = len(channels)
    turned = np.empty((len(joints), n_frames, 3, 3))
    places = np.empty((n_frames, len(joints), 3))
    at = 0
    for index, joint in enumerate(joints):
        shift = np.repeat(joint.offset[None], n_frames, axis=0)
        turn = np.repeat(np.eye(3)[None], n_frames, axis=0)
        for channel in joint.channels:
            axis = _AXES.get(channel[:1], -1)
            if axis < 0 or channel[1:] not in ("position", "rotation"):
                raise InputError(f"the BVH joint {joint.name} has an unknown channel '{channel}'")
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


def _poses(joints: list[_Joint], places: Float64, path: Path) -> Float64:
    """COCO-18 poses (T, 18, 3) in our axes."""
    named = {_plain(joint.name): index for index, joint in reversed(list(enumerate(joints)))}
    poses = np.full((len(places), N_JOINTS, 3), np.nan)
    for side in ("left", "right"):
        for part, spellings in _PARTS.items():
            index = next(
                (named[s] for word in spellings for s in _sided(side, word) if s in named), -1
            )
            if index < 0:
                raise InputError(
                    f"{path} has no joint that could be the {side} {part}; "
                    f"its joints: {', '.join(joint.name for joint in joints)[:200]}"
                )
            poses[:, JOINT[f"{side}_{part}"]] = places[:, index]
    poses[:, JOINT["neck"]] = (
        poses[:, JOINT["left_shoulder"]] + poses[:, JOINT["right_shoulder"]]
    ) / 2
    up = _up_axis(poses, path)
    if "head" in named:
        head = named["head"]
        top = next((named[word] for word in _HEAD_TOPS if word in named), head)
        poses[:, JOINT["nose"]] = _nose(poses, places[:, head], places[:, top], up)
    if up == 1:
        return poses * [1.0, -1.0, -1.0]
    return poses[..., [0, 2, 1]] * [1.0, -1.0, 1.0]


def _plain(name: str) -> str:
    """Letters of a joint's name without the namespace: ``mixamorig:LeftArm`` is ``leftarm``."""
    name = re.sub(r"^(mixamorig\d*[:_]?|Bip\d+[ _]|.*:)", "", name)
    return re.sub(r"[^a-z]", "", name.lower())


def _sided(side: str, word: str) -> tuple[str, ...]:
    return f"{side}{word}", f"{side[0]}{word}", f"{word}{side}", f"{word}{side[0]}"


def _up_axis(poses: Float64, path: Path) -> int:
    """1 or 2, by where the neck is from the feet in most frames."""
    feet = (poses[:, JOINT["left_ankle"]] + poses[:, JOINT["right_ankle"]]) / 2
    upright = np.median(poses[:, JOINT["neck"]] - feet, axis=0)
    axis = int(np.argmax(upright))
    if axis == 0 or upright[axis] <= 0:
        raise InputError(f"{path}: neither y nor z points up; export it with y up")
    return axis


def _nose(poses: Float64, head: Float64, top: Float64, up: int) -> Float64:
    left = poses[:, JOINT["left_hip"]] - poses[:, JOINT["right_hip"]]
    ahead = np.cross(left, np.eye(3)[up])
    length = np.linalg.norm(ahead, axis=1, keepdims=True)
    ahead = np.divide(ahead, length, out=np.zeros_like(ahead), where=length > 0)
    size = np.linalg.norm(top - head, axis=1, keepdims=True)
    nose: Float64 = head + _NOSE_ABOVE * (top - head) + _NOSE_AHEAD * size * ahead
    return nose
