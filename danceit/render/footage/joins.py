"""How one shot follows another: cut, dissolved or morphed.

A cut is what editors use. A dissolve needs one place that stands still behind one dancer
who is nearly where they were; between others two people shine through each other. A morph
needs more still: optical flow that leads from either picture to the other over the whole of
it and, led back again, arrives where it set out. What has no counterpart in the other
picture cannot be carried there; it would melt.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from danceit.data import Bool, Float32
from danceit.render.footage.morph import FLOW_PX, Picture, flow_between, sampled

Mask = npt.NDArray[np.uint8]

SAME_PLACE = 9.0
"""Grey levels, of 255, that most of one still place differs by from one moment to another:
compression, light, a passer-by."""
_MOST = 0.9
"""Share of the surroundings that must agree."""
AGREED_PX, AGREED_SHARE = 1.5, 0.97
"""Pixels, of `FLOW_PX` across, by which flow there and back may miss, and the share of the
picture in which it must not."""
STILL_PX = 1.0
"""The same that surroundings may move by."""


@dataclass(frozen=True)
class Join:
    """Where one shot follows another.

    Attributes
    ----------
    at : int
        First frame of the later shot, where it is cut.
    start, stop : int
        Frames in which both are at hand, half-open; none where it can only be a cut.
    dissolve_frames : int
    """

    at: int
    start: int
    stop: int
    dissolve_frames: int = 0

    @property
    def overlaps(self) -> bool:
        """Whether both shots are at hand for a moment."""
        return self.stop > self.start

    def share(self, frame: int, kind: str) -> float:
        """How far a frame is from the earlier to the later shot, 0 to 1.

        Parameters
        ----------
        kind : str
            ``cut``, ``dissolve`` or ``morph``.
        """
        if kind == "cut":
            return float(frame >= self.at)
        if kind == "dissolve":
            width = min(self.dissolve_frames, self.stop - self.start)
            along = frame - (self.at - width // 2) + 1
            return float(np.clip(along / (width + 1), 0.0, 1.0))
        eased = (frame - self.start + 0.5) / (self.stop - self.start)
        return float(np.clip(eased * eased * (3 - 2 * eased), 0.0, 1.0))


def meeting(first: Picture, second: Picture, dancers: Mask) -> str:
    """``morph``, ``dissolve`` or ``cut``: the softest way in which two pictures can meet.

    Parameters
    ----------
    first, second : uint8 (height, width, 3)
        What either shot shows at the cut.
    dancers : uint8 (height, width)
        0 where no dancer is in either.
    """
    small = [_grey(picture) for picture in (first, second)]
    around = _scaled(dancers, small[0].shape) < 8
    if not _one_place(small[0], small[1], around):
        return "cut"
    there, back = flow_between(small[0], small[1]), flow_between(small[1], small[0])
    return "morph" if _agree(there, back, around) else "dissolve"


def _one_place(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8], around: Bool) -> bool:
    import cv2

    apart = cv2.absdiff(cv2.GaussianBlur(first, (0, 0), 1.0), cv2.GaussianBlur(second, (0, 0), 1.0))
    return bool(around.any()) and float(np.quantile(apart[around], _MOST)) <= SAME_PLACE


def _agree(there: Float32, back: Float32, around: Bool) -> bool:
    """Whether flow there and back (height, width, 2) comes to where it set out."""
    missed = np.linalg.norm(there + sampled(back, there), axis=2)
    moved = np.linalg.norm(there, axis=2)
    still = float(np.quantile(moved[around], _MOST)) <= STILL_PX
    return still and float((missed <= AGREED_PX).mean()) >= AGREED_SHARE


def _grey(picture: Picture) -> npt.NDArray[np.uint8]:
    import cv2

    height, width = picture.shape[:2]
    ratio = FLOW_PX / min(height, width)
    size = (max(16, round(width * ratio)), max(16, round(height * ratio)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _scaled(mask: Mask, shape: tuple[int, ...]) -> Mask:
    import cv2

    scaled = cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, dtype=np.uint8)
