"""What choosing on both grids shares: how a choice is written down, and what a change costs."""

import numpy as np

from danceit.data import Float32, Float64, Int64, Placement
from danceit.index.store.contract import FragmentTable
from danceit.retrieval.candidates import Candidates
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.placing import stance
from danceit.retrieval.staging import wrapped

_FREE_TURN = np.pi / 6
"""Turn at a seam that nobody minds."""


def change_costs(table: FragmentTable, here: Int64, there: Int64, options: QueryOptions) -> Float64:
    """Cost (A, B) of going on from fragments (A,) to (B,) of another style or another body."""
    cost = np.zeros((len(here), len(there)))
    for names, weight in ((table.style, options.style_change), (table.body, options.body_change)):
        values = np.asarray(names)
        before, after = values[here][:, None], values[there][None, :]
        cost += weight * np.asarray((before != after) & (before != "") & (after != ""), np.float64)
    return cost


def turns_between(leaving: Float32, entering: Float32) -> Float64:
    """How far each of A poses (A, 18, C) is turned from each of B: 0 to 1, (A, B); 0 in 2-D."""
    if leaving.shape[-1] != 3:
        return np.zeros((len(leaving), len(entering)))
    here, there = stance(leaving).heading, stance(entering).heading
    turn = np.abs(wrapped(here[:, None] - there[None, :]))
    return np.asarray(np.maximum(0.0, turn - _FREE_TURN) / (np.pi - _FREE_TURN))


def placement_of(
    table: FragmentTable, place: int, window_s: float, window: Candidates, rank: int, join: float
) -> Placement:
    """Write down what was chosen: the fragment at `place` of a table, `rank` of its window."""
    start_s, end_s = float(table.start_s[place]), float(table.end_s[place])
    own = table.counts[place].within(start_s, end_s)
    return Placement(
        fragment_id=str(table.fragment_id[place]),
        clip_id=str(table.clip_id[place]),
        source=str(table.source[place]),
        start_s=start_s,
        end_s=end_s,
        window_start_s=float(window_s),
        distance=float(window.distances[rank]),
        rank=rank,
        join_cost=join,
        style=str(table.style[place]),
        licence=str(table.licence[place]),
        beats_s=tuple(own.beats_s.tolist()),
        number=int(own.numbers[0]) if len(own.numbers) else 0,
        metre=int(table.metre[place]) if len(own.numbers) else 0,
    )
