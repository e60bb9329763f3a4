"""What poseGAN and FaceGAN are trained to make small."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from danceit.errors import InputError

HUB_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"

Judged = Sequence[Sequence[Tensor]]
"""Outputs of each layer of each scale of a `MultiscaleDiscriminator`."""


def adversarial(judged: Judged, target: float) -> Tensor:
    """Least-squares loss (Mao et al., ICCV 2017), summed over the scales.

    Parameters
    ----------
    target : float
        1 for what should pass as real, 0 for what should not.
    """
    return torch.stack([((scale[-1] - target) ** 2).mean() for scale in judged]).sum()


def feature_matching(fake: Judged, real: Judged) -> Tensor:
    """Mean absolute difference of the discriminators' inner layers, as pix2pixHD weighs them.

    Each layer counts 4 / layers, each scale 1 / scales; the judgement itself does not count.
    """
    parts = []
    for fake_scale, real_scale in zip(fake, real, strict=True):
        weight = 4.0 / (len(fake_scale) - 1) / len(fake)
        for ours, theirs in zip(fake_scale[:-1], real_scale[:-1], strict=True):
            parts.append(weight * (ours - theirs.detach()).abs().mean())
    return torch.stack(parts).sum()


_VGG19 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
"""Convolutions up to relu5_1; 0 stands for pooling."""
_TAPS = (1, 6, 11, 20, 29)
"""relu1_1 to relu5_1 in torchvision's numbering of VGG-19's features."""
_TAP_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


class Perceptual(nn.Module):
    """Difference of two pictures in the features of VGG-19 (Johnson et al., ECCV 2016)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in _VGG19:
            if width == 0:
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=False)]
                channels = width
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.requires_grad_(False)

    @classmethod
    def load(cls, weights: str) -> "Perceptual":
        """Read VGG-19's weights.

        Parameters
        ----------
        weights : str
            A safetensors file with torchvision's names, or ``hub`` to fetch torchvision's
            own through torch hub (which keeps them in its cache).

        Raises
        ------
        InputError
            If they cannot be read or fetched, or are not VGG-19's.
        """
        try:
            if weights == "hub":
                state = torch.hub.load_state_dict_from_url(
                    HUB_URL, map_location="cpu", weights_only=True, progress=False, check_hash=True
                )
            else:
                from safetensors.torch import load_file

                state = load_file(str(Path(weights)))
        except Exception as exc:
            raise InputError(f"VGG-19's weights cannot be had from {weights}: {exc}") from exc
        loss = cls()
        wanted = loss.features.state_dict()
        try:
            chosen = {name: state[f"features.{name}"] for name in wanted}
            loss.features.load_state_dict(chosen)
        except (KeyError, RuntimeError) as exc:
            raise InputError(f"{weights} does not hold VGG-19's features: {exc}") from exc
        return loss

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """Weighted mean absolute difference of five layers; pictures from -1 to 1."""
        mean, std = cast(Tensor, self.mean), cast(Tensor, self.std)
        ours, theirs = ((x * 0.5 + 0.5 - mean) / std for x in (fake, real))
        parts = []
        weights = iter(_TAP_WEIGHTS)
        for place, layer in enumerate(self.features):
            ours, theirs = layer(ours), layer(theirs)
            if place in _TAPS:
                parts.append(next(weights) * (ours - theirs.detach()).abs().mean())
        return torch.stack(parts).sum()
