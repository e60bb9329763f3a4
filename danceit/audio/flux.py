"""Spectral flux: how much louder each band became, twice a pose frame.

A waltz shows its bar in the bass alone, so the lowest band stops at 150 Hz; half frames
(1/48 s) are kept apart because at 24 a second a beat of 16.6 frames cannot be told from
one of 16.4. Values are not scaled: whoever uses them divides each band by its mean.
"""

import numpy as np

from danceit.audio.decoding import RATE, Sound
from danceit.audio.stretches import numbered, windows
from danceit.data import FPS, Float32

BANDS_HZ = (30.0, 150.0, 600.0, 3000.0, 12000.0)
"""Edges of the bands, lowest first."""
PER_FRAME = 2
"""Values of each band a pose frame."""
WIDTH = PER_FRAME * (len(BANDS_HZ) - 1)

_WINDOW = 2048
_HOP = RATE // int(FPS) // PER_FRAME
_CHUNK = 1024


def spectral_flux(sound: Sound) -> Float32:
    """Mean rise of log magnitude within each band, of a sound at `RATE`.

    Returns
    -------
    float32 (T, 8)
        T is the sound's length x 24, rounded down; columns are the four bands in the
        first half of the frame, then the four bands in the second.
    """
    import scipy.fft

    n_steps = sound.samples.size // (_HOP * PER_FRAME) * PER_FRAME
    shape = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    frequency = np.arange(_WINDOW // 2 + 1) * RATE / _WINDOW
    edges = np.searchsorted(frequency, BANDS_HZ)
    bands = np.empty((n_steps, len(BANDS_HZ) - 1), np.float32)
    for start, stop in numbered(n_steps, _CHUNK):
        part = windows(
            sound.samples, _WINDOW, _HOP, -_WINDOW // 2, (start, stop + 1), mirrored=True
        )
        loudness = np.log1p(10 * np.abs(scipy.fft.rfft(part * shape, axis=1)))
        rise = np.maximum(0.0, np.diff(loudness, axis=0))
        sums = np.add.reduceat(rise[:, : edges[-1]], edges[:-1], axis=1)
        bands[start : start + len(rise)] = sums / np.diff(edges)
    return bands.reshape(-1, WIDTH)
