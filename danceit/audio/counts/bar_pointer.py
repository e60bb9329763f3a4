"""Beats and bars that fit activations best, by Viterbi over a bar pointer.

The bar pointer of Whiteley, Cemgil and Godsill (ISMIR 2006), with the states of Krebs, Böck
and Widmer (ISMIR 2015): a beat lasts a whole number of frames, and the tempo changes at
beats only, by a factor that is rarer exponentially the further it is from 1. The frames
between two beats then hold no choice, so only frames that are beats are kept as states: the
same best path, for a fortieth of the work. In a block shorter than the shortest beat no
frame depends on another, so the blocks are computed whole.

Bars are found over the beats (as Böck, Krebs and Widmer do, ISMIR 2016): a state is a
metre and a place in its bar.
"""

from copy import copy
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from danceit.audio.counts.heard import RATE_HZ
from danceit.counts import Float64, Int32, Int64
from danceit.data import Float32

SHORTEST, LONGEST = 12, 68
"""Frames a beat may last: 250 to 44 beats a minute."""
STEADINESS = 60.0
"""Nepers that a change of tempo by all of it costs; a beat 5 % longer costs 3."""
_FREE = 0.75
"""Frames by which neighbouring beats may differ for nothing, as whole frames must."""
METRES = (2, 3, 4)
"""Beats a bar; six-eight is counted in its two dotted quarters."""
_SLIP = -14.0
"""Log probability of a beat that breaks the count: a bar cut short, or another metre."""


@dataclass(frozen=True)
class BeatPath:
    """Frames of the beats (B,), increasing, and the log odds of the path that has them."""

    frames: Int64
    log_odds: float


@dataclass(frozen=True)
class BarPath:
    """Place of each beat in its bar (B,), 1 first, the metre of most bars, the log odds.

    `margin` is by how much these bars are likelier than bars of the next best metre, or with
    their 1 at the next best place, in nepers a bar.
    """

    numbers: Int32
    metre: int
    log_odds: float
    margin: float = 0.0


def find_beats(gains: Float32, prior: Float32 | None = None) -> BeatPath:
    """Beats whose gains add up to most, at tempi that change little.

    Parameters
    ----------
    gains : float32 (n,)
        Log odds that a frame is a beat.
    prior : float32 (LONGEST - SHORTEST + 1,), optional
        Log weight, a beat, of lasting so many frames; minus infinity forbids it.
    """
    forward = Forward(prior)
    forward.extend(gains)
    return forward.path()


class Forward:
    """The forward pass of `find_beats`: gains come in stretches, the best path at any moment.

    Parameters
    ----------
    prior : float32 (LONGEST - SHORTEST + 1,), optional
        As for `find_beats`.
    kept : int, optional
        Frames that paths are traced back over; without it all of them. What lies further back
        counts, but is not remembered.
    """

    def __init__(self, prior: Float32 | None = None, kept: int | None = None) -> None:
        self._periods = np.arange(SHORTEST, LONGEST + 1)
        weights = np.zeros(len(self._periods), np.float32) if prior is None else prior
        self._change = _tempo_changes() + weights[:, None]
        self._kept = kept
        self.first = 0
        """Number of the first frame that is remembered."""
        # The last LONGEST rows hold the best path to a beat there that goes on with each
        # period; rows before the start say that a path may begin with any part of any beat.
        self._onward = np.zeros((LONGEST, len(self._periods)), np.float32)
        self._reached = np.empty((0, len(self._periods)), np.float32)

    @property
    def n_frames(self) -> int:
        """Frames taken so far."""
        return self.first + len(self._reached)

    def extend(self, gains: Float32) -> None:
        """Take the log odds (n,) of the frames that follow."""
        periods = self._periods
        onward = np.concatenate([self._onward, np.empty((len(gains), len(periods)), np.float32)])
        reached = np.empty((len(gains), len(periods)), np.float32)
        columns = np.arange(len(periods))
        rows = np.arange(SHORTEST)[:, None] + LONGEST - periods
        flat = rows * len(periods) + columns
        for start in range(0, len(gains), SHORTEST):
            n = min(SHORTEST, len(gains) - start)
            block = onward.ravel().take(flat[:n] + start * len(periods))
            block += gains[start : start + n, None]
            reached[start : start + n] = block
            onward[start + LONGEST : start + LONGEST + n] = (block[:, None, :] + self._change).max(
                axis=2
            )
        self._onward = onward[len(gains) :]
        self._reached = np.concatenate([self._reached, reached])
        self._forget()

    def with_more(self, gains: Float32) -> "Forward":
        """Return what `extend` would make of it; this one stays as it is."""
        more = copy(self)
        more.extend(gains)
        return more

    def path(self) -> BeatPath:
        """Walk back from the best beat that is less than its own period before the end."""
        periods, reached = self._periods, self._reached
        n_frames = len(reached)
        late = max(0, n_frames - LONGEST)
        tail = reached[late:].copy()
        tail[(n_frames - late - np.arange(n_frames - late))[:, None] > periods] = -np.inf
        last, period = divmod(int(tail.argmax()), len(periods))
        log_odds = float(tail.max())
        frame = last + late
        frames = [frame]
        while frame >= periods[period]:
            frame -= int(periods[period])
            frames.append(frame)
            period = int((reached[frame] + self._change[period]).argmax())
        return BeatPath(np.array(frames[::-1], np.int64) + self.first, log_odds)

    def _forget(self) -> None:
        surplus = 0 if self._kept is None else len(self._reached) - self._kept
        if surplus > 0:
            self._reached = self._reached[surplus:]
            self.first += surplus
            # Only differences matter, and what grows without end loses its last digits.
            top = self._reached.max()
            self._reached = self._reached - top
            self._onward = self._onward - top


@cache
def _tempo_changes() -> Float32:
    """Log probability of going on with each period (rows) after each other (columns)."""
    periods = np.arange(SHORTEST, LONGEST + 1)
    apart = np.maximum(0.0, np.abs(periods[:, None] - periods) - _FREE)
    change = -STEADINESS * apart / periods
    return np.asarray(change, np.float32)


def find_bars(
    ones: Float64, metres: tuple[int, ...] = METRES, ending: int | None = None
) -> BarPath:
    """Place of each beat in bars of one metre, which may slip but seldom does.

    Parameters
    ----------
    ones : float64 (B,)
        Log odds that a beat is a 1.
    metres : tuple of int
    ending : int, optional
        Place that the last beat must have.
    """
    paths = [_bars_of(ones, metre, ending) for metre in metres]
    best = max(paths, key=lambda path: path.log_odds)
    return replace(best, margin=_margin(ones, best, metres))


def _margin(ones: Float64, best: BarPath, metres: tuple[int, ...]) -> float:
    """As `BarPath` says; all bars are taken as if none was cut short."""
    n_bars = int((best.numbers == 1).sum())
    if not n_bars:
        return 0.0
    # A bar counts its 1 for it; of the same metre the chosen place is the commonest one.
    places = (np.arange(len(ones)) - best.numbers + 1) % best.metre
    chosen = (best.metre, int(np.bincount(places, minlength=best.metre).argmax()))
    sums = {
        (metre, place): float(ones[place::metre].sum())
        for metre in metres
        for place in range(metre)
    }
    own = sums.pop(chosen)
    return max(0.0, own - max(sums.values())) / n_bars


def _bars_of(ones: Float64, metre: int, ending: int | None = None) -> BarPath:
    """Best path through places of one metre, to any or one of them; a slip jumps to any place."""
    score = np.zeros(metre)
    # `came[b, i]`: the place before place i of beat b.
    came = np.zeros((len(ones), metre), np.int32)
    follows = (np.arange(metre) - 1) % metre
    for beat, one in enumerate(ones):
        if beat:
            best = int(score.argmax())
            along = score[follows]
            slips = score[best] + _SLIP > along
            came[beat] = np.where(slips, best, follows)
            score = np.where(slips, score[best] + _SLIP, along)
        # Shared between the places, so that metres can be compared.
        score = score.copy()
        score[0] += one
    place = int(score.argmax()) if ending is None else ending - 1
    log_odds = float(score[place])
    numbers = np.empty(len(ones), np.int32)
    for beat in range(len(ones) - 1, -1, -1):
        numbers[beat] = place + 1
        place = int(came[beat, place])
    return BarPath(numbers, metre, log_odds)


def refined(frames: Int64, strength: Float32) -> Float64:
    """Move beats (B,) to the top of the peak they lie on, between frames."""
    last = len(strength) - 1
    near = frames + np.arange(-1, 2)[:, None]
    frames = near[strength[np.clip(near, 0, last)].argmax(axis=0), np.arange(len(frames))]
    inside = np.clip(frames, 1, last - 1)
    before, here, after = (strength[inside + step].astype(np.float64) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.minimum(bend, -1e-12), 0.0)
    return np.asarray(inside + np.clip(shift, -0.5, 0.5), np.float64)


def frames_of(bpm: float) -> float:
    """Frames that a beat lasts."""
    return 60.0 * RATE_HZ / bpm
