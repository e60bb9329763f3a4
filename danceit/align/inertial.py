"""`inertial`: keep both fragments' own movement and let their disagreement die away.

Inertialisation (Bollo, GDC 2018) adds to the new movement an offset that takes over
position and velocity of the old one at the cut and decays to nothing. Here the
disagreement is shared: the old movement bends towards the new one before the cut, the
new one comes from the old one after it. No frame is thrown away, so that steps
and accents near the seam survive.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from danceit.align.bones import disagreement, whole
from danceit.align.learned import LearnedAligner
from danceit.align.spatial import SpatialAligner, discontinuities
from danceit.align.velocity import end_velocities
from danceit.data import Dance, Float32, Float64, Music


@dataclass(frozen=True)
class InertialAligner(SpatialAligner):
    """Bend both sides of each discontinuity towards each other.

    Attributes
    ----------
    window_frames : int
        Frames over which the disagreement dies away, half of them on each side.
    bones : bool
        With depth, turn bones towards each other rather than move joints, so that no
        limb shrinks on the way (`danceit.align.bones`).
    """

    name: ClassVar[str] = "inertial"
    filled_by: ClassVar[str] = "learned"

    window_frames: int = 16
    bones: bool = True

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return `dance` with an offset that fades away added around each discontinuity."""
        cuts = discontinuities(dance, self.threshold_px, anywhere=self.anywhere)
        joints = dance.joints.copy()
        edges = [0, *cuts.tolist(), dance.n_frames]
        for number, cut in enumerate(cuts.tolist()):
            first, last = edges[number], edges[number + 2]
            # Up to half of the frames to the next cut, so that offsets never meet.
            n_before = _reach(self.window_frames, cut - first)
            n_after = _reach(self.window_frames, last - cut)
            around = slice(cut - n_before, cut + n_after)
            sides, at = dance.joints[first:last], cut - first
            drawn = dance.joints[around] + _faded(*_disagreement(sides, at), n_before, n_after)
            if self.bones and dance.dims == 3:
                by = _faded(*disagreement(sides, at), n_before, n_after)
                drawn = whole(dance.joints[around], by, drawn)
            joints[around] = drawn
        return replace(dance, joints=joints)

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with start..stop drawn as `learned` draws them.

        In a gap there is no movement of its own to keep, and nothing to bend: what the rest
        of the movement shows in the same situation is the best that is known of it.
        """
        return LearnedAligner().fill(poses, start, stop)


def fading(offset: Float64, velocity: Float64, n_frames: int) -> Float64:
    """Offset (n_frames, J, C) that starts at `offset` with `velocity` and ends at rest at 0.

    The quintic with no acceleration at its start and none of anything at its end; it
    stands half a frame after the cut at its first frame.
    """
    speed = velocity * n_frames
    u = ((np.arange(n_frames) + 0.5) / n_frames)[:, None, None]
    held = 1 - u**3 * (u * (6 * u - 15) + 10)
    moving = u - u**3 * (6 - 8 * u + 3 * u**2)
    curve: Float64 = held * offset + moving * speed
    return curve


def _faded(jump: Float64, change: Float64, n_before: int, n_after: int) -> Float64:
    """Offsets (n_before + n_after, J, C) that bring both sides of a cut together."""
    before = fading(jump / 2, -change / 2, n_before)[::-1]
    return np.concatenate([before, -fading(jump / 2, change / 2, n_after)])


def _reach(window_frames: int, room: int) -> int:
    return max(1, min(window_frames // 2, room // 2))


def _disagreement(poses: Float32, cut: int) -> tuple[Float64, Float64]:
    """Gap in position half-way between the frames at a cut, and in velocity there.

    Joints unknown on either side disagree in nothing.
    """
    leaving, arriving = end_velocities(poses, cut, cut)
    jump = (poses[cut] - 0.5 * arriving) - (poses[cut - 1] + 0.5 * leaving)
    known = ~np.isnan(jump)
    change = arriving - leaving
    return np.where(known, jump, 0.0), np.where(known & ~np.isnan(change), change, 0.0)
