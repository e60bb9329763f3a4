from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from danceit.bench.measures import statistics
from danceit.errors import InputError


def test_windows_of_a_song_count_as_one():
    values = statistics.by_group(np.array([1.0, 3.0, np.nan, 10.0]), ["a", "a", "a", "b"])
    assert values.tolist() == [2.0, 10.0]


def test_the_interval_agrees_with_scipys_bootstrap():
    values = np.random.default_rng(3).normal(5, 2, 30)
    ours = statistics.bootstrap(values)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=0).confidence_interval
    assert ours.mean == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.1)


def test_one_song_has_no_interval_and_none_no_mean():
    one, none = statistics.bootstrap(np.array([2.0])), statistics.bootstrap(np.array([np.nan]))
    assert (one.mean, one.n) == (2.0, 1)
    assert np.isnan([one.low, one.high, none.mean]).all()


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_windows_are_drawn_song_by_song(statistic):
    rng = np.random.default_rng(5)
    songs = np.repeat([f"song {i}" for i in range(12)], rng.integers(3, 9, 12))
    values = rng.normal(size=len(songs)) + np.unique(songs, return_inverse=True)[1] / 4
    found = statistics.bootstrap_windows(values, songs, statistic, resamples=3000)
    of = np.mean if statistic == "mean" else np.median
    names = np.unique(songs)
    drawn = [
        of(np.concatenate([values[songs == name] for name in rng.choice(names, 12)]))
        for _ in range(3000)
    ]
    assert found.mean == pytest.approx(of(values))
    assert found.n == 12
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.12)


def test_a_rare_style_weighs_as_much_as_a_common_one():
    songs = np.array(["a", "a", "b", "c", "d"])
    styles = np.array(["waltz"] * 4 + ["rumba"])
    values = np.array([0.0, 1.0, 0.5, 0.5, 1.0])
    found = statistics.bootstrap_macro(values, songs, styles)
    assert found.mean == pytest.approx((0.5 + 1.0) / 2)
    values[4] = np.nan
    assert statistics.bootstrap_macro(values, songs, styles).mean == 0.5


def test_songs_are_drawn_anew_within_their_style_only():
    songs, styles = np.array(["a", "b", "c"]), np.array(["x", "y", "y"])
    found = statistics.bootstrap_macro(np.array([1.0, 0.0, 0.0]), songs, styles)
    # Style x has one song, always drawn: nothing can vary.
    assert (found.low, found.mean, found.high) == (0.5, 0.5, 0.5)


def test_without_any_style_there_is_no_value_and_no_complaint():
    songs, styles = np.array(["a", "a", "b"]), np.array(["", "", ""])
    found = statistics.bootstrap_macro(np.full(3, np.nan), songs, styles)
    assert np.isnan([found.mean, found.low, found.high]).all()


def test_windows_of_one_song_do_not_narrow_the_interval():
    songs, values = np.array(["a", "b", "c", "d"]), np.array([0.1, 0.4, 0.5, 0.9])
    few = statistics.bootstrap_windows(values, songs, "median")
    many = statistics.bootstrap_windows(np.repeat(values, 50), np.repeat(songs, 50), "median")
    assert (few.low, few.high) == pytest.approx((many.low, many.high), abs=0.06)


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9))
def test_exact_p_value_equals_scipys_permutation_test(values):
    differences = np.array(values, dtype=float)
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    # scipy doubles the smaller tail; on a symmetric distribution that is the same.
    assert statistics.sign_flip(differences) == pytest.approx(min(1.0, theirs.pvalue), abs=1e-12)


def test_random_patterns_approach_the_exact_value():
    rng = np.random.default_rng(1)
    differences = rng.normal(0.4, 1, 30)
    p_value = statistics.sign_flip(differences)
    assert p_value == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.03)
    assert statistics.sign_flip(differences) == p_value


def test_paired_methods_with_one_difference_throughout():
    b = np.arange(5.0) * 100
    found = statistics.compare(b + 1, b)
    assert (found.difference, found.low, found.high) == (1.0, 1.0, 1.0)
    assert found.p_value == 2 / 2**5
    assert found.n == 5


def test_a_song_on_which_one_method_failed_is_left_out_of_the_pair():
    found = statistics.compare(np.array([1.0, np.nan, 3.0]), np.array([0.0, 9.0, 1.0]))
    assert found.difference == 1.5
    assert found.n == 2
    assert np.isnan(statistics.compare(np.array([1.0]), np.array([0.0])).p_value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: statistics.compare(np.zeros(3), np.zeros(4)), "needs one value a song"),
        (lambda: statistics.bootstrap(np.zeros(3), level=95), "between 0 and 1"),
        (lambda: statistics.by_group(np.zeros(3), ["a"]), "3 values but 1 groups"),
    ],
)
def test_each_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_windows_that_are_counted_part_by_part_give_the_same_interval(
    statistic: Literal["mean", "median"], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    values, songs = rng.random(60), np.array(list("abcdef") * 10)
    whole = statistics.bootstrap_windows(values, songs, statistic, resamples=101)
    monkeypatch.setattr(statistics, "_WEIGHTS", 7 * 60)
    assert statistics.bootstrap_windows(values, songs, statistic, resamples=101) == whole
