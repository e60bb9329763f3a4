"""The protocol: unseen songs ask, baselines know what they should, and no more."""

import numpy as np
import pytest

from danceit.bench.measures.ranking import recall_at
from danceit.bench.retrieval import baselines
from danceit.bench.retrieval.evaluation import (
    DEFAULT_AUDIO_WEIGHT,
    QUERY_FRAMES,
    Answer,
    RetrievalReport,
    combined,
)
from danceit.bench.retrieval.fold import Fold, _shifted, fused
from danceit.errors import InputError
from danceit.retrieval.encoder.configuration import EncoderConfig, TrainingConfig
from danceit.retrieval.encoder.dataset import performances_of, song_folds
from danceit.retrieval.encoder.run import Run
from danceit.retrieval.encoder.training import hold_out
from tests.retrieval.conftest import ToyLibrary

CONFIG = TrainingConfig(
    encoder=EncoderConfig(hidden=8, channels=(4, 8), body=16, around=16, head_dropout=0.0),
    lengths=(48,), steps=60, batch=32, check_every=20, tempi=(), learning_rate=1e-2, noise=0.1,
)  # fmt: skip


@pytest.fixture(scope="module")
def report(toys: ToyLibrary) -> RetrievalReport:
    """Three folds, each asked by an encoder trained on the others."""
    rng = np.random.default_rng(0)
    performances = performances_of(toys.clips, CONFIG.encoder, read_features=toys.read)
    answers = []
    for held in song_folds(performances, 3, rng):
        known = [item for i, item in enumerate(performances) if i not in held]
        run = Run(known, hold_out(known, CONFIG)[0], CONFIG, device="cpu")
        run.start()
        run.go_on()
        asking = [performances[i] for i in held]
        fold = Fold.of(known, asking, run.encoder, QUERY_FRAMES, toys.read)
        answers.append(Answer.of(fold, DEFAULT_AUDIO_WEIGHT, rng, run.state.best_step))
    return combined(answers, QUERY_FRAMES)


def test_every_window_of_every_song_asks_once(report: RetrievalReport) -> None:
    assert sorted(set(report.songs)) == [f"dance{i}" for i in range(6)]
    assert len(report.songs) == 6 * (432 // 48)
    assert (report.pool == 18).all()
    assert len(report.pairs) == len(report.best_steps) == 3
    for scores in report.methods.values():
        assert scores.ranks.shape == scores.style_precision.shape == report.songs.shape


def test_baselines_stand_where_they_must(report: RetrievalReport) -> None:
    assert report.median_rank("true pair").mean == 0
    # Toy movement repeats: what is the same movement may tie.
    assert report.methods["true pair"].ranks.max() <= 1
    assert recall_at(report.methods["random"].ranks, 1).mean() < 0.2  # 1 of 18 fragments
    assert report.median_rank("random").mean == pytest.approx(0.5, abs=0.12)
    assert report.style("random").mean == pytest.approx(0.5, abs=0.1)
    # Here tempo gives the style away: 84 to 96 against 112 to 126 beats a minute.
    assert report.style("tempo").mean > 0.9


def test_a_trained_encoder_beats_chance_on_songs_it_never_heard(report: RetrievalReport) -> None:
    # 0.06 to 0.22 with other seeds. Styles are asked of the sound: three songs teach no movement's.
    assert report.median_rank("encoder").mean < 0.35
    assert report.style("audio").mean > 0.9


def test_the_table_holds_every_method_and_table_three(report: RetrievalReport) -> None:
    table = report.table()
    assert all(name in table for name in report.methods)
    assert "correlation accuracy: train" in table


def test_too_few_songs_are_refused(toys: ToyLibrary) -> None:
    two = performances_of(toys.clips[:2], CONFIG.encoder, read_features=toys.read)
    with pytest.raises(InputError, match="4 folds need as many songs; there are 2 songs"):
        song_folds(two, 4, np.random.default_rng(0))


def test_octaves_apart_ignores_doubling_and_unknown_tempi() -> None:
    apart = baselines.octaves_apart(np.array([90.0, 0.0]), np.array([90.0, 180.0, 127.28, 0.0]))
    assert apart == pytest.approx(np.array([[0, 0, 0.5, 0.25], [0.25] * 4]), abs=1e-3)


def test_movement_tempo_of_a_known_dance() -> None:
    seconds = np.arange(96) / 24
    for bpm in (72, 96, 120):
        poses = np.zeros((1, 96, 18, 2), np.float32)
        poses[0, :, 4, 0] = 50 * np.sin(np.pi * bpm / 60 * seconds)  # speed peaks twice a cycle
        assert baselines.movement_tempo(poses) == pytest.approx(bpm, rel=0.04)


def test_borrowed_movement_is_that_of_the_nearest_music() -> None:
    poses = np.random.default_rng(0).normal(0, 100, (3, 12, 18, 3)).astype(np.float32)
    distances = np.array([[5.0, 1.0, 2.0]])
    found = baselines.borrowed(distances, poses, poses + np.float32(40))
    assert found.argmin() == 1
    assert found.min() == pytest.approx(0, abs=1e-3)


def test_fusing_is_a_weighted_mean_of_scaled_distances() -> None:
    near, alike = np.array([[1.0, 2.0, 3.0]]), np.array([[30.0, 20.0, 10.0]])
    assert fused(near, alike, 0.0) == pytest.approx(near / 2)
    assert fused(near, alike, 1.0) == pytest.approx(alike / 20)
    assert fused(near, alike, 0.5) == pytest.approx(np.ones((1, 3)))


class FirstFrame:
    """An encoder whose vector is where the first joint is in the first frame."""

    def embed_poses(self, poses: np.ndarray) -> np.ndarray:
        return poses[:, 0, 0]


def test_movement_is_shifted_by_one_beat_and_back_where_a_dance_ends() -> None:
    poses = np.arange(100.0, dtype=np.float32)[:, None, None] * np.ones((1, 18, 2), np.float32)
    starts = np.array([0, 40, 52])
    found = _shifted(poses, starts, 12.4, 48, FirstFrame())
    assert found[:, 0].tolist() == [12, 52, 40]
    # Neither later nor earlier fits, or there is no beat: nothing to be compared with.
    assert np.isnan(_shifted(poses, np.array([3]), 60.0, 48, FirstFrame())).all()
    assert np.isnan(_shifted(poses, starts, 0.0, 48, FirstFrame())).all()


def test_beat_accuracy_is_a_share_of_windows(report: RetrievalReport) -> None:
    assert all(0 <= pair.beat_accuracy <= 1 for pair in report.pairs)
    assert "to that of a beat later" in report.table()
