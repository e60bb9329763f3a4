"""Where on the stage a dancer stands in each frame, and which way they face.

A fragment was danced somewhere, facing somewhere. To follow on from another without a
jump it is carried along the floor and turned, by an *offset*. With ``continue`` the offset
stays until the next fragment, so that one turn lasts for the rest of the song and dancers
end up with their backs to whoever looks. With ``audience`` the offset dies away: what was turned is
turned back while the movement itself turns or travels, so that feet do not seem to slide,
and soon every dancer faces as they were filmed, in the middle of the stage. In 2-D there is
no turning; positions are treated alike.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import CANVAS_PX, FPS, Float32, Float64
from danceit.retrieval.placing import stance

MOST_TURN = np.pi / 2
"""Radians a second at which a dancer is turned back at most: a calm half turn takes two."""
LEAST_TURN = np.pi / 4
"""And at least, for a movement that never turns: a quarter turn in two seconds, at which feet
slide no more than with one in six."""
SHARE_OF_TURN = 1.0
"""Of the movement's own turning that turning back may add to it."""
SHARE_OF_WAY = 0.5
"""Of the movement's own way over the floor that coming back to the middle may add to it."""
LEAST_WAY = 12.0
"""Pixels a second at which a dancer comes back at least: too slow to be seen as sliding."""
_CENTRE = np.array([CANVAS_PX / 2, 0.0])
"""Of the canvas, x and z."""


@dataclass(frozen=True)
class Staged:
    """A run as it is shown.

    Attributes
    ----------
    joints : float32 (L, 18, C)
    turned : float64 (L,)
        Radians by which each frame is turned away from how it was danced; 0 in 2-D.
    """

    joints: Float32
    turned: Float64


def wrapped(angle: Float64 | float) -> Float64:
    """Angles brought into [-π, π)."""
    return np.asarray((np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi, dtype=np.float64)


def staged(poses: Float32, before: Float32 | None, facing: str) -> Staged:
    """Carry a run (L, 18, C) along the floor so that it follows on from what was shown before.

    Parameters
    ----------
    poses : float32 (L, 18, C)
        As danced.
    before : float32 (2, 18, C) or None
        The two frames shown last; None at the beginning of a dance.
    facing : str
        ``audience`` or ``continue``.
    """
    n_frames, dims = len(poses), poses.shape[2]
    own = stance(poses)
    floor = own.floor - _middle(own.floor, dims)
    offset = np.zeros(n_frames)
    shift = np.zeros((n_frames, 2))
    if before is not None:
        last = stance(before)
        here = 2 * last.floor[1] - last.floor[0] - _CENTRE
        turn = float(wrapped(last.heading[1] - own.heading[0])) if dims == 3 else 0.0
        away = here - floor[0]
        if facing == "audience":
            offset = _turned_back(turn, own.heading)
            shift = _brought_back(away, floor)
        else:
            offset[:] = turn
            shift[:] = away
    elif facing == "continue":
        floor = own.floor - _CENTRE
    path = _path(floor, offset, shift)
    return Staged(_moved(poses, own.floor, offset, path), offset)


def _middle(floor: Float64, dims: int) -> Float64:
    """What a run's own floor plan is centred on: its median, so that the stage's middle is 0."""
    return np.asarray(np.median(floor, axis=0) if len(floor) else np.zeros(dims))


def _turned_back(turn: float, heading: Float64) -> Float64:
    """Offsets (L,) that start at `turn` and die away while the movement turns."""
    own = np.abs(wrapped(np.diff(heading, prepend=heading[:1]))) * FPS
    rate = np.clip(SHARE_OF_TURN * _smooth(own), LEAST_TURN, MOST_TURN) / FPS
    rate[0] = 0.0
    left = np.maximum(0.0, abs(turn) - np.cumsum(rate))
    return np.asarray(np.sign(turn) * left)


def _brought_back(away: Float64, floor: Float64) -> Float64:
    """Offsets (L, 2) that start at `away` and die away while the movement travels."""
    way = np.linalg.norm(np.diff(floor, axis=0, prepend=floor[:1]), axis=1) * FPS
    rate = np.maximum(SHARE_OF_WAY * _smooth(way), LEAST_WAY) / FPS
    rate[0] = 0.0
    distance = float(np.linalg.norm(away))
    left = np.maximum(0.0, distance - np.cumsum(rate))
    return np.asarray(away * (left / max(distance, 1e-9))[:, None])


def _smooth(speed: Float64) -> Float64:
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(speed, 7, mode="nearest"))


def _path(floor: Float64, offset: Float64, shift: Float64) -> Float64:
    """Floor positions (L, 2) shown: each step turned as the dancer is, and the offset's steps.

    To turn steps rather than positions keeps a planted foot planted while turning back.
    """
    steps = np.diff(floor, axis=0, prepend=floor[:1])
    cos, sin = np.cos(offset), np.sin(offset)
    turned = np.stack(
        [cos * steps[:, 0] - sin * steps[:, 1], sin * steps[:, 0] + cos * steps[:, 1]], axis=1
    )
    return np.asarray(
        floor[:1]
        + shift[:1]
        + np.cumsum(turned + np.diff(shift, axis=0, prepend=shift[:1]), axis=0)
    )


def _moved(poses: Float32, floor: Float64, offset: Float64, path: Float64) -> Float32:
    """Turn each frame about its own mid-hip and put that where the path is; heights stay."""
    result = poses.astype(np.float32, copy=True)
    x = poses[..., 0].astype(np.float64) - floor[:, :1]
    if poses.shape[2] == 3:
        z = poses[..., 2].astype(np.float64) - floor[:, 1:]
        cos, sin = np.cos(offset)[:, None], np.sin(offset)[:, None]
        result[..., 2] = sin * x + cos * z + path[:, 1:]
        x = cos * x - sin * z
    result[..., 0] = x + path[:, :1] + _CENTRE[0]
    return result
