"""Windows to come are whole bars that begin on a 1."""

from itertools import pairwise

import numpy as np
import pytest

from danceit.audio.live.following import Followed
from danceit.counts import Counts
from danceit.retrieval.live.ahead import first_one, landing, windows_ahead


def counted(metre: int, first_number: int = 1, bpm: float = 120.0) -> Followed:
    places = np.arange(60)
    numbers = (places + first_number - 1) % metre + 1 if metre else np.zeros(60)
    beats_s = 1.0 + places * 60 / bpm
    return Followed(3.0, Counts(beats_s, numbers.astype(np.int32), metre), first_id=1000)


@pytest.mark.parametrize(("metre", "span"), [(4, 4), (3, 3), (2, 4)])
def test_windows_follow_on_one_another_in_whole_bars(metre: int, span: int) -> None:
    followed = counted(metre, bpm=120 if metre != 3 else 90)
    windows = windows_ahead(followed, 1000 + 2 * metre, 7.5, 5, 2.0, 0)
    assert [one.window.counts for one in windows] == [span] * 5
    assert [one.window.number for one in windows] == [1] * 5
    assert windows[0].window.start_s == 7.5
    for one, following in pairwise(windows):
        assert following.first_id == one.end_id
        assert following.window.start_s == pytest.approx(one.window.end_s)
        assert following.window.place == one.next_place


def test_a_window_that_begins_within_a_bar_ends_with_it() -> None:
    followed = counted(4, first_number=3)
    windows = windows_ahead(followed, 1000, 1.0, 3, 2.0, 4)
    assert [one.window.counts for one in windows] == [2, 4, 4]
    assert [one.window.number for one in windows] == [3, 1, 1]
    # An eight begins anew.
    assert [one.window.place for one in windows] == [4, 0, 4]


def test_a_single_count_is_no_window() -> None:
    followed = counted(4, first_number=4)
    assert windows_ahead(followed, 1000, 1.0, 1, 2.0, 0)[0].window.counts == 5


def test_bars_longer_than_a_window_are_cut_at_their_counts() -> None:
    followed = counted(4, bpm=60)
    windows = windows_ahead(followed, 1000, 1.0, 4, 2.0, 0)
    assert [one.window.counts for one in windows] == [2] * 4
    assert [one.window.number for one in windows] == [1, 3, 1, 3]


def test_without_bars_windows_are_of_the_usual_counts() -> None:
    windows = windows_ahead(counted(0), 1000, 1.0, 2, 2.0, 0)
    assert [one.window.counts for one in windows] == [4, 4]


def test_the_first_1_from_a_moment_on_is_found() -> None:
    assert first_one(counted(4), 1.2) == 1004
    assert first_one(counted(4), 3.0) == 1004
    assert first_one(counted(0), 1.2) == 1001


def test_movement_ends_on_the_nearest_1_of_another_grid() -> None:
    """Beats of half a second from 1.0 s on, 1s at 1, 3, 5 s."""
    followed = counted(4)
    assert landing(followed, 2.0, 2.9) == 1008
    assert landing(followed, 2.0, 1.1) == 1004
    # At 1.25 times its pace it reaches 4.0 s: no 1, but a beat.
    assert landing(followed, 2.5, 1.6) == 1006
    # Not on what is shown already.
    assert followed.place(landing(followed, 3.0, 0.0)) > 3.1


@pytest.mark.parametrize("metre", [0, 2, 3, 4, 5, 6, 7])
def test_eights_open_where_those_of_a_song_that_is_known_do(metre: int) -> None:
    followed = counted(metre)
    windows = windows_ahead(followed, 1000, 1.0, 8, 2.0, 0)
    called = followed.counts.eights
    expected = [
        called[one.first_id - 1000] == 1 if metre else (one.first_id - 1000) % 8 == 0
        for one in windows
    ]
    assert [one.window.opens_eight for one in windows] == expected
