import numpy as np
import pytest

from danceit.bench.retrieval import protocols
from danceit.bench.retrieval.fingerprint import find_copies
from danceit.errors import InputError
from tests.bench.conftest import walk


@pytest.fixture(scope="module")
def leak():
    test, other = walk(240, 1, 3), walk(240, 2, 3)
    half = np.concatenate([test[:120], walk(240, 3, 3)])
    dances = {"test": test, "half": half, "new": walk(240, 7, 3)}
    library = {"clip": test, "other": other}
    return protocols.leak_of({name: find_copies(dance, library) for name, dance in dances.items()})


def test_a_test_dance_in_the_index_is_recognised_under_another_name(leak):
    assert leak.indexed == {"test": "clip"}
    assert leak.copied["test"] == 1.0
    assert 0.2 < leak.copied["half"] < 0.5
    assert leak.copied["new"] == 0.0
    assert "1 of 3 are in it themselves" in leak.statement()


def test_a_score_on_an_indexed_dance_is_refused_unless_allowed(leak):
    with pytest.raises(InputError, match=r"in the index themselves \(test\).*`no_leak`"):
        protocols.refuse_indexed(leak, allowed=False)
    protocols.refuse_indexed(leak, allowed=True)


def test_fragments_that_repeat_the_test_are_marked(leak):
    starts, lengths = np.array([0, 96, 100, 120, 0]), np.full(5, 24)
    clips = ["clip"] * 4 + ["other"]
    marked = protocols.leaked(leak.copies["half"], clips, starts, lengths)
    # 120 frames are shared: the third fragment keeps 20 of them, the fourth none.
    assert marked.tolist() == [True, True, True, False, False]
