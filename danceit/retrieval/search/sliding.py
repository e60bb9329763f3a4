"""Where exactly in its clip a move lies: fragments start where an index's grid has them.

A fragment that was found is slid along its own clip, half its length either way as far as
other fragments show the clip there, to where it lies nearest on the move. A copy of a move
is then found to the frame, wherever on the grid it was danced.
"""

from dataclasses import dataclass, replace

import numpy as np

from danceit.data import Bool, Float32, Int64, mirrored
from danceit.index.store.contract import FragmentStore, FragmentTable, Where
from danceit.retrieval.search.likeness import Bodies, even_distances

_OFFSETS = 24
"""Places, evenly spread over a fragment's length, that are looked at first."""
_MOMENTS = 12
"""Moments of a move by which those are compared."""


@dataclass(frozen=True)
class Surroundings:
    """N fragments of one length with what their clips show before and after them.

    Attributes
    ----------
    poses : float32 (N, R + L + R, 18, C)
    known : bool (N, R + L + R)
        One stretch of frames, about the fragment, that other fragments show too.
    length : int
        L, frames of the fragments.
    """

    poses: Float32
    known: Bool
    length: int

    @property
    def reach(self) -> int:
        """R, frames before and after."""
        return (self.known.shape[1] - self.length) // 2

    def windows(self, offsets: Int64) -> Float32:
        """Return L frames of each, from an offset (N,) to where its fragment starts."""
        at = self.reach + offsets[:, None] + np.arange(self.length)
        found: Float32 = self.poses[np.arange(len(offsets))[:, None], at]
        return found

    def in_a_mirror(self, which: Bool) -> "Surroundings":
        """Return the same with some of them (N,) as their mirror images."""
        if not which.any():
            return self
        poses = self.poses.copy()
        poses[which] = mirrored(poses[which])
        return replace(self, poses=poses)


def surrounded(store: FragmentStore, table: FragmentTable, own: Float32) -> Surroundings:
    """Look up what lies about fragments of one length, with poses `own` (N, L, 18, C)."""
    n, length = own.shape[:2]
    reach = length // 2
    clips = tuple(dict.fromkeys(table.clip_id.tolist()))
    there = store.table(store.matching(Where(n_frames=length, only_clips=clips)))
    starts: dict[str, Int64] = {}
    rows: dict[str, Int64] = {}
    for clip in clips:
        here = np.flatnonzero(there.clip_id == clip)
        here = here[np.argsort(there.start_frame[here], kind="stable")]
        starts[clip], rows[clip] = there.start_frame[here], there.rows[here]
    shifts, wanted = np.empty((2, n), dtype=np.int64), np.empty((2, n), dtype=np.int64)
    for i, (clip, start) in enumerate(
        zip(table.clip_id.tolist(), table.start_frame.tolist(), strict=True)
    ):
        first = int(np.searchsorted(starts[clip], start - length))
        last = int(np.searchsorted(starts[clip], start + length, side="right")) - 1
        wanted[:, i] = rows[clip][[first, last]]
        shifts[:, i] = starts[clip][[first, last]] - start
    poses = np.full((n, length + 2 * reach, *own.shape[2:]), np.nan, dtype=np.float32)
    known = np.zeros(poses.shape[:2], dtype=bool)
    others = store.poses(wanted.ravel()).reshape(2, *own.shape)
    for i in range(n):
        for some, shift in (
            (others[0, i], shifts[0, i]),
            (others[1, i], shifts[1, i]),
            (own[i], 0),
        ):
            begin = reach + int(shift)
            inside = slice(max(begin, 0), min(begin + length, poses.shape[1]))
            poses[i, inside] = some[inside.start - begin : inside.stop - begin]
            known[i, inside] = True
    return Surroundings(poses, known, length)


def slid(move: Float32, around: Surroundings) -> Int64:
    """Offsets (N,) in frames at which surroundings lie nearest on a move (L, 18, C)."""
    moments = np.linspace(0, around.length - 1, _MOMENTS).round().astype(np.int64)
    wanted, there = Bodies.of(move[moments]), Bodies.of(around.poses)
    step = max(1, around.length // _OFFSETS)
    offsets = np.arange(-around.reach, around.reach + 1, step, dtype=np.int64)
    tried = np.repeat(offsets[None], len(around.known), axis=0)
    best = _best(wanted, there, around, tried, moments)
    while step > 1:
        step = (step + 1) // 2
        tried = best[:, None] + np.array([0, -step, step])
        best = _best(wanted, there, around, tried, moments)
    return best


def _best(move: Bodies, there: Bodies, around: Surroundings, tried: Int64, moments: Int64) -> Int64:
    """Pick the best of some offsets (N, O) for each; those that are not wholly known never win."""
    n, count = tried.shape
    own = np.arange(n)[:, None]
    first = around.reach + tried
    at = np.clip(first, 0, around.known.shape[1] - around.length)
    whole = (at == first) & around.known[own, at] & around.known[own, at + around.length - 1]
    windows = there.at((own[..., None], at[..., None] + moments))
    flat = Bodies(
        windows.seen.reshape(n * count, -1),
        windows.floor.reshape(n * count, -1),
        windows.height.reshape(n * count, -1),
        windows.turns,
    )
    apart = np.where(whole, even_distances(move, flat).reshape(n, count), np.inf)
    return np.asarray(tried[np.arange(n), np.argmin(apart, axis=1)], dtype=np.int64)
