"""The equations of a shot, one round of Gauss and Newton at a time; see the package.

Axes: x right, y down, z away; metres.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import Bool, Float64, Int64
from danceit.index.poses.footage.depth.camera import Floor, floor_under, in_flight
from danceit.index.poses.footage.depth.holding import held
from danceit.index.poses.footage.depth.rods import RODS, RodsSeen, leans_of, rods_told
from danceit.index.poses.footage.depth.rows import Rows
from danceit.index.poses.footage.depth.sighting import (
    ANKLES,
    BODY,
    GAP_S,
    HIPS,
    NECK,
    NOSE,
    Sighting,
    Solved,
    levelled,
)

_FACE = (14, 15, 16, 17)
TIGHT_M, LOOSE_M = 0.014, 0.025
"""Deviation of the length of a limb, and of what a spine or a neck that bends lies between."""
_LOOSE = (10, 11, 13)
_LEGS = (6, 7, 8, 9)
_TALL = [10, 6, 7]
"""Rods of trunk, thigh and shank."""
ACCELERATION = 8.0
"""Deviation of a joint's acceleration in depth; metres a second squared."""
GROWTH = 0.8
"""Deviation of the second derivative of the logarithm of the dancer's size; a second squared."""
SIZE = 0.08
"""Deviation of that logarithm from what the estimator says."""
FLOOR_M = 0.01
"""Deviation of the lower foot's height."""
ASKEW = 0.7
"""Share of the angle by which who stands leans in the median that is an estimator's mistake."""
FOLDED, UPRISEN = 0.55, 0.75
"""Height, likewise, up to which somebody is folded up or on the hands, and from which not."""
FOLDED_LEAN_M, FOLDED_HOLD = 0.01, 0.3
"""Deviation from what the estimator says of who is folded up; and how much bones are held then.
Chosen on three views of one take, measured on others (docs/video.md)."""
FOLDED_S = 0.25
"""Deviation of the bell by which one becomes the other."""


@dataclass(frozen=True)
class State:
    """Depth (T, 14) around the hips, and the logarithm (T,) of what `px_per_m` is too small by."""

    depth: Float64
    larger: Float64


class Equations:
    """The equations of one shot; unknowns are a frame's 14 depths and its size, frame by frame."""

    def __init__(self, seen: Sighting, known: Bool) -> None:
        self._seen = seen
        self._known = known
        body = list(BODY)
        self._seen_body = known[:, body]
        filled = np.where(self._seen_body[..., None], seen.flat[:, body], 0.0)
        self._rays: Float64 = filled / seen.focal_px
        self._away: Float64 = seen.focal_px / seen.px_per_m
        self._rods = np.array(RODS, dtype=np.int64)
        self._sight = RodsSeen.of(seen.flat, seen.deep, seen.px_per_m, seen.focal_px)
        self._deep: Float64 = self._sight.deep
        self._rod_seen = self._sight.known
        self._off: Float64 = seen.off_m[:, body]
        self._rod_off: Float64 = np.linalg.norm(self._off[:, self._rods], axis=2)
        self._step_s = seen.step_s
        self._goes_on: Bool = np.diff(seen.times_s) < GAP_S
        self._told = rods_told(self._sight)
        self._lengths = self._told.lengths
        self._wanted: Float64 = self._sight.lean
        self._n_frames = len(seen.flat)
        self._risen = self._how_risen()
        self._flies = self._in_flight()

    @property
    def tall_m(self) -> float:
        """Length of trunk and leg."""
        return float(self._lengths[_TALL].sum())

    def start(self) -> State:
        """Return each bone leaning as far as its length asks, to the side the estimator says."""
        depth = np.zeros(self._rays.shape[:2])
        leans = leans_of(self._sight, self._told, self._step_s, self._goes_on)
        order = [NECK]
        first, second = self._rods.T
        children: dict[int, list[tuple[int, int]]] = {}
        for number, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
            if (a, b) != HIPS:
                children.setdefault(a, []).append((number, b))
        while order:
            joint = order.pop()
            for number, child in children.get(joint, []):
                depth[:, child] = depth[:, joint] + leans[:, number]
                order.append(child)
        depth -= depth[:, HIPS].mean(axis=1, keepdims=True)
        return State(depth, np.zeros(self._n_frames))

    def set_upright(self, trunk: float, legs: float) -> None:
        """Take what is told of leans for turned by most of these angles, of trunk and of legs.

        An estimator sees the whole body lean by some degrees, one way or the other, for a shot.
        """
        angles = np.full(len(RODS), trunk)
        angles[list(_LEGS)] = legs
        first, second = self._rods.T
        down = self._deep[:, second, 1] - self._deep[:, first, 1]
        self._wanted = self._sight.lean - np.tan(ASKEW * angles) * down

    def floor(self, state: State, pitch: float) -> Floor:
        """Find the floor that the lower foot stands on, most of the time."""
        feet = list(ANKLES)
        seen = self._seen_body[:, feet] & ~self._flies[:, None]
        return floor_under(self.joints(state)[:, feet], seen, self._off[:, feet], pitch)

    def step(self, state: State, floor: Floor | None) -> State:
        """One round of Gauss and Newton."""
        from scipy.sparse import coo_matrix, diags
        from scipy.sparse.linalg import spsolve

        rows = Rows(self._n_frames, _UNKNOWN)
        self._hold_rods(rows, state)
        self._lean(rows, state)
        self._flow(rows, state)
        if floor is not None:
            self._stand(rows, state, floor)
        columns, entries, wanted = rows.gathered()
        n_rows, n_unknown = len(wanted), self._n_frames * _UNKNOWN
        index = np.repeat(np.arange(n_rows), columns.shape[1])
        jacobian = coo_matrix(
            (entries.ravel(), (index, columns.ravel())), shape=(n_rows, n_unknown)
        ).tocsr()
        normal = (jacobian.T @ jacobian + diags(np.full(n_unknown, 1e-2))).tocsc()
        moved = spsolve(normal, jacobian.T @ wanted).reshape(self._n_frames, _UNKNOWN)
        return State(state.depth + moved[:, :-1], state.larger + moved[:, -1])

    def placed(self, state: State, floor: Floor) -> Solved:
        """Return the shot on its floor, which is made level."""
        poses = np.full((self._n_frames, 18, 3), np.nan)
        body = self.joints(state)
        nose = self._seen.deep[:, NOSE, 2]
        for joint in _FACE:
            further = self._seen.deep[:, joint, 2] - nose
            poses[:, joint, 2] = body[:, NOSE, 2] + further
        poses[..., :2] = self._seen.flat / self._seen.focal_px * poses[..., 2:]
        body[:, list(ANKLES)] += self._to_floor(body, floor)
        poses[:, list(BODY)] = held(body, self._lengths, self._rod_seen, self._off)
        poses = levelled(poses, floor.pitch)
        poses[~self._known] = np.nan
        return Solved(poses.astype(np.float32), floor.pitch)

    def _to_floor(self, body: Float64, floor: Floor) -> Float64:
        """What is left (T, 2, 3) between feet and floor, as far as the picture is to blame."""
        feet = list(ANKLES)
        left = (floor.height - body[:, feet] @ floor.down) * floor.weights
        blamed = self._off[:, feet] ** 2 / (self._off[:, feet] ** 2 + FLOOR_M**2)
        moved: Float64 = (blamed * left)[..., None] * floor.down
        return moved

    def joints(self, state: State) -> Float64:
        """Joints (T, 14, 3) in the camera's axes."""
        away = (self._away * np.exp(-state.larger))[:, None] + state.depth
        return np.concatenate([self._rays * away[..., None], away[..., None]], axis=2)

    @property
    def _along(self) -> Float64:
        """How a joint moves (T, 14, 3) with its depth."""
        return np.concatenate([self._rays, np.ones((*self._rays.shape[:2], 1))], axis=2)

    def _hold_rods(self, rows: Rows, state: State) -> None:
        first, second = self._rods.T
        joints, along = self.joints(state), self._along
        rod = joints[:, second] - joints[:, first]
        length = np.linalg.norm(rod, axis=2) + 1e-9
        rod /= length[..., None]
        away = self._away * np.exp(-state.larger)
        deviation = np.full(len(self._rods), TIGHT_M)
        deviation[list(_LOOSE)] = LOOSE_M
        across = np.minimum(self._sight.flat / self._lengths, 1.0)
        deviation = np.sqrt(deviation**2 + (self._rod_off * across) ** 2)
        weight = np.where(self._rod_seen, 1 / deviation, 0.0)
        weight *= self._risen + (1 - self._risen) * FOLDED_HOLD
        far, near = ((rod * along[:, end]).sum(axis=2) * weight for end in (second, first))
        grown = (rod * (along[:, first] - along[:, second])).sum(axis=2) * weight
        frame = np.arange(self._n_frames)[:, None]
        grown *= away[:, None]
        rows.add(
            [(frame, second, far), (frame, first, -near), (frame, _SIZE, grown)],
            (self._lengths - length) * weight,
        )
        hips = np.full((self._n_frames, 1), 100.0)
        at = [(frame, np.array([hip]), hips / 2) for hip in HIPS]
        rows.add(at, -100.0 * state.depth[:, HIPS].mean(axis=1, keepdims=True))
        # A neck is the middle of the shoulders, whatever skeleton it came from.
        shoulders = self._seen_body[:, [2, 5]].all(axis=1, keepdims=True) * 100.0
        neck = state.depth[:, [NECK]] - state.depth[:, [2, 5]].mean(axis=1, keepdims=True)
        rows.add(
            [
                (frame, np.array([NECK]), shoulders),
                (frame, np.array([2]), -shoulders / 2),
                (frame, np.array([5]), -shoulders / 2),
            ],
            -shoulders * neck,
        )

    def _lean(self, rows: Rows, state: State) -> None:
        first, second = self._rods.T
        left = self._wanted - (state.depth[:, second] - state.depth[:, first])
        # Cauchy's weights: an estimator that is far off is not followed half of the way.
        lean_m = self._told.noise_m
        doubted = np.sqrt(1 + self._risen * (left / lean_m) ** 2)
        deviation = self._risen * lean_m + (1 - self._risen) * FOLDED_LEAN_M
        weight = np.where(self._rod_seen, 1 / (deviation * doubted), 1e-3)
        frame = np.arange(self._n_frames)[:, None]
        rows.add([(frame, second, weight), (frame, first, -weight)], left * weight)
        size = np.full((self._n_frames, 1), 1 / SIZE)
        rows.add([(frame, _SIZE, size)], -state.larger[:, None] / SIZE)

    def _flow(self, rows: Rows, state: State) -> None:
        if self._n_frames < 3:
            return
        middle = np.arange(1, self._n_frames - 1)[:, None]
        kinds: tuple[tuple[Float64, Int64, float], ...] = (
            (state.depth, np.array(BODY, dtype=np.int64), ACCELERATION),
            (state.larger[:, None], _SIZE, GROWTH),
        )
        for values, columns, deviation in kinds:
            weight: Float64 = np.full((self._n_frames - 2, len(columns)), 1.0)
            weight /= deviation * self._step_s**2
            weight *= (self._goes_on[1:] & self._goes_on[:-1])[:, None]
            bent = values[:-2] - 2 * values[1:-1] + values[2:]
            rows.add(
                [
                    (middle - 1, columns, weight),
                    (middle, columns, -2 * weight),
                    (middle + 1, columns, weight),
                ],
                -bent * weight,
            )

    def _stand(self, rows: Rows, state: State, floor: Floor) -> None:
        feet: Int64 = np.array(ANKLES, dtype=np.int64)
        down = self.joints(state)[:, feet] @ floor.down
        weight = np.sqrt(floor.weights / (FLOOR_M**2 + self._off[:, feet] ** 2))
        lower = self._along[:, feet] @ floor.down * weight
        away = (self._away * np.exp(-state.larger))[:, None]
        frame = np.arange(self._n_frames)[:, None]
        rows.add(
            [
                (frame, feet, lower),
                (frame, _SIZE, -lower * away),
            ],
            (floor.height - down) * weight,
        )

    def _in_flight(self) -> Bool:
        """Frames (T,) in which the dancer leaps, as the picture has it."""
        y = self._sight.xy[:, :, 1]
        trunk, feet = [NECK, *HIPS], list(ANKLES)
        seen = self._seen_body[:, [*trunk, *feet]].all(axis=1)
        at = np.flatnonzero(seen)
        flies: Bool = np.zeros(self._n_frames, dtype=bool)
        if len(at):
            # Frames in which something is hidden lie between their neighbours.
            every = np.arange(self._n_frames)
            body_y = np.interp(every, at, y[at][:, trunk].mean(axis=1))
            feet_y = np.interp(every, at, y[at][:, feet].max(axis=1))
            flies = in_flight(body_y, feet_y, self._step_s) & seen
        return flies

    def _how_risen(self) -> Float64:
        """1 in frames (T, 1) in which the dancer is not folded up, 0 where so, as told."""
        from scipy.ndimage import gaussian_filter1d

        tall = self._deep[:, ANKLES, 1].mean(axis=1) - self._deep[:, NECK, 1]
        share = tall / self._lengths[_TALL].sum()
        seen = np.flatnonzero(self._seen_body[:, [NECK, *ANKLES]].all(axis=1))
        if not len(seen):
            return np.ones((self._n_frames, 1))
        risen = np.clip((share[seen] - FOLDED) / (UPRISEN - FOLDED), 0.0, 1.0)
        filled = np.interp(np.arange(self._n_frames), seen, risen)
        smooth: Float64 = gaussian_filter1d(filled, FOLDED_S / self._step_s, mode="nearest")
        return smooth[:, None]


_SIZE: Int64 = np.array([len(BODY)], dtype=np.int64)
_UNKNOWN = len(BODY) + 1
