"""Onsets, tempo and beats.

Onset strength is the rise of a log-mel spectrogram, as in librosa, but from windows
of 43 ms every 10.4 ms instead of 93 ms every 23 ms: with librosa's defaults, beats of
known click tracks come 16 to 36 ms late, almost a pose frame; from these windows their
median is within 5 ms and nine in ten are within 12 (`tests/audio/test_beats.py`). Tempo
and beats are then librosa's.
"""

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from danceit.audio.decoding import Sound
from danceit.audio.stretches import numbered, windows
from danceit.data import Float32, Float64

HOP = 250
"""Samples between onset frames: four a pose frame. Frame k is centred at (k + 1/2) HOP."""
BANDS_HZ = (200.0, 2000.0)
"""Borders of the low, middle and high band: kick and bass, voices and snare, cymbals."""

_WINDOW = 1024
_N_MELS = 40
_LAG = 2
_RANGE_DB = 80.0
_TEMPOGRAM_S = 8.0
_TEMPOGRAM_STEP = 24
_EARLY = 0.25
"""Part of an onset frame by which the steepest rise precedes a sound's start: the mean
over clicks, drums, noise and chords at 72 to 168 bpm, with and without noise."""
_LOCK_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Onsets:
    """Onset strength at 96 frames a second.

    Attributes
    ----------
    rate : float
        Frames per second.
    broad : float32 (n,)
        Mean rise over all bands, dB: where beats are put.
    steady : float32 (n,)
        Mean and median rise, each in units of its deviation: from which the tempo is
        taken. The median hears only what rises in most bands at once, which keeps
        melodies from blurring the tempo, but is deaf to a bass drum alone.
    bands : float32 (n, 3)
        Mean rise in the low, middle and high band, dB.
    """

    rate: float
    broad: Float32
    steady: Float32
    bands: Float32


@dataclass(frozen=True)
class Beats:
    """Beat times in seconds (B,), increasing, and their mean tempo; none: empty and 0."""

    beats_s: Float64
    tempo_bpm: float


@dataclass(frozen=True)
class Tempogram:
    """Local autocorrelation of onset strength.

    `strength` is (n, L) float32, 1 at lag 0; row i is centred at `i * step_s`; lag l is
    `l * lag_s` seconds.
    """

    strength: Float32
    step_s: float
    lag_s: float


def onsets(sound: Sound) -> Onsets:
    """Onset strength of a sound at `RATE`, whole and by band."""
    from python_speech_features import get_filterbanks

    bank = get_filterbanks(nfilt=_N_MELS, nfft=_WINDOW, samplerate=sound.rate).astype(np.float32)
    decibels = _mel_power(sound.samples, bank)
    np.log10(np.maximum(decibels, 1e-10, out=decibels), out=decibels)
    decibels *= 10
    np.maximum(decibels, decibels.max(initial=-np.inf) - _RANGE_DB, out=decibels)
    peak_hz = bank.argmax(axis=1) * sound.rate / _WINDOW
    band = np.searchsorted(BANDS_HZ, peak_hz)
    count = len(decibels)
    broad, median = np.zeros(count, np.float32), np.zeros(count, np.float32)
    bands = np.zeros((count, 3), np.float32)
    for start, stop in numbered(max(0, count - _LAG), 1 << 14):
        here = slice(start + _LAG, stop + _LAG)
        rise = np.maximum(0.0, decibels[here] - decibels[start:stop])
        broad[here], median[here] = rise.mean(axis=1), np.median(rise, axis=1)
        for b in range(3):
            bands[here, b] = rise[:, band == b].mean(axis=1)
    return Onsets(sound.rate / HOP, broad, _unit(median) + _unit(broad), bands)


def tempogram(onset: Onsets) -> Tempogram:
    """Autocorrelation of onset strength in windows of 8 s, four a second.

    As `librosa.feature.tempogram`, which computes a row for each onset frame: at 96
    a second that alone takes longer than everything else here together.
    """
    import scipy.fft

    width = int(_TEMPOGRAM_S * onset.rate)
    count = -(-onset.steady.size // _TEMPOGRAM_STEP)
    n_fft = scipy.fft.next_fast_len(2 * width - 1, real=True)
    strength = np.empty((count, width), np.float32)
    for rows in numbered(count, 512):
        part = windows(onset.steady, width, _TEMPOGRAM_STEP, -(width // 2), rows)
        spectrum = scipy.fft.rfft(part * _hann(width), n_fft, axis=1)
        correlation = scipy.fft.irfft(np.abs(spectrum) ** 2, n_fft, axis=1)[:, :width]
        strength[slice(*rows)] = correlation / np.maximum(correlation[:, :1], 1e-9)
    return Tempogram(strength, _TEMPOGRAM_STEP / onset.rate, 1 / onset.rate)


def track_beats(onset: Onsets, tempi: Tempogram, *, bpm: float | None = None) -> Beats:
    """Beats by dynamic programming (Ellis 2007) around `bpm`, or the song's likeliest tempo."""
    none = Beats(np.zeros(0), 0.0)
    if not onset.broad.any():
        return none
    librosa = _librosa()
    sr = round(onset.rate * HOP)
    if bpm is None:
        likeliest = librosa.feature.tempo(tg=tempi.strength.T, sr=sr, hop_length=HOP)
        bpm = float(np.atleast_1d(likeliest)[0])
    _, frames = librosa.beat.beat_track(onset_envelope=onset.broad, sr=sr, hop_length=HOP, bpm=bpm)
    if len(frames) < 2:
        return none
    beats_s = (np.asarray(frames, np.float64) + 0.5 + _EARLY) / onset.rate
    # The tempo librosa returns is rounded to whole onset frames; the beats know better.
    tempo_bpm = 60.0 * (len(beats_s) - 1) / (beats_s[-1] - beats_s[0])
    return Beats(beats_s, float(tempo_bpm))


def _mel_power(samples: Float32, bank: Float32) -> Float32:
    """Mel power spectrogram (n, M), n = S // HOP, in blocks that keep memory flat."""
    import scipy.fft

    margin = (_WINDOW - HOP) // 2
    power = np.empty((samples.size // HOP, len(bank)), np.float32)
    shape = _hann(_WINDOW)
    for rows in numbered(len(power), 2048):
        part = windows(samples, _WINDOW, HOP, -margin, rows, mirrored=True)
        spectrum = scipy.fft.rfft(part * shape, axis=1)
        power[slice(*rows)] = (spectrum.real**2 + spectrum.imag**2) @ bank.T
    return power


def _hann(width: int) -> Float32:
    return np.hanning(width + 1)[:-1].astype(np.float32)


def _unit(values: Float32) -> Float32:
    deviation = float(values.std())
    return values / deviation if deviation > 0 else values


@cache
def _librosa() -> Any:
    """Import librosa and run its beat tracker once, one process at a time.

    Importing librosa compiles numba functions into a cache on disk that all processes
    share. Two processes that fill it at once can leave files that do not belong
    together, and one of them dies of a segmentation fault (numba issues 4807, 10128).
    """
    with _alone():
        import librosa

        clicks = np.zeros(512, np.float32)
        clicks[24::48] = 1.0
        librosa.beat.beat_track(onset_envelope=clicks, sr=24_000, hop_length=HOP, bpm=120.0)
        return librosa


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock on librosa's own source file, which stands for its compiled cache.

    A lock in danceit's cache folder would not do: that one can be moved by
    `DANCEIT_CACHE` while numba's stays where it is. Where there is no `fcntl`
    (Windows), on file systems without locks, or when another process has held it
    for five minutes, the import goes on without.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    source = importlib.util.find_spec("librosa")
    if source is None or source.origin is None:
        yield  # the import that follows says what is missing
        return
    with open(source.origin, "rb") as stream:  # closing it gives the lock back
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:
                break
        yield
