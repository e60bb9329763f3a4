import numpy as np
import pytest
from scipy.linalg import sqrtm

from danceit.bench.measures import distribution
from danceit.errors import InputError


@pytest.fixture(scope="module")
def tables():
    rng = np.random.RandomState(0)
    return rng.randn(60, 5), rng.randn(40, 5) * 1.3 + 0.5


def test_fid_and_diversity_reference_values(tables):
    # Independent computation with FACT's and Bailando's code (issue 3, point 2).
    scores = distribution.evaluate(*tables)
    assert scores["fid"] == pytest.approx(1.5094100, abs=5e-8)
    assert scores["diversity"] == pytest.approx(3.9544957, abs=5e-8)
    assert scores["diversity_real"] == pytest.approx(3.0405788, abs=5e-8)


def test_fid_equals_the_matrix_root_and_is_symmetric(tables):
    a, b = tables
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    mean = a.mean(axis=0) - b.mean(axis=0)
    expected = mean @ mean + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert distribution.fid(a, b) == pytest.approx(expected)
    assert distribution.fid(b, a) == pytest.approx(expected)
    assert distribution.fid(a, a) == pytest.approx(0, abs=1e-9)


def test_fid_stands_fewer_dances_than_features():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 30)), rng.normal(size=(5, 30))
    assert distribution.fid(a, a) == pytest.approx(0, abs=1e-6)
    assert distribution.fid(a, b) > 0


def test_kinetic_features_of_the_reference_motion(reference_motion):
    # Sum and first three by AIST++'s published code, bug and all (issue 3, point 2); it
    # stores float32, hence the last digit.
    legacy = distribution.kinetic_features(reference_motion, 60.0, form="legacy")
    assert legacy.shape == (72,)
    assert legacy.sum() == pytest.approx(45826.629, rel=1e-7)
    assert legacy[:3] == pytest.approx([0.029673, 0.017452, 3361.5315], rel=2e-5)
    fixed = distribution.kinetic_features(reference_motion, 60.0)
    np.testing.assert_allclose(fixed.reshape(24, 3)[:, :2], legacy.reshape(24, 3)[:, :2])


def test_the_fixed_acceleration_is_that_of_a_known_motion():
    t = np.arange(300) / 60
    motion = np.zeros((300, 1, 3))
    motion[:, 0, 1] = 0.5 * 9.81 * t**2
    motion[:, 0, 0] = 2 * t
    features = distribution.kinetic_features(motion, 60.0)
    assert features[0] == pytest.approx(4.0)
    assert features[2] == pytest.approx(9.81)
    moved = distribution.kinetic_features(motion + 100, 60.0)
    assert moved[2] == pytest.approx(9.81)
    # The published bug makes the same fall depend on where it happens.
    legacy = distribution.kinetic_features(motion + 100, 60.0, form="legacy")
    assert legacy[2] > 1000


def test_multimodality_is_the_spread_within_a_song():
    features = np.array([[0.0], [2.0], [10.0], [14.0], [3.0]])
    songs = {"a": [0, 1], "b": [2, 3], "alone": [4]}
    assert distribution.multimodality(features, songs) == pytest.approx(3.0)
    assert np.isnan(distribution.multimodality(features, {"alone": [4]}))


def test_joints_that_a_skeleton_lacks_are_left_out(tables):
    a, b = (np.hstack([table, np.full((len(table), 3), np.nan)]) for table in tables)
    assert distribution.evaluate(a, b) == distribution.evaluate(*tables)


@pytest.mark.parametrize(
    ("real", "made", "message"),
    [
        (np.zeros((3, 2)), np.zeros((3, 4)), "one extractor"),
        (np.zeros((1, 2)), np.zeros((3, 2)), "at least two rows"),
        (np.array([[1, 2], [np.nan, 3.0]]), np.zeros((3, 2)), "must be finite"),
    ],
)
def test_each_bad_input_is_named(real, made, message):
    with pytest.raises(InputError, match=message):
        distribution.evaluate(real, made)


def test_kinetic_features_need_depth():
    with pytest.raises(InputError, match="need depth"):
        distribution.kinetic_features(np.zeros((5, 2, 2)))
