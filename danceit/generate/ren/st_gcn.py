"""ST-GCN (Yan et al. 2018): the graph network whose features poses are compared by.

The skeleton's edges are parted in three by how far their ends are from the neck: a joint
itself, those farther, those nearer. Ten blocks, each a convolution over the graph and one
over nine frames.
"""

import numpy as np
import torch
from torch import Tensor, nn

from danceit.data import JOINT, N_JOINTS, Float32

EDGES = (
    (4, 3), (3, 2), (7, 6), (6, 5), (13, 12), (12, 11), (10, 9), (9, 8), (11, 5), (8, 2),
    (5, 1), (2, 1), (0, 1), (15, 0), (14, 0), (17, 15), (16, 14),
)  # fmt: skip
"""ST-GCN's own for OpenPose's joints: hips hang from the shoulders."""
TEMPORAL_KERNEL = 9
BLOCKS = ((64, 1), (64, 1), (64, 1), (64, 1), (128, 2), (128, 1), (128, 1), (256, 2), (256, 1),
          (256, 1))  # fmt: skip
"""Channels and stride in time of each block."""


def partitions() -> Float32:
    """The graph's three partitions, (3, 18, 18): column j says whom joint j gathers from.

    Itself, those farther from the neck, those nearer; each divided by the number of joints
    within reach (A D^-1).
    """
    near = np.eye(N_JOINTS, dtype=bool)
    for a, b in EDGES:
        near[a, b] = near[b, a] = True
    hops = _hops_to(JOINT["neck"], near)
    normal = near / near.sum(axis=0, keepdims=True)
    same, farther = hops[:, None] == hops[None], hops[:, None] > hops[None]
    parts = np.stack([normal * same, normal * farther, normal * ~(same | farther)])
    return np.asarray(parts, dtype=np.float32)


class Block(nn.Module):
    """One convolution over the graph and one over time, with what came in added."""

    def __init__(self, channels: int, wider: int, stride: int, *, residual: bool) -> None:
        super().__init__()
        self.graph = nn.Conv2d(channels, 3 * wider, 1)
        self.time = nn.Sequential(
            nn.BatchNorm2d(wider),
            nn.ReLU(),
            nn.Conv2d(
                wider, wider, (TEMPORAL_KERNEL, 1), (stride, 1), ((TEMPORAL_KERNEL - 1) // 2, 0)
            ),
            nn.BatchNorm2d(wider),
        )
        self.around: nn.Module | None = None
        if residual and (channels != wider or stride != 1):
            self.around = nn.Sequential(
                nn.Conv2d(channels, wider, 1, (stride, 1)), nn.BatchNorm2d(wider)
            )
        self.residual = residual

    def forward(self, rows: Tensor, edges: Tensor) -> Tensor:
        """Map (N, C, T, V) by edges (3, V, V)."""
        n, _, t, v = rows.shape
        gathered = self.graph(rows).view(n, 3, -1, t, v)
        changed = self.time(torch.einsum("nkctv,kvw->nctw", gathered, edges))
        if self.residual:
            changed = changed + (rows if self.around is None else self.around(rows))
        return torch.relu(changed)


class StGcn(nn.Module):
    """Poses (N, T, 36) to classes."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.edges: Tensor
        self.register_buffer("edges", torch.from_numpy(partitions()))
        self.scale = nn.BatchNorm1d(2 * N_JOINTS)
        widths = (2, *(channels for channels, _ in BLOCKS))
        self.blocks = nn.ModuleList(
            Block(widths[number], channels, stride, residual=number > 0)
            for number, (channels, stride) in enumerate(BLOCKS)
        )
        self.importance = nn.ParameterList(
            nn.Parameter(torch.ones(3, N_JOINTS, N_JOINTS)) for _ in BLOCKS
        )
        self.classes = nn.Conv2d(BLOCKS[-1][0], n_classes, 1)

    def maps(self, poses: Tensor) -> list[Tensor]:
        """What each of the ten blocks gives, (N, C, T', 18)."""
        n, t, _ = poses.shape
        rows = self.scale(poses.transpose(1, 2)).view(n, N_JOINTS, 2, t).permute(0, 2, 3, 1)
        found = []
        for block, importance in zip(self.blocks, self.importance, strict=True):
            rows = block(rows, self.edges * importance)
            found.append(rows)
        return found

    def features(self, poses: Tensor) -> Tensor:
        """Mean of the last block over time and joints, (N, 256)."""
        return self.maps(poses)[-1].mean(dim=(2, 3))

    def forward(self, poses: Tensor) -> Tensor:
        """Logits (N, classes)."""
        logits: Tensor = self.classes(self.features(poses)[..., None, None])[..., 0, 0]
        return logits


def _hops_to(centre: int, near: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Float32:
    """Edges between each joint and `centre`, (18,)."""
    hops = np.full(N_JOINTS, np.inf, dtype=np.float32)
    hops[centre] = 0
    for step in range(1, N_JOINTS):
        reached = near[np.isfinite(hops)].any(axis=0) & np.isinf(hops)
        hops[reached] = step
    return hops
