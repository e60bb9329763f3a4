"""The tempo that a song keeps, and which of its levels is counted.

Beats are first found wherever they fit. Two things are known only then, of the whole song:

- *Its own tempo.* A song that was steady for minutes does not fall to two thirds of its pace
  because its drums rest, so beats are found again with the tempi that it was heard at most
  as a prior. A tempo elsewhere costs at most `_FAR` a beat: what changes its pace, or
  drifts, may still do so.
- *Its level.* It is one for the whole song: who counts goes on counting where a drummer plays
  twice as many strokes, so that within a song half, twice, a third or three times its tempo
  costs `_OTHER_LEVEL` a beat. Half and twice that tempo are tried. A beat and the middle
  between it and the next sound alike where both are beats, and the beat sounds far more like
  one where the middle is an eighth (a hi-hat, say); bars, and how readily people count at a
  pace (van Noorden and Moelants, JNMR 1999), count as well. Of bars of three it is asked
  whether they are the two dotted beats of six eighths: heard in eighths, only their 1 sounds
  like a beat (a third of the tempo); heard in quarters, their middle does, which in a waltz is
  no beat, rather than their 2 and 3 (two thirds of it).
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
"""Pace at which people count most readily."""
_ALIKE_ODDS, _ALIKE_WEIGHT = 1.5, 2.0
"""Log odds by which beats sound more like beats than the middles between them where these may
as well be beats, and how much more or less than that weighs: of 57 made and 34 annotated songs
middles that are no beats are mostly 2 and more below, those that are 1.2 and less."""
_LIGHTER_ODDS = 0.3
"""How much more the 1 of a quick waltz stands out, whose 2 and 3 are light, than other beats."""
_BETWEEN = 0.25
"""Part of a beat from which on a faster level's beat lies between slower ones."""
_FAR = 1.5
"""Most that another tempo than the song's own costs a beat, in nepers."""
_OTHER_LEVEL = 6.0
"""What another level of the song's own tempo costs a beat: more than any beat gains."""
_OTHERS = (1 / 3, 1 / 2, 2.0, 3.0)
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
    beats = _at(kept, 1.0, gains, prior)
    if kept.bpm >= _MADE_OF_TWO_BPM and _countable(0.5 * kept.bpm):
        slower = _at(kept, 0.5, gains, prior)
        if _for_faster(slower, beats, _stands_out(slower, beats, heard), heard) < 0:
            return slower
    dotted = _dotted(kept, beats, heard)
    if dotted < 1:
        return _at(kept, dotted, gains, prior)
    middles = (beats[1:] + beats[:-1]) // 2
    if _countable(2.0 * kept.bpm) and float(peak(gains, middles).mean()) > 0:
        faster = _at(kept, 2.0, gains, prior)
        if for_twice_as_fast(beats, faster, heard) > 0:
            return faster
    return beats


def tempo_weights(beats: Int64, gains: Float32) -> Float32:
    """Log weight of each length of a beat, by the tempo at which a song was counted.

    For who goes on counting it; `beats` and `gains` as for `settled`.
    """
    return _own(_tempo_of(beats, gains), 1.0)


def for_twice_as_fast(slower: Int64, faster: Int64, heard: Activation) -> float:
    """What speaks for beats twice as fast as others, in nepers a slower beat; below 0 against.

    For who has both already; `heard` as for `settled`.
    """
    middles = (slower[1:] + slower[:-1]) // 2
    return _for_faster(slower, faster, _stands_out(slower, middles, heard), heard)


def _countable(bpm: float) -> bool:
    return _TEMPI_BPM[0] < bpm < _TEMPI_BPM[1]


def _at(kept: _Kept, times: float, gains: Float32, prior: Float32) -> Int64:
    """Beats at a level so many times as fast as the tempo that was found."""
    lengths = np.arange(SHORTEST, LONGEST + 1)
    octaves = np.log2(lengths * kept.bpm * times / (60.0 * RATE_HZ))
    own = _own(kept, times)
    for level in _OTHERS:
        own[np.abs(octaves - np.log2(level)) < 2 * _ALIKE_OCTAVES] = -_OTHER_LEVEL
    return find_beats(gains, prior + own).frames


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


def _stands_out(slower: Int64, others: Int64, heard: Activation) -> float:
    """By how much slower beats sound more like beats than those others that lie between them.

    Where a song slows down, two levels may beat alike: that tells nothing of its level, and
    where none lies between, infinity says that nothing speaks for more beats.
    """
    places = np.interp(others, slower, np.arange(len(slower)))
    inside = (places > 0) & (places < len(slower) - 1)
    inside &= np.abs(places - np.round(places)) > _BETWEEN
    if not inside.any():
        return float(np.inf)
    before = places[inside].astype(np.int64)
    on = slower[np.union1d(before, before + 1)]
    return float(peak(heard.beat, on).mean() - peak(heard.beat, others[inside]).mean())


def _dotted(kept: _Kept, beats: Int64, heard: Activation) -> float:
    """Part of the tempo at which bars of three are counted in two, as six-eight is; else 1."""
    bars = find_bars(one_odds(heard, beats))
    ones = np.flatnonzero(bars.numbers == 1)
    ones = ones[(ones > 0) & (ones + 3 < len(beats))]
    if bars.metre != 3 or len(ones) < _FEWEST // 3:
        return 1.0
    if _countable(kept.bpm / 3):
        slower = beats[ones]
        stands_out = _stands_out(slower, beats, heard) - _LIGHTER_ODDS
        if _for_faster(slower, beats, stands_out, heard) < 0:
            return 1 / 3
    if _countable(kept.bpm * 2 / 3):
        sounds = peak(heard.beat, beats)
        middles = peak(heard.beat, (beats[ones + 1] + beats[ones + 2]) // 2)
        stands_out = float(middles.mean() - (sounds[ones + 1] + sounds[ones + 2]).mean() / 2)
        slower_bpm = kept.bpm * 2 / 3
        if _ALIKE_WEIGHT * stands_out + _readiness(slower_bpm) - _readiness(kept.bpm) > 0:
            return 2 / 3
    return 1.0


def _for_faster(slower: Int64, faster: Int64, stands_out: float, heard: Activation) -> float:
    """What speaks for faster beats, in nepers a slower beat; below 0 it speaks against.

    `stands_out` is by how much slower beats sound more like beats than those between them.
    """
    barred = [find_bars(one_odds(heard, beats)).log_odds for beats in (slower, faster)]
    ready = [
        _readiness(60.0 * RATE_HZ / float(np.median(np.diff(beats)))) for beats in (slower, faster)
    ]
    return (
        _ALIKE_WEIGHT * (_ALIKE_ODDS - stands_out)
        + (barred[1] - barred[0]) / len(slower)
        + (ready[1] - ready[0])
    )


def _readiness(bpm: float) -> float:
    """Log weight of a pace by how readily people count at it."""
    return float(-0.5 * (np.log2(bpm / _LIKELY_BPM) / _SPREAD_OCTAVES) ** 2)
