"""What choosing on both grids shares: what a fragment costs whoever watches, and a change."""

import numpy as np

from danceit.data import FACE, Float32, Float64, Int64
from danceit.index.cleaning.walking import walks
from danceit.index.store.contract import FragmentTable
from danceit.retrieval.films import Films
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.placing import stance
from danceit.retrieval.staging import wrapped

_FREE_TURN = np.pi / 6
"""Turn at a seam that nobody minds."""


def watching_costs(poses: Float32, options: QueryOptions) -> Float64:
    """Cost (N,) of poses (N, L, 18, C) as far as no head is in the picture, and of a mere walk."""
    headless = ~np.isfinite(poses[:, :, FACE]).all(axis=3).any(axis=2)
    cost = options.headless_weight * headless.mean(axis=1) + options.walking_weight * walks(poses)
    return np.asarray(cost, dtype=np.float64)


def change_costs(
    table: FragmentTable, films: Films, here: Int64, there: Int64, options: QueryOptions
) -> Float64:
    """Cost (A, B) of a seam from fragments (A,) to (B,): another style or body, or one film."""
    cost = np.zeros((len(here), len(there)))
    for names, weight in ((table.style, options.style_change), (table.body, options.body_change)):
        values = np.asarray(names)
        before, after = values[here][:, None], values[there][None, :]
        cost += weight * np.asarray((before != after) & (before != "") & (after != ""), np.float64)
    leaving, entering = films.number[here][:, None], films.number[there][None, :]
    cost += options.same_shot * np.asarray((leaving == entering) & (leaving >= 0), np.float64)
    return cost


def turns_between(leaving: Float32, entering: Float32) -> Float64:
    """How far each of A poses (A, 18, C) is turned from each of B: 0 to 1, (A, B); 0 in 2-D."""
    if leaving.shape[-1] != 3:
        return np.zeros((len(leaving), len(entering)))
    here, there = stance(leaving).heading, stance(entering).heading
    turn = np.abs(wrapped(here[:, None] - there[None, :]))
    return np.asarray(np.maximum(0.0, turn - _FREE_TURN) / (np.pi - _FREE_TURN))
