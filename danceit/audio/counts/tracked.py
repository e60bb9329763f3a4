"""What a tracker gives of a sound."""

from dataclasses import dataclass, field

import numpy as np

from danceit.counts import Float64, Int32


@dataclass(frozen=True)
class Tracked:
    """Beats of one sound; none of them where there is no clear beat.

    Attributes
    ----------
    beats_s : float64 (B,)
        Increasing, in seconds of the sound.
    numbers : int32 (B,)
        Place in the bar, 1 first; 0 where the tracker does not know.
    metre : int
        Beats a bar; 0 where the tracker does not know.
    confidence : float
        How sure the tracker is of the beats, 0 to 1.
    bar_confidence : float or None
        How sure it is of the metre and the 1s, 0 to 1; None where it does not say.
    level_doubt : float
        Another tempo, in beats a minute, that would do nearly as well; 0 where none would.
    """

    beats_s: Float64 = field(default_factory=lambda: np.zeros(0))
    numbers: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    metre: int = 0
    confidence: float = 0.0
    level_doubt: float = 0.0
    bar_confidence: float | None = None
