"""How recordings are read, where there is a choice."""

import math
from dataclasses import dataclass

from danceit.errors import InputError
from danceit.index.cleaning.lag import LAG_CHOICES

MAX_LAG_S = 5.0


@dataclass(frozen=True)
class ReadSettings:
    """Choices that a user has over reading.

    Attributes
    ----------
    estimator : str
        Of poses in plain video: a name, or a model's path.
    lag : str
        Sound and picture out of step: ``auto`` puts a video with its own sound right where it
        is clear by how much, ``all`` every recording; ``report`` only says, ``off`` does not
        look; and seconds (``0.08``: the picture comes that much after its sound) are taken
        off whatever the estimate.
    workers : int
        Processes that look for poses at once; 0 is one for each processor.
    """

    estimator: str = "mediapipe"
    lag: str = "auto"
    workers: int = 0

    def __post_init__(self) -> None:
        if self.lag in LAG_CHOICES:
            return
        try:
            lag_s = float(self.lag)
        except ValueError:
            lag_s = math.nan
        if not abs(lag_s) <= MAX_LAG_S:
            raise InputError(
                f"`lag` must be {', '.join(LAG_CHOICES)} or seconds between -{MAX_LAG_S:g} and "
                f"{MAX_LAG_S:g}; got '{self.lag}'"
            )
