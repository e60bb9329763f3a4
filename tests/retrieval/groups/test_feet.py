"""A dancer who walks in place of a longer way keeps the foot that stands where it stands."""

import numpy as np
import pytest

from danceit.data import FPS, JOINT, Float32
from danceit.retrieval.groups.feet import planted

LEGS = {
    side: [JOINT[f"{side}_{name}"] for name in ("hip", "knee", "ankle")]
    for side in ("right", "left")
}
STEP_PX, HALF = 90.0, 12
"""A step of a foot, and frames from one step to the next."""


def walking(n_steps: int = 8) -> Float32:
    """Hips go on evenly; each foot stands for a step and is swung over two in the next."""
    n_frames = n_steps * HALF
    rng = np.random.default_rng(0)
    poses = np.repeat(rng.uniform(100, 300, (1, 18, 3)), n_frames, axis=0)
    frames = np.arange(n_frames)
    forward = STEP_PX * frames / HALF
    poses[..., 0] += forward[:, None]
    for side, (hip, knee, ankle) in enumerate(LEGS.values()):
        step, within = np.divmod(frames + side * HALF, 2 * HALF)
        swing = np.clip(within - HALF, 0, HALF) / HALF
        at = STEP_PX * (2 * step - side) + 2 * STEP_PX * swing * swing * (3 - 2 * swing)
        z = 20.0 * (1 if side else -1)
        poses[:, hip] = np.stack([forward + 30, np.full(n_frames, 230.0), np.full(n_frames, z)], 1)
        lift = 25 * np.sin(np.pi * swing)
        poses[:, ankle] = np.stack([at + 30, 410 - lift, np.full(n_frames, z)], axis=1)
        # A knee in front of the line from hip to ankle, both bones 110 long.
        middle = (poses[:, hip] + poses[:, ankle]) / 2
        half = np.linalg.norm(poses[:, ankle] - poses[:, hip], axis=1) / 2
        poses[:, knee] = middle
        poses[:, knee, 0] += np.sqrt(np.maximum(110**2 - half**2, 1.0))
    return poses.astype(np.float32)


def carried(danced: Float32, share: float) -> Float32:
    """As much of the way as a share of it."""
    back = (1 - share) * (danced[:, JOINT["neck"], 0] - danced[0, JOINT["neck"], 0])
    moved = danced.copy()
    moved[..., 0] -= back[:, None]
    return moved


def slides(poses: Float32, danced: Float32) -> float:
    """Pixels a second that feet move while they stood when it was danced, in the mean."""
    found = []
    for _, _, ankle in LEGS.values():
        steps = np.abs(np.diff(danced[:, ankle, 0]))
        found.append(np.abs(np.diff(poses[:, ankle, 0]))[steps < 0.5])
    return float(np.concatenate(found).mean() * FPS)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_foot_that_stands_stays_where_it_stands(share: float) -> None:
    danced = walking()
    moved = carried(danced, share)
    found = planted(danced, moved)
    assert slides(moved, danced) > 0.9 * (1 - share) * STEP_PX * FPS / HALF
    assert slides(found, danced) < 0.1 * slides(moved, danced)


def test_bones_keep_their_length_and_all_else_stays() -> None:
    danced = walking()
    moved = carried(danced, 0.6)
    found = planted(danced, moved)
    for hip, knee, ankle in LEGS.values():
        for a, b in ((hip, knee), (knee, ankle)):
            long, before = (np.linalg.norm(p[:, a] - p[:, b], axis=1) for p in (found, moved))
            np.testing.assert_allclose(long, before, rtol=2e-3)
    legs = [joint for leg in LEGS.values() for joint in leg[1:]]
    rest = [joint for joint in range(18) if joint not in legs]
    np.testing.assert_array_equal(found[:, rest], moved[:, rest])
    assert np.abs(np.diff(found, axis=0)).max() < 1.7 * np.abs(np.diff(danced, axis=0)).max()


def test_who_travels_as_danced_is_left_alone() -> None:
    danced = walking()
    moved = danced + np.array([40.0, 0.0, 25.0], np.float32)
    np.testing.assert_allclose(planted(danced, moved), moved, atol=1e-3)


def test_a_leg_that_is_not_seen_stays_as_it_is() -> None:
    danced = walking()
    danced[30:40, LEGS["left"][2]] = np.nan
    moved = carried(danced, 0.5)
    found = planted(danced, moved)
    np.testing.assert_array_equal(found[:, LEGS["left"]], moved[:, LEGS["left"]])
    assert np.abs(found - moved)[:, LEGS["right"]].max() > 1.0
