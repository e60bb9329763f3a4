"""The two towers, in torch: an ST-GCN for poses and a bidirectional LSTM for music.

This module imports torch at its top and is itself imported only where a network is needed.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from danceit.data import N_JOINTS, Float32
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.skeleton_graph import (
    graph_channels,
    graph_input,
    normalised_adjacency,
)

FRAME_STEP = 3
"""The pose network looks at every third frame; velocities are those between neighbours."""
SECTIONS = 4
"""Sections of a fragment that are kept apart."""


class GraphBlock(nn.Module):
    """One ST-GCN block: spatial graph convolution, temporal convolution, residual.

    Spatially ``relu(Λ^-1/2 (A + I) Λ^-1/2 * M) X W`` (DanceIt eq. 7-9), with the learned
    edge weights M of Yan et al. 2018. Joints that a fragment lacks are set to zero before
    their neighbours could read them.
    """

    adjacency: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer(
            "adjacency", torch.from_numpy(normalised_adjacency()), persistent=False
        )
        self.edge_weights = nn.Parameter(torch.ones_like(self.adjacency))
        # Without bias, so that a missing joint, which is zero, stays zero for its neighbours.
        self.spatial = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.spatial_norm = nn.BatchNorm2d(outputs)
        self.temporal = nn.Conv2d(outputs, outputs, (kernel, 1), (stride, 1), (kernel // 2, 0))
        self.temporal_norm = nn.BatchNorm2d(outputs)
        self.residual = nn.Conv2d(inputs, outputs, 1, (stride, 1))
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor, joints: Tensor, present: Tensor | None) -> Tensor:
        """Convolve (N, inputs, T, J) to (N, outputs, ceil(T / stride), J).

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
    """Pose fragments (N, T, 18, C) in canvas pixels to embeddings (N, D); any T >= 2.

    Unlike the original ST-GCN, what comes out of the blocks is not averaged over the whole
    body and fragment: which joint moves, and when, says where in the bar a dancer is. Each
    joint has its own weights in the read-out, and time is kept in `SECTIONS` sections.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.facing = config.facing
        channels = graph_channels(config.dims)
        self.input_scale = nn.Parameter(torch.ones(channels, 1, N_JOINTS))
        self.input_norm = nn.BatchNorm2d(channels)
        widths = (channels, *config.channels)
        self.blocks = nn.ModuleList(
            GraphBlock(inputs, outputs, config.kernel, 1 + (number % 2), config.dropout)
            for number, (inputs, outputs) in enumerate(pairwise(widths))
        )
        self.body = nn.Parameter(torch.empty(config.body, widths[-1], N_JOINTS))
        nn.init.normal_(self.body, std=(widths[-1] * N_JOINTS) ** -0.5)
        self.body_norm = nn.BatchNorm1d(config.body)
        self.dropout = nn.Dropout(config.head_dropout)
        self.hidden = nn.Linear((SECTIONS + 1) * config.body, config.body)
        self.out = nn.Linear(config.body, config.embedding)

    def forward(self, poses: Tensor) -> Tensor:
        """Embed; joints missing throughout take no part, a fragment without joints is legal."""
        x = graph_input(poses, facing=self.facing)[:, 1 % poses.shape[1] :: FRAME_STEP]
        # Contiguous: torch 2.13's backward pass of strided channels-last convolutions crashes.
        x = x.permute(0, 3, 1, 2).contiguous()
        # A joint that none of the fragments has costs nothing; the result is the same.
        joints = x[:, -1].amax(dim=(0, 1)).nonzero().squeeze(1)
        if not len(joints):
            joints = torch.arange(x.shape[-1], device=x.device)
        x = x[..., joints]
        seen = x[:, -1:]
        present = seen.amax(dim=2, keepdim=True)
        lacking = present if bool((present == 0).any()) else None
        x = self.input_norm(x) * self.input_scale[..., joints] * seen
        for block in self.blocks:
            x = block(x, joints, lacking)
        body = torch.einsum("nctj,hcj->nht", x, self.body[..., joints])
        body = self.body_norm(body).relu()
        pooled = self.dropout(torch.cat([_sections(body), body.amax(dim=2)], dim=1))
        out: Tensor = self.out(self.dropout(self.hidden(pooled).relu()))
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
        for name, width in (("frame_scale", n_frame), ("around_scale", n_around)):
            self.register_buffer(name, torch.stack([torch.zeros(width), torch.ones(width)]))
        self.local_drop = config.local_drop
        self.lstm = nn.LSTM(n_frame, config.hidden, batch_first=True, bidirectional=True)
        self.lstm_dropout = nn.Dropout(config.dropout)
        self.around = nn.Linear(n_around, config.around) if config.context else None
        self.around_dropout = nn.Dropout(config.around_dropout)
        self.dropout = nn.Dropout(config.head_dropout)
        states = 2 * config.hidden * (SECTIONS + 1)
        self.local = nn.Linear(states + SECTIONS * n_frame, config.local)
        width = config.local + (config.around if config.context else 0)
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
        steps = nn.functional.avg_pool1d(frames.transpose(1, 2), 2, ceil_mode=True)
        states, _ = self.lstm(steps.transpose(1, 2))
        half = states.shape[-1] // 2
        ends = [states[:, -1, :half], states[:, 0, half:]]
        told = torch.cat([*ends, _sections(states.transpose(1, 2))], dim=1)
        plain = _sections(steps)
        local = self.local(torch.cat([self.lstm_dropout(told), plain], dim=1)).relu()
        if self.around is None:
            out: Tensor = self.out(self.dropout(local))
            return out
        if self.training and self.local_drop:
            # Now and then only the surroundings are heard, so that they are not left unused.
            local = local * (torch.rand(len(local), 1, device=local.device) >= self.local_drop)
        surroundings = self.around_dropout(self.around(around).relu())
        out = self.out(self.dropout(torch.cat([local, surroundings], dim=1)))
        return out


def _sections(rows: Tensor) -> Tensor:
    """Mean of each of `SECTIONS` sections of (N, F, T), flat: (N, F x SECTIONS)."""
    return nn.functional.adaptive_avg_pool1d(rows, SECTIONS).flatten(1)
