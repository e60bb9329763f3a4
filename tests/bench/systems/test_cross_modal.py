"""The cross-modal distance tells dances to their own kind of music from dances to another."""

from collections.abc import Iterator

import numpy as np
import pytest
import soundfile
import torch

from danceit.bench.systems.cross_modal import CrossModal, enough, mmd, mmd_nca, music_of, pieces_of
from danceit.data import FPS, Clip
from danceit.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def swaying(n_frames: int, hertz: float, joint: int, seed: int) -> np.ndarray:
    """A body of which one arm swings at a rate."""
    poses = np.random.default_rng(1).normal(200, 40, (1, 18, 3)).repeat(n_frames, axis=0)
    wave = np.sin(2 * np.pi * hertz * np.arange(n_frames) / FPS)
    poses[:, joint, 1] += 60 * wave
    poses += np.random.default_rng(seed).normal(0, 1, poses.shape)
    poses[:, 14:] = np.nan
    return poses.astype(np.float32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, ...]:
    """Five kinds of music, two songs each, and a movement that belongs to each kind."""
    folder, made = tmp_path_factory.mktemp("songs"), []
    t = np.arange(21 * 24_000) / 24_000
    for number in range(10):
        kind = number // 2
        rng = np.random.default_rng(number)
        sound = 0.3 * np.sin(2 * np.pi * 150 * 2.2**kind * t) + 0.02 * rng.normal(size=t.size)
        song = folder / f"{number}.wav"
        soundfile.write(song, sound.astype(np.float32), 24_000)
        poses = swaying(int(20 * FPS), 0.4 + 0.4 * kind, 3 + kind, number)
        made.append(Clip(f"d{number}", f"d{number}", poses, song, 0.0, song))
    return tuple(made)


def test_pieces_stand_about_their_hips_in_body_heights(clips: tuple[Clip, ...]) -> None:
    found, starts = pieces_of(clips[0].poses)
    assert found.shape == (4, 30, 28)
    assert starts.tolist() == [0, 120, 240, 360]
    hips = found.reshape(4, 30, 14, 2)[:, :, [8, 11]]
    np.testing.assert_allclose(hips.mean(axis=(1, 2)), 0, atol=1e-5)
    moved = clips[0].poses + np.float32(100)
    np.testing.assert_allclose(pieces_of(moved)[0], found, atol=1e-5)
    assert music_of(clips[0].audio_path, starts / FPS).shape == (4, 56)


def test_the_discrepancy_is_equation_8() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(3, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)

    def k(a: torch.Tensor, b: torch.Tensor) -> float:
        squared = float(((a - b) ** 2).sum())
        return sum(np.exp(-squared / (2 * width**2)) for width in (0.5, 1.0, 2.0, 4.0))

    expected = (
        sum(k(a, b) for a in x for b in x) / 9
        - 2 * sum(k(a, b) for a in x for b in y) / 15
        + sum(k(a, b) for a in y for b in y) / 25
    )
    assert mmd(x, y).item() == pytest.approx(expected)
    assert mmd(x, x).item() == pytest.approx(0, abs=1e-12)
    others = [y, y + 1]
    plain = np.exp(-expected) / sum(np.exp(-mmd(x, other).item()) for other in others)
    assert mmd_nca(x, y, others).item() == pytest.approx(-np.log(plain))


def test_dances_to_their_own_music_are_nearer_than_to_another(clips: tuple[Clip, ...]) -> None:
    measure = CrossModal.fit(clips, steps=30, seed=0)
    own, other = [], []
    for number, clip in enumerate(clips):
        song = clip.audio_path
        wrong = clips[(number + 4) % 10].poses
        own.append(measure.distance(clip.poses, song, without=clip.recording_id))
        other.append(measure.distance(wrong, song, without=clip.recording_id))
    assert np.mean(own) < 0.5 * np.mean(other)
    assert np.isnan(measure.distance(clips[0].poses[:100], clips[0].audio_path))


def test_too_little_music_is_refused(clips: tuple[Clip, ...]) -> None:
    with pytest.raises(InputError, match="needs 10 pieces of 5 s with music or more; got 8"):
        CrossModal.fit(clips[:2])
    assert not enough(clips[:2])
    assert enough(clips[:3])
