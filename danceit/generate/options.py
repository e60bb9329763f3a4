"""What can be chosen in every training of this package, and how it is checked: once, alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from danceit.generate.setting import Pace, Setting
from danceit.limits import (
    ONE_OR_MORE,
    PRECISIONS,
    RATE,
    ZERO_OR_MORE,
    Limits,
    check_choice,
    check_numbers,
)


@dataclass(frozen=True)
class TrainingOptions:
    """Options that each generator has; a subclass adds its own, with their limits.

    Attributes
    ----------
    batch : int
    learning_rate : float
        Of Adam.
    check_every, patience : int
        Steps between checks on songs held out; checks without a better one before a lesson ends.
    minutes : float
        For all lessons together; 0 for no limit.
    precision : str
        ``auto`` (bf16 on cards), ``bf16`` (twice as fast on processors that have it) or ``fp32``.
    seed : int
    """

    who: ClassVar[str]
    own_limits: ClassVar[Mapping[str, Limits]] = {}
    """Of a subclass's own options; they go before those that all have."""

    batch: int = 32
    learning_rate: float = 5e-4
    check_every: int = 25
    patience: int = 20
    minutes: float = 0.0
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self.who, self, {**_LIMITS, **self.own_limits})
        check_choice(self.who, "precision", self.precision, PRECISIONS)

    def setting(self, steps: int, device: str, share: float = 1.0) -> Setting:
        """How a lesson of so many steps is taken, in a share of the minutes."""
        pace = Pace(steps, self.check_every, self.patience, self.minutes * share)
        return Setting(self.batch, self.learning_rate, pace, self.precision, device)


_LIMITS = {
    **dict.fromkeys(("batch", "check_every", "patience"), ONE_OR_MORE),
    "learning_rate": RATE,
    "minutes": ZERO_OR_MORE,
}
