"""Counts are those of the authors' code (NVIDIA/pix2pixHD), summed here layer by layer."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from danceit.render.person.building import make_face, make_judge, make_painter
from danceit.render.person.configuration import QUALITIES
from danceit.render.person.networks import (
    GlobalGenerator,
    LocalEnhancer,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    flops,
    n_parameters,
)


def conv(inputs: int, outputs: int, kernel: int) -> int:
    return inputs * outputs * kernel**2 + outputs


def global_features(inputs: int, ngf: int = 64) -> int:
    widths = [ngf, 2 * ngf, 4 * ngf, 8 * ngf, 16 * ngf]
    total = conv(inputs, ngf, 7) + 9 * 2 * conv(widths[-1], widths[-1], 3)
    for narrow, wide in pairwise(widths):
        total += conv(narrow, wide, 3) + conv(wide, narrow, 3)
    return total


def test_the_global_generator_has_the_published_size() -> None:
    with torch.device("meta"):
        generator = GlobalGenerator(3, 3)
    assert n_parameters(generator) == global_features(3) + conv(64, 3, 7)
    # "G: 182.4 M" is what the authors' code prints for RGB to RGB.
    assert n_parameters(generator) == 182_443_267


def test_the_local_enhancer_has_the_published_size() -> None:
    wanted = (
        global_features(3)  # the global generator without its last layers
        + conv(3, 32, 7) + conv(32, 64, 3) + 3 * 2 * conv(64, 64, 3) + conv(64, 32, 3)
        + conv(32, 3, 7)
    )  # fmt: skip
    with torch.device("meta"):
        assert n_parameters(LocalEnhancer(3, 3)) == wanted


def test_the_discriminators_have_the_published_size() -> None:
    one = (
        conv(6, 64, 4) + conv(64, 128, 4) + conv(128, 256, 4) + conv(256, 512, 4) + conv(512, 1, 4)
    )
    assert n_parameters(PatchDiscriminator(6)) == one == 2_767_809
    assert n_parameters(MultiscaleDiscriminator(6)) == 3 * one


def test_no_normalisation_learns_anything() -> None:
    for module in GlobalGenerator(3, 3, ngf=8).modules():
        if isinstance(module, nn.InstanceNorm2d):
            assert module.weight is None
            assert not module.track_running_stats


def test_work_of_a_512_frame() -> None:
    # Multiplications: entry and exit at 512, four steps down and up of equal cost, blocks at 32.
    entry = 3 * 64 * 49 * 512**2
    step = 64 * 128 * 9 * 256**2
    block = 2 * 1024 * 1024 * 9 * 32**2
    with torch.device("meta"):
        generator = GlobalGenerator(3, 3)
    counted = flops(generator, (1, 3, 512, 512))
    assert counted == 2 * (2 * entry + 8 * step + 9 * block)
    # DanceIt states 373.28 GFLOPs for a frame of 512 x 512; the published network needs more.
    assert counted / 1e9 == pytest.approx(435.0, abs=0.5)


@pytest.mark.parametrize("generator", [GlobalGenerator, LocalEnhancer])
def test_pictures_keep_their_size(generator: type[nn.Module]) -> None:
    network = generator(5, 3, ngf=8, n_downsample=2, n_blocks=1)
    assert network(torch.zeros(2, 5, 64, 64)).shape == (2, 3, 64, 64)


def test_a_patch_is_judged_by_70_pixels() -> None:
    judge = PatchDiscriminator(3, ndf=8).eval()
    # Without normalisation, which looks at the whole picture, only 70 pixels reach a judgement.
    for stage in judge.stages[:-1]:
        assert isinstance(stage, nn.Sequential)
        for place, layer in enumerate(stage):
            if isinstance(layer, nn.InstanceNorm2d):
                stage[place] = nn.Identity()
    picture = torch.randn(1, 3, 160, 160, requires_grad=True)
    judged = judge(picture)[-1]
    judged[0, 0, judged.shape[2] // 2, judged.shape[3] // 2].backward()
    assert picture.grad is not None
    rows = picture.grad.abs().sum(dim=(0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 70


def test_judges_see_three_scales() -> None:
    outputs = MultiscaleDiscriminator(3, ndf=8)(torch.zeros(1, 3, 128, 128))
    assert [len(scale) for scale in outputs] == [5, 5, 5]
    assert [scale[-1].shape[-1] for scale in outputs] == [19, 11, 7]


def test_the_matte_shows_the_background_where_nobody_is() -> None:
    painter = make_painter(replace(QUALITIES["draft"], guided=False))
    exit_ = painter.generator.exit[-1]  # type: ignore[union-attr, index]
    assert isinstance(exit_, nn.Conv2d)
    with torch.no_grad():
        exit_.weight.zero_()
        exit_.bias[3] = -50.0  # type: ignore[index]
    background = torch.rand(1, 3, 128, 128)
    label, before = torch.zeros(2, 3, 128, 128), torch.zeros(2, 3, 128, 128)
    torch.testing.assert_close(painter(label, before, background), background.expand(2, -1, -1, -1))


def test_the_paper_quality_is_the_published_network() -> None:
    config = QUALITIES["paper"]
    assert config.enhanced
    # Label and the frame before go in; colours and the matte come out.
    inputs = 3 + 3
    enhancer = (
        conv(inputs, 32, 7) + conv(32, 64, 3) + 3 * 2 * conv(64, 64, 3) + conv(64, 32, 3)
        + conv(32, 4, 7)
    )  # fmt: skip
    with torch.device("meta"):
        assert n_parameters(make_painter(config)) == global_features(inputs) + enhancer
        assert n_parameters(make_judge(config)) == n_parameters(MultiscaleDiscriminator(12))
        assert make_face(config)(torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)).shape == (
            1,
            3,
            64,
            64,
        )
