"""What may be tested on what: splits by song, and movement that tests must not have seen.

Conventions
-----------
- A *group* is a song: everything danced to it goes to one side of a split.
- A test dance is *indexed* when the library holds it itself: nearly all of it in a
  single dance. It is *shared* as far as the library repeats its movement (see
  `danceit.bench.retrieval.fingerprint`), which a split by song does not prevent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from danceit.bench.measures.motion import Array
from danceit.bench.retrieval.fingerprint import LIMIT_CM, Copies, find_copies
from danceit.data import Bool, Int64
from danceit.errors import InputError

INDEXED_SHARE = 0.95
"""Share of a test dance found in one library dance from which it counts as the same dance."""
LEAKED_FRAMES = 12
"""Frames of a fragment that repeat the test from which it is left out with `--no-leak`."""


@dataclass(frozen=True)
class Split:
    """Rows on each side; no group is on both."""

    train: Int64
    test: Int64
    test_groups: tuple[str, ...]


@dataclass(frozen=True)
class Leak:
    """What a library knows of each test dance.

    Attributes
    ----------
    copies : dict of str to Copies
        By test dance.
    copied : dict of str to float
        Share of each test dance that the library repeats, 0 to 1.
    indexed : dict of str to str
        Test dances that are in the library themselves, with the library dance that holds them.
    """

    copies: Mapping[str, Copies]
    copied: Mapping[str, float]
    indexed: Mapping[str, str]

    def statement(self, library: str = "the library") -> str:
        """Say in one line how much of the test the library has seen."""
        if not self.copied:
            return f"no test dance to compare with {library}"
        shares = sorted(self.copied.values())
        line = (
            f"{np.mean(shares):.0%} of the test dances' movement is in {library} "
            f"({shares[0]:.0%} to {shares[-1]:.0%} a dance)"
        )
        if self.indexed:
            line += f"; {len(self.indexed)} of {len(self.copied)} are in it themselves"
        return line


def validate(groups: Sequence[str], n_test: int) -> None:
    """Check that groups can be split.

    Raises
    ------
    InputError
        If either side would have fewer than two songs.
    """
    n_groups = len(set(groups))
    if n_test < 2 or n_groups - n_test < 2:
        raise InputError(
            f"a split needs at least two songs on each side; {n_groups} songs with {n_test} "
            "for testing leave too few"
        )


def split_by_group(
    groups: Sequence[str], *, n_test: int, seed: int = 0, strata: Sequence[str] | None = None
) -> Split:
    """Split rows so that no group is on both sides.

    Parameters
    ----------
    groups : sequence of str
        Song of each row.
    n_test : int
        Songs to test on.
    seed : int
    strata : sequence of str, optional
        Style of each row; each style then gives test songs in proportion, by largest
        remainder.
    """
    validate(groups, n_test)
    names = np.asarray(groups, dtype=str)
    kinds = np.asarray(strata if strata is not None else [""] * len(names), dtype=str)
    rng = np.random.default_rng(seed)
    unique, first = np.unique(names, return_index=True)
    of_kind = {kind: unique[kinds[first] == kind] for kind in np.unique(kinds[first])}
    wanted = {kind: n_test * len(songs) / len(unique) for kind, songs in of_kind.items()}
    count = {kind: int(share) for kind, share in wanted.items()}
    by_remainder = sorted(wanted, key=lambda kind: (count[kind] - wanted[kind], kind))
    for kind in by_remainder[: n_test - sum(count.values())]:
        count[kind] += 1
    chosen = [
        str(song)
        for kind, songs in of_kind.items()
        for song in rng.permutation(songs)[: count[kind]]
    ]
    is_test = np.isin(names, chosen)
    return Split(
        train=np.flatnonzero(~is_test).astype(np.int64),
        test=np.flatnonzero(is_test).astype(np.int64),
        test_groups=tuple(sorted(chosen)),
    )


def folds_by_group(groups: Sequence[str], n_folds: int, *, seed: int = 0) -> tuple[Split, ...]:
    """Split into folds in which every song is tested once.

    Raises
    ------
    InputError
        If a side of a fold would have fewer than two songs.
    """
    names = np.asarray(groups, dtype=str)
    songs = np.random.default_rng(seed).permutation(np.unique(names))
    if n_folds < 2:
        raise InputError(f"cross-validation needs at least two folds; got {n_folds}")
    parts = np.array_split(songs, n_folds)
    validate(groups, min(len(part) for part in parts))
    validate(groups, max(len(part) for part in parts))
    splits = []
    for part in parts:
        is_test = np.isin(names, part)
        splits.append(
            Split(
                np.flatnonzero(~is_test).astype(np.int64),
                np.flatnonzero(is_test).astype(np.int64),
                tuple(sorted(str(song) for song in part)),
            )
        )
    return tuple(splits)


def measure_leak(test: Mapping[str, Array], library: Mapping[str, Array]) -> Leak:
    """Find out how much of each test dance a library has seen.

    Parameters
    ----------
    test, library : mapping of name to (T, J, C)
        A dance under the same name on both sides is the same dance.
    """
    copies = {name: find_copies(motion, library) for name, motion in test.items()}
    return leak_of(copies)


def leak_of(copies: Mapping[str, Copies]) -> Leak:
    """Sum up what was found of each test dance."""
    copied, indexed = {}, {}
    for name, found in copies.items():
        copied[name] = found.share()
        within = found.shares()
        holder = name if name in within else next(iter(within), "")
        if holder and within[holder] >= INDEXED_SHARE:
            indexed[name] = holder
    return Leak(copies, copied, indexed)


def refuse_indexed(leak: Leak, *, allowed: bool) -> None:
    """Stop a score on dances that the library holds, unless it is allowed.

    Raises
    ------
    InputError
        Naming the dances and the two ways out.
    """
    if leak.indexed and not allowed:
        some = ", ".join(list(leak.indexed)[:3])
        more = f" and {len(leak.indexed) - 3} more" if len(leak.indexed) > 3 else ""
        raise InputError(
            f"test dances are in the index themselves ({some}{more}), so any score would "
            "measure memory; exclude their movement with --no-leak or accept it with --allow-leak"
        )


def leaked(
    copies: Copies,
    clip_ids: Sequence[str],
    start_frames: Int64,
    n_frames: Int64,
    limit_cm: float = LIMIT_CM,
) -> Bool:
    """Mark library fragments that repeat a test dance for half a second or more, bool (N,).

    Parameters
    ----------
    copies : Copies
        Of one test dance; library dances are named by clip.
    clip_ids, start_frames, n_frames : (N,)
        Of the fragments.
    """
    clips = np.asarray(clip_ids, dtype=str)
    stops = start_frames + n_frames
    result = np.zeros(len(clips), dtype=bool)
    for name in copies.at:
        rows = np.flatnonzero(clips == name)
        if rows.size:
            marked = copies.frames(name, int(stops[rows].max()), limit_cm)
            total = np.concatenate([[0], np.cumsum(marked)])
            result[rows] = total[stops[rows]] - total[start_frames[rows]] >= LEAKED_FRAMES
    return result
