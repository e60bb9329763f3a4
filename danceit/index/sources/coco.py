"""Keypoints in COCO's JSON format: one file a recording.

Both forms are read: the annotation file (``images``, ``annotations``), and the list of
results that detectors write (``image_id``, ``keypoints``, ``score``; AlphaPose, MMPose).

Skeleton
    Keypoints (x, y, v) in the order that ``categories[].keypoints`` names: COCO, COCO-WholeBody,
    Human3.6M, MPII, PoseTrack, CrowdPose, AI Challenger, Halpe; see `joint_names`. Without
    names the order follows from the number of keypoints where it can be told, and is said: 17
    COCO, 26 Halpe, 133 COCO-WholeBody, 136 Halpe with hands and face. v is the visibility 0, 1, 2
    or a confidence. 0, or a confidence under `MIN_CONFIDENCE`, is not found: NaN. The main person
    is followed.
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
from danceit.index.poses.joint_names import keypoints
from danceit.index.poses.skeletons import COCO17, HALPE26, MIN_CONFIDENCE, to_coco18
from danceit.index.sources.checks import check_frames, checked, head_of, numbers, read_json
from danceit.index.sources.media import media_named, paired
from danceit.index.sources.people import followed
from danceit.index.sources.timing import times_of_frames

_PEEK_BYTES = 1 << 16
_MAX_NUMBER = 10**15
_ORDERS = {
    17: ("COCO", COCO17),
    26: ("Halpe", HALPE26),
    133: ("COCO-WholeBody", COCO17),
    136: ("Halpe", HALPE26),
}
"""Number of keypoints to the order in which detectors write so many."""


class CocoSource:
    """Reads a COCO keypoints ``.json`` file."""

    name = "coco"

    def detect(self, path: Path) -> bool:
        """Whether `path` is a ``.json`` file that begins like COCO's."""
        if path.suffix.lower() != ".json" or not path.is_file():
            return False
        head = head_of(path, _PEEK_BYTES)
        results = b'"image_id"' in head and b'"keypoints"' in head
        return results or (b'"images"' in head and b'"file_name"' in head)

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return sound and video beside the file that have its name."""
        return media_named(path.parent, path.stem)

    def read(self, path: Path) -> Recording:
        """Read the main person of one file in 2-D pixels, of the video as it is shown.

        Raises
        ------
        InputError
            If the file is malformed, has another skeleton or nobody in it.
        """
        content = read_json(path)
        frames, rows = _frames(content, path)
        check_frames(len(frames), path)
        skeletons = _Skeletons(content, path)
        order = {name: index for index, name in enumerate(frames)}
        frame_numbers = _frame_numbers(list(frames.values()), path)
        detections: list[list[Float64]] = [[] for _ in frames]
        for row in rows:
            person = skeletons.person(row)
            if person is not None:
                detections[order[row["image_id"]]].append(person)
        media = paired(path, self.companions(path))
        times_s, notes = times_of_frames(frame_numbers, media, path)
        dancers = followed(detections, times_s, media.video_path)
        return checked(
            Recording(
                recording_id=path.stem,
                path=path,
                poses=dancers.poses,
                sure=dancers.sure,
                others=dancers.others,
                cuts_s=dancers.cuts_s,
                times_s=times_s,
                audio_path=media.audio_path,
                video_path=media.video_path,
                files=(path, *media.paths),
                notes=(*notes, *skeletons.notes(), *dancers.notes),
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
    if not all(0 <= number <= _MAX_NUMBER for number in spelled):
        raise InputError(f"{path} has an image number that counts no frame: {max(spelled)!r:.40}")
    return np.array(spelled, dtype=np.int64)


def _number_in(name: str) -> int:
    found = re.findall(r"\d+", Path(name).stem) or re.findall(r"\d+", name)
    return int(found[-1]) if found and len(found[-1]) < 16 else -1


class _Skeletons:
    """What each category calls its keypoints, and what had to be assumed."""

    def __init__(self, content: Any, path: Path) -> None:
        self._path = path
        self._joints: dict[Any, tuple[int, dict[str, int]]] = {}
        self._assumed: set[str] = set()
        categories = content.get("categories", []) if isinstance(content, dict) else []
        for category in categories if isinstance(categories, list) else []:
            names = category.get("keypoints") if isinstance(category, dict) else None
            if isinstance(names, list) and names:
                if not all(isinstance(name, str) for name in names):
                    raise InputError(f"{path}: the names of its keypoints must be texts")
                self._joints[str(category.get("id"))] = len(names), keypoints(names, str(path))

    def person(self, row: dict[str, Any]) -> Float64 | None:
        """COCO-18 joints (18, 3) of one annotation, None where none was found.

        Raises
        ------
        InputError
            If its keypoints are malformed, or in an order that nobody tells.
        """
        what = f"{self._path}: keypoints of image {row['image_id']!r:.40}"
        values = numbers(row["keypoints"], (None,), what)
        count, rest = divmod(values.size, 3)
        if rest:
            raise InputError(f"{what} must be (x, y, v) each; got {values.size} numbers")
        joints = values.reshape(1, count, 3)
        joints[..., 2] = np.minimum(joints[..., 2], 1.0)
        joints[~(joints[..., 2] >= MIN_CONFIDENCE)] = np.nan
        person = to_coco18(joints, self._order(str(row.get("category_id")), count))[0]
        return person if np.isfinite(person[:, :2]).any() else None

    def notes(self) -> tuple[str, ...]:
        """What had to be assumed."""
        return tuple(sorted(self._assumed))

    def _order(self, category: str, count: int) -> dict[str, int]:
        named = self._joints
        if category in named or len(named) == 1:
            n_names, order = named.get(category) or next(iter(named.values()))
            # COCO-WholeBody's categories name the body alone, its results hold hands and face.
            if n_names == count or (n_names, count) == (17, 133):
                return order
            raise InputError(
                f"{self._path}: a person has {count} keypoints, but its categories name {n_names}"
            )
        if count not in _ORDERS:
            known = ", ".join(f"{number} ({name})" for number, (name, _) in _ORDERS.items())
            raise InputError(
                f"{self._path}: a person has {count} keypoints that nothing names; give their "
                f"names in categories[].keypoints (without names, these are known: {known})"
            )
        name, order = _ORDERS[count]
        self._assumed.add(f"no names of keypoints: {name}'s order of {count} assumed")
        return order
