"""Looking again for people whom a picture hides: small, blurred, in the dark, or behind others.

Who was seen a moment ago and is not seen now is looked for in a crop around where they were, at a
scale of its own and brightened where it is dark. Where nobody is seen at all, parts of the
picture are looked into now and then. What is found must be where it was expected and be somebody
already seen by no other look.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from danceit.data import Float64
from danceit.index.poses.estimators import People, Picture

WAIT_S = 1.0
"""Time for which somebody who is lost is looked for where they were."""
WIDER_S = 0.5
"""Time between looks into parts of a picture in which nobody is seen."""
AROUND = 1.7
"""Side of a crop, in the longer side of the person's box: arms may be stretched meanwhile."""
LEAST = 0.12
"""Least side of a crop, in the picture's longer side."""
CROP_PX = 512
"""Longer side to which a small crop is enlarged, at most threefold."""
DARK = 70.0
"""Mean brightness, of 255, under which a crop is brightened."""
SURE = 0.5
"""Mean confidence of the joints but head's from which somebody is found in a crop."""
NEAR = 0.35
"""Distance from where they were, in their box's diagonal, within which it is the same person."""
SAME = 0.4
"""Share of two boxes, in both together, from which they are one person's."""
SIMILAR = 0.35
"""Height of a further person, in the tallest one's, from which they count."""

_BODY = slice(1, 14)


@dataclass
class _Known:
    """A box (left, top, right, bottom) in pixels, and when somebody was in it."""

    box: Float64
    seen_s: float


class SecondLook:
    """Remembers who was where in a shot.

    Parameters
    ----------
    look : callable
        Finds the person in a picture (`People`, in its pixels).
    """

    def __init__(self, look: Callable[[Picture], People]) -> None:
        self._look = look
        self._known: list[_Known] = []
        self._wider_s = -np.inf

    def completed(
        self, picture: Picture, time_s: float, seen: People, probed: People | None = None
    ) -> People:
        """Return those seen in a picture and those found by looking again.

        Parameters
        ----------
        probed : People, optional
            What a look at the whole picture, apart from following, found.
        """
        if probed is not None:
            seen = _joined(seen, probed)
        self._known = [known for known in self._known if time_s - known.seen_s <= WAIT_S]
        for known in self._known:
            if not any(_is_at(known.box, box) for box in _boxes(seen)):
                seen = _joined(seen, self._looked_at(picture, known.box))
        if not len(seen.image) and time_s - self._wider_s >= WIDER_S:
            self._wider_s = time_s
            seen = self._looked_wider(picture)
        self._remember(seen, time_s)
        return seen

    def _remember(self, seen: People, time_s: float) -> None:
        boxes = _boxes(seen)
        lost = [one for one in self._known if not any(_is_at(one.box, box) for box in boxes)]
        self._known = lost + [_Known(box, time_s) for box in boxes]

    def _looked_at(self, picture: Picture, box: Float64) -> People:
        """Whoever is about where a box was, seen in a crop around it."""
        least = LEAST * max(picture.shape[:2])
        side = max(AROUND * float((box[2:] - box[:2]).max()), least)
        middle = (box[:2] + box[2:]) / 2
        found = self._in_crop(picture, np.concatenate([middle - side / 2, middle + side / 2]))
        kept = [_is_at(box, each) for each in _boxes(found)]
        return People(found.image[kept], found.world[kept])

    def _looked_wider(self, picture: Picture) -> People:
        """Whoever is found in three parts along the picture's longer side, half as long."""
        height, width = picture.shape[:2]
        found = People(np.empty((0, 18, 3), np.float32), np.empty((0, 18, 3), np.float32))
        for share in (0.0, 0.25, 0.5):
            along = np.array([share, share + 0.5])
            if width >= height:
                box = np.array([along[0] * width, 0.0, along[1] * width, height])
            else:
                box = np.array([0.0, along[0] * height, width, along[1] * height])
            found = _joined(found, self._in_crop(picture, box))
        return found

    def _in_crop(self, picture: Picture, box: Float64) -> People:
        height, width = picture.shape[:2]
        left, top = np.maximum(np.floor(box[:2]), 0).astype(int).tolist()
        right, bottom = np.minimum(np.ceil(box[2:]), [width, height]).astype(int).tolist()
        if right - left < 8 or bottom - top < 8:
            return People(np.empty((0, 18, 3), np.float32), np.empty((0, 18, 3), np.float32))
        crop, scale = _looked_at(picture[top:bottom, left:right])
        found = self._look(crop)
        image = found.image.copy()
        image[..., :2] = image[..., :2] / scale + np.array([left, top], dtype=np.float32)
        with np.errstate(invalid="ignore"):
            sure = (
                np.nan_to_num(np.nanmean(image[:, _BODY, 2], axis=1)) >= SURE if len(image) else []
            )
        return People(image[sure], found.world[sure])


def shrunk(picture: Picture, longest_px: int) -> Picture:
    """A picture of which no side is longer."""
    import cv2

    scale = longest_px / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _looked_at(crop: Picture) -> tuple[Picture, float]:
    """A crop at the scale that is looked at, brightened where it is dark, and that scale."""
    import cv2

    scale = min(3.0, CROP_PX / max(crop.shape[:2]))
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    sized = np.asarray(cv2.resize(crop, size, interpolation=method), dtype=np.uint8)
    mean = float(sized.mean())
    if 0 < mean < DARK:
        # A gamma that brings the mean to the middle of what a camera likes.
        gamma = np.log(0.4) / np.log(mean / 255)
        table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
        sized = table[sized]
    return sized, scale


def _joined(seen: People, more: People) -> People:
    """Those seen, and of more those who are none of them and no mere speck beside them."""
    image, world = list(seen.image), list(seen.world)
    boxes = _boxes(seen)
    for joints, deep, box in zip(more.image, more.world, _boxes(more), strict=True):
        tallest = max((float(each[3] - each[1]) for each in boxes), default=0.0)
        if float(box[3] - box[1]) < SIMILAR * tallest or any(
            _overlap(box, each) > SAME for each in boxes
        ):
            continue
        image.append(joints)
        world.append(deep)
        boxes.append(box)
    if len(image) == len(seen.image):
        return seen
    return People(np.stack(image), np.stack(world))


def _boxes(people: People) -> list[Float64]:
    """Box (left, top, right, bottom) of each person."""
    return [
        np.concatenate([np.nanmin(joints[:, :2], axis=0), np.nanmax(joints[:, :2], axis=0)]).astype(
            np.float64
        )
        for joints in people.image
    ]


def _is_at(before: Float64, now: Float64) -> bool:
    """Whether a box is about where one was, and about as large."""
    moved = np.linalg.norm((now[:2] + now[2:] - before[:2] - before[2:]) / 2)
    diagonals = [float(np.linalg.norm(box[2:] - box[:2])) for box in (before, now)]
    alike = 0.4 < diagonals[1] / max(diagonals[0], 1e-6) < 2.5
    return bool(moved < NEAR * max(diagonals) and alike)


def _overlap(a: Float64, b: Float64) -> float:
    """Share of two boxes in both together."""
    size = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0.0)
    both = float(size.prod())
    whole = float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - both
    return both / whole if whole > 0 else 0.0
