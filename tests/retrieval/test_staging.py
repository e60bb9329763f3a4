"""Following on without a jump, and facing the audience again."""

import numpy as np
import pytest

from danceit.data import CANVAS_PX, FPS, JOINT, Float32
from danceit.retrieval.placing import stance
from danceit.retrieval.staging import MOST_TURN, staged


def standing(heading: float, n_frames: int = 96, speed: float = 0.0) -> Float32:
    """A body that faces one way, its hips and shoulders 60 px wide, moving along x."""
    poses = np.full((n_frames, 18, 3), np.nan, dtype=np.float32)
    across = 30 * np.array([np.cos(heading), 0.0, np.sin(heading)])
    middle = np.array([300.0, 200.0, 40.0])
    for pair, height in (("hip", 250.0), ("shoulder", 120.0)):
        for side, sign in (("left", 1), ("right", -1)):
            poses[:, JOINT[f"{side}_{pair}"]] = middle + sign * across + [0, height, 0]
    poses[..., 0] += (np.arange(n_frames) * speed / FPS)[:, None]
    return poses


@pytest.mark.parametrize("facing", ["audience", "continue"])
def test_a_run_follows_on_from_where_the_last_one_stood_and_looked(facing: str) -> None:
    first = staged(standing(0.3), None, facing).joints
    second = staged(standing(-1.0), first[-2:], facing).joints
    here, there = stance(first[-1:]), stance(second[:1])
    assert there.floor == pytest.approx(here.floor, abs=1e-3)
    assert there.heading == pytest.approx(here.heading, abs=1e-5)


def test_towards_the_audience_what_was_turned_is_turned_back() -> None:
    first = staged(standing(1.4), None, "audience").joints
    second = staged(standing(0.0, n_frames=24 * 12), first[-2:], "audience")
    assert abs(second.turned[0]) == pytest.approx(1.4, abs=1e-5)
    assert second.turned[-1] == 0.0
    assert np.abs(np.diff(second.turned)).max() <= MOST_TURN / FPS + 1e-9
    # In the middle of the stage again.
    assert stance(second.joints[-1:]).floor[0, 0] == pytest.approx(CANVAS_PX / 2, abs=1.0)


def test_continuing_keeps_the_turn() -> None:
    first = staged(standing(1.4), None, "continue").joints
    second = staged(standing(0.0), first[-2:], "continue")
    assert second.turned == pytest.approx(np.full(96, second.turned[0]))


def test_a_movement_that_was_not_turned_is_shown_as_it_was_danced() -> None:
    poses = standing(0.7, speed=50.0)
    shown = staged(poses, None, "continue").joints
    assert np.allclose(shown, poses, atol=1e-3, equal_nan=True)


def test_flat_dancers_are_moved_but_not_turned() -> None:
    flat = standing(0.0)[..., :2]
    first = staged(flat, None, "audience").joints
    second = staged(flat + np.float32(80), first[-2:], "audience")
    assert (second.turned == 0).all()
    assert stance(second.joints[:1]).floor[0, 0] == pytest.approx(CANVAS_PX / 2, abs=1e-3)
