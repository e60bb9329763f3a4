from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from danceit.errors import InputError
from danceit.render.person.losses import HUB_URL, Perceptual, adversarial, feature_matching


def judged(*last: float) -> list[list[Tensor]]:
    return [[torch.zeros(1, 1, 2, 2), torch.full((1, 1, 3, 3), value)] for value in last]


def test_least_squares_adds_up_the_scales() -> None:
    assert float(adversarial(judged(0.5, 2.0), 1.0)) == pytest.approx(0.25 + 1.0)
    assert float(adversarial(judged(1.0, 1.0), 1.0)) == 0.0


def test_feature_matching_weighs_layers_as_pix2pixhd_does() -> None:
    generator = torch.Generator().manual_seed(0)

    def features() -> list[list[Tensor]]:
        return [[torch.rand(1, 2, 4, 4, generator=generator) for _ in range(5)] for _ in range(3)]

    fake, real = features(), features()
    # pix2pixHD: D_weights = 1 / num_D, feat_weights = 4 / (n_layers_D + 1), for n_layers_D = 3.
    wanted = sum(
        (1 / 3) * (4 / 4) * float((fake[scale][layer] - real[scale][layer]).abs().mean())
        for scale in range(3)
        for layer in range(4)
    )
    assert float(feature_matching(fake, real)) == pytest.approx(wanted, rel=1e-6)
    assert float(feature_matching(real, real)) == 0.0


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights under torchvision's names."""
    generator = torch.Generator().manual_seed(0)
    state = {
        f"features.{name}": torch.randn(tensor.shape, generator=generator) * 0.03
        for name, tensor in Perceptual().features.state_dict().items()
    }
    path = tmp_path_factory.mktemp("vgg") / "vgg19.safetensors"
    save_file(state | {"classifier.0.bias": torch.zeros(3)}, str(path))
    return path


def test_layers_stand_where_torchvision_has_them(vgg: Path) -> None:
    names = set(Perceptual.load(str(vgg)).features.state_dict())
    # torchvision's vgg19: convolutions of its five blocks up to conv5_1.
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
    assert names == {f"{place}.{kind}" for place in places for kind in ("weight", "bias")}


def test_the_perceptual_loss_is_zero_for_the_same_and_falls_on_the_way(vgg: Path) -> None:
    loss = Perceptual.load(str(vgg))
    generator = torch.Generator().manual_seed(1)
    real = torch.rand(1, 3, 32, 32, generator=generator) * 2 - 1
    noise = torch.randn(real.shape, generator=generator)
    assert float(loss(real, real)) == 0.0
    near, far = (float(loss(real + share * noise, real)) for share in (0.1, 0.5))
    assert 0 < near < far
    assert not any(parameter.requires_grad for parameter in loss.parameters())


def test_weights_from_torch_hub_are_asked_for_without_pickle(
    vgg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    asked = {}

    def fetch(url: str, **options: object) -> dict[str, Tensor]:
        asked.update(options, url=url)
        return load_file(str(vgg))

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fetch)
    Perceptual.load("hub")
    assert asked["url"] == HUB_URL
    assert asked["weights_only"] is True
    # By the hash that stands in its name.
    assert asked["check_hash"] is True


def test_weights_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be had from .*gone\.safetensors"):
        Perceptual.load(str(tmp_path / "gone.safetensors"))
    save_file({"features.0.weight": torch.zeros(1)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(InputError, match="does not hold VGG-19's features"):
        Perceptual.load(str(tmp_path / "other.safetensors"))
