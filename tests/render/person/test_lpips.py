"""LPIPS against its formula, written out for every place and layer."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from danceit.errors import InputError
from danceit.render.person.lpips import Lpips
from tests.render.person.alexnet import alexnet, channel_weights, write_weights


@pytest.fixture(params=[".pth", ".safetensors"])
def files(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    return write_weights(tmp_path, request.param)


def test_the_distance_is_that_of_the_formula(files: str) -> None:
    alex, channels = alexnet(), channel_weights()
    generator = torch.Generator().manual_seed(2)
    pictures = torch.rand(2, 3, 64, 64, generator=generator) * 2 - 1
    wanted = 0.0
    x = (pictures.double() - torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)) / (
        torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    )
    taps = iter(channels)
    with torch.no_grad():
        for layer in alex:
            x = layer.double()(x)
            if not isinstance(layer, nn.ReLU):
                continue
            ours, theirs = (functional.normalize(each, dim=0).numpy() for each in x)
            weight = next(taps).numpy().reshape(-1)
            wanted += np.einsum("c,chw->hw", weight, (ours - theirs) ** 2).mean()
        found = Lpips.load(files)(pictures[:1], pictures[1:])
    assert float(found[0]) == pytest.approx(wanted, rel=1e-4)


def test_a_picture_is_at_no_distance_from_itself(files: str) -> None:
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    assert float(Lpips.load(files)(picture, picture)[0]) == 0


def test_other_files_are_refused_by_name(files: str, tmp_path: Path) -> None:
    first, second = files.split(",")
    with pytest.raises(InputError, match="takes two files"):
        Lpips.load(first)
    with pytest.raises(InputError, match="do not hold AlexNet's"):
        Lpips.load(f"{second},{first}")
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"cannot be read from .*broken"):
        Lpips.load(f"{first},{broken}")
