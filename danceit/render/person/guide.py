"""What stands behind a painted person: the clean background or, guided, the nearest frame.

A little footage teaches little. Where a target's own frames show nearly the pose that is
asked for, the person of that frame carried to the pose (as footage is at a seam) is a better
beginning than nothing: the generator sees it, and what it does not paint over stays.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import BODY_PX, Float32, Float64
from danceit.errors import InputError
from danceit.render.footage.morph import carried, spread
from danceit.render.footage.outline import outline
from danceit.render.person.posing import nearest
from danceit.render.person.target import BACKGROUND, Target, describe, read_picture

Picture = npt.NDArray[np.uint8]
Behind = Callable[[Float32], Picture]
"""From a pose (18, 2) in pixels of the target's pictures to what stands behind it."""

APART_S = 1.0
"""In training, frames this near in time guide nothing: at rendering there are none."""


class Guide:
    """The training frame of the nearest pose, its person carried to a pose.

    Parameters
    ----------
    target : Target
        Frames after its training part are never shown.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known: Float64 = target.joints[: target.about.n_train].astype(np.float64)
        self._background = target.background.astype(np.float32)
        self._unit = target.about.placing.body_px / BODY_PX
        self._apart: dict[int, int] = {}

    def nearest(self, pose: Float32) -> int:
        """Number of the training frame whose pose is nearest."""
        found, _ = nearest(pose[None].astype(np.float64), self._known)
        return int(found[0])

    def apart(self, index: int) -> int:
        """The nearest training frame to frame `index` that is not its neighbour in time."""
        if index not in self._apart:
            times = self._target.times_s
            known = self._known.copy()
            near = np.abs(times[: len(known)] - times[index]) <= APART_S
            if not near.all():
                known[near] = np.nan
            asked = self._target.joints[index][None].astype(np.float64)
            self._apart[index] = int(nearest(asked, known)[0][0])
        return self._apart[index]

    def picture(self, pose: Float32, index: int) -> Picture:
        """The person of training frame `index` carried to a pose, over the clean background."""
        size = self._target.about.size
        asked = pose.astype(np.float64)
        flow = spread(self._known[index], asked, asked, (size, size))
        share = outline(asked, (size, size), self._unit)[..., None].astype(np.float32) / 255
        person = carried(self._target.frames[index], flow, 1.0)
        mixed = self._background + share * (person - self._background)
        return np.asarray(np.round(mixed), dtype=np.uint8)

    def behind(self, pose: Float32) -> Picture:
        """What guides a pose: the nearest frame.

        To go on in the footage while it is nearly as near was tried: the picture is no calmer,
        and 0.5 dB worse.
        """
        return self.picture(pose, self.nearest(pose))


def behind_for(folder: Path, *, guided: bool) -> Behind:
    """What stands behind a person rendered from `folder`.

    Raises
    ------
    InputError
        If the folder lacks the frames that guide.
    """
    if guided:
        return Guide(Target.load(folder)).behind
    size = describe(folder).size
    try:
        return still(read_picture(folder / BACKGROUND, size))
    except (OSError, ValueError) as exc:
        raise InputError(f"{folder} is damaged: {exc}; prepare the person again") from exc


def still(background: Picture) -> Behind:
    """The same picture behind every pose."""
    return lambda _: background
