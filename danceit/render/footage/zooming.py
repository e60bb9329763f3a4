"""A calm zoom onto a dancer who goes away from the camera within a shot.

A shot has one size, that of the dancer where nearest. Who goes away from the camera is smaller,
stands higher in the picture, and has a smaller trunk, all at once: who bends, kneels or jumps has
one or two of these. The picture comes after as slowly as a hand turns a lens, and never goes beyond
the video's edges, since it only ever grows about a point of its own.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import FEET, JOINT, Float64
from danceit.render.footage.framing import CanvasPlace, Framing, with_hands

MOST = 1.6
"""How far it goes: beyond that the pictures of phones are soft."""
LEAST = 0.08
"""Share of the size that is not worth following: a dancer sways as much."""
RISE_SHARE = 0.03
"""Of the body's height, that feet must rise by in the picture: a floor is seen from above."""
CALM_S = 0.7
"""Half-width in seconds of the window that smooths the zoom."""
STEADY_FRAMES = 9
"""Over whose median a size counts: what is there for less is a detector's fault."""
_HIPS = (JOINT["right_hip"], JOINT["left_hip"])


@dataclass(frozen=True)
class Zoom:
    """How a shot of N frames is enlarged.

    Attributes
    ----------
    by : float64 (N,)
        1 and more.
    floor_y : float64 (N,)
        Where the dancer stands, in source pixels.
    """

    by: Float64
    floor_y: Float64

    def within(self, aside: Float64, canvas: CanvasPlace, scale: float) -> "Zoom":
        """Return it less, so that joints so far aside (N,) of the middle stay in the picture."""
        room = canvas.centre_x / (scale * aside) - 1.0
        zooming = self.by > 1.0 + 1e-3
        share = np.min(np.clip(room[zooming] / (self.by[zooming] - 1.0), 0.0, 1.0), initial=1.0)
        return Zoom(1.0 + share * (self.by - 1.0), self.floor_y)

    def grown(self, placing: Float64, frame: int, canvas: CanvasPlace) -> Float64:
        """Enlarge a frame's placing (2, 3), so that the dancer stands nearer to the floor line."""
        by = float(self.by[frame])
        if by < 1.0 + 1e-3:
            return placing
        stands = placing[1, 1] * self.floor_y[frame] + placing[1, 2]
        about_y = np.clip((by * stands - canvas.floor_y) / (by - 1.0), 0.0, canvas.height)
        made: Float64 = by * placing
        made[:, 2] += (1.0 - by) * np.array([canvas.centre_x, about_y])
        return made


def zoom_of(joints: Float64, way: Framing, canvas: CanvasPlace, step_s: float) -> Zoom | None:
    """Zoom after a dancer, as long as the hands stay in the picture; None where nobody goes away.

    `joints` (N, 18, 2) are in source pixels, NaN where not seen; `way` is how they are framed.
    """
    zoom = receding(joints, step_s)
    if zoom is None:
        return None
    aside = np.abs(with_hands(joints)[..., 0] - way.centre_x[:, None])
    return zoom.within(np.nanmax(aside, axis=1, initial=1.0), canvas, way.scale)


def receding(joints: Float64, step_s: float) -> Zoom | None:
    """Zoom by which a dancer who goes away would stay as large; None where nobody does."""
    lowest, neck = joints[:, FEET, 1].max(axis=1), joints[:, JOINT["neck"]]
    floor_y = _calm(lowest, step_s)
    tall = _calm(lowest - joints[:, JOINT["nose"], 1], step_s)
    trunk = _calm(np.linalg.norm(joints[:, _HIPS].mean(axis=1) - neck, axis=1), step_s)
    if floor_y is None or tall is None or trunk is None or min(tall.min(), trunk.min()) < 1.0:
        return None
    farther = np.minimum(tall.max() / tall, trunk.max() / trunk)
    # Nothing where the floor rose by no more than the least, all from twice as much on.
    risen = np.clip((floor_y.max() - floor_y) / (RISE_SHARE * tall.max()) - 1.0, 0.0, 1.0)
    by = _calm(1.0 + risen * np.clip(farther - 1.0 - LEAST, 0.0, MOST - 1.0), step_s)
    return None if by is None or by.max() < 1.0 + LEAST else Zoom(np.maximum(by, 1.0), floor_y)


def _calm(values: Float64, step_s: float) -> Float64 | None:
    """Values (N,) smoothed, moments left out; None where little is known."""
    from scipy.ndimage import convolve1d, median_filter

    known = np.flatnonzero(np.isfinite(values))
    if len(known) < max(STEADY_FRAMES, 0.5 * len(values)):
        return None
    filled = np.interp(np.arange(len(values)), known, values[known])
    steady = median_filter(filled, size=STEADY_FRAMES, mode="nearest")
    kernel = np.hanning(2 * round(CALM_S / step_s) + 3)[1:-1]
    return np.asarray(convolve1d(steady, kernel / kernel.sum(), mode="nearest"))
