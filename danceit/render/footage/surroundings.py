"""What stands around the dancer in footage: kept, blurred, or one still picture.

Footage rarely fills the frame once the dancer is brought to size. Beyond its edges stand their
own colours, so blurred that nothing is seen to move there, and a little darker: they meet at
the edge, so that no frame within the frame is seen.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Float64
from danceit.render.drawing.stage import Backdrop
from danceit.render.options import RenderOptions

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]

SLACK_PX = 2.0
"""Width of an edge that counts as none: sizes are rounded when a video is read smaller."""
EDGE_PX = 40.0
"""Width over which footage fades into what stands beyond it, at 512 pixels: over 20 a ceiling or a
beam at the edge still stands there as a line."""
BLUR_SHARE = 0.025
"""Standard deviation of blurred surroundings, as a share of the shorter side."""
DARKENED = 0.8
"""Brightness of what stands beyond the edges."""
CALM_SHARE = 0.08
"""Standard deviation of its blur, as a share of the shorter side."""
SPREAD_SHARE = 0.2
"""The same along an edge, in the footage: who stands there would leave a stripe."""
_SMALLER = 8
"""How much smaller it is made, where a wide blur costs nothing."""
_TINY_PX = 32
"""Shorter side at which the footage's own colours are spread."""


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
        # Of so slow a gradient whole levels would show as stripes; the same in every frame,
        # it costs an encoder nothing.
        rng = np.random.default_rng(0)
        self._dither = rng.random((height, width, 1), dtype=np.float32).repeat(3, axis=2)
        if self._kind == "still":
            Backdrop(options).paint(self._still, [])

    def compose(
        self, source: Picture, placing: Float64, cut_out: Callable[[Picture], Mask] | None = None
    ) -> Picture:
        """Frame (height, width, 3) with `source` where the affine map `placing` puts it.

        Parameters
        ----------
        cut_out : function, optional
            Finds the dancer in the frame: a mask (height, width), 255 on them and 0 around;
            not needed where surroundings are kept.
        """
        import cv2

        warped = cv2.warpAffine(
            source, placing, self._size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        placed: Picture = np.asarray(warped, dtype=np.uint8)
        mask = None if cut_out is None or self._kind == "kept" else cut_out(placed)
        if self._kind == "still" and mask is not None:
            if not self._covers(source, placing):
                mask = (mask * self._inside(source, placing)).astype(np.uint8)
            return _mixed(self._still, placed, mask)
        if not self._covers(source, placing):
            self._let_fade(placed, self._ramps(source, placing), self._beyond(source, placing))
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
        width, height = self._size
        across = left <= SLACK_PX and right >= width - SLACK_PX
        return across and top <= SLACK_PX and bottom >= height - SLACK_PX

    def _ramps(self, source: Picture, placing: Float64) -> tuple[Float64, Float64]:
        """Across (width,) and down (height,): 1 within the footage, 0 beyond its edges."""
        left, top, right, bottom = self._edges(source, placing)
        width, height = self._size
        fade = EDGE_PX * min(self._size) / 512
        across = _ramp(np.arange(width) + 0.5, left, right, width, fade)
        return across, _ramp(np.arange(height) + 0.5, top, bottom, height, fade)

    def _inside(self, source: Picture, placing: Float64) -> Float32:
        """1 within the footage (height, width), falling to 0 at those edges that show."""
        across, down = self._ramps(source, placing)
        return np.outer(down, across).astype(np.float32)

    def _let_fade(self, placed: Picture, ramps: tuple[Float64, Float64], beyond: Picture) -> None:
        """Let a frame fade into what is beyond its footage, strip by strip, in place."""
        import cv2

        across, down = (ramp.astype(np.float32) for ramp in ramps)
        (left, right), (top, bottom) = _full(across), _full(down)
        for rows, columns in (
            (slice(0, top), slice(None)),
            (slice(bottom, None), slice(None)),
            (slice(top, bottom), slice(0, left)),
            (slice(top, bottom), slice(right, None)),
        ):
            share = np.outer(down[rows], across[columns])
            if share.size:
                strip = np.s_[rows, columns]
                placed[strip] = cv2.blendLinear(placed[strip], beyond[strip], share, 1 - share)

    def _beyond(self, source: Picture, placing: Float64) -> Picture:
        """Return the colours of the footage's edges gone on beyond them, blurred and darkened."""
        import cv2

        width, height = self._size
        rows, columns = source.shape[:2]
        ratio = _TINY_PX / min(rows, columns)
        own = (max(2, round(columns * ratio)), max(2, round(rows * ratio)))
        small = cv2.resize(source, own, interpolation=cv2.INTER_AREA)
        size = (width // _SMALLER, height // _SMALLER)
        tiny = cv2.GaussianBlur(small.astype(np.float32), (0, 0), SPREAD_SHARE * min(own))
        smaller = placing / _SMALLER
        smaller[:, :2] *= (columns / own[0], rows / own[1])
        calm = cv2.warpAffine(
            tiny, smaller, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        calm = cv2.GaussianBlur(calm, (0, 0), CALM_SHARE * min(size))
        large = cv2.resize(DARKENED * np.asarray(calm), self._size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.add(large, self._dither).astype(np.uint8), dtype=np.uint8)


def _ramp(at: Float64, low: float, high: float, size: int, fade: float) -> Float64:
    inside = np.ones_like(at)
    if low > SLACK_PX:
        inside = np.minimum(inside, np.clip((at - low) / fade, 0.0, 1.0))
    if high < size - SLACK_PX:
        inside = np.minimum(inside, np.clip((high - at) / fade, 0.0, 1.0))
    return inside * inside * (3 - 2 * inside)


def _full(ramp: Float32) -> tuple[int, int]:
    """First and one past the last place at which a ramp is 1; both 0 where it never is."""
    at = np.flatnonzero(ramp >= 1)
    return (int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0)


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

    left, top, width, height = cv2.boundingRect(mask)
    part = np.s_[top : top + height, left : left + width]
    mixed = under.copy()
    if width and height:
        share = cv2.merge([mask[part]] * 3)
        ours = cv2.multiply(over[part], share, scale=1 / 255)
        theirs = cv2.multiply(under[part], 255 - np.asarray(share), scale=1 / 255)
        mixed[part] = cv2.add(ours, theirs)
    return mixed
