"""Beats and bars by a bar pointer over what is heard: danceit's own tracker.

`heard` turns the sound into features, `activation` into log odds, `bar_pointer` finds the
beats and bars that fit them best over the whole song; beats are then moved to the top of
their strokes, and those before the first and after the last stroke are left out.
"""

from dataclasses import dataclass

import numpy as np

from danceit.audio.counts.activation import beat_gains, one_odds, rise_of
from danceit.audio.counts.bar_pointer import (
    LONGEST,
    METRES,
    SHORTEST,
    find_bars,
    find_beats,
    refined,
)
from danceit.audio.counts.heard import LEAD_S, RATE_HZ, hear, times_s
from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import Sound
from danceit.data import Float32, Float64

FEWEST_BEATS = 4


@dataclass(frozen=True)
class PulseTracker:
    """A tracker and its options.

    Attributes
    ----------
    likely_bpm : float
        Tempo at which dancers count most readily.
    spread_octaves : float
        Deviation of tempi around it: gentle, so that what is heard decides.
    near : float
        Share by which beats may differ from a tempo that a person gave.
    """

    likely_bpm: float = 100.0
    spread_octaves: float = 0.7
    near: float = 0.08

    def track(self, sound: Sound, *, bpm: float | None = None, metre: int | None = None) -> Tracked:
        """Beats and bars of a sound at `RATE`, near `bpm` and in bars of `metre` if given."""
        heard = hear(sound)
        rise = rise_of(heard)
        path = find_beats(beat_gains(rise), self._prior(bpm))
        frames = path.frames[_from_first_to_last(rise[path.frames])]
        if len(frames) < FEWEST_BEATS:
            return Tracked()
        beats_s = times_s(refined(frames, rise))
        inside = np.diff(beats_s, prepend=-1.0) > 0
        inside &= (beats_s >= 0) & (beats_s <= sound.duration_s)
        beats_s = beats_s[inside]
        at = np.round((beats_s + LEAD_S) * RATE_HZ).astype(np.int64)
        bars = find_bars(one_odds(heard, at), (metre,) if metre else METRES)
        return Tracked(beats_s, bars.numbers, bars.metre, _confidence(rise[at]))

    def _prior(self, bpm: float | None) -> Float32:
        """Log weight of each length of a beat."""
        tempi = 60.0 * RATE_HZ / np.arange(SHORTEST, LONGEST + 1)
        away = np.log2(tempi / (bpm or self.likely_bpm))
        prior = -0.5 * (away / self.spread_octaves) ** 2
        if bpm:
            # Whole frames are up to 4 % apart.
            prior[np.abs(away) > np.log2(1.0 + self.near)] = -1e6
        return np.asarray(prior, np.float32)


def track(sound: Sound, *, bpm: float | None = None, metre: int | None = None) -> Tracked:
    """Track with the default options: what the registry names ``pulse``."""
    return PulseTracker().track(sound, bpm=bpm, metre=metre)


def _from_first_to_last(rise: Float32) -> slice:
    """The beats from the first to the last that has a stroke; others continue into silence."""
    struck = np.flatnonzero(rise > 0.5)
    return slice(int(struck[0]), int(struck[-1]) + 1) if struck.size else slice(0, 0)


def _confidence(rise: Float32 | Float64) -> float:
    """How far strokes stand out on the beats."""
    return float(np.clip(float(rise.mean()) - 0.75, 0.0, 1.0))
