"""Where the 1 is, for beats whose bars are not known: the bass and the chord say it.

A bar begins where a low drum or a bass note falls and the harmony changes; of all the
places the 1 could be, the one with the strongest such accents in the mean is taken.
"""

import numpy as np

from danceit.audio.beats import onsets
from danceit.audio.counts.colour import colour, means_between
from danceit.audio.decoding import Sound
from danceit.data import Float64

_NEAR_S = 0.04
"""Seconds on each side of a beat within which its stroke may lie."""


def accents(sound: Sound, beats_s: Float64) -> Float64:
    """How much each beat sounds like a 1 (B,), in deviations of the song's beats."""
    from scipy.ndimage import maximum_filter1d

    onset = onsets(sound)
    low = maximum_filter1d(onset.bands[:, 0], 2 * round(_NEAR_S * onset.rate) + 1)
    held = np.clip(np.round(beats_s * onset.rate - 0.5), 0, len(low) - 1).astype(int)
    heard = colour(sound)
    last_s = beats_s[-1] + np.diff(beats_s).mean() if beats_s.size > 1 else sound.duration_s
    chords = means_between(heard.chroma, heard.rate, np.append(beats_s, last_s))
    chords /= np.linalg.norm(chords, axis=1, keepdims=True) + 1e-9
    change = np.zeros(beats_s.size)
    change[1:] = 1.0 - np.sum(chords[1:] * chords[:-1], axis=1)
    return _standard(low[held].astype(np.float64)) + _standard(change)


def first_one(accent: Float64, metre: int) -> int:
    """Index, below `metre`, of the first beat that is a 1."""
    means = [accent[start::metre].mean() if start < accent.size else -np.inf
             for start in range(metre)]  # fmt: skip
    return int(np.argmax(means))


def _standard(values: Float64) -> Float64:
    deviation = float(values.std())
    return (values - values.mean()) / deviation if deviation > 0 else np.zeros_like(values)
