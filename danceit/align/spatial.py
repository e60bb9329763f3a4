"""What all spatial aligners share: find the seams, redraw a window around each.

A subclass only says how a gap is drawn (`fill`); whether frames are hidden, as when
gap filling is measured, or show a cut between two fragments makes no difference to it:
what stands in the gap is never read.

A discontinuity stands *before* frame t when some joint moves more than a threshold
between frames t - 1 and t. A window is a half-open stretch of frames to redraw; the
frames just outside it are its ends and stay as they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from danceit.data import SEAM_PX, Dance, Float32, Float64, Int64, Music
from danceit.errors import InputError
from danceit.movement import largest_step

_DOUBLINGS = 2

Fill = Callable[[Float32, int, int], Float32]
"""`Filler.fill` as a function."""


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

    def fill_for(self, dance: Dance, gaps: Sequence[tuple[int, int]]) -> Fill:
        """Return the `fill` for the gaps of one dance; a chance to look at all of it first."""
        return self.fill

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` with the window around each discontinuity redrawn.

        Where the dancer moves so fast that this leaves a discontinuity no smaller, its
        window is doubled, twice at most, and as a last resort drawn straight. Joints
        that are NaN stay NaN; a joint that is unknown at an end of a window, so that
        nothing can be drawn towards, keeps its movement.
        """
        cuts = discontinuities(dance, self.threshold_px, anywhere=self.anywhere)
        before = largest_step(dance.joints)[cuts]
        widths = np.full(len(cuts), self.window_frames)
        gaps = windows(cuts, dance.n_frames, widths)
        joints = self._redrawn(dance, gaps)
        for attempt in range(_DOUBLINGS + 1):
            worse = largest_step(joints)[cuts] >= before
            if not worse.any():
                break
            if attempt == _DOUBLINGS:
                rest = cuts[worse]
                gaps = [gap for gap in gaps if ((rest >= gap[0]) & (rest <= gap[1])).any()]
                _put(joints, gaps, dance.joints, _straight_fill)
                break
            widths[worse] *= 2
            gaps = windows(cuts, dance.n_frames, widths)
            joints = self._redrawn(dance, gaps)
        return replace(dance, joints=joints)

    def _redrawn(self, dance: Dance, gaps: list[tuple[int, int]]) -> Float32:
        """Joints of `dance` with these windows redrawn."""
        joints = dance.joints.copy()
        _put(joints, gaps, dance.joints, self.fill_for(dance, gaps))
        return joints


def _put(joints: Float32, gaps: list[tuple[int, int]], old: Float32, fill: Fill) -> None:
    """Write the gaps as `fill` draws them into `joints`, but for what is unknown."""
    # Each window sees only frames that no window redraws.
    edges = [0, *(edge for gap in gaps for edge in gap), len(old)]
    for number, (start, stop) in enumerate(gaps):
        first, last = edges[2 * number], edges[2 * number + 3]
        filled = fill(old[first:last], start - first, stop - first)
        drawn, was = filled[start - first : stop - first], old[start:stop]
        joints[start:stop] = np.where(np.isnan(drawn) | np.isnan(was), was, drawn)


def _straight_fill(poses: Float32, start: int, stop: int) -> Float32:
    filled = poses.copy()
    filled[start:stop] = straight(poses[start - 1], poses[stop], stop - start)
    return filled


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


def straight(before: Float32, after: Float32, n_frames: int) -> Float64:
    """Frames on the line between two poses (J, C), both exclusive; the paper's F(p).

    Returns
    -------
    float64 (n_frames, J, C)
    """
    share = np.arange(1, n_frames + 1, dtype=np.float64)[:, None, None] / (n_frames + 1)
    line: Float64 = (1 - share) * before + share * after
    return line


def discontinuities(dance: Dance, threshold_px: float, *, anywhere: bool) -> Int64:
    """Frames before which the dance is discontinuous, increasing.

    Parameters
    ----------
    dance : Dance
    threshold_px : float
        DanceIt IV-C takes 10 px.
    anywhere : bool
        The paper's rule looks at every frame; otherwise only seams are looked at, so
        that the dancer's own fast movements are left alone.
    """
    steps = largest_step(dance.joints)
    candidates = np.arange(1, dance.n_frames) if anywhere else np.unique(dance.seams)
    return candidates[steps[candidates] > threshold_px].astype(np.int64)


def windows(cuts: Int64, n_frames: int, widths: Int64) -> list[tuple[int, int]]:
    """Windows of so many frames around each cut, clipped to the dance.

    Between two windows at least one frame stays, the end of both; a cut within a window,
    or at its end, needs none of its own. So a movement that is fast throughout keeps
    every fifth frame under the paper's rule, rather than becoming one long line.
    """
    found: list[tuple[int, int]] = []
    kept = 0
    for cut, width in zip(cuts.tolist(), widths.tolist(), strict=True):
        start = max(kept + 1, cut - width // 2)
        stop = min(n_frames - 1, cut - width // 2 + width)
        if start <= cut and start < stop:
            found.append((start, stop))
            kept = stop
    return found
