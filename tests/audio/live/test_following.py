"""Beats of made songs, of which every beat is known, counted while they are heard."""

from dataclasses import dataclass

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.audio.counts.bar_pointer import Forward, find_beats
from danceit.audio.decoding import RATE
from danceit.audio.live.following import Followed, Follower, _tempo
from danceit.data import Float32, Float64
from tests.audio.counts import made

BLOCK = RATE // 10
LEAD_S = 0.5
FROM_S = 6.0
"""Seconds at the beginning that nobody is asked about."""


@dataclass(frozen=True)
class Said:
    """What was said of a song: each state, and beats as they were `LEAD_S` ahead of them."""

    states: tuple[Followed, ...]
    beats_s: Float64
    numbers: Float64

    def at(self, time_s: float) -> Followed:
        return min(self.states, key=lambda state: abs(state.now_s - time_s))


def follow(samples: Float32) -> Said:
    follower, states, beats, head_s = Follower(), [], {}, 0.0
    for start in range(0, len(samples) - BLOCK, BLOCK):
        followed = follower.hear(samples[start : start + BLOCK])
        states.append(followed)
        fixed_s = (start + BLOCK) / RATE + LEAD_S
        counts = followed.counts
        for beat_s, number in zip(counts.beats_s.tolist(), counts.numbers, strict=True):
            if head_s <= beat_s < fixed_s and beat_s - max(beats, default=-1.0) > 0.1:
                beats[beat_s] = number
        head_s = fixed_s
    beats_s = np.array(sorted(beats))
    return Said(tuple(states), beats_s, np.array([beats[one] for one in beats_s.tolist()]))


def f_measure(known_s: Float64, found_s: Float64, until_s: float) -> float:
    inside = [beats[(beats >= FROM_S) & (beats < until_s)] for beats in (known_s, found_s)]
    return float(mir_eval.beat.f_measure(*inside))


@pytest.fixture(scope="module")
def rock() -> tuple[made.Track, Said]:
    song = made.rock(made.steady(104), 22.0)
    return song, follow(song.samples)


def test_beats_are_known_before_they_are_heard(rock: tuple[made.Track, Said]) -> None:
    song, said = rock
    assert f_measure(song.beats_s, said.beats_s, 21.0) > 0.95


def test_beats_to_come_go_on_at_the_tempo(rock: tuple[made.Track, Said]) -> None:
    _, said = rock
    counts = said.at(15.0).counts
    coming = counts.beats_s[counts.beats_s > 15.0]
    assert coming[-1] > 40.0
    np.testing.assert_allclose(np.diff(coming), 60 / 104, atol=0.01)
    assert counts.metre == 4


def test_a_beat_keeps_its_number(rock: tuple[made.Track, Said]) -> None:
    _, said = rock
    numbered = said.at(10.0)
    kept = round(numbered.id_at(9.0))
    for state in said.states:
        if state.counting and 10.0 < state.now_s < 21.0:
            assert state.place(kept) == pytest.approx(numbered.place(kept), abs=0.06)
            assert state.id_at(state.place(kept + 3)) == pytest.approx(kept + 3)


def test_what_is_still_to_come_changes_nothing(rock: tuple[made.Track, Said]) -> None:
    song, said = rock
    other = song.samples.copy()
    other[10 * RATE :] = 0.0
    again = follow(other[: 11 * RATE])
    for before, after in zip(said.states, again.states, strict=False):
        if before.now_s <= 10.0:
            np.testing.assert_array_equal(before.counts.beats_s, after.counts.beats_s)


def test_a_waltz_is_counted_in_threes_while_it_is_heard() -> None:
    song = made.waltz(96)
    said = follow(song.samples[: 24 * RATE])
    assert f_measure(song.beats_s, said.beats_s, 23.0) > 0.95
    ones_s = said.beats_s[said.numbers == 1]
    assert f_measure(song.beats_s[::3], ones_s, 23.0) > 0.8
    assert said.at(20.0).counts.metre == 3


def test_a_change_of_tempo_is_followed_within_a_few_beats() -> None:
    slow_s = np.arange(0.2, 13.0, 60 / 96)
    quick_s = slow_s[-1] + np.arange(1, 40) * 60 / 116
    song = made.rock(np.concatenate([slow_s, quick_s]), 26.0)
    said = follow(song.samples)
    assert said.at(12.0).counts.tempo_bpm == pytest.approx(96, rel=0.03)
    coming = said.at(20.0)
    period_s = coming.place(coming.first_id + len(coming.counts.beats_s) - 1) - coming.place(
        coming.first_id + len(coming.counts.beats_s) - 2
    )
    assert 60 / period_s == pytest.approx(116, rel=0.03)
    inside = (song.beats_s > 19) & (song.beats_s < 25)
    late = said.beats_s[(said.beats_s > 19) & (said.beats_s < 25)]
    assert mir_eval.beat.f_measure(song.beats_s[inside], late, f_measure_threshold=0.07) > 0.9


def test_numbers_of_beats_hold_until_they_come_at_another_pace(
    rock: tuple[made.Track, Said],
) -> None:
    _, said = rock
    assert len({state.grid for state in said.states if state.now_s > 6.0}) == 1
    slow_s = np.arange(0.2, 12.0, 60 / 92)
    quick_s = slow_s[-1] + np.arange(1, 40) * 60 / 132
    song = made.rock(np.concatenate([slow_s, quick_s]), 24.0)
    said = follow(song.samples)
    before, after = said.at(11.0), said.at(23.0)
    assert after.grid > before.grid
    assert after.counts.tempo_bpm == pytest.approx(132, rel=0.03)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_beats_that_are_heard_a_little_off_tell_the_tempo(seed: int) -> None:
    """Sixteen beats off by 15 ms each: the next is off by 9 ms at two deviations in theory."""
    rng = np.random.default_rng(seed)
    beats_s = 3.0 + 0.6 * np.arange(40) + np.clip(rng.normal(0, 0.015, 40), -0.03, 0.03)
    period_s, last_s = _tempo(beats_s, np.full(40, 0.8))
    assert last_s + period_s == pytest.approx(3.0 + 0.6 * 40, abs=0.035)
    # One that was hardly heard may lie anywhere near.
    heard = np.full(40, 0.8)
    beats_s[-2], heard[-2] = beats_s[-2] + 0.12, 0.0
    period_s, last_s = _tempo(beats_s, heard)
    assert last_s + period_s == pytest.approx(3.0 + 0.6 * 40, abs=0.045)


def test_a_tempo_that_has_changed_is_told_by_fewer_beats() -> None:
    beats_s = np.concatenate([0.6 * np.arange(20), 0.6 * 19 + 0.5 * np.arange(1, 6)])
    period_s, last_s = _tempo(beats_s, np.full(25, 0.8))
    assert period_s == pytest.approx(0.5, abs=0.01)
    assert last_s == pytest.approx(beats_s[-1], abs=0.01)


def test_silence_ends_the_counting_and_music_begins_it_again() -> None:
    song = made.rock(made.steady(110), 24.0)
    samples = song.samples.copy()
    samples[9 * RATE : 14 * RATE] = 0.0
    said = follow(samples)
    assert said.at(8.0).counting
    quiet = said.at(12.0)
    assert quiet.silent
    assert not quiet.counting
    again = said.at(20.0)
    assert again.counting
    assert again.first_id > said.at(8.0).first_id + len(said.at(8.0).counts.beats_s)


def test_a_break_of_a_second_is_counted_through() -> None:
    song = made.rock(made.steady(110), 16.0)
    samples = song.samples.copy()
    samples[10 * RATE : 11 * RATE + RATE // 10] = 0.0
    said = follow(samples)
    assert all(state.counting for state in said.states if state.now_s > 6.0)
    assert len({state.grid for state in said.states if state.now_s > 6.0}) == 1


def test_nothing_is_counted_in_silence_or_in_a_tone() -> None:
    time_s = np.arange(12 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 220 * time_s)).astype(np.float32)
    for samples in (np.zeros(12 * RATE, np.float32), tone):
        said = follow(samples)
        assert not any(state.counting for state in said.states)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 90), min_size=1, max_size=5))
def test_the_forward_pass_is_the_same_in_any_stretches(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    gains = rng.normal(size=sum(lengths) + 150).astype(np.float32)
    forward, start = Forward(), 0
    for length in lengths:
        forward.extend(gains[start : start + length])
        start += length
    with_rest = forward.with_more(gains[start:])
    assert forward.n_frames == start
    whole = find_beats(gains)
    np.testing.assert_array_equal(with_rest.path().frames, whole.frames)
    assert with_rest.path().log_odds == pytest.approx(whole.log_odds, abs=1e-3)


def test_a_forward_pass_that_forgets_ends_on_the_same_beats() -> None:
    gains = np.full(1500, -2.0, np.float32)
    gains[7::30] = 3.0
    forward = Forward(kept=400)
    for start in range(0, 1500, 100):
        forward.extend(gains[start : start + 100])
    found = forward.path().frames
    assert forward.first == 1100
    np.testing.assert_array_equal(found, find_beats(gains).frames[-len(found) :])
    assert len(found) >= 12


def test_beats_are_where_they_are_however_much_comes_at_once(rock: tuple[made.Track, Said]) -> None:
    samples = rock[0].samples
    in_hops, at_once = Follower(), Follower()
    for start in range(0, len(samples), RATE // 5):
        in_hops.hear(samples[start : start + RATE // 5])
    at_once.hear(samples)
    np.testing.assert_allclose(at_once.followed.counts.beats_s, in_hops.followed.counts.beats_s)


def test_the_1_moves_when_several_bars_say_so_and_not_for_one() -> None:
    follower = Follower(metre=4)
    ones = np.tile([1.0, -1.0, -1.0, -1.0], 4)
    assert follower._bars(ones, 0).numbers.tolist() == [1, 2, 3, 4] * 4
    # Bars whose third beat is the heavier one: 4 nepers a bar speak for it.
    leaning = np.tile([-1.0, -1.0, 1.0, -1.0], 10)
    for bars, place in ((4, 4), (5, 4), (8, 2)):
        heard = np.concatenate([ones, leaning[: 4 * bars]])
        assert follower._bars(heard, 4).numbers[-1] == place, bars


def test_without_a_1_foretold_the_bars_that_fit_best_are_taken() -> None:
    follower = Follower(metre=4)
    leaning = np.tile([-1.0, -1.0, 1.0, -1.0], 3)
    assert follower._bars(leaning, 0).numbers[-1] == 2
    slightly = np.tile([0.0, -1.0, 0.5, -1.0], 3)
    assert follower._bars(slightly, 4).numbers[-1] == 4
    assert follower._bars(slightly, 0).numbers[-1] == 2


def test_a_1_is_relied_on_after_two_bars_in_which_it_stayed(
    rock: tuple[made.Track, Said],
) -> None:
    _, said = rock
    counting = [state for state in said.states if state.counting]
    assert not counting[0].steady
    assert counting[-1].steady
    bar_s = 4 * 60 / 104
    for state in counting:
        assert state.steady == (
            state.now_s - state.one_since_s >= 2 * 60 * 4 / state.counts.tempo_bpm
        )
    late = [state for state in counting if state.now_s > 12.0]
    assert all(state.now_s - state.one_since_s > 2 * bar_s for state in late)
