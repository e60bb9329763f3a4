"""One step of training down a loss, the same in every lesson."""

from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer


def descend(optimiser: Optimizer, loss: Tensor, *, longest: float | None = None) -> None:
    """Let an optimiser take one step down a loss.

    `longest` is the norm to which the gradient of all that it optimises is shortened.
    """
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if longest is not None:
        clip_grad_norm_([w for group in optimiser.param_groups for w in group["params"]], longest)
    optimiser.step()
