"""Losses against values worked out by hand and against their own promises."""

import math

import pytest
import torch

from danceit.errors import PluginError
from danceit.retrieval.encoder.losses import LOSSES, danceit, infonce, margin, regress

AUDIO = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
POSES = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
# Squared distances: 0 and 0.8 from the first, 2 and 0.4 from the second.
ONE_TO_ONE = torch.eye(2)


def test_danceit_by_hand() -> None:
    expected = (0 + 0.4) / 2 + (0.2 + 0) / 2
    assert float(danceit(AUDIO, POSES, ONE_TO_ONE)) == pytest.approx(expected, abs=1e-6)


def test_regress_by_hand() -> None:
    expected = (0 + 0.4**2) / 2 + (0.2**2 + 1) / 2
    assert float(regress(AUDIO, POSES, ONE_TO_ONE)) == pytest.approx(expected, abs=1e-6)


def test_margin_by_hand() -> None:
    by_song = (max(0, 0.5 + 0 - 0.8) + max(0, 0.5 + 0.4 - 2)) / 2
    by_dance = (max(0, 0.5 + 0.4 - 0.8) + max(0, 0.5 + 0 - 2)) / 2
    loss = margin(AUDIO, POSES, ONE_TO_ONE)
    assert float(loss) == pytest.approx(by_song + by_dance, abs=1e-6)


def test_infonce_by_hand() -> None:
    rows = [-math.log(1 / (1 + math.exp(-4 / 3))), -math.log(1 / (1 + math.exp(-8 / 3)))]
    columns = [-math.log(1 / (1 + math.exp(-10 / 3))), -math.log(1 / (1 + math.exp(-2 / 3)))]
    expected = (sum(rows) + sum(columns)) / 4
    assert float(infonce(AUDIO, POSES, ONE_TO_ONE)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES.names())
def test_pairs_that_nearly_match_are_no_plain_negatives(name: str) -> None:
    torch.manual_seed(0)
    audio, poses = 0.1 * torch.randn(4, 8), 0.1 * torch.randn(4, 8)
    poses[1] = audio[0]  # right where the first song asks
    loss = LOSSES.get(name)
    strict = torch.eye(4)
    lenient = strict.clone()
    lenient[0, 1] = lenient[1, 0] = 0.5
    normal = torch.nn.functional.normalize
    if loss.normalised:
        audio, poses = normal(audio, dim=1), normal(poses, dim=1)
    assert loss.function(audio, poses, lenient) < loss.function(audio, poses, strict)


@pytest.mark.parametrize("name", LOSSES.names())
def test_a_batch_of_one_pair_has_a_finite_loss(name: str) -> None:
    pair = torch.ones(1, 3)
    assert math.isfinite(float(LOSSES.get(name).function(pair, pair, torch.ones(1, 1))))


def test_the_printed_loss_collapses_where_a_match_cannot_be_told_from_its_negatives() -> None:
    """Embeddings drawn alike for matches and negatives feel no force apart, unlike with InfoNCE."""
    torch.manual_seed(0)
    forces = {}
    for name, function in (("danceit", danceit), ("infonce", infonce)):
        scale = torch.ones(1, requires_grad=True)
        spread = torch.randn(512, 16) * 0.05
        other = torch.randn(512, 16) * 0.05
        function(spread * scale, other * scale, torch.eye(512)).backward()
        assert scale.grad is not None
        forces[name] = float(scale.grad)
    assert abs(forces["danceit"]) < 0.01


def test_an_unknown_loss_names_the_nearest() -> None:
    with pytest.raises(PluginError, match="did you mean 'infonce'"):
        LOSSES.get("infonse")
