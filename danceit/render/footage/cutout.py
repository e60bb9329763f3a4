"""The dancer cut out of a picture: what a segmenter sees, held to where the joints are.

MediaPipe's wheel carries a small network that tells people from what is behind them (selfie
segmentation, 256 x 256). It was made for a head and shoulders that fill the picture, so it is
shown a square around the dancer, and two outlines drawn from the joints guide it: nothing
far from the body is of the dancer, whatever the network takes for a person, and what is close
to a bone is, whatever it misses. Hair and skirts come from the network. Its mask is
fitted to the picture's edges by a guided filter (He, Sun and Tang, ECCV 2010).

Without MediaPipe the outline of the joints alone is used; see `outline`.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import BODY_PX, Float32, Float64
from danceit.render.footage.outline import outline

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]

MODEL = "modules/selfie_segmentation/selfie_segmentation.tflite"
"""In MediaPipe's wheel."""
SIDE = 256
"""The network's picture, square."""
MARGIN = 0.22 * BODY_PX
"""Around the joints, for what they do not reach: hair, hands, shoes, a skirt."""
REACH = 2.6
"""Width of the limbs, in that of the outline, beyond which nothing is of the dancer."""
CORE = 0.25
"""The same within which everything is: about the bones' own flesh, so that a leg in a fast kick is
whole."""
RADIUS, SOFTNESS = 5, 2e-3
"""Of the guided filter: pixels of the network's picture, and variance of a grey from 0 to 1."""
LOW, HIGH = 0.35, 0.85
"""Confidences that become 0 and 1: the network's own edge is several pixels wide, and at a lower
threshold a rim of the old surroundings comes along."""
_FULL = 1.5
"""The wide outline is soft; a third inside its edge it counts wholly."""


def has_segmenter() -> bool:
    """Whether MediaPipe is installed, without loading it."""
    return find_spec("mediapipe") is not None


class CutOut:
    """Finds the dancer in pictures of one size, in as many threads as like."""

    def __init__(self, frame_size: tuple[int, int], unit: float) -> None:
        self._size = frame_size
        self._unit = unit
        self._segmenter = _segmenter() if has_segmenter() else None
        self._one_at_a_time = Lock()

    def mask(self, picture: Picture, joints: Float64) -> Mask:
        """Mask (height, width), 255 on the dancer and 0 around.

        Parameters
        ----------
        picture : uint8 (height, width, 3)
        joints : float64 (18, 2)
            Pixels of the picture; NaN where unknown.
        """
        import cv2

        if self._segmenter is None or not np.isfinite(joints).all(axis=1).any():
            return outline(joints, self._size, self._unit)
        left, top, side = self._square(joints)
        small = _square_of(picture, left, top, side)
        ratio = SIDE / side
        # Pixels are counted from their middles.
        own = (joints + 0.5 - (left, top)) * ratio - 0.5
        near = outline(own, (SIDE, SIDE), self._unit * ratio, REACH)
        core = outline(own, (SIDE, SIDE), self._unit * ratio, CORE, work=1)
        sure = _fitted(self._confidence(small), small)
        held = cv2.max(cv2.multiply(sure, near, scale=_FULL / 255), core)
        return self._laid(np.asarray(held, dtype=np.uint8), left, top, side)

    def _square(self, joints: Float64) -> tuple[int, int, int]:
        """Left, top and side of the square around the dancer, in whole pixels."""
        low, high = np.nanmin(joints, axis=0), np.nanmax(joints, axis=0)
        wide = float((high - low).max()) + 2 * MARGIN * self._unit
        # Joints that a detector flung far away must not ask for a square of gigabytes.
        side = round(min(wide, 4 * max(self._size)))
        left, top = np.round((low + high - side) / 2).astype(int).tolist()
        return left, top, max(2, side)

    def _laid(self, held: Mask, left: int, top: int, side: int) -> Mask:
        """Mask of the whole picture, of one of the square."""
        import cv2

        width, height = self._size
        mask = np.zeros((height, width), dtype=np.uint8)
        first, last = max(0, left), min(width, left + side)
        upper, lower = max(0, top), min(height, top + side)
        if first < last and upper < lower:
            large = cv2.resize(held, (side, side), interpolation=cv2.INTER_LINEAR)
            mask[upper:lower, first:last] = large[
                upper - top : lower - top, first - left : last - left
            ]
        return mask

    def _confidence(self, picture: Picture) -> Float32:
        """What the network takes for a person (height, width), 0 to 1."""
        import mediapipe as mp

        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        assert self._segmenter is not None
        with self._one_at_a_time:
            found = self._segmenter.segment(image).confidence_masks[0].numpy_view()
        return np.array(found, dtype=np.float32).reshape(picture.shape[:2])


def _square_of(picture: Picture, left: int, top: int, side: int) -> Picture:
    """What is in a square (SIDE, SIDE, 3); beyond the picture its edge goes on."""
    import cv2

    height, width = picture.shape[:2]
    first, last = (int(np.clip(at, 0, width)) for at in (left, left + side))
    upper, lower = (int(np.clip(at, 0, height)) for at in (top, top + side))
    if first >= last or upper >= lower:
        return np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    part = picture[upper:lower, first:last]
    beyond = (upper - top, top + side - lower, first - left, left + side - last)
    if any(beyond):
        part = np.asarray(cv2.copyMakeBorder(part, *beyond, cv2.BORDER_REPLICATE), dtype=np.uint8)
    smaller = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=smaller), dtype=np.uint8)


def _fitted(confidence: Float32, picture: Picture) -> Mask:
    """Mask (height, width) of confidences, moved to the edges of the picture and made steep."""
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    window = (2 * RADIUS + 1, 2 * RADIUS + 1)

    def mean(values: Any) -> Any:
        return cv2.blur(values, window)

    grey_mean, sure_mean = mean(grey), mean(confidence)
    slope = (mean(grey * confidence) - grey_mean * sure_mean) / (
        mean(grey * grey) - grey_mean * grey_mean + SOFTNESS
    )
    fitted = mean(slope) * grey + mean(sure_mean - slope * grey_mean)
    steep = cv2.convertScaleAbs(np.maximum(fitted - LOW, 0.0), alpha=255 / (HIGH - LOW))
    return np.asarray(steep, dtype=np.uint8)


def _segmenter() -> Any:
    import mediapipe
    from mediapipe import Image, ImageFormat
    from mediapipe.tasks.python import BaseOptions, vision
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer

    model = (Path(mediapipe.__file__).parent / MODEL).read_bytes()
    writer = metadata_writer.MetadataWriter.create(bytearray(model))
    writer.add_image_input(norm_mean=[0.0], norm_std=[255.0])
    blank = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    with _silenced():
        segmenter = vision.ImageSegmenter.create_from_options(
            vision.ImageSegmenterOptions(
                base_options=BaseOptions(model_asset_buffer=writer.populate()[0]),
                running_mode=vision.RunningMode.IMAGE,
                output_confidence_masks=True,
                output_category_mask=False,
            )
        )
        # Some of what its libraries have to say, they say at the first picture.
        segmenter.segment(Image(image_format=ImageFormat.SRGB, data=blank))
    return segmenter


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep MediaPipe's libraries, which report every start, from writing to standard error."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
