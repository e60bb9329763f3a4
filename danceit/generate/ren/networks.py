"""The generator of Ren et al. (appendices A and B), with the parameter counts of its release.

Conventions: B pieces of T tenths of a second. Sound is (B, T, 1600), poses (B, T, 36).
"""

import torch
from torch import Tensor, nn

from danceit.generate.ren.pieces import FLAT, SAMPLES

WIDTH, NOISE, INNER = 256, 10, 1024
NOISE_DEVIATION = 0.33
_LAYERS = ((80, 16, 32, 16), (4, 2, 1, 32), (4, 2, 1, 64), (10, 5, 3, 128))
"""Kernel, stride, padding and channels of the convolutions before the last (Table 2)."""


class SoundEncoder(nn.Module):
    """A tenth of a second of sound (N, 1600) to 256 features in (-1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for kernel, stride, padding, wider in _LAYERS:
            layers += [
                nn.Conv1d(channels, wider, kernel, stride, padding),
                nn.BatchNorm1d(wider),
                nn.ReLU(),
            ]
            channels = wider
        self.layers = nn.Sequential(*layers, nn.Conv1d(channels, WIDTH, 5), nn.Tanh())

    def forward(self, sound: Tensor) -> Tensor:
        """Encode pieces."""
        features: Tensor = self.layers(sound[:, None])[..., 0]
        return features


class MusicEncoder(nn.Module):
    """Sound (B, T, 1600) to features (B, T, 256) that know what comes before and after."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = SoundEncoder()
        self.recurrent = nn.GRU(WIDTH, WIDTH, num_layers=2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, sound: Tensor) -> Tensor:
        """Encode pieces of music."""
        n, t, _ = sound.shape
        heard = self.sound(sound.reshape(n * t, SAMPLES)).view(n, t, WIDTH)
        states, _ = self.recurrent(heard)
        features: Tensor = self.out(states)
        return features


class ResidualBlock(nn.Module):
    """Two linear layers with BatchNorm and ReLU, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
        )  # fmt: skip

    def forward(self, rows: Tensor) -> Tensor:
        """Map rows (N, width)."""
        changed: Tensor = rows + self.layers(rows)
        return changed


class PoseGenerator(nn.Module):
    """Music (B, T, 256) and noise (B, T, 10) to poses (B, T, 36) in (-1, 1)."""

    def __init__(self, inner: int = INNER) -> None:
        super().__init__()
        self.noise = nn.GRU(NOISE, NOISE, batch_first=True)
        self.first = nn.Linear(WIDTH + NOISE, inner)
        self.blocks = nn.Sequential(*(ResidualBlock(inner) for _ in range(3)))
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Linear(inner, FLAT)

    def forward(self, music: Tensor, noise: Tensor) -> Tensor:
        """Make poses up."""
        states, _ = self.noise(noise)
        both = torch.cat([music, torch.tanh(states)], dim=-1)
        rows = self.blocks(self.first(both.flatten(0, 1)))
        poses = torch.tanh(self.last(self.dropout(rows)))
        return poses.view(*music.shape[:2], FLAT)


class DanceGenerator(nn.Module):
    """G: sound and noise to poses."""

    def __init__(self, inner: int = INNER) -> None:
        super().__init__()
        self.music = MusicEncoder()
        self.poses = PoseGenerator(inner)

    def forward(self, sound: Tensor, noise: Tensor) -> Tensor:
        """Dance to pieces of sound (B, T, 1600) with noise (B, T, 10): poses (B, T, 36)."""
        poses: Tensor = self.poses(self.music(sound), noise)
        return poses


def drawn_noise(n: int, t: int, device: str, generator: torch.Generator | None = None) -> Tensor:
    """Noise for each frame of n pieces, (n, t, 10)."""
    return NOISE_DEVIATION * torch.randn(n, t, NOISE, generator=generator).to(device)
