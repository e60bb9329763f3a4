"""Bones as rods: how long they are, and which way they lean from the camera.

A rod of known length leans in depth by what the picture leaves of it; whether towards the camera
or away from it the picture does not say. Metres; z points away.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from danceit.data import JOINT, Bool, Float32, Float64

_NECK, _NOSE = JOINT["neck"], JOINT["nose"]
RODS = (
    (_NECK, 2), (2, 3), (3, 4), (_NECK, 5), (5, 6), (6, 7),
    (8, 9), (9, 10), (11, 12), (12, 13), (_NECK, 8), (_NECK, 11), (8, 11), (_NECK, _NOSE),
)  # fmt: skip
"""Pairs of joints that keep their distance."""
MIRROR_RODS = (3, 4, 5, 0, 1, 2, 8, 9, 6, 7, 11, 10, 12, 13)
"""The same rod of the other side."""
LEAN_M = 0.08
"""Deviation of how much farther than its parent the estimator sees a joint."""
SEEN_M = 0.015
"""Deviation of a bone's length in the picture: bones are seldom seen longer than they are."""
RANGE = np.linspace(0.75, 1.25, 51)
"""Lengths of a bone that are weighed, in the median that the estimator saw."""
TURN_M = 0.06
"""Step in depth, from one frame to the next at 30 a second, that costs as much as one `LEAN_M`."""
_MOST, _MOST_TURN = 9.0, 25.0
"""What a lean that is not as told, and a turn, cost at most: neither is evidence without end."""


@dataclass(frozen=True)
class RodsSeen:
    """The joints of a clip as the picture and the estimator have them; rods are `RODS`.

    Attributes
    ----------
    xy : float64 (T, 14, 2)
        The picture's.
    deep : float64 (T, 14, 3)
        The estimator's, around the hips.
    known : bool (T, R)
        Whether both ends of a rod were seen.
    """

    xy: Float64
    deep: Float64
    known: Bool

    @classmethod
    def of(cls, flat: Float32, deep: Float32, px_per_m: Float64) -> "RodsSeen":
        """See joints (T, 18, 2) of a picture and (T, 18, 3) in metres; NaN where not seen."""
        body = slice(0, 1 + max(max(rod) for rod in RODS))
        seen = np.isfinite(flat[:, body]).all(axis=2) & np.isfinite(deep[:, body]).all(axis=2)
        xy = flat[:, body].astype(np.float64) / px_per_m[:, None, None]
        return cls(
            xy=np.where(seen[..., None], xy, 0.0),
            deep=np.where(seen[..., None], deep[:, body].astype(np.float64), 0.0),
            known=seen[:, np.array(RODS)].all(axis=2),
        )

    @cached_property
    def flat(self) -> Float64:
        """Lengths (T, R) in the picture."""
        first, second = np.array(RODS).T
        lengths: Float64 = np.linalg.norm(self.xy[:, first] - self.xy[:, second], axis=2)
        return lengths

    @cached_property
    def lean(self) -> Float64:
        """How much farther (T, R) the estimator sees a rod's second joint than its first."""
        first, second = np.array(RODS).T
        told: Float64 = self.deep[:, second, 2] - self.deep[:, first, 2]
        return told

    @cached_property
    def told(self) -> Float64:
        """Lengths (T, R) as the estimator has them."""
        first, second = np.array(RODS).T
        lengths: Float64 = np.linalg.norm(self.deep[:, first] - self.deep[:, second], axis=2)
        return lengths


def lengths_of(seen: RodsSeen) -> Float64:
    """Length (R,) of each rod: that on which the picture and the estimator agree best.

    A rod of some length leans by what the picture leaves of it. The sum of how far that is
    from what was told, each frame counting less the farther off it is, is least near the true
    length. Both sides of the body are taken together.
    """
    lengths = np.full(len(RODS), 0.3)
    for number, other in enumerate(MIRROR_RODS):
        both = [number, other]
        known = seen.known[:, both]
        if known.any():
            flat, lean = seen.flat[:, both][known], np.abs(seen.lean[:, both][known])
            tried = RANGE[:, None] * float(np.median(seen.told[:, both][known]))
            left = np.sqrt(np.maximum(tried**2 - flat**2, 0.0))
            missed = ((left - lean) / LEAN_M) ** 2
            missed += (np.maximum(flat - tried, 0.0) / SEEN_M) ** 2
            lengths[number] = tried[int(np.argmin(np.log1p(missed).sum(axis=1))), 0]
    return lengths


def leans_of(seen: RodsSeen, lengths: Float64, step_s: float) -> Float64:
    """How much farther away (T, R) the second joint of each rod is than the first."""
    most = np.sqrt(np.maximum(lengths**2 - seen.flat**2, 0.0))
    signs = _signs(most, np.where(seen.known, seen.lean, 0.0), step_s)
    return np.where(seen.known, signs * most, seen.lean)


def _signs(most: Float64, told: Float64, step_s: float) -> Float64:
    """1 or -1 for each frame and rod (T, N): towards what was told, seldom across.

    The cheapest path over the frames (Viterbi): to lean as told, and not to jump from one side
    to the other but where the bone lies in the picture's plane.
    """
    options = np.stack([-most, most])
    unary = ((options - told) / LEAN_M) ** 2
    unary = np.minimum(unary, _MOST)
    turn = TURN_M * max(step_s * 30, 0.2)
    cost = unary[:, 0]
    came = np.zeros((len(most), 2, most.shape[1]), dtype=np.int64)
    for frame in range(1, len(most)):
        steps = ((options[:, None, frame] - options[None, :, frame - 1]) / turn) ** 2
        ways = cost[None] + np.minimum(steps, _MOST_TURN)
        came[frame] = ways.argmin(axis=1)
        cost = ways.min(axis=1) + unary[:, frame]
    state = cost.argmin(axis=0)
    signs = np.empty(most.shape)
    rods = np.arange(most.shape[1])
    for frame in range(len(most) - 1, -1, -1):
        signs[frame] = 2.0 * state - 1
        state = came[frame, state, rods]
    return signs
