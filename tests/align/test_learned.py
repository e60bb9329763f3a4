"""`learned`: it recalls what it has seen, keeps quiet about what it has not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from danceit.align import align, make_aligner
from danceit.align.hermite import HermiteAligner
from danceit.align.learned import LearnedAligner
from danceit.align.memory import describe, examples, recall, remember
from danceit.data import Float32
from danceit.errors import InputError
from tests.align.material import MISSING, dance_of, music_for

ALL = np.ones(18, dtype=bool)


def figure(seed: int, n_frames: int = 90, dims: int = 3) -> Float32:
    """A smooth movement that does not repeat, of a body that stands where it does."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_frames)[:, None, None]
    waves = sum(
        20 / k * np.sin(t * k / 9 + rng.uniform(0, 6.3, size=(1, 18, dims))) for k in range(1, 7)
    )
    body = 200 + 60 * np.random.default_rng(99).normal(size=(1, 18, dims))
    poses = np.asarray(body + waves, dtype=np.float32)
    poses[:, MISSING] = np.nan
    return poses


def turned(poses: Float32, angle: float) -> Float32:
    result = poses.copy()
    result[..., 0] = np.cos(angle) * poses[..., 0] - np.sin(angle) * poses[..., 2]
    result[..., 2] = np.sin(angle) * poses[..., 0] + np.cos(angle) * poses[..., 2]
    return result


def off(filled: Float32, truth: Float32) -> float:
    return float(np.nanmean(np.linalg.norm(filled - truth, axis=-1)))


@pytest.mark.parametrize("gap", [8, 16])
def test_a_figure_danced_before_is_recalled_elsewhere_and_turned(gap: int) -> None:
    again = turned(figure(1), 1.1) + np.float32([70, 0, -40])
    poses = np.concatenate([figure(1), figure(2), again])
    start, stop = 220, 220 + gap
    truth = poses[start:stop]
    learned = LearnedAligner().fill(poses, start, stop)[start:stop]
    cubic = HermiteAligner().fill(poses, start, stop)[start:stop]
    assert off(learned, truth) < 0.4 * off(cubic, truth)


def test_nothing_is_claimed_of_what_was_never_seen() -> None:
    poses = np.concatenate([figure(1) * 0.2, figure(2)])
    np.testing.assert_allclose(
        LearnedAligner(bandwidth_px=2).fill(poses, 150, 160),
        HermiteAligner().fill(poses, 150, 160),
        atol=1e-4,
    )


def test_a_memory_is_recalled_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "moves.safetensors"
    assert remember([figure(1), figure(3)], path) == 180
    first, second = recall(path)
    np.testing.assert_array_equal(first, figure(1))
    np.testing.assert_array_equal(second, figure(3))
    poses = figure(1)[20:80] + np.float32([5, 0, 9])
    alone = LearnedAligner().fill(poses, 25, 37)
    recalled = make_aligner(f"learned:memory={path}").fill(poses, 25, 37)  # type: ignore[attr-defined]
    assert off(recalled[25:37], poses[25:37]) < 0.3 * off(alone[25:37], poses[25:37])


def test_a_memory_that_changed_is_read_again(tmp_path: Path) -> None:
    path, poses = tmp_path / "moves.safetensors", figure(1)[20:80]
    remember([figure(3)], path)
    filler = LearnedAligner(memory=str(path))
    before = filler.fill(poses, 25, 37)
    remember([figure(1)], path)
    after = filler.fill(poses, 25, 37)
    assert off(after[25:37], poses[25:37]) < 0.5 * off(before[25:37], poses[25:37])


def test_a_memory_of_another_kind_says_nothing(tmp_path: Path) -> None:
    path, poses = tmp_path / "flat.safetensors", figure(1)[:60]
    remember([figure(1, dims=2)], path)
    filler = LearnedAligner(memory=str(path))
    np.testing.assert_array_equal(filler.fill(poses, 25, 37), LearnedAligner().fill(poses, 25, 37))


def test_a_memory_is_cut_down_evenly(tmp_path: Path) -> None:
    path = tmp_path / "moves.safetensors"
    assert remember([figure(1, 100), figure(2, 300)], path, most_frames=100) == 100
    first, second = recall(path)
    np.testing.assert_array_equal(first, figure(1, 100)[37:62])
    np.testing.assert_array_equal(second, figure(2, 300)[112:187])


def test_memories_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "moves.safetensors"
    with pytest.raises(InputError, match="needs clips of one skeleton; got shapes"):
        remember([figure(1), figure(1, dims=2)], path)
    with pytest.raises(InputError, match="needs clips of one skeleton"):
        remember([], path)
    with pytest.raises(InputError, match="no such memory of movement"):
        LearnedAligner(memory=str(path)).fill(figure(1), 25, 37)
    path.write_bytes(b"\x00" * 40)
    with pytest.raises(InputError, match="is not a memory of movement"):
        recall(path)
    save_file({"poses": figure(1), "lengths": np.array([5])}, str(path))
    with pytest.raises(InputError, match="do not match lengths"):
        recall(path)
    with pytest.raises(InputError, match="bandwidth_px must be positive"):
        LearnedAligner(bandwidth_px=0)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), angle=st.floats(-3, 3), x=st.floats(-400, 400))
def test_situations_are_seen_from_the_dancers_own_place(seed: int, angle: float, x: float) -> None:
    poses = np.nan_to_num(figure(seed, 40), nan=0.0)
    elsewhere = turned(poses, angle) + np.float32([x, 30, -x])
    places = np.array([12]), np.array([20])
    here, _ = describe(poses, *places, ALL)
    there, _ = describe(elsewhere, *places, ALL)
    np.testing.assert_allclose(here, there, atol=0.02)


def test_every_example_is_a_gap_that_could_have_been() -> None:
    stretches = [figure(1, 40), figure(2, 13), figure(3, 12), figure(4, 50, dims=2)]
    stretches[0][30, 4] = np.nan
    joints = np.ones(18, dtype=bool)
    joints[list(MISSING)] = False
    found = examples(stretches, 7, 3, joints, 3)
    # 13 frames each: 18 before the lost wrist, none after it, one in the second stretch.
    np.testing.assert_array_equal(found.starts, [*range(3, 21), 43])
    residual = found.residuals(np.array([4]))
    assert residual.shape == (1, 7, 14, 3)
    own = figure(1, 40)[:, joints]
    missed = own[7:14] - HermiteAligner(velocity_frames=3).fill(own, 7, 14)[7:14]
    np.testing.assert_allclose(
        np.linalg.norm(residual[0], axis=-1), np.linalg.norm(missed, axis=-1), atol=1e-3
    )


def test_seams_are_no_movement_to_learn_from() -> None:
    one, two = figure(1, 80), figure(2, 80) + 50
    dance = dance_of(np.concatenate([one, two]), (80,))
    aligned = align(dance, music_for(160), ["learned"])
    changed = (aligned.joints != dance.joints) & ~np.isnan(dance.joints)
    np.testing.assert_array_equal(np.flatnonzero(changed.any(axis=(1, 2))), range(76, 84))
    steps = np.linalg.norm(np.diff(aligned.joints[70:90], axis=0), axis=-1)
    assert np.nanmax(steps) < 60
