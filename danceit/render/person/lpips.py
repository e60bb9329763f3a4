"""LPIPS, the learned perceptual distance of pictures (Zhang et al., CVPR 2018), version 0.1.

AlexNet's features of both pictures, each place's vector brought to length 1, are subtracted,
squared, weighted by channel and averaged over places; the five layers are added up. Weights
are the user's to give: AlexNet's as torchvision publishes them (``alexnet-owt-7be5be79.pth``)
and the channels' as the LPIPS authors do (``weights/v0.1/alex.pth``).
"""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from danceit.errors import InputError

_ALEX = {0: (3, 64, 11, 4, 2), 3: (64, 192, 5, 1, 2), 6: (192, 384, 3, 1, 1),
         8: (384, 256, 3, 1, 1), 10: (256, 256, 3, 1, 1)}  # fmt: skip
"""Torchvision's number of each convolution: channels in and out, kernel, stride, padding."""
_POOLED = (3, 6)
"""Convolutions with a pooling before them."""
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_EPSILON = 1e-10


class Lpips(nn.Module):
    """Distance of pictures (B, 3, S, S) from -1 to 1; 0 is the same, lower is better."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, kernel, stride, padding)
            for inputs, outputs, kernel, stride, padding in _ALEX.values()
        )
        self.weights = nn.ParameterList(
            nn.Parameter(torch.zeros(1, outputs, 1, 1)) for _, outputs, *_ in _ALEX.values()
        )
        self.register_buffer("shift", torch.tensor(_SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).view(1, 3, 1, 1))
        self.requires_grad_(False)

    @classmethod
    def load(cls, files: str) -> "Lpips":
        """Read both sets of weights.

        Parameters
        ----------
        files : str
            AlexNet's file and the channels' file with a comma between them, each safetensors
            or torch's own (read without running anything it holds).

        Raises
        ------
        InputError
            If a file cannot be read or holds something else.
        """
        names = [name.strip() for name in files.split(",")]
        if len(names) != 2:
            raise InputError(
                f"LPIPS takes two files, AlexNet's and the channels' weights (a.pth,b.pth); "
                f"got '{files}'"
            )
        alex, channels = (_read(Path(name)) for name in names)
        lpips = cls()
        try:
            for place, (number, layer) in enumerate(zip(_ALEX, lpips.layers, strict=True)):
                layer.load_state_dict(
                    {part: alex[f"features.{number}.{part}"] for part in ("weight", "bias")}
                )
                lpips.weights[place].copy_(channels[f"lin{place}.model.1.weight"])
        except (KeyError, RuntimeError) as exc:
            reason = str(exc).splitlines()[0]
            raise InputError(
                f"{files} do not hold AlexNet's and LPIPS's weights: {reason}"
            ) from exc
        return lpips

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Distance (B,) of each pair."""
        distance = torch.zeros(len(first), device=first.device)
        ours, theirs = (
            (x - cast(Tensor, self.shift)) / cast(Tensor, self.scale) for x in (first, second)
        )
        for number, layer, weight in zip(_ALEX, self.layers, self.weights, strict=True):
            if number in _POOLED:
                ours, theirs = (functional.max_pool2d(x, 3, 2) for x in (ours, theirs))
            ours, theirs = layer(ours).relu(), layer(theirs).relu()
            apart = (_unit(ours) - _unit(theirs)) ** 2
            distance = distance + (weight * apart).sum(dim=1).mean(dim=(1, 2))
        return distance


def _unit(features: Tensor) -> Tensor:
    return features / (features.pow(2).sum(dim=1, keepdim=True).sqrt() + _EPSILON)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(str(path))
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as exc:
        reason = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise InputError(f"LPIPS's weights cannot be read from {path}: {reason}") from exc
