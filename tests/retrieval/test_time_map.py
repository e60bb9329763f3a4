"""Counts laid on counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.data import FPS
from danceit.retrieval.time_map import Knots, calmed, joined, knots_of, shown_s, stretch

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


def test_beats_that_hop_do_not_bend_the_movement_beyond_the_widest() -> None:
    source_s = np.arange(9) * 0.5
    hopping_s = source_s + np.array([0, 0, 0.15, -0.1, 0.12, 0, -0.15, 0.1, 0])
    knots = Knots(hopping_s, source_s)
    times_s = np.arange(0, 4, 1 / FPS)
    assert np.gradient(shown_s(knots, times_s), times_s).max() > 1.5
    calm = calmed(knots, 1.25)
    pace = np.gradient(shown_s(calm, times_s), times_s)
    assert 0.8 - 2e-3 <= pace.min() <= pace.max() <= 1.25 + 2e-3
    assert (calm.song_s[0], calm.song_s[-1]) == (0.0, 4.0)
    # No count is off by more than a quarter of a beat, less than they hopped apart.
    assert np.abs(shown_s(calm, hopping_s) - source_s).max() < 0.16


def test_bars_at_the_limit_are_calmed_over_all_of_their_run() -> None:
    """Beats of 0.686 s laid where a band waits: by 1.237 in all, by 1.26 in its first two bars."""
    gaps_s = np.array([0.803, 0.838, 0.858, 0.886, 0.98, 0.82, 0.82, 0.82, 0.82])
    knots = Knots(np.concatenate([[0.0], np.cumsum(gaps_s)]), np.arange(10) * 0.686)
    times_s = np.linspace(0.0, gaps_s.sum(), 200)
    pace = np.gradient(shown_s(calmed(knots, 1.25), times_s), times_s)
    assert pace.min() >= 0.8 - 2e-3


def test_even_beats_keep_all_their_counts() -> None:
    knots = Knots(np.arange(9) * 0.5, np.arange(9) * 0.45)
    np.testing.assert_array_equal(calmed(knots, 1.25).source_s, knots.source_s)
