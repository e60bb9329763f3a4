"""Coordinates and features in deviations from their means, as networks take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from danceit.data import Float32

SMALLEST = 1e-3
"""Deviation at least: what never moved is not blown up."""


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation (F,) of each column over what was learnt from."""

    mean: Float32
    deviation: Float32

    @classmethod
    def of(cls, rows: Float32) -> Self:
        """Scale of rows (..., F)."""
        flat = rows.reshape(-1, rows.shape[-1])
        spread = np.maximum(flat.std(axis=0), SMALLEST)
        return cls(flat.mean(axis=0).astype(np.float32), spread.astype(np.float32))

    @classmethod
    def read(cls, facts: Mapping[str, Any], of: str) -> Self:
        """Scale that `told` put among the facts of a generator."""
        mean, deviation = (
            np.asarray(facts[f"{of}_{part}"], dtype=np.float32) for part in ("mean", "deviation")
        )
        if mean.ndim != 1 or mean.shape != deviation.shape:
            raise ValueError(f"{of}: {mean.shape} means and {deviation.shape} deviations")
        return cls(mean, deviation)

    def told(self, of: str) -> dict[str, list[float]]:
        """Itself as plain values, under names that begin with what it is of."""
        return {f"{of}_mean": self.mean.tolist(), f"{of}_deviation": self.deviation.tolist()}

    def standardised(self, rows: Float32) -> Float32:
        """Rows (..., F) in deviations from the mean."""
        return np.asarray((rows - self.mean) / self.deviation, dtype=np.float32)

    def undone(self, rows: Float32) -> Float32:
        """Undo `standardised`."""
        return np.asarray(rows * self.deviation + self.mean, dtype=np.float32)
