"""What choosing on both grids shares: how a choice is written down, and what a new style costs."""

import numpy as np

from danceit.data import Float64, Int64, Placement
from danceit.index.store.contract import FragmentTable
from danceit.retrieval.candidates import Candidates


def changes_style(table: FragmentTable, here: Int64, there: Int64) -> Float64:
    """1 where two fragments (A,), (B,) are known to be of different styles, else 0: (A, B)."""
    styles = np.asarray(table.style)
    before, after = styles[here][:, None], styles[there][None, :]
    changes = (before != after) & (before != "") & (after != "")
    return np.asarray(changes, dtype=np.float64)


def placement_of(
    table: FragmentTable, place: int, window_s: float, window: Candidates, rank: int, join: float
) -> Placement:
    """Write down what was chosen: the fragment at `place` of a table, `rank` of its window."""
    return Placement(
        fragment_id=str(table.fragment_id[place]),
        clip_id=str(table.clip_id[place]),
        source=str(table.source[place]),
        start_s=float(table.start_s[place]),
        end_s=float(table.end_s[place]),
        window_start_s=float(window_s),
        distance=float(window.distances[rank]),
        rank=rank,
        join_cost=join,
        style=str(table.style[place]),
        licence=str(table.licence[place]),
    )
