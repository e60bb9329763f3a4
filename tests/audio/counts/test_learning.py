import numpy as np
import pytest

from danceit.audio.beats import onsets
from danceit.audio.counts.learning.songs import DURATION_S, draw_beatless, draw_song
from danceit.audio.counts.learning.styles import STYLES


@pytest.mark.parametrize("name", STYLES)
def test_patterns_fill_bars(name: str) -> None:
    style = STYLES[name]
    per_bar = style.metre * style.steps
    kits = [pattern for kit in style.kits for pattern in kit.values()]
    for pattern in [*kits, *style.basses, *style.chords]:
        assert len(pattern) % per_bar == 0, pattern


@pytest.mark.parametrize("name", ["slow waltz", "backbeat", "six-eight"])
def test_songs_are_struck_on_the_beats_they_are_said_to_have(name: str) -> None:
    # Onsets of another method, on the beats and a third of a beat after them.
    on = off = 0.0
    for seed in range(4):
        song = draw_song(np.random.default_rng(seed), name)
        onset = onsets(song.sound)
        after_s = song.beats_s + 0.4 * np.median(np.diff(song.beats_s))
        for times_s, add in ((song.beats_s, True), (after_s, False)):
            frames = np.round(times_s[times_s < DURATION_S - 1] * onset.rate).astype(int)
            near = np.stack([onset.broad[frames + step] for step in range(-3, 4)]).max(axis=0)
            on, off = (on + near.mean(), off) if add else (on, off + near.mean())
    assert on > 1.5 * off


def test_the_same_seed_is_the_same_song() -> None:
    first, again = (draw_song(np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.sound.samples, again.sound.samples)
    assert first.beats_s.tolist() == again.beats_s.tolist()


def test_songs_are_as_long_and_as_loud_as_one_another() -> None:
    for seed in range(3):
        song = draw_song(np.random.default_rng(seed))
        assert song.sound.duration_s == pytest.approx(DURATION_S)
        assert np.abs(song.sound.samples).max() == pytest.approx(0.9, abs=1e-3)
        assert (np.diff(song.beats_s) > 0.2).all()


def test_sounds_without_a_beat_have_none() -> None:
    assert draw_beatless(np.random.default_rng(0)).beats_s.size == 0
