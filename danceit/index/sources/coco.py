"""Keypoints in COCO's JSON format: one file a recording.

Both forms are read: the annotation file (``images``, ``annotations``), and the list of
results that detectors write (``image_id``, ``keypoints``, ``score``; AlphaPose, MMPose).

Skeleton
    17 keypoints, (x, y, v) each: v is the visibility 0, 1, 2 or a confidence. 0, or a
    confidence under `MIN_CONFIDENCE`, is not found: NaN. The main person is followed.
Time
    Frames are in order of the number in the image's name, else of its id. A sound
    or video file of the same name beside the file is the song; see `timing`.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import Float64, Int64, Recording
from danceit.errors import InputError
from danceit.index.poses.skeletons import COCO17, MIN_CONFIDENCE, to_coco18
from danceit.index.sources.checks import checked, numbers, read_json
from danceit.index.sources.media import media_named, pair
from danceit.index.sources.people import followed_note, main_person
from danceit.index.sources.timing import times_of_frames

_PEEK_BYTES = 1 << 16
_MAX_GAP_FRAMES = 1_000_000


class CocoSource:
    """Reads a COCO keypoints ``.json`` file."""

    name = "coco"

    def detect(self, path: Path) -> bool:
        """Whether `path` is a ``.json`` file that begins like COCO's."""
        if path.suffix.lower() != ".json" or not path.is_file():
            return False
        try:
            with path.open("rb") as stream:
                head = stream.read(_PEEK_BYTES)
        except OSError:
            return False
        results = b'"image_id"' in head and b'"keypoints"' in head
        return results or (b'"images"' in head and b'"file_name"' in head)

    def read(self, path: Path) -> Recording:
        """Read the main person of one file in 2-D pixels.

        Raises
        ------
        InputError
            If the file is malformed, has another skeleton or nobody in it.
        """
        frames, rows = _frames(read_json(path), path)
        order = {name: index for index, name in enumerate(frames)}
        frame_numbers = _frame_numbers(list(frames.values()), path)
        detections: list[list[Float64]] = [[] for _ in frames]
        for row in rows:
            person = _person(row, path)
            if person is not None:
                detections[order[row["image_id"]]].append(person)
        media = pair(media_named(path.parent, path.stem))
        times_s, notes = times_of_frames(frame_numbers, media, path)
        return checked(
            Recording(
                recording_id=path.stem,
                path=path,
                poses=main_person(detections)[:, :, :2].astype(np.float32),
                times_s=times_s,
                audio_path=media.audio_path,
                video_path=media.video_path,
                files=(path, *media.paths),
                notes=(*notes, *followed_note(detections)),
            )
        )


SOURCE = CocoSource()


def _frames(content: Any, path: Path) -> tuple[dict[Any, int], list[dict[str, Any]]]:
    """Image ids to frame numbers, in order of the numbers, and the annotations of keypoints."""
    images: list[Any] = []
    rows = content
    if isinstance(content, dict):
        images, rows = content.get("images", []), content.get("annotations")
    if not isinstance(rows, list) or not isinstance(images, list):
        raise InputError(f"{path} holds no list of annotations: another kind of file?")
    kept = [row for row in rows if isinstance(row, dict) and "keypoints" in row]
    if not kept:
        raise InputError(f"{path} holds no keypoints: annotations of another kind?")
    try:
        names = {image["id"]: str(image["file_name"]) for image in images}
        ids = list(dict.fromkeys([*names, *(row["image_id"] for row in kept)]))
    except (KeyError, TypeError) as exc:
        raise InputError(f"{path} has an image or annotation without its id: {exc}") from exc
    spelled = [_number_in(names.get(name, str(name))) for name in ids]
    if -1 in spelled or len(set(spelled)) < len(spelled):
        # Names that do not count the frames: the ids do, or else the order in the file.
        whole = all(isinstance(name, int) for name in ids)
        spelled = ids if whole else list(range(len(ids)))
    return dict(sorted(zip(ids, spelled, strict=True), key=lambda item: item[1])), kept


def _frame_numbers(spelled: list[int], path: Path) -> Int64:
    if spelled[-1] - spelled[0] > _MAX_GAP_FRAMES + len(spelled):
        raise InputError(
            f"{path}: image numbers from {spelled[0]} to {spelled[-1]} for {len(spelled)} images: "
            "not the frames of one video?"
        )
    return np.array(spelled, dtype=np.int64)


def _number_in(name: str) -> int:
    found = re.findall(r"\d+", Path(name).stem) or re.findall(r"\d+", name)
    return int(found[-1]) if found and len(found[-1]) < 16 else -1


def _person(row: dict[str, Any], path: Path) -> Float64 | None:
    values = numbers(row["keypoints"], (None,), f"{path}: keypoints of image {row['image_id']}")
    if values.size != 3 * len(COCO17):
        raise InputError(f"{path}: a person must have 51 numbers (17 keypoints); got {values.size}")
    joints = values.reshape(1, len(COCO17), 3).copy()
    joints[..., 2] = np.minimum(joints[..., 2], 1.0)
    joints[joints[..., 2] < MIN_CONFIDENCE] = np.nan
    person = to_coco18(joints, COCO17)[0]
    return person if np.isfinite(person[:, :2]).any() else None
