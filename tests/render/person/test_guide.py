"""What guides a painter: the nearest frame, never a neighbour's, never an unseen one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.render.person.batches import PairBatches, as_pictures
from danceit.render.person.building import make_painter, started
from danceit.render.person.guide import APART_S, Guide, behind_for
from danceit.render.person.target import Target
from tests.render.person.conftest import TINY


@pytest.fixture
def target(prepared: Path) -> Target:
    return Target.load(prepared)


def test_a_pose_of_the_footage_finds_its_own_frame(target: Target) -> None:
    guide = Guide(target)
    index = int(target.training[5])
    pose = target.joints[index]
    same = guide.nearest(pose)
    np.testing.assert_allclose(target.joints[same], pose, atol=0.5)
    shown, real = guide.picture(pose, index).astype(int), target.frames[index].astype(int)
    behind = np.abs(target.background.astype(int) - real).mean()
    assert np.abs(shown - real).mean() < 0.6 * behind


def test_training_is_guided_by_frames_apart_in_time_alone(target: Target) -> None:
    guide = Guide(target)
    last = target.about.n_train
    for index in (*target.training[::9].tolist(), int(target.validation[0])):
        other = guide.apart(index)
        assert other < last
        assert abs(target.times_s[other] - target.times_s[index]) > APART_S


def test_a_guided_painter_sees_what_is_behind(prepared: Path, target: Target) -> None:
    config = replace(TINY, guided=True)
    batch = PairBatches(target, config).at(0, 2)
    painter = started(make_painter(config), config, 1)
    with torch.no_grad():
        seen = painter(batch.label, torch.zeros_like(batch.real), batch.behind)
        other = painter(batch.label, torch.zeros_like(batch.real), -batch.behind)
    assert (as_pictures(seen) != as_pictures(other)).any()
    pose = target.joints[3]
    unguided = behind_for(prepared, guided=False)(pose)
    np.testing.assert_array_equal(unguided, target.background)
    assert (behind_for(prepared, guided=True)(pose) != unguided).any()
