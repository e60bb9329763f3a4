"""Changing a dance: fix one choice, forbid another, keep a stretch, and solve again.

What a change does not touch stays as it was: only the windows it concerns and `REACH`
windows on either side are chosen anew, all others keep their fragment. The search is
done once for a song; after that a change costs a table look-up and a small path.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from danceit.clock import clock
from danceit.data import FPS, Bool, Dance, Int64, Music
from danceit.errors import InputError
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore, Where
from danceit.plugins import nearest_spelling
from danceit.retrieval.candidates import Candidates, Pool, Song, find_pool
from danceit.retrieval.choices import with_choices
from danceit.retrieval.composing import Composition, choose
from danceit.retrieval.constraints import Constraints
from danceit.retrieval.fitting import Laid
from danceit.retrieval.notes import few_candidates
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import Plan
from danceit.retrieval.shortlist import Query, Terms

REACH = 4
"""Windows on either side of a change that are chosen anew, so that it joins well."""
_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Edited:
    """A dance after a change.

    Attributes
    ----------
    composition : Composition
    solved : tuple of int
        Windows that were chosen anew.
    changed : tuple of int
        Windows that now have another fragment than before; all where there was no dance before.
    """

    composition: Composition
    solved: tuple[int, ...]
    changed: tuple[int, ...]


@dataclass(frozen=True)
class _Demands:
    """What constraints ask of each window, as rows of the store; -1 where nothing."""

    pinned: Int64
    banned: Int64
    locked: Int64
    before: Int64


class Editor:
    """A song's windows with everything that was found for them.

    Parameters
    ----------
    song : Path
    store : FragmentStore
        Stays open for as long as the editor is used.
    embedder : Embedder
        The one that made the store's embeddings.
    options : QueryOptions
        Of the query whose dance is changed; see `options_of`.

    Raises
    ------
    InputError, IndexStateError
        As `danceit.retrieval.composing.compose`.
    """

    def __init__(
        self, song: Path, store: FragmentStore, embedder: Embedder, options: QueryOptions
    ) -> None:
        self.options = options
        self._song, self._store, self._embedder = Song.heard(song, embedder), store, embedder
        self._music = self._song.music
        self._pool = find_pool(self._song, store, embedder, options)
        self._index_id = store.index_id
        rows = store.matching(Where(n_frames=self._pool.plan.n_frames))
        table = store.table(rows)
        self._row_of: dict[str, int] = dict(
            zip(table.fragment_id.tolist(), rows.tolist(), strict=True)
        )
        self._rows, self._clips = rows, np.asarray(table.clip_id)

    @property
    def n_windows(self) -> int:
        """W, windows of the song."""
        return len(self._pool.windows)

    @property
    def plan(self) -> Plan:
        """The song's windows."""
        return self._pool.plan

    @property
    def music(self) -> Music:
        """The song as it is counted."""
        return self._music

    def varied(self, seed: int) -> "Editor":
        """Return the same for another seed; what was found for the song is shared."""
        other = copy(self)
        other.options = replace(self.options, seed=seed)
        return other

    def window_at(self, time_s: float) -> int:
        """Number of the window that is shown at a second of the song.

        Raises
        ------
        InputError
            If the song has no such second.
        """
        return self._window(time_s)

    def metre_of(self, window: int) -> int:
        """Beats a bar of the song in a window; 0 where that is not known."""
        return self._pool.plan.windows[window].metre

    def found(self, window: int) -> Candidates:
        """Everything that was found for a window, best first."""
        return self._pool.windows[window]

    def judged(self, window: int, rows: Int64) -> Candidates:
        """Rank fragments (N,) for a window whether they were found for it or not, best first."""
        return self._pool.judge.judge({window: rows}, self._store)[window]

    def laid(self, window: int, row: int) -> Laid | None:
        """How a fragment's counts lie on those of a window; None on the grid of seconds."""
        fitting = self._pool.judge.fitting
        return None if fitting is None else fitting.laid(window, row)

    @property
    def n_frames(self) -> int:
        """L, frames of the fragments that may be chosen."""
        return self._pool.plan.n_frames

    def solve(self, constraints: Constraints, before: Dance | None = None) -> Edited:
        """Choose again where the constraints ask for it.

        Parameters
        ----------
        constraints : Constraints
            Together with those that `before` was made under.
        before : Dance, optional
            Whose fragments stay wherever nothing asks for others; it may be aligned.
            Without it the whole song is solved.

        Raises
        ------
        InputError
            If a fragment, clip or time does not exist, constraints contradict one another,
            or nothing is left to choose from.
        """
        self._check_pins(constraints.pins)
        if before is not None:
            self._check_song(before)
            constraints = Constraints.of(before).and_then(constraints)
        demands = self._demands(constraints, before)
        free = self._free(demands)
        candidates = self._candidates(demands, free)
        fixed = {w: row for w, row in enumerate(_wanted(demands).tolist()) if not free[w]}
        terms = Terms(
            fixed=fixed, turned=self._turned(constraints.mirrors), returning=before is None
        )
        notes = few_candidates(candidates, self.options)
        query = Query(self._music, self._pool, self._store, self.options, self._index_id)
        composition = with_choices(
            choose(
                query,
                candidates,
                terms,
                notes=(*self._music.counts.notes, *self._pool.notes, *notes),
            ),
            pinned=tuple(np.flatnonzero(demands.pinned >= 0).tolist()),
        )
        dance = composition.dance
        if constraints or before is not None:
            dance = dance.with_step("edit", "constraints", asdict(constraints))
        chosen = zip(composition.candidates, composition.path, strict=True)
        taken = np.array([window.rows[i] for window, i in chosen])
        return Edited(
            replace(composition, dance=dance),
            tuple(np.flatnonzero(free).tolist()),
            tuple(np.flatnonzero(taken != demands.before).tolist()),
        )

    def _check_song(self, before: Dance) -> None:
        made_for = before.song.sha256 if before.song else ""
        if made_for and made_for != self._music.sha256:
            raise InputError(
                f"the dance to change was made for another song than {self._song.path}"
            )

    def _check_pins(self, pins: Sequence[tuple[float, str]]) -> None:
        """Refuse two fragments for one window; over those of an earlier change a pin wins."""
        asked: dict[int, tuple[float, str]] = {}
        for time_s, fragment in pins:
            other_s, other = asked.setdefault(self._window(time_s), (time_s, fragment))
            if other != fragment:
                raise InputError(
                    f"the pins {clock(other_s)}={other} and {clock(time_s)}={fragment} fall into "
                    f"one window of {self.options.length_s:g} s; leave one of the two out"
                )

    def _demands(self, constraints: Constraints, before: Dance | None) -> _Demands:
        pinned = np.full(self.n_windows, -1, dtype=np.int64)
        for time_s, fragment in constraints.pins:
            pinned[self._window(time_s)] = self._row(fragment)
        locked = np.zeros(self.n_windows, dtype=np.int64)
        for from_s, to_s in constraints.locks:
            first, last = self._window(from_s), self._window(max(from_s, to_s - 1e-6))
            locked[first : last + 1] = 1
        if locked.any() and before is None:
            raise InputError("a lock keeps what a dance has; say which (`before`)")
        rows = np.full(self.n_windows, -1) if before is None else self._rows_of(before)
        for w in np.flatnonzero((locked > 0) & (pinned >= 0) & (pinned != rows)).tolist():
            raise InputError(
                f"the pin at {clock(self._start_s(w))} lies within a lock, "
                "which keeps another fragment there; leave one of the two out"
            )
        banned = [_NOTHING, *(self._banned(name) for name in constraints.bans)]
        return _Demands(pinned, np.concatenate(banned), locked, rows.astype(np.int64))

    def _turned(self, mirrors: Sequence[tuple[float, float]]) -> tuple[bool, ...]:
        """Whether each window is danced to the other side than it would be."""
        if not mirrors:
            return ()
        if not self._pool.plan.on_counts:
            raise InputError(
                "an eight is mirrored in a library on counts; this one lies on seconds: build it "
                "again with danceit index build DATA --grid counts"
            )
        turned = np.zeros(self.n_windows, dtype=bool)
        for from_s, to_s in mirrors:
            if not from_s < to_s:
                raise InputError(f"a mirror must end after it begins; got {from_s:g}-{to_s:g} s")
            turned[self._window(from_s) : self._window(max(from_s, to_s - 1e-6)) + 1] ^= True
        return tuple(turned.tolist())

    def _free(self, demands: _Demands) -> Bool:
        """Windows (W,) to choose anew."""
        fixed = (demands.pinned >= 0) | (demands.locked > 0)
        if (demands.before < 0).all():
            return np.asarray(~fixed)
        gone = np.isin(demands.before, demands.banned) & ~fixed
        touched = gone | ((demands.pinned >= 0) & (demands.pinned != demands.before))
        near = np.convolve(touched, np.ones(2 * REACH + 1), mode="full") > 0
        return np.asarray(near[REACH : REACH + self.n_windows] & ~fixed)

    def _candidates(self, demands: _Demands, free: Bool) -> tuple[Candidates, ...]:
        """Give the best K of each window without those banned, and with those it must have."""
        best = self._pool.best(self.options.k, demands.banned)
        usual = min(self.options.k, min(len(window.rows) for window in self._pool.windows))
        if min(len(window.rows) for window in best) < usual:
            best = self._wider(len(demands.banned)).best(self.options.k, demands.banned)
        wanted = _wanted(demands)
        missing = {}
        for w, (window, own) in enumerate(zip(best, wanted.tolist(), strict=True)):
            keep = own >= 0 and not (free[w] and own in demands.banned)
            if keep and own not in window.rows:
                missing[w] = np.append(window.rows, own)
            elif not len(window.rows):
                raise InputError(
                    f"nothing is left to choose at {clock(self._start_s(w))}: every "
                    "fragment that was found is banned"
                )
        judged = self._pool.judge.judge(missing, self._store)
        return tuple(judged.get(w, window) for w, window in enumerate(best))

    def _wider(self, more: int) -> Pool:
        """Search again for so many more that what is banned is made up for."""
        return find_pool(self._song, self._store, self._embedder, self.options, more=more)

    def _window(self, time_s: float) -> int:
        if not 0 <= time_s < self._music.n_frames / FPS:
            raise InputError(
                f"{clock(time_s)} is outside the song, which lasts {clock(self._music.duration_s)}"
            )
        return self._pool.plan.window_at(time_s)

    def _start_s(self, window: int) -> float:
        return self._pool.plan.windows[window].first_frame / FPS

    def _row(self, fragment: str) -> int:
        row = self._row_of.get(fragment)
        if row is None:
            length_s = self._pool.plan.n_frames / FPS
            raise InputError(
                f"the index has no fragment '{fragment}' of {length_s:g} s"
                f"{self._nearest(fragment)}; danceit index list --fragments lists all"
            )
        return row

    def _nearest(self, fragment: str) -> str:
        """End of a line about a fragment that is not there: the nearest of the clip meant."""
        clip, _, rest = fragment.rpartition(":")
        frame = rest.partition("+")[0]
        clips = sorted({str(name) for name in self._clips})
        # Of a recording that was cut into several clips, all are meant.
        meant = [name for name in clips if name == clip or name.startswith(f"{clip}#")]
        meant = meant or get_close_matches(clip, clips, n=1)
        if not meant or not frame.isdecimal():
            return nearest_spelling(fragment, self._row_of)

        def apart(name: str) -> int:
            return abs(int(name.rpartition(":")[2].partition("+")[0]) - int(frame))

        own = [name for name in self._row_of if name.rpartition(":")[0] in meant]
        return f"; did you mean '{min(own, key=apart)}'?"

    def _banned(self, name: str) -> Int64:
        if name in self._row_of:
            return np.array([self._row_of[name]], dtype=np.int64)
        rows: Int64 = self._rows[self._clips == name]
        if not rows.size:
            near = nearest_spelling(name, [*np.unique(self._clips).tolist(), *self._row_of])
            raise InputError(f"the index has neither a fragment nor a clip '{name}' to ban{near}")
        return rows

    def _rows_of(self, before: Dance) -> Int64:
        """Rows (W,) of a dance's fragments."""
        starts = [placed.window_start_s for placed in before.fragments]
        usual = [max(0.0, window.start_s) for window in self._pool.plan.windows]
        if len(starts) != self.n_windows or not np.allclose(starts, usual):
            raise InputError(
                f"the dance was not made of this song's windows of {self.options.length_s:g} s: "
                "another song, or another `length_s`?"
            )
        return np.array([self._row(placed.fragment_id) for placed in before.fragments])


def _wanted(demands: _Demands) -> Int64:
    """Row (W,) that each window keeps unless it is chosen anew; -1 where there is none."""
    return np.where(demands.pinned >= 0, demands.pinned, demands.before)


def options_of(dance: Dance) -> QueryOptions:
    """Options of the query that made a dance.

    Raises
    ------
    InputError
        If no query is on record, or it was not one of this program's own.
    """
    for step in dance.steps:
        if step.step == "query":
            return _options(step.options, step.method)
    raise InputError("the dance has no query on record, so that it cannot be solved again")


def _options(stored: Mapping[str, Any], method: str) -> QueryOptions:
    known = {field.name for field in fields(QueryOptions)}
    if not stored or "length_s" not in stored:
        raise InputError(
            f"the dance was made by '{method}', not by a query that can be solved again"
        )
    return QueryOptions(**{name: value for name, value in stored.items() if name in known})
