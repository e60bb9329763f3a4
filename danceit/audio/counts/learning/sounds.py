"""Instruments and drums whose sound is drawn at random: no two songs share one.

Every function returns one mono note or stroke, float32 (S,), at `RATE`, about unit peak.
"""

from dataclasses import dataclass

import numpy as np

from danceit.audio.decoding import RATE
from danceit.data import Float32, Float64

_TABLE = 1024
_FORMANTS_HZ = ((700, 1150, 2600), (400, 1900, 2550), (300, 870, 2250), (500, 1000, 2400))
"""Vowels a, e, u, o: Peterson and Barney (1952), rounded."""


@dataclass(frozen=True)
class Timbre:
    """A pitched instrument; harmonics fall with `rolloff` behind a closing low-pass."""

    rolloff: float
    bright_hz: float
    dark_hz: float
    close_s: float
    attack_s: float
    decay_s: float
    sustain: float
    release_s: float
    even: float
    detune_cents: tuple[float, ...]
    vibrato_cents: float
    vibrato_hz: float
    formants: tuple[int, ...] = ()
    breath: float = 0.0


def draw_timbre(family: str, rng: np.random.Generator) -> Timbre:
    """Draw an instrument: pluck, bow, wind, organ, voice, bass, bell or pad."""
    soft = family in ("bow", "wind", "voice", "pad")
    attack = {"bow": (0.02, 0.12), "wind": (0.015, 0.06), "voice": (0.02, 0.08)}.get(family)
    attack = attack or {"pad": (0.05, 0.3), "organ": (0.004, 0.03)}.get(family, (0.001, 0.008))
    bright = float(np.exp(rng.uniform(np.log(900), np.log(8000))))
    ensemble = family == "pad" or (family == "bow" and rng.random() < 0.5)
    detune = tuple(rng.normal(0, 7, 4)) if ensemble else tuple(rng.normal(0, 3, rng.integers(1, 3)))
    held = soft or family == "organ"
    formants = _FORMANTS_HZ[rng.integers(4)] if family == "voice" else ()
    return Timbre(
        rolloff=float(rng.uniform(0.7, 2.2)),
        bright_hz=min(bright, 1500.0) if family == "bass" else bright,
        dark_hz=bright * float(rng.uniform(0.15, 0.7)),
        close_s=float(rng.uniform(0.05, 0.6)),
        attack_s=float(rng.uniform(*attack)),
        decay_s=float(np.exp(rng.uniform(np.log(0.08), np.log(1.2)))),
        sustain=float(rng.uniform(0.5, 1.0)) if held else float(rng.choice([0.0, 0.0, 0.2, 0.5])),
        release_s=float(rng.uniform(0.03, 0.35)),
        even=float(rng.choice([1.0, 1.0, 0.5, 0.1])),
        detune_cents=detune,
        vibrato_cents=float(rng.uniform(5, 50)) if soft else 0.0,
        vibrato_hz=float(rng.uniform(4.5, 6.5)),
        formants=formants,
        breath=float(rng.uniform(0, 0.06)) if family in ("wind", "voice", "bow") else 0.0,
    )


def sing(timbre: Timbre, midi: float, length_s: float, rng: np.random.Generator) -> Float32:
    """One note, held for `length_s` and then released."""
    hz = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
    n_samples = max(64, int((length_s + timbre.release_s) * RATE))
    time_s = np.arange(n_samples, dtype=np.float32) / RATE
    bright, dark = (_table(timbre, hz, corner) for corner in (timbre.bright_hz, timbre.dark_hz))
    opening = np.exp(-time_s / timbre.close_s)
    cycles = hz * time_s.astype(np.float64)
    if timbre.vibrato_cents:
        depth = hz * timbre.vibrato_cents / 1731.0 / (2 * np.pi * timbre.vibrato_hz)
        turn = 2 * np.pi * (timbre.vibrato_hz * time_s + rng.random())
        cycles += depth * np.sin(turn) * (1 - np.exp(-time_s / 0.25))
    note = np.zeros(n_samples, np.float32)
    for cents in timbre.detune_cents:
        at = (cycles * (_TABLE * 2.0 ** (cents / 1200.0)) + rng.random() * _TABLE).astype(np.int32)
        at &= _TABLE - 1
        note += dark[at] + opening * (bright - dark)[at]
    if timbre.breath:
        note += np.float32(timbre.breath) * rng.standard_normal(n_samples, np.float32)
    level = timbre.sustain + (1 - timbre.sustain) * np.exp(-time_s / timbre.decay_s)
    level *= np.minimum(1.0, time_s / timbre.attack_s)
    level *= np.exp(-4.0 * np.maximum(0.0, time_s - length_s) / timbre.release_s)
    level *= np.minimum(1.0, (time_s[-1] - time_s) / 0.005)
    return np.asarray(note * level / np.sqrt(len(timbre.detune_cents)), np.float32)


def _table(timbre: Timbre, hz: float, corner_hz: float) -> Float32:
    harmonic = np.arange(1, max(2, min(_TABLE // 4, int(0.45 * RATE / hz))))
    gain = harmonic**-timbre.rolloff / np.sqrt(1.0 + (harmonic * hz / max(corner_hz, hz)) ** 4)
    gain[1::2] *= timbre.even
    if timbre.formants:
        away = harmonic[:, None] * hz - np.array(timbre.formants)
        gain = harmonic**-0.5 * (np.exp(-0.5 * (away / 120.0) ** 2).sum(axis=1) + 0.05)
    spectrum = np.zeros(_TABLE // 2 + 1, np.complex128)
    spectrum[harmonic] = -0.5j * _TABLE * gain
    table = np.fft.irfft(spectrum)
    return np.asarray(table / np.abs(table).max(), np.float32)


@dataclass(frozen=True)
class _Skin:
    """Ranges a drum is drawn from: noise between two frequencies, tones that fall."""

    noise: float
    noise_hz: tuple[float, float]
    noise_s: tuple[float, float]
    tones_hz: tuple[tuple[float, float], ...] = ()
    tone_s: tuple[float, float] = (0.05, 0.1)
    fall: float = 0.0
    attack_s: tuple[float, float] = (0.0002, 0.001)


_SKINS = {
    "kick": _Skin(0.15, (800, 5000), (0.003, 0.01), ((42, 75),), (0.05, 0.25), 2.5),
    "snare": _Skin(0.8, (700, 9000), (0.05, 0.16), ((160, 240), (290, 420)), (0.03, 0.08), 0.2),
    "clap": _Skin(1.0, (800, 5000), (0.04, 0.12)),
    "rim": _Skin(0.4, (1200, 6000), (0.005, 0.02), ((400, 900), (1500, 2500)), (0.01, 0.03)),
    "hat": _Skin(1.0, (5500, 11500), (0.012, 0.05)),
    "open hat": _Skin(1.0, (5000, 11500), (0.08, 0.3)),
    "ride": _Skin(0.7, (3500, 11500), (0.15, 0.5), ((3000, 5500), (5000, 8000)), (0.1, 0.4)),
    "shaker": _Skin(1.0, (4000, 10500), (0.02, 0.06), attack_s=(0.008, 0.03)),
    "brush": _Skin(1.0, (1800, 8000), (0.04, 0.12), attack_s=(0.005, 0.03)),
    "conga": _Skin(0.2, (500, 4000), (0.005, 0.02), ((160, 330),), (0.05, 0.2), 0.1),
    "slap": _Skin(0.7, (800, 6000), (0.01, 0.03), ((250, 450),), (0.02, 0.06), 0.1),
    "tom": _Skin(0.15, (300, 3000), (0.01, 0.03), ((70, 180),), (0.1, 0.35), 0.4),
    "clave": _Skin(0.1, (1500, 6000), (0.003, 0.008), ((1800, 2800),), (0.01, 0.04)),
    "cowbell": _Skin(0.1, (1500, 6000), (0.005, 0.01), ((500, 620), (780, 900)), (0.03, 0.12)),
    "guiro": _Skin(1.0, (2000, 8000), (0.04, 0.1), attack_s=(0.01, 0.05)),
    "bell": _Skin(0.1, (5000, 11000), (0.01, 0.03), ((2500, 4500), (6000, 9000)), (0.2, 0.6)),
    "crash": _Skin(1.0, (2500, 11500), (0.4, 1.0)),
}


def draw_stroke(drum: str, rng: np.random.Generator) -> Float32:
    """Draw one drum of a kind and strike it."""
    skin = _SKINS[drum]
    noise_s, tone_s = rng.uniform(*skin.noise_s), rng.uniform(*skin.tone_s)
    longest = max(noise_s, tone_s if skin.tones_hz else 0.0)
    time_s = np.arange(int(min(6 * longest, 1.8) * RATE)) / RATE
    stroke = skin.noise * rng.uniform(0.5, 1.3) * _noise(time_s.size, skin.noise_hz, rng)
    stroke *= np.exp(-time_s / noise_s) / 2.5
    bend = 1.0 + skin.fall * np.exp(-time_s / 0.02)
    for low, high in skin.tones_hz:
        turn = 2 * np.pi * np.cumsum(rng.uniform(low, high) * bend) / RATE
        stroke += np.sin(turn) * np.exp(-time_s / tone_s) / len(skin.tones_hz)
    stroke *= np.minimum(1.0, time_s / rng.uniform(*skin.attack_s))
    stroke *= np.minimum(1.0, (time_s[-1] - time_s) / 0.01)
    return np.asarray(stroke / np.abs(stroke).max(), np.float32)


def _noise(n_samples: int, band_hz: tuple[float, float], rng: np.random.Generator) -> Float64:
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    hz = np.fft.rfftfreq(n_samples, 1.0 / RATE)
    low, high = np.array(band_hz) * np.exp(rng.normal(0, 0.15, 2))
    spectrum /= np.sqrt(1 + (low / np.maximum(hz, 1.0)) ** 6) * np.sqrt(1 + (hz / high) ** 8)
    noise = np.fft.irfft(spectrum, n_samples)
    return np.asarray(noise / noise.std(), np.float64)
