"""Bones as rods: how long they are, and which way they lean from the camera.

A rod of known length leans in depth by what the picture leaves of it; whether towards the camera
or away from it the picture does not say. Metres; z points away.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

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
SEEN_M = 0.015
"""Deviation of a bone's length in the picture: bones are seldom seen longer than they are."""
RANGE = np.linspace(0.75, 1.25, 51)
"""Lengths of a bone that are weighed, in the median that the estimator saw."""
NOISES = np.array([0.02, 0.03, 0.045, 0.065, 0.09, 0.13, 0.18])
"""Deviations of what the estimator tells of a lean that are weighed; metres."""
ASTRAY = 0.1
"""Likelihood a metre of a lean that has nothing to do with the truth."""
ARMS, LEGS = ((1, 2), (4, 5)), ((6, 7), (8, 9))
"""Upper arms and forearms, thighs and shanks: of the right, of the left."""
KNEE_M, BREADTH_M = 0.03, 0.3
"""Deviation of a knee that seems to bend backwards; and breadth of hips and shoulders together,
in the picture and in depth, from which it is known which way that is."""
DOUBT = 1.5
"""What the noise of leans counts for where sides are chosen: it stays for many frames. Chosen on
made-up dancers and three views of AIST++'s street jazz."""
TURN_M = 0.06
"""Step in depth, from one frame to the next at 30 a second, that costs as much as a lean that is
off by its deviation."""
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
    def of(
        cls, flat: Float32 | Float64, deep: Float32 | Float64, px_per_m: Float64, focal_px: float
    ) -> "RodsSeen":
        """See joints (T, 18, 2) of a picture and (T, 18, 3) in metres; NaN where not seen.

        Pixels count from the picture's middle. A foot under a camera that looks down is farther
        away than the head, and shown smaller by as much: each joint is taken at its own distance.
        """
        body = slice(0, 1 + max(max(rod) for rod in RODS))
        seen = np.isfinite(flat[:, body]).all(axis=2) & np.isfinite(deep[:, body]).all(axis=2)
        space = np.where(seen[..., None], deep[:, body].astype(np.float64), 0.0)
        size = px_per_m[:, None, None] / (1 + space[..., 2:] * px_per_m[:, None, None] / focal_px)
        return cls(
            xy=np.where(seen[..., None], flat[:, body].astype(np.float64), 0.0) / size,
            deep=space,
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


@dataclass(frozen=True)
class RodsTold:
    """What an estimator tells of rods over a clip, taken as a whole.

    Attributes
    ----------
    lengths : float64 (R,)
        Metres.
    noise_m : float
        Deviation of a lean that is told from the true one.
    """

    lengths: Float64
    noise_m: float


def rods_told(seen: RodsSeen) -> RodsTold:
    """Length of each rod and the noise of all leans, on which picture and estimator agree best.

    A rod of some length leans by what the picture leaves of it, to one side or the other. Which
    lengths and which noise make what was told likeliest is looked for on a grid: either side is
    as likely, and some of what is told has nothing to do with the truth. So a rod across the
    line of sight, told to lean by its noise alone, does not seem longer by it. Both sides of the
    body are taken together.
    """
    likely = np.zeros(len(NOISES))
    grids: list[tuple[list[int], Float64, Float64]] = []
    for number, other in enumerate(MIRROR_RODS):
        both = sorted({number, other})
        known = seen.known[:, both]
        if number <= other and known.any():
            flat, lean = seen.flat[:, both][known], seen.lean[:, both][known]
            tried = RANGE * float(np.median(seen.told[:, both][known]))
            grid = _likelihoods(tried, flat, lean)
            likely += grid.max(axis=1)
            grids.append((both, tried, grid))
    best = int(likely.argmax())
    lengths = np.full(len(RODS), 0.3)
    for both, tried, grid in grids:
        lengths[both] = tried[int(grid[best].argmax())]
    return RodsTold(lengths, float(NOISES[best]))


def _likelihoods(tried: Float64, flat: Float64, lean: Float64) -> Float64:
    """Logarithms (noises, lengths) of how likely leans (N,) are told of rods seen so long (N,)."""
    most = np.sqrt(np.maximum(tried[:, None] ** 2 - flat**2, 0.0))
    longer = np.log1p((np.maximum(flat - tried[:, None], 0.0) / SEEN_M) ** 2)
    found = np.empty((len(NOISES), len(tried)))
    # A length in the picture that is a little off makes much of a small lean.
    blurred = (flat * SEEN_M) ** 2 / (most**2 + flat * SEEN_M)
    for number, noise_m in enumerate(NOISES):
        spread = np.sqrt(noise_m**2 + blurred)
        near, far = (((np.abs(lean) - side) / spread) ** 2 / 2 for side in (most, -most))
        one = np.logaddexp(-near, -far) - np.log(2 * spread)
        found[number] = (np.logaddexp(one, np.log(ASTRAY)) - longer).sum(axis=1)
    return found


def leans_of(seen: RodsSeen, told: RodsTold, step_s: float, goes_on: Bool | None = None) -> Float64:
    """How much farther away (T, R) the second joint of each rod is than the first.

    Both rods of an arm or a leg are looked at together: where a hand is told to be says something
    of both, and knees bend forwards.

    Parameters
    ----------
    step_s : float
        Time from one frame to the next.
    goes_on : bool (T - 1,), optional
        Whether a frame follows the one before without a gap; by default each does.
    """
    most = np.sqrt(np.maximum(told.lengths**2 - seen.flat**2, 0.0))
    wanted = np.where(seen.known, seen.lean, 0.0)
    noise_m = DOUBT * told.noise_m
    leans = most.copy()
    goes_on = np.ones(max(0, len(most) - 1), dtype=bool) if goes_on is None else goes_on
    alone = sorted(set(range(len(RODS))) - {rod for limb in (*ARMS, *LEGS) for rod in limb})
    for limb in (*((rod,) for rod in alone), *ARMS, *LEGS):
        # Each way (S, P, T) in which the rods of a limb may lean.
        sides = np.array(list(product((-1.0, 1.0), repeat=len(limb))))
        ways = sides[:, :, None] * most.T[[*limb]]
        missed = (ways - wanted.T[[*limb]]) / noise_m
        cost = np.minimum(missed**2, _MOST).sum(axis=1)
        if len(limb) > 1:
            cost += np.minimum(missed.sum(axis=1) ** 2, _MOST)
        if limb in LEGS:
            cost += _bent_back(seen, limb, ways)
        leans[:, [*limb]] = _cheapest(ways, cost, step_s, goes_on)
    return np.where(seen.known, leans, seen.lean)


def _bent_back(seen: RodsSeen, leg: tuple[int, int], ways: Float64) -> Float64:
    """Cost (S, T) of a knee that is behind the line from hip to ankle.

    Parameters
    ----------
    leg : tuple of int
        Thigh and shank, of `RODS`.
    ways : float64 (S, 2, T)
        Leans of both.
    """
    thigh, shank = leg
    hip, knee, ankle = RODS[thigh][0], RODS[thigh][1], RODS[shank][1]
    forward = _forward(seen)
    x = seen.xy[:, knee, 0] - (seen.xy[:, hip, 0] + seen.xy[:, ankle, 0]) / 2
    z = (ways[:, 0] - ways[:, 1]) / 2
    ahead = x * forward[:, 0] + z * forward[:, 1]
    known = seen.known[:, [thigh, shank]].all(axis=1)
    return np.where(known, np.minimum((np.minimum(ahead, 0.0) / KNEE_M) ** 2, _MOST), 0.0)


def _forward(seen: RodsSeen) -> Float64:
    """Which way (T, 2) the dancer faces, x and z; shorter where that is hardly known."""
    hips, shoulders = (8, 11), (2, 5)
    across = np.zeros((len(seen.xy), 2))
    for right, left in (hips, shoulders):
        across[:, 0] += seen.xy[:, left, 0] - seen.xy[:, right, 0]
        across[:, 1] += seen.deep[:, left, 2] - seen.deep[:, right, 2]
    forward = np.stack([across[:, 1], -across[:, 0]], axis=1)
    breadth = np.linalg.norm(forward, axis=1, keepdims=True)
    ahead: Float64 = forward / np.maximum(breadth, BREADTH_M)
    return ahead


def _cheapest(ways: Float64, cost: Float64, step_s: float, goes_on: Bool) -> Float64:
    """Leans (T, P) on the cheapest path over the frames (Viterbi).

    To lean as told, and not to jump from one side to the other but where the bone lies in
    the picture's plane.

    Parameters
    ----------
    ways : float64 (S, P, T)
    cost : float64 (S, T)
        Of each by itself.
    """
    turn = TURN_M * max(step_s * 30, 0.2)
    steps = ((ways[:, None, :, 1:] - ways[None, :, :, :-1]) / turn) ** 2
    turned = np.minimum(steps, _MOST_TURN).sum(axis=2) * goes_on
    best, came = cost[:, 0], []
    for frame in range(1, cost.shape[1]):
        through = best + turned[..., frame - 1]
        came.append(through.argmin(axis=1))
        best = through.min(axis=1) + cost[:, frame]
    path = [int(best.argmin())]
    for origin in reversed(came):
        path.append(int(origin[path[-1]]))
    leans: Float64 = ways[path[::-1], :, np.arange(cost.shape[1])]
    return leans
