import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.errors import InputError
from danceit.progress import Progress
from danceit.render.person import training
from danceit.render.person.building import PAINTER, load_trained
from danceit.render.person.trained_pair import falling
from danceit.render.person.training import train
from danceit.render.person.workers import Workers
from tests.render.person.conftest import TINY


def curve(folder: Path) -> list[list[str]]:
    with (folder / "run" / "log.csv").open(newline="") as stream:
        return list(csv.reader(stream))[1:]


def stop_at(stage: str, step: int) -> Progress:
    def watch(done: int, total: int, what: str = "") -> None:
        if done == step and what.startswith(stage):
            raise KeyboardInterrupt

    return watch


@pytest.mark.parametrize(("stage", "step"), [("pose", 5), ("face", 2), ("face", 4)])
def test_a_killed_run_goes_on_along_the_same_curve(
    person: Path, trained: Path, stage: str, step: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(person, TINY, progress=stop_at(stage, step))
    report = train(person, TINY)
    assert report.first_step == (3 if stage == "pose" else 6)
    assert curve(person) == curve(trained)
    ours, theirs = (load_trained(folder).painter.state_dict() for folder in (person, trained))
    for name in theirs:
        assert torch.equal(ours[name], theirs[name]), name


def test_a_run_leaves_what_it_promises(trained: Path) -> None:
    rows = curve(trained)
    assert [(row[0], int(row[1])) for row in rows] == [
        *(("pose", i) for i in range(6)),
        *(("face", i) for i in range(4)),
    ]
    assert all(np.isfinite([float(cell) for cell in row[2:]]).all() for row in rows)
    sheets = sorted(path.name for path in (trained / "run" / "samples").iterdir())
    assert sheets == [
        "face-000003.png",
        "face-000004.png",
        "pose-000003.png",
        "pose-000006.png",
    ]
    kinds = {path.suffix for path in trained.rglob("*") if path.parent.name != "tensorboard"}
    assert kinds - {""} == {
        ".safetensors", ".csv", ".json", ".npy", ".png",
    }  # fmt: skip


def test_painting_learns(person: Path) -> None:
    """A dancer of red dots on green: what is painted soon beats the background alone."""
    config = replace(TINY, steps=60, face_steps=0, checkpoint_every=60, learning_rate=2e-3)
    report = train(person, config)
    assert report.psnr_db > report.background_db + 0.5
    assert "perceptual loss: off" in report.notes[0]


def test_a_full_disk_keeps_the_last_good_checkpoint(
    person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(person, TINY, progress=stop_at("pose", 4))
    state = person / "run" / "state.safetensors"
    before = state.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("safetensors.torch.save_file", full)
        with pytest.raises(InputError, match=r"cannot write .*\.safetensors: .*still whole"):
            train(person, TINY)
    assert state.read_bytes() == before
    assert not [path for path in state.parent.iterdir() if path.name.startswith(".")]
    assert train(person, TINY).first_step == 3


def test_a_run_with_other_options_is_not_mixed(person: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(person, TINY, progress=stop_at("pose", 4))
    other = replace(TINY, ngf=12, seed=3)
    with pytest.raises(InputError, match=r"a run with another ngf, seed; give `restart`"):
        train(person, other)
    assert train(person, other, restart=True).first_step == 0


def test_a_finished_run_can_be_trained_longer(person: Path) -> None:
    train(person, TINY)
    report = train(person, replace(TINY, steps=8))
    assert report.first_step == 6
    assert [(row[0], int(row[1])) for row in curve(person)] == [
        *(("pose", i) for i in range(8)),
        *(("face", i) for i in range(4)),
    ]
    assert load_trained(person).step == 8
    with pytest.raises(InputError, match="a run with another steps; give `restart`"):
        train(person, TINY)


def test_the_cards_memory_runs_short(person: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = training.pose_losses

    def short(batch, *rest):  # type: ignore[no-untyped-def]
        if len(batch.real) > 1:
            raise torch.cuda.OutOfMemoryError
        return whole(batch, *rest)

    monkeypatch.setattr(training, "pose_losses", short)
    report = train(person, replace(TINY, batch=4, face_steps=0))
    assert [note for note in report.notes if "batches of" in note] == [
        "the card's memory is short: batches of 2",
        "the card's memory is short: batches of 1",
    ]
    monkeypatch.setattr(training, "pose_losses", lambda *_: _raise())
    with pytest.raises(InputError, match="does not hold one pair of 64 px: train a smaller size"):
        train(person, TINY, restart=True)


def _raise() -> None:
    raise torch.cuda.OutOfMemoryError


def test_a_person_of_another_size_is_refused(person: Path) -> None:
    with pytest.raises(InputError, match="prepared at 64 px and cannot be trained at 128"):
        train(person, replace(TINY, size=128))


def test_damaged_weights_are_named(person: Path) -> None:
    with pytest.raises(InputError, match=r"is not trained: run `danceit person train"):
        load_trained(person)
    (person / PAINTER).write_bytes(b"\x10\0\0\0\0\0\0\0not safetensors")
    with pytest.raises(InputError, match=r"painter\.safetensors is damaged"):
        load_trained(person)


def test_the_rate_falls_over_the_last_half() -> None:
    assert [falling(step, 100) for step in (0, 50, 75, 100)] == [1.0, 1.0, 0.5, 0.0]


def test_gradients_are_averaged_over_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    network(torch.ones(1, 2)).sum().backward()
    own = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    other = [torch.full_like(gradient, 4.0) for gradient in own]

    def add_the_others(flat: torch.Tensor) -> None:
        flat += torch.cat([gradient.reshape(-1) for gradient in other])

    monkeypatch.setattr("torch.distributed.all_reduce", add_the_others)
    Workers(rank=0, count=2).average_gradients(network)
    for parameter, mine, theirs in zip(network.parameters(), own, other, strict=True):
        torch.testing.assert_close(parameter.grad, (mine + theirs) / 2)
