"""What all spatial aligners share: find the seams, redraw a window around each.

A subclass only says how a gap is drawn (`fill`); whether frames are hidden, as when
gap filling is measured, or show a cut between two fragments makes no difference to it:
what stands in the gap is never read.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from danceit.align.seams import discontinuities, windows
from danceit.data import SEAM_PX, Dance, Float32, Music
from danceit.errors import InputError


@dataclass(frozen=True)
class SpatialAligner(ABC):
    """Redraws the frames around each discontinuity.

    Attributes
    ----------
    window_frames : int
        Frames that are redrawn around a discontinuity, half of them before it (the paper's ω_a).
    threshold_px : float
        Joint displacement from which two frames count as discontinuous.
    anywhere : bool
        Repair every discontinuity, as the paper does, not those at seams alone.
    """

    name: ClassVar[str]

    window_frames: int = 8
    threshold_px: float = SEAM_PX
    anywhere: bool = False

    def __post_init__(self) -> None:
        if self.window_frames < 1:
            raise InputError(
                f"{self.name}: window_frames must be at least 1; got {self.window_frames}"
            )
        if not self.threshold_px >= 0:
            raise InputError(
                f"{self.name}: threshold_px must not be negative; got {self.threshold_px}"
            )

    @abstractmethod
    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with the frames start..stop drawn anew (see `Filler`)."""

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` with the window around each discontinuity redrawn.

        Joints that are NaN stay NaN; a joint that is unknown at an end of a window, so
        that nothing can be drawn towards, keeps its movement.
        """
        cuts = discontinuities(dance, self.threshold_px, anywhere=self.anywhere)
        gaps = windows(cuts, dance.n_frames, self.window_frames)
        joints = dance.joints.copy()
        # Each window sees only frames that no window redraws.
        edges = [0, *(edge for gap in gaps for edge in gap), dance.n_frames]
        for number, (start, stop) in enumerate(gaps):
            first, last = edges[2 * number], edges[2 * number + 3]
            filled = self.fill(dance.joints[first:last], start - first, stop - first)
            drawn = filled[start - first : stop - first]
            old = dance.joints[start:stop]
            joints[start:stop] = np.where(np.isnan(drawn) | np.isnan(old), old, drawn)
        return dance.with_step("align", self.name, asdict(self), joints=joints)


def check_gap(poses: Float32, start: int, stop: int) -> None:
    """Check that a gap lies within `poses` with a known frame on each side.

    Raises
    ------
    InputError
        Otherwise, with the numbers.
    """
    if not 1 <= start < stop <= len(poses) - 1:
        raise InputError(
            f"a gap needs a frame on each side: expected 1 <= start < stop <= {len(poses) - 1}; "
            f"got {start} and {stop}"
        )
