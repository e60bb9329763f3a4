"""How far what was made up is, as a set, from what was danced: what songs held out judge by.

One by one a mean does best, for a song can be danced in many ways: judged by error on songs held
out, a training is stopped where it has learnt to stand still. As a set a mean is far off.
"""

import torch
from torch import Tensor

DEAD = 0.1
"""Of the mean deviation: what hardly differs among real ones is measured by this at least."""


def set_distance(seen: Tensor, wanted: Tensor) -> Tensor:
    """Fréchet distance, without covariances, of two sets (S, F) of what is seen; 0 for the same.

    A mean over features, each in the deviations of the set that is wanted.
    """
    deviation = wanted.std(dim=0)
    unit = torch.maximum(deviation, DEAD * deviation.mean())
    middle = (seen.mean(dim=0) - wanted.mean(dim=0)) / unit
    spread = (seen.std(dim=0) - deviation) / unit
    return (middle.square() + spread.square()).mean()


def standing_and_moving(rows: Tensor) -> Tensor:
    """Where rows in time (S, T, F) are, how far about it, and how far from one to the next.

    (S, 3 F).
    """
    steps = (rows[:, 1:] - rows[:, :-1]).abs().mean(dim=1)
    return torch.cat([rows.mean(dim=1), rows.std(dim=1), steps], dim=1)
