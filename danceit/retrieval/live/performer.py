"""Sound in, frames out: who dances to a song that is still being played.

What is shown `lead_s` from now is fixed now; everything later may still change. Moves are
chosen so that a bar at least is planned beyond that. Where the beats turn out to come earlier
or later than was expected when a move was laid on them, it is shown quicker or slower, never
by more than `WIDEST`; where they are off by more than half a beat, it is taken to be on the
beats that are nearest. Where the song turns out to be counted at another pace altogether, what
is planned is shown through to a beat of the new grid, a 1 where one is near, and moves are laid
on that from there on. While nothing is counted the dancer waits (`danceit.retrieval.live.idle`).
"""

from dataclasses import dataclass

import numpy as np

from danceit.align.retiming import sampled
from danceit.audio.decoding import RATE, Sound
from danceit.audio.live.following import WINDOW_S, Followed, Follower
from danceit.data import FPS, Float32, Float64, Int32, Int64, Placement
from danceit.errors import InputError
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore
from danceit.retrieval.live.ahead import first_one, landing, windows_ahead
from danceit.retrieval.live.beam import WIDTH
from danceit.retrieval.live.choosing import Chooser, Chosen, Heard
from danceit.retrieval.live.idle import Idle
from danceit.retrieval.live.timeline import Timeline
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import WIDEST
from danceit.retrieval.staging import staged
from danceit.retrieval.time_map import Knots, calmed, joined, knots_of, shown_s

WINDOWS = 4
"""Windows to come that are looked at for each choice: 8 s."""
_MARGIN_S = 1.0
"""Seconds that are always planned beyond what is shown, so that a seam there can be repaired."""
_GAP = 14
"""Frames from what is shown to a seam nobody knew of before: its repair bends eight."""
_AT_ONCE = 12
"""Frames that are shown before planning again."""
_BEATS_BEFORE = 16
"""Beats before the first move by which waiting is timed."""
_SETTLED_BEAT_S = 1.0
"""Seconds after which a beat is written down."""


@dataclass(frozen=True)
class LiveOptions:
    """How a stream is danced to.

    Attributes
    ----------
    lead_s : float
        Seconds from what is heard to what is fixed: 0.2 to 2.
    beam : int
        Paths that the search for the next move follows.
    bpm : float or None
        Tempo to stay near, where a person knows it.
    metre : int or None
        Beats a bar, likewise.

    Raises
    ------
    InputError
        If one of them is none.
    """

    lead_s: float = 0.5
    beam: int = WIDTH
    bpm: float | None = None
    metre: int | None = None

    def __post_init__(self) -> None:
        if not 0.2 <= self.lead_s <= 2.0:
            raise InputError(f"`lead_s` must be from 0.2 to 2 s; got {self.lead_s:g}")
        if not 1 <= self.beam <= 100:
            raise InputError(f"`beam` must be from 1 to 100; got {self.beam}")
        if self.bpm is not None and not 44 <= self.bpm <= 250:
            raise InputError(f"`bpm` must be from 44 to 250 beats a minute; got {self.bpm:g}")
        if self.metre is not None and not 2 <= self.metre <= 12:
            raise InputError(f"`metre` must be from 2 to 12 beats a bar; got {self.metre}")


@dataclass(frozen=True)
class Shown:
    """Frames that are fixed, one behind the other.

    Attributes
    ----------
    first : int
        Number of the first; frame k is that of second k / 24 of the stream.
    joints : float32 (N, 18, C)
    source_index : int32 (N,)
        Into `Performer.placements`.
    source_s : float64 (N,)
    seams : int64
        Numbers of the frames at which a new fragment starts.
    """

    first: int
    joints: Float32
    source_index: Int32
    source_s: Float64
    seams: Int64


class Performer:
    """Dances to the sound that it is given.

    Parameters
    ----------
    store : FragmentStore
        Stays open for as long as this is used.
    embedder : Embedder
        The one that made the store's embeddings.
    options : QueryOptions, optional
        How moves are chosen.
    live : LiveOptions, optional

    Attributes
    ----------
    placements : list of Placement
        What was shown and what is planned, in order.
    beats : list of (float, int)
        Seconds and place in the bar of the beats that are over.
    """

    def __init__(
        self,
        store: FragmentStore,
        embedder: Embedder,
        options: QueryOptions | None = None,
        live: LiveOptions | None = None,
    ) -> None:
        self.options, self.live = options or QueryOptions(), live or LiveOptions()
        self.placements: list[Placement] = []
        self.beats: list[tuple[float, int]] = []
        self.dims = store.spec.dims
        self._follower = Follower(bpm=self.live.bpm, metre=self.live.metre)
        self._chooser = Chooser(store, embedder, self.options, self.live.beam)
        self._idle = Idle(store, self.options)
        self._timeline = Timeline(store.spec.dims)
        self._head, self._planned_s = 0, -1.0 / FPS
        self._ids = np.zeros(0)
        """Beats that movement was laid on, and when they are on the planned clock."""
        self._beats_s = np.zeros(0)
        self._grid = 0
        """That these beats are of."""
        self._place = 0
        self._laid: tuple[Chosen, Knots] | None = None
        """The last move, and when in its source each of its counts is."""
        self._waited: int | None = None
        """Frames of waiting at the end of what is planned; None where it ends otherwise."""

    @property
    def followed(self) -> Followed:
        """What is counted at the moment."""
        return self._follower.followed

    @property
    def n_frames(self) -> int:
        """Frames that are fixed."""
        return self._head

    def hear(self, block: Float32) -> None:
        """Take the samples (n,), at `danceit.audio.RATE`, that come next."""
        self._follower.hear(block)
        self._note_beats()

    def dance(self, until_s: float | None = None) -> tuple[Shown, ...]:
        """Fix the frames up to `lead_s` after what was heard, or up to a second of the stream.

        What has been planned is shown without choosing anything; `plan` does that.
        """
        end_s = self._follower.heard_s + self.live.lead_s if until_s is None else until_s
        until = int(np.floor(end_s * FPS + 1e-6))
        parts = []
        while self._head < until:
            stop = min(until, self._head + _AT_ONCE)
            # At a quarter more than its own pace nothing beyond these frames is asked for.
            furthest = self._planned_s + WIDEST * (stop - self._head) / FPS
            while self._frame(furthest) + 2 > self._timeline.end:
                self.plan()
            parts.append(self._show(stop))
        return tuple(parts)

    def _show(self, until: int) -> Shown:
        moments = np.empty(until - self._head)
        for i in range(len(moments)):
            self._planned_s += self._step((self._head + i) / FPS)
            moments[i] = self._planned_s
        found, first = self._timeline.at(moments), self._head
        self._head = until
        return Shown(first, found.joints, found.source_index, found.source_s, found.seams + first)

    def _step(self, time_s: float) -> float:
        """Seconds of the planned clock into the frame at a second of the stream."""
        step, followed = 1.0 / FPS, self.followed
        if not len(self._ids) or not followed.counting or self._grid != followed.grid:
            return step
        at = followed.id_at(time_s)
        if not self._ids[0] <= at <= self._ids[-1]:
            return step
        wanted = float(np.interp(at, self._ids, self._beats_s)) - self._planned_s
        step = float(np.clip(wanted, step / WIDEST, step * WIDEST))
        beat_s = (self._beats_s[-1] - self._beats_s[0]) / (self._ids[-1] - self._ids[0])
        off = round((wanted - step) / beat_s)
        if off:
            # On the beats that are nearest; what is laid on those to come is a bar at most.
            self._ids = self._ids + off
        return step

    def plan(self) -> None:
        """Choose what comes next, as far as is wanted: between frames there is time for it."""
        followed = self.followed
        if followed.counting:
            if not len(self._ids):
                self._begin(followed)
            elif self._grid != followed.grid:
                self._change(followed)
            beat_s = 60.0 / followed.counts.tempo_bpm
            bar_s = (followed.counts.metre or 4) * beat_s
            if self._beats_s[-1] - self._planned_s < bar_s + _MARGIN_S:
                # One at a time, so that no frame waits for two.
                self._choose(followed)
        elif len(self._ids):
            self._stop(at_once=followed.silent)
        missing = self._frame(self._planned_s + _MARGIN_S) - self._timeline.end
        if missing > 0:
            self._wait(missing)

    def _begin(self, followed: Followed) -> None:
        """Plan to begin on the next 1."""
        head_s = (self._head - 1) / FPS
        first_id = first_one(followed, head_s + _GAP / FPS)
        start_s = self._planned_s + followed.place(first_id) - head_s
        missing = self._frame(start_s) - self._timeline.end
        if missing > 0:
            self._wait(missing)
        self._timeline.cut(self._frame(start_s))
        self._ids = np.arange(first_id - _BEATS_BEFORE, first_id + 1.0)
        places_s = np.array([followed.place(one) for one in self._ids])
        self._beats_s = places_s - places_s[-1] + start_s
        self._place, self._laid, self._waited = 0, None, None
        self._grid = followed.grid

    def _change(self, followed: Followed) -> None:
        """Take what is planned to end on a beat of another grid, a 1 where one is near."""
        head_s = (self._head - 1) / FPS
        left_s = float(self._beats_s[-1]) - self._planned_s
        end_id = landing(followed, head_s, left_s)
        self._ids = np.array([followed.id_at(head_s), end_id])
        self._beats_s = np.array([self._planned_s, self._planned_s + left_s])
        self._grid, self._place = followed.grid, 0

    def _choose(self, followed: Followed) -> None:
        """Choose the next move and put it behind what is planned."""
        ahead = windows_ahead(
            followed,
            round(self._ids[-1]),
            float(self._beats_s[-1]),
            WINDOWS,
            self.options.length_s,
            self._place,
        )
        sound = Sound(self._follower.lately(WINDOW_S), RATE)
        heard = Heard(sound, self._follower.heard_s, followed.counts, followed.steady)
        chosen = self._chooser.choose(ahead, heard)
        window, self._place = chosen.ahead.window, chosen.ahead.next_place
        self._ids = np.append(self._ids, self._ids[-1] + np.arange(1, window.counts + 1))
        self._beats_s = np.append(self._beats_s, window.beats_s[1:])
        self._lay(chosen)
        kept = max(0, int(np.searchsorted(self._beats_s, self._planned_s)) - _BEATS_BEFORE)
        self._ids, self._beats_s = self._ids[kept:], self._beats_s[kept:]

    def _lay(self, chosen: Chosen) -> None:
        """Put a move on its window, count by count, and behind what is planned."""
        window = chosen.ahead.window
        own = calmed(knots_of(window.beats_s, chosen.laid.beats_s), WIDEST)
        before = self._laid if chosen.goes_on else None
        knots, poses, own_s = own, chosen.poses, chosen.own_s
        if before is not None:
            knots = joined([before[1], own])
            poses, own_s = _continued(before[0], chosen)
        self._laid = chosen, own
        times_s = np.arange(self._timeline.end, self._frame(window.end_s)) / FPS
        at = np.clip((shown_s(knots, times_s) - own_s) * FPS, 0.0, len(poses) - 1.0)
        run = sampled(poses, at, np.zeros(0, np.int64))
        self._put(run, chosen.placement, own_s + at / FPS, goes_on=before is not None)

    def _stop(self, *, at_once: bool) -> None:
        """Count on nothing any more; wait, at once or when what is planned is over."""
        self._ids, self._beats_s = np.zeros(0), np.zeros(0)
        self._chooser.pause()
        if at_once:
            self._timeline.cut(self._frame(self._planned_s) + _GAP)

    def _wait(self, n_frames: int) -> None:
        """Put waiting behind what is planned."""
        goes_on = self._waited is not None
        first = self._waited or 0
        poses, source_s = self._idle.frames(first, n_frames)
        self._put(poses, self._idle.placement, source_s, goes_on=goes_on)
        self._waited = first + n_frames

    def _put(self, run: Float32, placement: Placement, source_s: Float64, *, goes_on: bool) -> None:
        if not len(run):
            return
        stood = staged(run, self._timeline.last_two(), self.options.facing).joints
        waiting = placement is self._idle.placement
        if not (waiting and goes_on):
            self.placements.append(placement)
        self._timeline.add(stood, len(self.placements) - 1, source_s, goes_on=goes_on)

    def _frame(self, planned_s: float) -> int:
        return round(planned_s * FPS)

    def _note_beats(self) -> None:
        """Write down the beats that are over and move no more."""
        followed = self.followed
        counts = followed.counts
        last_s = self.beats[-1][0] if self.beats else -1.0
        over_s = followed.now_s - _SETTLED_BEAT_S
        gap_s = 30.0 / counts.tempo_bpm if followed.counting else 0.0
        inside = (counts.beats_s > last_s + gap_s) & (counts.beats_s <= over_s)
        for beat_s, number in zip(counts.beats_s[inside], counts.numbers[inside], strict=True):
            self.beats.append((float(beat_s), int(number)))


def _continued(before: Chosen, chosen: Chosen) -> tuple[Float32, float]:
    """Poses (N, 18, C) of a take: a fragment's with those before it, and where they begin.

    A count may begin within the frame before a fragment's first.
    """
    n_before = round((chosen.own_s - before.own_s) * FPS)
    if not 0 < n_before <= len(before.poses):
        return chosen.poses, chosen.own_s
    return np.concatenate([before.poses[:n_before], chosen.poses]), before.own_s
