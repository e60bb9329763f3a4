"""What the pulse tracker hears: loudness by band, its rise, and changes of harmony.

Conventions
-----------
Frame k is centred at ``k / RATE_HZ - LEAD_S`` seconds: half a second of silence is put
before and after the song, so that its first and last strokes rise and fall as all others do.
Nothing here depends on how loud a song is, or (but for its floor) on how it is equalised.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from danceit.audio.decoding import RATE, Sound
from danceit.audio.stretches import numbered, stretch, windows
from danceit.data import Float32, Float64

RATE_HZ = 50
"""Frames a second: a beat's place is found between frames, by a parabola through its peak."""
LEAD_S = 0.5
BANDS = 30
"""Bands of equal ratio, about three and a half an octave."""
REACHES_S = (0.2, 0.5, 1.2)
"""Stretches before and after a frame whose chords, and whose basses, are compared."""
WIDTH = 2 * BANDS + 2 * len(REACHES_S)
"""Columns: level and rise of each band, change of chord and of bass over each reach."""

_HOP = RATE // RATE_HZ
_WINDOW = 1024
_BANDS_HZ = (30.0, 11_000.0)
_FLOOR = 1e-6
"""Power, of the song's mean, below which a band is as good as silent."""
_LOW_WINDOW = 1024
_LOW_HOP = 240
_LOW_RATE = RATE // 4
_CHROMA_HZ = (110.0, 1800.0)
_BASS_HZ = (40.0, 220.0)
_BLOCK = 512


@dataclass(frozen=True)
class Heard:
    """Features (n, WIDTH) float32 of a sound at `RATE_HZ`, as the module says."""

    features: Float32

    @property
    def levels(self) -> Float32:
        """Log power of each band, in nepers over its mean (n, BANDS)."""
        return self.features[:, :BANDS]

    @property
    def rises(self) -> Float32:
        """How much louder each band is than a frame ago (n, BANDS)."""
        return self.features[:, BANDS : 2 * BANDS]

    @property
    def changes(self) -> Float32:
        """Change of chord, then of bass, over each reach: 0 none, 1 all (n, 2 x reaches)."""
        return self.features[:, 2 * BANDS :]


def hear(sound: Sound) -> Heard:
    """Features of a sound at `RATE`."""
    lead = round(LEAD_S * RATE)
    n_frames = (sound.samples.size + 2 * lead) // _HOP + 1
    before = lead + _WINDOW // 2
    features = np.empty((n_frames, WIDTH), np.float32)
    power = _powers(sound.samples, before, n_frames)
    mean = float(power.mean())
    level = np.log(power / mean + _FLOOR) if mean > 0 else np.zeros_like(power)
    features[0, BANDS : 2 * BANDS] = 0
    np.maximum(np.diff(level, axis=0), 0.0, out=features[1:, BANDS : 2 * BANDS])
    inside = level[lead // _HOP : max(lead // _HOP + 1, n_frames - lead // _HOP)]
    features[:, :BANDS] = level - inside.mean(axis=0)
    features[:, 2 * BANDS :] = _changes(sound.samples, before, n_frames)
    return Heard(features)


def times_s(frames: Float64) -> Float64:
    """Seconds of the song at frames, fractions allowed."""
    return np.asarray(frames / RATE_HZ - LEAD_S, np.float64)


def _changes(samples: Float32, before: int, n_frames: int) -> Float32:
    """Changes of chord and bass, found at half the frames from a quarter of the samples."""
    n_low = n_frames // 2 + 1
    columns = []
    for parts in _chords(samples, before, n_low):
        total = np.zeros((len(parts) + 1, parts.shape[1]), np.float64)
        np.cumsum(parts, axis=0, out=total[1:])
        for reach_s in REACHES_S:
            columns.append(_novelty(total, round(reach_s * _LOW_RATE / _LOW_HOP)))
    low_rate = np.stack(columns, axis=1)
    changes = np.empty((2 * n_low, low_rate.shape[1]), np.float32)
    changes[::2] = low_rate
    changes[1:-1:2] = 0.5 * (low_rate[1:] + low_rate[:-1])
    changes[-1] = low_rate[-1]
    return changes[:n_frames]


def _novelty(total: Float64, reach: int) -> Float64:
    """One less the cosine of the sums over `reach` frames after and before each frame."""
    n_frames = len(total) - 1
    here = np.arange(n_frames)
    before = total[here] - total[np.maximum(here - reach, 0)]
    after = total[np.minimum(here + reach, n_frames)] - total[here]
    dot = np.einsum("ij,ij->i", before, after)
    size = np.einsum("ij,ij->i", before, before) * np.einsum("ij,ij->i", after, after)
    alike = dot / np.sqrt(np.maximum(size, 1e-30))
    return np.where(size > 1e-20 * total[-1].max() ** 4, 1.0 - alike, 0.0)


def _powers(samples: Float32, before: int, n_frames: int) -> Float32:
    """Power in bands (n, BANDS), in blocks that stay in the processor's cache."""
    import scipy.fft

    shape, bank = np.hanning(_WINDOW + 1)[:-1].astype(np.float32), _band_bank()
    powers = np.empty((n_frames, BANDS), np.float32)
    for frames in numbered(n_frames, _BLOCK):
        part = windows(samples, _WINDOW, _HOP, -before, frames)
        parts = scipy.fft.rfft(part * shape, axis=1).view(np.float32)
        parts *= parts
        powers[slice(*frames)] = parts @ bank
    return powers


def _chords(samples: Float32, before: int, n_low: int) -> tuple[Float32, Float32]:
    """Pitch classes (n, 12), and magnitudes of the bass (n, bins).

    Of square roots of magnitudes, so that one loud note is not all.
    """
    import scipy.fft

    shape = np.hanning(_LOW_WINDOW + 1)[:-1].astype(np.float32)
    top = round(_CHROMA_HZ[1] * _LOW_WINDOW / _LOW_RATE) + 1
    first, last = (round(hz * _LOW_WINDOW / _LOW_RATE) for hz in _BASS_HZ)
    chroma = np.empty((n_low, 12), np.float32)
    bass = np.empty((n_low, last - first), np.float32)
    # Their middles are those of the other windows.
    before += 4 * _LOW_WINDOW // 2 - _WINDOW // 2
    for frames in numbered(n_low, _BLOCK):
        start, stop = frames[0] * _LOW_HOP, (frames[1] - 1) * _LOW_HOP + _LOW_WINDOW
        part = windows(
            _quarter(samples, start, stop, before),
            _LOW_WINDOW,
            _LOW_HOP,
            0,
            (0, frames[1] - frames[0]),
        )
        found = np.sqrt(np.abs(scipy.fft.rfft(part * shape, axis=1)[:, :top]))
        chroma[slice(*frames)] = found @ _pitch_bank()
        bass[slice(*frames)] = found[:, first:last]
    return chroma, bass


def _quarter(samples: Float32, start: int, stop: int, before: int) -> Float32:
    """Every fourth sample behind a short low-pass, from `start` to `stop`.

    Number k stands for the samples around ``4 k - before``.
    """
    # Each halving looks two samples back and finds nothing for its first.
    part = stretch(samples, 4 * start - 8 - before, 4 * stop + 8 - before)
    return _halved(_halved(part))[2 : 2 + stop - start]


def _halved(samples: Float32) -> Float32:
    """Every second sample behind the low-pass (1, 3, 3, 1) / 8."""
    n_half = samples.size // 2 - 1
    even, odd = samples[: 2 * n_half + 2 : 2], samples[1 : 2 * n_half + 2 : 2]
    half = np.zeros(n_half + 1, np.float32)
    half[1:] = 3 * (even[1:] + odd[:-1]) + even[:-1] + odd[1:]
    half /= 8
    return half


@cache
def _band_bank() -> Float32:
    """Triangles of equal ratio over bins, real and imaginary parts apart (2 x bins, BANDS)."""
    hz = np.arange(_WINDOW // 2 + 1) * RATE / _WINDOW
    centres = np.geomspace(*_BANDS_HZ, BANDS)
    place = np.interp(np.log(np.maximum(hz, 1.0)), np.log(centres), np.arange(BANDS))
    triangles = np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(BANDS)))
    triangles[(hz < 20.0) | (hz > _BANDS_HZ[1] * 1.05)] = 0.0
    # A band that no bin falls into hears its two neighbours in proportion.
    for band in np.flatnonzero(triangles.sum(axis=0) < 0.5):
        near = centres[band] * _WINDOW / RATE
        below = int(near)
        triangles[below, band] = 1.0 - (near - below)
        triangles[below + 1, band] = near - below
    triangles /= triangles.sum(axis=0)
    return np.repeat(triangles, 2, axis=0).astype(np.float32)


@cache
def _pitch_bank() -> Float32:
    """Share of each bin in the pitch classes around it (bins, 12)."""
    top = round(_CHROMA_HZ[1] * _LOW_WINDOW / _LOW_RATE) + 1
    hz = np.arange(top) * _LOW_RATE / _LOW_WINDOW
    pitch = 12 * np.log2(np.maximum(hz, 1.0) / 440.0)
    distance = np.abs((pitch[:, None] - np.arange(12) + 6) % 12 - 6)
    inside = (hz >= _CHROMA_HZ[0]) & (hz <= _CHROMA_HZ[1])
    return np.asarray(np.maximum(0.0, 1.0 - distance) * inside[:, None], np.float32)
