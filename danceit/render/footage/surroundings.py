"""What stands around the dancer in footage: kept, blurred, or one still picture.

Footage rarely fills the frame once the dancer is brought to size. Beyond its edges stands
the same footage, blurred and darkened.
"""

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Float64
from danceit.render.drawing.stage import Backdrop
from danceit.render.options import RenderOptions

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]

EDGE_PX = 14.0
"""Width over which footage fades into what stands beyond it, at 512 pixels."""
BLUR_SHARE = 0.025
"""Standard deviation of blurred surroundings, as a share of the shorter side."""
DARKENED = 0.45
"""Brightness of what stands beyond the edges."""
_SMALL = 48


class Surroundings:
    """Puts footage into the frame.

    Parameters
    ----------
    options : RenderOptions
        Whose `surroundings` are ``kept``, ``blurred`` or ``still``; the still is
        `background`, else the theme's own.
    """

    def __init__(self, options: RenderOptions) -> None:
        self._size = options.frame_size
        self._kind = options.surroundings
        width, height = self._size
        self._still = np.empty((height, width, 3), dtype=np.uint8)
        if self._kind == "still":
            Backdrop(options).paint(self._still, [])

    def compose(self, source: Picture, placing: Float64, mask: Mask | None) -> Picture:
        """Frame (height, width, 3) with `source` where the affine map `placing` puts it.

        Parameters
        ----------
        mask : uint8 (height, width) or None
            The dancer's outline in the frame; not needed where surroundings are kept.
        """
        import cv2

        warped = cv2.warpAffine(
            source, placing, self._size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        placed: Picture = np.asarray(warped, dtype=np.uint8)
        if self._kind == "still" and mask is not None:
            inside = (mask * self._inside(source, placing)).astype(np.uint8)
            return _mixed(self._still, placed, inside)
        if not self._covers(source, placing):
            inside = np.round(255 * self._inside(source, placing)).astype(np.uint8)
            placed = _mixed(self._beyond(source), placed, inside)
        if self._kind == "blurred" and mask is not None:
            return _mixed(_blurred(placed), placed, mask)
        return placed

    def _edges(self, source: Picture, placing: Float64) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the footage in the frame."""
        left, top = placing[:, 2]
        return (
            float(left),
            float(top),
            float(left + placing[0, 0] * source.shape[1]),
            float(top + placing[1, 1] * source.shape[0]),
        )

    def _covers(self, source: Picture, placing: Float64) -> bool:
        left, top, right, bottom = self._edges(source, placing)
        return left <= 0 and top <= 0 and right >= self._size[0] and bottom >= self._size[1]

    def _inside(self, source: Picture, placing: Float64) -> Float32:
        """1 within the footage (height, width), falling to 0 at those edges that show."""
        left, top, right, bottom = self._edges(source, placing)
        width, height = self._size
        fade = EDGE_PX * min(self._size) / 512
        across = _ramp(np.arange(width) + 0.5, left, right, width, fade)
        down = _ramp(np.arange(height) + 0.5, top, bottom, height, fade)
        return np.outer(down, across).astype(np.float32)

    def _beyond(self, source: Picture) -> Picture:
        """Return the footage enlarged to cover the frame, blurred and darkened."""
        import cv2

        width, height = self._size
        rows, columns = source.shape[:2]
        ratio = max(width / columns, height / rows)
        take = (round(height / ratio), round(width / ratio))
        top, left = (rows - take[0]) // 2, (columns - take[1]) // 2
        middle = source[top : top + take[0], left : left + take[1]]
        tiny = cv2.resize(middle, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
        tiny = cv2.convertScaleAbs(cv2.GaussianBlur(tiny, (0, 0), 2.5), alpha=DARKENED)
        large = cv2.resize(tiny, self._size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(large, dtype=np.uint8)


def _ramp(at: Float64, low: float, high: float, size: int, fade: float) -> Float64:
    inside = np.ones_like(at)
    if low > 0:
        inside = np.minimum(inside, np.clip((at - low) / fade, 0.0, 1.0))
    if high < size:
        inside = np.minimum(inside, np.clip((high - at) / fade, 0.0, 1.0))
    return inside


def _blurred(picture: Picture) -> Picture:
    """Blurred at a quarter of the size, where a wide Gaussian is cheap."""
    import cv2

    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), BLUR_SHARE * min(width, height) / 4)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, dtype=np.uint8)


def _mixed(under: Picture, over: Picture, mask: Mask) -> Picture:
    """`over` where the mask is 255, `under` where it is 0."""
    import cv2

    share = cv2.merge([mask, mask, mask])
    top = cv2.multiply(over, share, scale=1 / 255)
    mixed = cv2.add(top, cv2.multiply(under, 255 - np.asarray(share), scale=1 / 255))
    return np.asarray(mixed, dtype=np.uint8)
