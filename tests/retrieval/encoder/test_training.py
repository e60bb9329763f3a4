"""Training learns, is the same for the same seed, goes on where it stopped, and stops."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.errors import InputError
from danceit.retrieval.encoder import run as run_module
from danceit.retrieval.encoder.checkpoints import STATE_FILE
from danceit.retrieval.encoder.configuration import EncoderConfig, TrainingConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.encoder.losses import LOSSES
from danceit.retrieval.encoder.run import LOG_COLUMNS, LOG_FILE, one_cycle, relevance_of
from danceit.retrieval.encoder.training import train
from tests.retrieval.conftest import ToyLibrary

SMALL = TrainingConfig(
    encoder=EncoderConfig(hidden=8, channels=(4, 8), body=8, around=8),
    lengths=(24, 48), steps=12, batch=16, per_song=4, check_every=4, tempi=(1.05,),
)  # fmt: skip


def weights_of(encoder: FragmentEncoder) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in encoder.tensors().items()}


def test_songs_find_their_own_dances_after_training(toys: ToyLibrary, tmp_path: Path) -> None:
    config = replace(SMALL, steps=120, batch=32, check_every=30, learning_rate=1e-2)
    report = train(toys.clips, config, out=tmp_path, read_features=toys.read)
    assert report.validation_rank < 0.25
    assert set(report.validation_songs).isdisjoint(report.training_songs)
    assert len(report.validation_songs) + len(report.training_songs) == 6
    again = FragmentEncoder.load(tmp_path)
    assert again.encoder_id == report.encoder.encoder_id


@pytest.mark.parametrize("name", LOSSES.names())
def test_every_loss_trains_and_sets_the_geometry(
    toys: ToyLibrary, tmp_path: Path, name: str
) -> None:
    config = replace(SMALL, loss=name, steps=4)
    report = train(toys.clips, config, out=tmp_path, read_features=toys.read)
    vectors = report.encoder.embed_poses(toys.clips[0].poses[None, :48])
    unit = bool(np.isclose(np.linalg.norm(vectors), 1, atol=1e-5))
    assert unit is LOSSES.get(name).normalised


def test_the_same_seed_gives_the_same_encoder_and_no_global_seed_is_touched(
    toys: ToyLibrary, tmp_path: Path
) -> None:
    before = torch.get_rng_state()
    ids = [
        train(
            toys.clips, replace(SMALL, seed=seed), out=tmp_path / name, read_features=toys.read
        ).encoder.encoder_id
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert ids[0] == ids[1] != ids[2]
    assert torch.equal(before, torch.get_rng_state())


def test_a_killed_run_goes_on_to_the_very_weights_of_one_that_was_not(
    toys: ToyLibrary, tmp_path: Path
) -> None:
    whole = train(toys.clips, SMALL, out=tmp_path / "whole", read_features=toys.read)

    def kill(done: int, total: int, what: str = "") -> None:
        if done == 6:  # two steps after the checkpoint
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(toys.clips, SMALL, out=tmp_path / "cut", progress=kill, read_features=toys.read)
    seen: list[int] = []
    report = train(
        toys.clips, SMALL, out=tmp_path / "cut", read_features=toys.read,
        progress=lambda done, total, what="": seen.append(done),
    )  # fmt: skip
    assert report.resumed
    assert seen == list(range(5, 13))
    assert report.encoder.encoder_id == whole.encoder.encoder_id
    logs = [(tmp_path / name / LOG_FILE).read_text() for name in ("whole", "cut")]
    assert logs[0] == logs[1]
    finished = train(toys.clips, SMALL, out=tmp_path / "cut", read_features=toys.read)
    assert finished.encoder.encoder_id == whole.encoder.encoder_id


def test_another_run_is_not_continued(toys: ToyLibrary, tmp_path: Path) -> None:
    train(toys.clips, replace(SMALL, steps=2, check_every=1), out=tmp_path, read_features=toys.read)
    with pytest.raises(InputError, match="holds a run with other clips or options"):
        train(toys.clips, SMALL, out=tmp_path, read_features=toys.read)
    with pytest.raises(InputError, match="holds a run with other clips"):
        train(toys.clips[1:], replace(SMALL, steps=2, check_every=1), out=tmp_path,
              read_features=toys.read)  # fmt: skip
    (tmp_path / STATE_FILE).unlink()
    with pytest.raises(InputError, match="already holds an encoder"):
        train(toys.clips, SMALL, out=tmp_path, read_features=toys.read)
    report = train(
        toys.clips, replace(SMALL, steps=2), out=tmp_path, restart=True, read_features=toys.read
    )
    assert report.last_step == 2


def test_a_damaged_checkpoint_is_named(toys: ToyLibrary, tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"training\.safetensors is damaged"):
        train(toys.clips, SMALL, out=tmp_path, read_features=toys.read)


def test_training_stops_early_and_keeps_the_best_weights(
    toys: ToyLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.4, 0.3, 0.35, 0.33, 0.31])
    monkeypatch.setattr(run_module.Run, "_ranks", lambda self: np.full(4, next(scores), np.float32))
    config = replace(SMALL, steps=40, check_every=2, patience=3)
    report = train(toys.clips, config, out=tmp_path, read_features=toys.read)
    assert (report.best_step, report.last_step) == (4, 10)
    assert report.stopped_early
    assert report.validation_rank == pytest.approx(0.3)


def test_the_log_has_a_line_for_each_length_at_each_check(toys: ToyLibrary, tmp_path: Path) -> None:
    train(toys.clips, SMALL, out=tmp_path, read_features=toys.read)
    with (tmp_path / LOG_FILE).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == LOG_COLUMNS
    assert [(row["step"], row["frames"]) for row in rows] == [
        (step, frames) for step in ("4", "8", "12") for frames in ("24", "48")
    ]
    assert all(0 <= float(row["validation_rank"]) <= 1 for row in rows)


def test_one_song_is_split_by_passages_and_said_so(toys: ToyLibrary, tmp_path: Path) -> None:
    config = replace(SMALL, steps=2)
    report = train(toys.clips[:1], config, out=tmp_path, read_features=toys.read)
    assert report.note.startswith("only one song")
    assert report.validation_songs == report.training_songs == ("dance0",)


def test_few_songs_are_said_to_be_too_few(toys: ToyLibrary, tmp_path: Path) -> None:
    """Of the six, four are too few and five are not (docs/retrieval.md)."""
    config = replace(SMALL, steps=2)
    few = train(toys.clips[:4], config, out=tmp_path / "few", read_features=toys.read)
    enough = train(toys.clips[:5], config, out=tmp_path / "enough", read_features=toys.read)
    assert few.note.startswith("4 songs are too few to learn")
    assert enough.note == ""


def test_the_random_split_hears_its_validation_songs_in_training(
    toys: ToyLibrary, tmp_path: Path
) -> None:
    config = replace(SMALL, steps=2, split="random")
    report = train(toys.clips, config, out=tmp_path, read_features=toys.read)
    assert set(report.validation_songs) <= set(report.training_songs)


def test_dances_shorter_than_every_fragment_are_refused(toys: ToyLibrary, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="longest dance to train on has 432 frames"):
        train(toys.clips, replace(SMALL, lengths=(500,)), out=tmp_path, read_features=toys.read)


def test_the_learning_rate_rises_and_falls_to_nothing() -> None:
    rates = [one_cycle(done) for done in np.linspace(0, 1, 101)]
    assert np.argmax(rates) == 30
    assert rates[30] == pytest.approx(1)
    assert rates[0] == pytest.approx(0.04)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert all(np.diff(rates[:31]) > 0)
    assert all(np.diff(rates[30:]) < 0)


def test_windows_half_a_second_apart_in_one_song_are_not_held_wrong() -> None:
    from danceit.retrieval.encoder.dataset import WindowBatch

    nothing = np.zeros((3, 1), np.float32)
    batch = WindowBatch(
        nothing, nothing, nothing, performance=np.array([0, 0, 1]), start=np.array([0, 6, 0])
    )
    assert relevance_of(batch).tolist() == [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]


def test_the_checkpoint_header_is_plain_json(toys: ToyLibrary, tmp_path: Path) -> None:
    from danceit.retrieval.encoder.weights import read_note

    train(toys.clips, SMALL, out=tmp_path, read_features=toys.read)
    note = json.loads(read_note(tmp_path / STATE_FILE))
    assert note["state"]["step"] == 12
    assert note["rng"]["bit_generator"] == "PCG64"
