import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.bench.retrieval import protocols
from danceit.errors import InputError
from tests.bench.conftest import walk


@given(st.lists(st.integers(0, 9), min_size=30, max_size=60), st.integers(0, 99))
def test_no_song_is_on_both_sides(songs, seed):
    groups = [f"song {song}" for song in songs]
    if len(set(groups)) < 4:
        return
    split = protocols.split_by_group(groups, n_test=2, seed=seed)
    train, test = {groups[i] for i in split.train}, {groups[i] for i in split.test}
    assert not train & test
    assert test == set(split.test_groups)
    assert len(split.train) + len(split.test) == len(groups)


def test_styles_give_test_songs_in_proportion():
    groups = [f"w{i}" for i in range(8)] + [f"r{i}" for i in range(4)]
    strata = [name[0] for name in groups]
    split = protocols.split_by_group(groups, n_test=3, strata=strata)
    assert sorted(name[0] for name in split.test_groups) == ["r", "w", "w"]


def test_every_song_is_tested_in_one_fold():
    groups = [f"song {i % 7}" for i in range(40)]
    folds = protocols.folds_by_group(groups, 3)
    tested = [song for fold in folds for song in fold.test_groups]
    assert sorted(tested) == sorted(set(groups))
    assert all(not set(fold.train) & set(fold.test) for fold in folds)


@pytest.mark.parametrize(("n_songs", "n_test"), [(5, 1), (3, 2), (5, 4)])
def test_fewer_than_two_songs_on_a_side_are_refused(n_songs, n_test):
    with pytest.raises(InputError, match="at least two songs on each side"):
        protocols.split_by_group([str(i) for i in range(n_songs)], n_test=n_test)


def test_folds_too_small_are_refused():
    with pytest.raises(InputError, match="at least two songs on each side"):
        protocols.folds_by_group(["a", "b", "c", "d", "e"], 3)


@pytest.fixture(scope="module")
def leak():
    test, other = walk(240, 1, 3), walk(240, 2, 3)
    half = np.concatenate([test[:120], walk(240, 3, 3)])
    return protocols.measure_leak(
        {"test": test, "half": half, "new": walk(240, 7, 3)}, {"clip": test, "other": other}
    )


def test_a_test_dance_in_the_index_is_recognised_under_another_name(leak):
    assert leak.indexed == {"test": "clip"}
    assert leak.copied["test"] == 1.0
    assert 0.2 < leak.copied["half"] < 0.5
    assert leak.copied["new"] == 0.0
    assert "1 of 3 are in it themselves" in leak.statement()


def test_a_score_on_an_indexed_dance_is_refused_unless_allowed(leak):
    with pytest.raises(InputError, match=r"in the index themselves \(test\).*--no-leak"):
        protocols.refuse_indexed(leak, allowed=False)
    protocols.refuse_indexed(leak, allowed=True)


def test_fragments_that_repeat_the_test_are_marked(leak):
    starts, lengths = np.array([0, 96, 100, 120, 0]), np.full(5, 24)
    clips = ["clip"] * 4 + ["other"]
    marked = protocols.leaked(leak.copies["half"], clips, starts, lengths)
    # 120 frames are shared: the third fragment keeps 20 of them, the fourth none.
    assert marked.tolist() == [True, True, True, False, False]
