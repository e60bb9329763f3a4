"""The noun Counts: phases, places and what lies outside the tracked beats."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.counts import Counts, Section
from danceit.errors import InputError

WALTZ = Counts(np.arange(7) * 0.5 + 1.0, np.array([2, 3, 1, 2, 3, 1, 2], np.int32), metre=3)


def test_the_phase_is_counted_from_the_1() -> None:
    assert WALTZ.phase([2.0, 2.25, 3.25, 3.5]) == pytest.approx([0.0, 0.5, 2.5, 0.0])


def test_before_the_first_beat_and_after_the_last_the_counting_goes_on() -> None:
    # A half beat before the 2 is half-way through the 1; one beat after the last 2 is a 3.
    assert WALTZ.phase([0.75, 4.5]) == pytest.approx([0.5, 2.0])


def test_without_numbers_the_phase_is_that_within_the_beat() -> None:
    assert Counts.of_beats(np.array([0.0, 1.0, 2.0])).phase([1.25, 2.5]) == pytest.approx(
        [0.25, 0.5]
    )


def test_where_nothing_is_counted_there_is_no_phase() -> None:
    assert np.isnan(Counts.none().phase([0.0, 1.0])).all()
    assert not Counts.none().trusted


def test_beats_are_used_where_they_or_the_bars_that_they_make_up_are_sure() -> None:
    assert replace(WALTZ, confidence=0.3, bar_confidence=0.0).trusted
    assert replace(WALTZ, confidence=0.2, bar_confidence=0.5).trusted
    assert not replace(WALTZ, confidence=0.29, bar_confidence=0.49).trusted
    assert not Counts.of_beats(WALTZ.beats_s, confidence=0.29).trusted


def test_counts_that_cover_a_song_begin_on_a_1_and_keep_the_beats_that_were_there() -> None:
    wider = WALTZ.covering(0.0, 6.2)
    assert wider.beats_s[0] <= 0.0
    assert wider.beats_s[-1] >= 6.2
    assert wider.numbers[0] == 1
    assert set(np.diff(wider.numbers)) <= {1, -2}
    assert np.isin(WALTZ.beats_s, wider.beats_s).all()


@given(st.floats(-5, 15))
def test_places_and_times_are_inverse(time_s: float) -> None:
    assert WALTZ.times(WALTZ.places([time_s])) == pytest.approx([time_s])


def test_a_pause_or_a_lost_beat_does_not_change_the_tempo() -> None:
    beats_s = np.delete(np.arange(40) * 0.5, 17)
    beats_s[30:] += 3.1
    assert Counts.of_beats(beats_s).tempo_bpm == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("metre", "first", "expected"),
    [
        (4, 1, [8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3]),
        (2, 0, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4]),
        (3, 0, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]),
        (5, 0, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]),
    ],
)
def test_dancers_count_two_bars_of_four_as_an_eight(
    metre: int, first: int, expected: list[int]
) -> None:
    numbers = ((np.arange(12) - first) % metre + 1).astype(np.int32)
    assert Counts(np.arange(12.0), numbers, metre).eights.tolist() == expected


def test_an_eight_starts_anew_with_each_section() -> None:
    numbers = (np.arange(24) % 4 + 1).astype(np.int32)
    sections = (Section(0.0, 12.1, "A"), Section(12.1, 24.0, "B"))
    counts = Counts(np.arange(24.0), numbers, 4, sections)
    assert counts.eights[8:20].tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8]
    assert Counts.of_beats(np.arange(3.0)).eights.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("beats_s", "numbers", "message"),
    [
        ([1.0, 0.5], [1, 2], "increasing"),
        ([0.0, np.nan], [1, 2], "finite"),
        ([0.0, 1.0], [1], "needs its number"),
        ([0.0, 1.0], [1, -2], "0 .not known. or more"),
    ],
)
def test_impossible_counts_are_refused(
    beats_s: list[float], numbers: list[int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Counts(np.array(beats_s), np.array(numbers, np.int32))


def test_counts_come_back_from_their_text() -> None:
    again = Counts.from_text(WALTZ.as_text())
    np.testing.assert_array_equal(again.beats_s, WALTZ.beats_s)
    np.testing.assert_array_equal(again.numbers, WALTZ.numbers)
    assert (again.metre, again.confidence) == (3, 1.0)
    assert Counts.none().as_text() == ""
    assert len(Counts.from_text("").beats_s) == 0


@pytest.mark.parametrize("text", ["{}", "[1]", "beats", '{"beats_s": [1, 0], "numbers": [1, 2]}'])
def test_what_is_no_text_of_counts_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="these are no counts"):
        Counts.from_text(text)


def test_a_stretch_of_counts_keeps_its_beats_and_numbers() -> None:
    part = WALTZ.within(1.5, 3.0)
    assert part.beats_s.tolist() == [1.5, 2.0, 2.5, 3.0]
    assert part.numbers.tolist() == [3, 1, 2, 3]


def test_bars_weigh_as_much_as_they_are_sure() -> None:
    beats_s, numbers = np.arange(8.0), (np.arange(8) % 4 + 1).astype(np.int32)
    weights = {
        sure: Counts(beats_s, numbers, 4, bar_confidence=sure).bar_weight
        for sure in (0.0, 0.2, 0.5, 0.9)
    }
    assert weights == {0.0: 0.0, 0.2: 0.4, 0.5: 1.0, 0.9: 1.0}
    assert not Counts(beats_s, numbers, 4, bar_confidence=0.2).bars_trusted
    assert not Counts.of_beats(beats_s).bar_weight
    alone = Counts(beats_s, numbers, 4).without_bars()
    assert (alone.metre, alone.numbers.any(), alone.bars_trusted) == (0, False, False)


def test_text_keeps_how_sure_bars_are_and_old_text_takes_it_from_the_beats() -> None:
    numbers = np.array([1, 2, 3], np.int32)
    counts = Counts(np.arange(3.0), numbers, 3, confidence=0.8, bar_confidence=0.4)
    assert Counts.from_text(counts.as_text()).bar_confidence == 0.4
    old = '{"metre":3,"confidence":0.8,"beats_s":[0,1,2],"numbers":[1,2,3]}'
    assert Counts.from_text(old).bar_confidence == 0.8


def changing(*passages: tuple[int, int]) -> Counts:
    """Passages of so many bars: (metre, bars) one after the other, two beats a second."""
    numbers = [n + 1 for metre, bars in passages for _ in range(bars) for n in range(metre)]
    metre = max(passages, key=lambda passage: passage[1])[0]
    return Counts(np.arange(len(numbers)) * 0.5, np.array(numbers, np.int32), metre)


def test_a_passage_in_another_metre_is_counted_in_its_own() -> None:
    counts = changing((3, 8), (4, 6))
    assert counts.metre == 3
    assert counts.metres.tolist() == [3] * 24 + [4] * 24
    assert counts.passages == ((0, 24, 3), (24, 48, 4))
    assert counts.metre_at([0.0, 11.9, 12.0, 30.0]).tolist() == [3, 3, 4, 4]
    # The eight begins anew where the metre does: sixes before, eights behind.
    assert counts.eights.tolist() == [1, 2, 3, 4, 5, 6] * 4 + [1, 2, 3, 4, 5, 6, 7, 8] * 3
    assert counts.phase([13.75]) == pytest.approx([3.5])


def test_a_bar_that_slips_is_no_passage() -> None:
    assert set(changing((4, 8), (3, 1), (4, 8)).metres.tolist()) == {4}
    assert set(changing((4, 8), (3, 3), (4, 8)).metres.tolist()) == {4}


def test_a_song_that_ends_in_another_metre_is_carried_on_in_it() -> None:
    covered = changing((3, 8), (4, 6)).covering(-1.0, 27.0)
    assert covered.numbers[:4].tolist() == [1, 2, 3, 1]
    assert covered.numbers[-8:].tolist() == [4, 1, 2, 3, 4, 1, 2, 3]


def test_a_beat_too_many_is_called_as_the_last_of_its_eight() -> None:
    numbers = np.array([1, 2, 3, 4] * 3 + [1, 2, 3, 4, 5] + [1, 2, 3, 4] * 3, np.int32)
    counts = Counts(np.arange(len(numbers)) * 0.5, numbers, 4)
    assert counts.eights.max() == 8
    assert counts.eights[:17].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8]


def test_what_is_not_numbered_has_no_phase_where_the_rest_is() -> None:
    counts = Counts(np.arange(8) * 0.5, np.array([1, 2, 3, 4, 0, 0, 0, 0], np.int32), 4)
    phase = counts.phase([1.25, 1.75, 2.25])
    assert phase[:2] == pytest.approx([2.5, 3.5])
    assert np.isnan(phase[2])


@pytest.mark.parametrize("n_beats", [0, 1])
def test_under_two_beats_there_is_no_place(n_beats: int) -> None:
    counts = Counts.of_beats(np.arange(n_beats) * 1.0)
    assert np.isnan(counts.places([0.5])).all()
    assert np.isnan(counts.times([0.5])).all()
