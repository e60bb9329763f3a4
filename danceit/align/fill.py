"""`fill`: draw joints that the sources lost for a moment.

Sources keep what was lost for more than a sixth of a second unknown, and a dance made
from them shows it so. Here somebody asks for it to be drawn: by `learned`, from
the rest of the dance. Nothing is drawn across a seam, where there is no one movement.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np

from danceit.align.learned import LearnedAligner
from danceit.data import Bool, Dance, Music
from danceit.errors import InputError


@dataclass(frozen=True)
class FillAligner:
    """Draw joints that are unknown for a while within one fragment.

    Attributes
    ----------
    max_frames : int
        Longest gap that is drawn, frames; longer ones stay unknown.
    """

    name: ClassVar[str] = "fill"

    max_frames: int = 24

    def __post_init__(self) -> None:
        if self.max_frames < 1:
            raise InputError(f"fill: max_frames must be at least 1; got {self.max_frames}")

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` with gaps drawn; what is known stays exactly as it is."""
        lost = np.isnan(dance.joints).any(axis=2)
        anyone = lost[:, ~lost.all(axis=0)].any(axis=1)
        fill = LearnedAligner().fill_for(dance, _runs(anyone))
        joints = dance.joints.copy()
        for first, last in pairwise([0, *dance.seams.tolist(), dance.n_frames]):
            together: dict[tuple[int, int], list[int]] = {}
            for joint in range(lost.shape[1]):
                for start, stop in _runs(lost[first:last, joint]):
                    if start > 0 and stop < last - first and stop - start <= self.max_frames:
                        together.setdefault((start, stop), []).append(joint)
            for (start, stop), missing in together.items():
                drawn = fill(dance.joints[first:last], start, stop)[start:stop, missing]
                joints[first + start : first + stop, missing] = drawn
        return replace(dance, joints=joints)


def _runs(wanted: Bool) -> list[tuple[int, int]]:
    """Stretches (start, stop), half-open, in which `wanted` (T,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
