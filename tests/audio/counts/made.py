"""Tracks like those that people had trouble with, made from a few drums and a bass."""

from collections.abc import Sequence

import numpy as np

from danceit.audio.decoding import RATE, Sound
from danceit.data import Float32, Float64


def _time(seconds: float) -> Float64:
    return np.arange(int(seconds * RATE)) / RATE


def kick() -> Float64:
    time_s = _time(0.3)
    hz = 50 + 100 * np.exp(-time_s / 0.02)
    return np.sin(2 * np.pi * np.cumsum(hz) / RATE) * np.exp(-time_s / 0.08)


def snare() -> Float64:
    time_s = _time(0.25)
    noise = np.random.default_rng(1).standard_normal(time_s.size) * np.exp(-time_s / 0.06)
    return 0.3 * noise + 0.4 * np.sin(2 * np.pi * 190 * time_s) * np.exp(-time_s / 0.05)


def hat() -> Float64:
    time_s = _time(0.1)
    noise = np.diff(np.random.default_rng(2).standard_normal(time_s.size + 1))
    return 0.2 * noise * np.exp(-time_s / 0.02)


def click() -> Float64:
    time_s = _time(0.05)
    return np.sin(2 * np.pi * 1500 * time_s) * np.exp(-time_s / 0.01)


def bass(hz: float, length_s: float) -> Float64:
    time_s = _time(length_s)
    tone = sum(np.sin(2 * np.pi * hz * h * time_s) / h for h in range(1, 6))
    return 0.5 * tone * np.minimum(1, time_s / 0.004) * np.exp(-time_s / (0.6 * length_s))


def chord(hz: float, length_s: float) -> Float64:
    return sum(bass(hz * ratio, length_s) for ratio in (1.0, 1.26, 1.5)) / 3


class Track:
    """A track to which strokes are added at beats, of which the times are known."""

    def __init__(self, beats_s: Sequence[float] | Float64, duration_s: float) -> None:
        self.beats_s = np.asarray(beats_s, np.float64)
        self.samples: Float32 = np.zeros(int(duration_s * RATE), np.float32)

    def time_s(self, beat: float) -> float:
        """Time of a beat from 0, fractions and those beyond the last included."""
        last = len(self.beats_s) - 1
        if beat > last:
            return float(self.beats_s[-1] + (beat - last) * np.diff(self.beats_s)[-1])
        return float(np.interp(beat, np.arange(last + 1), self.beats_s))

    def strike(self, stroke: Float64, beat: float, loud: float) -> None:
        part = self.samples[round(self.time_s(beat) * RATE) :][: stroke.size]
        part += (loud * stroke[: part.size]).astype(np.float32)

    @property
    def sound(self) -> Sound:
        return Sound(self.samples * np.float32(0.8 / np.abs(self.samples).max()), RATE)


def steady(bpm: float, duration_s: float = 40.0, start_s: float = 0.3) -> Float64:
    """Beats at a tempo that end a beat before the track does."""
    return np.arange(start_s, duration_s - 60 / bpm, 60 / bpm)


def drifting(from_bpm: float, to_bpm: float, duration_s: float = 60.0) -> Float64:
    """Beats at a tempo that changes evenly with time: the integral of it is the beat's number."""
    rise = (to_bpm - from_bpm) / duration_s / 60
    place = np.arange(int((from_bpm + to_bpm) / 120 * duration_s))
    start = from_bpm / 60
    return (np.sqrt(start**2 + 2 * rise * place) - start) / rise + 0.2


def rock(beats_s: Float64, duration_s: float) -> Track:
    """Kick on 1 and 3, snare on 2 and 4, hats on eighths, a bass that changes by the bar."""
    track = Track(beats_s, duration_s)
    for beat in range(len(beats_s)):
        track.strike(snare() if beat % 2 else kick(), beat, 0.8)
        for half in (0, 0.5):
            track.strike(hat(), beat + half, 0.7)
        length_s = track.time_s(beat + 1) - track.time_s(beat)
        hz = (55.0, 82.4, 73.4, 65.4)[beat // 4 % 4]
        track.strike(bass(hz, 0.9 * length_s), beat, 0.6)
    return track


def driven(bpm: float, duration_s: float = 40.0) -> Track:
    """Kick and snare in turn; chords, bass and hats between the beats as on them."""
    track = Track(steady(bpm, duration_s), duration_s)
    for beat in range(len(track.beats_s)):
        track.strike(snare() if beat % 2 else kick(), beat, 0.8)
        for half in (0, 0.5):
            track.strike(hat(), beat + half, 0.5)
            root = (0, 7, 5, 3)[beat // 8 % 4]
            track.strike(chord(110.0 * 2 ** (root / 12), 27 / bpm), beat + half, 0.5)
            track.strike(bass(55.0 * 2 ** (root / 12), 27 / bpm), beat + half, 0.6)
    return track


def six_eight(bpm: float, duration_s: float = 40.0) -> Track:
    """Eighths in two groups of three, kick on the 1, snare on the 4."""
    track = Track(steady(bpm, duration_s), duration_s)
    for beat in range(len(track.beats_s)):
        track.strike(snare() if beat % 2 else kick(), beat, 0.8)
        for third in range(3):
            track.strike(hat(), beat + third / 3, 0.7 if third else 1.0)
        hz = (110.0, 82.4, 98.0, 73.4)[beat // 2 % 4]
        track.strike(bass(hz, 0.5), beat, 0.5)
        track.strike(chord(2 * hz, 0.4), beat, 0.3)
    return track


def off_beat(bpm: float, duration_s: float = 40.0) -> Track:
    """A loud hat between the beats, a softer kick on them."""
    track = Track(steady(bpm, duration_s), duration_s)
    for beat in range(len(track.beats_s)):
        track.strike(kick(), beat, 0.35)
        track.strike(hat(), beat + 0.5, 1.0)
    return track


def clicks(beats_s: Float64, duration_s: float) -> Track:
    track = Track(beats_s, duration_s)
    for beat in range(len(beats_s)):
        track.strike(click(), beat, 0.8)
    return track


def waltz(bpm: float, duration_s: float = 40.0) -> Track:
    """Bass on the 1, chords on 2 and 3; nothing else."""
    track = Track(steady(bpm, duration_s), duration_s)
    for beat in range(len(track.beats_s)):
        hz = (110.0, 82.4, 98.0, 73.4)[beat // 3 % 4]
        note = chord(2 * hz, 0.3) if beat % 3 else bass(hz, 0.7)
        track.strike(note, beat, 0.5 if beat % 3 else 0.8)
    return track
