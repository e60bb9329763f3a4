"""What a dancer does while nothing can be counted: very little, back and forth.

The calmest movement of the library is shown forward and back at half its pace, at rest at
both ends, for as long as there is no beat.
"""

import numpy as np

from danceit.data import FPS, Float32, Float64, Placement
from danceit.errors import InputError
from danceit.index.store.contract import FragmentStore
from danceit.retrieval.filters import asked_for
from danceit.retrieval.options import QueryOptions

PACE = 0.5
"""Of the movement's own, in the mean."""
_CALMEST = 0.02
"""Share of fragments that may be calmer still: the very calmest is often a frozen recording."""
_MANY = 50_000
"""Fragments that are looked at, spread over all."""


class Idle:
    """The movement of one fragment, back and forth.

    Raises
    ------
    InputError
        If nothing passes the filters.
    """

    def __init__(self, store: FragmentStore, options: QueryOptions) -> None:
        length = max(store.spec.lengths)
        rows = store.matching(asked_for(options, length))
        if not len(rows):
            raise InputError(f"the index holds no fragment of {length / FPS:g} s to wait with")
        rows = rows[:: max(1, len(rows) // _MANY)]
        table = store.table(rows)
        order = np.argsort(table.energy, kind="stable")
        at = int(order[int(_CALMEST * (len(order) - 1))])
        self._poses: Float32 = store.poses(rows[at : at + 1])[0]
        self.placement = Placement(
            fragment_id=str(table.fragment_id[at]),
            clip_id=str(table.clip_id[at]),
            source=str(table.source[at]),
            start_s=float(table.start_s[at]),
            end_s=float(table.end_s[at]),
            window_start_s=0.0,
            distance=0.0,
            rank=0,
            join_cost=0.0,
            style=str(table.style[at]),
            licence=str(table.licence[at]),
        )

    def frames(self, first: int, count: int) -> tuple[Float32, Float64]:
        """Poses (count, 18, C) from frame `first` of the waiting on, and seconds of the source."""
        from danceit.align.retiming import sampled

        last = len(self._poses) - 1
        turn = np.pi * np.arange(first, first + count) * PACE / last
        position = 0.5 * last * (1 - np.cos(turn))
        poses = sampled(self._poses, position, np.zeros(0, np.int64))
        return poses, self.placement.start_s + position / FPS
