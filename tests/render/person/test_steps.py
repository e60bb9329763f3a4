from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from danceit.render.person.batches import PairBatch, PairBatches
from danceit.render.person.building import (
    make_face,
    make_face_judge,
    make_judge,
    make_painter,
    started,
)
from danceit.render.person.steps import face_losses, patches, pose_losses, put_back
from danceit.render.person.target import Target
from tests.render.person.conftest import TINY


@pytest.fixture
def batch(prepared: Path) -> PairBatch:
    return PairBatches(Target.load(prepared), TINY).at(0, 1)


def test_each_networks_loss_falls_when_it_alone_learns_one_picture(batch: PairBatch) -> None:
    painter, judge = started(make_painter(TINY), TINY, 1), started(make_judge(TINY), TINY, 2)
    for learner, name in ((painter, "generator"), (judge, "discriminator")):
        optimiser = torch.optim.Adam(learner.parameters(), 2e-3, (0.5, 0.999))
        values = []
        for _ in range(12):
            loss: Tensor = getattr(pose_losses(batch, painter, judge, TINY), name)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(float(loss.detach()))
        assert values[-1] < 0.8 * values[0], name


def test_the_face_losses_fall_too(batch: PairBatch) -> None:
    face, judge = started(make_face(TINY), TINY, 3), started(make_face_judge(TINY), TINY, 4)
    side, large = TINY.face_patch, TINY.face_px
    label, real = (
        patches(pictures, batch.corners, side, large) for pictures in (batch.label, batch.real)
    )
    painted = torch.zeros_like(real)
    for learner, name in ((face, "generator"), (judge, "discriminator")):
        optimiser = torch.optim.Adam(learner.parameters(), 2e-3, (0.5, 0.999))
        values = []
        for _ in range(12):
            losses = face_losses(label, painted, real, face, judge, TINY)
            loss: Tensor = getattr(losses, name)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(float(loss.detach()))
        assert values[-1] < 0.8 * values[0], name


def test_gradients_agree_with_a_plain_reference(batch: PairBatch) -> None:
    """The step written out by hand, with functional calls on the same weights."""
    config = replace(TINY, n_scales=1, pixel_weight=3.0)
    painter, judge = (
        started(make_painter(config), config, 1),
        started(make_judge(config), config, 2),
    )
    painter, judge, batch = painter.double(), judge.double(), doubled(batch)
    losses = pose_losses(batch, painter, judge, config)
    losses.generator.backward()
    losses.discriminator.backward()
    ours = [
        p.grad.clone() for p in [*painter.parameters(), *judge.parameters()] if p.grad is not None
    ]
    for module in (painter, judge):
        module.zero_grad()
    zeros = torch.zeros_like(batch.real)
    first = plain_paint(painter, batch.label_before, zeros, batch.behind_before)
    second = plain_paint(painter, batch.label, first, batch.behind)
    condition = torch.cat([batch.label_before, batch.label], 1)
    real = plain_judge(judge, torch.cat([condition, batch.real_before, batch.real], 1))
    fake = plain_judge(judge, torch.cat([condition, first, second], 1))
    generator = ((fake[-1] - 1) ** 2).mean()
    generator = generator + 10 * sum(
        functional.l1_loss(a, b.detach()) for a, b in zip(fake[:4], real[:4], strict=True)
    )
    pixels = functional.l1_loss(first, batch.real_before) + functional.l1_loss(second, batch.real)
    generator = generator + 3.0 * pixels / 2
    weights = list(painter.parameters())
    wanted = list(torch.autograd.grad(generator, weights, retain_graph=True))
    again = plain_judge(judge, torch.cat([condition, first.detach(), second.detach()], 1))
    discriminator = 0.5 * ((again[-1] ** 2).mean() + ((real[-1] - 1) ** 2).mean())
    wanted += torch.autograd.grad(discriminator, list(judge.parameters()))
    assert len(ours) == len(wanted)
    for mine, theirs in zip(ours, wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-7, atol=1e-10)


def doubled(batch: PairBatch) -> PairBatch:
    names = ("label", "label_before", "real", "real_before", "behind", "behind_before")
    return replace(batch, **{name: getattr(batch, name).double() for name in names})


def convolutions(module: nn.Module) -> list[nn.Module]:
    return [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]


def plain_paint(painter: nn.Module, label: Tensor, before: Tensor, background: Tensor) -> Tensor:
    entry, down1, down2, block1, block2, up1, up2, last = convolutions(painter)

    def conv(x: Tensor, layer: nn.Module, pad: int = 0, **options: int) -> Tensor:
        x = functional.pad(x, (pad,) * 4, mode="reflect") if pad else x
        return functional.conv2d(x, layer.weight, layer.bias, **options)  # type: ignore[arg-type]

    def norm(x: Tensor) -> Tensor:
        variance = x.var(dim=(2, 3), keepdim=True, unbiased=False)
        return (x - x.mean(dim=(2, 3), keepdim=True)) / (variance + 1e-5).sqrt()

    def grow(x: Tensor, layer: nn.Module) -> Tensor:
        return functional.conv_transpose2d(
            x,
            layer.weight,
            layer.bias,
            stride=2,
            padding=1,
            output_padding=1,  # type: ignore[arg-type]
        )

    x = norm(conv(torch.cat([label, before], 1), entry, 3)).relu()
    x = norm(conv(x, down1, stride=2, padding=1)).relu()
    x = norm(conv(x, down2, stride=2, padding=1)).relu()
    x = x + norm(conv(norm(conv(x, block1, 1)).relu(), block2, 1))
    x = norm(grow(x, up1)).relu()
    x = norm(grow(x, up2)).relu()
    out = conv(x, last, 3)
    share = 1 / (1 + (-out[:, 3:]).exp())
    return share * out[:, :3].tanh() + (1 - share) * background


def plain_judge(judge: nn.Module, x: Tensor) -> list[Tensor]:
    outputs = []
    layers = convolutions(judge)
    for place, layer in enumerate(layers):
        stride = 2 if place < 3 else 1
        x = functional.conv2d(x, layer.weight, layer.bias, stride, 2)  # type: ignore[arg-type]
        if 0 < place < len(layers) - 1:
            x = functional.instance_norm(x)
        if place < len(layers) - 1:
            x = functional.leaky_relu(x, 0.2)
        outputs.append(x)
    return outputs


def test_a_face_that_is_not_changed_changes_nothing() -> None:
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    corners = [(3, 5), (40, 44)]
    patch = patches(pictures, corners, 16, 32)
    torch.testing.assert_close(put_back(pictures, patch, patch, corners, 16), pictures)
    lighter = put_back(pictures, patch + 0.5, patch, corners, 16)
    changed = np.argwhere((lighter != pictures).any(dim=1).numpy())
    for place, (left, top) in enumerate(corners):
        spots = changed[changed[:, 0] == place][:, 1:]
        assert spots.min(axis=0).tolist() >= [top, left]
        assert spots.max(axis=0).tolist() <= [top + 15, left + 15]
