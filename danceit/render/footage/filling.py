"""Footage as large as the picture, where the dancer still fits: no frame within the frame.

Brought to the canvas's size of a dancer, an upright video stands in an upright picture like a
photograph in an album. An editor lets it fill the picture. So all shots of one video are enlarged
until they do, unless more of the dancer would leave the picture for it, or they would be
far larger than the others. And a picture that is larger than the frame is never moved so far, for
the dancer's or the floor's sake, that its edge is seen.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from danceit.data import FEET, FPS, JOINT, Bool, Float64
from danceit.render.footage.framing import (
    HEAD_SHARE,
    CanvasPlace,
    Framing,
    reaching,
    with_hands,
)

MOST_LARGER = 1.5
"""Most that a shot is enlarged so that it fills the picture."""
CUT_OFF = 0.03
"""Share of frames that may lose a hand, a foot or the crown for it."""


def covering(size: tuple[int, int], canvas: CanvasPlace) -> float:
    """Picture pixels a source pixel at which a source of some size fills the picture."""
    return max(2 * canvas.centre_x / size[0], canvas.height / size[1])


def filled(
    ways: Sequence[Framing],
    joints: Sequence[Float64],
    size: tuple[int, int],
    canvas: CanvasPlace,
    step_s: float = 1 / FPS,
) -> list[Framing]:
    """Frame the shots of one video so that they fill the picture, if that may be.

    Parameters
    ----------
    ways : sequence of Framing
        As the dancer's size and floor want them.
    joints : sequence of float64 (N, 18, 2)
        Source pixels of each shot's frames; NaN where not seen.
    size : tuple of int
        Width and height of the source's picture.
    step_s : float
        Seconds a frame.
    """
    cover = covering(size, canvas)
    # What the camera did not take is no loss.
    most = np.array(size, dtype=np.float64)
    taken = [np.clip(own, 0.0, most) for own in joints]
    to_the_tips = [np.clip(with_hands(own), 0.0, most) for own in joints]

    def laid(some: Sequence[Framing]) -> list[Framing]:
        moved = [
            reaching(way, own, canvas, step_s) for way, own in zip(some, to_the_tips, strict=True)
        ]
        return [without_edges(way, size, canvas) for way in moved]

    as_wanted = laid(ways)
    if any(cover > MOST_LARGER * way.scale for way in ways):
        return as_wanted
    larger = laid([_larger(way, cover, size, canvas) for way in ways])
    for seen in (taken, to_the_tips):
        before, after = (
            np.concatenate([whole(way, own, canvas) for way, own in zip(some, seen, strict=True)])
            for some in (as_wanted, larger)
        )
        if after.mean() < before.mean() - CUT_OFF:
            return as_wanted
    return larger


def _larger(way: Framing, scale: float, size: tuple[int, int], canvas: CanvasPlace) -> Framing:
    """Enlarge a shot about its floor, or about its lower edge where that is the picture's own."""
    if scale <= way.scale:
        return way
    lower_edge = canvas.floor_y + way.scale * (size[1] - way.floor_y)
    if lower_edge > canvas.height + 1:
        return replace(way, scale=scale)
    return replace(way, scale=scale, floor_y=size[1] - (canvas.height - canvas.floor_y) / scale)


def without_edges(way: Framing, size: tuple[int, int], canvas: CanvasPlace) -> Framing:
    """Move a source that is as wide, or as tall, as the picture so that its edges are not seen."""
    width, height = size
    half = canvas.centre_x / way.scale
    moved = way
    if width >= 2 * half - 1e-6:
        moved = replace(moved, centre_x=np.clip(way.centre_x, half, max(half, width - half)))
    if height * way.scale >= canvas.height - 1e-6:
        highest = canvas.floor_y / way.scale
        lowest = height - (canvas.height - canvas.floor_y) / way.scale
        moved = replace(moved, floor_y=float(np.clip(way.floor_y, highest, max(highest, lowest))))
    return moved


def whole(way: Framing, joints: Float64, canvas: CanvasPlace) -> Bool:
    """Frames (N,) in which all that is seen of a dancer, to the crown, is in the picture."""
    placed = joints.copy()
    placed[..., 0] = canvas.centre_x + way.scale * (joints[..., 0] - way.centre_x[:, None])
    placed[..., 1] = canvas.floor_y + way.scale * (joints[..., 1] - way.floor_y)
    tall = np.linalg.norm(placed[:, FEET] - placed[:, [JOINT["nose"]]], axis=2)
    air = HEAD_SHARE * np.nan_to_num(np.where(np.isfinite(tall), tall, 0.0).max(axis=1))
    placed[:, JOINT["nose"], 1] -= air
    slack = 1e-6 * canvas.height
    beyond = (placed < -slack) | (placed > np.array([2 * canvas.centre_x, canvas.height]) + slack)
    inside: Bool = ~beyond.any(axis=(1, 2))
    return inside
