"""Which level of a song is counted, decided anew while it is heard.

Every `DECIDED_S` the rule that counts a song that is known (`danceit.audio.counts.levels`) is
asked about all that is remembered. Where it says another level than the one at hand, what
speaks for that is summed up over the decisions; the level is changed when that is enough. The
forward pass is then done again, at the tempo that was found. Who has counted at a level for
long does not doubt it so soon.
"""

import numpy as np

from danceit.audio.counts.activation import Activation
from danceit.audio.counts.bar_pointer import Forward, find_beats
from danceit.audio.counts.heard import RATE_HZ
from danceit.audio.counts.levels import for_twice_as_fast, settled, tempo_weights
from danceit.audio.counts.pulse import gains_of
from danceit.data import Float32, Int64

DECIDED_S = 2.0
"""Seconds between two decisions."""
OTHERWISE = 0.2
"""Octaves by which beats come at another pace, and not at one that drifts."""
_FEWEST = 4
_ENOUGH, _ENOUGH_SOON = 2.0, 0.5
"""Nepers a beat that must speak for another level, in all; and while it is new."""
_NEW_S = 10.0
"""Seconds that a level is new."""
_ELSE = 1.4
"""What speaks, at each decision, for a level that is neither half nor twice the one at hand."""
_LEANING = 0.4
"""Nepers a beat by which another level must fit better to be spoken for at all: many songs
lean to a level beside the one that is counted, and may as well be danced at it."""


class Deciding:
    """Keeps the forward pass of a song at the level that is counted.

    Parameters
    ----------
    prior : float32
        As for `Forward`; without what is known of the song.
    kept : int
        Frames that are remembered.
    """

    def __init__(self, prior: Float32, kept: int) -> None:
        self._prior, self._kept = prior, kept
        self._decided = self._began = 0
        """Frames at the last decision, and at the last change of level."""
        self._spoken = 0.0

    def decided(self, forward: Forward, heard: Activation) -> Forward:
        """Return the pass to go on with: `forward`, or one at the song's own tempo.

        `heard` are the log odds of the frames that `forward` remembers.
        """
        if forward.n_frames - self._decided < DECIDED_S * RATE_HZ:
            return forward
        self._decided = forward.n_frames
        gains = gains_of(heard.beat)
        beats = settled(find_beats(gains, self._prior).frames, gains, heard, self._prior)
        now = forward.path().frames - forward.first
        now = now[now >= 0]
        if min(len(beats), len(now)) < _FEWEST:
            return forward
        faster = float(np.log2(np.median(np.diff(now)) / np.median(np.diff(beats))))
        if abs(faster) > OTHERWISE:
            self._spoken = max(0.0, self._spoken + _speaks(beats, now, faster, heard) - _LEANING)
            new = forward.n_frames - self._began < _NEW_S * RATE_HZ
            if self._spoken < (_ENOUGH_SOON if new else _ENOUGH):
                return forward
            self._began = forward.n_frames
        self._spoken = 0.0
        return self._again(forward, gains, beats)

    def _again(self, forward: Forward, gains: Float32, beats: Int64) -> Forward:
        again = Forward(self._prior + tempo_weights(beats, gains), self._kept)
        again.first = forward.first
        again.extend(gains)
        return again


def _speaks(beats: Int64, now: Int64, faster: float, heard: Activation) -> float:
    """What speaks for `beats` rather than those at hand, which are slower by so many octaves."""
    if abs(abs(faster) - 1.0) > OTHERWISE:
        return _ELSE
    if faster > 0:
        return for_twice_as_fast(now, beats, heard)
    return -for_twice_as_fast(beats, now, heard)
