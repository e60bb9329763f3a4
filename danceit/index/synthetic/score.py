"""What a synthetic song and its dance agree on: metre, beats, chords and energy.

A `Score` is drawn once per recording; `arrangement` plays it and `moves` dances it,
so that what is heard and what is seen have one cause. Times are in seconds, beats
and bars count from 0 at the first downbeat, pitches are MIDI note numbers.
"""

from dataclasses import dataclass, replace

import numpy as np

from danceit.data import Float64

BARS_PER_PHRASE = 8
STYLES = ("waltz", "disco", "hip-hop")


@dataclass(frozen=True)
class _Manner:
    """The range a style's scores are drawn from.

    A progression is a chord for each bar of a phrase: semitones above the tonic, then
    a key of `CHORDS`.
    """

    beats_per_bar: int
    tempo_bpm: tuple[float, float]
    tonics: tuple[int, int]
    progressions: tuple[str, ...]


_MANNERS = {
    "waltz": _Manner(
        3,
        (84.0, 96.0),
        (57, 64),
        (
            "0maj 0maj 7dom 7dom 7dom 7dom 0maj 0maj",
            "0maj 9min 2min 7dom 4min 9min 2min 7dom",
            "0maj 5maj 7dom 0maj 9min 5maj 7dom 0maj",
        ),
    ),
    "disco": _Manner(
        4,
        (118.0, 124.0),
        (55, 62),
        (
            "0min 0min 5min 5min 8maj 10maj 0min 0min",
            "0min 8maj 3maj 10maj 0min 8maj 3maj 10maj",
            "0m7 5dom 0m7 5dom 0m7 5dom 0m7 5dom",
        ),
    ),
    "hip-hop": _Manner(
        4,
        (84.0, 96.0),
        (52, 60),
        (
            "0m9 0m9 5m9 5m9 0m9 0m9 5m9 5m9",
            "8maj7 7m7 0m9 0m9 8maj7 7m7 0m9 0m9",
            "0m9 10dom 8maj7 7m7 0m9 10dom 8maj7 7m7",
        ),
    ),
}

CHORDS = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dom": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m9": (0, 3, 7, 10, 14),
}
"""Semitones above the root."""

_VERSE, _CHORUS = 0.45, 1.0


@dataclass(frozen=True)
class Score:
    """One song as both the band and the dancer know it.

    Attributes
    ----------
    name : str
        Stem of the song's file.
    style : str
        One of `STYLES`.
    tempo_bpm : float
        Constant through the song.
    start_s : float
        Time of the first downbeat.
    seconds : float
        Length of the song.
    tonic : int
        MIDI note.
    chords : tuple of tuple of int
        For each bar of a phrase the MIDI notes of its chord, root first, near the tonic.
    energies : tuple of float
        For each phrase, from 0.45 (verse) to 1 (chorus): how much plays and how large the dance is.
    """

    name: str
    style: str
    tempo_bpm: float
    beats_per_bar: int
    start_s: float
    seconds: float
    tonic: int
    chords: tuple[tuple[int, ...], ...]
    energies: tuple[float, ...]

    @property
    def beats_s(self) -> Float64:
        """Beat times, shape (B,)."""
        period_s = 60.0 / self.tempo_bpm
        count = int(np.ceil((self.seconds - self.start_s) / period_s - 1e-9))
        return self.start_s + period_s * np.arange(count, dtype=np.float64)

    @property
    def n_bars(self) -> int:
        """Bars that start within the song; the last may be cut short by its end."""
        return int(np.ceil(self.beats_s.size / self.beats_per_bar))

    @property
    def n_phrases(self) -> int:
        """Phrases that start within the song."""
        return int(np.ceil(self.n_bars / BARS_PER_PHRASE))

    def seconds_at(self, beat: float) -> float:
        """Time of a beat, fractions and negative ones included."""
        return self.start_s + beat * 60.0 / self.tempo_bpm

    def energy(self, bar: int) -> float:
        """Energy of the phrase that `bar` lies in."""
        return self.energies[min(bar // BARS_PER_PHRASE, len(self.energies) - 1)]

    def chord(self, bar: int) -> tuple[int, ...]:
        """MIDI notes of the bar's chord, root first."""
        return self.chords[bar % BARS_PER_PHRASE]


def draw_score(
    name: str,
    style: str,
    rng: np.random.Generator,
    *,
    seconds: float,
    tempo_bpm: float | None = None,
) -> Score:
    """Draw a song of a style; verse and chorus alternate, either may come first."""
    manner = _MANNERS[style]
    tempo = float(rng.uniform(*manner.tempo_bpm)) if tempo_bpm is None else tempo_bpm
    tonic = int(rng.integers(*manner.tonics))
    progression = manner.progressions[int(rng.integers(len(manner.progressions)))]
    first_is_chorus = bool(rng.random() < 0.4)
    score = Score(
        name=name,
        style=style,
        tempo_bpm=tempo,
        beats_per_bar=manner.beats_per_bar,
        start_s=float(rng.uniform(0.12, 0.5)),
        seconds=seconds,
        tonic=tonic,
        chords=tuple(_chord(tonic, symbol) for symbol in progression.split()),
        energies=(1.0,),
    )
    energies = tuple(
        _CHORUS if (phrase % 2 == 0) == first_is_chorus else _VERSE + float(rng.uniform(0, 0.15))
        for phrase in range(score.n_phrases)
    )
    return replace(score, energies=energies)


def _chord(tonic: int, symbol: str) -> tuple[int, ...]:
    quality = symbol.lstrip("0123456789")
    offset = int(symbol.removesuffix(quality))
    root = tonic + (offset if offset <= 6 else offset - 12)
    return tuple(root + interval for interval in CHORDS[quality])
