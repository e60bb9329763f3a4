"""When in its source each frame of a dance was danced, so that counts fall on counts.

A *run* is a stretch of the song in which one source simply goes on. Its beats are laid on the
song's: through the pairs (second of the song, second of the source) goes a monotone cubic
(PCHIP, Fritsch and Carlson 1980), so that the movement is never reversed, its speed is
continuous within the run, and at every count both are at a count.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import FPS, Float64

_MOST_MOVES = 2000
"""Of counts of one run: one of a hundred beats that all hop takes 400, bars at the limit more."""
_ALMOST = 1e-3
"""Pace by which the limit may be passed: it is approached, not reached."""


@dataclass(frozen=True)
class Knots:
    """Pairs of moments, both increasing: seconds of the song and of the source, (B,) each."""

    song_s: Float64
    source_s: Float64


def knots_of(window_beats_s: Float64, fragment_beats_s: Float64) -> Knots:
    """Pair the counts of a window with those of a fragment, which may be half or twice as many.

    Parameters
    ----------
    window_beats_s : float64 (C + 1,)
        Seconds of the song, with the count after the last.
    fragment_beats_s : float64 (D + 1,)
        Seconds of the source, likewise.
    """
    n_window, n_fragment = len(window_beats_s) - 1, len(fragment_beats_s) - 1
    n_pairs = min(n_window, n_fragment)
    share = np.linspace(0.0, 1.0, n_pairs + 1)
    song_s = np.interp(share * n_window, np.arange(n_window + 1), window_beats_s)
    source_s = np.interp(share * n_fragment, np.arange(n_fragment + 1), fragment_beats_s)
    return Knots(song_s, source_s)


def joined(parts: list[Knots]) -> Knots:
    """Knots of windows in which the source goes on; the count that two share is taken once."""
    song_s = np.concatenate([parts[0].song_s, *(part.song_s[1:] for part in parts[1:])])
    source_s = np.concatenate([parts[0].source_s, *(part.source_s[1:] for part in parts[1:])])
    return Knots(song_s, source_s)


def shown_s(knots: Knots, times_s: Float64) -> Float64:
    """Second of the source shown at each second of the song; beyond the knots at their pace."""
    from scipy.interpolate import PchipInterpolator

    song_s, source_s = knots.song_s, knots.source_s
    if len(song_s) == 2:
        pace = (source_s[1] - source_s[0]) / (song_s[1] - song_s[0])
        return np.asarray(source_s[0] + (times_s - song_s[0]) * pace)
    inside = np.asarray(PchipInterpolator(song_s, source_s)(times_s))
    first = (source_s[1] - source_s[0]) / (song_s[1] - song_s[0])
    last = (source_s[-1] - source_s[-2]) / (song_s[-1] - song_s[-2])
    before, after = times_s < song_s[0], times_s > song_s[-1]
    inside[before] = source_s[0] + (times_s[before] - song_s[0]) * first
    inside[after] = source_s[-1] + (times_s[after] - song_s[-1]) * last
    return inside


def calmed(knots: Knots, widest: float) -> Knots:
    """Move counts between the ends until the movement's pace is bent by no more than `widest`.

    Beats hop where a band does not keep time or a tracker errs. The counts at both ends of
    whatever is too quick or too slow are brought half-way to where an even pace between
    their neighbours would have them, until nothing is; what the ends ask for stays.
    """
    song_s, source_s = knots.song_s, knots.source_s.copy()
    times_s = np.linspace(song_s[0], song_s[-1], _looks(knots))
    for _ in range(_MOST_MOVES if len(song_s) > 2 else 0):
        pace = np.gradient(shown_s(Knots(song_s, source_s), times_s), times_s)
        bent = np.maximum(pace, 1 / np.maximum(pace, 1e-6))
        worst = int(np.argmax(bent))
        if bent[worst] <= widest + _ALMOST:
            break
        after = int(np.searchsorted(song_s[1:-1], times_s[worst], side="right")) + 1
        for i in {max(1, after - 1), min(len(song_s) - 2, after)}:
            even = np.interp(song_s[i], song_s[[i - 1, i + 1]], source_s[[i - 1, i + 1]])
            source_s[i] += (even - source_s[i]) / 2
    return Knots(song_s, source_s)


def _looks(knots: Knots) -> int:
    """At 24 frames a second, as a dance shows it."""
    return max(3, round(float(knots.song_s[-1] - knots.song_s[0]) * FPS) + 1)


def stretch(window_beats_s: Float64, fragment_beats_s: Float64) -> float:
    """How much longer a fragment lasts in a window than it did: 1 leaves it as it was."""
    asked = float(window_beats_s[-1] - window_beats_s[0])
    own = float(fragment_beats_s[-1] - fragment_beats_s[0])
    return asked / own
