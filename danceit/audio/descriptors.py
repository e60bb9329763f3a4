"""Feature sets: what the encoders hear of a song, one row a pose frame.

Column order is fixed; `cache.VERSION` is raised when anything here changes.
"""

import difflib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from danceit.audio import cache
from danceit.audio.beats import HOP, Onsets, Tempogram
from danceit.audio.decoding import RATE, Sound
from danceit.audio.flux import WIDTH as FLUX_WIDTH
from danceit.audio.flux import spectral_flux
from danceit.audio.recent import hashed, onsets_of, sound_of
from danceit.audio.stretches import numbered, windows
from danceit.counts import Counts
from danceit.data import FPS, Float32, Float64
from danceit.errors import InputError
from danceit.progress import Progress, silent

FRAME = RATE // int(FPS)
"""Samples a pose frame."""

RHYTHM_COLUMNS = (
    "onset", "onset_low", "onset_mid", "onset_high",
    "beat", "beat_phase_sin", "beat_phase_cos", "log2_tempo",
)  # fmt: skip
"""Onset strengths are in units of their root mean square over the song; `beat` is 1 in
the frame nearest to a beat; the phase runs from 0 at a beat to 2π at the next (both
columns 0 where there are no beats); `log2_tempo` is log2(local bpm / 120), 0 without."""

TEMPOGRAM_BPM = tuple(float(bpm) for bpm in np.round(np.geomspace(40.0, 240.0, 16), 2))
"""Tempi of the columns of "tempogram", about six to the octave."""

COUNT_COLUMNS = ("place", "bar", "metre", "bar_confidence")
"""`place` is beats since the first beat and `bar` bars since the first 1 at the start of each
frame, fractions included; the other two are the same throughout. All are straight lines of
time between beats, so that rows may be resampled; 0 throughout where it is not known."""

_COMBINED = {
    "counted": ("mfcc", "flux", "chroma", "counts"),
    "full": ("lee", "rhythm", "chroma", "tempogram"),
}
FEATURE_SETS = {
    "mfcc": 13,
    "lee": 28,
    "rhythm": len(RHYTHM_COLUMNS),
    "chroma": 12,
    "tempogram": len(TEMPOGRAM_BPM),
    "flux": FLUX_WIDTH,
    "counts": len(COUNT_COLUMNS),
    "counted": 13 + FLUX_WIDTH + 12 + len(COUNT_COLUMNS),
    "full": 28 + len(RHYTHM_COLUMNS) + 12 + len(TEMPOGRAM_BPM),
}
"""Name to width F. "counted" is "mfcc", "flux", "chroma" and "counts" side by side; "full" is
"lee", "rhythm", "chroma" and "tempogram"."""

_N_ONSETS = 4
"""Leading columns of "rhythm" that do not depend on beats."""
_MFCC_FFT = 1024
_MFCC_BLOCK = 4096
"""Frames at a time: the library computes with doubles."""
_CHROMA_WINDOW = 4096
_CHROMA_HZ = (110.0, 4000.0)


def features(path: Path, kind: str, *, told: Progress = silent) -> Float32:
    """Features of a song, one row a pose frame.

    Parameters
    ----------
    path : Path
        Anything `read_sound` reads.
    kind : str
        A key of `FEATURE_SETS`:

        - "mfcc": 13 cepstral coefficients by python_speech_features from windows of
          1000/24 ms without overlap; column 0 is the log energy (DanceIt III-B).
        - "lee": 13 coefficients (column 0 the zeroth cepstral coefficient), their first
          differences, the log energy and its first difference: 28, as in Lee et al.,
          Dancing to Music.
        - "rhythm": `RHYTHM_COLUMNS`.
        - "chroma": strength of the 12 pitch classes from C, the largest 1 (silence: 0).
        - "tempogram": autocorrelation of the onsets of the surrounding 8 s at
          `TEMPOGRAM_BPM`.
        - "flux": rise of the spectrum in four bands, twice a frame (`danceit.audio.flux`).
        - "counts": `COUNT_COLUMNS` of the song's counts, corrected as a person did.
        - "counted": "mfcc", "flux", "chroma" and "counts", in that order.
        - "full": "lee", "rhythm", "chroma" and "tempogram", in that order.
    told : Progress, optional
        Of the seconds decoded.

    Returns
    -------
    float32 (T, F)
        T is the song's length x 24, rounded down; all values are finite.

    Raises
    ------
    InputError
        If the kind is unknown or the song cannot be used (see `read_sound`).
    """
    if kind not in FEATURE_SETS:
        near = difflib.get_close_matches(kind, FEATURE_SETS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise InputError(f"unknown features '{kind}'; known: {', '.join(FEATURE_SETS)}{hint}")
    path = Path(path)
    sha256 = hashed(path)
    if kind not in _COMBINED:
        return _cached_features(path, sha256, kind, told)
    parts = _COMBINED[kind]
    # What samples alone tell is found beside the beats: both take about as long.
    with ThreadPoolExecutor(max_workers=1) as beside:
        of_sound = {
            part: beside.submit(_cached_features, path, sha256, part, told)
            for part in parts
            if part in _OF_SOUND
        }
        of_beats = {
            part: _cached_features(path, sha256, part, told)
            for part in parts
            if part not in of_sound
        }
        return np.hstack(
            [of_sound[part].result() if part in of_sound else of_beats[part] for part in parts]
        )


def loudness(path: Path) -> Float64:
    """Log energy (T,) of a song, one value a pose frame; errors as of `features`."""
    return features(path, "mfcc")[:, 0].astype(np.float64)


def loudness_in(features: Float32, kind: str) -> Float64 | None:
    """Log energy (T,) where features of a kind tell it, as `loudness` gives it; else None."""
    first = _COMBINED.get(kind, (kind,))[0]
    return features[:, 0].astype(np.float64) if first == "mfcc" else None


def _cached_features(path: Path, sha256: str, kind: str, told: Progress) -> Float32:
    if kind == "rhythm":
        # Corrected counts change the beats of a song whose onsets stay, so these are kept.
        from danceit.audio.listening import listen

        onset = _kept(path, sha256, "onset", _N_ONSETS, told)
        return np.hstack([onset, _beat_columns(listen(path).counts, len(onset))])
    if kind == "counts":
        from danceit.audio.listening import listen

        music = listen(path, told=told)
        return count_columns(music.counts, music.n_frames)
    return _kept(path, sha256, kind, FEATURE_SETS[kind], told)


def _kept(path: Path, sha256: str, kind: str, width: int, told: Progress) -> Float32:
    stored = cache.load(sha256, kind)
    if stored is not None and "features" in stored:
        rows = stored["features"]
        if rows.ndim == 2 and rows.shape[1] == width and rows.dtype == np.float32:
            return rows
    rows = np.ascontiguousarray(_computed(path, sha256, kind, told), np.float32)
    cache.store(sha256, kind, {"features": rows})
    return rows


def features_of(sound: Sound, kind: str, counts: Counts) -> Float32:
    """Features, as of `features`, of samples that are in no file; nothing of them is kept.

    Parameters
    ----------
    sound : Sound
    kind : str
        As for `features`, without "rhythm", "tempogram" and "full".
    counts : Counts
        In seconds of the sound.

    Raises
    ------
    InputError
        If the kind is unknown here.
    """

    def counted(heard: Sound) -> Float32:
        return count_columns(counts, _n_frames(heard))

    parts = _COMBINED.get(kind, (kind,))
    known = {**_OF_SOUND, "counts": counted}
    if not set(parts) <= set(known):
        raise InputError(
            f"there are no features '{kind}' of a sound that is not over; known: "
            f"{', '.join([*known, 'counted'])}"
        )
    return np.hstack([known[part](sound) for part in parts])


def _computed(path: Path, sha256: str, kind: str, told: Progress) -> Float32:
    sound = sound_of(path, sha256, told)
    if kind == "onset":
        return _onset_columns(onsets_of(path, sha256)[0], _n_frames(sound))
    if kind == "tempogram":
        return _tempo_strengths(onsets_of(path, sha256)[1], _n_frames(sound))
    return _OF_SOUND[kind](sound)


def _n_frames(sound: Sound) -> int:
    return sound.samples.size // FRAME


def _mfcc(sound: Sound, *, energy_first: bool = True) -> Float32:
    """MFCC (T, 13) of whole frames, at the scale of 16-bit samples.

    The authors read 16-bit wav files without scaling them, so that their log energies
    are positive. Frames of digital silence are held at 0, a little under the noise of
    16-bit audio, where the logarithm of the smallest float would stand far out (-36).
    """
    from python_speech_features import mfcc

    n_frames, step_s = _n_frames(sound), FRAME / RATE
    rows = np.empty((n_frames, FEATURE_SETS["mfcc"]), np.float32)
    for start, stop in numbered(n_frames, _MFCC_BLOCK):
        # The frame before too, for pre-emphasis looks one sample back.
        before = max(0, start - 1)
        whole = sound.samples[before * FRAME : stop * FRAME] * 2.0**15
        some = mfcc(whole, RATE, step_s, step_s, nfft=_MFCC_FFT, appendEnergy=energy_first)
        rows[start:stop] = some[start - before :]
    if energy_first:
        rows[:, 0] = np.maximum(rows[:, 0], 0.0)
    return rows


def _lee(sound: Sound) -> Float32:
    cepstra = _mfcc(sound, energy_first=False)
    energy = _mfcc(sound)[:, :1]
    return np.hstack([cepstra, _differences(cepstra), energy, _differences(energy)])


def _differences(rows: Float32) -> Float32:
    return np.diff(rows, axis=0, prepend=rows[:1])


def _onset_columns(onset: Onsets, n_frames: int) -> Float32:
    """Onset strengths (T, 4), whole and by band, in units of their root mean square."""
    per_frame = FRAME // HOP
    strengths = np.column_stack([onset.broad, onset.bands])[: n_frames * per_frame]
    strengths = strengths.reshape(n_frames, per_frame, -1).max(axis=1)
    scale = np.sqrt(np.mean(strengths.astype(np.float64) ** 2, axis=0))
    return np.asarray(strengths / np.where(scale > 0, scale, 1.0), np.float32)


def _beat_columns(counts: Counts, n_frames: int) -> Float32:
    """Beats, phase and tempo, the last four of `RHYTHM_COLUMNS`."""
    columns = np.zeros((n_frames, 4))
    beats_s = counts.beats_s
    if beats_s.size >= 2:
        held = np.floor(beats_s * FPS + 0.5).astype(np.int64)
        columns[held[(held >= 0) & (held < n_frames)], 0] = 1.0
        # Before the first beat and after the last one the nearest interval goes on.
        place = counts.places(np.arange(n_frames) / FPS)
        interval_s = np.diff(beats_s)[np.clip(place.astype(np.int64), 0, beats_s.size - 2)]
        phase = 2 * np.pi * place
        columns[:, 1:] = np.column_stack(
            [np.sin(phase), np.cos(phase), np.log2(60.0 / interval_s / 120.0)]
        )
    return columns.astype(np.float32)


def count_columns(counts: Counts, n_frames: int) -> Float32:
    """`COUNT_COLUMNS` of a song, (T, 4)."""
    columns = np.zeros((n_frames, len(COUNT_COLUMNS)))
    beats_s = counts.beats_s
    if beats_s.size >= 2:
        place = counts.places(np.arange(n_frames) / FPS)
        columns[:, 0] = place
        ones = np.flatnonzero(counts.numbers == 1)
        if counts.metre and ones.size:
            # Beyond the first and the last 1 bars go on in the metre.
            edges = np.concatenate([[ones[0] - counts.metre], ones, [ones[-1] + counts.metre]])
            after = np.clip(np.searchsorted(edges, place, side="right"), 1, edges.size - 1)
            within = (place - edges[after - 1]) / (edges[after] - edges[after - 1])
            columns[:, 1] = after - 2 + within
            columns[:, 2:] = counts.metre, counts.bar_confidence
    return columns.astype(np.float32)


def _tempo_strengths(tempi: Tempogram, n_frames: int) -> Float32:
    """Tempogram rows (T, len(TEMPOGRAM_BPM)), linear in lag and in time."""
    n_rows, n_lags = tempi.strength.shape
    lag = 60.0 / np.asarray(TEMPOGRAM_BPM) / tempi.lag_s
    low = np.minimum(lag.astype(np.int64), n_lags - 2)
    share = (lag - low).astype(np.float32)
    at_tempi = tempi.strength[:, low] * (1 - share) + tempi.strength[:, low + 1] * share
    row = np.minimum((np.arange(n_frames) + 0.5) / FPS / tempi.step_s, n_rows - 1)
    below = np.minimum(row.astype(np.int64), max(n_rows - 2, 0))
    above = np.minimum(below + 1, n_rows - 1)
    part = (row - below).astype(np.float32)[:, None]
    return np.asarray(at_tempi[below] * (1 - part) + at_tempi[above] * part, np.float32)


def _chroma(sound: Sound) -> Float32:
    """Chroma (T, 12): power of each pitch class in a window of 171 ms about the frame."""
    import scipy.fft

    frequency = np.arange(1, _CHROMA_WINDOW // 2 + 1) * RATE / _CHROMA_WINDOW
    chosen = (frequency >= _CHROMA_HZ[0]) & (frequency <= _CHROMA_HZ[1])
    pitch = (12 * np.log2(frequency[chosen] / 440.0) + 9) % 12
    # Each bin counts for the two pitch classes around it, in proportion to nearness.
    distance = np.abs((pitch[:, None] - np.arange(12) + 6) % 12 - 6)
    share = np.maximum(0.0, 1.0 - distance).astype(np.float32)
    margin = (_CHROMA_WINDOW - FRAME) // 2
    n_frames = _n_frames(sound)
    whole = sound.samples[: n_frames * FRAME]
    shape = np.hanning(_CHROMA_WINDOW).astype(np.float32)
    classes = np.empty((n_frames, 12), np.float32)
    for frames in numbered(n_frames, 512):
        part = windows(whole, _CHROMA_WINDOW, FRAME, -margin, frames)
        spectrum = scipy.fft.rfft(part * shape, axis=1)[:, 1:][:, chosen]
        classes[slice(*frames)] = (spectrum.real**2 + spectrum.imag**2) @ share
    largest = classes.max(axis=1, keepdims=True)
    return np.where(largest > 1e-6, classes / np.maximum(largest, 1e-6), 0.0).astype(np.float32)


_OF_SOUND: dict[str, Callable[[Sound], Float32]] = {
    "mfcc": _mfcc,
    "lee": _lee,
    "chroma": _chroma,
    "flux": spectral_flux,
}
"""What is heard of samples alone."""
