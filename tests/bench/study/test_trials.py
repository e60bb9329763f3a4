"""The design and the figures of a study, against other implementations of the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from danceit.bench.study.trials import (
    PAIR_QUESTIONS,
    Entry,
    entries,
    order_for,
    share_of,
    sign_test,
    trials,
    wilson,
)
from danceit.data import DanceSong
from danceit.errors import InputError
from tests.render.conftest import make_dance, swaying


def write(path: Path, song: str = "s", phase: int = 0, frames: int = 240) -> Path:
    dance = make_dance(swaying(frames + phase)[phase:])
    path.parent.mkdir(exist_ok=True)
    replace(dance, song=DanceSong(Path("song.wav"), song) if song else None).save(path)
    return path


@pytest.fixture
def three(tmp_path: Path) -> tuple[Entry, ...]:
    names = "abc"
    return entries([write(tmp_path / f"{n}.dance.npz", phase=i) for i, n in enumerate(names)])


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_and_tests_agree_with_statsmodels_and_scipy(counts: tuple[int, int]) -> None:
    chosen, votes = counts
    assert wilson(chosen, votes) == pytest.approx(
        proportion_confint(chosen, votes, method="wilson"), abs=1e-9
    )
    assert sign_test(chosen, votes) == pytest.approx(binomtest(chosen, votes).pvalue, abs=1e-9)


def test_known_values() -> None:
    """Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, method 3."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert sign_test(8, 10) == pytest.approx(112 / 1024)
    assert sign_test(5, 10) == 1.0
    share = share_of("realism", "a", "b", 8, 10, 2)
    assert (share.share, share.low < 0.8 < share.high) == (0.8, True)


@pytest.mark.parametrize(("chosen", "votes"), [(0, 0), (3, 2), (-1, 4)])
def test_shares_of_nothing_are_refused(chosen: int, votes: int) -> None:
    with pytest.raises(InputError, match="at least one vote"):
        wilson(chosen, votes)


def test_every_pair_is_a_trial_of_the_same_stretch(three: tuple[Entry, ...]) -> None:
    made = trials(three, single=False, seconds=4, seed=0)
    names = [tuple(entry.contestant for entry in trial.entries) for trial in made]
    assert names == [("a", "b"), ("a", "c"), ("b", "c")]
    assert len({(trial.start_s, trial.end_s) for trial in made}) == 1
    assert made[0].end_s - made[0].start_s == pytest.approx(4)
    assert 0 <= made[0].start_s <= 6
    assert made[0].questions == PAIR_QUESTIONS


def test_a_stretch_longer_than_the_dance_is_all_of_it(three: tuple[Entry, ...]) -> None:
    (trial, *_) = trials(three, single=True, seconds=99, seed=0)
    assert (trial.start_s, trial.end_s) == (0, 10)
    assert len(trial.entries) == 1


def test_orders_and_sides_are_random_but_a_viewers_own(three: tuple[Entry, ...]) -> None:
    made = trials(three, single=False, seconds=4, seed=0)
    assert order_for("anna", made, 0) == order_for("anna", made, 0)
    orders = [order_for(f"viewer {i}", made, 0) for i in range(400)]
    firsts = np.mean([order[0][0] is made[0] for order in orders])
    swapped = np.mean([sides for order in orders for _, sides in order])
    assert firsts == pytest.approx(1 / 3, abs=0.08)
    assert swapped == pytest.approx(1 / 2, abs=0.06)
    assert all(len({id(trial) for trial, _ in order}) == 3 for order in orders)


def test_folders_are_compared_song_by_song(tmp_path: Path) -> None:
    for method in ("ours", "theirs"):
        for song in ("one", "two"):
            write(tmp_path / method / f"{song}.dance.npz", song, phase=len(method))
    write(tmp_path / "theirs" / "three.dance.npz", "three")
    made = trials(
        entries([tmp_path / "ours", tmp_path / "theirs"]), single=False, seconds=4, seed=0
    )
    assert [trial.entries[0].song_sha256 for trial in made] == ["one", "two"]
    assert {trial.entries[1].contestant for trial in made} == {"theirs"}


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    a = write(tmp_path / "a.dance.npz", "one")
    b = write(tmp_path / "b.dance.npz", "two")
    nameless = write(tmp_path / "c.dance.npz", "")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="nothing to compare"):
        trials(entries([a, b]), single=False, seconds=4, seed=0)
    with pytest.raises(InputError, match="two contestants are called 'a'"):
        entries([a, a])
    with pytest.raises(InputError, match="does not say to which song"):
        entries([a, nameless])
    with pytest.raises(InputError, match="holds no"):
        entries([tmp_path / "empty"])
    write(tmp_path / "twice" / "1.dance.npz", "one")
    write(tmp_path / "twice" / "2.dance.npz", "one")
    with pytest.raises(InputError, match="several dances to the song"):
        entries([tmp_path / "twice"])
    with pytest.raises(InputError, match="`seconds` must be above 0"):
        trials(entries([a]), single=True, seconds=0, seed=0)
