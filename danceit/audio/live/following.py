"""Beats followed forward only: the pulse tracker on what was heard so far, and ahead of it.

A few times a second the features and the network of `danceit.audio.counts` look at the last
`WINDOW_S` of sound. What lies `SETTLED_S` back is settled: its log odds go into the forward
pass of the bar pointer and stay there. From the settled frames on, the newer ones are laid
on for the moment only. The path back from the end gives the beats so far; those to come
continue them at the tempo of the last few. Nothing is ever known of the sound to come, so
the first beats are counted when `FEWEST` of them have been heard, a tempo that changes is
followed within a few beats, and what is said of a beat to come may move until it is there.

Which level is counted is decided anew every few seconds (`danceit.audio.live.deciding`).

Each beat has a number of its own that it keeps, so that whoever laid something on a beat
finds it again after its time was corrected. Where beats come at another pace than was said
before, another grid begins: numbers of different grids do not lie on the same beats.
"""

from dataclasses import dataclass, replace

import numpy as np

from danceit.audio.counts.activation import Activation, activation, one_odds, peak
from danceit.audio.counts.bar_pointer import METRES, BarPath, Forward, find_bars, refined
from danceit.audio.counts.heard import LEAD_S, RATE_HZ, hear
from danceit.audio.counts.pulse import PulseTracker, gains_of
from danceit.audio.decoding import RATE, Sound
from danceit.audio.live.deciding import Deciding
from danceit.counts import TRUSTED, Counts
from danceit.data import Float32, Float64

WINDOW_S = 16.0
"""Seconds that are looked at: the network hears 20 s to each side, and most of it nearby."""
HOP_S = 0.2
"""Seconds between two looks."""
SETTLED_S = 1.0
"""Seconds of sound after a frame from which on more of it changes little."""
EDGE_S = 0.1
"""Seconds before now of which nothing is said: every sound seems to end there."""
KEPT_S = 40.0
"""Seconds that beats are traced back over."""
AHEAD_S = 30.0
"""Seconds for which beats to come are given: as far as anybody plans."""
FEWEST = 4
"""Beats heard before anything is counted."""
SILENCE = 1e-4
"""Power, of the loudest stretch kept, below which a stretch of `_LOUD_S` is silent: 40 dB."""
QUIET = 1e-8
"""Power below which everything is silence, whatever came before: -80 dBFS."""
_LOUD_S = 1.5
"""Longer than the breaks of songs that people dance through."""
_ANOTHER_METRE = 6.0
"""Nepers by which another metre must fit better than the one that is being counted."""
_ANOTHER_ONE = 6.0
"""Nepers by which the 1 must fit better on another beat than on the one that is counted: two to
four bars that say so. Songs lean to their third beat for a while."""
STEADY_BARS = 2.0
"""Bars for which a 1 that will move again hardly ever stays: in the first ten seconds of songs it
moves about once a bar."""
_SURE_BEATS = 16
_LOST = 0.15
"""Confidence below which counting ends; it begins at `danceit.counts.TRUSTED`."""
_SAME_PACE = 0.2
"""Share by which beats may come sooner or later and still be those that were said before."""
_COMPARED = 6
"""Beats by which a grid is compared with the one before."""
_TEMPO_BEATS = (16, 8, 4, 3)
"""Beats that tell the tempo: as many as lie on a line. Single beats are heard some 20 ms early
or late, and what is said of the next one adds that up."""
_STRAIGHT_S, _TO_A_SIDE_S = 0.025, 0.012
"""Deviation from a line, and of the last `_LAST` beats from it to one side, that is even."""
_LAST = 4
_LEAST_SURE = 0.02
"""Weight of a beat that is not heard."""

_WINDOW = round(WINDOW_S * RATE_HZ)
_KEPT = round(KEPT_S * RATE_HZ)
_STEP = RATE // RATE_HZ


@dataclass(frozen=True)
class Followed:
    """What is counted at a moment.

    Attributes
    ----------
    now_s : float
        Seconds heard.
    counts : Counts
        Beats from `KEPT_S` before to `AHEAD_S` after; none where nothing can be counted.
    first_id : int
        Number that the first of these beats keeps.
    silent : bool
        Whether the last `_LOUD_S` were silent.
    grid : int
        Number of the grid that the beats' numbers belong to.
    one_since_s : float
        Second since which metre and 1 are where they are.
    """

    now_s: float
    counts: Counts
    first_id: int = 0
    silent: bool = False
    grid: int = 0
    one_since_s: float = 0.0

    @property
    def steady(self) -> bool:
        """Whether the 1 has been where it is for long enough to rely on it."""
        metre = self.counts.metre or 4
        bars = (self.now_s - self.one_since_s) * self.counts.tempo_bpm / 60.0 / metre
        return bars >= STEADY_BARS

    @property
    def counting(self) -> bool:
        """Whether there are beats that one can dance to."""
        return len(self.counts.beats_s) > 0

    def place(self, beat_id: float) -> float:
        """Second of a beat by its own number; fractions lie between beats."""
        return float(self.counts.times(beat_id - self.first_id))

    def id_at(self, time_s: float) -> float:
        """Number of a moment among the beats; the inverse of `place`."""
        return float(self.counts.places(time_s)) + self.first_id

    def number(self, beat_id: int) -> int:
        """Place in the bar of a beat, 1 first; 0 where it is not known."""
        at = beat_id - self.first_id
        return int(self.counts.numbers[at]) if 0 <= at < len(self.counts.numbers) else 0


class Follower:
    """Counts a sound as it comes.

    Parameters
    ----------
    bpm, metre : optional
        What a person knows: the tempo to stay near, beats a bar.
    """

    def __init__(self, *, bpm: float | None = None, metre: int | None = None) -> None:
        prior = PulseTracker().prior(bpm)
        self._forward = Forward(prior, _KEPT)
        self._deciding = None if bpm else Deciding(prior, _KEPT)
        self._metres = (metre,) if metre else METRES
        self._metre = metre or 0
        self._samples = np.zeros(0, np.float32)
        self._n_heard = 0
        self._looked = 0
        self._powers: list[float] = []
        self._beat, self._one = np.zeros((2, 0), np.float32)
        """Log odds of the frames that are remembered; those from the forward pass's end on
        are of the moment."""
        self.followed = Followed(0.0, Counts.none("pulse"))

    @property
    def heard_s(self) -> float:
        """Seconds heard."""
        return self._n_heard / RATE

    def hear(self, block: Float32) -> Followed:
        """Take the samples (n,) that come next, however many."""
        keep = (_WINDOW + round(HOP_S * RATE_HZ) + RATE_HZ) * _STEP
        # What is not looked at before it leaves the window would be missing in the forward pass.
        hop = round(HOP_S * RATE)
        for start in range(0, len(block), hop):
            part = block[start : start + hop]
            self._samples = np.concatenate([self._samples, part])[-keep:]
            self._n_heard += len(part)
            if self._n_heard - self._looked >= HOP_S * RATE:
                self._looked = self._n_heard
                self._note_power()
                self.followed = self._look()
        return self.followed

    def lately(self, seconds: float) -> Float32:
        """Samples of the last `seconds`, at most `WINDOW_S`; fewer where there are fewer."""
        return self._samples[-round(min(seconds, WINDOW_S) * RATE) :]

    def _note_power(self) -> None:
        last = self._samples[-round(_LOUD_S * RATE) :]
        self._powers.append(float(np.mean(last.astype(np.float64) ** 2)))
        self._powers = self._powers[-round(KEPT_S / HOP_S) :]

    @property
    def _silent(self) -> bool:
        return self._powers[-1] < max(QUIET, SILENCE * max(self._powers))

    def _look(self) -> Followed:
        now_s, silent = self.heard_s, self._silent
        before = self.followed
        nothing = Followed(now_s, Counts.none("pulse"), before.first_id, silent, before.grid)
        if now_s < FEWEST * 60 / 250 or max(self._powers) < QUIET:
            return nothing
        self._take(*self._window())
        if self._deciding is not None:
            known = self._forward.n_frames - self._forward.first
            said = Activation(self._beat[:known], self._one[:known])
            self._forward = self._deciding.decided(self._forward, said)
        tail = self._beat[self._forward.n_frames - self._forward.first :]
        frames = self._forward.with_more(gains_of(tail)).path().frames - self._forward.first
        frames = frames[frames >= 1]
        if len(frames) < FEWEST or silent:
            return nothing
        beats_s = self._seconds(refined(frames, self._beat))
        apart = np.diff(beats_s, prepend=-1.0) > 0.05
        frames, beats_s = frames[apart], beats_s[apart]
        odds = peak(self._beat, frames).astype(np.float64)
        heard = 1 / (1 + np.exp(-odds))
        sure = float(heard[-_SURE_BEATS:].mean())
        if len(frames) < FEWEST or sure < (_LOST if before.counting else TRUSTED):
            return nothing
        same_pace = before.counting and not self._paced_otherwise(beats_s)
        first_id = self._first_id(beats_s)
        foretold = before.number(first_id + len(beats_s) - 1) if same_pace else 0
        bars = self._bars(one_odds(Activation(self._beat, self._one), frames), foretold)
        told = self._told(now_s, beats_s, bars, heard)
        as_foretold = foretold == bars.numbers[-1] and bars.metre == before.counts.metre
        return replace(
            told,
            first_id=first_id,
            grid=before.grid + (not same_pace),
            one_since_s=before.one_since_s if as_foretold else now_s,
        )

    def _window(self) -> tuple[int, Activation]:
        """Number of the first frame that the network looks at now, and what it says."""
        now = self._n_heard // _STEP
        first = max(0, now - _WINDOW)
        start = first * _STEP - (self._n_heard - len(self._samples))
        stop = now * _STEP - (self._n_heard - len(self._samples))
        heard = activation(hear(Sound(self._samples[start:stop], RATE)))
        lead = round(LEAD_S * RATE_HZ)
        inside = slice(lead, lead + now - first - round(EDGE_S * RATE_HZ))
        return first, Activation(heard.beat[inside], heard.one[inside])

    def _take(self, first: int, said: Activation) -> None:
        """Replace what is not settled by what is said now, and settle what is old enough."""
        settled = self._forward.n_frames
        known = settled - self._forward.first
        fresh = slice(settled - first, None)
        self._beat = np.concatenate([self._beat[:known], said.beat[fresh]])
        self._one = np.concatenate([self._one[:known], said.one[fresh]])
        old = self._n_heard // _STEP - round(SETTLED_S * RATE_HZ) - settled
        if old > 0:
            before = self._forward.first
            self._forward.extend(gains_of(self._beat[known : known + old]))
            gone = self._forward.first - before
            self._beat, self._one = self._beat[gone:], self._one[gone:]

    def _seconds(self, frames: Float64) -> Float64:
        return np.asarray((frames + self._forward.first) / RATE_HZ, dtype=np.float64)

    def _bars(self, ones: Float64, said: int) -> BarPath:
        """Bars of the beats; metre and 1 stay as they are counted unless others fit far better.

        `said` is the place that was foretold of the last beat; 0 where none was.
        """
        best = find_bars(ones, self._metres)
        if self._metre and best.metre != self._metre:
            same = find_bars(ones, (self._metre,))
            if best.log_odds < same.log_odds + _ANOTHER_METRE:
                best = same
        if said and best.metre == self._metre and best.numbers[-1] != said:
            same = find_bars(ones, (best.metre,), said)
            if best.log_odds < same.log_odds + _ANOTHER_ONE:
                best = same
        self._metre = best.metre
        return best

    def _told(self, now_s: float, beats_s: Float64, bars: BarPath, heard: Float64) -> Followed:
        """Go on with the beats and their bars; `heard` is how surely each was."""
        period_s, last_s = _tempo(beats_s, heard)
        sure = float(heard[-_SURE_BEATS:].mean())
        n_ahead = int((now_s + AHEAD_S - last_s) / period_s)
        coming = last_s + period_s * np.arange(1, n_ahead + 1)
        later = (bars.numbers[-1] - 1 + np.arange(1, n_ahead + 1)) % bars.metre + 1
        counts = Counts(
            np.concatenate([beats_s, coming]),
            np.concatenate([bars.numbers, later]).astype(np.int32),
            bars.metre,
            confidence=min(1.0, sure),
            bar_confidence=min(1.0, sure),
            tracker="pulse",
        )
        return Followed(now_s, counts)

    def _paced_otherwise(self, beats_s: Float64) -> bool:
        """Whether the last beats come at another pace than was said of them before."""
        before = self.followed
        if not before.counting:
            return True
        steps = np.diff(before.counts.places(beats_s[-_COMPARED:]))
        return abs(float(np.median(steps)) - 1.0) > _SAME_PACE

    def _first_id(self, beats_s: Float64) -> int:
        before = self.followed
        if not before.counting:
            # After a pause numbers go on above all that were given.
            return before.first_id + round(2 * KEPT_S * RATE_HZ)
        # By a beat that both have heard and are sure of.
        at = max(0, len(beats_s) - 3)
        return round(before.id_at(float(beats_s[at]))) - at


def _tempo(beats_s: Float64, heard: Float64) -> tuple[float, float]:
    """Seconds a beat, and where the last beat lies on the line through the last few.

    Beats (B,) weigh as much as they were heard (B,).
    """
    slope = end_s = 0.0
    for n in _TEMPO_BEATS:
        last, weights = beats_s[-n:], heard[-n:] + _LEAST_SURE
        count = np.arange(len(last))
        slope, start = np.polyfit(count, last, 1, w=np.sqrt(weights))
        end_s = start + slope * count[-1]
        off = last - start - slope * count
        aside = np.average(off[-_LAST:], weights=weights[-_LAST:])
        if np.average(off**2, weights=weights) <= _STRAIGHT_S**2 and abs(aside) <= _TO_A_SIDE_S:
            break
    return float(slope), float(end_s)
