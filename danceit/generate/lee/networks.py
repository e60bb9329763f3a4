"""The networks of Dancing to Music, with the sizes and parameter counts of its release.

Conventions: B in a batch, T frames, U units in a sequence. Poses are standardised (28,),
latent codes Gaussian: initial pose 10, movement 512, dance 512. `hidden` is 1024 in the paper.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from danceit.generate.lee.units import POSE, UNIT_FRAMES

Z_INITIAL, Z_MOVEMENT, Z_DANCE = 10, 512, 512
HIDDEN = 1024
AUDIO, STYLE, NOISE = 28, 30, 30
JUDGED_UNITS = 3
"""Units that the release's discriminator sees at once."""


@dataclass(frozen=True)
class Gaussian:
    """A diagonal Gaussian over latent codes: `mean` and `log_variance` (..., D)."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, random: torch.Generator | None = None) -> Tensor:
        """Draw one code each, with gradients to both parameters.

        With a generator (of the CPU) chance is that one's, the same on every device.
        """
        if random is None:
            chance = torch.randn_like(self.mean)
        else:
            chance = torch.randn(self.mean.shape, generator=random).to(self.mean.device)
        return self.mean + chance * (0.5 * self.log_variance).exp()

    def kl(self) -> Tensor:
        """KL divergence from N(0, I) in nats, a mean over the batch: a scalar."""
        spread = self.log_variance.exp() + self.mean.square() - 1 - self.log_variance
        return 0.5 * spread.sum(dim=-1).mean()

    def pair(self) -> Tensor:
        """Both parameters side by side (..., 2 D)."""
        return torch.cat([self.mean, self.log_variance], dim=-1)

    def detached(self) -> "Gaussian":
        """The same without gradients."""
        return Gaussian(self.mean.detach(), self.log_variance.detach())


def normed(*widths: int) -> nn.Sequential:
    """Linear layers through these widths, each with LayerNorm and LeakyReLU 0.2."""
    layers: list[nn.Module] = []
    for width, following in pairwise(widths):
        layers += [nn.Linear(width, following), nn.LayerNorm(following), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)


class GaussianHead(nn.Module):
    """Two linear layers, to mean and to log variance."""

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.mean = nn.Linear(width, latent)
        self.log_variance = nn.Linear(width, latent)

    def forward(self, inner: Tensor) -> Gaussian:
        """Map (..., width) to a Gaussian over (..., latent)."""
        return Gaussian(self.mean(inner), self.log_variance(inner))


class InitialPoseEncoder(nn.Module):
    """E_ini: a pose (B, 28) to a Gaussian over (B, 10)."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.inner = normed(POSE, width, width)
        self.head = GaussianHead(width, Z_INITIAL)

    def forward(self, pose: Tensor) -> Gaussian:
        """Encode poses."""
        gaussian: Gaussian = self.head(self.inner(pose))
        return gaussian


class SequenceEncoder(nn.Module):
    """A one-layer GRU with a learnt first state, and a Gaussian of its last."""

    def __init__(self, width: int, hidden: int, latent: int, *, both_ways: bool) -> None:
        super().__init__()
        self.both_ways, self.hidden = both_ways, hidden
        ways = 2 if both_ways else 1
        self.first = nn.Parameter(torch.randn(ways, 1, hidden))
        self.recurrent = nn.GRU(width, hidden, batch_first=True, bidirectional=both_ways)
        self.head = GaussianHead(ways * hidden, latent)

    def forward(self, rows: Tensor) -> Gaussian:
        """Encode sequences (B, T, width)."""
        first = self.first.expand(-1, len(rows), -1).contiguous()
        _, last = self.recurrent(rows, first)
        gaussian: Gaussian = self.head(torch.cat(list(last), dim=-1))
        return gaussian


class MovementEncoder(SequenceEncoder):
    """E_mov: a unit (B, 32, 28) to a Gaussian over (B, 512)."""

    def __init__(self, hidden: int = HIDDEN, *, both_ways: bool = True) -> None:
        super().__init__(POSE, hidden, Z_MOVEMENT, both_ways=both_ways)


class DanceEncoder(SequenceEncoder):
    """E_mtd: movements as (mean, log variance) pairs (B, U, 1024) to a Gaussian over (B, 512)."""

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__(2 * Z_MOVEMENT, hidden, Z_DANCE, both_ways=False)


class UnitDecoder(nn.Module):
    """G_uni: an initial pose and a movement to a unit (B, 32, 28)."""

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.first = nn.Linear(Z_INITIAL + Z_MOVEMENT, hidden)
        self.recurrent = nn.GRU(Z_MOVEMENT, hidden, batch_first=True)
        self.poses = nn.Sequential(
            nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, POSE)
        )

    def forward(self, initial: Tensor, movement: Tensor) -> Tensor:
        """Decode codes (B, 10) and (B, 512)."""
        first = self.first(torch.cat([initial, movement], dim=-1))[None]
        fed = movement[:, None].expand(-1, UNIT_FRAMES, -1)
        states, _ = self.recurrent(fed, first)
        poses: Tensor = self.poses(states)
        return poses


class DanceDecoder(nn.Module):
    """G_dan: a dance code (B, 512) to Gaussians over U movements (B, U, 512)."""

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.first = nn.Linear(Z_DANCE, hidden)
        self.recurrent = nn.GRU(Z_DANCE, hidden, batch_first=True)
        self.inner = nn.Sequential(nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.ReLU())
        self.head = GaussianHead(hidden, Z_MOVEMENT)

    def forward(self, dance: Tensor, n_units: int) -> Gaussian:
        """Decode codes into sequences of `n_units`."""
        fed = dance[:, None].expand(-1, n_units, -1)
        states, _ = self.recurrent(fed, self.first(dance)[None])
        gaussian: Gaussian = self.head(self.inner(states))
        return gaussian


class StyleToDance(nn.Module):
    """E_std: a music style (B, 30) and noise (B, 30) to a Gaussian over (B, latent)."""

    def __init__(self, latent: int = Z_DANCE, width: int = 64) -> None:
        super().__init__()
        self.inner = normed(STYLE + NOISE, width, 2 * width)
        self.head = GaussianHead(2 * width, latent)

    def forward(self, style: Tensor, noise: Tensor) -> Gaussian:
        """Encode styles."""
        gaussian: Gaussian = self.head(self.inner(torch.cat([style, noise], dim=-1)))
        return gaussian


class StyleRegressor(nn.Module):
    """E_sty: a dance code (B, 512) to the music style (B, 30) that it should go with."""

    def __init__(self, width: int = 512) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            normed(Z_DANCE, width, width // 2, width // 4), nn.Linear(width // 4, STYLE)
        )

    def forward(self, dance: Tensor) -> Tensor:
        """Regress styles."""
        style: Tensor = self.layers(dance)
        return style


class Judge(nn.Module):
    """D_mov and D_dan: whether latent codes are of real dances, beside the audio's features.

    Five layers, the audio's own two joined before the last; gives out logits.

    Parameters
    ----------
    n_codes : int
        Gaussians seen at once: 3 movements for D_mov, 1 dance for D_dan.
    """

    def __init__(self, n_codes: int, width: int = 1024) -> None:
        super().__init__()
        codes = nn.Linear(width // 4, STYLE)
        seen = 2 * Z_MOVEMENT * n_codes
        self.codes = nn.Sequential(normed(seen, width, width // 2, width // 4), codes)
        self.audio = normed(AUDIO, STYLE, STYLE)
        self.verdict = nn.Linear(2 * STYLE, 1)

    def forward(self, pairs: Tensor, audio: Tensor) -> Tensor:
        """Judge (mean, log variance) pairs (B, n_codes, 1024) beside audio (B, 28): logits (B,)."""
        both = torch.cat([self.codes(pairs.flatten(1)), self.audio(audio)], dim=-1)
        verdict: Tensor = self.verdict(both)[:, 0]
        return verdict


class MusicStyle(nn.Module):
    """A classifier of music; the last state of its GRU is the style s (B, 30)."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(1, 1, STYLE))
        self.recurrent = nn.GRU(AUDIO, STYLE, batch_first=True)
        self.classes = nn.Sequential(
            nn.Linear(STYLE, STYLE), nn.ReLU(), nn.Linear(STYLE, n_classes)
        )

    def style(self, features: Tensor) -> Tensor:
        """Style of standardised features (B, T, 28)."""
        first = self.first.expand(-1, len(features), -1).contiguous()
        _, last = self.recurrent(features, first)
        style: Tensor = last[0]
        return style

    def forward(self, features: Tensor) -> Tensor:
        """Logits (B, classes)."""
        logits: Tensor = self.classes(self.style(features))
        return logits
