"""Counts laid on counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.retrieval.time_map import joined, knots_of, shown_s, stretch

SONG = np.array([0.0, 0.5, 1.02, 1.5, 2.0])
SOURCE = np.array([10.0, 10.6, 11.2, 11.9, 12.4])


def test_at_every_count_of_the_song_a_count_of_the_source_is_shown() -> None:
    assert shown_s(knots_of(SONG, SOURCE), SONG) == pytest.approx(SOURCE)


def test_twice_as_many_counts_are_laid_on_every_second() -> None:
    shown = shown_s(knots_of(SONG[::2], SOURCE), SONG[::2])
    assert shown == pytest.approx(SOURCE[::2])


@given(st.lists(st.floats(0.3, 0.9), min_size=4, max_size=4))
def test_time_never_runs_backwards(gaps: list[float]) -> None:
    source = np.concatenate([[3.0], 3.0 + np.cumsum(gaps)])
    shown = shown_s(knots_of(SONG, source), np.linspace(-0.3, 2.3, 200))
    assert (np.diff(shown) > 0).all()


def test_where_the_source_goes_on_its_speed_does_not_jump() -> None:
    first, second = knots_of(SONG[:3], SOURCE[:3]), knots_of(SONG[2:], SOURCE[2:])
    times = np.array([SONG[2] - 1e-4, SONG[2], SONG[2] + 1e-4])
    before, after = np.diff(shown_s(joined([first, second]), times)) / 1e-4
    assert before == pytest.approx(after, rel=0.01)


def test_beyond_its_counts_a_run_goes_on_at_its_pace() -> None:
    knots = knots_of(np.array([1.0, 2.0]), np.array([5.0, 7.0]))
    assert shown_s(knots, np.array([0.5, 2.5])) == pytest.approx([4.0, 8.0])


def test_the_stretch_is_how_much_longer_it_lasts() -> None:
    assert stretch(np.array([0.0, 2.5]), np.array([4.0, 6.0])) == pytest.approx(1.25)
