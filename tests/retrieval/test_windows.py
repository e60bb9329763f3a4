"""A song cut into windows of whole counts."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.counts import Counts, Section
from danceit.data import FPS, Music
from danceit.retrieval.windows import (
    LEAST_SEEN,
    Window,
    other_side,
    usual_counts,
    windows_of_counts,
    windows_of_seconds,
)


def song(metre: int, bpm: float, first: int = 1, n_beats: int = 60, seconds: float = 40.0) -> Music:
    """A song whose first beat, at 0.7 s, is the count `first`."""
    beats_s = 0.7 + np.arange(n_beats) * 60 / bpm
    numbers = (np.arange(n_beats) + first - 1) % metre + 1
    counts = Counts(beats_s, numbers.astype(np.int32), metre, bar_confidence=1.0)
    return Music(Path("song.wav"), "0" * 64, seconds, counts)


@pytest.mark.parametrize(
    ("metre", "bpm", "expected"),
    # Counts that last nearest to 2 s: a bar of a waltz at 90, four at 120, eight at 200.
    [(3, 90, 3), (3, 180, 6), (4, 120, 4), (4, 60, 2), (4, 200, 8)],
)
def test_a_window_spans_the_counts_that_last_nearest_to_two_seconds(metre, bpm, expected) -> None:
    assert usual_counts(song(metre, bpm).counts, 2.0) == expected


@given(st.sampled_from([2, 3, 4]), st.floats(60, 200), st.integers(1, 4), st.floats(12, 60))
def test_windows_cover_the_song_without_gaps(metre, bpm, first, seconds) -> None:
    music = song(metre, bpm, min(first, metre), seconds=seconds)
    windows = windows_of_counts(music, usual_counts(music.counts, 2.0))
    assert windows[0].start_s <= LEAST_SEEN / FPS < windows[0].end_s + 1e-9
    assert windows[-1].end_s >= (music.n_frames - LEAST_SEEN - 0.5) / FPS
    frames = [window.first_frame for window in windows]
    assert all(one < two for one, two in pairwise([*frames, music.n_frames]))
    assert all(one.end_s == pytest.approx(two.start_s) for one, two in pairwise(windows))


def test_windows_of_whole_bars_start_on_the_1_also_before_the_first_beat() -> None:
    windows = windows_of_counts(song(3, 90, first=2), 3)
    assert {window.number for window in windows} == {1}
    assert {window.counts for window in windows} == {3}


def test_where_bars_are_longer_than_a_window_it_divides_them() -> None:
    numbers = [window.number for window in windows_of_counts(song(4, 60), 2)]
    assert set(pairwise(numbers)) == {(1, 3), (3, 1)}


def test_a_window_ends_where_a_section_ends() -> None:
    music = song(4, 120)
    # Three bars of A, then B: windows of two bars may not reach over the border.
    border_s = float(music.beats_s[12])
    sections = (Section(0.7, border_s, "A"), Section(border_s, 31.0, "B"))
    counts = Counts(music.beats_s, music.counts.numbers, 4, sections)
    windows = windows_of_counts(Music(music.path, music.sha256, 40.0, counts), 8)
    assert any(window.start_s == pytest.approx(border_s) for window in windows)
    assert {window.section for window in windows if window.start_s >= border_s} == {"B"}
    assert next(w for w in windows if w.section == "B").place == 0


def test_windows_of_seconds_are_as_long_as_one_another() -> None:
    windows = windows_of_seconds(song(4, 120, seconds=5.0), 48)
    assert [window.first_frame for window in windows] == [0, 48, 96]
    assert all(window.counts == 0 for window in windows)


def test_every_second_time_a_section_is_heard_it_is_danced_to_the_other_side() -> None:
    def window(section: str, place: int) -> Window:
        return Window(0.0, 1.0, np.arange(5.0), section=section, place=place)

    heard = [("A", 0), ("A", 4), ("B", 0), ("A", 0), ("A", 4), ("A", 0), ("B", 0), ("", 0)]
    sides = other_side([window(*one) for one in heard])
    assert sides == [False, False, False, True, True, False, True, False]


def test_where_a_song_is_counted_half_as_fast_windows_take_half_the_counts() -> None:
    gaps = np.r_[np.full(64, 0.33), np.full(32, 0.66), np.full(64, 0.33)]
    beats_s = np.concatenate([[0.0], np.cumsum(gaps)])
    numbers = (np.arange(len(beats_s)) % 4 + 1).astype(np.int32)
    music = Music(Path("song.wav"), "0" * 64, float(beats_s[-1]), Counts(beats_s, numbers, metre=4))
    windows = windows_of_counts(music, 8)
    slow = [window for window in windows if 22 < window.start_s < 38]
    assert {(window.counts, round(window.duration_s, 2)) for window in slow} == {(4, 2.64)}
    assert max(window.duration_s for window in windows) < 1.5 * 2.64


@pytest.mark.parametrize(("metre", "eight"), [(2, 8), (3, 6), (4, 8), (6, 6)])
def test_windows_open_where_dancers_begin_to_count_anew(metre: int, eight: int) -> None:
    beats_s = np.arange(0, 48) * 0.5
    numbers = (np.arange(48) % metre + 1).astype(np.int32)
    counts = Counts(beats_s, numbers, metre, bar_confidence=0.4)
    music = Music(Path("song.wav"), "0" * 64, 24.0, counts)
    windows = windows_of_counts(music, metre if metre < 6 else 3)
    opening_s = [window.start_s for window in windows if window.opens_eight]
    np.testing.assert_allclose(opening_s, np.arange(0, 24.0 - 1e-6, eight * 0.5))
    assert {window.bar_weight for window in windows} == {0.8}


def test_where_the_metre_changes_windows_are_bars_of_the_new_one() -> None:
    numbers = np.array([1, 2, 3] * 10 + [1, 2, 3, 4] * 8, dtype=np.int32)
    beats_s = np.arange(len(numbers)) * 0.5
    counts = Counts(beats_s, numbers, 3, bar_confidence=1.0)
    windows = windows_of_counts(Music(Path("song.wav"), "0" * 64, 31.0, counts), 3)
    told = [(window.metre, window.counts, window.number) for window in windows]
    assert told == [(3, 3, 1)] * 10 + [(4, 4, 1)] * 8
