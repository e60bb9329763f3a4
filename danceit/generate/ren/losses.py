"""What generator and judges are trained by (eq. 1 and 4-7), part by part.

Verdicts become probabilities before their logarithm is taken, as in the release: where a judge
is sure, its gradient to the generator vanishes and the other parts lead. (From logits it would
not; the local judge, which soon is sure, then drags poses off those that were danced.)
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from danceit.generate.ren.judges import GlobalJudge, LocalJudge, PoseReader
from danceit.generate.ren.st_gcn import BLOCKS, StGcn
from danceit.generate.sets import set_distance

PERCEPTUAL = (20.0, 5.0, *(1.0,) * (len(BLOCKS) - 2))
"""λ_l of the ten blocks: the paper prints eight, the release has ten."""
STAGES = ("l1", "global", "local", "perceptual")
"""Table 1's ablations; each adds to the one before."""


@dataclass(frozen=True)
class RenWeights:
    """w_L1, w_FM, w_P and w_GP of eq. 4 and 7."""

    l1: float = 200.0
    matching: float = 1.0
    perceptual: float = 1.0
    penalty: float = 1.0


def perceptual_loss(graph: StGcn, made: Tensor, real: Tensor) -> Tensor:
    """Eq. 1: features of poses made up against those danced, block by block."""
    with torch.no_grad():
        wanted = graph.maps(real)
    found = graph.maps(made)
    parts = [
        weight * (a.float() - b.float()).abs().mean()
        for weight, a, b in zip(PERCEPTUAL, found, wanted, strict=True)
    ]
    return torch.stack(parts).sum()


def matching_loss(reader: PoseReader, made: Tensor, real: Tensor) -> Tensor:
    """Eq. 6: what the global judge's layers see of both."""
    with torch.no_grad():
        wanted = reader.maps(real)
    found = reader.maps(made)
    parts = [(a.float() - b.float()).abs().mean() for a, b in zip(found, wanted, strict=True)]
    return torch.stack(parts).sum()


def is_real(verdict: Tensor) -> Tensor:
    """Loss of a judge that should have taken it for real."""
    return _told(verdict, 1.0)


def is_made(verdict: Tensor) -> Tensor:
    """Loss of a judge that should have seen that it was made up."""
    return _told(verdict, 0.0)


def _told(verdict: Tensor, truth: float) -> Tensor:
    # In bfloat16 a sure judge's probability would be 1 long before its gradient vanishes.
    with torch.autocast(verdict.device.type, enabled=False):
        belief = verdict.float().sigmoid()
        return binary_cross_entropy(belief, torch.full_like(belief, truth))


def dance_distance(graph: StGcn, made: Tensor, real: Tensor) -> Tensor:
    """How far pieces made up are, as a set, from those danced; see `danceit.generate.sets`.

    Each piece is seen by the graph network's features and by how far each coordinate moves in
    a frame.
    """
    return set_distance(_seen(graph, made), _seen(graph, real))


def _seen(graph: StGcn, poses: Tensor) -> Tensor:
    steps = (poses[:, 1:] - poses[:, :-1]).abs().mean(dim=1)
    return torch.cat([graph.features(poses).float(), steps.log1p()], dim=1)


def local_loss(judge: LocalJudge, made: Tensor, real: Tensor) -> Tensor:
    """Eq. 4 as the local judge sees it; halved, as in the release."""
    return (is_real(judge(real)) + is_made(judge(made))) / 2


def global_loss(
    judge: GlobalJudge, made: Tensor, real: Tensor, sound: Tensor, penalty: float
) -> Tensor:
    """Eq. 4 as the global judge sees it, with the gradient penalty between both.

    The gradient is that to the poses, as in the release, of the probability D and not of its
    logit; the one to 80 000 samples of sound, which eq. 4 names too, is left out.
    """
    heard = judge.heard(sound)
    loss = (is_real(judge(real, heard)) + is_made(judge(made, heard))) / 2
    share = torch.rand(len(real), 1, 1, device=real.device)
    between = (share * real + (1 - share) * made).detach().requires_grad_(True)
    belief = judge(between, heard.detach()).float().sigmoid()
    (gradient,) = torch.autograd.grad(belief.sum(), between, create_graph=True)
    steep: Tensor = (gradient.flatten(1).norm(dim=1) - 1).square().mean()
    return loss + penalty * steep
