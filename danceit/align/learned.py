"""`learned`: draw each gap as real movement in the same situation went on.

A kernel regression (the posterior mean of a Gaussian process; Rasmussen and Williams
2006, eq. 2.25) predicts what the `hermite` cubic misses from examples of real movement:
the rest of the dance and, if given, a memory of the library. Dancers repeat their
moves, so the nearest examples are often the same step; where nothing similar is
known, the kernel vanishes and the cubic is left as it is.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from danceit.align.hermite import cubic_across
from danceit.align.memory import Examples, describe, examples, recall, turned
from danceit.align.spatial import Fill, SpatialAligner, check_gap
from danceit.align.velocity import frames_for
from danceit.data import Dance, Float32, Float64, Int64
from danceit.errors import InputError

_NEIGHBOURS = 200
"""Examples that one gap is predicted from, the most similar ones."""
_NOISE = 0.3
"""Variance of what similarity cannot explain, over that which it can."""
_IRRELEVANT = 1e-3
"""Kernel of the most similar example under which nothing is learnt from any."""


@dataclass(frozen=True)
class LearnedAligner(SpatialAligner):
    """Draw the cubic across each window plus what examples of real movement add to it.

    Attributes
    ----------
    memory : str or None
        File written by `danceit.align.memory.remember`; by default the dance's own
        frames are all there is to learn from.
    bandwidth_px : float
        Root mean square difference of two situations at which one still says much (0.6)
        about the other.
    """

    name: ClassVar[str] = "learned"

    memory: str | None = None
    bandwidth_px: float = 40.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.bandwidth_px > 0:
            raise InputError(f"learned: bandwidth_px must be positive; got {self.bandwidth_px}")

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with start..stop drawn from the rest of them and the memory."""
        check_gap(poses, start, stop)
        return self._filler([poses[:start], poses[stop:]])(poses, start, stop)

    def fill_for(self, dance: Dance, gaps: Sequence[tuple[int, int]]) -> Fill:
        """Learn from all stretches of the dance between seams and gaps at once."""
        edges = {0, dance.n_frames, *dance.seams.tolist(), *(edge for gap in gaps for edge in gap)}
        bounds = sorted(edges)
        return self._filler(
            [
                dance.joints[start:stop]
                for start, stop in itertools.pairwise(bounds)
                if not any(first <= start < last for first, last in gaps)
            ]
        )

    def _filler(self, stretches: list[Float32]) -> Fill:
        """Build the function that fills gaps from these stretches and the memory."""
        known: dict[tuple[int, int, bytes, int], list[Examples]] = {}

        def fill(poses: Float32, start: int, stop: int) -> Float32:
            sides = frames_for(poses, start, stop)
            filled = poses.copy()
            filled[start:stop] = cubic_across(poses, start, stop, sides)
            first, last = start - sides, stop + sides
            if first < 0 or last > len(poses):
                return filled
            around = np.concatenate([poses[first:start], poses[stop:last]])
            joints = np.isfinite(around).all(axis=(0, 2))
            if not joints.any():
                return filled
            kind = (stop - start, sides, joints.tobytes(), poses.shape[2])
            if kind not in known:
                known[kind] = [examples(stretches, stop - start, sides, joints, poses.shape[2])]
                if self.memory is not None:
                    known[kind].append(_remembered(Path(self.memory), *kind))
            place = np.array([sides])
            situation, heading = describe(around[:, joints], place, place, joints)
            missed = self._predicted(known[kind], situation[0])
            if missed is not None:
                filled[start:stop, joints] += turned(missed[None], heading)[0]
            return filled

        return fill

    def _predicted(self, known: list[Examples], situation: Float32) -> Float64 | None:
        """Residual (gap, J, C) to expect in a situation (F,); None if nothing similar is known."""
        found = [_nearest(each, situation) for each in known]
        distance = np.concatenate([distances for distances, _ in found])
        source = np.repeat(np.arange(len(found)), [len(rows) for _, rows in found])
        rows = np.concatenate([rows for _, rows in found])
        best = np.argsort(distance, kind="stable")[:_NEIGHBOURS]
        kernel = np.exp(-distance[best] / (2 * self.bandwidth_px**2))
        if not kernel.size or kernel[0] < _IRRELEVANT:
            return None
        picks = [(each, rows[best][source[best] == i]) for i, each in enumerate(known)]
        order = np.argsort(source[best], kind="stable")
        near = np.concatenate([each.features[pick] for each, pick in picks]).astype(np.float64)
        gram = near @ near.T
        apart = np.diag(gram)[:, None] + np.diag(gram) - 2 * gram
        between = np.exp(-np.maximum(apart, 0) / (2 * self.bandwidth_px**2))
        weights = np.linalg.solve(between + _NOISE * np.eye(len(near)), kernel[order])
        residuals = np.concatenate([each.residuals(pick) for each, pick in picks])
        expected: Float64 = np.tensordot(weights, residuals, 1)
        return expected


def _nearest(known: Examples, situation: Float32) -> tuple[Float64, Int64]:
    """Squared distances and rows of the examples most like a situation (F,)."""
    distance = known.squares - 2 * (known.features @ situation) + situation @ situation
    rows = np.arange(len(distance))
    if len(distance) > _NEIGHBOURS:
        rows = np.argpartition(distance, _NEIGHBOURS)[:_NEIGHBOURS]
    return np.maximum(distance[rows], 0).astype(np.float64), rows


def _remembered(path: Path, gap: int, sides: int, joints: bytes, dims: int) -> Examples:
    """Examples from a memory file, found once for each kind of gap until the file changes."""
    changed_ns = path.stat().st_mtime_ns if path.exists() else 0
    return _examples_in(path, changed_ns, gap, sides, joints, dims)


@lru_cache(maxsize=8)
def _examples_in(
    path: Path, changed_ns: int, gap: int, sides: int, joints: bytes, dims: int
) -> Examples:
    return examples(recall(path), gap, sides, np.frombuffer(joints, dtype=np.bool_), dims)
