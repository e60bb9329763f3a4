import numpy as np
import pytest

from danceit.render.footage.joins import meeting

SIDE = 192


def wall(seed: int) -> np.ndarray:
    """Soft shapes, as a room has."""
    import cv2

    coarse = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def with_dancer(picture: np.ndarray, left: int, seed: int) -> np.ndarray:
    import cv2

    cloth = np.random.default_rng(seed).integers(0, 255, (15, 6, 3), dtype=np.uint8)
    made = picture.copy()
    made[40:160, left : left + 48] = cv2.resize(cloth, (48, 120), interpolation=cv2.INTER_CUBIC)
    return made


@pytest.fixture
def dancers() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mask[30:170, 60:130] = 255
    return mask


def test_one_dancer_a_little_aside_is_morphed(dancers: np.ndarray) -> None:
    first, second = (with_dancer(wall(0), left, 1) for left in (70, 73))
    assert meeting(first, second, dancers) == "morph"


def test_a_dancer_who_has_turned_is_dissolved(dancers: np.ndarray) -> None:
    # Nothing in the one picture is where the flow would take it from in the other.
    first, second = with_dancer(wall(0), 70, 1), with_dancer(wall(0), 70, 2)
    assert meeting(first, second, dancers) == "dissolve"


@pytest.mark.parametrize("shift", [None, 6])
def test_another_place_or_a_moved_camera_is_cut(dancers: np.ndarray, shift: int | None) -> None:
    there = wall(3) if shift is None else np.roll(wall(0), shift, axis=1)
    first, second = with_dancer(wall(0), 70, 1), with_dancer(there, 70, 1)
    assert meeting(first, second, dancers) == "cut"
