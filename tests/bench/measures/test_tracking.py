import numpy as np
import pytest

from danceit.bench.measures.tracking import MEASURES, evaluate
from danceit.counts import Counts
from danceit.errors import InputError

PERIOD_S = 0.5


def counted(metre: int = 4, *, beats: int = 80, first: int = 0, step: float = PERIOD_S) -> Counts:
    place = np.arange(beats)
    numbers = ((place - first) % metre + 1).astype(np.int32)
    return Counts(0.3 + step * place, numbers, metre)


TRUTH = counted()


def test_the_same_counts_score_1() -> None:
    assert evaluate(TRUTH, TRUTH) == dict.fromkeys(MEASURES, 1.0)


def test_no_beats_score_0() -> None:
    assert evaluate(Counts.none(), TRUTH) == dict.fromkeys(MEASURES, 0.0)


def test_beats_beyond_70_ms_are_wrong() -> None:
    for late_s, expected in ((0.069, 1.0), (0.071, 0.0)):
        late = Counts(TRUTH.beats_s + late_s, TRUTH.numbers, 4)
        assert evaluate(late, TRUTH)["beat_f"] == expected


def test_half_the_tempo_is_right_up_to_octaves() -> None:
    half = Counts(TRUTH.beats_s[::2], (np.arange(40, dtype=np.int32) % 4) + 1, 4)
    scores = evaluate(half, TRUTH)
    # Every beat given is one, every second is missing: P = 1, R = 1/2.
    assert scores["beat_f"] == pytest.approx(2 / 3)
    assert (scores["cmlt"], scores["tempo"]) == (0.0, 0.0)
    assert (scores["amlt"], scores["tempo_octaves"]) == (1.0, 1.0)
    # Its 1s stand on every second bar.
    assert scores["downbeat_f"] == pytest.approx(2 / 3)


def test_the_off_beat_is_allowed_by_amlt_alone() -> None:
    off = Counts(TRUTH.beats_s + PERIOD_S / 2, TRUTH.numbers, 4)
    scores = evaluate(off, TRUTH)
    assert scores["cmlt"] == scores["beat_f"] == 0.0
    assert scores["amlt"] > 0.95


def test_a_1_on_the_3_costs_the_downbeats_alone() -> None:
    scores = evaluate(counted(first=2), TRUTH)
    assert scores["downbeat_f"] == 0.0
    assert (scores["beat_f"], scores["metre"]) == (1.0, 1.0)


def test_tempo_may_be_4_percent_off() -> None:
    for share, right in ((1.039, 1.0), (1.041, 0.0)):
        assert evaluate(counted(step=PERIOD_S / share), TRUTH)["tempo"] == right


def test_a_reference_without_bars_asks_for_none() -> None:
    bare = Counts.of_beats(TRUTH.beats_s)
    scores = evaluate(TRUTH, bare)
    assert np.isnan(scores["downbeat_f"])
    assert np.isnan(scores["metre"])
    assert evaluate(bare, TRUTH)["downbeat_f"] == 0.0
    assert evaluate(counted(metre=3), TRUTH)["metre"] == 0.0


def test_a_reference_needs_beats() -> None:
    with pytest.raises(InputError, match="at least two beats; got 1"):
        evaluate(TRUTH, Counts.of_beats(np.array([1.0])))
