"""AlexNet and LPIPS weights of our own, stored as the published ones are."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

WIDTHS = (64, 192, 384, 256, 256)


def alexnet() -> nn.Sequential:
    """AlexNet's features in torchvision's order."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2),
    )  # fmt: skip


def channel_weights() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(1, width, 1, 1, generator=generator) for width in WIDTHS]


def write_weights(folder: Path, suffix: str) -> str:
    """Both files, as `Lpips.load` wants them named."""
    alex = {f"features.{name}": tensor for name, tensor in alexnet().state_dict().items()}
    linear = {f"lin{i}.model.1.weight": tensor for i, tensor in enumerate(channel_weights())}
    paths = [folder / f"alex{suffix}", folder / f"linear{suffix}"]
    for path, tensors in zip(paths, (alex, linear), strict=True):
        if suffix == ".pth":
            torch.save(tensors, path)
        else:
            save_file(tensors, str(path))
    return ",".join(map(str, paths))
