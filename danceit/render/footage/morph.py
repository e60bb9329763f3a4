"""One picture turning into another, led by the dancer's joints and optical flow.

Two shots meet at a seam in different poses. Dense flow alone does not find a hand that
is half a body away, so the joints lead: each picture is carried to the pose between by
their movement, spread over the picture. What still differs is found by OpenCV's DIS flow
(Kroeger et al., ECCV 2016). Meanwhile the pictures are cross-faded. Only what is near the
dancer is carried: what stands behind stays straight.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Float64

Picture = npt.NDArray[np.uint8]

FLOW_PX = 192
"""Shorter side at which the flow is computed."""
REACH_SHARE = 0.07
"""Distance, as a share of the shorter side, at which a joint's pull is down to 1/e."""
GRID = 24
"""Cells of the coarse grid on which the joints' movement is spread, along the shorter side."""


def morph(
    first: Picture,
    second: Picture,
    joints: tuple[Float64, Float64],
    share: float,
    dancers: Picture,
) -> Picture:
    """Picture between two of one size.

    Parameters
    ----------
    first, second : uint8 (height, width, 3)
    joints : two of float64 (18, 2)
        Where the dancer's joints are in each, in pixels; NaN where unknown.
    share : float
        0 gives `first`, 1 gives `second`.
    dancers : uint8 (height, width)
        255 where the dancer is in either picture, 0 where nothing may be bent.
    """
    import cv2

    if share <= 0:
        return first
    if share >= 1:
        return second
    height, width = first.shape[:2]
    ratio = FLOW_PX / min(height, width)
    size = (max(16, round(width * ratio)), max(16, round(height * ratio)))
    start, end = (each * (size[0] / width, size[1] / height) for each in joints)
    flow = spread(start, end, start + share * (end - start), size)
    bent = cv2.resize(dancers, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    flow *= bent[..., None]
    small = [_small(picture, size) for picture in (first, second)]
    left = flow_between(carried(small[0], flow, share), carried(small[1], flow, share - 1))
    flow += left * bent[..., None]
    ours, theirs = carried(first, flow, share), carried(second, flow, share - 1)
    mixed = cv2.addWeighted(ours, 1 - share, theirs, share, 0.0)
    return np.asarray(mixed, dtype=np.uint8)


def spread(start: Float64, end: Float64, at: Float64, size: tuple[int, int]) -> Float32:
    """Movement (height, width, 2) that joints going from `start` to `end` suggest.

    It is known at the points `at` (18, 2), usually on the way. Each joint pulls on what is
    near it; far from all joints nothing moves.
    """
    import cv2

    width, height = size
    cell = min(size) / GRID
    columns = (np.arange(round(width / cell)) + 0.5) * width / round(width / cell)
    rows = (np.arange(round(height / cell)) + 0.5) * height / round(height / cell)
    known = np.isfinite(start).all(axis=1) & np.isfinite(end).all(axis=1)
    if not known.any():
        return np.zeros((height, width, 2), dtype=np.float32)
    at, moved = at[known], (end - start)[known]
    away = (columns[None, :, None] - at[:, 0]) ** 2 + (rows[:, None, None] - at[:, 1]) ** 2
    pull = np.exp(-away / (REACH_SHARE * min(size)) ** 2)
    # The constant is the background's pull to stay where it is.
    coarse = (pull @ moved) / (pull.sum(axis=2) + 0.1)[..., None]
    full = cv2.resize(coarse.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, dtype=np.float32)


@lru_cache(maxsize=1)
def _dis() -> Any:
    import cv2

    flow: Any = cv2.DISOpticalFlow  # its stubs lack the constants and the factory
    return flow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)


def _small(picture: Picture, size: tuple[int, int]) -> Picture:
    import cv2

    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def flow_between(first: Picture, second: Picture) -> Float32:
    """Movement (height, width, 2) in pixels from one grey picture to another."""
    import cv2

    flow = _dis().calc(first, second, None)
    # Found where pixels start; smoothed, it also serves where they arrive.
    return np.asarray(cv2.GaussianBlur(flow, (0, 0), 2.0), dtype=np.float32)


def sampled(flow: Float32, along: Float32) -> Float32:
    """A flow (height, width, 2) read where another of the same size leads."""
    import cv2

    columns, rows = _grid(flow.shape[1], flow.shape[0])
    read = cv2.remap(
        flow,
        columns + along[..., 0],
        rows + along[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(read, dtype=np.float32)


def carried(picture: Picture, flow: Float32, part: float) -> Picture:
    """`picture` carried `part` of the way along a flow that may be of lower resolution."""
    import cv2

    height, width = picture.shape[:2]
    small_height, small_width = flow.shape[:2]
    across = cv2.resize(flow[..., 0], (width, height)) * (part * width / small_width)
    down = cv2.resize(flow[..., 1], (width, height)) * (part * height / small_height)
    columns, rows = _grid(width, height)
    moved = cv2.remap(
        picture, columns - across, rows - down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.uint8)


@lru_cache(maxsize=4)
def _grid(width: int, height: int) -> tuple[Float32, Float32]:
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    return columns, rows
