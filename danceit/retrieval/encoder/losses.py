"""What training minimises, by name.

A loss sees a batch of B windows of songs and the B fragments danced to them, embedded.
Row i of both belongs together. Every other combination is a negative: the same song at
another time (a delay, DanceIt Fig. 7) or another song, except those that `usable` rules
out because they overlap the match or repeat its movement. Smaller is better.

`normalised` says whether the embeddings are put on the unit sphere for that loss, in
training and in the index; DanceIt's two losses need free lengths.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from danceit.plugins import Registry

if TYPE_CHECKING:
    from torch import Tensor

LossFunction = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]
"""(audio (B, D), poses (B, D), relevance (B, B)) -> scalar."""


@dataclass(frozen=True)
class Loss:
    """A loss and the geometry it wants.

    `function` takes audio (B, D), poses (B, D) and `relevance` float32 (B, B): 1 on the
    diagonal, 0 for a plain negative, between for fragments whose movement nearly repeats
    that of the match. `normalised`: whether embeddings have length 1.
    """

    name: str
    function: LossFunction
    normalised: bool


def danceit(audio: "Tensor", poses: "Tensor", relevance: "Tensor") -> "Tensor":
    """DanceIt eq. 10, the contrastive loss on squared distances.

    Mean over matches of d², plus mean over negatives of max(0, 1 - d²). As both
    terms are linear in d², a pair that cannot be told from its negatives feels no
    force apart: with negatives from the same songs it collapses to a point.
    """
    squared = _squared_distances(audio, poses)
    return squared.diagonal().mean() + _over_negatives((1 - squared).clamp(min=0), relevance)


def regress(audio: "Tensor", poses: "Tensor", relevance: "Tensor") -> "Tensor":
    """Regress d² to 0 for matches and 1 for others, as the DanceIt authors' released code does."""
    squared = _squared_distances(audio, poses)
    return squared.diagonal().square().mean() + _over_negatives((squared - 1).square(), relevance)


def margin(audio: "Tensor", poses: "Tensor", relevance: "Tensor") -> "Tensor":
    """Triplet hinge: each negative at least 0.5 (squared) farther than the match, both ways."""
    squared = _squared_distances(audio, poses)
    match = squared.diagonal()
    by_song = _over_negatives((0.5 + match[:, None] - squared).clamp(min=0), relevance)
    by_dance = _over_negatives((0.5 + match[None, :] - squared).clamp(min=0), relevance)
    return by_song + by_dance


def infonce(audio: "Tensor", poses: "Tensor", relevance: "Tensor") -> "Tensor":
    """Symmetric InfoNCE at temperature 0.3 (van den Oord et al. 2018; Radford et al. 2021).

    `relevance`, each row divided by its sum, is the target distribution.
    """
    from torch.nn.functional import log_softmax

    similarity = audio @ poses.T / 0.3
    to_dance = relevance / relevance.sum(dim=1, keepdim=True)
    to_song = relevance.T / relevance.T.sum(dim=1, keepdim=True)
    forward = (to_dance * log_softmax(similarity, dim=1)).sum(dim=1).mean()
    backward = (to_song * log_softmax(similarity.T, dim=1)).sum(dim=1).mean()
    return -(forward + backward) / 2


LOSSES = Registry(
    "danceit.losses",
    "loss",
    {
        name: f"danceit.retrieval.encoder.losses:{name.upper()}"
        for name in ("infonce", "margin", "regress", "danceit")
    },
)
INFONCE = Loss("infonce", infonce, normalised=True)
MARGIN = Loss("margin", margin, normalised=True)
REGRESS = Loss("regress", regress, normalised=False)
DANCEIT = Loss("danceit", danceit, normalised=False)


def _squared_distances(audio: "Tensor", poses: "Tensor") -> "Tensor":
    return (audio[:, None] - poses[None]).square().sum(dim=-1)


def _over_negatives(values: "Tensor", relevance: "Tensor") -> "Tensor":
    """Mean over pairs that are wholly negative; 0 where a batch has none."""
    negative = relevance == 0
    return (values * negative).sum() / negative.sum().clamp(min=1)
