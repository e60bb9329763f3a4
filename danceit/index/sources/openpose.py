"""A folder of OpenPose keypoints, one JSON file a frame.

Skeleton
    BODY_25 (75 numbers a person) and COCO-18 (54) are told apart by their length. A
    confidence of 0 means not found: NaN. Several people are told apart, the main one first.
Names
    ``<video>_000000000012_keypoints.json``, or any name that ends in the frame's number.
    Missing numbers are missing frames.
Song and time
    A sound or video file called like the folder (beside or in it), like the frames'
    prefix, or the only one in the folder; see `timing` for what it says of the time.
"""

import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import N_JOINTS, Float64, Int64, Recording
from danceit.errors import InputError
from danceit.index.poses.skeletons import BODY25, to_coco18
from danceit.index.sources.checks import check_frames, checked, head_of, numbers, read_json
from danceit.index.sources.media import media_in, media_named, paired
from danceit.index.sources.people import followed
from danceit.index.sources.timing import times_of_frames

_NAME = re.compile(r"(?P<prefix>.*?)_?(?P<number>\d+)(?:_keypoints|_pose)?\.json", re.IGNORECASE)
_MAX_DIGITS = 15
"""Of a frame's number; a longer one is a date or a hash, and no integer of numpy's."""
_PEEK_FILES = 5
_PEEK_BYTES = 512


class OpenPoseSource:
    """Reads a folder of OpenPose JSON files."""

    name = "openpose"

    def detect(self, path: Path) -> bool:
        """Whether `path` is a folder with frames by name, or by the first bytes of some files."""
        if not path.is_dir():
            return False
        frames = sorted(child for child in path.glob("*.json") if _NAME.fullmatch(child.name))
        return any(_looks_like_frame(file) for file in islice(frames, _PEEK_FILES))

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return the sound and video that belong to the folder but lie beside it."""
        try:
            prefix, _, _ = _frames(path)
        except InputError:
            return ()
        return _media_files(path, prefix)

    def read(self, path: Path) -> Recording:
        """Read the main person of one folder in 2-D pixels, of the video as it is shown.

        Raises
        ------
        InputError
            If a file is malformed, has another skeleton, the folder holds frames of
            several videos, or nobody is found.
        """
        prefix, frame_numbers, files = _frames(path)
        check_frames(len(files), path)
        media = paired(path, _media_files(path, prefix))
        detections = [_people(file) for file in files]
        times_s, notes = times_of_frames(frame_numbers, media, path)
        dancers = followed(detections, times_s, media.video_path)
        return checked(
            Recording(
                recording_id=path.name,
                path=path,
                poses=dancers.poses,
                sure=dancers.sure,
                others=dancers.others,
                cuts_s=dancers.cuts_s,
                times_s=times_s,
                audio_path=media.audio_path,
                video_path=media.video_path,
                files=(*files, *media.paths),
                notes=(*notes, *dancers.notes),
            )
        )


SOURCE = OpenPoseSource()


def _looks_like_frame(file: Path) -> bool:
    if file.name.lower().endswith("_keypoints.json"):
        return True
    return b'"people"' in head_of(file, _PEEK_BYTES)


def _frames(folder: Path) -> tuple[str, Int64, list[Path]]:
    """Prefix of the frames' names, their numbers, increasing, and their files."""
    matches = [
        (match, file) for file in folder.glob("*.json") if (match := _NAME.fullmatch(file.name))
    ]
    for match, file in matches:
        if len(match["number"].lstrip("0")) > _MAX_DIGITS:
            raise InputError(f"{file}: {match['number'][:40]} counts no frame: a date or a hash?")
    prefixes = sorted({match["prefix"] for match, _ in matches})
    if not matches:
        raise InputError(f"{folder} holds no frames: no .json file ends in a frame number")
    if len(prefixes) != 1:
        raise InputError(
            f"{folder} holds the frames of {len(prefixes)} videos "
            f"({', '.join(prefixes[:3])}): give each its own folder"
        )
    numbered = sorted((int(match["number"]), file) for match, file in matches)
    frame_numbers = np.array([number for number, _ in numbered], dtype=np.int64)
    if (np.diff(frame_numbers) == 0).any():
        raise InputError(f"{folder} holds a frame number twice: two videos in one folder?")
    return prefixes[0], frame_numbers, [file for _, file in numbered]


def _media_files(folder: Path, prefix: str) -> tuple[Path, ...]:
    called = folder.resolve().name
    for place in (folder.parent, folder):
        for stem in (called, prefix):
            if named := media_named(place, stem):
                return named
    inside = media_in(folder)
    return inside if len(inside) == 1 else ()


def _people(file: Path) -> list[Float64]:
    """People of one frame as COCO-18, each (18, 3): x, y, confidence."""
    content = read_json(file)
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise InputError(f"{file} has no list of 'people': not OpenPose's output?")
    found = (_person(person, file) for person in people)
    return [person for person in found if person is not None]


def _person(person: Any, file: Path) -> Float64 | None:
    if not isinstance(person, dict):
        raise InputError(f"{file}: each of 'people' must be an object; got {person!r:.40}")
    # Named without "_2d" before OpenPose 1.2.
    flat = person.get("pose_keypoints_2d", person.get("pose_keypoints"))
    if flat is None:
        raise InputError(f"{file} has a person without 'pose_keypoints_2d'")
    values = numbers(flat, (None,), f"{file}: pose_keypoints_2d")
    if values.size == 0:
        return None
    if values.size == 3 * N_JOINTS:
        joints = values.reshape(N_JOINTS, 3)
    elif values.size == 75:
        joints = to_coco18(values.reshape(1, 25, 3), BODY25)[0]
    else:
        raise InputError(
            f"{file}: a person must have 75 numbers (BODY_25) or 54 (COCO-18); got {values.size}"
        )
    joints = np.where(joints[:, 2:] > 0, joints, np.nan)
    return joints if np.isfinite(joints[:, :2]).any() else None
