"""What the audio encoder hears: a song's features, its pulse, and what surrounds a window.

From the features of a whole song (S, F) at 24 per second this derives, without training,

- the beat period, by the autocorrelation of the spectral flux at multiples of a beat;
- the pulse, per frame: where in the half-beat, the beat, and groups of two, three and
  four beats the frame lies (the phase of the flux and of harmonic change at those periods);
- the surroundings, per second: how strongly flux, harmony and timbre repeat after 1/2 to
  12 beats within 10 s on both sides (three-four or four-four time shows here), and the
  tempo.

Feature sets without flux and harmony are heard as they are, and their surroundings are
the mean and spread of the timbre. All are functions of the sound alone, so a new song
needs no labels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Float32, Float64, Int64
from danceit.errors import InputError

Complex = npt.NDArray[np.complex128]

TEMPO_RANGE_BPM = (70.0, 140.0)
"""One octave: a tempo is only known up to factors of two."""
REPEATS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 12.0)
"""Lags, in beats, at which the surroundings' self-similarity is taken."""
PULSES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0)
"""Periods, in beats, whose phase each frame is told."""
TEMPO_BUMPS = 8
"""Columns that code the tempo: neighbours are an eighth of an octave apart."""
REACH_S = 10.0
"""Seconds on both sides of a window that count as its surroundings."""
BEAT_COMB = ((1, 3.0), *((times, 1.0) for times in range(2, 9)))
"""Multiples of a beat at which a song should repeat, with their weights."""
GRID = 24
"""Frames between two places where the surroundings are computed."""


@dataclass(frozen=True)
class Layout:
    """Which columns of a feature set hold what; `flux` may hold several values a frame."""

    timbre: slice
    flux: slice | None = None
    flux_per_frame: int = 1
    harmony: slice | None = None

    @property
    def width(self) -> int:
        """F, the columns of the feature set."""
        return max(int(part.stop) for part in (self.timbre, self.flux, self.harmony) if part)

    @property
    def n_repeats(self) -> int:
        """Columns of the surroundings that hold repetitions; 0 without flux and harmony."""
        return 3 * len(REPEATS) if self.flux and self.harmony else 0


LAYOUTS = {
    "mfcc": Layout(timbre=slice(0, 13)),
    "lee": Layout(timbre=slice(0, 28)),
    "pulse": Layout(
        timbre=slice(0, 13), flux=slice(13, 21), flux_per_frame=2, harmony=slice(21, 33)
    ),
}


@dataclass(frozen=True)
class Heard:
    """One song as the encoder hears it.

    Attributes
    ----------
    frames : float32 (S, F')
        Flux and pulse, or the features as they are.
    surroundings : float32 (G, K)
        One row for every `GRID` frames.
    beat_frames : float
        Frames a beat; 0 where the feature set cannot tell.
    """

    frames: Float32
    surroundings: Float32
    beat_frames: float

    def windows(self, starts: Int64, n_frames: int) -> tuple[Float32, Float32]:
        """Frames (N, n_frames, F') and surroundings (N, K) of windows; beyond the end, the last."""
        last = len(self.frames) - 1
        rows = np.minimum(starts[:, None] + np.arange(n_frames)[None], last)
        middle = np.round((starts + n_frames / 2) / GRID).astype(np.int64)
        around = np.minimum(middle, len(self.surroundings) - 1)
        return self.frames[rows], self.surroundings[around]


def hear(features: Float32, feature_set: str) -> Heard:
    """Derive what the encoder hears from a whole song's features (S, F).

    Raises
    ------
    InputError
        If the feature set is unknown here, or the features are empty or not finite.
    """
    layout = layout_of(feature_set)
    if features.ndim != 2 or not len(features):
        raise InputError(f"features must have shape (S, F), S > 0; got {features.shape}")
    if features.shape[1] != layout.width:
        raise InputError(
            f"the feature set '{feature_set}' has {layout.width} columns; got {features.shape[1]}"
        )
    if not np.isfinite(features).all():
        raise InputError("features must be finite; got NaN or infinity")
    timbre = features[:, layout.timbre]
    if layout.flux is None or layout.harmony is None:
        return Heard(features, _spread(timbre).astype(np.float32), 0.0)
    flux = _flux(features, layout)
    harmony = features[:, layout.harmony]
    beat = beat_period(flux, layout.flux_per_frame)
    pulse = _pulse(flux, layout, harmony, beat)
    # Timbre and chords themselves are left out: with few songs they are learned by heart.
    frames = np.concatenate([flux.reshape(len(features), -1), pulse], axis=1)
    repeats = [
        _repetition(flux, beat, layout.flux_per_frame),
        _repetition(harmony, beat),
        _repetition(timbre, beat),
    ]
    tempo = np.repeat(tempo_code(60 * FPS / beat)[None], len(repeats[0]), axis=0)
    around = np.concatenate([*repeats, tempo], axis=1)
    return Heard(frames.astype(np.float32), around.astype(np.float32), beat)


def layout_of(feature_set: str) -> Layout:
    """Columns of a feature set.

    Raises
    ------
    InputError
        If the encoders do not know the set.
    """
    if feature_set not in LAYOUTS:
        known = ", ".join(LAYOUTS)
        raise InputError(f"encoders cannot read the feature set '{feature_set}'; known: {known}")
    return LAYOUTS[feature_set]


def beat_period(flux: Float64, per_frame: int = 1) -> float:
    """Frames a beat, within one octave of tempo, from spectral flux (S x per_frame, B).

    The lag whose multiples up to 8 together repeat best over the whole song. The beat
    itself counts three times: else one and a half beats of a waltz, whose even multiples
    are bars, would win.
    """
    rate = FPS * per_frame
    slowest, fastest = (60.0 / bpm * rate for bpm in TEMPO_RANGE_BPM)
    similarity = _autocorrelation(flux)
    periods = np.arange(fastest, slowest, 0.05)
    lags = np.arange(len(similarity))
    score = sum(
        weight * np.interp(periods * times, lags, similarity, right=0.0)
        for times, weight in BEAT_COMB
    )
    return float(periods[int(np.argmax(score))]) / per_frame


def tempo_code(bpm: float) -> Float64:
    """A tempo as `TEMPO_BUMPS` overlapping bumps around the octave; 84 and 168 are the same."""
    places = np.arange(TEMPO_BUMPS) / TEMPO_BUMPS
    apart = (np.log2(bpm) - places + 0.5) % 1.0 - 0.5
    return np.asarray(np.exp(-0.5 * (apart * TEMPO_BUMPS) ** 2), dtype=np.float64)


def _flux(features: Float32, layout: Layout) -> Float64:
    """Flux (S x per_frame, bands), each band divided by its mean over the song."""
    flux = features[:, layout.flux].astype(np.float64)
    flux = flux.reshape(len(flux) * layout.flux_per_frame, -1)
    even: Float64 = flux / (flux.mean(axis=0) + 1e-6)
    return even


def _pulse(flux: Float64, layout: Layout, harmony: Float32, beat: float) -> Float64:
    """Phase of flux (all, lowest and highest band) and harmonic change at `PULSES`, (S, 8P)."""
    by_frame = flux.reshape(len(harmony), layout.flux_per_frame, -1).mean(axis=1)
    change = np.zeros(len(harmony))
    change[1:] = np.maximum(0.0, np.diff(harmony, axis=0)).sum(axis=1)
    columns = []
    for signal in (by_frame.sum(axis=1), by_frame[:, 0], by_frame[:, -1], change):
        level = signal - _smoothed(signal, np.full(97, 1 / 97)).real
        for times in PULSES:
            phasor = _phasor(level, 1.0 / (beat * times))
            columns += [phasor.real, phasor.imag]
    return np.stack(columns, axis=1)


def _phasor(signal: Float64, cycles_per_frame: float) -> Complex:
    """Local Fourier coefficient (12 s Hann window), its phase relative to now, at most 1 long."""
    window = np.hanning(int(12 * FPS) + 1)
    turn = np.exp(2j * np.pi * cycles_per_frame * np.arange(len(signal)))
    energy = _smoothed(signal**2, window).real.clip(min=1e-9) * window.sum()
    phasor: Complex = _smoothed(signal * turn.conj(), window) / np.sqrt(energy) * turn
    return phasor


def _smoothed(signal: Float64 | Complex, window: Float64) -> Complex:
    """Centred convolution by FFT, the signal's length."""
    n_fft = 1 << (len(signal) + len(window) - 2).bit_length()
    product = np.fft.fft(signal, n_fft) * np.fft.fft(window, n_fft)
    half = len(window) // 2
    smooth: Complex = np.fft.ifft(product)[half : half + len(signal)]
    return smooth


def _repetition(signal: Float32 | Float64, beat: float, per_frame: int = 1) -> Float64:
    """Self-similarity at `REPEATS` beats within `REACH_S` of each grid place, (G, 12)."""
    reach = int(REACH_S * FPS) * per_frame
    lags = np.array(REPEATS) * beat * per_frame
    rows = []
    for place in range(0, len(signal), GRID * per_frame):
        similarity = _autocorrelation(signal[max(0, place - reach) : place + reach])
        rows.append(np.interp(lags, np.arange(len(similarity)), similarity, right=0.0))
    return np.array(rows)


def _autocorrelation(signal: Float32 | Float64) -> Float64:
    """Of a signal (S, B), summed over its standardised whole, unbiased, 1 at lag 0; (S,)."""
    centred = signal.astype(np.float64) - signal.mean(axis=0)
    n_fft = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, n_fft, axis=0)
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
    similarity = np.fft.irfft(power, n_fft)[: len(centred)]
    similarity /= len(centred) - np.arange(len(centred))
    if similarity[0] < 1e-12:
        return np.zeros(len(centred))
    scaled: Float64 = similarity / similarity[0]
    return scaled


def _spread(timbre: Float32) -> Float64:
    """Mean and standard deviation of the timbre within `REACH_S` of each grid place, (G, 2F)."""
    reach = int(REACH_S * FPS)
    around = [
        timbre[max(0, place - reach) : place + reach] for place in range(0, len(timbre), GRID)
    ]
    return np.array([np.r_[near.mean(axis=0), near.std(axis=0)] for near in around])
