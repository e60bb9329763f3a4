import numpy as np
import pytest

from danceit.data import Float32
from danceit.index.cleaning.turns import count_all_turns, count_turns
from tests.index.poses.footage.test_continuity import spinning


def body(angle_turns: np.ndarray, dims: int) -> Float32:
    """A body with the given headings, in turns, at 24 frames a second."""
    _, still = spinning(1, 0.0)
    cos, sin = np.cos(2 * np.pi * angle_turns)[:, None], np.sin(2 * np.pi * angle_turns)[:, None]
    x, y, z = (np.repeat(still[..., axis], len(angle_turns), axis=0) for axis in range(3))
    poses = 240 * np.stack([x * cos - z * sin, y, x * sin + z * cos], axis=2)
    return poses[..., :dims].astype(np.float32)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("turns", [0, 1, 2, 5])
def test_turns_are_counted(dims: int, turns: int) -> None:
    still = np.zeros(24)
    heading = np.concatenate([still, np.linspace(0, turns, 24 * max(turns, 1)), still + turns])
    assert count_turns(body(heading, dims)) == turns


def test_half_turns_there_and_back_are_no_turn_in_three_dimensions() -> None:
    heading = np.abs((np.arange(240) / 48 + 1) % 2 - 1) * 0.5
    assert count_turns(body(heading, 3)) == 0


def test_swaying_is_no_turning() -> None:
    heading = 0.1 * np.sin(np.arange(300) / 10)
    assert count_turns(body(heading, 3)) == 0
    assert count_turns(body(heading, 2)) == 0


def test_turns_in_both_senses_add_up() -> None:
    heading = np.concatenate([np.linspace(0, 2, 60), np.linspace(2, 1, 40)])
    assert count_turns(body(heading, 3)) == 3


def test_gaps_and_nothing_at_all() -> None:
    poses = body(np.linspace(0, 2, 96), 3)
    poses[40:44] = np.nan
    assert count_turns(poses) == 2
    assert count_turns(np.full((30, 18, 2), np.nan, dtype=np.float32)) is None
    assert count_turns(poses[:0]) is None


@pytest.mark.parametrize("dims", [2, 3])
def test_turns_of_many_are_those_of_each(dims: int) -> None:
    rng = np.random.default_rng(0)
    stretches = []
    for turns in (0.0, 0.4, 0.9, 1.2, 2.5, -1.5):
        angle = np.linspace(0, 2 * np.pi * turns, 72) + rng.uniform(0, 6)
        body = np.zeros((72, 18, 3))
        for left, right, width in ((5, 2, 40), (11, 8, 25)):
            for joint, side in ((left, 1), (right, -1)):
                body[:, joint, 0] = side * width * np.cos(angle)
                body[:, joint, 2] = side * width * np.sin(angle)
        stretches.append(body[..., :dims].astype(np.float32))
    stretches.append(np.full_like(stretches[0], np.nan))
    some = np.stack(stretches)
    some[1, 3:5, 5] = np.nan
    each = [count_turns(one) for one in some]
    assert each[-1] is None
    expected = np.array([np.nan if turns is None else turns for turns in each])
    np.testing.assert_array_equal(count_all_turns(some), expected)
