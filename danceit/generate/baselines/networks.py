"""The networks of both baselines.

Conventions: B in a batch, T frames. Music and poses are standardised (B, T, 28). Neither paper
gives sizes for dances of 28 coordinates; both are as wide as `hidden` says.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from danceit.generate.lee.networks import AUDIO, normed
from danceit.generate.lee.units import POSE

CONTENT, MOTION_NOISE = 50, 10
"""MoCoGAN's code of who moves, once a dance, and each moment's chance (Tulyakov et al. 2018)."""


class AudioLstm(nn.Module):
    """One LSTM over audio and a linear layer to poses: the same dance for the same music."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(AUDIO, hidden, batch_first=True)
        self.poses = nn.Linear(hidden, POSE)

    def forward(self, music: Tensor) -> Tensor:
        """Poses (B, T, 28) to music (B, T, 28)."""
        states, _ = self.recurrent(music)
        poses: Tensor = self.poses(states)
        return poses


class MotionContent(nn.Module):
    """MoCoGAN's generator, a GRU of noise that also hears: content once, motion in each frame."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(AUDIO + MOTION_NOISE, hidden, batch_first=True)
        self.poses = nn.Sequential(
            normed(hidden + CONTENT, hidden, hidden), nn.Linear(hidden, POSE)
        )

    def forward(self, music: Tensor, content: Tensor, noise: Tensor) -> Tensor:
        """Poses (B, T, 28) to music, from content (B, 50) and noise (B, T, 10)."""
        states, _ = self.recurrent(torch.cat([music, noise], dim=-1))
        who = content[:, None].expand(-1, music.shape[1], -1)
        poses: Tensor = self.poses(torch.cat([states, who], dim=-1))
        return poses


class PoseJudge(nn.Module):
    """MoCoGAN's judge of images: whether one pose is a dancer's. Logits (..., 1)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(normed(POSE, hidden, hidden), nn.Linear(hidden, 1))

    def forward(self, poses: Tensor) -> Tensor:
        """Judge poses (..., 28)."""
        verdict: Tensor = self.layers(poses)
        return verdict


class MotionJudge(nn.Module):
    """MoCoGAN's judge of videos, which hears the music too. Logits (B, 1, T')."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        widths = (POSE + AUDIO, hidden // 2, hidden, hidden)
        layers: list[nn.Module] = []
        for width, following in pairwise(widths):
            layers += [nn.Conv1d(width, following, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv1d(hidden, 1, 3))

    def forward(self, poses: Tensor, music: Tensor) -> Tensor:
        """Judge stretches (B, T, 28) beside their music."""
        verdict: Tensor = self.layers(torch.cat([poses, music], dim=-1).transpose(1, 2))
        return verdict
