"""The networks of pix2pixHD (Wang et al., CVPR 2018) and of FaceGAN, as published.

Layers, paddings and widths follow the authors' code, so that parameter counts agree. The
one addition is optional: with a `matte` the generator has a fourth output, how far each
pixel is the person's, and the rest is the target's own clean background (as in vid2vid,
Wang et al., NeurIPS 2018).
"""

import copy
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


def _norm(channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels, affine=False)


class ResnetBlock(nn.Module):
    """Two 3x3 convolutions and the way around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            _norm(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            _norm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add what the convolutions find to the input."""
        return x + cast(Tensor, self.body(x))


def _down(channels: int) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1)
    return [convolution, _norm(2 * channels), nn.ReLU(inplace=True)]


def _up(channels: int) -> list[nn.Module]:
    half = channels // 2
    convolution = nn.ConvTranspose2d(channels, half, 3, stride=2, padding=1, output_padding=1)
    return [convolution, _norm(half), nn.ReLU(inplace=True)]


def _entry(channels: int, width: int) -> list[nn.Module]:
    return [
        nn.ReflectionPad2d(3),
        nn.Conv2d(channels, width, 7),
        _norm(width),
        nn.ReLU(inplace=True),
    ]


def _exit(width: int, channels: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7)]


class GlobalGenerator(nn.Module):
    """pix2pixHD's global generator; its outputs are not yet squashed (`Painter` does that).

    Parameters
    ----------
    in_channels, out_channels : int
    ngf : int
        Channels after the first layer; 64 as published.
    n_downsample, n_blocks : int
        4 and 9 as published.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        ngf: int = 64,
        n_downsample: int = 4,
        n_blocks: int = 9,
    ) -> None:
        super().__init__()
        layers = _entry(in_channels, ngf)
        for step in range(n_downsample):
            layers += _down(ngf * 2**step)
        layers += [ResnetBlock(ngf * 2**n_downsample) for _ in range(n_blocks)]
        for step in range(n_downsample, 0, -1):
            layers += _up(ngf * 2**step)
        self.features = nn.Sequential(*layers)
        self.exit = nn.Sequential(*_exit(ngf, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, S, S) to (B, out, S, S)."""
        return cast(Tensor, self.exit(self.features(x)))


class LocalEnhancer(nn.Module):
    """pix2pixHD's local enhancer around a global generator at half the size.

    Parameters
    ----------
    ngf : int
        Channels of the enhancer; the global generator has twice as many.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        ngf: int = 32,
        n_downsample: int = 4,
        n_blocks: int = 9,
        n_local_blocks: int = 3,
    ) -> None:
        super().__init__()
        inner = GlobalGenerator(in_channels, out_channels, 2 * ngf, n_downsample, n_blocks)
        self.inner = inner.features
        self.shrink = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.down = nn.Sequential(*_entry(in_channels, ngf), *_down(ngf))
        blocks = [ResnetBlock(2 * ngf) for _ in range(n_local_blocks)]
        self.up = nn.Sequential(*blocks, *_up(2 * ngf))
        self.exit = nn.Sequential(*_exit(ngf, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, S, S) to (B, out, S, S)."""
        coarse = self.inner(self.shrink(x))
        return cast(Tensor, self.exit(self.up(self.down(x) + coarse)))


class Painter(nn.Module):
    """A generator whose outputs become a picture.

    Parameters
    ----------
    generator : nn.Module
        With three outputs, or four with a matte.
    matte : bool
        Whether what is behind stands where the generator says so.
    guided : bool
        Whether the generator sees what is behind.
    reach : float
        How far from the limbs the matte may paint, as a share of the picture; 0: everywhere.
    """

    def __init__(
        self, generator: nn.Module, *, matte: bool, guided: bool = False, reach: float = 0.0
    ) -> None:
        super().__init__()
        self.generator = generator
        self.matte = matte
        self.guided = guided
        self.reach = reach

    def forward(self, label: Tensor, before: Tensor, behind: Tensor) -> Tensor:
        """Paint (B, 3, S, S).

        Parameters
        ----------
        label : Tensor (B, L, S, S)
        before : Tensor (B, 3, S, S)
            The picture painted for the frame before; zeros for the first.
        behind : Tensor (B, 3, S, S)
            The clean background or, guided, the nearest frame (`danceit.render.person.guide`).
        """
        seen = [label, before, behind] if self.guided else [label, before]
        out = cast(Tensor, self.generator(torch.cat(seen, dim=1)))
        picture = torch.tanh(out[:, :3])
        if not self.matte:
            return picture
        share = torch.sigmoid(out[:, 3:])
        if self.reach:
            share = share * around_limbs(label, self.reach)
        return share * picture + (1 - share) * behind


def around_limbs(label: Tensor, reach: float) -> Tensor:
    """Map (B, 1, S, S), 1 within `reach` of a label's coloured limbs and falling to 0 beyond.

    Parameters
    ----------
    label : Tensor (B, L, S, S)
        From -1 to 1; black is -1 and no limb is black.
    reach : float
        Share of the picture's side.
    """
    pixels = max(1, round(reach * label.shape[-1]))
    fade = max(1, pixels // 3)
    drawn = (label[:, :3].amax(dim=1, keepdim=True) > -0.9).to(label.dtype)
    near = functional.max_pool2d(drawn, 2 * pixels + 1, 1, pixels)
    return functional.avg_pool2d(near, 2 * fade + 1, 1, fade, count_include_pad=False)


class PatchDiscriminator(nn.Module):
    """pix2pixHD's PatchGAN of 70 pixels; returns the outputs of all its layers."""

    def __init__(self, in_channels: int, ndf: int = 64, n_layers: int = 3) -> None:
        super().__init__()
        width = ndf
        stages: list[nn.Module] = [
            nn.Sequential(nn.Conv2d(in_channels, ndf, 4, 2, 2), nn.LeakyReLU(0.2, True))
        ]
        for layer in range(1, n_layers + 1):
            before, width = width, min(2 * width, 512)
            stride = 2 if layer < n_layers else 1
            stages.append(
                nn.Sequential(
                    nn.Conv2d(before, width, 4, stride, 2), _norm(width), nn.LeakyReLU(0.2, True)
                )
            )
        stages.append(nn.Conv2d(width, 1, 4, 1, 2))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Outputs of each layer; the last is the judgement (B, 1, h, w)."""
        outputs = []
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        return outputs


class MultiscaleDiscriminator(nn.Module):
    """PatchGANs that see the picture at 1, 1/2 and 1/4 of its size."""

    def __init__(
        self, in_channels: int, ndf: int = 64, n_layers: int = 3, n_scales: int = 3
    ) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            PatchDiscriminator(in_channels, ndf, n_layers) for _ in range(n_scales)
        )
        self.shrink = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        """Outputs of each layer of each scale."""
        outputs = []
        for place, scale in enumerate(self.scales):
            x = x if place == 0 else self.shrink(x)
            outputs.append(scale(x))
        return outputs


class FaceGenerator(nn.Module):
    """FaceGAN's generator: what must be added to a face patch (Everybody Dance Now)."""

    def __init__(self, label_channels: int, ngf: int, n_downsample: int, n_blocks: int) -> None:
        super().__init__()
        self.generator = GlobalGenerator(label_channels + 3, 3, ngf, n_downsample, n_blocks)

    def forward(self, label: Tensor, patch: Tensor) -> Tensor:
        """Return the patch (B, 3, P, P) with the residual added, within -1 and 1."""
        residual = torch.tanh(self.generator(torch.cat([label, patch], dim=1)))
        return (patch + residual).clamp(-1, 1)


def start_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Draw weights as pix2pixHD does: normal with standard deviation 0.02, biases at 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            with torch.no_grad():
                layer.weight.normal_(0.0, 0.02, generator=generator)
                if layer.bias is not None:
                    layer.bias.zero_()


def n_parameters(module: nn.Module) -> int:
    """Trainable numbers in a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def flops(module: nn.Module, *shapes: Sequence[int]) -> int:
    """Floating-point operations of one forward pass: two for each multiplication.

    Counts convolutions, which are all but a hundredth; nothing is computed.
    """
    total = 0

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        kernel = layer.kernel_size[0] * layer.kernel_size[1]
        pairs = kernel * layer.in_channels * layer.out_channels // layer.groups
        places = output.shape[0] * output.shape[2] * output.shape[3]
        if isinstance(layer, nn.ConvTranspose2d):
            places //= layer.stride[0] * layer.stride[1]
        total += 2 * pairs * places

    module = copy.deepcopy(module).to("meta")
    hooks = [
        layer.register_forward_hook(count)
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    with torch.no_grad():
        module(*(torch.empty(*shape, device="meta") for shape in shapes))
    for hook in hooks:
        hook.remove()
    return total
