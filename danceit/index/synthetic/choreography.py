"""Keyposes on the beat, and the smooth motion between them.

Moves write keyposes and steps through a `Cue`; `Choreography.motion` joins them.
Between two keyposes every quantity follows the minimum-jerk curve (Flash and Hogan
1985, J. Neurosci. 5(7)), so that what is written at a beat arrives on that beat.
Positions on the stage are (left, forward) in metres, the camera in front at yaw 0.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from danceit.data import Float64
from danceit.index.synthetic.body import SIDES, Build, Motion

HOME_M = 0.105
"""Half the distance of the ankles in an easy stance."""

ARM_POSES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "rest": ((0.20, -1.0, 0.02), (0.12, -1.0, 0.30)),
    "swing forward": ((0.25, -0.90, 0.40), (-0.10, -0.45, 0.88)),
    "swing back": ((0.32, -0.90, -0.38), (0.20, -0.95, 0.15)),
    "frame left": ((0.92, -0.20, 0.30), (0.40, 0.42, 0.80)),
    "frame right": ((0.82, -0.32, 0.45), (-0.40, 0.00, 0.90)),
    "open": ((0.97, -0.12, 0.12), (0.95, 0.05, 0.28)),
    "low open": ((0.75, -0.65, 0.12), (0.75, -0.60, 0.28)),
    "high": ((0.60, 0.78, 0.18), (0.22, 0.95, 0.15)),
    "point up": ((0.74, 0.66, 0.12), (0.70, 0.71, 0.08)),
    "point across": ((0.12, -0.78, 0.60), (-0.58, -0.60, 0.55)),
    "hip": ((0.78, -0.58, -0.25), (-0.60, -0.58, 0.55)),
    "guard": ((0.60, -0.75, 0.28), (-0.10, 0.50, 0.86)),
    "guard low": ((0.62, -0.76, 0.15), (0.05, -0.25, 0.95)),
    "roll up": ((0.42, -0.80, 0.42), (-0.70, 0.28, 0.66)),
    "roll down": ((0.42, -0.80, 0.42), (-0.66, -0.36, 0.66)),
    "clap": ((0.18, -0.66, 0.72), (-0.78, 0.30, 0.54)),
    "push": ((0.40, -0.30, 0.86), (0.00, 0.05, 1.00)),
    "wave up": ((0.92, 0.35, 0.15), (0.90, -0.40, 0.20)),
    "wave level": ((0.98, -0.02, 0.15), (0.95, 0.25, 0.20)),
    "wave down": ((0.90, -0.40, 0.15), (0.88, 0.42, 0.20)),
    "salute": ((0.85, 0.10, 0.50), (-0.60, 0.70, 0.40)),
}
"""Directions of upper arm and forearm: out to the arm's own side, up, forward."""

_TURNS = ("torso", "chest", "head")
_LAG_BEATS = {"chest": 0.04, "head": 0.08}
"""The upper body follows the hips; without this every joint stops at once, like a puppet."""


@dataclass(frozen=True)
class Step:
    """One foot in the air from `lift` to `land` (beats), then planted at `place`."""

    lift: float
    land: float
    place: Float64
    yaw: float
    height: float
    heel: float


@dataclass
class Choreography:
    """Keys written so far, and where the dancer is; see the module docstring.

    Attributes
    ----------
    flow : float
        How much of their speed hips and torso keep through a keypose: 0 stops on the
        beat, 1 glides over it. Knees and arms always stop.
    centre, facing : float64 (2,), float
        Where the next move starts, stage coordinates and yaw.
    """

    build: Build
    flow: float
    centre: Float64 = field(default_factory=lambda: np.zeros(2))
    facing: float = 0.0
    _keys: dict[str, dict[float, Float64]] = field(default_factory=dict)
    _steps: tuple[list[Step], list[Step]] = field(default_factory=lambda: ([], []))

    def __post_init__(self) -> None:
        for index in range(2):
            place = self.stage(HOME_M if index == 0 else -HOME_M, 0.0)
            self._steps[index].append(Step(-9.0, -8.0, place, self.facing, 0.0, 0.0))

    def stage(self, left: float, forward: float) -> Float64:
        """Stage coordinates of a place given from the dancer's centre and facing."""
        return self.centre + turned(left, forward, self.facing)

    def write(self, track: str, beat: float, values: Float64) -> None:
        """Set a keypose; a later one at the same beat replaces it."""
        self._keys.setdefault(track, {})[round(beat, 4)] = values

    def step(self, index: int, step: Step) -> None:
        """Plan a step; it lifts no earlier than the foot's last landing."""
        self._steps[index].append(step)

    def foot(self, index: int, beat: float) -> Float64:
        """Where a foot stands, or is about to land, at a beat."""
        landed = [step for step in self._steps[index] if step.land <= beat + 1e-6]
        return landed[-1].place

    def motion(self, beats: Float64) -> Motion:
        """Evaluate everything at times given in beats, shape (T,)."""
        tracks = {name: self._track(name, beats) for name in ("hips", "drop", *_TURNS)}
        drop = tracks["drop"][:, 0]
        torso = tracks["torso"].copy()
        # Sitting into the knees brings the hips back and the chest forward.
        behind = np.stack([np.sin(torso[:, 0]), np.cos(torso[:, 0])], axis=1)
        hips = tracks["hips"] + (0.03 - 0.35 * drop)[:, None] * behind
        torso[:, 1] += 0.9 * drop
        feet = [self._foot_path(index, beats) for index in range(2)]
        return Motion(
            hips=hips,
            drop=drop,
            torso=torso,
            chest=tracks["chest"],
            head=tracks["head"],
            ankles=np.stack([path for path, _ in feet]),
            toes=np.stack([_pivoted(yaw, torso[:, 0]) for _, yaw in feet]),
            arms=np.stack([self._arm(f"{side} arm", beats) for side in SIDES]),
        )

    def _track(self, name: str, beats: Float64) -> Float64:
        keys, values = self._written(name)
        flow = self.flow if name in ("hips", *_TURNS) else 0.0
        return minimum_jerk(beats - _LAG_BEATS.get(name, 0.0), keys, values, flow)

    def _arm(self, name: str, beats: Float64) -> Float64:
        """Directions (T, 2, 3) of an arm's two bones, turning along great circles."""
        keys, values = self._written(name)
        poses = values.reshape(-1, 2, 3)
        poses = poses / np.linalg.norm(poses, axis=2, keepdims=True)
        share = minimum_jerk(beats, keys, np.arange(keys.size, dtype=np.float64)[:, None], 0.0)
        first = np.clip(share[:, 0].astype(np.int64), 0, max(keys.size - 2, 0))
        last = np.minimum(first + 1, keys.size - 1)
        return along_arc(poses[first], poses[last], (share - first[:, None])[:, :, None])

    def _written(self, name: str) -> tuple[Float64, Float64]:
        order = sorted(self._keys[name])
        return np.array(order), np.array([self._keys[name][beat] for beat in order])

    def _foot_path(self, index: int, beats: Float64) -> tuple[Float64, Float64]:
        """Ankle (T, 3) and yaw (T,) of a foot: planted, or swinging to its next place."""
        steps = self._steps[index]
        path = np.zeros((beats.size, 3))
        yaw = np.full(beats.size, steps[0].yaw)
        path[:] = (steps[0].place[0], self.build.ankle, steps[0].place[1])
        for before, step in pairwise(steps):
            lift = max(step.lift, before.land)
            share = np.clip((beats - lift) / max(step.land - lift, 1e-6), 0.0, 1.0)
            ease = share**3 * (10 - 15 * share + 6 * share**2)
            hump = 64 * share**3 * (1 - share) ** 3
            since = beats >= lift
            place = before.place + ease[:, None] * (step.place - before.place)
            heel = before.heel + ease * (step.heel - before.heel)
            height = self.build.ankle + heel + step.height * hump
            path[since] = np.stack([place[:, 0], height, place[:, 1]], axis=1)[since]
            yaw[since] = (before.yaw + ease * (step.yaw - before.yaw))[since]
        rise = self._track("heels", beats)[:, 0]
        # A raised heel lifts the ankle over the ball of the foot, which stays where it is.
        path[:, 1] += np.maximum(rise, 0.0)
        return path, yaw


@dataclass(frozen=True)
class Cue:
    """A move's hand on the choreography: beats count from the move's start.

    Attributes
    ----------
    side : int
        1 leads with the left, -1 mirrors the move.
    size : float
        0.5 (small, in a verse) to about 1.
    """

    dance: Choreography
    start: float
    side: int
    size: float

    def step(
        self,
        beat: float,
        foot: str,
        left: float,
        forward: float = 0.0,
        *,
        turn: float = 0.0,
        swing: float = 0.75,
        height: float = 0.05,
        heel: float = 0.0,
    ) -> None:
        """Land the ``lead`` or ``trail`` foot on a beat, `left` counted to the lead side."""
        splay = 0.16 if foot == "lead" else -0.16
        yaw = self.dance.facing + self.side * (turn + splay)
        place = self.dance.stage(self.side * left, forward)
        land = self.start + beat
        self.dance.step(self._index(foot), Step(land - swing, land, place, yaw, height, heel))

    def hips(self, beat: float, on: float = 0.5, left: float = 0.0, forward: float = 0.0) -> None:
        """Carry the hips over the feet: `on` is the lead foot's share of the weight."""
        at = self.start + beat
        lead, trail = (self.dance.foot(self._index(foot), at) for foot in ("lead", "trail"))
        offset = turned(self.side * left, forward, self.dance.facing)
        self.dance.write("hips", at, on * lead + (1 - on) * trail + offset)

    def drop(self, beat: float, metres: float) -> None:
        """Sink by bending the knees."""
        self.dance.write("drop", self.start + beat, np.array([metres]))

    def heels(self, beat: float, metres: float) -> None:
        """Rise onto the balls of both feet."""
        self.dance.write("heels", self.start + beat, np.array([metres]))

    def bounce(self, n_beats: int, low: float, high: float) -> None:
        """Down on each beat and up a little after each half."""
        for beat in range(n_beats):
            self.drop(beat, low)
            self.drop(beat + 0.55, high)

    def torso(self, beat: float, yaw: float = 0.0, lean: float = 0.0, tilt: float = 0.0) -> None:
        """Turn, bend forward and bend to the lead side; yaw counts from the facing.

        Bends grow with the size of the move, turns don't: the feet have to follow them.
        """
        facing = self.dance.facing + self.side * yaw
        values = np.array([facing, lean, self.side * self.size * tilt])
        self.dance.write("torso", self.start + beat, values)

    def chest(self, beat: float, yaw: float = 0.0, lean: float = 0.0, tilt: float = 0.0) -> None:
        """Turn the shoulders against the hips."""
        values = np.array([self.side * yaw, lean, self.side * tilt]) * self.size
        self.dance.write("chest", self.start + beat, values)

    def head(self, beat: float, yaw: float = 0.0, nod: float = 0.0, tilt: float = 0.0) -> None:
        """Look to the lead side, nod, tilt."""
        values = np.array([self.side * yaw, nod, self.side * tilt])
        self.dance.write("head", self.start + beat, values)

    def arms(self, beat: float, lead: str, trail: str, *, full: bool = False) -> None:
        """Bring the arms into poses of `ARM_POSES`; small moves stay nearer to rest.

        A hold that cannot be made small is asked for with `full`.
        """
        rest = np.array(ARM_POSES["rest"])
        size = 1.0 if full else min(1.0, 0.3 + 0.7 * self.size)
        for foot, name in (("lead", lead), ("trail", trail)):
            pose = rest + size * (np.array(ARM_POSES[name]) - rest)
            track = f"{SIDES[self._index(foot)]} arm"
            self.dance.write(track, self.start + beat, pose.ravel())

    def travel(self, left: float, forward: float, turn: float = 0.0) -> None:
        """Move the centre that later places are counted from, then turn the facing."""
        self.dance.centre = self.dance.stage(self.side * left, forward)
        self.dance.facing += self.side * turn

    def _index(self, foot: str) -> int:
        return 0 if (foot == "lead") == (self.side > 0) else 1


def _pivoted(toes: Float64, hips: Float64) -> Float64:
    """Yaw of a foot that pivots on its ball where the hips turn further than the leg allows."""
    limit = np.pi / 3
    yaw: Float64 = hips + limit * np.tanh((toes - hips) / limit)
    return yaw


def turned(left: float, forward: float, yaw: float) -> Float64:
    """Stage displacement (2,) of one given in a frame that faces `yaw`."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array([left * cos + forward * sin, forward * cos - left * sin])


def minimum_jerk(at: Float64, keys: Float64, values: Float64, flow: float) -> Float64:
    """Quintic curve through keyposes with no acceleration at them.

    Parameters
    ----------
    at : float64 (T,)
        Outside the keys the first or last keypose holds.
    keys : float64 (K,)
        Increasing.
    values : float64 (K, V)
    flow : float
        Speed kept at inner keyposes, as a share of Catmull and Rom's; 0 rests on them.

    Returns
    -------
    float64 (T, V)
    """
    if keys.size == 1:
        return np.repeat(values, at.size, axis=0)
    speeds = np.zeros_like(values)
    speeds[1:-1] = flow * (values[2:] - values[:-2]) / (keys[2:] - keys[:-2])[:, None]
    first = np.clip(np.searchsorted(keys, at, side="right") - 1, 0, keys.size - 2)
    length = (keys[first + 1] - keys[first])[:, None]
    s = np.clip((at - keys[first])[:, None] / length, 0.0, 1.0)
    ease = s**3 * (10 - 15 * s + 6 * s**2)
    leaving = s - s**3 * (6 - 8 * s + 3 * s**2)
    arriving = -(s**3) * (4 - 7 * s + 3 * s**2)
    curve: Float64 = (
        values[first]
        + ease * (values[first + 1] - values[first])
        + length * (leaving * speeds[first] + arriving * speeds[first + 1])
    )
    return curve


def along_arc(start: Float64, end: Float64, share: Float64) -> Float64:
    """Turn unit vectors a share of the way along the great circle between two, (..., 3)."""
    cos = np.clip((start * end).sum(-1, keepdims=True), -1.0, 1.0)
    angle = np.maximum(np.arccos(cos), 1e-6)
    mixed = np.sin((1 - share) * angle) * start + np.sin(share * angle) * end
    return np.asarray(mixed / np.linalg.norm(mixed, axis=-1, keepdims=True), dtype=np.float64)
