"""What dancers count of a song: beats, their place in the bar, the metre, sections.

Conventions
-----------
- Times are seconds of the song. B beats, increasing; `numbers` are their places in the
  bar, 1 first, 0 where they are not known.
- The *phase* of a time is how many beats it lies after the 1 before it, in [0, metre):
  0 is on the 1, 0.5 half-way to the 2.
- A song in which nobody could count has no beats; everything that takes counts takes that.
"""

import json
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from danceit.errors import InputError

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

TRUSTED = 0.3
"""Confidence from which beats, or bars, are used without being asked for."""
TRUSTED_BY_BARS = 0.5
"""Confidence of bars whose beats are used though they are less sure by themselves: unclear
beats that fall into clear bars of three are a waltz played softly."""

PASSAGE = 4
"""Bars of another length than most, one after the other, from which the metre has changed; fewer
are bars that slipped."""
BARS_OF_EIGHT = {2: 4, 3: 2, 4: 2}
"""Bars that dancers count through, by metre; bars of other metres are counted singly."""


@dataclass(frozen=True)
class Section:
    """A stretch of a song; stretches with the same label sound alike. Half-open, in seconds.

    `confidence`, 0 to 1, is how far it stands out from the others and is like its own kind.
    """

    start_s: float
    end_s: float
    label: str
    confidence: float = 1.0


@dataclass(frozen=True)
class Counts:
    """What is counted in a song.

    Attributes
    ----------
    beats_s : float64 (B,)
        Increasing; empty where there is no beat.
    numbers : int32 (B,)
        Place in the bar, 1 first; 0 where it is not known.
    metre : int
        Beats a bar; 0 where it is not known.
    sections : tuple of Section
        In order, without gaps, from the first to the last bar; empty where not known.
    confidence : float
        How sure whoever counted is of the beats, 0 to 1; 1 for a person.
    tracker : str
        Who counted: a name of the plug-in group ``danceit.counts``, or ``file``.
    rival_bpm : float
        A second tempo that would do nearly as well; 0 where there is none.
    bar_confidence : float
        How sure whoever counted is of the metre and the 1s, 0 to 1; 1 for a person.
    corrections : tuple of str
        What a person put right, a few words each.
    notes : tuple of str
        What a person should know, a line each.
    """

    beats_s: Float64
    numbers: Int32
    metre: int = 0
    sections: tuple[Section, ...] = ()
    confidence: float = 1.0
    tracker: str = ""
    rival_bpm: float = 0.0
    bar_confidence: float = 1.0
    corrections: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def none(cls, tracker: str = "", confidence: float = 0.0) -> "Counts":
        """Counts of a song in which nobody could count."""
        nothing = np.zeros(0)
        return cls(
            nothing,
            nothing.astype(np.int32),
            confidence=confidence,
            tracker=tracker,
            bar_confidence=0.0,
        )

    @classmethod
    def of_beats(cls, beats_s: Float64, tracker: str = "", confidence: float = 1.0) -> "Counts":
        """Beats whose place in the bar is not known."""
        times = np.asarray(beats_s, dtype=np.float64)
        unknown = np.zeros(len(times), dtype=np.int32)
        return cls(times, unknown, confidence=confidence, tracker=tracker, bar_confidence=0.0)

    @property
    def tempo_bpm(self) -> float:
        """Tempo, beats a minute: the median over stretches of four beats; 0 under two beats."""
        if len(self.beats_s) < 2:
            return 0.0
        # A beat left out, a pause or a break says nothing about the tempo.
        span = min(4, len(self.beats_s) - 1)
        return float(60.0 * span / np.median(self.beats_s[span:] - self.beats_s[:-span]))

    @property
    def downbeats_s(self) -> Float64:
        """Times of the 1s."""
        return np.asarray(self.beats_s[self.numbers == 1])

    @property
    def metres(self) -> Int32:
        """Beats a bar where each beat (B,) lies: the metre, or that of a passage of other bars."""
        metres = np.full(len(self.beats_s), self.metre, np.int32)
        ones = np.flatnonzero(self.numbers == 1)
        lengths = np.diff(ones)
        if not self.metre or not lengths.size:
            return metres
        for bars in np.split(np.arange(lengths.size), np.flatnonzero(np.diff(lengths)) + 1):
            if bars.size >= PASSAGE:
                # What comes before the first 1 and after the last belongs to the bars beside it.
                first = ones[bars[0]] if bars[0] > 0 else 0
                stop = ones[bars[-1] + 1] if bars[-1] + 1 < lengths.size else len(metres)
                metres[first:stop] = lengths[bars[0]]
        return metres

    @property
    def passages(self) -> tuple[tuple[int, int, int], ...]:
        """Stretches of beats in one metre, half-open: (first, stop, metre)."""
        metres = self.metres
        edges = [0, *(np.flatnonzero(np.diff(metres)) + 1).tolist(), len(metres)]
        return tuple((i, j, int(metres[i])) for i, j in pairwise(edges) if i < j)

    def metre_at(self, times_s: npt.ArrayLike) -> Int32:
        """Beats a bar at each time (N,); 0 where it is not known."""
        times = np.asarray(times_s, dtype=np.float64)
        if not len(self.beats_s):
            return np.zeros(times.shape, np.int32)
        before = np.searchsorted(self.beats_s, times + 1e-6, side="right") - 1
        return np.asarray(self.metres[np.maximum(before, 0)], np.int32)

    @property
    def eights(self) -> Int32:
        """What a dancer calls each beat (B,): 1 to 8 over two bars of four or four of two.

        Bars of three go to 6 over two, bars of other lengths are counted singly; from the
        first 1, and anew from each section; 0 where bars are not known. This is the one rule
        of what an eight is: what is chosen, drawn and learned goes by it.
        """
        called = np.zeros(len(self.beats_s), np.int32)
        ones = np.flatnonzero(self.numbers == 1)
        if not ones.size:
            return called
        metre = self.metres[ones]
        bars = np.array([BARS_OF_EIGHT.get(int(one), 1) for one in metre])
        starts_s = np.array([section.start_s for section in self.sections])
        # Sections start on bars: the nearest 1 is theirs.
        anew = ones[np.abs(self.beats_s[ones][:, None] - starts_s[None]).argmin(axis=0)]
        changed = ones[1:][np.diff(metre) != 0]
        opens = np.isin(ones, [ones[0], *anew, *changed])
        since = np.maximum.accumulate(opens * np.arange(ones.size))
        in_eight = (np.arange(ones.size) - since) % bars
        bar = np.searchsorted(ones, np.arange(len(called)), side="right") - 1
        within = np.maximum(bar, 0)
        earlier = np.where(bar < 0, bars[0] - 1, in_eight[within]) * metre[within]
        known = self.numbers > 0
        # A beat too many, where a bar slips, is called as the last one.
        most = bars[within] * metre[within]
        called[known] = np.minimum(earlier + self.numbers, most)[known]
        return called

    @property
    def trusted(self) -> bool:
        """Whether there are counts that may be used unasked."""
        in_bars = bool(self.metre) and self.bar_confidence >= TRUSTED_BY_BARS
        return len(self.beats_s) >= 2 and (self.confidence >= TRUSTED or in_bars)

    @property
    def bars_trusted(self) -> bool:
        """Whether there are bars that may be used unasked."""
        return bool(self.metre) and self.bar_confidence >= TRUSTED

    @property
    def bar_weight(self) -> float:
        """How much where the 1 is should weigh, 0 to 1: all of it where it is rather sure."""
        return min(1.0, 2.0 * self.bar_confidence) if self.metre else 0.0

    def without_bars(self) -> "Counts":
        """Return the beats alone."""
        return replace(self, numbers=np.zeros_like(self.numbers), metre=0, bar_confidence=0.0)

    def phase(self, times_s: npt.ArrayLike) -> Float64:
        """Beats since the 1 before each time (N,), in [0, metre); NaN where nothing is counted.

        Between two beats linear in time; before the first and after the last beat the
        nearest interval goes on. Where no number is known, the phase within the beat, [0, 1);
        where some are, NaN at those that are not.
        """
        times = np.asarray(times_s, dtype=np.float64)
        if len(self.beats_s) < 2:
            return np.full(times.shape, np.nan)
        place = self.places(times)
        if not self.metre or not self.numbers.any():
            return np.asarray(np.mod(place, 1.0))
        before = np.clip(np.floor(place).astype(np.int64), 0, len(self.beats_s) - 2)
        number = np.where(self.numbers[before] > 0, self.numbers[before], np.nan)
        phase = number - 1 + (place - before)
        return np.asarray(np.mod(phase, self.metres[before]), dtype=np.float64)

    def places(self, times_s: npt.ArrayLike) -> Float64:
        """Number of each time (N,) among the beats, from 0; NaN where there are not two.

        Fractions lie between beats.
        """
        times = np.asarray(times_s, dtype=np.float64)
        if len(self.beats_s) < 2:
            return np.full(times.shape, np.nan)
        last = max(len(self.beats_s) - 2, 0)
        before = np.clip(np.searchsorted(self.beats_s, times, side="right") - 1, 0, last)
        gap = self.beats_s[before + 1] - self.beats_s[before]
        return np.asarray(before + (times - self.beats_s[before]) / gap, dtype=np.float64)

    def times(self, places: npt.ArrayLike) -> Float64:
        """Times (N,) of places among the beats; the inverse of `places`."""
        wanted = np.asarray(places, dtype=np.float64)
        if len(self.beats_s) < 2:
            return np.full(wanted.shape, np.nan)
        before = np.clip(np.floor(wanted).astype(np.int64), 0, max(len(self.beats_s) - 2, 0))
        gap = self.beats_s[before + 1] - self.beats_s[before]
        return np.asarray(self.beats_s[before] + (wanted - before) * gap, dtype=np.float64)

    def covering(self, start_s: float, end_s: float) -> "Counts":
        """Return the same with beats added before and after at the pace of the nearest eight.

        The first beat is then at `start_s` or before it, and is a 1 where the metre is
        known; the last one at `end_s` or after it.
        """
        if len(self.beats_s) < 2:
            return self
        beats = self.beats_s
        first_gap = float(np.median(np.diff(beats[:9])))
        last_gap = float(np.median(np.diff(beats[-9:])))
        before = max(0, int(np.ceil((beats[0] - start_s) / first_gap - 1e-9)))
        known = bool(self.metre) and bool(self.numbers[0])
        opening, ending = self.metres[[0, -1]].tolist()
        if known:
            before += int((self.numbers[0] - 1 - before) % opening)
        after = max(0, int(np.ceil((end_s - beats[-1]) / last_gap - 1e-9)))
        earlier = beats[0] - first_gap * np.arange(before, 0, -1)
        later = beats[-1] + last_gap * np.arange(1, after + 1)
        numbers = np.zeros(before + len(beats) + after, dtype=np.int32)
        numbers[before : before + len(beats)] = self.numbers
        if known:
            numbers[:before] = (self.numbers[0] - 1 - np.arange(before, 0, -1)) % opening + 1
        if self.metre and self.numbers[-1]:
            numbers[before + len(beats) :] = (
                self.numbers[-1] - 1 + np.arange(1, after + 1)
            ) % ending + 1
        return replace(self, beats_s=np.concatenate([earlier, beats, later]), numbers=numbers)

    def within(self, start_s: float, end_s: float) -> "Counts":
        """Return the beats from `start_s` to `end_s`, without sections, notes and corrections."""
        inside = (self.beats_s >= start_s) & (self.beats_s <= end_s)
        return replace(
            self,
            beats_s=self.beats_s[inside],
            numbers=self.numbers[inside],
            sections=(),
            corrections=(),
            notes=(),
        )

    def as_text(self) -> str:
        """Beats, numbers, metre and both confidences as JSON; "" where nothing is counted."""
        if not len(self.beats_s):
            return ""
        return json.dumps(
            {
                "metre": self.metre,
                "confidence": round(float(self.confidence), 3),
                "bar_confidence": round(float(self.bar_confidence), 3),
                "beats_s": [round(float(beat), 4) for beat in self.beats_s],
                "numbers": self.numbers.tolist(),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str) -> "Counts":
        """Read what `as_text` wrote; counts of nothing for "".

        Raises
        ------
        InputError
            If it is something else.
        """
        if not text:
            return cls.none()
        try:
            known = json.loads(text)
            return cls(
                np.asarray(known["beats_s"], dtype=np.float64),
                np.asarray(known["numbers"], dtype=np.int32),
                metre=int(known["metre"]),
                confidence=float(known["confidence"]),
                # Texts from before bars had a confidence of their own.
                bar_confidence=float(known.get("bar_confidence", known["confidence"])),
            )
        except (ValueError, TypeError, KeyError, OverflowError) as exc:
            raise InputError(f"these are no counts: {text[:40]!r} ({exc})") from exc


def _check(counts: Counts) -> None:
    beats, numbers = counts.beats_s, counts.numbers
    if beats.ndim != 1 or beats.dtype.kind != "f":
        raise InputError(f"beats must be a list of times in seconds; got shape {beats.shape}")
    if not np.isfinite(beats).all() or bool((np.diff(beats) <= 0).any()):
        raise InputError("beats must be finite and increasing; unsorted, or two at one time?")
    if numbers.shape != beats.shape:
        raise InputError(f"each of {len(beats)} beats needs its number; got {numbers.shape}")
    if counts.metre < 0 or (len(numbers) and int(numbers.min()) < 0):
        raise InputError("numbers in the bar and the metre must be 0 (not known) or more")


def metre_of(numbers: Int32) -> int:
    """Beats of most of the bars that are numbered so (B,); 0 where nothing is."""
    if not numbers.any():
        return 0
    lengths = Counter(numbers[:-1][(numbers[1:] == 1) & (numbers[:-1] > 0)].tolist())
    return int(lengths.most_common(1)[0][0]) if lengths else int(numbers.max())


def beats_of_eight(metre: int) -> int:
    """Beats after which dancers count from 1 again: 8, or a six in three-four; 8 where unknown."""
    return metre * BARS_OF_EIGHT.get(metre, 1) or 8
