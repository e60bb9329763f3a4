"""How much each frame sounds like a beat, and each beat like a 1, from what is heard.

Both are log odds without training: what rises above its surroundings is a beat, and what
changes its chord or bass, or strikes low, more than the song's other beats is a 1.
"""

import numpy as np

from danceit.audio.counts.heard import RATE_HZ, Heard
from danceit.data import Float32, Float64, Int64

_MOST_RISE = 3.0
"""Nepers above which a rise says no more: that of a stroke out of silence has no bounds."""
_AROUND_S = 2.0
_LOW_BANDS = 8
"""Bands below 150 Hz."""


def rise_of(heard: Heard) -> Float32:
    """Mean rise of all bands, less that of the seconds around it, in deviations (n,)."""
    from scipy.ndimage import uniform_filter1d

    rise = np.minimum(heard.rises, _MOST_RISE).mean(axis=1)
    rise = rise - uniform_filter1d(rise, 2 * int(_AROUND_S * RATE_HZ / 2) + 1)
    deviation = float(rise.std())
    return np.asarray(rise / deviation if deviation > 0 else rise, np.float32)


def beat_gains(rise: Float32) -> Float32:
    """Log odds that each frame is a beat (n,)."""
    return np.asarray(np.clip(1.2 * rise - 1.0, -4.0, 6.0), np.float32)


def one_odds(heard: Heard, frames: Int64) -> Float64:
    """Log odds that each beat (B,), given by its frame, is a 1."""
    low = np.minimum(heard.rises[:, :_LOW_BANDS], _MOST_RISE).mean(axis=1)
    change = heard.changes.mean(axis=1)
    return 0.7 * (_standard(low[frames]) + _standard(change[frames])) - 0.8


def _standard(values: Float32) -> Float64:
    wide = values.astype(np.float64)
    deviation = float(wide.std())
    return (wide - wide.mean()) / deviation if deviation > 0 else np.zeros_like(wide)
