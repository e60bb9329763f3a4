"""Depth from one camera: what the picture leaves open, solved over a whole clip.

From one camera the picture is what is known: each joint lies on the ray from the lens through its
place in the picture. What is solved for is how far along, by least squares over all frames of
a clip at once:

- bones keep one length: that on which the picture and the estimator agree best over the clip;
- a bone leans towards the camera or away from it as the estimator says, by about as much; how
  closely it is followed depends on how far off it is where the picture leaves one answer;
- depth and distance change smoothly;
- the lower foot stands on one floor.

A picture is off by a centimetre or two itself. A bone that lies across the line of sight is held
less for it: the little that it is seen too short would turn it far. What is left in the end is
taken out by moving joints in the picture too, by under a hundredth of a body (`holding`).

That is too much to ask of somebody who is folded up or on the hands: joints are hidden there, the
picture is often wrong, and what bones of one length make of it is worse than what the estimator
told. So where nobody stands its own depth is followed closely, and bones are held less.

The floor is seen from a camera that may look down. Its pitch is taken from the feet where
the dancer comes and goes, and else from the dancer, who stands upright on the whole. At
the end the clip is turned by it, as one, about the camera: y points down and the floor is
level, and seen from the camera that filmed it the dancer is where the picture has them.

Axes: x right, y down, z away; metres.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import JOINT, Bool, Float32, Float64, Int64
from danceit.index.poses.footage.holding import held
from danceit.index.poses.footage.rods import RODS, RodsSeen, leans_of, rods_told
from danceit.index.poses.footage.rows import Rows

BODY = tuple(range(14))
"""Nose, neck, arms and legs of COCO-18; eyes and ears follow the nose."""
_FACE = (14, 15, 16, 17)
_FEET = (JOINT["right_ankle"], JOINT["left_ankle"])
_HIPS = (JOINT["right_hip"], JOINT["left_hip"])
_NECK, _NOSE = JOINT["neck"], JOINT["nose"]
TIGHT_M, LOOSE_M = 0.014, 0.025
"""Deviation of the length of a limb, and of what a spine or a neck that bends lies between."""
PICTURE_M = 0.02
"""Deviation of a rod's length in the picture. AIST++'s street jazz at its true depth has bones that
differ by 5 %, a centimetre and a half. Chosen on its three views and on made-up dancers."""
_LOOSE = (10, 11, 13)
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
JUMP_M = 0.05
"""Height over the floor from which a foot rather jumps, and counts little."""
UPRIGHT = np.deg2rad(4.0)
"""Deviation of the camera's pitch from that in which the dancer stands upright."""
STEEPEST = np.deg2rad(35.0)
"""Largest pitch that is believed."""
LEVEL = np.deg2rad(8.0)
"""Deviation of a camera's pitch from none."""
STANDING = 0.85
"""Height of the neck over the feet, in the length of trunk and leg, of one who stands."""
FOLDED, UPRISEN = 0.55, 0.75
"""Height, likewise, up to which somebody is folded up or on the hands, and from which not."""
FOLDED_LEAN_M, FOLDED_HOLD = 0.04, 0.3
"""Deviation from what the estimator says of who is folded up; and how much bones are held then.
Chosen on three views of one take, measured on others (docs/video.md)."""
FOLDED_S = 0.25
"""Deviation of the bell by which one becomes the other."""
STANDING_S = 1.0
"""Time for which the dancer must stand to say where upright is."""
TOLD_M, TOLD_S = 0.06, 1.0
"""Deviation of feet on a floor that is only looked for, and time after which they tell more."""
FREE_ROUNDS, ROUNDS = 4, 8
SETTLED_M = 5e-4
"""Largest mean change of depth in a round at which the solution stands."""
FEWEST_FRAMES = 8


@dataclass(frozen=True)
class Sighting:
    """One clip of one dancer as an estimator saw it: T frames without a cut.

    Attributes
    ----------
    flat : float64 (T, 18, 2)
        Pixels from the middle of the picture; NaN where not seen.
    deep : float64 (T, 18, 3)
        Metres around the hips; NaN where not seen.
    px_per_m : float64 (T,)
        Pixels of a metre at the dancer's distance, roughly.
    times_s : float64 (T,)
    focal_px : float
    """

    flat: Float64
    deep: Float64
    px_per_m: Float64
    times_s: Float64
    focal_px: float


@dataclass(frozen=True)
class Solved:
    """A clip in space.

    Attributes
    ----------
    poses : float32 (T, 18, 3)
        On a level floor; NaN where not seen.
    pitch : float
        Radians by which the camera looks down.
    """

    poses: Float32
    pitch: float


def solved(seen: Sighting) -> Solved | None:
    """Solve a clip for depth; None where too little was seen of the body to do so."""
    known = np.isfinite(seen.flat).all(axis=2) & np.isfinite(seen.deep).all(axis=2)
    whole = known[:, BODY].sum(axis=1) >= 8
    if whole.sum() < FEWEST_FRAMES:
        return None
    problem = _Problem(seen, known)
    state = problem.start()
    for _ in range(FREE_ROUNDS):
        state = problem.step(state, None)
    # Once only: feet that were put on a floor would bear out whatever pitch it had.
    pitch = problem.pitch(state)
    for _ in range(ROUNDS):
        after = problem.step(state, problem.floor(state, pitch))
        moved = float(np.abs(after.depth - state.depth).mean())
        state = after
        if moved < SETTLED_M:
            break
    return problem.placed(state, pitch)


@dataclass(frozen=True)
class _State:
    """Depth (T, 14) around the hips, and the logarithm (T,) of what `px_per_m` is too small by."""

    depth: Float64
    larger: Float64


@dataclass(frozen=True)
class _Floor:
    """Level `height` metres under a camera that looks down by `pitch`; weights (T, 2) of feet."""

    pitch: float
    height: float
    weights: Float64


class _Problem:
    """The equations of one clip; unknowns are a frame's 14 depths and its size, frame by frame."""

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
        self._step_s = float(np.median(np.diff(seen.times_s)))
        self._told = rods_told(self._sight)
        self._lengths = self._told.lengths
        self._n_frames = len(seen.flat)
        self._risen = self._how_risen()

    def start(self) -> _State:
        """Return each bone leaning as far as its length asks, to the side the estimator says."""
        depth = np.zeros(self._rays.shape[:2])
        leans = leans_of(self._sight, self._told, self._step_s)
        order = [_NECK]
        first, second = self._rods.T
        children: dict[int, list[tuple[int, int]]] = {}
        for number, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
            if (a, b) != _HIPS:
                children.setdefault(a, []).append((number, b))
        while order:
            joint = order.pop()
            for number, child in children.get(joint, []):
                depth[:, child] = depth[:, joint] + leans[:, number]
                order.append(child)
        depth -= depth[:, _HIPS].mean(axis=1, keepdims=True)
        return _State(depth, np.zeros(self._n_frames))

    def pitch(self, state: _State) -> float:
        """How far the camera looks down: the dancer stands upright, the feet at one height."""
        joints = self._placed(state)
        upright, sure = self._upright(joints)
        pitch = upright * LEVEL**2 / (LEVEL**2 + UPRIGHT**2) if sure else 0.0
        for _ in range(6):
            floor = self.floor(state, pitch)
            feet = joints[:, _FEET, 1:]
            told = floor.weights * self._step_s / TOLD_S / TOLD_M**2
            if not told.any():
                break
            feet = feet - (told[..., None] * feet).sum(axis=(0, 1)) / told.sum()
            down = feet @ (np.cos(pitch), np.sin(pitch))
            slope = feet @ (-np.sin(pitch), np.cos(pitch))
            gain = (told * slope**2).sum() + sure / UPRIGHT**2 + 1 / LEVEL**2
            wanted = sure * (upright - pitch) / UPRIGHT**2 - pitch / LEVEL**2
            pitch += (wanted - (told * slope * down).sum()) / gain
            pitch = float(np.clip(pitch, -STEEPEST, STEEPEST))
        return pitch

    def floor(self, state: _State, pitch: float) -> _Floor:
        """Find the floor that the lower foot stands on, most of the time."""
        feet = self._placed(state)[:, _FEET, 1:]
        seen = self._seen_body[:, _FEET]
        down = feet @ (np.cos(pitch), np.sin(pitch))
        lower = seen & (down >= np.where(seen, down, -np.inf).max(axis=1, keepdims=True))
        if not lower.any():
            return _Floor(pitch, 0.0, np.zeros_like(down))
        height = float(np.quantile(down[lower], 0.7))
        for _ in range(6):
            weights = np.where(lower, 1 / (1 + ((height - down) / JUMP_M) ** 2) ** 2, 0.0)
            height = float((weights * down).sum() / weights.sum())
        return _Floor(pitch, height, weights)

    def step(self, state: _State, floor: _Floor | None) -> _State:
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
        return _State(state.depth + moved[:, :-1], state.larger + moved[:, -1])

    def placed(self, state: _State, pitch: float) -> Solved:
        """Return the clip, turned by the camera's pitch."""
        poses = np.full((self._n_frames, 18, 3), np.nan)
        body = self._placed(state)
        nose = self._seen.deep[:, _NOSE, 2]
        for joint in _FACE:
            further = self._seen.deep[:, joint, 2] - nose
            poses[:, joint, 2] = body[:, _NOSE, 2] + further
        poses[..., :2] = self._seen.flat / self._seen.focal_px * poses[..., 2:]
        poses[:, list(BODY)] = held(body, self._lengths, self._rod_seen)
        cos, sin = np.cos(pitch), np.sin(pitch)
        down, forward = poses[..., 1].copy(), poses[..., 2].copy()
        poses[..., 1] = cos * down + sin * forward
        poses[..., 2] = cos * forward - sin * down
        poses[~self._known] = np.nan
        return Solved(poses.astype(np.float32), float(pitch))

    def _placed(self, state: _State) -> Float64:
        """Joints (T, 14, 3) in the camera's axes."""
        away = (self._away * np.exp(-state.larger))[:, None] + state.depth
        return np.concatenate([self._rays * away[..., None], away[..., None]], axis=2)

    @property
    def _along(self) -> Float64:
        """How a joint moves (T, 14, 3) with its depth."""
        return np.concatenate([self._rays, np.ones((*self._rays.shape[:2], 1))], axis=2)

    def _hold_rods(self, rows: Rows, state: _State) -> None:
        first, second = self._rods.T
        joints, along = self._placed(state), self._along
        rod = joints[:, second] - joints[:, first]
        length = np.linalg.norm(rod, axis=2) + 1e-9
        rod /= length[..., None]
        away = self._away * np.exp(-state.larger)
        deviation = np.full(len(self._rods), TIGHT_M)
        deviation[list(_LOOSE)] = LOOSE_M
        across = np.minimum(self._sight.flat / self._lengths, 1.0)
        deviation = np.sqrt(deviation**2 + (PICTURE_M * across) ** 2)
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
        at = [(frame, np.array([hip]), hips / 2) for hip in _HIPS]
        rows.add(at, -100.0 * state.depth[:, _HIPS].mean(axis=1, keepdims=True))
        # A neck is the middle of the shoulders, whatever skeleton it came from.
        shoulders = self._seen_body[:, [2, 5]].all(axis=1, keepdims=True) * 100.0
        neck = state.depth[:, [_NECK]] - state.depth[:, [2, 5]].mean(axis=1, keepdims=True)
        rows.add(
            [
                (frame, np.array([_NECK]), shoulders),
                (frame, np.array([2]), -shoulders / 2),
                (frame, np.array([5]), -shoulders / 2),
            ],
            -shoulders * neck,
        )

    def _lean(self, rows: Rows, state: _State) -> None:
        first, second = self._rods.T
        left = self._sight.lean - (state.depth[:, second] - state.depth[:, first])
        # Cauchy's weights: an estimator that is far off is not followed half of the way.
        lean_m = self._told.noise_m
        doubted = np.sqrt(1 + self._risen * (left / lean_m) ** 2)
        deviation = self._risen * lean_m + (1 - self._risen) * FOLDED_LEAN_M
        weight = np.where(self._rod_seen, 1 / (deviation * doubted), 1e-3)
        frame = np.arange(self._n_frames)[:, None]
        rows.add([(frame, second, weight), (frame, first, -weight)], left * weight)
        size = np.full((self._n_frames, 1), 1 / SIZE)
        rows.add([(frame, _SIZE, size)], -state.larger[:, None] / SIZE)

    def _flow(self, rows: Rows, state: _State) -> None:
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
            bent = values[:-2] - 2 * values[1:-1] + values[2:]
            rows.add(
                [
                    (middle - 1, columns, weight),
                    (middle, columns, -2 * weight),
                    (middle + 1, columns, weight),
                ],
                -bent * weight,
            )

    def _stand(self, rows: Rows, state: _State, floor: _Floor) -> None:
        feet: Int64 = np.array(_FEET, dtype=np.int64)
        axis = np.array([0.0, np.cos(floor.pitch), np.sin(floor.pitch)])
        down = self._placed(state)[:, feet] @ axis
        lower = self._along[:, feet] @ axis * (np.sqrt(floor.weights) / FLOOR_M)
        away = (self._away * np.exp(-state.larger))[:, None]
        frame = np.arange(self._n_frames)[:, None]
        rows.add(
            [
                (frame, feet, lower),
                (frame, _SIZE, -lower * away),
            ],
            (floor.height - down) * np.sqrt(floor.weights) / FLOOR_M,
        )

    def _how_risen(self) -> Float64:
        """1 in frames (T, 1) in which the dancer is not folded up, 0 where so, as told."""
        from scipy.ndimage import gaussian_filter1d

        tall = self._deep[:, _FEET, 1].mean(axis=1) - self._deep[:, _NECK, 1]
        share = tall / self._lengths[_TALL].sum()
        seen = np.flatnonzero(self._seen_body[:, [_NECK, *_FEET]].all(axis=1))
        if not len(seen):
            return np.ones((self._n_frames, 1))
        risen = np.clip((share[seen] - FOLDED) / (UPRISEN - FOLDED), 0.0, 1.0)
        filled = np.interp(np.arange(self._n_frames), seen, risen)
        smooth: Float64 = gaussian_filter1d(filled, FOLDED_S / self._step_s, mode="nearest")
        return smooth[:, None]

    def _upright(self, joints: Float64) -> tuple[float, bool]:
        """Pitch in which the dancer, where standing, is upright in the median; and if it is known.

        Down, in the camera's axes, is (0, cos, sin) of the pitch.
        """
        body = joints[:, _FEET].mean(axis=1) - joints[:, _NECK]
        standing = self._seen_body[:, [_NECK, *_FEET]].all(axis=1)
        standing &= np.linalg.norm(body[:, 1:], axis=1) > STANDING * self._lengths[_TALL].sum()
        standing &= body[:, 1] > 0
        if standing.sum() * self._step_s < STANDING_S:
            return 0.0, False
        lean = np.arctan2(body[standing, 2], body[standing, 1])
        return float(np.clip(np.median(lean), -STEEPEST, STEEPEST)), True


_SIZE: Int64 = np.array([len(BODY)], dtype=np.int64)
_UNKNOWN = len(BODY) + 1
