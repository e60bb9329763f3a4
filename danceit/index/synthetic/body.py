"""A body: bone lengths, and joints from what the dancer does with hips, feet and arms.

Inside this module axes are the dancer's: left, up, forward (right-handed, metres,
the floor at up = 0); yaw turns left, lean bends forward, tilt drops the left side.
`joints` returns them as a camera in front sees them: x right, y down, z away.
Legs are solved backwards from planted ankles, so a foot in stance never slides;
all bones, the neck-hip pair included, keep their length.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import JOINT, N_JOINTS, Float32, Float64

SIDES = ("left", "right")
_STRETCH = 0.985
"""Share of the leg's length it may reach: at a straight knee the solution is singular."""


@dataclass(frozen=True)
class Build:
    """Bone lengths in metres; `drawn` varies those of Drillis and Contini (1966)."""

    thigh: float
    shank: float
    ankle: float
    torso: float
    upper_arm: float
    forearm: float
    half_shoulders: float
    half_hips: float
    head: float

    @property
    def leg(self) -> float:
        """Hip to ankle with a straight knee."""
        return self.thigh + self.shank

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Build":
        """Draw an adult of 1.55 to 1.90 m with limbs up to 5 % off the average."""
        height = float(rng.uniform(1.55, 1.90))
        legs, arms, width = (float(rng.uniform(0.95, 1.05)) for _ in range(3))
        return cls(
            thigh=0.245 * height * legs,
            shank=0.246 * height * legs,
            ankle=0.039 * height,
            torso=0.288 * height * (2.0 - legs),
            upper_arm=0.186 * height * arms,
            forearm=0.146 * height * arms,
            half_shoulders=0.115 * height * width,
            half_hips=0.060 * height * width,
            head=height / 1.75,
        )


@dataclass(frozen=True)
class Motion:
    """What the body does, one entry a frame.

    Attributes
    ----------
    hips : float64 (T, 2)
        Where the middle of the hips is over the floor: left, forward.
    drop : float64 (T,)
        How far the hips are below their height in easy standing, metres.
    torso, chest, head : float64 (T, 3)
        Yaw, lean, tilt in radians: the torso's in the room, the chest's (shoulder
        line) and the head's relative to the torso.
    ankles : float64 (2, T, 3)
        Left and right: left, up, forward.
    toes : float64 (2, T)
        Yaw of the feet.
    arms : float64 (2, T, 2, 3)
        Left and right: directions of upper arm and forearm as (out, up, forward)
        of the chest, so that mirrored arms have equal entries. Need not be unit vectors.
    """

    hips: Float64
    drop: Float64
    torso: Float64
    chest: Float64
    head: Float64
    ankles: Float64
    toes: Float64
    arms: Float64


def joints(build: Build, motion: Motion) -> Float32:
    """Poses of a motion.

    Returns
    -------
    float32 (T, 18, 3)
        Metres; x right, y down, z away, a dancer with yaw 0 facing the camera.
    """
    n_frames = motion.hips.shape[0]
    placed = np.zeros((n_frames, N_JOINTS, 3))
    torso = rotation(motion.torso)
    chest = torso @ rotation(motion.chest)
    mid_hip = np.stack([motion.hips[:, 0], np.zeros(n_frames), motion.hips[:, 1]], axis=1)
    reach = []
    for index in range(2):
        hip = mid_hip + _out(torso, index) * build.half_hips
        across = motion.ankles[index] - hip
        flat = np.hypot(across[:, 0], across[:, 2])
        limit = np.sqrt(np.maximum((_STRETCH * build.leg) ** 2 - flat**2, (0.5 * build.leg) ** 2))
        # The hip's own height over the middle of the hips is in `hip` already.
        reach.append(motion.ankles[index][:, 1] + limit - hip[:, 1])
    wanted = build.ankle + _STRETCH * build.leg - 0.012 - motion.drop
    mid_hip[:, 1] = _soft_minimum(wanted, *reach)

    neck = mid_hip + torso[..., 1] * build.torso
    placed[:, JOINT["neck"]] = neck
    for index, side in enumerate(SIDES):
        hip = mid_hip + _out(torso, index) * build.half_hips
        knee, ankle = _leg(build, hip, motion, index)
        shoulder = neck + _out(chest, index) * build.half_shoulders
        arm = motion.arms[index] * np.array([1.0 if index == 0 else -1.0, 1.0, 1.0])
        arm = np.einsum("tij,tbj->tbi", chest, arm / np.linalg.norm(arm, axis=2, keepdims=True))
        elbow = shoulder + arm[:, 0] * build.upper_arm
        for name, place in (
            ("hip", hip),
            ("knee", knee),
            ("ankle", ankle),
            ("shoulder", shoulder),
            ("elbow", elbow),
            ("wrist", elbow + arm[:, 1] * build.forearm),
        ):
            placed[:, JOINT[f"{side}_{name}"]] = place
    _place_head(placed, build, motion)
    seen: Float32 = (placed * np.array([1.0, -1.0, -1.0])).astype(np.float32)
    return seen


def rotation(angles: Float64) -> Float64:
    """Matrices (..., 3, 3) of yaw, lean, tilt (..., 3): columns are left, up, forward turned."""
    yaw, lean, tilt = angles[..., 0], angles[..., 1], angles[..., 2]
    turn, bend, side = (np.zeros((*yaw.shape, 3, 3)) for _ in range(3))
    turn[..., 1, 1] = bend[..., 0, 0] = side[..., 2, 2] = 1.0
    turn[..., 0, 0] = turn[..., 2, 2] = np.cos(yaw)
    turn[..., 0, 2], turn[..., 2, 0] = np.sin(yaw), -np.sin(yaw)
    bend[..., 1, 1] = bend[..., 2, 2] = np.cos(lean)
    bend[..., 2, 1], bend[..., 1, 2] = np.sin(lean), -np.sin(lean)
    side[..., 0, 0] = side[..., 1, 1] = np.cos(tilt)
    side[..., 0, 1], side[..., 1, 0] = np.sin(tilt), -np.sin(tilt)
    return np.asarray(turn @ bend @ side, dtype=np.float64)


def two_bone(
    root: Float64, end: Float64, first: float, second: float, towards: Float64
) -> tuple[Float64, Float64]:
    """Place the middle joint of a two-bone limb (T, 3) on the side of `towards`.

    Returns
    -------
    middle, end : float64 (T, 3)
        The end is pulled in where it lies beyond the limb's reach.
    """
    line = end - root
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    reach = np.clip(distance, abs(first - second) + 1e-6, first + second)
    line = line / np.maximum(distance, 1e-12)
    along = (reach**2 + first**2 - second**2) / (2 * reach)
    bulge = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    side = towards - (towards * line).sum(-1, keepdims=True) * line
    side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-12)
    return root + along * line + bulge * side, root + reach * line


def _leg(build: Build, hip: Float64, motion: Motion, index: int) -> tuple[Float64, Float64]:
    """Knee and ankle; the knee points over the toes, opened a little to its own side."""
    outwards = 0.18 if index == 0 else -0.18
    yaw = motion.toes[index] + outwards
    towards = np.stack([np.sin(yaw), np.full_like(yaw, 0.15), np.cos(yaw)], axis=1)
    return two_bone(hip, motion.ankles[index], build.thigh, build.shank, towards)


def _place_head(placed: Float64, build: Build, motion: Motion) -> None:
    """Nose, eyes and ears, rigid on the neck; the head stays upright where the torso leans."""
    frame = rotation(motion.torso * np.array([1.0, 0.35, 0.3]) + motion.head)
    for name, offset in (
        ("nose", (0.0, 0.150, 0.095)),
        ("left_eye", (0.032, 0.188, 0.078)),
        ("right_eye", (-0.032, 0.188, 0.078)),
        ("left_ear", (0.074, 0.172, -0.005)),
        ("right_ear", (-0.074, 0.172, -0.005)),
    ):
        placed[:, JOINT[name]] = placed[:, JOINT["neck"]] + frame @ (np.array(offset) * build.head)


def _out(frame: Float64, index: int) -> Float64:
    """Return the axis of `frame` that points to side `index`."""
    return frame[..., 0] if index == 0 else -frame[..., 0]


def _soft_minimum(*values: Float64) -> Float64:
    """Return a smooth minimum, never above the true one, so that no leg is overstretched."""
    width_m = 0.008
    least = np.minimum.reduce(values)
    total = sum(np.exp(-(value - least) / width_m) for value in values)
    return np.asarray(least - width_m * np.log(total), dtype=np.float64)
