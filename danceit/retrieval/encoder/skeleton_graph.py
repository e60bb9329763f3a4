"""The skeleton as a graph, and poses as the graph network reads them.

Conventions: poses come as (N, T, 18, C) canvas pixels, NaN where a joint is missing;
the network's input is (N, T, 18, K) in body heights (1 = 360 px), zero where masked.
"""

from typing import TYPE_CHECKING

import numpy as np

from danceit.data import BODY_PX, BONES, JOINT, N_JOINTS, Float32

if TYPE_CHECKING:
    from torch import Tensor

VELOCITY_GAIN = 10.0
"""Displacements a frame are about a tenth of positions in body heights; this evens them out."""
_RIGHT_HIP, _LEFT_HIP = JOINT["right_hip"], JOINT["left_hip"]
_RIGHT_SHOULDER, _LEFT_SHOULDER = JOINT["right_shoulder"], JOINT["left_shoulder"]
_NECK = JOINT["neck"]


def normalised_adjacency() -> Float32:
    """Λ^-1/2 (A + I) Λ^-1/2 of the COCO-18 graph, float32 (18, 18) (DanceIt eq. 7-9)."""
    adjacency = np.eye(N_JOINTS)
    for parent, child in BONES:
        adjacency[parent, child] = adjacency[child, parent] = 1.0
    degree = adjacency.sum(axis=1)
    normalised: Float32 = (adjacency / np.sqrt(np.outer(degree, degree))).astype(np.float32)
    return normalised


def graph_channels(dims: int) -> int:
    """K, the channels a joint has in `graph_input`: position, velocity and the mask."""
    return 2 * dims + 1


def graph_input(poses: "Tensor", *, facing: bool) -> "Tensor":
    """Poses as the network reads them, independent of place, size and (in 3-D) heading.

    Positions are relative to each frame's root (the middle of the hips, else the neck,
    else the mean of the joints seen). Velocities are those of the joints on the stage,
    so travel is kept. With `facing`, 3-D fragments are turned about the vertical until
    the hips lie, on average over the fragment, along x: turns within it are kept.

    Parameters
    ----------
    poses : float32 (N, T, 18, C)
        Canvas pixels; NaN where missing.
    facing : bool
        Ignored for C = 2, where the heading cannot be told.

    Returns
    -------
    float32 (N, T, 18, 2C + 1)
        Position, velocity, 1 where the joint was seen; all zero where it was not.
    """
    import torch

    scaled = poses / BODY_PX
    seen = ~torch.isnan(scaled).any(dim=-1, keepdim=True)
    scaled = torch.where(seen, scaled, torch.full_like(scaled, torch.nan))
    position = scaled - _root(scaled)
    velocity = torch.zeros_like(scaled)
    velocity[:, 1:] = scaled[:, 1:] - scaled[:, :-1]
    velocity[:, 0] = velocity[:, 1]
    if facing and poses.shape[-1] == 3:
        angle = _heading(scaled)
        position, velocity = _turned(position, angle), _turned(velocity, angle)
    position, velocity = torch.nan_to_num(position), torch.nan_to_num(velocity)
    return torch.cat([position, velocity * VELOCITY_GAIN, seen.to(scaled.dtype)], dim=-1)


def _root(poses: "Tensor") -> "Tensor":
    import torch

    hips = (poses[:, :, _RIGHT_HIP] + poses[:, :, _LEFT_HIP]) / 2
    neck = poses[:, :, _NECK]
    root = torch.where(torch.isnan(hips), neck, hips)
    root = torch.where(torch.isnan(root), torch.nanmean(poses, dim=2), root)
    return torch.nan_to_num(root)[:, :, None]


def _heading(poses: "Tensor") -> "Tensor":
    """Angle of the mean hip line (else the shoulder line) in the x-z plane, radians (N,)."""
    import torch

    line = torch.nanmean(poses[:, :, _RIGHT_HIP] - poses[:, :, _LEFT_HIP], dim=1)
    shoulders = torch.nanmean(poses[:, :, _RIGHT_SHOULDER] - poses[:, :, _LEFT_SHOULDER], dim=1)
    line = torch.nan_to_num(torch.where(torch.isnan(line), shoulders, line))
    return torch.atan2(line[:, 2], line[:, 0])


def _turned(vectors: "Tensor", angle: "Tensor") -> "Tensor":
    """Vectors (N, T, J, 3) turned about the vertical by -`angle` (N,)."""
    import torch

    cos, sin = (f(angle)[:, None, None] for f in (torch.cos, torch.sin))
    x, y, z = vectors.unbind(dim=-1)
    return torch.stack([x * cos + z * sin, y, z * cos - x * sin], dim=-1)
