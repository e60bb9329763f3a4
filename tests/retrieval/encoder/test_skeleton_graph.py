"""The graph and what the network reads of a pose."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from danceit.data import BONES, JOINT
from danceit.retrieval.encoder.skeleton_graph import (
    VELOCITY_GAIN,
    graph_channels,
    graph_input,
    normalised_adjacency,
)


def some_poses(seed: int = 0, dims: int = 3) -> torch.Tensor:
    poses = np.random.default_rng(seed).normal(0, 100, (2, 24, 18, dims)).astype(np.float32)
    poses[:, :, 14:] = np.nan
    poses[0, 5:9, 4] = np.nan
    return torch.from_numpy(poses)


def turned(poses: torch.Tensor, angle: float) -> torch.Tensor:
    matrix = torch.tensor(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]],
        dtype=torch.float32,
    )
    return poses @ matrix.T


def test_adjacency_is_symmetrically_normalised_with_self_loops() -> None:
    adjacency = normalised_adjacency()
    degree = np.ones(18)
    for parent, child in BONES:
        degree[parent] += 1
        degree[child] += 1
    assert np.allclose(np.diag(adjacency), 1 / degree)
    neck, nose = JOINT["neck"], JOINT["nose"]
    assert adjacency[neck, nose] == pytest.approx(1 / np.sqrt(degree[neck] * degree[nose]))
    assert adjacency[JOINT["left_wrist"], JOINT["right_wrist"]] == 0
    # Λ^-1/2 (A + I) Λ^-1/2 has the eigenvalue 1, for the eigenvector Λ^1/2 1, and none larger.
    assert np.allclose(adjacency @ np.sqrt(degree), np.sqrt(degree), atol=1e-5)
    assert np.linalg.eigvalsh(adjacency).max() == pytest.approx(1, abs=1e-5)


@given(seed=st.integers(0, 99), x=st.floats(-500, 500), z=st.floats(-500, 500))
def test_place_does_not_matter(seed: int, x: float, z: float) -> None:
    poses = some_poses(seed)
    moved = poses + torch.tensor([x, 40.0, z])
    assert torch.allclose(
        graph_input(poses, facing=True), graph_input(moved, facing=True), atol=2e-3
    )


@given(seed=st.integers(0, 99), angle=st.floats(-3.1, 3.1))
def test_heading_does_not_matter_when_facing(seed: int, angle: float) -> None:
    poses = some_poses(seed)
    read = graph_input(poses, facing=True)
    assert torch.allclose(read, graph_input(turned(poses, angle), facing=True), atol=2e-3)
    assert not torch.allclose(
        graph_input(poses, facing=False), graph_input(turned(poses, 1.0), facing=False), atol=0.1
    )


def test_missing_joints_are_zero_with_an_empty_mask() -> None:
    read = graph_input(some_poses(), facing=True)
    assert read.shape == (2, 24, 18, graph_channels(3))
    assert not read[:, :, 14:].any()
    assert not read[0, 5:9, 4].any()
    assert read[1, 5:9, 4, -1].all()
    # There is no velocity out of or into a frame where the joint is missing.
    assert not read[0, 9, 4, 3:6].any()
    assert read[0, 10, 4, 3:6].all()


def test_travel_is_kept_as_velocity() -> None:
    poses = some_poses()[:, :1].repeat(1, 24, 1, 1)
    poses[..., 0] += 36.0 * torch.arange(24)[None, :, None]
    velocity = graph_input(poses, facing=False)[1, :, 0, 3:6]
    expected = torch.tensor([0.1 * VELOCITY_GAIN, 0, 0]).expand(24, 3)
    assert torch.allclose(velocity, expected, atol=1e-4)


def test_the_root_falls_back_from_hips_to_neck_to_whatever_is_there() -> None:
    poses = some_poses()
    poses[:, :, [JOINT["right_hip"]]] = np.nan
    by_neck = graph_input(poses, facing=False)
    assert not by_neck[:, :, JOINT["neck"], :3].any()
    poses[:, :, [JOINT["neck"]]] = np.nan
    by_mean = graph_input(poses, facing=False)
    assert torch.allclose(by_mean[..., :3].sum(dim=2), torch.zeros(2, 24, 3), atol=1e-4)
    assert not graph_input(torch.full((1, 24, 18, 2), torch.nan), facing=True).any()
