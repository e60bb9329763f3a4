"""The two towers, in torch: an ST-GCN for poses and a bidirectional LSTM for music.

This module imports torch at its top and is itself imported only where a network is needed.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from danceit.data import Float32
from danceit.retrieval.configuration import EncoderConfig
from danceit.retrieval.skeleton_graph import (
    graph_channels,
    graph_input,
    normalised_adjacency,
)


class GraphBlock(nn.Module):
    """One ST-GCN block: spatial graph convolution, temporal convolution, residual.

    Spatially ``relu(Λ^-1/2 (A + I) Λ^-1/2 * M) X W`` (DanceIt eq. 7-9), with the learned
    edge weights M of Yan et al. 2018. Joints that a fragment lacks are set to zero before
    their neighbours could read them.
    """

    adjacency: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer(
            "adjacency", torch.from_numpy(normalised_adjacency()), persistent=False
        )
        self.edge_weights = nn.Parameter(torch.ones_like(self.adjacency))
        # Without bias, so that a missing joint, which is zero, stays zero for its neighbours.
        self.spatial = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.spatial_norm = nn.BatchNorm2d(outputs)
        self.temporal = nn.Conv2d(outputs, outputs, (kernel, 1), (2, 1), (kernel // 2, 0))
        self.temporal_norm = nn.BatchNorm2d(outputs)
        self.residual = nn.Conv2d(inputs, outputs, 1, (2, 1))
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor, joints: Tensor, present: Tensor | None) -> Tensor:
        """Convolve (N, inputs, T, J) to (N, outputs, ceil(T / 2), J).

        `joints` (J,) says which of the 18 these are; `present` (N, 1, 1, J) is 0 where a
        fragment lacks one, and None where no fragment lacks any.
        """
        links = (self.adjacency * self.edge_weights)[joints][:, joints]
        y = torch.matmul(self.spatial(x), links)
        y = self.spatial_norm(y).relu()
        y = y if present is None else y * present
        y = self.dropout(self.temporal_norm(self.temporal(y)))
        out: Tensor = (y + self.residual(x)).relu()
        return out if present is None else out * present


class PoseNetwork(nn.Module):
    """Pose fragments (N, T, 18, C) in canvas pixels to embeddings (N, D); any T >= 2."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.facing = config.facing
        channels = graph_channels(config.dims)
        self.input_norm = nn.BatchNorm2d(channels)
        widths = (channels, *config.channels)
        self.blocks = nn.ModuleList(
            GraphBlock(inputs, outputs, config.kernel, config.dropout)
            for inputs, outputs in pairwise(widths)
        )
        self.dropout = nn.Dropout(config.head_dropout)
        self.out = nn.Linear(2 * widths[-1], config.embedding)

    def forward(self, poses: Tensor) -> Tensor:
        """Embed; joints missing throughout take no part, a fragment without joints is legal."""
        # Contiguous: torch 2.13's backward pass of strided channels-last convolutions crashes.
        x = graph_input(poses, facing=self.facing).permute(0, 3, 1, 2).contiguous()
        # A joint that none of the fragments has costs nothing; the result is the same.
        joints = x[:, -1].amax(dim=(0, 1)).nonzero().squeeze(1)
        if not len(joints):
            joints = torch.arange(x.shape[-1], device=x.device)
        x = x[..., joints]
        seen = x[:, -1:]
        present = seen.amax(dim=2, keepdim=True)
        lacking = present if bool((present == 0).any()) else None
        x = self.input_norm(x) * seen
        for block in self.blocks:
            x = block(x, joints, lacking)
        pooled = x.sum(dim=-1) / present.sum(dim=-1).clamp(min=1)
        out: Tensor = self.out(self.dropout(torch.cat([pooled.mean(-1), pooled.amax(-1)], dim=1)))
        return out


class AudioNetwork(nn.Module):
    """Windows of a song, frames (N, T, F') and surroundings (N, K), to embeddings (N, D).

    `frame_scale` and `around_scale` (2, F') and (2, K) hold mean and standard deviation of
    the training songs; they are part of the weights.
    """

    frame_scale: Tensor
    around_scale: Tensor

    def __init__(self, config: EncoderConfig, n_frame: int, n_around: int) -> None:
        super().__init__()
        self.register_buffer(
            "frame_scale", torch.stack([torch.zeros(n_frame), torch.ones(n_frame)])
        )
        self.register_buffer(
            "around_scale", torch.stack([torch.zeros(n_around), torch.ones(n_around)])
        )
        self.lstm = nn.LSTM(n_frame, config.hidden, batch_first=True, bidirectional=True)
        self.around = nn.Linear(n_around, config.around) if config.context else None
        self.lstm_dropout = nn.Dropout(config.dropout)
        self.around_dropout = nn.Dropout(config.around_dropout)
        self.dropout = nn.Dropout(config.head_dropout)
        width = 4 * config.hidden + (config.around if config.context else 0)
        self.out = nn.Linear(width, config.embedding)

    def scale_to(self, frames: Float32, around: Float32) -> None:
        """Take over mean and standard deviation, (2, F') and (2, K), of the training songs."""
        self.frame_scale.copy_(torch.from_numpy(frames))
        self.around_scale.copy_(torch.from_numpy(around))

    def scaled(self, frames: Tensor, around: Tensor) -> tuple[Tensor, Tensor]:
        """Both inputs by the training songs' mean and standard deviation."""
        frames = (frames - self.frame_scale[0]) / self.frame_scale[1]
        return frames, (around - self.around_scale[0]) / self.around_scale[1]

    def forward(self, frames: Tensor, around: Tensor) -> Tensor:
        """Embed windows whose inputs are already `scaled`."""
        states, _ = self.lstm(frames)
        half = states.shape[-1] // 2
        parts = [states.mean(dim=1), states[:, -1, :half], states[:, 0, half:]]
        parts = [self.lstm_dropout(torch.cat(parts, dim=1))]
        if self.around is not None:
            parts.append(self.around_dropout(self.around(around).relu()))
        out: Tensor = self.out(self.dropout(torch.cat(parts, dim=1)))
        return out
