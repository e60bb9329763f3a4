"""A song's counts: the file that lies beside it, or a tracker; corrections; sections.

What a person wrote always wins: a file of counts over every tracker, corrections over both.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danceit.audio.beats import onsets
from danceit.audio.counts.bars import accents
from danceit.audio.counts.corrections import NEAR, Corrections, corrected, stored
from danceit.audio.counts.file import beside, read_counts
from danceit.audio.counts.pulse import beats_at
from danceit.audio.counts.registry import DEFAULT_TRACKER, tracker_named
from danceit.audio.counts.sections import sections
from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import Sound
from danceit.counts import TRUSTED, TRUSTED_BY_BARS, Counts, Float64
from danceit.files import sha256_of_file

VERSION = 10
"""Raised with every change of a tracker, of corrections or of sections that changes counts."""
FEWEST_BEATS = 4
"""Beats under which there is nothing to count."""
CLEAR = 0.15
"""Confidence under which beats are a guess: tones, swells and drones get 0.00."""
CLEAR_ALONE, CLEAR_IN_BARS = 0.4, TRUSTED_BY_BARS
"""Confidence of beats that need no bars, and of bars without which others are a guess: speech
(three languages, three paces) gets 0.25 to 0.30 with bars of 0.00 to 0.47, notes played at no
pace 0.36 with 0.17, a piano that plays freely for a ballet 0.20 with 0.13; the least sure of 34
annotated songs are waltzes of 0.30 and 0.34, whose bars have 0.80."""
BY_CHANCE, FEWEST_BARS = 1.0, 4
"""Few beats may fall together by chance: by so much, over how many they are, they must be surer,
and beats that are sure by their bars alone must make up so many of these. Of 232 pieces of 4 to
10 s of people who speak 3 are counted, without this rule 128; of 680 of songs 0.72 for 0.87."""
FITS = 0.08
"""Coherence of onsets and beats under which a file is probably another song's: songs' own
beats have at least 0.15 (34 real songs), those of other songs 0.04 in the median."""

_OTHER_LEVELS = (("double", 2.0), ("halve", 0.5))


@dataclass(frozen=True)
class Basis:
    """What a song's counts come from.

    Attributes
    ----------
    file : Path or None
        The file of counts beside the song.
    tracker : str
        Who finds the beats where there is no file.
    said : Corrections
    """

    file: Path | None
    tracker: str
    said: Corrections

    @property
    def identity(self) -> tuple[str, ...]:
        """What counts depend on, beside the sound."""
        return (str(VERSION), "file" if self.file else self.tracker, repr(self.said))


def basis(song: Path, sha256: str, said: Corrections | None = None) -> Basis:
    """Where the counts of a song come from: what lies beside it, `DANCEIT_TRACKER`, the default.

    `said` takes the place of the corrections that are kept.
    """
    file = beside(song)
    said = said or stored(song, sha256, sha256_of_file(file) if file else "")
    chosen = said.tracker or os.environ.get("DANCEIT_TRACKER") or DEFAULT_TRACKER
    return Basis(file, chosen, said)


def count(sound: Sound, basis: Basis, name: str) -> Counts:
    """Counts of a sound; `name` is what to call the song in notes.

    Raises
    ------
    InputError
        If the file of counts is bad, or a correction lies outside the song.
    PluginError
        If there is no such tracker, or it cannot be loaded.
    """
    said, notes = basis.said, []
    if basis.file:
        counts = read_counts(basis.file, sound.duration_s)
        found = Tracked(counts.beats_s, counts.numbers, counts.metre, 1.0)
        if not _fits(sound, counts):
            notes.append(f"the beats in {basis.file} fit no onsets of {name}: of another song?")
    else:
        counts = Counts.none(basis.tracker)
        found = tracker_named(basis.tracker)(sound, bpm=said.bpm, metre=said.metre)
        if not _clear(found):
            found = Tracked()
    found = corrected(
        found,
        said,
        lambda beats_s: accents(sound, beats_s),
        lambda bpm: _laid(sound, bpm, said.downbeat_s or 0.0),
        sound.duration_s,
    )
    if found.beats_s.size < (2 if basis.file else FEWEST_BEATS):
        return _nothing(basis, found, name)
    if found.level_doubt:
        notes.append(_doubt(Counts.of_beats(found.beats_s).tempo_bpm, found.level_doubt, name))
    bars_sure = _bar_confidence(found, said, counts)
    if found.metre and bars_sure < TRUSTED:
        notes.append(
            f"where the bars of {name} begin is a guess; danceit counts SONG --downbeat S says it"
        )
    counts = replace(
        counts,
        beats_s=found.beats_s,
        numbers=found.numbers,
        metre=found.metre,
        confidence=1.0 if said.bpm else found.confidence,
        bar_confidence=bars_sure,
        rival_bpm=found.level_doubt,
        corrections=said.described,
        notes=tuple(notes),
    )
    return counts if counts.sections else replace(counts, sections=sections(sound, counts))


def _nothing(basis: Basis, found: Tracked, name: str) -> Counts:
    """No counts, and one line that says so."""
    reason = f"{found.beats_s.size} beats are too few" if found.beats_s.size else "no beat"
    note = (
        f"no clear beat in {name} ({reason}): nothing is counted; "
        "danceit counts SONG --bpm gives a tempo"
    )
    return replace(Counts.none(basis.tracker), notes=(note,))


def _clear(found: Tracked) -> bool:
    """Whether beats are more than a guess: sure by themselves, or by the bars they make up."""
    n_beats = found.beats_s.size
    if found.bar_confidence is None:
        return found.confidence >= CLEAR
    if found.confidence >= CLEAR_ALONE + BY_CHANCE / max(n_beats, 1):
        return True
    in_bars = found.metre > 0 and n_beats >= FEWEST_BARS * found.metre
    return in_bars and found.confidence >= CLEAR and found.bar_confidence >= CLEAR_IN_BARS


def _bar_confidence(found: Tracked, said: Corrections, file: Counts) -> float:
    if not found.metre:
        return 0.0
    if found.bar_confidence is not None:
        return found.bar_confidence
    return 1.0 if file.bar_confidence else found.confidence


def _doubt(tempo_bpm: float, other_bpm: float, name: str) -> str:
    ratio = other_bpm / tempo_bpm
    option = next(
        (name for name, times in _OTHER_LEVELS if abs(ratio / times - 1.0) <= NEAR),
        f"bpm {other_bpm:.0f}",
    )
    return (
        f"{name} may be counted at {tempo_bpm:.0f} or at {other_bpm:.0f} beats a minute; "
        f"taken at {tempo_bpm:.0f}; danceit counts SONG --{option} takes the other"
    )


def _fits(sound: Sound, counts: Counts) -> bool:
    """Whether onsets keep to one place between the beats, wherever that is."""
    onset = onsets(sound)
    place = counts.places((np.arange(onset.broad.size) + 0.5) / onset.rate)
    inside = (place >= 0) & (place <= counts.beats_s.size - 1)
    strength = onset.broad[inside] - onset.broad[inside].mean() if inside.any() else np.zeros(0)
    total = float(np.abs(strength).sum())
    if total <= 0:
        return True
    turns = np.exp(2j * np.pi * np.arange(1, 5)[:, None] * place[inside])
    return float(np.abs(turns @ strength).max()) / total >= FITS


def _laid(sound: Sound, bpm: float, through_s: float) -> Float64:
    """Beats at a tempo that a person gave: on what is struck, or where nothing is, even."""
    beats_s = beats_at(sound, bpm)
    if beats_s.size >= FEWEST_BEATS:
        return beats_s
    period_s = 60.0 / bpm
    return np.arange(through_s % period_s, sound.duration_s, period_s)
