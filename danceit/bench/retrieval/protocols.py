"""What may be tested on what: movement that tests must not have seen.

Conventions
-----------
- A test dance is *indexed* when the library holds it itself: nearly all of it in a
  single dance. It is *shared* as far as the library repeats its movement (see
  `danceit.bench.retrieval.fingerprint`), which a split by song does not prevent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from danceit.bench.retrieval.fingerprint import LIMIT_CM, Copies
from danceit.data import Bool, Int64
from danceit.errors import InputError

INDEXED_SHARE = 0.95
"""Share of a test dance found in one library dance from which it counts as the same dance."""
LEAKED_FRAMES = 12
"""Frames of a fragment that repeat the test from which it is left out with `--no-leak`."""


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
            "measure memory; exclude their movement with `no_leak` or accept it with `allow_leak`"
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
