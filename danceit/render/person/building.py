"""From a configuration to networks, and from a trained person's folder to a painter."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from danceit.checkpoints import read_tensors, write_tensors
from danceit.errors import InputError
from danceit.render.person.configuration import PersonConfig
from danceit.render.person.labels import n_channels
from danceit.render.person.networks import (
    FaceGenerator,
    GlobalGenerator,
    LocalEnhancer,
    MultiscaleDiscriminator,
    Painter,
    start_weights,
)

PAINTER = "painter.safetensors"
M = TypeVar("M", bound=nn.Module)


def make_painter(config: PersonConfig) -> Painter:
    """Generator of poseGAN with untrained weights."""
    in_channels = n_channels(config.heat_maps) + (6 if config.guided else 3)
    out_channels = 4 if config.matte else 3
    generator: nn.Module
    if config.enhanced:
        generator = LocalEnhancer(
            in_channels, out_channels, config.ngf // 2, config.n_downsample, config.n_blocks
        )
    else:
        generator = GlobalGenerator(
            in_channels, out_channels, config.ngf, config.n_downsample, config.n_blocks
        )
    return Painter(generator, matte=config.matte, guided=config.guided, reach=config.reach)


def make_face(config: PersonConfig) -> FaceGenerator:
    """FaceGAN's generator with untrained weights."""
    return FaceGenerator(
        n_channels(config.heat_maps), config.face_ngf, config.face_downsample, config.face_blocks
    )


def make_judge(config: PersonConfig) -> MultiscaleDiscriminator:
    """Discriminators of poseGAN: labels and pictures, of two frames where temporal."""
    frames = 2 if config.temporal else 1
    channels = frames * (n_channels(config.heat_maps) + 3)
    return MultiscaleDiscriminator(channels, config.ndf, n_scales=config.n_scales)


def make_face_judge(config: PersonConfig) -> MultiscaleDiscriminator:
    """FaceGAN's discriminator: one scale, for the patch is small."""
    return MultiscaleDiscriminator(n_channels(config.heat_maps) + 3, config.ndf, n_scales=1)


def started(module: M, config: PersonConfig, stream: int) -> M:
    """Draw a module's weights from the configuration's seed; `stream` tells modules apart."""
    start_weights(module, torch.Generator().manual_seed(1000 * config.seed + stream))
    return module


@dataclass(frozen=True)
class Trained:
    """A trained person's networks, ready to paint.

    Attributes
    ----------
    face : FaceGenerator or None
        None where FaceGAN was not trained.
    """

    config: PersonConfig
    painter: Painter
    face: FaceGenerator | None
    step: int


def save_trained(
    folder: Path,
    config: PersonConfig,
    painter: dict[str, Tensor],
    face: dict[str, Tensor] | None,
    step: int,
) -> None:
    """Write the averaged weights of a person as one safetensors file."""
    tensors = {f"painter.{name}": tensor for name, tensor in painter.items()}
    tensors |= {f"face.{name}": tensor for name, tensor in (face or {}).items()}
    note = {"config": config.as_dict(), "step": step, "face": face is not None}
    write_tensors(folder / PAINTER, tensors, note)


def load_trained(folder: Path, device: str = "cpu") -> Trained:
    """Read a trained person's networks.

    Raises
    ------
    InputError
        If the person is not trained yet, or the file is damaged or of a newer danceit.
    """
    path = Path(folder) / PAINTER
    if not path.is_file():
        raise InputError(f"{folder} is not trained: run `danceit person train {folder}`")
    tensors, note = read_tensors(path)
    try:
        config = PersonConfig.stored(dict(note["config"]))
        painter = make_painter(config)
        painter.load_state_dict(_part(tensors, "painter."))
        face = make_face(config) if note["face"] else None
        if face is not None:
            face.load_state_dict(_part(tensors, "face."))
        step = int(note["step"])
    except (KeyError, TypeError, ValueError, RuntimeError) as exc:
        raise InputError(f"{path} is damaged: {str(exc).splitlines()[0]}; train again") from exc
    for module in (painter, face):
        if module is not None:
            channels_last(module.to(device)).eval().requires_grad_(False)
    return Trained(config, painter, face, step)


def channels_last(module: M) -> M:
    """Lay the weights of a module out as convolutions on cards and processors like them."""
    return cast(M, cast(Any, module).to(memory_format=torch.channels_last))


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
