"""A dance shown by a trained person, as a sequence of pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit import __version__
from danceit.data import Dance
from danceit.errors import InputError
from danceit.render.drawing.scene import Scene
from danceit.render.drawing.text import draw_text
from danceit.render.footage.surroundings import Surroundings
from danceit.render.options import RenderOptions
from danceit.render.person.building import load_trained
from danceit.render.person.guide import behind_for
from danceit.render.person.painting import device_for, paint
from danceit.render.person.posing import on_target
from danceit.render.person.target import describe

Picture = npt.NDArray[np.uint8]

NOTE = "synthetic"
NOTE_PX = 12.0
"""Smallest size of its letters: in a small picture it must be read as well."""


class PersonScene(Scene):
    """Pictures of one dance by the person in `RenderOptions.person`.

    Frames are painted as they are asked for, in order; asked for out of order, painting
    starts anew there.

    Raises
    ------
    InputError
        If there are several dances, or the folder is no trained person.
    """

    def __init__(
        self, dances: Sequence[Dance], options: RenderOptions, song_s: float | None = None
    ) -> None:
        super().__init__(dances, options, song_s)
        if len(dances) != 1:
            raise InputError(f"a person dances one dance at a time; got {len(dances)}")
        folder = Path(options.person)
        self._about = describe(folder)
        self._device = device_for(options.device)
        self._trained = load_trained(folder, self._device)
        size = self._trained.config.size
        if size != self._about.size:
            raise InputError(
                f"{folder} was trained at {size} px and prepared anew at {self._about.size}: "
                "train it again"
            )
        self._folder = folder
        self._joints = on_target(self._dancers[0].joints, self._about.placing)
        self._surroundings = Surroundings(options)
        self._painter: Iterator[Picture] = iter(())
        self._next = -1
        self._last: Picture | None = None
        name = self._about.consent.name
        self.tags = {
            "comment": f"Synthetic video made by danceit {__version__}: {name} did not dance this. "
            f"Shown with their consent."
        }

    def _stage(self, picture: Picture, index: int) -> None:
        painted = self._painted(index)
        width, height = self.options.frame_size
        scale = min(width, height) / len(painted)
        left, top = (width - scale * len(painted)) / 2, (height - scale * len(painted)) / 2
        placing = np.array([[scale, 0.0, left], [0.0, scale, top]])
        np.copyto(picture, self._surroundings.compose(painted, placing))

    def _figures(self, picture: Picture, index: int) -> None:
        """Write the note that says what this is; the person is painted with the floor."""
        if not self.options.synthetic_note:
            return
        unit = min(picture.shape[:2]) / 512
        size = max(NOTE_PX, 12 * unit)
        at = (picture.shape[1] - 0.8 * size, 1.2 * size)
        font = self.options.font
        shadow = (at[0] + max(1.0, unit), at[1] + max(1.0, unit))
        draw_text(picture, NOTE, shadow, size, (0, 0, 0), anchor="right", font=font)
        draw_text(picture, NOTE, at, size, (255, 255, 255), anchor="right", font=font)

    def _painted(self, index: int) -> Picture:
        if self._last is not None and index == self._next - 1:
            return self._last
        if index != self._next:
            poses = iter(self._joints[index : self.n_danced])
            behind = behind_for(self._folder, guided=self._trained.config.guided)
            self._painter = paint(self._trained, poses, behind, device=self._device)
        self._last = next(self._painter)
        self._next = index + 1
        return self._last
