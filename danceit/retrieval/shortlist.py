"""What a dance is chosen from, and what was chosen: the candidates of all windows, side by side.

    Query       a song with all that was found for it, and how it is to be danced
    Terms       what its windows have to show beside that, or may not
    Shortlist   the candidates of each window, with what the store knows of their fragments
    Solution    one candidate a window, and what their joins cost

Rows are the store's. A *place* is where a row stands among those of a shortlist, and so in its
table and its poses. A *path* has for each window which of its candidates was taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from danceit.data import Float32, Float64, Int64, Music, Placement
from danceit.index.store.contract import FragmentStore, FragmentTable
from danceit.retrieval.candidates import Candidates, Pool
from danceit.retrieval.continuity import Chain
from danceit.retrieval.films import Films, films_of
from danceit.retrieval.options import QueryOptions


@dataclass(frozen=True)
class Query:
    """A song that is to be danced from a store.

    Attributes
    ----------
    music : Music
    pool : Pool
        All that was found for its windows.
    store : FragmentStore
    options : QueryOptions
    index_id : str
        Of the store, where it is known: finding it out counts everything.
    """

    music: Music
    pool: Pool
    store: FragmentStore
    options: QueryOptions
    index_id: str = ""


@dataclass(frozen=True)
class Terms:
    """What windows have to show, or may not, beside what the options ask for.

    Attributes
    ----------
    fixed : mapping of int to int
        By window, the row that it shows whatever it costs.
    elsewhere : sequence of int64
        For each window, rows that other dancers show then: not taken while there are others.
    turned : sequence of bool
        For each window on counts, whether it is danced to the other side than it would be.
    returning : bool
        Whether parts of the song that sound alike may be danced alike, as the options'
        structure says; an edit leaves alone what it does not touch.
    """

    fixed: Mapping[int, int] = field(default_factory=dict)
    elsewhere: Sequence[Int64] = ()
    turned: Sequence[bool] = ()
    returning: bool = True

    def taken_elsewhere(self, window: int, rows: Int64) -> Int64:
        """Which of some rows (N,) other dancers show in a window, as indices."""
        others = self.elsewhere[window] if self.elsewhere else np.zeros(0, dtype=np.int64)
        return np.flatnonzero(np.isin(rows, others))

    def allowed(self, windows: Sequence[Candidates]) -> list[Int64] | None:
        """For each window, the candidates that may be taken; None where all may everywhere."""
        if not self.fixed and not self.elsewhere:
            return None
        allowed = []
        for w, rows in enumerate(window.rows for window in windows):
            every = np.arange(len(rows))
            if w in self.fixed:
                allowed.append(np.flatnonzero(rows == self.fixed[w]))
            else:
                own = np.delete(every, self.taken_elsewhere(w, rows))
                allowed.append(own if len(own) else every)
        return allowed


@dataclass(frozen=True)
class Shortlist:
    """The candidates of W windows; what the store knows of R fragments is read once.

    Attributes
    ----------
    windows : tuple of Candidates
    rows : int64 (R,)
        Of all candidates, increasing.
    table : FragmentTable
        Their metadata.
    poses : float32 (R, L, 18, C)
    """

    windows: tuple[Candidates, ...]
    rows: Int64
    table: FragmentTable
    poses: Float32

    @classmethod
    def of(cls, windows: Sequence[Candidates], store: FragmentStore) -> "Shortlist":
        """Look up the candidates of some windows."""
        rows = np.unique(np.concatenate([window.rows for window in windows]))
        return cls(tuple(windows), rows, store.table(rows), store.poses(rows))

    @cached_property
    def places(self) -> list[Int64]:
        """For each window, the places (K_w,) of its candidates."""
        return [np.searchsorted(self.rows, window.rows) for window in self.windows]

    @cached_property
    def films(self) -> Films:
        """Which of them show the same film."""
        return films_of(self.table, self.poses)


@dataclass(frozen=True)
class Solution:
    """A path through a shortlist.

    Attributes
    ----------
    shortlist : Shortlist
    chain : Chain
        The problem that it solves.
    path : int64 (W,)
    """

    shortlist: Shortlist
    chain: Chain
    path: Int64

    @cached_property
    def rows(self) -> Int64:
        """Row (W,) that each window shows."""
        windows = zip(self.shortlist.windows, self.path, strict=True)
        return np.array([window.rows[i] for window, i in windows], dtype=np.int64)

    @cached_property
    def places(self) -> Int64:
        """And its place (W,)."""
        return np.searchsorted(self.shortlist.rows, self.rows)

    @cached_property
    def joins(self) -> Float64:
        """What each window (W,) costs by how it follows on the one before; 0 for the first."""
        costs = [
            float(join[self.path[w], self.path[w + 1]]) for w, join in enumerate(self.chain.joins)
        ]
        return np.array([0.0, *costs])

    def placement(self, window: int, start_s: float) -> Placement:
        """Write down what was chosen for a window that begins at a second of the song."""
        table, place = self.shortlist.table, int(self.places[window])
        rank, candidates = int(self.path[window]), self.shortlist.windows[window]
        from_s, to_s = float(table.start_s[place]), float(table.end_s[place])
        own = table.counts[place].within(from_s, to_s)
        return Placement(
            fragment_id=str(table.fragment_id[place]),
            clip_id=str(table.clip_id[place]),
            source=str(table.source[place]),
            start_s=from_s,
            end_s=to_s,
            window_start_s=float(start_s),
            distance=float(candidates.distances[rank]),
            rank=rank,
            join_cost=float(self.joins[window]),
            style=str(table.style[place]),
            licence=str(table.licence[place]),
            beats_s=tuple(own.beats_s.tolist()),
            number=int(own.numbers[0]) if len(own.numbers) else 0,
            metre=int(table.metre[place]) if len(own.numbers) else 0,
        )
