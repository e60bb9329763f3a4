"""The tempo that a song keeps, and which of its levels is counted.

Beats are first found wherever they fit. Two things are known only then, of the whole song:

- *Its own tempo.* A song that was steady for minutes does not fall to two thirds of its pace
  because its drums rest, so beats are found again with the tempi that it was heard at most
  as a prior. A tempo elsewhere costs at most `_FAR` a beat: what changes its pace, or
  drifts, may still do so.
- *Its level.* Half and twice that tempo are tried, and the level counts that explains most:
  beats, bars, how readily people count at its pace (van Noorden and Moelants, JNMR 1999), and
  that dancers count in four what goes in twos at half the pace (jive, quickstep).
"""

from dataclasses import dataclass

import numpy as np

from danceit.audio.counts.activation import Activation, one_odds, peak
from danceit.audio.counts.bar_pointer import LONGEST, SHORTEST, find_bars, find_beats
from danceit.audio.counts.heard import RATE_HZ
from danceit.data import Float32, Float64, Int64

_FEWEST = 8
"""Beats from which a song has a tempo of its own."""
_LIKELY_BPM, _SPREAD_OCTAVES = 100.0, 0.55
"""Pace at which people count most readily. 0.5 to 0.6 octaves choose the same levels for 34
annotated songs."""
_IN_TWOS = 2.0
"""Nepers a beat that bars of two cost beside other levels. From 1.7 on it chooses the same."""
_FAR = 1.5
"""Most that another tempo than the song's own costs a beat, in nepers."""
_ALIKE_OCTAVES = 0.06
"""Deviation of beats that are of one tempo: 4 %."""
_SAME_LEVEL_OCTAVES = 0.4
_TEMPI_BPM = (46.0, 245.0)
"""Between them levels are tried."""
_MADE_OF_TWO_BPM = 100.0
"""Half of a slower pace is not counted."""


@dataclass(frozen=True)
class _Kept:
    """Frames from beat to beat (B - 1,), how much each says of the tempo, and the tempo."""

    periods: Int64
    weights: Float64
    bpm: float


def settled(first: Int64, gains: Float32, heard: Activation, prior: Float32) -> Int64:
    """Beats at the tempo that a song keeps and the level that is counted.

    Parameters
    ----------
    first : int64 (B,)
        Frames of the beats as they were found at any tempo.
    gains : float32 (n,)
        As for `find_beats`.
    heard : Activation
    prior : float32
        As for `find_beats`; the song's own tempo comes on top.
    """
    if len(first) <= _FEWEST:
        return first
    kept = _tempo_of(first, gains)
    best, most = first, -np.inf
    for times in (1.0, 0.5, 2.0):
        if not _worth_trying(times, kept, first, gains):
            continue
        beats = find_beats(gains, prior + _own(kept, times)).frames
        explained = _explained(beats, gains, heard)
        if explained > most:
            best, most = beats, explained
    return best


def _tempo_of(beats: Int64, gains: Float32) -> _Kept:
    """Tempo at which most of a song was heard; where no beat sounds, intervals say little."""
    periods = np.diff(beats)
    sounds = peak(gains, beats).astype(np.float64)
    weights = periods / (1.0 + np.exp(-0.5 * (sounds[1:] + sounds[:-1])))
    lengths = np.arange(SHORTEST, LONGEST + 1)
    commonest = int(lengths[_heights(lengths, periods, weights).argmax()])
    near = np.abs(np.log2(periods / commonest)) < 2 * _ALIKE_OCTAVES
    period = float(np.average(periods[near], weights=weights[near]))
    same = np.abs(np.log2(periods / period)) < _SAME_LEVEL_OCTAVES
    return _Kept(periods[same], weights[same], 60.0 * RATE_HZ / period)


def _heights(lengths: Int64, periods: Float64 | Int64, weights: Float64) -> Float64:
    """How much of a song goes at beats of each length (L,)."""
    apart = np.log2(lengths[:, None] / periods) / _ALIKE_OCTAVES
    return np.asarray((weights * np.exp(-0.5 * apart**2)).sum(axis=1))


def _own(kept: _Kept, times: float) -> Float32:
    """Log weight of each length of a beat, at a level so many times as fast."""
    lengths = np.arange(SHORTEST, LONGEST + 1)
    heights = _heights(lengths, kept.periods / times, kept.weights)
    own = np.log(np.maximum(heights / heights.max(), 1e-9))
    return np.asarray(np.maximum(own, -_FAR), np.float32)


def _worth_trying(times: float, kept: _Kept, beats: Int64, gains: Float32) -> bool:
    bpm = times * kept.bpm
    if times < 1 and kept.bpm < _MADE_OF_TWO_BPM:
        return False
    if times > 1:
        between = (beats[1:] + beats[:-1]) // 2
        if float(peak(gains, between).mean()) < 0:
            return False
    return _TEMPI_BPM[0] < bpm < _TEMPI_BPM[1]


def _explained(beats: Int64, gains: Float32, heard: Activation) -> float:
    """Log odds of beats and their bars, with what speaks for and against counting so."""
    bars = find_bars(one_odds(heard, beats))
    bpm = 60.0 * RATE_HZ / float(np.median(np.diff(beats)))
    ready = -0.5 * (np.log2(bpm / _LIKELY_BPM) / _SPREAD_OCTAVES) ** 2
    in_twos = _IN_TWOS if bars.metre == 2 else 0.0
    return float(peak(gains, beats).sum() + bars.log_odds + len(beats) * (ready - in_twos))
