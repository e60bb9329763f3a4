"""The papers' user studies: which dance people prefer when they do not know whose it is.

Two designs. In *pairs* (Lee et al., NeurIPS 2019) a viewer sees two dances to the same
song side by side and says which is more realistic and which fits the music better. In
*single* (DanceIt, Guo et al., IEEE TIP 2021) the viewer sees one and says whether it is realistic.

Conventions
-----------
- A *contestant* is a method: one dance, or a folder of dances to several songs.
- A *trial* is what is shown at once: a song and one or two contestants.
- Intervals are Wilson's at 95 %; the sign test is exact, two-sided, and belongs to "both
  are preferred equally often". Votes of one viewer are counted as independent, as in the papers.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, sqrt
from pathlib import Path

import numpy as np

from danceit.data import Dance
from danceit.errors import InputError
from danceit.files import sha256_of_file

DANCE_SUFFIX = ".dance.npz"
PAIR_QUESTIONS = {
    "realism": "Which dance is more realistic, regardless of the music?",
    "music": "Which dance matches the music better?",
}
"""Those of Lee et al.'s user study."""
SINGLE_QUESTIONS = {"realistic": "Is this dance realistic?"}
"""That of DanceIt's user study."""
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Entry:
    """One contestant's dance to one song."""

    contestant: str
    file: Path
    sha256: str
    song_sha256: str
    dance: Dance


@dataclass(frozen=True)
class Trial:
    """What is shown at once.

    Attributes
    ----------
    trial_id : str
        The same whenever the same dances are shown in the same way, whatever their names.
    entries : tuple of Entry
        One, or two in the order of the contestants.
    questions : dict of str to str
        Key to wording.
    start_s, end_s : float
        Stretch of the song that is shown.
    """

    trial_id: str
    entries: tuple[Entry, ...]
    questions: dict[str, str]
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Share:
    """How often `first` was chosen over `second`, or was found realistic (`second` empty).

    Attributes
    ----------
    chosen, votes : int
    low, high : float
        Wilson interval of ``chosen / votes``.
    p_value : float
        Sign test.
    """

    question: str
    first: str
    second: str
    chosen: int
    votes: int
    voters: int
    low: float
    high: float
    p_value: float

    @property
    def share(self) -> float:
        """Fraction of the votes."""
        return self.chosen / self.votes


def wilson(chosen: int, votes: int, z: float = _NORMAL_95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927, JASA 22; Brown et al. 2001, eq. 4).

    Raises
    ------
    InputError
        If there are no votes, or more are chosen than there are.
    """
    if not 0 <= chosen <= votes or votes < 1:
        raise InputError(f"a share needs 0 to all of at least one vote; got {chosen} of {votes}")
    share = chosen / votes
    middle = (share + z * z / (2 * votes)) / (1 + z * z / votes)
    half = z * sqrt(share * (1 - share) / votes + z * z / (4 * votes**2)) / (1 + z * z / votes)
    return max(0.0, middle - half), min(1.0, middle + half)


def sign_test(chosen: int, votes: int) -> float:
    """Two-sided exact p-value of a share at least as far from a half as this one."""
    farther = max(chosen, votes - chosen)
    tail: float = sum(comb(votes, k) for k in range(farther, votes + 1)) / 2**votes
    return float(min(1.0, 2 * tail))


def share_of(question: str, first: str, second: str, chosen: int, votes: int, voters: int) -> Share:
    """Put votes together with their interval and test."""
    low, high = wilson(chosen, votes)
    p_value = sign_test(chosen, votes)
    return Share(question, first, second, chosen, votes, voters, low, high, p_value)


def entries(contestants: Sequence[Path]) -> tuple[Entry, ...]:
    """Load every contestant's dances.

    Parameters
    ----------
    contestants : sequence of Path
        Dance files, and folders of dance files to different songs.

    Raises
    ------
    InputError
        If one is neither, a folder has two dances to one song, or two names are the same.
    """
    loaded: list[Entry] = []
    for path in contestants:
        files = sorted(path.glob(f"*{DANCE_SUFFIX}")) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path} holds no *{DANCE_SUFFIX}")
        name = path.name.removesuffix(".npz").removesuffix(".dance")
        if name in {entry.contestant for entry in loaded}:
            raise InputError(f"two contestants are called '{name}'; rename one")
        own = [_entry(name, file) for file in files]
        songs = [entry.song_sha256 for entry in own]
        for entry in own:
            if songs.count(entry.song_sha256) > 1:
                raise InputError(f"{path} holds several dances to the song of {entry.file.name}")
        loaded += own
    return tuple(loaded)


def trials(loaded: Sequence[Entry], *, single: bool, seconds: float, seed: int) -> list[Trial]:
    """Return every trial of a study.

    Parameters
    ----------
    single : bool
        One dance at a time instead of pairs.
    seconds : float
        Length of what is shown, from a place in the song that `seed` and the song decide.

    Raises
    ------
    InputError
        If no two contestants dance to the same song, or those to one song are never seen at
        the same time.
    """
    if seconds <= 0:
        raise InputError(f"`seconds` must be above 0; got {seconds:g}")
    shown: list[tuple[Entry, ...]] = [(entry,) for entry in loaded]
    if not single:
        shown = [
            pair for pair in combinations(loaded, 2) if pair[0].song_sha256 == pair[1].song_sha256
        ]
    if not shown:
        raise InputError(
            "there is nothing to compare: no two contestants have a dance to the same song"
        )
    questions = SINGLE_QUESTIONS if single else PAIR_QUESTIONS
    seen = {song: _seen_together(loaded, song) for song in {each.song_sha256 for each in loaded}}
    return [_trial(group, questions, seen[group[0].song_sha256], seconds, seed) for group in shown]


def order_for(voter: str, of: Sequence[Trial], seed: int) -> list[tuple[Trial, bool]]:
    """Trials in a viewer's own random order, and for each whether the sides are swapped.

    The same viewer always gets the same, so that a reload changes nothing.
    """
    rng = np.random.default_rng(_number(f"{seed}|{voter}"))
    order = rng.permutation(len(of))
    swapped = rng.random(len(of)) < 0.5
    return [(of[int(i)], bool(swapped[i])) for i in order]


def _entry(name: str, file: Path) -> Entry:
    dance = Dance.load(file)
    song = dance.song.sha256 if dance.song else ""
    if not song:
        raise InputError(f"{file} does not say to which song it is danced")
    return Entry(name, file, sha256_of_file(file), song, dance)


def _seen_together(loaded: Sequence[Entry], song: str) -> tuple[float, float]:
    """Seconds of a song in which all that dance to it are there: a real dance may begin late."""
    starts, ends = [], []
    for entry in loaded:
        if entry.song_sha256 == song:
            there = np.flatnonzero(np.isfinite(entry.dance.joints).any(axis=(1, 2)))
            starts.append(there[0] / entry.dance.fps if len(there) else 0.0)
            ends.append((there[-1] + 1) / entry.dance.fps if len(there) else 0.0)
    if max(starts) >= min(ends):
        raise InputError(
            "the dances to one song are never seen at the same time: there is no stretch to show "
            f"of {', '.join(entry.file.name for entry in loaded if entry.song_sha256 == song)}"
        )
    return float(max(starts)), float(min(ends))


def _trial(
    group: tuple[Entry, ...],
    questions: dict[str, str],
    seen: tuple[float, float],
    seconds: float,
    seed: int,
) -> Trial:
    first_s, last_s = seen
    rng = np.random.default_rng(_number(f"{seed}|{group[0].song_sha256}"))
    start_s = float(rng.uniform(first_s, max(first_s, last_s - seconds)))
    end_s = min(last_s, start_s + seconds)
    shown = "|".join(entry.sha256 for entry in group)
    trial_id = hashlib.sha256(f"{shown}|{start_s:.3f}|{end_s:.3f}".encode()).hexdigest()[:16]
    return Trial(trial_id, group, questions, start_s, end_s)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
