"""What a frame of 512 x 512 costs, summed by hand, and where the paper's figure comes from."""

import pytest
import torch

from danceit.render.person.networks import GlobalGenerator, flops

SIDE = 512


def by_hand(inputs: int, n_blocks: int, *, additions_less: int) -> int:
    """Operations of the published global generator.

    A sum of n products is n multiplications and n - 1 additions; `additions_less` is 1
    where that one addition is taken off, and 0 where two are counted for each product.
    """
    total = 0

    def layer(before: int, after: int, kernel: int, products_at: int, outputs_at: int) -> None:
        nonlocal total
        total += 2 * before * after * kernel**2 * products_at - additions_less * after * outputs_at

    layer(inputs, 64, 7, SIDE**2, SIDE**2)
    side, width = SIDE, 64
    for _ in range(4):
        side //= 2
        layer(width, 2 * width, 3, side**2, side**2)
        width *= 2
    for _ in range(2 * n_blocks):
        layer(width, width, 3, side**2, side**2)
    for _ in range(4):
        layer(width, width // 2, 3, side**2, (2 * side) ** 2)
        side, width = 2 * side, width // 2
    layer(width, 3, 7, SIDE**2, SIDE**2)
    return total


@pytest.mark.parametrize(("inputs", "n_blocks"), [(3, 9), (6, 9), (36, 6)])
def test_counts_agree_with_a_sum_by_hand(inputs: int, n_blocks: int) -> None:
    with torch.device("meta"):
        network = GlobalGenerator(inputs, 3, n_blocks=n_blocks)
    counted = flops(network, (1, inputs, SIDE, SIDE))
    assert counted == by_hand(inputs, n_blocks, additions_less=0)


def test_the_papers_figure_is_six_blocks_over_the_heat_maps_of_two_frames() -> None:
    """DanceIt states 373.28 GFLOPs and not the network they are of.

    Of the global generators in the authors' code this one agrees to the last digit: heat
    maps of 18 joints in two frames go in, and there are 6 residual blocks instead of 9.
    """
    assert round(by_hand(2 * 18, 6, additions_less=1) / 1e9, 2) == 373.28
    assert round(by_hand(3, 9, additions_less=1) / 1e9, 2) == 434.98
