"""One row for each move: what lies over it in its own clip is left out, its copies are counted.

Libraries repeat themselves: of the Tang waltzes, any two have 30 to 70 % of their seconds in
common to within 0.6 cm, and fragments of one clip overlap. A list of such hits shows one move
again and again.
"""

from dataclasses import dataclass

import numpy as np

from danceit.data import Bool, Float64, Int64
from danceit.index.store.nouns import Names

COPY_PX = 10.0
"""Movements no further apart are copies: 4 cm on a dancer of 1.75 m. Copies of one capture among
the Tang waltzes are up to 9 px apart, for they were stretched to their songs."""
_SHIFTS = (0, -1, 1)
"""Frames by which copies may be cut earlier or later."""
_SAMPLED = 8
"""Moments by which pairs that are no copies are told at once."""
_OVER = 0.5
"""Share of the shorter of two fragments of a clip from which they are one place."""


@dataclass(frozen=True)
class Hits:
    """N places of clips, nearest first.

    Attributes
    ----------
    clips : object (N,)
        Ids.
    first, n_frames : int64 (N,)
        Frames of those clips.
    laid : list of float64 (L, 18, C)
        Each as it lies on what was looked for.
    apart_px : float64 (N,)
        How far each is from that, increasing.
    """

    clips: Names
    first: Int64
    n_frames: Int64
    laid: list[Float64]
    apart_px: Float64

    def one_place(self, a: int, b: int) -> bool:
        """Whether two hits are one place of one clip."""
        if self.clips[a] != self.clips[b]:
            return False
        start = max(self.first[a], self.first[b])
        stop = min(self.first[a] + self.n_frames[a], self.first[b] + self.n_frames[b])
        return bool(stop - start > _OVER * min(self.n_frames[a], self.n_frames[b]))


@dataclass(frozen=True)
class Row:
    """A hit, and those that are its copies elsewhere, nearest first."""

    place: int
    copies: tuple[int, ...]


def collapsed(hits: Hits, k: int) -> list[Row]:
    """Rows of up to `k` different moves."""
    rows: list[tuple[int, list[int]]] = []
    seen: list[int] = []
    near = _near(hits.laid)
    for place in range(len(hits.laid)):
        if any(hits.one_place(place, one) for one in seen):
            continue
        row = next(
            (
                row
                for row in rows
                if hits.apart_px[place] - hits.apart_px[row[0]] <= 2 * COPY_PX
                and near[row[0], place]
                and _is_copy(hits.laid[row[0]], hits.laid[place])
            ),
            None,
        )
        if row is not None:
            row[1].append(place)
        elif len(rows) < k:
            rows.append((place, []))
        else:
            continue
        seen.append(place)
    return [Row(place, tuple(copies)) for place, copies in rows]


def _near(laid: list[Float64]) -> Bool:
    """Which pairs of hits (N, N) can be copies at all, by a few moments and with room to spare."""
    if not laid:
        return np.zeros((0, 0), dtype=np.bool_)
    moments = [np.linspace(0, len(poses) - 1, _SAMPLED).astype(np.int64) for poses in laid]
    bodies = np.stack([poses[at] for poses, at in zip(laid, moments, strict=True)])
    known = np.isfinite(bodies).all(axis=-1, keepdims=True)
    middle = np.where(known, bodies, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    flat = np.where(known, bodies - middle, 0.0).reshape(len(laid), -1)
    # Summed over the joints that both of a pair show: what one of them lacks says nothing.
    shown = np.repeat(known, bodies.shape[-1], axis=-1).reshape(len(laid), -1).astype(np.float64)
    own = flat**2
    squares = own @ shown.T + shown @ own.T - 2 * flat @ flat.T
    joints = shown @ shown.T / bodies.shape[-1]
    return np.asarray(np.maximum(squares, 0.0) <= joints * (3 * COPY_PX) ** 2)


def _is_copy(a: Float64, b: Float64) -> bool:
    if len(a) != len(b):
        return False
    return any(_distance_px(a, b, shift) <= COPY_PX for shift in _SHIFTS)


def _distance_px(a: Float64, b: Float64, shift: int) -> float:
    """Distance of the frames that both show where the second is cut `shift` frames later."""
    n = len(a) - abs(shift)
    off = a[max(shift, 0) :][:n] - b[max(-shift, 0) :][:n]
    squares = (off**2).sum(axis=-1)
    known: Bool = np.isfinite(squares)
    count = known.sum(axis=1)
    if not count.any():
        return float("inf")
    frames = np.sqrt(np.where(known, squares, 0.0).sum(axis=1) / np.maximum(count, 1))
    return float(frames[count > 0].mean())
