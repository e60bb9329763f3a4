"""Which fragment is danced next, a bar before it begins.

What the next bars will sound like nobody knows; dancers take it that they will sound like the
ones before. So what is searched for in a window to come is the music that was heard a whole
number of bars earlier. Costs, candidates and the laying of counts on counts are those of a
song that is known (`danceit.retrieval.candidates`, `fitting`, `counted`). As long as it is not sure
where the 1 is, what is danced goes on rather than being cut on a beat that may be none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from danceit.audio.decoding import Sound
from danceit.audio.descriptors import features_of, loudness_in
from danceit.counts import Counts
from danceit.data import FPS, Float32, Float64, Int64, Placement
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore, Where
from danceit.retrieval.candidates import Asked, Candidates, Pool, searched
from danceit.retrieval.counted import chain_on_counts
from danceit.retrieval.fitting import Fitting, Laid, follows, levels_of, ranks
from danceit.retrieval.live.ahead import Ahead
from danceit.retrieval.live.beam import WIDTH, Past, beam
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import Plan, fragment_frames
from danceit.retrieval.shortlist import Shortlist, Solution

_BARS_BACK = (2, 1)
"""Whole bars by which what is expected was heard earlier, the first that has been heard."""
_CUT = 4.0
"""Cost of a cut while nobody can rely on the 1: more than any movement fits worse than another, but
less than movement in another metre."""
_ALMOST_S = 1.5 / FPS
"""Seconds from the end of a move to a fragment that begins on its last beat."""
_STRETCHES_EVERY = round(0.25 * FPS)
"""Frames from one to the next of the stretches heard among which loudness is ranked."""


@dataclass(frozen=True)
class Heard:
    """The sound that choosing goes by.

    Attributes
    ----------
    sound : Sound
        The last seconds.
    now_s : float
        Of the stream, at its end.
    counts : Counts
        Of the stream, so far and as expected.
    steady : bool
        Whether one may rely on the 1.
    """

    sound: Sound
    now_s: float
    counts: Counts
    steady: bool = True

    @property
    def since_s(self) -> float:
        """Second of the stream at which the sound begins."""
        return self.now_s - self.sound.duration_s

    @property
    def bar_s(self) -> float:
        """Seconds a bar of four, where its length is not known."""
        return (self.counts.metre or 4) * 60.0 / self.counts.tempo_bpm

    def features(self, kind: str) -> Float32:
        """Features of the sound, with what is counted in it (`danceit.audio.descriptors`)."""
        own = self.counts.within(self.since_s, self.now_s)
        counts = replace(own, beats_s=own.beats_s - self.since_s)
        return features_of(self.sound, kind, counts)


@dataclass(frozen=True)
class Chosen:
    """A fragment for a window.

    Attributes
    ----------
    ahead : Ahead
    row : int
        Of the store.
    laid : Laid
        Its counts on the window's.
    poses : float32 (L, 18, C)
    own_s : float
        Second of the source at which they begin.
    placement : Placement
    goes_on : bool
        Whether its source simply goes on from the fragment before.
    """

    ahead: Ahead
    row: int
    laid: Laid
    poses: Float32
    own_s: float
    placement: Placement
    goes_on: bool


class Chooser:
    """Chooses one fragment after the other.

    Parameters
    ----------
    store : FragmentStore
        Stays open for as long as this is used.
    embedder : Embedder
        The one that made the store's embeddings.
    options : QueryOptions
        Its structure is ``free``: nobody knows the parts of a song that is not over.
    width : int
        Of the beam.
    """

    def __init__(
        self,
        store: FragmentStore,
        embedder: Embedder,
        options: QueryOptions,
        width: int = WIDTH,
    ) -> None:
        self._store, self._embedder, self._width = store, embedder, width
        self._options = replace(options, structure="free")
        self._past = Past()
        self._before: Chosen | None = None

    def pause(self) -> None:
        """Something else is shown: what is chosen next follows on nothing."""
        self._before = None

    def choose(self, ahead: Sequence[Ahead], heard: Heard) -> Chosen:
        """Choose for the first of some windows to come, with a view to the others.

        Raises
        ------
        InputError
            If nothing passes the filters.
        """
        windows = [one.window for one in ahead]
        length = fragment_frames(windows, self._store.spec)
        before = self._before
        if before is not None and len(before.poses) != length:
            before = None
        led = ahead if before is None else (before.ahead, *ahead)
        # One more, for the last window of a plan is where a dance ends, and this one does not.
        plan = Plan((*[one.window for one in led], windows[-1]), length, on_counts=True)
        pool, fitting = self._found(led, plan, heard)
        candidates = list(pool.best(self._options.k))
        if before is not None:
            candidates[0] = _only(before)
            if not heard.steady:
                candidates[1] = self._with_what_follows(before, candidates[1], pool)
        shortlist = Shortlist.of(candidates, self._store)
        sides = [False] * len(candidates)
        chain = chain_on_counts(shortlist, fitting, self._options, sides)
        begun = before is not None
        if begun and not heard.steady:
            first, *others = chain.joins
            chain = replace(chain, joins=[np.where(first > 0, first + _CUT, first), *others])
        path = beam(chain, self._past, begun=begun, width=self._width)
        solution, at = Solution(shortlist, chain, path), int(begun)
        row, place = int(solution.rows[at]), int(solution.places[at])
        laid = fitting.laid(at, row)
        placement = laid.noted(solution.placement(at, max(0.0, ahead[0].start_s)))
        self._before = Chosen(
            ahead=ahead[0],
            row=row,
            laid=laid,
            poses=shortlist.poses[place],
            own_s=float(shortlist.table.start_s[place]),
            placement=placement,
            goes_on=before is not None
            and before.placement.clip_id == placement.clip_id
            and follows(before.laid, laid),
        )
        self._past.add(row, goes_on=self._before.goes_on)
        return self._before

    def _found(self, led: Sequence[Ahead], plan: Plan, heard: Heard) -> tuple[Pool, Fitting]:
        """What is found for each window, and how it is laid on it."""
        features = heard.features(self._embedder.feature_set)
        starts = np.array([_stand_in(one, plan.n_frames, heard) for one in led], dtype=np.int64)
        starts = np.clip(starts, 0, max(0, len(features) - 1))
        energy = loudness_in(features, self._embedder.feature_set)
        if energy is None:
            energy = heard.features("mfcc")[:, 0].astype(np.float64)
        loudness = _loudness(energy, starts, plan.n_frames)
        fitting = Fitting(plan, self._store, self._options, loudness)
        asked = Asked(
            by_pose=self._embedder.embed_windows(features, starts, plan.n_frames),
            by_audio=self._embedder.describe_windows(features, starts, plan.n_frames),
            song_bpm=heard.counts.tempo_bpm,
            plan=plan,
            fitting=fitting,
        )
        return searched(asked, self._store, self._options), fitting

    def _with_what_follows(self, before: Chosen, window: Candidates, pool: Pool) -> Candidates:
        """Candidates of the second window with the fragment in which what is danced goes on."""
        clip = (before.placement.clip_id,)
        rows = self._store.matching(Where(n_frames=pool.plan.n_frames, only_clips=clip))
        start_s = np.asarray(self._store.table(rows).start_s)
        nearest = int(np.argmin(np.abs(start_s - before.laid.beats_s[-1])))
        found = int(rows[nearest])
        if abs(start_s[nearest] - before.laid.beats_s[-1]) > _ALMOST_S or found in window.rows:
            return window
        return pool.judge.judge({1: np.append(window.rows, found)}, self._store)[1]


def _stand_in(ahead: Ahead, n_frames: int, heard: Heard) -> int:
    """Frame of the sound from which on it is taken for that of a window to come."""
    latest_s = heard.now_s - n_frames / FPS
    for bars in _BARS_BACK:
        back_s = bars * heard.bar_s
        start_s = ahead.start_s - back_s * math.ceil((ahead.start_s - latest_s) / back_s)
        if start_s >= heard.since_s:
            return round((start_s - heard.since_s) * FPS)
    return max(0, round((latest_s - heard.since_s) * FPS))


def _loudness(energy: Float64, starts: Int64, n_frames: int) -> Float64:
    """Rank (W + 1,) of each window's stand-in among the stretches heard; the last one's again.

    The rule is that of a song that is known, among whose windows each is ranked.
    """
    if not len(energy):
        return np.full(len(starts) + 1, 0.5)
    whole = range(0, max(1, len(energy) - n_frames + 1), _STRETCHES_EVERY)
    among = levels_of(energy, [(start, start + n_frames) for start in whole])
    own = levels_of(energy, [(start, start + n_frames) for start in starts.tolist()])
    found = ranks(own, among)
    return np.append(found, found[-1])


def _only(before: Chosen) -> Candidates:
    """The last window's candidates: what was danced."""
    placed = before.placement
    return Candidates(
        np.array([before.row], dtype=np.int64), np.array([placed.distance]), np.zeros(1)
    )
