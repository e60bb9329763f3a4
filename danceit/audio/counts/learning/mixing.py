"""The mixing desk of the made songs: a room, an equaliser, compression, noise."""

from collections.abc import Callable

import numpy as np

from danceit.audio.decoding import RATE
from danceit.data import Float32

Effect = Callable[[Float32, np.random.Generator], Float32]


def mixed(mix: Float32, rng: np.random.Generator) -> Float32:
    """A room, an equaliser, compression, noise; peak 0.9."""
    effects: tuple[tuple[float, Effect], ...] = (
        (0.7, _room),
        (0.7, _equalised),
        (0.6, _squeezed),
    )
    mix = mix / np.float32(np.abs(mix).max() + 1e-9)
    for share, effect in effects:
        if rng.random() < share:
            mix = effect(mix, rng)
    loud = np.float32(10 ** rng.uniform(-4.5, -1.8))
    mix = mix + loud * rng.standard_normal(mix.size, np.float32)
    return np.asarray(mix * np.float32(0.9 / np.abs(mix).max()), np.float32)


def _room(mix: Float32, rng: np.random.Generator) -> Float32:
    from scipy.signal import oaconvolve

    decay_s = float(np.exp(rng.uniform(np.log(0.05), np.log(0.6))))
    time_s = np.arange(int(3 * decay_s * RATE), dtype=np.float32) / RATE
    answer = rng.standard_normal(time_s.size, np.float32) * np.exp(-time_s / np.float32(decay_s))
    answer *= np.float32(rng.uniform(0.1, 0.7)) / np.sqrt((answer**2).sum())
    wet = oaconvolve(mix, answer)[: mix.size]
    return np.asarray(mix + wet, np.float32)


def _equalised(mix: Float32, rng: np.random.Generator) -> Float32:
    import scipy.fft

    n_fft = scipy.fft.next_fast_len(mix.size, real=True)
    spectrum = scipy.fft.rfft(mix, n_fft)
    octaves = np.log2(np.maximum(np.arange(spectrum.size) * RATE / n_fft, 20.0) / 20.0)
    knots = rng.normal(0, 5.0, 8)
    if rng.random() < 0.2:
        knots[: int(rng.integers(1, 4))] -= 20.0  # small loudspeakers
    if rng.random() < 0.2:
        knots[-int(rng.integers(1, 3)) :] -= 25.0  # old recordings
    curve = 10 ** (np.interp(octaves, np.linspace(0, 9.2, 8), knots) / 20)
    return np.asarray(scipy.fft.irfft(spectrum * curve, n_fft)[: mix.size], np.float32)


def _squeezed(mix: Float32, rng: np.random.Generator) -> Float32:
    drive = np.float32(rng.uniform(1.0, 6.0) / (np.abs(mix).max() + 1e-9))
    return np.asarray(np.tanh(drive * mix), np.float32)
