"""What a person put right about a song's counts, and how they are obeyed.

Corrections are kept in ``song.counts`` beside the song (JSON), or under its hash in the
cache where its folder cannot be written to. They hold for what they corrected: those of a
file of counts are no longer used once that file changes, those of a tracker's counts not
while there is such a file.

They are applied in this order: tempo, halving and doubling, metre, the 1, shift. Halving
and doubling keep the metre, since a dancer goes on counting in threes or fours.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit.audio.counts.bars import first_one
from danceit.audio.counts.file import CORRECTIONS_SUFFIX
from danceit.audio.counts.tracked import Tracked
from danceit.counts import Float64, Int32
from danceit.errors import InputError
from danceit.files import cache_dir, replacing

Accents = Callable[[Float64], Float64]
Relaid = Callable[[float], Float64]
Kept = Callable[[Float64, Int32, int], int]

TEMPI_BPM = (20.0, 400.0)
"""Tempi that a person may give."""
MOST_METRE = 9
"""Most beats a bar that a person may give."""
NEAR = 0.06
"""Share by which a tempo may differ from the one given and still be it."""
_LEVELS = (1.0, 2.0, 0.5, 3.0, 1 / 3, 4.0, 0.25)
"""Times the tempo found that the tempo given may be, to keep the beats that were found."""
GUESSED = 0.25
"""Confidence of bars whose 1 accents alone tell: under what is used without being asked for."""
_FORMAT = 1


@dataclass(frozen=True)
class Corrections:
    """What a person said of one song; the defaults say nothing.

    Attributes
    ----------
    tracker : str
        Whose beats to take; empty for the default.
    bpm : float or None
        Beats a minute.
    metre : int or None
        Beats a bar.
    downbeat_s : float or None
        Seconds into the song of any 1.
    level : int
        How often to double the tempo found; negative to halve.
    shift_ms : float
        Milliseconds by which the beats are to be later.
    of_file : str
        Hash of the file of counts that was corrected; empty for a tracker's.
    """

    tracker: str = ""
    bpm: float | None = None
    metre: int | None = None
    downbeat_s: float | None = None
    level: int = 0
    shift_ms: float = 0.0
    of_file: str = ""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def any(self) -> bool:
        """Whether anything is said."""
        return replace(self, of_file="") != Corrections()

    @property
    def described(self) -> tuple[str, ...]:
        """What is said, a few words each, for people."""
        said = [f"{self.bpm:g} bpm"] if self.bpm is not None else []
        if self.level:
            times = "once" if abs(self.level) == 1 else f"{abs(self.level)} times"
            said.append(f"{'doubled' if self.level > 0 else 'halved'} {times}")
        if self.metre is not None:
            said.append(f"{self.metre} beats a bar")
        if self.downbeat_s is not None:
            said.append(f"a 1 at {self.downbeat_s:g} s")
        if self.shift_ms:
            said.append(f"{self.shift_ms:+g} ms")
        return tuple(said)


def stored(song: Path, sha256: str, of_file: str) -> Corrections:
    """Corrections kept for a song and what its counts come from; none where there are none.

    Raises
    ------
    InputError
        If the file beside the song cannot be read, or holds what cannot be.
    """
    for path in (_beside(song), _in_cache(sha256)):
        if path is not None and path.is_file():
            found = _read(path)
            return found if found.of_file == of_file else Corrections(of_file=of_file)
    return Corrections(of_file=of_file)


def keep(corrections: Corrections, song: Path, sha256: str) -> Path | None:
    """Keep corrections beside the song, or in the cache; return where, None where none are left.

    Raises
    ------
    InputError
        If neither can be written.
    """
    beside, cached = _beside(song), _in_cache(sha256)
    if not corrections.any:
        for path in (beside, cached):
            if path is not None:
                path.unlink(missing_ok=True)
        return None
    said = {name: value for name, value in asdict(corrections).items() if value not in (None, "")}
    text = json.dumps({"format": _FORMAT, **said}, indent=1) + "\n"
    try:
        _write(beside, text)
    except (InputError, OSError):
        if beside.is_file() or cached is None:
            raise
        cached.parent.mkdir(parents=True, exist_ok=True)
        _write(cached, text)
        return cached
    return beside


def corrected(
    tracked: Tracked, said: Corrections, accents: Accents, relaid: Relaid, duration_s: float
) -> Tracked:
    """Beats as a person wants them.

    Parameters
    ----------
    tracked : Tracked
    said : Corrections
    accents : function of beats (B,)
        How much each sounds like a 1; asked only where that is needed.
    relaid : function of beats a minute
        Other beats at that tempo, for where those found fit none of its levels.
    duration_s : float
        Of the song.

    Raises
    ------
    InputError
        If the 1 that was given lies outside the song.
    """
    if said.downbeat_s is not None and said.downbeat_s > duration_s:
        raise InputError(
            f"`downbeat={said.downbeat_s:g}` lies beyond the song, which ends at {duration_s:.1f} s"
        )
    beats_s, numbers, metre = tracked.beats_s, tracked.numbers, tracked.metre
    one_s = None if said.downbeat_s is None else said.downbeat_s - said.shift_ms / 1000

    def kept(beats_s: Float64, numbers: Int32, parts: int) -> int:
        """Which of the first `parts` beats stays where one of so many does."""
        if one_s is not None:
            return _nearest(beats_s, one_s) % parts
        if numbers.any():
            return int(np.argmax(numbers == 1)) % parts
        return first_one(accents(beats_s), parts)

    if said.bpm is not None:
        beats_s, numbers = _at_tempo(beats_s, numbers, said.bpm, metre, kept, relaid)
    for _ in range(abs(said.level)):
        times = 2.0 if said.level > 0 else 0.5
        beats_s, numbers = _times(beats_s, numbers, times, metre, kept)
    if not numbers.any():
        metre = 0
    # Counted twice as fast or half so, a 1 that was a guess still is one.
    bars_sure = tracked.bar_confidence
    wanted = said.metre or metre or (4 if said.downbeat_s is not None else 0)
    if beats_s.size and wanted and (wanted != metre or one_s is not None):
        if one_s is not None:
            first, bars_sure = _nearest(beats_s, one_s), 1.0
        elif said.of_file and numbers.any():
            # Who wrote the file knew a 1; a tracker that heard another metre did not.
            first, bars_sure = int(np.argmax(numbers == 1)), None
        else:
            first, bars_sure = first_one(accents(beats_s), wanted), GUESSED
        numbers = _counted(beats_s.size, first, wanted)
        metre = wanted
    beats_s = beats_s + said.shift_ms / 1000
    inside = (beats_s >= 0) & (beats_s <= duration_s)
    return replace(
        tracked,
        beats_s=beats_s[inside],
        numbers=numbers[inside],
        metre=metre,
        level_doubt=0.0 if said.bpm is not None or said.level else tracked.level_doubt,
        bar_confidence=bars_sure,
    )


def _at_tempo(
    beats_s: Float64, numbers: Int32, bpm: float, metre: int, kept: Kept, relaid: Relaid
) -> tuple[Float64, Int32]:
    """Beats at a tempo: those found, more or fewer of them, or others."""
    if beats_s.size >= 2:
        found_bpm = 60.0 / float(np.median(np.diff(beats_s)))
        for times in _LEVELS:
            if abs(found_bpm * times / bpm - 1.0) <= NEAR:
                return _times(beats_s, numbers, times, metre, kept)
    laid_s = relaid(bpm)
    return laid_s, np.zeros(laid_s.size, np.int32)


def _times(
    beats_s: Float64, numbers: Int32, times: float, metre: int, kept: Kept
) -> tuple[Float64, Int32]:
    """Beats at a whole multiple of the tempo, or a whole part of it; the metre stays."""
    if times == 1.0 or beats_s.size < 2:
        return beats_s, numbers
    known = bool(metre) and bool(numbers.any())
    if times > 1.0:
        parts = round(times)
        # Up to the last beat, which has no successor.
        place = np.arange((beats_s.size - 1) * parts + 1) / parts
        old = numbers[place.astype(np.int64)]
        within = np.arange(place.size) % parts
        finer = np.where(old > 0, ((old - 1) * parts + within) % max(metre, 1) + 1, 0)
        finer_s = np.interp(place, np.arange(beats_s.size), beats_s)
        return finer_s, (finer if known else np.zeros_like(finer)).astype(np.int32)
    parts = round(1 / times)
    start = kept(beats_s, numbers, parts)
    sparse_s = beats_s[start::parts]
    if not known:
        return sparse_s, np.zeros(sparse_s.size, np.int32)
    one = int(np.argmax(numbers[start::parts] == 1))
    return sparse_s, _counted(sparse_s.size, one, metre)


def _nearest(beats_s: Float64, time_s: float) -> int:
    return int(np.abs(beats_s - time_s).argmin())


def _counted(count: int, first: int, metre: int) -> Int32:
    return ((np.arange(count) - first) % metre + 1).astype(np.int32)


def _check(said: Corrections) -> None:
    low, high = TEMPI_BPM
    if said.bpm is not None and not low <= said.bpm <= high:
        raise InputError(f"`bpm` must be {low:g} to {high:g} beats a minute; got {said.bpm:g}")
    if said.metre is not None and not 2 <= said.metre <= MOST_METRE:
        raise InputError(
            f"`metre` must be 2 to {MOST_METRE} beats a bar; got {said.metre}: "
            "eighths instead of beats?"
        )
    if said.downbeat_s is not None and not 0 <= said.downbeat_s < float("inf"):
        raise InputError(f"`downbeat` must be seconds into the song; got {said.downbeat_s:g}")
    if abs(said.level) > 3:
        raise InputError("`halve` and `double` reach three levels from what was found, no more")
    if not abs(said.shift_ms) <= 2000:
        raise InputError(f"`shift` must be milliseconds, 2000 at most; got {said.shift_ms:g}")


def _read(path: Path) -> Corrections:
    try:
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if int(held.pop("format")) > _FORMAT:
            raise InputError(f"{path} was written by a newer danceit; upgrade to read it")
        known = {field.name for field in fields(Corrections)}
        return Corrections(**{name: value for name, value in held.items() if name in known})
    except InputError as exc:
        raise InputError(f"{path}: {exc}") from exc
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InputError(
            f"{path} does not hold corrections that danceit wrote ({exc}); remove it"
        ) from exc


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _beside(song: Path) -> Path:
    return song.with_name(song.stem + CORRECTIONS_SUFFIX)


def _in_cache(sha256: str) -> Path | None:
    try:
        return cache_dir() / "corrections" / f"{sha256}.json"
    except OSError:  # there is no cache, and so nothing in it
        return None
