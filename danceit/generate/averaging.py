"""A moving average of a network's weights, taken while it is trained against a judge.

Against a judge weights circle about what they look for; their average lies nearer to it than any
of them (Yazici et al., The unusual effectiveness of averaging in GAN training, ICLR 2019).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """Begin an average at a network's weights; statistics of BatchNorm are averaged with them.

    After n steps the decay is ``min(decay, (1 + n) / (10 + n))``: an average over the last tenth
    of a short training and, once it is long, over 1 / (1 - decay) steps.
    """
    return AveragedModel(network, multi_avg_fn=_towards(decay), use_buffers=True)


def _towards(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    @torch.no_grad()
    def move(kept: Sequence[Tensor], now: Sequence[Tensor], n_steps: Tensor | int) -> None:
        step = 1 - min(decay, (1 + int(n_steps)) / (10 + int(n_steps)))
        for average, weights in zip(kept, now, strict=True):
            if average.is_floating_point():
                average.lerp_(weights, step)
            else:
                average.copy_(weights)

    return move
