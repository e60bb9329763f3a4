"""Counts as something to listen to: a click on every beat, a higher one on the 1."""

import numpy as np

from danceit.counts import Counts
from danceit.data import Float32

BEAT_HZ, ONE_HZ = 880.0, 1760.0
"""An octave apart, so that the 1 is told even on a telephone."""
_LENGTH_S = 0.04
_DECAY_S = 0.008
_LOUDNESS = 0.5


def clicks(counts: Counts, n_samples: int, rate: int) -> Float32:
    """Sound of the counts alone, float32 (n_samples,) at `rate`; each click starts on its beat."""
    samples = np.zeros(n_samples, np.float32)
    t = np.arange(round(_LENGTH_S * rate)) / rate
    shape = _LOUDNESS * np.exp(-t / _DECAY_S)
    for beat_s, number in zip(counts.beats_s, counts.numbers, strict=True):
        start = round(float(beat_s) * rate)
        room = samples[max(start, 0) : start + t.size]
        hertz = ONE_HZ if number == 1 else BEAT_HZ
        click = (shape * np.sin(2 * np.pi * hertz * t)).astype(np.float32)
        room += click[: room.size]
    return samples
