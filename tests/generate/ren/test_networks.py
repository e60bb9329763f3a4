"""Every network has the release's parameter count, and its parts do what they say."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import softmax

from danceit.generate.ren.judges import Attention, GlobalJudge, LocalJudge
from danceit.generate.ren.networks import (
    DanceGenerator,
    MusicEncoder,
    PoseGenerator,
    SoundEncoder,
    drawn_noise,
)
from danceit.generate.ren.st_gcn import StGcn, partitions


@pytest.mark.parametrize(
    ("network", "count"),
    [
        # Counted from the networks that the authors released (xrenaa/Music-Dance-Video-Synthesis).
        (SoundEncoder(), 258_256),
        (MusicEncoder().recurrent, 1_972_224),
        (MusicEncoder().out, 131_328),
        (PoseGenerator(), 6_620_856),
        (DanceGenerator(), 8_982_664),
        (GlobalJudge(), 3_788_393),
        (LocalJudge(), 1_552_001),
        (StGcn(16), 3_078_224),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_parameter_counts_are_those_of_the_release(network: nn.Module, count: int) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_sound_shrinks_as_in_the_papers_table() -> None:
    # Table 2: 1600 samples to 100, 50, 25, 5, and one feature vector of 256.
    rows, sizes = torch.randn(2, 1, 1600), []
    for layer in SoundEncoder().layers:
        rows = layer(rows)
        if isinstance(layer, nn.Conv1d):
            sizes.append(tuple(rows.shape[1:]))
    assert sizes == [(16, 100), (32, 50), (64, 25), (128, 5), (256, 1)]


def test_a_piece_goes_through_generator_and_judges() -> None:
    torch.manual_seed(0)
    sound = torch.randn(2, 50, 1600)
    poses = DanceGenerator(32)(sound, drawn_noise(2, 50, "cpu"))
    assert poses.shape == (2, 50, 36)
    assert poses.abs().max() < 1
    assert LocalJudge()(poses).shape == (2, 16)  # K = 16 windows (appendix H)
    judge = GlobalJudge()
    assert judge(poses, judge.heard(sound)).shape == (2,)
    maps = judge.reader.maps(poses)
    assert maps[-1].flatten(1).shape == (2, 1536)
    assert [tuple(each.shape[1:]) for each in StGcn(3).maps(poses)][::3] == [
        (64, 50, 18), (64, 50, 18), (128, 25, 18), (256, 13, 18),
    ]  # fmt: skip


def test_the_local_judge_sees_five_frames_every_three() -> None:
    torch.manual_seed(0)
    judge = LocalJudge().eval()
    poses = torch.randn(1, 50, 36)
    whole = judge(poses)[0]
    for window in (0, 7, 15):
        part = poses[:, 3 * window : 3 * window + 5]
        assert judge.reader(part).item() == pytest.approx(whole[window].item(), abs=1e-5)


def test_attention_is_the_releases_or_as_printed() -> None:
    torch.manual_seed(0)
    features = torch.randn(1, 6, 256)
    attention = Attention().eval()
    scores = (torch.tanh(features @ attention.inner.weight.T) @ attention.score.weight.T)[0, :, 0]
    expected = softmax(scores, dim=0) @ features[0]
    assert torch.allclose(attention(features)[0], expected, atol=1e-5)
    attention.printed = True
    printed = -torch.log(softmax(scores, dim=0)) @ features[0]
    assert torch.allclose(attention(features)[0], printed, atol=1e-4)


def test_the_graph_is_parted_by_the_way_to_the_neck() -> None:
    parts = partitions()
    assert parts.shape == (3, 18, 18)
    np.testing.assert_allclose(parts.sum(axis=(0, 1)), 1, atol=1e-6)
    assert (parts[0] > 0).sum() == 18  # itself only: no edge joins joints equally far
    elbow, shoulder, wrist = 3, 2, 4
    assert parts[1][wrist, elbow] > 0  # the wrist is farther from the neck than the elbow
    assert parts[2][shoulder, elbow] > 0
    assert parts[1][shoulder, elbow] == parts[2][wrist, elbow] == 0
    assert parts[0][elbow, elbow] == pytest.approx(1 / 3)
