import numpy as np
import pytest
from scipy.stats import entropy

from danceit.bench.measures import movement
from danceit.data import FEET, HANDS
from danceit.errors import InputError
from tests.bench.conftest import walk


def test_a_dance_does_not_diverge_from_itself():
    scores = movement.evaluate(walk(200), [walk(200)])
    assert all(scores[f"{m}_{limb}"] == 0 for m in ("mdd", "sdd") for limb in ("hands", "feet"))


def test_profiles_of_several_dances_pool_their_frames():
    motion, others = walk(200), [walk(150, 1), walk(90, 2)]
    scores = movement.evaluate(motion, others)
    for limb, pair in movement.LIMBS.items():
        assert scores[f"mdd_{limb}"] == pytest.approx(movement.mdd(motion, others, pair))
        assert scores[f"sdd_{limb}"] == pytest.approx(movement.sdd(motion, others, pair))


def test_divergence_equals_scipys_entropies():
    a, b = np.bincount([0, 0, 1, 5], minlength=81), np.bincount([0, 1, 1, 80], minlength=81)
    p, q = (x + 1e-6 for x in (a, b))
    assert movement.divergence(a, b) == pytest.approx(entropy(p, q) + entropy(q, p))
    assert movement.divergence(a, b) == pytest.approx(movement.divergence(b, a))


def test_bins_are_of_one_pixel_with_one_above_80():
    counts = movement.counts(np.array([0.0, 0.99, 1.0, 79.9, 80.0, 500.0]))
    assert counts.shape == (81,)
    assert np.flatnonzero(counts).tolist() == [0, 1, 79, 80]
    assert counts[[0, 1, 79, 80]].tolist() == [2, 1, 1, 2]


def test_only_the_named_limbs_count():
    motion = walk(200)
    changed = motion.copy()
    changed[:, list(HANDS)] *= 3
    scores = movement.evaluate(changed, [motion])
    assert scores["mdd_hands"] > 0.1
    assert scores["mdd_feet"] == 0


def test_spacing_is_blind_to_moving_together():
    motion = walk(200)
    carried = motion + np.arange(200)[:, None, None] * 7.0
    assert movement.sdd(carried, [motion], FEET) == pytest.approx(0, abs=1e-9)
    assert movement.mdd(carried, [motion], FEET) > 1


def test_moving_distribution_by_hand():
    motion = np.zeros((6, 18, 2))
    motion[:, list(HANDS), 0] = np.cumsum([0, 5, 25, 45, 65, 100])[:, None]
    assert movement.moving_distribution(motion, HANDS).tolist() == [0.2] * 5


def test_missing_joints_are_left_out_not_read_as_still():
    motion = walk(200)
    motion[50:100, HANDS[0]] = np.nan
    assert len(movement.displacements(motion, HANDS)) == 199 + 199 - 51
    assert np.isnan(movement.moving_distribution(motion, (14, 15))).all()


@pytest.mark.parametrize(
    ("joints", "reference", "message"),
    [
        (walk(20), [], "at least one real dance"),
        (np.zeros((20, 9, 2)), [walk(20)], "COCO-18 order; got 9"),
        (walk(20), [np.zeros((20, 18))], "a reference dance must have shape"),
    ],
)
def test_each_bad_input_is_named(joints, reference, message):
    with pytest.raises(InputError, match=message):
        movement.evaluate(joints, reference)
