import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.clock import clock, seconds_of
from danceit.errors import InputError


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [
        (0.0, 1, "0:00.0"),
        (83.46, 1, "1:23.5"),
        (59.96, 1, "1:00.0"),
        (3725.0, 1, "62:05.0"),
        (59.6, 0, "1:00"),
        (125.4, 0, "2:05"),
    ],
)
def test_a_moment_is_written_in_minutes_and_seconds(
    seconds: float, decimals: int, text: str
) -> None:
    assert clock(seconds, decimals) == text


@given(st.integers(0, 400_000))
def test_what_is_written_is_read_back(tenths: int) -> None:
    assert seconds_of(clock(tenths / 10), "") == pytest.approx(tenths / 10)


@pytest.mark.parametrize("text", ["", "1:", "x", "1:2:3", "-1", "nan"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a time; give seconds or m:ss"):
        seconds_of(text, f"{text}=A")
