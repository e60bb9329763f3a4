"""Which checkpoint is kept, judged by footage that is neither trained on nor measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.render.person import training
from danceit.render.person.batches import PairBatches
from danceit.render.person.building import load_trained, make_painter, started
from danceit.render.person.labels import label
from danceit.render.person.networks import around_limbs
from danceit.render.person.target import Target
from danceit.render.person.training import train
from tests.render.person.conftest import TINY

HELD = replace(TINY, held_share=0.3, steps=9, face_steps=6)


def test_what_is_held_back_is_neither_trained_on_nor_measured(prepared: Path) -> None:
    target = Target.load(prepared)
    held = target.held(0.3)
    batches = PairBatches(target, HELD)
    seen = np.unique(np.concatenate([batches._chosen, batches._chosen - 1]))
    assert len(held) > 8
    assert target.times_s[held[0]] - target.times_s[seen[-1]] > 0.1 * target.times_s[seen[-1]]
    assert held[-1] < target.about.n_train
    assert len(target.held(0.0)) == 0


@pytest.mark.parametrize(
    ("scores", "step", "with_face"),
    [
        # Three checkpoints of poseGAN, the faces without FaceGAN, and two with it.
        ([20.0, 22.0, 21.0, 15.0, 14.0, 16.0], 6, True),
        ([20.0, 21.0, 22.0, 15.0, 14.0, 13.0], 9, False),
    ],
)
def test_the_best_checkpoint_is_kept(
    person: Path,
    monkeypatch: pytest.MonkeyPatch,
    scores: list[float],
    step: int,
    with_face: bool,
) -> None:
    given = iter(scores)
    monkeypatch.setattr(training._Session, "_score", lambda *_, **__: next(given))
    report = train(person, HELD)
    kept = load_trained(person)
    assert kept.step == step
    assert (kept.face is not None) is with_face
    assert any("FaceGAN: left out" in note for note in report.notes) is not with_face


def test_scores_are_of_the_kept_weights(person: Path) -> None:
    """The picture of the kept painter is, measured afresh, as good as the best that was noted."""
    train(person, replace(HELD, face_steps=0))
    session = training._Session(
        Target.load(person), replace(HELD, face_steps=0), "cpu", training.Workers(), None, False,
        lambda _: None, [],
    )  # fmt: skip
    session._restore()
    best = session._best["pose"]
    session._take_kept()
    assert session._score(session.pose, with_faces=False) == pytest.approx(best)


def test_a_killed_run_keeps_the_same_weights(person: Path, tmp_path: Path) -> None:
    import shutil

    def stop(done: int, total: int, what: str = "") -> None:
        if done == 4 and what.startswith("face"):
            raise KeyboardInterrupt

    shutil.copytree(person, tmp_path / "whole")
    train(tmp_path / "whole", HELD)
    with pytest.raises(KeyboardInterrupt):
        train(person, HELD, progress=stop)
    train(person, HELD)
    ours, theirs = load_trained(person), load_trained(tmp_path / "whole")
    assert ours.step == theirs.step
    assert (ours.face is None) == (theirs.face is None)
    for name, tensor in theirs.painter.state_dict().items():
        assert torch.equal(ours.painter.state_dict()[name], tensor), name


def test_the_matte_paints_no_farther_than_its_reach() -> None:
    joints = np.full((18, 2), np.nan)
    joints[1], joints[8] = (32, 20), (32, 40)
    drawn = torch.from_numpy(label(joints, 64))[None]
    near = around_limbs(drawn, 0.125)[0, 0]
    assert near[30, 32] == 1
    assert near[30, 32 + 5] == 1
    assert near[30, 32 + 14] == 0
    painter = started(make_painter(replace(TINY, reach=0.125)), TINY, 1)
    behind = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        painted = painter(drawn, torch.zeros_like(behind), behind)
    torch.testing.assert_close(painted[..., 50:], behind[..., 50:])
    assert (painted[0, :, 30, 32] != behind[0, :, 30, 32]).any()
