"""What a renderer must be told to show the source footage of a dance.

A dance names its sources but does not know where in their pictures the dancer is; the
rooms that read sources do. They hand a `Locator` to `RenderOptions.locate`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from danceit.data import Float32, Float64, Placement


@dataclass(frozen=True)
class Filmed:
    """One source's video and where the dancer is in its picture.

    Attributes
    ----------
    video : Path
    times_s : float64 (N,)
        Seconds of `joints` in the video; increasing.
    joints : float32 (N, 18, 2)
        Pixels of the picture as it is shown; NaN where not seen.
    size : tuple of int, optional
        Width and height of the picture as it is shown.
    lag_s : float
        Second of the video less that of `danceit.data.Dance.source_s`: what an index has
        taken off the poses' times to bring them in step with the sound.
    """

    video: Path
    times_s: Float64
    joints: Float32
    lag_s: float = 0.0
    size: tuple[int, int] | None = None


class Locator(Protocol):
    """Finds the footage of a fragment's source."""

    def __call__(self, placement: Placement) -> Filmed | None:
        """Return it, or None where the source has no video or no one is seen in it."""
