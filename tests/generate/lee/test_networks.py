"""Every network has the release's parameter count, and its parts do what they say."""

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from danceit.generate.lee.networks import (
    DanceDecoder,
    DanceEncoder,
    Gaussian,
    InitialPoseEncoder,
    Judge,
    MovementEncoder,
    MusicStyle,
    StyleRegressor,
    StyleToDance,
    UnitDecoder,
)


@pytest.mark.parametrize(
    ("network", "count"),
    [
        # Counted from the networks that the authors released (NVlabs/Dancing2Music).
        (InitialPoseEncoder(), 7_572),
        (MovementEncoder(), 8_576_000),
        (MovementEncoder(both_ways=False), 4_288_512),
        (UnitDecoder(), 6_340_636),
        (DanceEncoder(), 7_348_224),
        (DanceDecoder(), 7_351_296),
        (StyleToDance(), 144_704),
        (StyleRegressor(), 432_542),
        (Judge(3), 3_816_155),
        (Judge(1), 1_719_003),
        (MusicStyle(3), 6_453),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_parameter_counts_are_those_of_the_release(network: nn.Module, count: int) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_the_divergence_is_that_from_a_standard_normal() -> None:
    torch.manual_seed(0)
    gaussian = Gaussian(torch.randn(4, 6), torch.randn(4, 6))
    known = Normal(gaussian.mean, (0.5 * gaussian.log_variance).exp())
    expected = kl_divergence(known, Normal(torch.zeros(4, 6), torch.ones(4, 6))).sum(dim=1).mean()
    assert gaussian.kl().item() == pytest.approx(float(expected), rel=1e-5)
    drawn = Gaussian(torch.full((20_000,), 2.0), torch.full((20_000,), -1.0)).sample()
    assert drawn.mean() == pytest.approx(2.0, abs=0.02)
    assert drawn.var() == pytest.approx(torch.e**-1, abs=0.02)


def test_shapes_go_through() -> None:
    unit = torch.randn(2, 32, 28)
    movement = MovementEncoder(16)(unit)
    assert movement.mean.shape == (2, 512)
    initial = InitialPoseEncoder()(unit[:, 0])
    assert UnitDecoder(16)(initial.sample(), movement.sample()).shape == (2, 32, 28)
    dance = DanceEncoder(16)(torch.randn(2, 4, 1024))
    assert DanceDecoder(16)(dance.sample(), 4).pair().shape == (2, 4, 1024)
    assert Judge(3)(torch.randn(2, 3, 1024), torch.randn(2, 28)).shape == (2,)
    assert MusicStyle(3)(torch.randn(2, 150, 28)).shape == (2, 3)


def test_the_movement_encoder_reads_both_ways() -> None:
    torch.manual_seed(0)
    encoder = MovementEncoder(8)
    unit = torch.randn(1, 32, 28)
    states, _ = encoder.recurrent(unit, encoder.first)
    ends = torch.cat([states[:, -1, :8], states[:, 0, 8:]], dim=-1)
    assert torch.allclose(encoder(unit).mean, encoder.head.mean(ends), atol=1e-6)
