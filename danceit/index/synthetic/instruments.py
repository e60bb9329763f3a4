"""Instruments made from arithmetic: wavetable voices and noise drums.

A pitched voice cross-fades from a bright to a dark single-cycle table, which is a
closing low-pass filter at the price of two table look-ups; the harmonics above half
the sample rate are left out of the tables, so nothing aliases. Every function
returns one mono note, float64 (S,), at `RATE`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from danceit.data import Float64

RATE = 44100
_TABLE = 2048


@dataclass(frozen=True)
class Voice:
    """How a pitched instrument sounds.

    `rolloff` is the power by which harmonics fall off, `bright_hz` and `dark_hz` the
    low-pass corner at the start and at the end of `close_s`; `even` scales the even
    harmonics (0 is hollow, like a clarinet); `detune_cents` holds one entry for each
    voice sounding together.
    """

    rolloff: float
    bright_hz: float
    dark_hz: float
    close_s: float
    attack_s: float
    decay_s: float
    sustain: float
    release_s: float
    even: float = 1.0
    detune_cents: tuple[float, ...] = (0.0,)
    vibrato_cents: float = 0.0
    drop_semitones: float = 0.0
    """The note starts this much above its pitch and falls to it, as an 808's bass does."""


VOICES = {
    "strings": Voice(1.1, 2400, 1300, 0.4, 0.045, 0.3, 0.7, 0.18, 1.0, (-9, -3, 4, 10), 7.0),
    "harp": Voice(1.3, 5200, 700, 0.35, 0.003, 0.55, 0.0, 0.25),
    "cello": Voice(1.1, 1800, 420, 0.3, 0.006, 0.5, 0.12, 0.15, 1.0, (-3, 3)),
    "violin": Voice(1.0, 4200, 3000, 0.6, 0.05, 0.4, 0.8, 0.16, 0.8, (-4, 4), 16.0),
    "disco strings": Voice(1.0, 3200, 1700, 0.3, 0.02, 0.2, 0.7, 0.12, 1.0, (-14, -5, 5, 13), 10.0),
    "stab": Voice(0.9, 5200, 900, 0.12, 0.004, 0.16, 0.25, 0.07, 1.0, (-8, 8)),
    "disco bass": Voice(1.0, 1700, 320, 0.12, 0.003, 0.2, 0.45, 0.04),
    "guitar": Voice(0.8, 6800, 1800, 0.05, 0.002, 0.07, 0.0, 0.03, 0.7),
    "keys": Voice(2.0, 2400, 700, 0.4, 0.004, 0.9, 0.25, 0.2, 0.35, (-2, 2), 3.0),
    "bell": Voice(1.6, 5000, 1500, 0.5, 0.003, 0.6, 0.0, 0.3, 0.2),
    "sub": Voice(3.2, 300, 110, 0.2, 0.004, 0.8, 0.55, 0.08, 0.5, drop_semitones=7.0),
}


def midi_hz(midi: float) -> float:
    """Frequency of a MIDI note in equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((midi - 69.0) / 12.0))


def sing(voice: Voice, midi: int, length_s: float) -> Float64:
    """One note, held for `length_s` and then released."""
    hz = midi_hz(midi)
    n_samples = int((length_s + voice.release_s) * RATE)
    time_s = np.arange(n_samples) / RATE
    bright = _table(hz, voice.rolloff, voice.bright_hz, voice.even)
    dark = _table(hz, voice.rolloff, voice.dark_hz, voice.even)
    opening = np.exp(-time_s / voice.close_s)
    bend = 100 * voice.drop_semitones * np.exp(-time_s / 0.025)
    if voice.vibrato_cents:
        bend += voice.vibrato_cents * np.sin(2 * np.pi * 5.3 * time_s) * (1 - opening)
    cycles = np.cumsum(hz * 2.0 ** (bend / 1200.0)) / RATE
    note = np.zeros(n_samples)
    for number, cents in enumerate(voice.detune_cents):
        turned = cycles * (_TABLE * 2.0 ** (cents / 1200.0)) + 0.37 * _TABLE * number
        position = turned.astype(np.int32) & (_TABLE - 1)
        note += dark[position] + opening * (bright - dark)[position]
    note *= _envelope(voice, length_s, n_samples) / np.sqrt(len(voice.detune_cents))
    return note


def _table(hz: float, rolloff: float, corner_hz: float, even: float) -> Float64:
    """One period with harmonics h**-rolloff behind a second-order low-pass at `corner_hz`."""
    harmonic = np.arange(1, max(2, min(_TABLE // 4, int(0.45 * RATE / hz))))
    gain = harmonic**-rolloff / np.sqrt(1.0 + (harmonic * hz / corner_hz) ** 4)
    gain[1::2] *= even
    spectrum = np.zeros(_TABLE // 2 + 1, dtype=np.complex128)
    spectrum[harmonic] = -0.5j * _TABLE * gain
    table: Float64 = np.fft.irfft(spectrum)
    return table


def _envelope(voice: Voice, length_s: float, n_samples: int) -> Float64:
    """Attack, exponential decay to the sustained level, exponential release."""
    time_s = np.arange(n_samples) / RATE
    level = voice.sustain + (1 - voice.sustain) * np.exp(-time_s / voice.decay_s)
    level *= np.minimum(1.0, time_s / voice.attack_s)
    released_s = np.maximum(0.0, time_s - length_s)
    fade = np.clip((time_s[-1] - time_s) / 0.01, 0.0, 1.0) if n_samples else 1.0
    return np.asarray(level * np.exp(-4.0 * released_s / voice.release_s) * fade, dtype=np.float64)


def _noise(time_s: Float64, low_hz: float, high_hz: float, seed: int) -> Float64:
    """White noise between two frequencies, unit standard deviation, as long as `time_s`."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(time_s.size))
    hz = np.fft.rfftfreq(time_s.size, 1.0 / RATE)
    high_pass = 1 / np.sqrt(1 + (low_hz / np.maximum(hz, 1.0)) ** 8)
    low_pass = 1 / np.sqrt(1 + (hz / high_hz) ** 8)
    noise: Float64 = np.fft.irfft(spectrum * high_pass * low_pass, time_s.size)
    noise /= noise.std()
    return noise


def _time(seconds: float) -> Float64:
    return np.arange(int(seconds * RATE), dtype=np.float64) / RATE


def _tone(time_s: Float64, hz: float) -> Float64:
    tone: Float64 = np.sin(2 * np.pi * hz * time_s)
    return tone


def _dying(time_s: Float64, decay_s: float) -> Float64:
    """Exponential decay from time 0; silence before."""
    envelope: Float64 = np.where(time_s < 0, 0.0, np.exp(-np.maximum(time_s, 0.0) / decay_s))
    return envelope


def _kick(top_hz: float, floor_hz: float, decay_s: float) -> Float64:
    time_s = _time(5 * decay_s)
    hz = floor_hz + (top_hz - floor_hz) * _dying(time_s, 0.022)
    swing = np.sin(2 * np.pi * np.cumsum(hz) / RATE) * np.minimum(1, time_s / 0.0015)
    body: Float64 = np.tanh(1.6 * swing * _dying(time_s, decay_s))
    return body + 0.2 * _noise(time_s, 1500, 6000, 1) * _dying(time_s, 0.004)


def _snare(pitch_hz: float, decay_s: float) -> Float64:
    time_s = _time(6 * decay_s)
    skin = _tone(time_s, pitch_hz) + 0.6 * _tone(time_s, 1.78 * pitch_hz)
    rattle = _noise(time_s, 900, 9000, 2) * _dying(time_s, decay_s)
    return 0.5 * skin * _dying(time_s, 0.05) + 0.35 * rattle


def _clap() -> Float64:
    time_s = _time(0.35)
    hands = 0.8 * _dying(time_s - 0.026, 0.055)
    for at_s in (0.0, 0.011, 0.021):
        hands += _dying(time_s - at_s, 0.006)
    return 0.35 * _noise(time_s, 900, 5000, 3) * hands


def _hat(decay_s: float, seed: int) -> Float64:
    time_s = _time(5 * decay_s)
    ring = np.zeros_like(time_s)
    for hz in (5320.0, 6810.0, 8130.0, 9540.0):
        ring += np.sign(_tone(time_s, hz))
    air = _noise(time_s, 7500, 15000, seed) * _dying(time_s, decay_s)
    return 0.25 * air + 0.012 * ring * _dying(time_s, 0.5 * decay_s)


def _brush() -> Float64:
    time_s = _time(0.3)
    sweep = np.minimum(1, time_s / 0.012) * _dying(time_s, 0.05)
    return 0.3 * _noise(time_s, 2500, 8000, 6) * sweep


def _triangle() -> Float64:
    time_s = _time(1.2)
    ring = np.zeros_like(time_s)
    for hz, gain, decay_s in ((4190.0, 1.0, 0.35), (6670.0, 0.6, 0.25), (9310.0, 0.4, 0.15)):
        ring += gain * _tone(time_s, hz) * _dying(time_s, decay_s)
    return 0.25 * ring


def _cymbal() -> Float64:
    time_s = _time(1.8)
    return 0.25 * _noise(time_s, 3500, 14000, 7) * _dying(time_s, 0.45)


_DRUMS: dict[str, Callable[[], Float64]] = {
    "disco kick": lambda: _kick(170.0, 52.0, 0.09),
    "deep kick": lambda: _kick(130.0, 44.0, 0.16),
    "snare": lambda: _snare(190.0, 0.09),
    "fat snare": lambda: _snare(165.0, 0.13),
    "clap": _clap,
    "hat": lambda: _hat(0.022, 4),
    "open hat": lambda: _hat(0.11, 5),
    "brush": _brush,
    "triangle": _triangle,
    "cymbal": _cymbal,
}
DRUMS = tuple(_DRUMS)


@cache
def strike(drum: str) -> Float64:
    """Strike a drum once; the array is shared, so it cannot be written to."""
    stroke = _DRUMS[drum]()
    stroke.setflags(write=False)
    return stroke
