"""Beats and bars by a bar pointer over a small network: danceit's own tracker.

`heard` turns the sound into features, `activation` into log odds, `bar_pointer` finds the
beats and bars that fit them best over the whole song; `levels` has it find them once more, at
the tempo that the song keeps and at the level that dancers would count. Beats are then moved
to the top of the network's peaks, and those before the first and after the last stroke are
left out.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from danceit.audio.counts.activation import Activation, activation, one_odds, peak
from danceit.audio.counts.bar_pointer import (
    LONGEST,
    METRES,
    SHORTEST,
    find_bars,
    find_beats,
    refined,
)
from danceit.audio.counts.heard import LEAD_S, RATE_HZ, Heard, hear, times_s
from danceit.audio.counts.levels import settled
from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import Sound
from danceit.data import Float32, Float64, Int64

FEWEST_BEATS = 4
_EVEN_ODDS = -1.5
"""Log odds of the network above which a frame is rather a beat than not: a beat is one frame
in thirty, and the network halves its odds with the frames beside it."""
_HELD = 0.04
"""Share by which single beats may differ from a tempo that the song itself does not have."""
_NEVER = -1e6
"""Log weight of a beat of a length that was ruled out."""
_LEAST_STRUCK = 1 / 8
"""Share of beats on strokes under which they are better even: 0.09 at most in a drone, 0.17 and
more in songs at tempi that they do not have."""
_LEAST_GAIN, _MOST_GAIN = -4.0, 4.0
_STRUCK_ODDS, _STRUCK_RISE = -1.5, 0.2
"""Log odds, and rise as part of the song's usual one, from which a beat is struck, not only
continued."""

_UNSURE, _AS_STRONG = 0.5, 0.7
"""Confidence of beats under which strokes tell how much lies between them, and how much of a
beat's rise half-way to the next is as good as a beat: none of 101 songs made here that are
counted as they were made has both, of those at half their tempo whose beats are unsure half."""
_FAR_LIGHTER = 0.5
"""How much of the others' rise every second beat has where it may lie between the beats: of 39
made songs that are counted twice as fast 11 are named so that nothing else names, of 62 that are
counted right four, of the 34 annotated ones none."""
_PARTS = 4
"""Of the bands, which weigh alike: a bass drum and a hat are one stroke each."""
_SURE_BARS = 2.0
"""Nepers a bar that make two thirds of all confidence in bars: of 34 annotated songs, those whose
1s were found have 2.1 and more but for two, those that hide them under 1.8."""


_ODDS: WeakKeyDictionary[Sound, Activation] = WeakKeyDictionary()
"""Of sounds that were tracked and are still at hand: a tempo that a song lacks is asked for once
it was found lacking."""


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
    doubtful : float
        Share of the best level's gain from which on another level is worth a word.
    """

    likely_bpm: float = 100.0
    spread_octaves: float = 0.6
    near: float = 0.08
    doubtful: float = 0.8

    def track(self, sound: Sound, *, bpm: float | None = None, metre: int | None = None) -> Tracked:
        """Beats and bars of a sound at `RATE`, near `bpm` and in bars of `metre` if given."""
        sounds = hear(sound)
        heard = _ODDS[sound] = activation(sounds)
        gains = gains_of(heard.beat)
        prior = self.prior(bpm)
        found = find_beats(gains, prior).frames
        found = found if bpm else settled(found, gains, heard, prior)
        frames = found[_from_first_to_last(heard.beat, sounds, found)]
        if len(frames) < FEWEST_BEATS:
            return Tracked()
        beats_s = times_s(refined(frames, heard.beat))
        inside = np.diff(beats_s, prepend=-1.0) > 0
        inside &= (beats_s > -1.0 / RATE_HZ) & (beats_s <= sound.duration_s)
        beats_s = np.maximum(beats_s[inside], 0.0)
        at = np.round((beats_s + LEAD_S) * RATE_HZ).astype(np.int64)
        bars = find_bars(one_odds(heard, at), (metre,) if metre else METRES)
        # Any sound starts and stops: the first and last beats do not tell whether it has more.
        sure = float((1 / (1 + np.exp(-peak(heard.beat, at[1:-1])))).mean())
        doubt = 0.0 if bpm else self._rival_bpm(gains, beats_s)
        if not bpm and not doubt:
            doubt = _struck_rival_bpm(sounds, at, beats_s, sure)
        bars_sure = 1.0 - float(np.exp(-bars.margin / _SURE_BARS))
        return Tracked(beats_s, bars.numbers, bars.metre, sure, doubt, bars_sure)

    def prior(self, bpm: float | None) -> Float32:
        """Log weight of each length of a beat."""
        tempi = 60.0 * RATE_HZ / np.arange(SHORTEST, LONGEST + 1)
        away = np.log2(tempi / (bpm or self.likely_bpm))
        prior = -0.5 * (away / self.spread_octaves) ** 2
        if bpm:
            # Whole frames are up to 4 % apart.
            prior[np.abs(away) > np.log2(1.0 + self.near)] = _NEVER
        return np.asarray(prior, np.float32)

    def _rival_bpm(self, gains: Float32, beats_s: Float64) -> float:
        """Tempo of the level that would gain nearly as much; 0 if there is none."""
        place = (beats_s + LEAD_S) * RATE_HZ
        best = self.doubtful * _gain(gains, place)
        rival_bpm = 0.0
        bpm = 60.0 / float(np.median(np.diff(beats_s)))
        longer = [(part, place[first::part]) for part in (2, 3) for first in range(part)]
        count = np.arange(len(place))
        shorter = [
            (1 / parts, np.interp(np.arange(0, len(place) - 1, 1 / parts), count, place))
            for parts in (2, 3)
        ]
        for times, others in longer + shorter:
            gain = _gain(gains, others)
            if gain > best and 60.0 * RATE_HZ / LONGEST < bpm / times < 60.0 * RATE_HZ / SHORTEST:
                best, rival_bpm = gain, bpm / times
        return rival_bpm


def beats_at(sound: Sound, bpm: float) -> Float64:
    """Beats (B,) in s at a tempo that a person gave, on the strokes that fit it, all song long.

    Empty where hardly one is struck, or the bar pointer has no beat as long or as short as that.
    """
    prior = PulseTracker(near=_HELD).prior(bpm)
    if prior.max() <= _NEVER:
        return np.zeros(0)
    heard = _ODDS.get(sound) or activation(hear(sound))
    frames = find_beats(gains_of(heard.beat), prior).frames
    within = frames[1:-1]  # any sound starts and stops
    if not (peak(heard.beat, within) > _STRUCK_ODDS).sum() > _LEAST_STRUCK * len(within):
        return np.zeros(0)
    beats_s = times_s(refined(frames, heard.beat))
    return beats_s[(np.diff(beats_s, prepend=-1.0) > 0) & (beats_s >= 0)]


def track(sound: Sound, *, bpm: float | None = None, metre: int | None = None) -> Tracked:
    """Track with the default options: what the registry names ``pulse``."""
    return PulseTracker().track(sound, bpm=bpm, metre=metre)


def gains_of(beat: Float32) -> Float32:
    """What a beat at each frame gains a path, of the network's log odds (n,)."""
    return np.clip(beat - _EVEN_ODDS, _LEAST_GAIN, _MOST_GAIN)


def _gain(gains: Float32, place: Float64) -> float:
    return float(peak(gains, np.round(place).astype(np.int64)).sum())


def _struck_rival_bpm(sounds: Heard, at: Int64, beats_s: Float64, sure: float) -> float:
    """Half or twice the tempo, where strokes on and between the beats speak for it; else 0."""
    bpm = 60.0 / float(np.median(np.diff(beats_s)))
    others = [_strength(sounds, at[first::2], at[1 - first :: 2]) for first in (0, 1)]
    if min(others) < _FAR_LIGHTER and bpm / 2 > 60.0 * RATE_HZ / LONGEST:
        return bpm / 2
    between = _strength(sounds, (at[1:] + at[:-1]) // 2, at)
    if sure < _UNSURE and between > _AS_STRONG and 2 * bpm < 60.0 * RATE_HZ / SHORTEST:
        return 2 * bpm
    return 0.0


def _strength(sounds: Heard, frames: Int64, beats: Int64) -> float:
    """How much sounds rise at some frames, as part of their rise at beats."""
    rises = [part.mean(axis=1) for part in np.array_split(sounds.rises, _PARTS, axis=1)]
    shares = [peak(rise, frames).mean() / max(peak(rise, beats).mean(), 1e-9) for rise in rises]
    return float(np.mean(shares))


def _from_first_to_last(beat: Float32, sounds: Heard, frames: Int64) -> slice:
    """The beats from the first to the last that is struck; others continue into silence."""
    rises = peak(np.minimum(sounds.rises, 1.0).mean(axis=1), frames)
    struck = (peak(beat, frames) > _STRUCK_ODDS) & (rises > _STRUCK_RISE * np.median(rises))
    at = np.flatnonzero(struck)
    return slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0)
