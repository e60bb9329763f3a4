import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from danceit.audio.counts import bar_pointer
from danceit.audio.counts.bar_pointer import find_bars, find_beats, refined


def test_the_path_is_the_best_of_all_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_pointer, "SHORTEST", 3)
    monkeypatch.setattr(bar_pointer, "LONGEST", 5)
    monkeypatch.setattr(bar_pointer, "STEADINESS", 2.0)
    bar_pointer._tempo_changes.cache_clear()
    change = bar_pointer._tempo_changes()
    for seed in range(20):
        gains = np.random.default_rng(seed).normal(size=17).astype(np.float32)
        best_frames, best = (), -np.inf
        for frames, periods in _all_paths(17):
            costs = sum(change[new - 3, old - 3] for old, new in itertools.pairwise(periods))
            log_odds = float(gains[list(frames)].sum() + costs)
            if log_odds > best:
                best_frames, best = frames, log_odds
        found = find_beats(gains)
        assert found.log_odds == pytest.approx(best, abs=1e-4)
        assert tuple(found.frames) == best_frames
    bar_pointer._tempo_changes.cache_clear()


def _all_paths(n_frames: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Frames of the beats, and the period that ends at each of them."""
    started = [((first,), (period,)) for period in (3, 4, 5) for first in range(period)]
    while started:
        frames, periods = started.pop()
        if n_frames - frames[-1] <= periods[-1]:
            yield frames, periods
        for period in (3, 4, 5):
            if frames[-1] + period < n_frames:
                started.append(((*frames, frames[-1] + period), (*periods, period)))


def test_beats_follow_a_tempo_that_drifts() -> None:
    times_s = np.cumsum(60.0 / np.linspace(100.0, 120.0, 90))
    gains = np.full(int(times_s[-1] * 50) + 20, -2.0, np.float32)
    gains[np.round(times_s * 50).astype(int)] = 3.0
    np.testing.assert_array_equal(find_beats(gains).frames[-90:], np.round(times_s * 50))


@pytest.mark.parametrize("metre", [2, 3, 4])
def test_bars_have_the_metre_of_their_1s(metre: int) -> None:
    ones = np.where(np.arange(60) % metre == 1, 1.5, -1.5)
    ones += np.random.default_rng(metre).normal(scale=0.7, size=60)
    found = find_bars(ones)
    assert found.metre == metre
    assert found.numbers.tolist()[:3] == [(i - 1) % metre + 1 for i in range(3)]


def test_a_bar_cut_short_is_counted_anew() -> None:
    ones = np.concatenate([np.where(np.arange(n) % 4 == 0, 2.0, -2.0) for n in (42, 40)])
    numbers = find_bars(ones).numbers
    assert numbers[36:41].tolist() == [1, 2, 3, 4, 1]
    assert numbers[42:47].tolist() == [1, 2, 3, 4, 1]


def test_beats_are_moved_to_the_top_between_frames() -> None:
    frames = np.arange(60.0)
    strength = np.exp(-0.5 * ((frames - 20.3) / 1.5) ** 2).astype(np.float32)
    assert refined(np.array([19]), strength)[0] == pytest.approx(20.3, abs=0.05)


def test_bars_are_as_sure_as_their_1s_stand_out() -> None:
    # The next best explanation is bars of two, which count the 3 as a 1 and lose its 2 nepers.
    clear = find_bars(np.tile([2.0, -1.0, -2.0, -1.0], 10))
    assert (clear.metre, clear.margin) == (4, pytest.approx(2.0))
    hidden = find_bars(np.tile([2.0, -1.0, 1.9, -1.0], 10), (4,))
    assert hidden.margin == pytest.approx(0.1)
    flat = find_bars(np.full(40, -1.0))
    assert flat.margin == pytest.approx(0.0, abs=0.2)
