import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.data import JOINT, MIRRORED, Float32
from danceit.index.poses.footage.continuity import LOWER, UPPER, exchanged, sides_put_right

FPS = 30.0
ALL = (*UPPER, *LOWER)


def spinning(n_frames: int, turns_a_second: float, noise: float = 0.0) -> tuple[Float32, Float32]:
    """A body of straight limbs that turns about its axis: pixels with confidence, and metres."""
    half = {
        "shoulder": 0.18,
        "elbow": 0.32,
        "wrist": 0.45,
        "hip": 0.12,
        "knee": 0.13,
        "ankle": 0.14,
    }
    height = {
        "shoulder": -0.5,
        "elbow": -0.25,
        "wrist": -0.02,
        "hip": 0.0,
        "knee": 0.45,
        "ankle": 0.9,
    }
    body = np.zeros((18, 3))
    for name in half:
        for side, sign in (("left", 1), ("right", -1)):
            body[JOINT[f"{side}_{name}"]] = sign * half[name], height[name], 0.0
    body[JOINT["neck"], 1], body[JOINT["nose"]] = -0.5, (0, -0.7, -0.1)
    # One arm forward, so that front and back differ.
    body[JOINT["left_wrist"]] = 0.2, -0.45, -0.5
    angle = 2 * np.pi * turns_a_second * np.arange(n_frames) / FPS
    x = body[:, 0] * np.cos(angle)[:, None] - body[:, 2] * np.sin(angle)[:, None]
    z = body[:, 0] * np.sin(angle)[:, None] + body[:, 2] * np.cos(angle)[:, None]
    y = np.broadcast_to(body[:, 1], x.shape)
    world = np.stack([x, y, z], axis=2)
    world = world + noise * np.random.default_rng(0).normal(size=world.shape)
    pixels = 320 + 200 * world[..., :2]
    image = np.concatenate([pixels, np.ones((n_frames, 18, 1))], axis=2)
    return image.astype(np.float32), world.astype(np.float32)


def times(n_frames: int) -> np.ndarray:
    return np.arange(n_frames) / FPS


def test_sides_are_put_right_although_one_end_of_the_stretch_is_blurred() -> None:
    # Taken for one seen from behind for half a second; then half-way between for two frames.
    image, world = spinning(90, 0.0, noise=0.004)
    wrong = np.zeros(90, dtype=bool)
    wrong[30:42] = True
    mistaken = [exchanged(joints, wrong, ALL) for joints in (image, world)]
    for joints, right in zip(mistaken, (image, world), strict=True):
        for frame in (42, 43):
            joints[frame] = (right[frame] + right[frame][list(MIRRORED)]) / 2
    result = sides_put_right(mistaken[0], mistaken[1], times(90))
    assert result.swapped[wrong].all()
    assert not result.swapped[:30].any()
    assert not result.swapped[44:].any()


@pytest.mark.parametrize("group", [UPPER, LOWER, ALL])
@pytest.mark.parametrize("depth", [True, False])
def test_sides_swapped_for_some_frames_are_put_right(group: tuple[int, ...], depth: bool) -> None:
    image, world = spinning(90, 0.0, noise=0.004)
    if not depth:
        world = np.full_like(world, np.nan)
    wrong = np.zeros(90, dtype=bool)
    wrong[30:38] = True
    result = sides_put_right(
        exchanged(image, wrong, group), exchanged(world, wrong, group), times(90)
    )
    np.testing.assert_array_equal(result.swapped, wrong)
    np.testing.assert_array_equal(result.image, image)
    np.testing.assert_array_equal(result.world, world)


@given(st.floats(-1.5, 1.5), st.integers(40, 80))
@settings(max_examples=25, deadline=None)
def test_a_real_turn_is_left_as_it_is(turns_a_second: float, n_frames: int) -> None:
    image, world = spinning(n_frames, turns_a_second, noise=0.004)
    assert not sides_put_right(image, world, times(n_frames)).swapped.any()


def test_a_swap_in_the_middle_of_a_turn_is_undone() -> None:
    image, world = spinning(90, 0.5, noise=0.004)
    wrong = np.zeros(90, dtype=bool)
    wrong[40:46] = True
    result = sides_put_right(exchanged(image, wrong, ALL), exchanged(world, wrong, ALL), times(90))
    np.testing.assert_array_equal(result.swapped, wrong)


def test_nothing_is_carried_over_a_long_gap() -> None:
    image, world = spinning(60, 0.0)
    image[20:40] = np.nan
    world[20:40] = np.nan
    # Turned round meanwhile: left is where right was, and stays there.
    after = np.arange(60) >= 40
    turned = exchanged(image, after, ALL), exchanged(world, after, ALL)
    assert not sides_put_right(*turned, times(60)).swapped.any()


def test_exchanging_twice_changes_nothing() -> None:
    image, _ = spinning(5, 0.3)
    frames = np.array([True, False, True, False, True])
    twice = exchanged(exchanged(image, frames, ALL), frames, ALL)
    np.testing.assert_array_equal(twice, image)
    assert sorted(ALL) == sorted(MIRRORED)
