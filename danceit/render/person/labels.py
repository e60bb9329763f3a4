"""The pictures of a pose that the generator is shown, in training and rendering alike."""

import numpy as np
import numpy.typing as npt

from danceit.data import JOINT, N_JOINTS, Float32, Float64
from danceit.render.drawing.figure import JOINT_COLOURS

Picture = npt.NDArray[np.uint8]

LIMB_SHARE = 0.022
"""Width of a limb as a share of the picture."""
HEAT_SHARE = 0.02
"""Standard deviation of a joint's heat map as a share of the picture."""
_SHIFT = 4
_HEAD = tuple(JOINT[name] for name in ("right_eye", "left_eye", "right_ear", "left_ear"))
BODY = tuple(joint for joint in range(N_JOINTS) if joint not in _HEAD)
"""Joints that motion capture has as well; eyes and ears are drawn where they are known."""
_LIMBS = (
    (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 2), (2, 3), (3, 4), (1, 5),
    (5, 6), (6, 7), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip


def n_channels(heat_maps: bool) -> int:
    """Channels of a label: its colours, and a heat map for each joint where asked for."""
    return 3 + (N_JOINTS if heat_maps else 0)


def draw(joints: Float64 | Float32, size: int) -> Picture:
    """Limbs in their colours on black: (size, size, 3).

    Parameters
    ----------
    joints : float (18, 2)
        Pixels of the picture; a limb that lacks a joint is left out.
    """
    import cv2

    picture = np.zeros((size, size, 3), dtype=np.uint8)
    limit = 8 * size
    known = np.isfinite(joints).all(axis=1)
    at = np.clip(np.where(known[:, None], joints, 0.0), -limit, limit)
    fixed = np.round(at * (1 << _SHIFT)).astype(int)
    points = [(int(x), int(y)) for x, y in fixed]
    width = max(1, round(LIMB_SHARE * size))
    for parent, child in _LIMBS:
        if known[parent] and known[child]:
            colour = JOINT_COLOURS[child]
            cv2.line(picture, points[parent], points[child], colour, width, cv2.LINE_AA, _SHIFT)
    return picture


def heat(joints: Float64 | Float32, size: int) -> Float32:
    """A Gaussian for each joint: (size, size, 18), 1 at the joint, 0 where it is unknown."""
    grid = np.arange(size, dtype=np.float32) + 0.5
    scale = -0.5 / (HEAT_SHARE * size) ** 2
    known = np.isfinite(joints).all(axis=1)
    at = np.where(known[:, None], joints, 0.0)
    across = np.exp(scale * (grid[None] - at[:, :1]) ** 2)
    down = np.exp(scale * (grid[None] - at[:, 1:]) ** 2)
    maps = np.einsum("jy,jx->yxj", down, across) * known
    return np.asarray(maps, dtype=np.float32)


def label(joints: Float64 | Float32, size: int, *, heat_maps: bool = False) -> Float32:
    """Label of a pose as the generator takes it: (channels, size, size), colours from -1 to 1."""
    colours = draw(joints, size).astype(np.float32) / 127.5 - 1
    parts = [colours, heat(joints, size)] if heat_maps else [colours]
    stacked = np.concatenate(parts, axis=2).transpose(2, 0, 1)
    return np.ascontiguousarray(stacked, dtype=np.float32)


def face_corner(joints: Float64 | Float32, size: int, patch: int) -> tuple[int, int]:
    """Left and top of the square of `patch` pixels around the nose, within the picture.

    Where the nose is unknown it is guessed from the neck and hips.
    """
    x, y = (float(value) for value in joints[JOINT["nose"]])
    if not np.isfinite(x + y):
        neck = joints[JOINT["neck"]].astype(np.float64)
        hips = joints[[JOINT["right_hip"], JOINT["left_hip"]]].astype(np.float64).mean(axis=0)
        guess = neck + 0.4 * (neck - hips)
        x, y = (float(guess[0]), float(guess[1])) if np.isfinite(guess).all() else (size / 2, patch)
    room = size - patch
    left, top = round(x - patch / 2), round(y - patch / 2)
    return min(max(left, 0), room), min(max(top, 0), room)
