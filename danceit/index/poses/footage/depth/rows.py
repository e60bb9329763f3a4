"""A sparse least-squares system, put together row by row.

Its unknowns are the same few in each frame, frame after frame.
"""

from typing import Any

import numpy as np

from danceit.data import Float64, Int64

WIDEST = 3
"""Most unknowns of a row."""

Entry = tuple[Int64, Int64, Float64]


class Rows:
    """Rows of a sparse system, each of a few unknowns, gathered kind by kind.

    Parameters
    ----------
    n_frames : int
    n_unknown : int
        Unknowns of a frame.
    """

    def __init__(self, n_frames: int, n_unknown: int) -> None:
        self._n_frames = n_frames
        self._n_unknown = n_unknown
        self._columns: list[Any] = []
        self._entries: list[Any] = []
        self._wanted: list[Any] = []

    def add(self, entries: list[Entry], wanted: Float64) -> None:
        """Add rows for every frame and column of `wanted` (T, N).

        Each entry is a frame, a frame's unknown, and a factor (T, N), to be broadcast.
        """
        columns = np.zeros((*wanted.shape, WIDEST), dtype=np.int64)
        factors = np.zeros((*wanted.shape, WIDEST))
        for number, (frame, unknown, factor) in enumerate(entries):
            columns[..., number] = frame * self._n_unknown + unknown
            factors[..., number] = factor
        self._columns.append(columns.reshape(-1, WIDEST))
        self._entries.append(factors.reshape(-1, WIDEST))
        self._wanted.append(wanted.ravel())

    def gathered(self) -> tuple[Int64, Float64, Float64]:
        """Columns and factors (R, 3) and right sides (R,) of all rows."""
        return (
            np.concatenate(self._columns),
            np.concatenate(self._entries),
            np.concatenate(self._wanted),
        )
