"""Whether choreography returns with the sections of a song, on dances whose sources are known."""

from dataclasses import replace

import numpy as np
import pytest

from danceit.bench import in_time
from danceit.counts import Counts, Section
from danceit.data import FPS, Dance, Placement

BEATS_S = np.arange(41) * 0.5
"""Twenty seconds of beats: sections A, B, A of 8, 4 and 8 s."""
SONG = Counts(
    BEATS_S,
    (np.arange(41) % 4 + 1).astype(np.int32),
    metre=4,
    sections=(Section(0, 8, "A"), Section(8, 12, "B"), Section(12, 20, "A")),
)


def placed(clip_id: str, start_s: float, window_start_s: float) -> Placement:
    return Placement(
        fragment_id=f"{clip_id}:{round(start_s * FPS)}+96",
        clip_id=clip_id,
        source=clip_id,
        start_s=start_s,
        end_s=start_s + 4,
        window_start_s=window_start_s,
        distance=0.0,
        rank=1,
        join_cost=0.0,
    )


def dance(*shown: tuple[str, float]) -> Dance:
    """Five windows of 4 s, each of a clip from a second on."""
    index = np.repeat(np.arange(5, dtype=np.int32), 96)
    source_s = np.concatenate([start_s + np.arange(96) / FPS for _, start_s in shown])
    return Dance(
        joints=np.zeros((480, 18, 3), np.float32),
        seams=np.arange(96, 480, 96, dtype=np.int64),
        beats_s=SONG.beats_s,
        numbers=SONG.numbers,
        source_index=index,
        source_s=source_s,
        fragments=tuple(placed(clip, start_s, 4.0 * w) for w, (clip, start_s) in enumerate(shown)),
    )


def test_moves_that_return_with_their_section_are_repeated() -> None:
    made = dance(("a", 0), ("b", 3), ("c", 0), ("a", 0), ("b", 3))
    assert in_time.repeated(made, SONG) == 1.0


@pytest.mark.parametrize(
    "last",
    [
        ("a", 3.0),  # the same second of another clip
        ("b", 4.0),  # the same clip, a second later
    ],
)
def test_half_of_them_are_where_one_of_two_windows_is_another(last: tuple[str, float]) -> None:
    made = dance(("a", 0), ("b", 3), ("c", 0), ("a", 0), last)
    assert in_time.repeated(made, SONG) == pytest.approx(0.5)


def test_a_return_longer_than_the_first_is_asked_as_far_as_that_went() -> None:
    longer = Counts(
        SONG.beats_s,
        SONG.numbers,
        metre=4,
        sections=(Section(0, 4, "A"), Section(4, 12, "B"), Section(12, 20, "A")),
    )
    made = dance(("a", 0), ("b", 3), ("c", 0), ("a", 0), ("d", 9))
    assert in_time.repeated(made, longer) == 1.0


def test_a_song_in_which_nothing_returns_asks_for_nothing() -> None:
    once = Counts(SONG.beats_s, SONG.numbers, metre=4, sections=(Section(0, 20, "A"),))
    assert np.isnan(in_time.repeated(dance(*[("a", 0.0)] * 5), once))
    assert np.isnan(in_time.repeated(dance(*[("a", 0.0)] * 5), Counts.none()))


@pytest.mark.parametrize("level", [0.5, 1.0, 2.0])
def test_a_dance_at_half_or_twice_the_pace_of_its_song_keeps_its_timing(level: float) -> None:
    # Each fragment shows beats of its source that last `level` beats of the song, from one on.
    own_s = tuple((np.arange(9 / min(level, 1)) * 0.5 * level).tolist())
    source_s = np.tile(np.arange(96) / FPS, 5)
    made = dance(*[("a", 0.0)] * 5)
    made = replace(
        made,
        source_s=source_s,
        fragments=tuple(replace(p, beats_s=own_s, number=1, metre=4) for p in made.fragments),
    )
    kept = in_time.evaluate(made)
    assert kept["timing_kept"] == pytest.approx(1.0, abs=0.01)
    assert kept["timing_offset"] == pytest.approx(0.0, abs=0.01)
    assert kept["timing_kept_bar"] == pytest.approx(1.0, abs=0.01)
    late = in_time.evaluate(replace(made, source_s=np.maximum(source_s - 0.125, 0)))
    assert late["timing_offset"] == pytest.approx(0.25, abs=0.02)


def test_bars_agree_where_the_shorter_one_begins_with_the_longer() -> None:
    made = dance(*[("a", 0.0)] * 5)
    source_s = np.tile(np.arange(96) / FPS, 5)
    own_s = tuple((np.arange(9) * 0.5).tolist())

    def kept(number: int, metre: int) -> float:
        fragments = tuple(
            replace(p, beats_s=own_s, number=number, metre=metre) for p in made.fragments
        )
        shown = replace(made, source_s=source_s, fragments=fragments)
        return in_time.evaluate(shown)["timing_kept_bar"]

    # Whichever of its 1s a source in two begins on, it is on a 1 or a 3 of four.
    assert kept(1, 2) == kept(1, 4) == pytest.approx(1.0)
    # All are off by the same: that is kept, and told by the offset.
    assert kept(2, 4) == pytest.approx(1.0)
    assert np.isnan(kept(1, 3))


@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_source_is_judged_alike_by_its_whole_song_and_by_what_the_dance_carries(
    first: int,
) -> None:
    # Bars of four at 120; the fragment begins on beat `first` of the source's second bar.
    start_s = 2.0 + 0.5 * (first - 1)
    whole = Counts(np.arange(60) * 0.5, (np.arange(60) % 4 + 1).astype(np.int32), metre=4)
    shown_s = tuple((start_s + np.arange(9) * 0.5).tolist())
    made = dance(*[("a", start_s)] * 5)
    made = replace(
        made,
        fragments=tuple(replace(p, beats_s=shown_s, number=first, metre=4) for p in made.fragments),
    )
    own = in_time.source_counts(made)
    known = in_time.source_counts(made, SONG, lambda placed: whole)
    np.testing.assert_allclose(known.beats, own.beats, atol=1e-9)
    np.testing.assert_allclose(known.in_bar, own.in_bar, atol=1e-9)
    np.testing.assert_array_equal(known.bar, own.bar)
