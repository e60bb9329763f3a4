"""What the audio encoder hears: a song's features, its counts, and what surrounds a window.

From the features of a whole song (S, F) at 24 per second this derives, without training,

- the counts, per frame: where in the beat and in the bar it lies, as the song is counted by
  all of danceit (`danceit.audio.counts`, and what a person put right);
- their code, per frame, which movement can be compared with as it is (`count_reader`);
- the pulse, per frame: where in the half-beat, the beat, and groups of two, three and
  four beats the frame lies by its sound (the phase of the flux and of harmonic change at
  those periods, which follow the counts where the tempo changes);
- the surroundings, per second: how strongly flux, harmony and timbre repeat after 1/2 to
  12 beats within 10 s on both sides (three-four or four-four time shows here), and the
  tempo.

Where nothing is counted nothing is in phase, repeats or has a tempo: all these are 0.
Feature sets without counts are heard as they are, and their surroundings are the mean and
spread of the timbre. All are functions of the sound alone, so a new song needs no labels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Float32, Float64, Int64
from danceit.errors import InputError

Complex = npt.NDArray[np.complex128]

TEMPO_RANGE_BPM = (70.0, 140.0)
"""One octave: whether a march is counted at 60 or at 120 is not for the dance to tell. Threes
stay as they are counted: half of their beats are no beats of a waltz."""
REPEATS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 12.0)
"""Lags, in beats, at which the surroundings' self-similarity is taken."""
PULSES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0)
"""Periods, in beats, whose phase each frame is told."""
TEMPO_BUMPS = 8
"""Columns that code the tempo: neighbours are an eighth of an octave apart."""
REACH_S = 10.0
"""Seconds on both sides of a window that count as its surroundings."""
GRID = 24
"""Frames between two places where the surroundings are computed."""
_AT_ONCE = 16
"""Places whose surroundings are transformed together: what stays in a processor's cache."""
CYCLES = {3: (3.0, 1.5, 1.0), 4: (4.0, 2.0, 1.0)}
"""Beats after which the code of counts repeats: in threes and in all else, where dancers count in
fours."""
CODE = 4 * len(CYCLES[3]) + 2
"""Columns of the code of counts: a point on a circle for each cycle of threes and of fours, which
of both it is, and the tempo."""
_CODE_WEIGHTS = (1.0, 0.5, 0.5)
"""Radii of the circles, the longest cycle first: that is the bar, and what a step is for."""
_TEMPO_WEIGHT = 2.0
"""Of the tempo in octaves: half an octave counts as much as a bar of another metre."""


@dataclass(frozen=True)
class Layout:
    """Which columns of a feature set hold what; `flux` holds `flux_per_frame` values a frame.

    `counted` is None where only the timbre is heard; `counts` are
    `danceit.audio.descriptors.COUNT_COLUMNS`.
    """

    timbre: slice
    counted: "Counted | None" = None

    @property
    def width(self) -> int:
        """F, the columns of the feature set."""
        return int(self.counted.counts.stop if self.counted else self.timbre.stop)

    @property
    def n_repeats(self) -> int:
        """Columns of the surroundings that hold repetitions; 0 without counts."""
        return 3 * len(REPEATS) if self.counted else 0


@dataclass(frozen=True)
class Counted:
    """Columns of flux, harmony and counts, the counts last."""

    flux: slice
    flux_per_frame: int
    harmony: slice
    counts: slice


LAYOUTS = {
    "mfcc": Layout(timbre=slice(0, 13)),
    "lee": Layout(timbre=slice(0, 28)),
    "counted": Layout(
        timbre=slice(0, 13),
        counted=Counted(
            flux=slice(13, 21), flux_per_frame=2, harmony=slice(21, 33), counts=slice(33, 37)
        ),
    ),
}


@dataclass(frozen=True)
class Heard:
    """One song as the encoder hears it.

    Attributes
    ----------
    frames : float32 (S, F')
        Flux, counts and pulse, or the features as they are.
    surroundings : float32 (G, K)
        One row for every `GRID` frames.
    beat_frames : float
        Frames a beat, the median; 0 where nothing is counted.
    codes : float32 (S, CODE)
        What is counted at each frame, of length 1; 0 where nothing is.
    """

    frames: Float32
    surroundings: Float32
    beat_frames: float
    codes: Float32

    def codes_at(self, starts: Int64) -> Float32:
        """Codes (N, CODE) of the frames at which windows start; beyond the end, the last."""
        codes: Float32 = self.codes[np.minimum(starts, len(self.codes) - 1)]
        return codes

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
    columns = layout.counted
    if columns is None:
        nothing = np.zeros((len(features), CODE), np.float32)
        return Heard(features, _spread(timbre).astype(np.float32), 0.0, nothing)
    flux = _flux(features, columns)
    harmony = features[:, columns.harmony]
    counts = features[:, columns.counts].astype(np.float64)
    place = _within_octave(counts)
    # Timbre and chords themselves are left out: with few songs they are learned by heart.
    frames = [
        flux.reshape(len(features), -1),
        _phases(place, counts),
        _pulse(flux, columns, harmony, place),
    ]
    beat = _beat_frames(place)
    repeats = [
        _repetition(flux, beat, columns.flux_per_frame),
        _repetition(harmony, beat),
        _repetition(timbre, beat),
    ]
    around = np.concatenate([*repeats, tempo_code(beat)], axis=1)
    usual = float(np.median(beat)) if beat.all() else 0.0
    return Heard(
        np.concatenate(frames, axis=1).astype(np.float32),
        around.astype(np.float32),
        usual,
        count_codes(place, counts).astype(np.float32),
    )


def layout_of(feature_set: str) -> Layout:
    """Columns of a feature set.

    Raises
    ------
    InputError
        If the encoders do not know the set.
    """
    if feature_set == "pulse":
        raise InputError(
            "this encoder was trained by an earlier danceit, on a beat of its own instead of the "
            "song's counts: train it again (for an index: danceit index build --retrain)"
        )
    if feature_set not in LAYOUTS:
        known = ", ".join(LAYOUTS)
        raise InputError(f"encoders cannot read the feature set '{feature_set}'; known: {known}")
    return LAYOUTS[feature_set]


def tempo_code(beat: Float64) -> Float64:
    """Tempi of beats that last so many frames (G,) as `TEMPO_BUMPS` overlapping bumps, (G, 8).

    Around the octave: 84 and 168 are the same. 0 where nothing is counted.
    """
    places = np.arange(TEMPO_BUMPS) / TEMPO_BUMPS
    octaves = np.log2(60 * FPS / np.where(beat > 0, beat, 1.0))
    apart = (octaves[:, None] - places + 0.5) % 1.0 - 0.5
    bumps = np.exp(-0.5 * (apart * TEMPO_BUMPS) ** 2)
    return np.asarray(np.where(beat[:, None] > 0, bumps, 0.0), dtype=np.float64)


def count_codes(place: Float64, counts: Float64) -> Float64:
    """What is counted at each frame as a vector of length 1, (S, CODE); 0 where nothing is.

    Frames at the same place in bars of the same kind, at the same tempo, have the same code. A
    place in a bar that is not known, such as the one of two bars of two that a four begins
    with, is the middle of its circle.

    Parameters
    ----------
    place : float64 (S,)
        Beats since the first, at the level that the tempo is told at.
    counts : float64 (S, 4)
        `danceit.audio.descriptors.COUNT_COLUMNS`.
    """
    codes = np.zeros((len(place), CODE))
    steps, raw = np.diff(place), np.diff(counts[:, 0])
    pace = float(np.median(steps)) if len(steps) else 0.0
    if pace <= 0:
        return codes
    metre = float(counts[:, 2].max())
    threes = metre % 3 == 0 < metre
    a_bar = metre * pace / float(np.median(raw))
    first = 0 if threes else 2 * len(CYCLES[3])
    for i, (cycle, weight) in enumerate(
        zip(CYCLES[3 if threes else 4], _CODE_WEIGHTS, strict=True)
    ):
        times = a_bar / cycle
        if times >= 1 and abs(times - round(times)) < 1e-6:
            angle = 2 * np.pi * round(times) * counts[:, 1]
        elif cycle == 1:
            angle = 2 * np.pi * place
        else:
            continue
        codes[:, first + 2 * i] = weight * np.cos(angle)
        codes[:, first + 2 * i + 1] = weight * np.sin(angle)
    codes[:, -2] = (1.0 if threes else -1.0) if metre else 0.0
    middle_bpm = float(np.sqrt(np.prod(TEMPO_RANGE_BPM)))
    octaves = np.log2(60 * FPS * pace / middle_bpm)
    codes[:, -1] = _TEMPO_WEIGHT * np.clip(octaves, -0.5, 0.5)
    scaled: Float64 = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    return scaled


def _within_octave(counts: Float64) -> Float64:
    """Beats (S,) since the first, at the level of `TEMPO_RANGE_BPM` unless counted in threes."""
    place, metre = counts[:, 0], counts[:, 2].max()
    steps = np.diff(place)
    pace = float(np.median(steps)) if len(steps) else 0.0
    if pace <= 0 or metre % 3 == 0 < metre:
        return place
    slowest = TEMPO_RANGE_BPM[0] / (60 * FPS)
    return np.asarray(place / 2.0 ** np.floor(np.log2(pace / slowest)))


def _beat_frames(place: Float64) -> Float64:
    """Frames a beat around each grid place, (G,): the median within `REACH_S`; 0 where none."""
    reach, found = int(REACH_S * FPS), []
    for middle in range(0, len(place), GRID):
        steps = np.diff(place[max(0, middle - reach) : middle + reach])
        pace = float(np.median(steps)) if len(steps) else 0.0
        found.append(1.0 / pace if pace > 0 else 0.0)
    return np.array(found)


def _phases(place: Float64, counts: Float64) -> Float64:
    """Where frames lie in the beat and in the bar (S, 4), as points on circles; 0 where unknown."""
    columns = []
    for turns, known in ((place, place.any()), (counts[:, 1], counts[:, 2].any())):
        angle = 2 * np.pi * turns
        columns += [np.cos(angle) * known, np.sin(angle) * known]
    return np.stack(columns, axis=1)


def _flux(features: Float32, columns: Counted) -> Float64:
    """Flux (S x per_frame, bands), each band divided by its mean over the song."""
    flux = features[:, columns.flux].astype(np.float64)
    flux = flux.reshape(len(flux) * columns.flux_per_frame, -1)
    even: Float64 = flux / (flux.mean(axis=0) + 1e-6)
    return even


def _pulse(flux: Float64, columns: Counted, harmony: Float32, place: Float64) -> Float64:
    """Phase of flux (all, lowest and highest band) and harmonic change at `PULSES`, (S, 8P)."""
    by_frame = flux.reshape(len(harmony), columns.flux_per_frame, -1).mean(axis=1)
    change = np.zeros(len(harmony))
    change[1:] = np.maximum(0.0, np.diff(harmony, axis=0)).sum(axis=1)
    phases = []
    for signal in (by_frame.sum(axis=1), by_frame[:, 0], by_frame[:, -1], change):
        level = signal - _smoothed(signal, np.full(97, 1 / 97)).real
        for times in PULSES:
            phasor = _phasor(level, place / times) if place.any() else np.zeros_like(level) * 1j
            phases += [phasor.real, phasor.imag]
    return np.stack(phases, axis=1)


def _phasor(signal: Float64, turns: Float64) -> Complex:
    """Local Fourier coefficient (12 s Hann window), its phase relative to now, at most 1 long.

    Of an oscillation that has made `turns` (S,) at each frame.
    """
    window = np.hanning(int(12 * FPS) + 1)
    turn = np.exp(2j * np.pi * turns)
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


def _repetition(signal: Float32 | Float64, beat: Float64, per_frame: int = 1) -> Float64:
    """Self-similarity at `REPEATS` beats within `REACH_S` of each grid place, (G, 12)."""
    reach = int(REACH_S * FPS) * per_frame
    rows = np.zeros((len(beat), len(REPEATS)))
    places = np.arange(len(beat)) * GRID * per_frame
    starts, stops = np.maximum(places - reach, 0), np.minimum(places + reach, len(signal))
    for length in np.unique(stops - starts):
        alike = np.flatnonzero((stops - starts == length) & (beat > 0))
        for first in range(0, len(alike), _AT_ONCE):
            some = alike[first : first + _AT_ONCE]
            near = np.stack([signal[start : start + length] for start in starts[some]])
            for row, similarity in zip(some, _autocorrelation(near), strict=True):
                lags = np.array(REPEATS) * beat[row] * per_frame
                rows[row] = np.interp(lags, np.arange(length), similarity, right=0.0)
    return rows


def _autocorrelation(signals: Float32 | Float64) -> Float64:
    """Of signals (N, S, B), summed over the standardised B, unbiased, 1 at lag 0; (N, S)."""
    import scipy.fft

    length = signals.shape[1]
    centred = signals.astype(np.float64) - signals.mean(axis=1, keepdims=True)
    n_fft = scipy.fft.next_fast_len(2 * length, real=True)
    spectrum = scipy.fft.rfft(np.swapaxes(centred, 1, 2), n_fft)
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
    similarity = scipy.fft.irfft(power, n_fft)[:, :length] / (length - np.arange(length))
    level = similarity[:, :1]
    return np.where(level < 1e-12, 0.0, similarity / np.maximum(level, 1e-12))


def _spread(timbre: Float32) -> Float64:
    """Mean and standard deviation of the timbre within `REACH_S` of each grid place, (G, 2F)."""
    reach = int(REACH_S * FPS)
    around = [
        timbre[max(0, place - reach) : place + reach] for place in range(0, len(timbre), GRID)
    ]
    return np.array([np.r_[near.mean(axis=0), near.std(axis=0)] for near in around])
