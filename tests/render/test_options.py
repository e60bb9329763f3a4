from pathlib import Path

import pytest

from danceit.errors import InputError
from danceit.render.options import RenderOptions


@pytest.mark.parametrize(
    ("aspect", "expected"), [("1:1", (512, 512)), ("9:16", (512, 910)), ("16:9", (910, 512))]
)
def test_the_shorter_side_is_the_size_and_both_are_even(
    aspect: str, expected: tuple[int, int]
) -> None:
    assert RenderOptions(aspect=aspect, size=512).frame_size == expected


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"theme": "nigth"}, "unknown theme 'nigth'.*did you mean 'night'"),
        ({"aspect": "4:3"}, "unknown aspect '4:3'; known: 1:1, 9:16, 16:9"),
        ({"beats": "flsh"}, "did you mean 'flash'"),
        ({"fps": 25}, "fps must be one of 24, 30, 60; got 25"),
        ({"size": 333}, "even number from 64 to 4096; got 333"),
        ({"size": 8000}, "even number from 64 to 4096; got 8000"),
        ({"start_s": -1.0}, "`start_s` must be 0 or more"),
        ({"seconds": float("nan")}, "`seconds` must be above 0; got nan"),
        ({"seconds": 0.0}, "`seconds` must be above 0; got 0"),
        ({"background": "#12345"}, "there is no file #12345"),
        ({"font": "missing.ttf"}, "there is no file missing.ttf"),
    ],
)
def test_each_bad_value_is_named(bad: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RenderOptions(**bad)  # type: ignore[arg-type]


def test_a_colour_and_a_picture_are_told_apart(tmp_path: Path) -> None:
    picture = tmp_path / "back.png"
    picture.write_bytes(b"")
    assert RenderOptions(background="#0a141E").background_colour == (10, 20, 30)
    assert RenderOptions(background=str(picture)).background_colour is None
