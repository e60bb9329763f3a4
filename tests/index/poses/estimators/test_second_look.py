import numpy as np
import pytest

from danceit.index.poses.estimators import People, Picture
from danceit.index.poses.estimators.second_look import CROP_PX, SecondLook, shrunk

WIDTH, HEIGHT = 640, 360


def somebody(left: float, top: float, tall: float = 100.0, sure: float = 0.9) -> np.ndarray:
    joints = np.zeros((18, 3), dtype=np.float32)
    joints[:, 0] = left + tall * 0.4 * (np.arange(18) % 3) / 2
    joints[:, 1] = top + tall * np.arange(18) / 17
    joints[:, 2] = sure
    return joints


def people(*some: np.ndarray) -> People:
    image = np.array(some, dtype=np.float32).reshape(-1, 18, 3)
    return People(image, np.zeros_like(image))


def dotted(left: int, top: int, tall: int, bright: int = 200) -> Picture:
    """A picture in which the only bright rectangle is the person."""
    picture = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    picture[top : top + tall, left : left + round(0.4 * tall)] = bright
    return picture


class Looked:
    """Finds the bright rectangle of a crop, if it is at least a tenth as tall as the crop."""

    def __init__(self, least: float = 0.1, sure: float = 0.9) -> None:
        self.crops: list[tuple[int, int]] = []
        self.means: list[float] = []
        self._least, self._sure = least, sure

    def __call__(self, crop: Picture) -> People:
        self.crops.append(crop.shape[:2])
        self.means.append(float(crop.mean()))
        rows, columns = np.nonzero(crop.mean(axis=2) > 60)
        if not len(rows) or np.ptp(rows) < self._least * crop.shape[0]:
            return people()
        return people(somebody(columns.min(), rows.min(), float(np.ptp(rows)), self._sure))


def test_who_is_lost_is_found_where_they_were_and_at_the_right_place() -> None:
    look = Looked()
    again = SecondLook(look)
    again.completed(dotted(300, 100, 60), 0.0, people(somebody(300, 100, 60)))
    assert look.crops == []
    found = again.completed(dotted(305, 104, 60), 0.04, people())
    assert len(found.image) == 1
    assert found.image[0, 0, :2] == pytest.approx([305, 104], abs=1.5)
    assert found.image[0, -1, 1] == pytest.approx(164, abs=1.5)
    # A small dancer is enlarged, threefold at most.
    assert max(look.crops[0]) == min(CROP_PX, 3 * 102)


def test_nobody_is_looked_for_longer_than_a_second_or_taken_for_another() -> None:
    look = Looked(sure=0.2)
    again = SecondLook(look)
    again.completed(dotted(300, 100, 60), 0.0, people(somebody(300, 100, 60)))
    assert not len(again.completed(dotted(300, 100, 60), 0.5, people()).image)
    asked = len(look.crops)
    again.completed(dotted(300, 100, 60), 0.6, people())
    assert len(look.crops) == asked + 1
    again.completed(dotted(300, 100, 60), 1.6, people(somebody(10, 10)))
    assert len(look.crops) == asked + 1


def test_one_who_is_hidden_beside_another_stays_two() -> None:
    again = SecondLook(Looked())
    front, back = somebody(60, 100, 200), somebody(400, 80, 120)
    picture = dotted(400, 80, 120)
    again.completed(picture, 0.0, people(front, back))
    assert len(again.completed(picture, 0.04, people(front)).image) == 2
    # What another look at the whole picture sees is added once.
    both = again.completed(picture, 0.08, people(front), people(front + 2, back))
    assert len(both.image) == 2
    speck = somebody(500, 300, 30)
    assert len(again.completed(picture, 0.12, people(front, back), people(speck)).image) == 2


def test_an_empty_picture_is_looked_into_part_by_part_now_and_then() -> None:
    look = Looked(least=0.3)
    again = SecondLook(look)
    found = again.completed(dotted(500, 120, 150), 0.0, people())
    assert len(look.crops) == 3
    assert found.image[0, 0, :2] == pytest.approx([500, 120], abs=2)
    blank = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    again = SecondLook(look := Looked())
    for frame in range(10):
        assert not len(again.completed(blank, frame / 24, people()).image)
    assert len(look.crops) == 3


def test_a_dark_crop_is_brightened() -> None:
    look = Looked()
    again = SecondLook(look)
    again.completed(dotted(300, 100, 60, 40), 0.0, people(somebody(300, 100, 60)))
    again.completed(dotted(300, 100, 60, 40), 0.04, people())
    assert look.means[0] > 40 * 0.4 * (60 / 102) ** 2 * 1.5


def test_pictures_are_shrunk_but_never_enlarged() -> None:
    picture = dotted(10, 10, 20)
    assert shrunk(picture, 320).shape == (180, 320, 3)
    assert shrunk(picture, 1280) is picture


def test_whoever_is_lost_for_too_long_is_let_go_in_whatever_order_they_are_remembered() -> None:
    look = Looked()
    again = SecondLook(look)
    again.completed(dotted(300, 100, 60), 0.0, people(somebody(300, 100, 60)))
    again.completed(dotted(10, 10, 60), 0.9, people(somebody(10, 10, 60)))
    again._known.reverse()
    asked = len(look.crops)
    again.completed(dotted(10, 10, 60), 1.5, people(somebody(10, 10, 60)))
    assert len(look.crops) == asked
