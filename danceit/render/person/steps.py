"""One step of poseGAN and one of FaceGAN: what is painted, and the losses.

Both return the generator's and the discriminator's loss apart; neither changes a weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from danceit.render.person.batches import PairBatch
from danceit.render.person.configuration import PersonConfig
from danceit.render.person.losses import Perceptual, adversarial, feature_matching
from danceit.render.person.networks import FaceGenerator, MultiscaleDiscriminator, Painter


@dataclass(frozen=True)
class Losses:
    """Losses of one step.

    Attributes
    ----------
    generator, discriminator : Tensor
        Scalars to be made small.
    parts : dict of str to float
        The generator's, each with its weight, and the discriminator's, for the log.
    """

    generator: Tensor
    discriminator: Tensor
    parts: dict[str, Tensor]


PARTS = ("adversarial", "features", "perceptual", "pixels", "discriminator")


def pose_losses(
    batch: PairBatch,
    painter: Painter,
    judge: MultiscaleDiscriminator,
    config: PersonConfig,
    perceptual: Perceptual | None = None,
) -> Losses:
    """Losses of poseGAN: two frames are painted, the second from the first, and judged as one."""
    nothing = torch.zeros_like(batch.real)
    if config.temporal:
        first = painter(batch.label_before, nothing, batch.behind_before)
        second = painter(batch.label, first, batch.behind)
        painted, shown = [first, second], [batch.real_before, batch.real]
        condition = torch.cat([batch.label_before, batch.label], dim=1)
    else:
        painted, shown = [painter(batch.label, nothing, batch.behind)], [batch.real]
        condition = batch.label
    return _losses(condition, painted, shown, judge, config, perceptual)


def face_losses(
    label: Tensor,
    painted: Tensor,
    real: Tensor,
    face: FaceGenerator,
    judge: MultiscaleDiscriminator,
    config: PersonConfig,
    perceptual: Perceptual | None = None,
) -> Losses:
    """Losses of FaceGAN on patches (B, ..., P, P) cut by `patches`."""
    return _losses(label, [face(label, painted)], [real], judge, config, perceptual)


def _losses(
    condition: Tensor,
    painted: Sequence[Tensor],
    shown: Sequence[Tensor],
    judge: MultiscaleDiscriminator,
    config: PersonConfig,
    perceptual: Perceptual | None,
) -> Losses:
    fake = torch.cat([condition, *painted], dim=1)
    real = torch.cat([condition, *shown], dim=1)
    judged_real = judge(real)
    # Two passes, as published: the generator's through a judge that is not to learn from it.
    discriminator = 0.5 * (adversarial(judge(fake.detach()), 0.0) + adversarial(judged_real, 1.0))
    judge.requires_grad_(False)
    judged_fake = judge(fake)
    judge.requires_grad_(True)
    parts = {
        "adversarial": adversarial(judged_fake, 1.0),
        "features": config.feature_weight * feature_matching(judged_fake, judged_real),
    }
    pairs = list(zip(painted, shown, strict=True))
    if perceptual is not None and config.perceptual_weight:
        distance = torch.stack([perceptual(ours, theirs) for ours, theirs in pairs]).mean()
        parts["perceptual"] = config.perceptual_weight * distance
    if config.pixel_weight:
        distance = torch.stack([(ours - theirs).abs().mean() for ours, theirs in pairs]).mean()
        parts["pixels"] = config.pixel_weight * distance
    generator = torch.stack(list(parts.values())).sum()
    logged = {name: part.detach() for name, part in parts.items()}
    return Losses(generator, discriminator, {**logged, "discriminator": discriminator.detach()})


def patches(pictures: Tensor, corners: Sequence[tuple[int, int]], side: int, size: int) -> Tensor:
    """Face patches (B, C, size, size), enlarged from squares of `side` pixels at `corners`."""
    cut = [
        picture[:, top : top + side, left : left + side]
        for picture, (left, top) in zip(pictures, corners, strict=True)
    ]
    return functional.interpolate(
        torch.stack(cut), size=(size, size), mode="bilinear", align_corners=False
    )


def put_back(
    pictures: Tensor,
    changed: Tensor,
    before: Tensor,
    corners: Sequence[tuple[int, int]],
    side: int,
) -> Tensor:
    """Pictures with FaceGAN's residual, `changed` less `before`, added at the face patches.

    Only the residual is brought back to the picture's resolution, so that where nothing is
    changed nothing is blurred; towards the patch's edge it fades.
    """
    residual = functional.interpolate(
        (changed - before).float(), size=(side, side), mode="bilinear", align_corners=False
    )
    ramp = torch.linspace(-1, 1, side, device=pictures.device).abs()
    window = ((1 - ramp) * 4).clamp(0, 1)
    residual = residual * window[None, :] * window[:, None]
    result = pictures.clone()
    for place, (left, top) in enumerate(corners):
        region = result[place, :, top : top + side, left : left + side]
        region += residual[place].to(region.dtype)
    return result.clamp(-1, 1)
