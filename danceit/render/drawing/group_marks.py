"""Who is who in a still of a group: a number over each head, and a plan of where they stand.

The plan is the stage from above, the audience below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from danceit.data import BODY_PX, JOINT, Dance, Float64
from danceit.render.drawing.camera import world
from danceit.render.drawing.scene import Scene
from danceit.render.drawing.text import draw_text
from danceit.render.options import RenderOptions

Picture = npt.NDArray[np.uint8]

_NECK, _HIPS = JOINT["neck"], (JOINT["right_hip"], JOINT["left_hip"])
_NUMBER = 0.055
"""Height of a number, of the picture's."""
_ABOVE = 0.9
"""Of the length from the hips to the neck: so far above the neck it stands, clear of the head."""
_ROOM, _USUAL = 0.75, 0.95
"""Of the plan's width and height that are filled, in that share of the frames."""
_LARGEST = 0.3
"""Body height on the plan, of the plan's height, at most."""


@dataclass(frozen=True)
class GroupMarks:
    """What is written on the pictures of N dancers; NaN where no neck or hip is seen.

    Attributes
    ----------
    heads : float64 (T, N, 2)
        Above them, in the picture.
    places : float64 (T, N, 2)
        On the stage, across and away.
    """

    heads: Float64
    places: Float64

    @classmethod
    def of(cls, scene: Scene, dances: Sequence[Dance]) -> "GroupMarks":
        """Find the dancers of a group in its scene."""
        heads, places = [], []
        for dance, pixels in zip(dances, scene.pixels(), strict=True):
            neck, hips = pixels[:, _NECK], pixels[:, _HIPS].mean(axis=1)
            above = _ABOVE * np.linalg.norm(neck - hips, axis=1)
            heads.append(neck - np.stack([np.zeros_like(above), above], axis=1))
            at = np.clip(np.round(scene.times_s * dance.fps), 0, dance.n_frames - 1)
            stood = world(dance.joints[at.astype(np.int64)])[:, _HIPS][..., [0, 2]]
            places.append(stood.astype(np.float64).mean(axis=1))
        return cls(np.stack(heads, axis=1), np.stack(places, axis=1))

    def number(self, picture: Picture, frame: int, options: RenderOptions) -> None:
        """Write a number over each head."""
        height = _NUMBER * picture.shape[0]
        for number, (x, y) in enumerate(self.heads[frame].tolist(), start=1):
            if np.isfinite([x, y]).all():
                at = (x, max(y, 0.7 * height))
                draw_text(picture, f"{number}", at, height, options.look.ink, anchor="middle",
                          font=options.font)  # fmt: skip

    def plan(self, picture: Picture, frame: int, height: float, options: RenderOptions) -> None:
        """Write the numbers (of a height in pixels) where the dancers stand, seen from above."""
        tall, wide = picture.shape[:2]
        places = self.places[frame] - _middle(self.places[frame])
        for number, (x, z) in enumerate((places * self._scale(wide, tall)).tolist(), start=1):
            if np.isfinite([x, z]).all():
                at = (wide / 2 + x, tall / 2 - z)
                draw_text(picture, f"{number}", at, height, options.look.ink, anchor="middle",
                          font=options.font)  # fmt: skip

    def _scale(self, wide: int, tall: int) -> float:
        """Pixels of the plan for one of the stage: one for all frames, so that they compare."""
        spans = np.fmax.reduce(self.places, axis=1) - np.fmin.reduce(self.places, axis=1)
        across, away = np.maximum(np.nanquantile(spans, _USUAL, axis=0), 1.0)
        return float(min(_ROOM * wide / across, _ROOM * tall / away, _LARGEST * tall / BODY_PX))


def _middle(places: Float64) -> Float64:
    return np.asarray(np.fmax.reduce(places) + np.fmin.reduce(places)) / 2
