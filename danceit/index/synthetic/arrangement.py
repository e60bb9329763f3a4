"""Scores turned into sound: who plays what in each style, and the mix.

An arrangement is a list of `Note`, positions and lengths in beats. `perform` renders
every instrument to its own bus and mixes the buses to stereo with panning, a pump
from the kick drum, reverb and a soft limit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from danceit.data import Float32, Float64
from danceit.index.synthetic.instruments import DRUMS, RATE, VOICES, sing, strike
from danceit.index.synthetic.score import BARS_PER_PHRASE, Score


@dataclass(frozen=True)
class Note:
    """One note or drum stroke; `midi` is ignored for drums."""

    instrument: str
    beat: float
    length: float
    midi: int
    loudness: float


@dataclass(frozen=True)
class _Channel:
    """A strip of the mixing desk: `pan` from -1 (left) to 1, `duck` how far the kick pumps it."""

    gain: float
    pan: float = 0.0
    reverb: float = 0.1
    duck: float = 0.0


_DESK = {
    "strings": _Channel(0.10, -0.25, 0.35),
    "harp": _Channel(0.40, 0.3, 0.35),
    "cello": _Channel(0.50, -0.1, 0.25),
    "violin": _Channel(0.16, 0.1, 0.35),
    "brush": _Channel(0.30, 0.2, 0.2),
    "triangle": _Channel(0.25, 0.45, 0.4),
    "cymbal": _Channel(0.35, -0.3, 0.3),
    "disco strings": _Channel(0.09, 0.2, 0.25, 0.3),
    "stab": _Channel(0.20, -0.3, 0.3, 0.4),
    "disco bass": _Channel(0.46, 0.0, 0.02, 0.5),
    "guitar": _Channel(0.20, 0.4, 0.2),
    "disco kick": _Channel(1.05, 0.0, 0.02),
    "clap": _Channel(0.75, 0.05, 0.3),
    "snare": _Channel(0.55, 0.0, 0.2),
    "hat": _Channel(0.75, 0.25, 0.05),
    "open hat": _Channel(0.28, 0.2, 0.1),
    "deep kick": _Channel(0.80, 0.0, 0.02),
    "fat snare": _Channel(0.80, 0.0, 0.2),
    "keys": _Channel(0.34, -0.15, 0.3, 0.25),
    "bell": _Channel(0.26, 0.3, 0.45, 0.1),
    "sub": _Channel(0.38, 0.0, 0.0, 0.35),
}
_KICKS = ("disco kick", "deep kick")

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_PENTATONIC = (0, 3, 5, 7, 10)


def arrange(score: Score, rng: np.random.Generator, *, keys: bool = False) -> list[Note]:
    """Write out all parts of a score.

    Parameters
    ----------
    keys : bool
        Give a disco hip-hop's electric piano and bells in place of its strings and
        stabs: a mix that no recording of the library has.
    """
    notes = _PLAYERS[score.style](score, rng)
    if keys:
        swap = {"disco strings": "keys", "stab": "bell"}
        notes = [
            Note(swap.get(n.instrument, n.instrument), n.beat, n.length, n.midi, n.loudness)
            for n in notes
        ]
    end_beat = (score.seconds - score.start_s) * score.tempo_bpm / 60.0
    return [note for note in notes if note.beat < end_beat]


def _play_waltz(score: Score, rng: np.random.Generator) -> list[Note]:
    notes = []
    melody = _Melody(score, _MAJOR, ((0, 2), (2, 1)), ((0, 1), (1, 1), (2, 0.5), (2.5, 0.5)), rng)
    for bar in range(score.n_bars):
        beat, chord, energy = 3 * bar, score.chord(bar), score.energy(bar)
        bass = chord[0] - 12 if bar % 2 == 0 else chord[2] - 24
        notes.append(Note("cello", beat, 0.8, bass, 0.6 + 0.4 * energy))
        for late, loudness in ((1, 0.62), (2, 0.55)):
            plucked = loudness * (0.35 + 0.45 * energy)
            notes += [Note("harp", beat + late, 0.5, pitch, plucked) for pitch in chord]
            notes.append(Note("brush", beat + late, 0.3, 0, 0.3 + 0.5 * energy))
        if energy > 0.8:
            notes += [
                Note("strings", beat + bow, 0.55, pitch, 1.0 - 0.15 * bow)
                for bow in range(3)
                for pitch in chord[:3]
            ]
            notes.append(Note("triangle", beat, 1.0, 0, 0.5))
        notes += melody.bar("violin" if energy > 0.8 else "harp", bar, 12, 0.5 + 0.4 * energy)
        if bar % BARS_PER_PHRASE == 0 and energy > 0.8:
            notes.append(Note("cymbal", beat, 1.0, 0, 0.5))
    return notes


def _play_disco(score: Score, rng: np.random.Generator) -> list[Note]:
    notes = []
    chops = rng.permutation(np.array([0.75, 1.25, 1.5, 2.75, 3.25, 3.5]))[:4]
    walk = (0, 12, 0, 12, 0, 12, 7, 12) if rng.random() < 0.5 else (0, 0, 12, 0, 0, 12, 10, 12)
    melody = _Melody(
        score, _PENTATONIC, ((0, 1.5), (1.5, 0.5), (2, 2)), ((0.5, 0.5), (1, 1), (2.5, 1.5)), rng
    )
    for bar in range(score.n_bars):
        beat, chord, energy = 4 * bar, score.chord(bar), score.energy(bar)
        chorus = energy > 0.8
        notes += [Note("disco kick", beat + b, 0.5, 0, 0.7 + 0.3 * energy) for b in range(4)]
        notes += [Note("clap" if chorus else "snare", beat + b, 0.5, 0, 0.8) for b in (1, 3)]
        notes += [Note("open hat", beat + b + 0.5, 0.5, 0, 0.4 + 0.4 * energy) for b in range(4)]
        accents = (0.5, 0.25, 0.0, 0.3)
        notes += [
            Note("hat", beat + s / 4, 0.2, 0, accents[s % 4] * (0.5 + energy)) for s in range(16)
        ]
        bass = chord[0] - 24 if chord[0] > 55 else chord[0] - 12
        notes += [
            Note("disco bass", beat + e / 2, 0.35, bass + step, 0.9 if e % 2 == 0 else 0.55)
            for e, step in enumerate(walk)
        ]
        notes += [Note("guitar", beat + c, 0.12, p + 12, 0.7) for c in chops for p in chord[:3]]
        if chorus:
            bows = (0, 0.6), (1, 0.6), (2, 0.6), (3, 0.4)
            notes += [
                Note("disco strings", beat + bow, length, p + 12, 0.8)
                for bow, length in bows
                for p in chord[:3]
            ]
            notes += melody.bar("stab", bar, 12, 0.6)
        struck = 0.3 + 0.5 * energy
        notes += [Note("stab", beat + b, 0.3, p, struck) for b in (0, 1.5) for p in chord[:3]]
        if bar % BARS_PER_PHRASE == 0:
            notes.append(Note("cymbal", beat, 1.0, 0, 0.6))
        if bar % BARS_PER_PHRASE == BARS_PER_PHRASE - 1:
            notes += [Note("snare", beat + 3 + s / 4, 0.2, 0, 0.35 + 0.15 * s) for s in range(4)]
    return notes


def _play_hip_hop(score: Score, rng: np.random.Generator) -> list[Note]:
    notes = []
    swing = float(rng.uniform(0.08, 0.14))
    kicks = ((0.0, 1.5, 2.5), (0.0, 2.0, 2.75), (0.0, 1.5, 2.0))[int(rng.integers(3))]
    hook = ((0, 0.75), (0.75, 0.75), (2, 0.5), (2.5, 1.0))
    melody = _Melody(score, _PENTATONIC, hook, ((0.5, 0.5), (1.5, 0.5), (2, 1.5)), rng)
    for bar in range(score.n_bars):
        beat, chord, energy = 4 * bar, score.chord(bar), score.energy(bar)
        chorus = energy > 0.8
        swung = [_swung(kick, swing) for kick in kicks]
        notes += [Note("deep kick", beat + kick, 0.5, 0, 1.0) for kick in swung]
        notes += [Note("fat snare", beat + b, 0.5, 0, 0.9) for b in (1, 3)]
        notes += [Note("hat", beat + e / 2, 0.2, 0, 0.8 if e % 2 == 0 else 0.45) for e in range(8)]
        ghosts = (0.75, 1.25, 2.75, 3.25, 3.75) if chorus else (1.75, 3.75)
        notes += [Note("hat", beat + _swung(g, swing), 0.2, 0, 0.3) for g in ghosts]
        lengths = np.diff([*swung, 4.0])
        root = chord[0] - 24 if chord[0] - 24 >= 28 else chord[0] - 12
        notes += [
            Note("sub", beat + kick, float(length) * 0.85, root, 1.0)
            for kick, length in zip(swung, lengths, strict=True)
        ]
        notes += [Note("keys", beat, 1.4, p + 12, 0.7) for p in chord[1:]]
        notes += [Note("keys", beat + 2.5, 0.8, p + 12, 0.5) for p in chord[1:]]
        if chorus:
            notes += melody.bar("bell", bar, 24, 0.9)
            notes.append(Note("open hat", beat + 3.5, 0.4, 0, 0.6))
        if bar % BARS_PER_PHRASE == BARS_PER_PHRASE - 1:
            notes += [Note("fat snare", beat + _swung(3.75, swing), 0.2, 0, 0.5)]
    return notes


def _swung(beat: float, swing: float) -> float:
    """Delay the second and fourth sixteenth of a beat."""
    return beat + swing if round(beat * 4) % 2 else beat


_PLAYERS: dict[str, Callable[[Score, np.random.Generator], list[Note]]] = {
    "waltz": _play_waltz,
    "disco": _play_disco,
    "hip-hop": _play_hip_hop,
}


class _Melody:
    """A two-bar motif that returns over the changing chords, as a tune does."""

    def __init__(
        self,
        score: Score,
        scale: tuple[int, ...],
        call: tuple[tuple[float, float], ...],
        answer: tuple[tuple[float, float], ...],
        rng: np.random.Generator,
    ) -> None:
        self._score = score
        self._ladder = np.array(
            [score.tonic + 12 * octave + step for octave in (-1, 0, 1) for step in scale]
        )
        self._rhythms = (call, answer)
        self._contours = [rng.integers(-2, 3, size=len(rhythm)) for rhythm in self._rhythms]

    def bar(self, instrument: str, bar: int, shift: int, loudness: float) -> list[Note]:
        """Write one bar: its first on the chord, the others along the scale."""
        chord, half = self._score.chord(bar), bar % 2
        start = int(np.argmin(np.abs(self._ladder - chord[(bar // 2) % 3])))
        steps = np.cumsum(self._contours[half])
        rungs = np.clip(start + steps - steps[0], 0, self._ladder.size - 1)
        first_beat = bar * self._score.beats_per_bar
        return [
            Note(
                instrument, first_beat + at, 0.9 * length, int(self._ladder[rung]) + shift, loudness
            )
            for (at, length), rung in zip(self._rhythms[half], rungs, strict=True)
        ]


def perform(score: Score, notes: list[Note], rng: np.random.Generator) -> Float32:
    """Render and mix an arrangement.

    Returns
    -------
    float32 (S, 2)
        Stereo at `RATE`, peak 0.89.
    """
    n_samples = round(score.seconds * RATE)
    buses = _render(score, notes, rng, n_samples)
    pump = _pump(score, notes, n_samples)
    mix = np.zeros((2, n_samples), dtype=np.float32)
    send = np.zeros(n_samples, dtype=np.float32)
    for instrument, bus in buses.items():
        channel = _DESK[instrument]
        if channel.duck:
            bus *= 1.0 - channel.duck * pump
        angle = (channel.pan + 1.0) * np.pi / 4
        mix[0] += np.float32(np.cos(angle) * channel.gain) * bus
        mix[1] += np.float32(np.sin(angle) * channel.gain) * bus
        send += np.float32(channel.reverb * channel.gain) * bus
    mix += _reverb(send)
    mix = np.tanh(mix / np.float32(0.35 * np.abs(mix).max() + 1e-9) * np.float32(0.6))
    fade = min(n_samples, int(0.03 * RATE))
    mix[:, n_samples - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.ascontiguousarray(mix.T * np.float32(0.89 / np.abs(mix).max()))


def _render(
    score: Score, notes: list[Note], rng: np.random.Generator, n_samples: int
) -> dict[str, Float32]:
    """One mono bus an instrument; players other than drums are a few milliseconds off."""
    buses: dict[str, Float32] = {}
    sounds: dict[tuple[str, int, float], Float64] = {}
    period_s = 60.0 / score.tempo_bpm
    for note in notes:
        is_drum = note.instrument in DRUMS
        key = (note.instrument, note.midi, round(note.length, 3))
        if not is_drum and key not in sounds:
            sounds[key] = sing(VOICES[note.instrument], note.midi, note.length * period_s)
        sound = strike(note.instrument) if is_drum else sounds[key]
        offset_s = 0.0 if is_drum else float(np.clip(rng.normal(0.0, 0.004), -0.01, 0.01))
        start = max(0, round((score.seconds_at(note.beat) + offset_s) * RATE))
        if note.instrument not in buses:
            buses[note.instrument] = np.zeros(n_samples, dtype=np.float32)
        bus = buses[note.instrument]
        stop = min(n_samples, start + sound.size)
        if stop > start:
            bus[start:stop] += note.loudness * rng.uniform(0.88, 1.0) * sound[: stop - start]
    return buses


def _pump(score: Score, notes: list[Note], n_samples: int) -> Float32:
    """1 at each kick, back to 0 within a fifth of a second: what a side-chain compressor does."""
    pump = np.zeros(n_samples, dtype=np.float32)
    shape = np.exp(-np.arange(int(0.25 * RATE)) / (0.07 * RATE)).astype(np.float32)
    for note in notes:
        if note.instrument in _KICKS:
            start = max(0, round(score.seconds_at(note.beat) * RATE))
            stop = min(n_samples, start + shape.size)
            pump[start:stop] = np.maximum(pump[start:stop], shape[: stop - start])
    return pump


def _reverb(send: Float32) -> Float32:
    """Ring like a small dark hall, at half the rate, which halves the work."""
    from scipy.signal import oaconvolve

    rate = RATE // 2
    half = send[: send.size // 2 * 2].reshape(-1, 2).mean(axis=1)
    time_s = np.arange(int(0.7 * rate)) / rate
    noise = np.random.default_rng(11).standard_normal((2, time_s.size)).astype(np.float32)
    smooth = np.array([0.25, 0.5, 0.25])
    hall = np.stack([np.convolve(channel, smooth, "same") for channel in noise])
    hall *= 0.035 * np.exp(-time_s / 0.16) * np.minimum(1.0, time_s / 0.012)
    wet = oaconvolve(half[None, :], hall.astype(np.float32), axes=1)[:, : half.size]
    out = np.zeros((2, send.size), dtype=np.float32)
    out[:, 0 : 2 * half.size : 2] = wet
    # Straight lines between samples will do: the hall is dark, there is nothing up there.
    out[:, 1 : 2 * half.size - 1 : 2] = 0.5 * (wet[:, :-1] + wet[:, 1:])
    return out
