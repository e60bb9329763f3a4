"""Pitch classes and timbre of a sound: by which bars and sections are told apart."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from danceit.audio.decoding import Sound
from danceit.audio.stretches import numbered, windows
from danceit.data import Float32, Float64

HOP = 2000
"""Samples between frames: twelve a second, as a chord lasts longer than that."""
_WINDOW = 4096
_CHROMA_HZ = (80.0, 2000.0)
_TIMBRE_HZ = (40.0, 11_000.0)
_BANDS = 20


@dataclass(frozen=True)
class Colour:
    """Frame k is centred at ``k / rate`` seconds.

    Attributes
    ----------
    rate : float
        Frames per second.
    chroma : float32 (n, 12)
        Power of the pitch classes from C, compressed.
    timbre : float32 (n, 20)
        Loudness of bands, log power, lowest first.
    """

    rate: float
    chroma: Float32
    timbre: Float32


def colour(sound: Sound) -> Colour:
    """Pitch classes and timbre of a sound, twelve times a second."""
    import scipy.fft

    frequency = np.arange(_WINDOW // 2 + 1) * sound.rate / _WINDOW
    notes, bands = _pitch_bank(frequency), _band_bank(frequency)
    count = sound.samples.size // HOP + 1
    shape = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    chroma = np.empty((count, 12), np.float32)
    timbre = np.empty((count, _BANDS), np.float32)
    for frames in numbered(count, 512):
        part = windows(sound.samples, _WINDOW, HOP, -_WINDOW // 2, frames)
        spectrum = scipy.fft.rfft(part * shape, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        # Compressed, or one loud note would be the whole chord.
        chroma[slice(*frames)] = np.sqrt(power) @ notes
        timbre[slice(*frames)] = np.log(power @ bands + 1e-6)
    return Colour(sound.rate / HOP, chroma, timbre)


def means_between(rows: Float32, rate: float, edges_s: Float64) -> Float64:
    """Mean of rows (n, F) in each of the stretches between edges (E,): (E - 1, F)."""
    total = np.zeros((len(rows) + 1, rows.shape[1]))
    np.cumsum(rows, axis=0, out=total[1:])
    # Fractions of a frame count, or bars of 1.9 frames would differ from those of 2.1.
    place = np.clip(edges_s * rate + 0.5, 0, len(rows))
    whole = np.minimum(place.astype(np.int64), len(rows) - 1)
    at_edge = total[whole] + (place - whole)[:, None] * rows[whole]
    length = np.maximum(np.diff(place), 1e-9)[:, None]
    return np.asarray(np.diff(at_edge, axis=0) / length, np.float64)


def _pitch_bank(frequency: Float64) -> Float32:
    """Share of each bin in the two pitch classes around it (bins, 12)."""
    inside = (frequency >= _CHROMA_HZ[0]) & (frequency <= _CHROMA_HZ[1])
    pitch = (12 * np.log2(np.maximum(frequency, 1.0) / 440.0) + 9) % 12
    distance = np.abs((pitch[:, None] - np.arange(12) + 6) % 12 - 6)
    # A bin is 5.9 Hz: low ones span several notes and count for less.
    weight = inside * np.minimum(1.0, frequency / 200.0)
    return np.asarray(np.maximum(0.0, 1.0 - distance) * weight[:, None], np.float32)


def _band_bank(frequency: Float64) -> Float32:
    """Mean power of bands of equal ratio (bins, 20)."""
    edges = np.searchsorted(frequency, np.geomspace(*_TIMBRE_HZ, _BANDS + 1))
    bank = np.zeros((len(frequency), _BANDS), np.float32)
    for band, (start, stop) in enumerate(pairwise(edges)):
        stop = max(stop, start + 1)
        bank[start:stop, band] = 1.0 / (stop - start)
    return bank
