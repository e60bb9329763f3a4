"""What an option may be, checked once, with one form of message.

What was expected, what came and, where it is known, the likely cause:
``ren: batch must be 2 or more; got 1: BatchNorm compares the dances of a batch``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from danceit.errors import InputError
from danceit.plugins import nearest_spelling

PRECISIONS = ("auto", "bf16", "fp32")


@dataclass(frozen=True)
class Limits:
    """Between what a number lies; one that is no number lies nowhere.

    Attributes
    ----------
    low, high : float
    over, under : bool
        Whether the lower or upper end itself is left out.
    cause : str
        Why one outside is likely to have come, or what it would do; empty if that is plain.
    """

    low: float
    high: float = inf
    over: bool = False
    under: bool = False
    cause: str = ""

    def hold(self, value: float) -> bool:
        """Whether a value lies between them; an infinite one never does."""
        above = value > self.low if self.over else value >= self.low
        open_end = self.under or self.high == inf
        return above and (value < self.high if open_end else value <= self.high)

    def __str__(self) -> str:
        """Put into words what is expected: "1 or more", "over 0", "from 0 to under 1"."""
        if self.high == inf:
            return f"over {self.low:g}" if self.over else f"{self.low:g} or more"
        start = f"over {self.low:g}" if self.over else f"from {self.low:g}"
        return f"{start} to {'under ' if self.under else ''}{self.high:g}"


ONE_OR_MORE, ZERO_OR_MORE = Limits(1), Limits(0)
SHARE = Limits(0, 1)
RATE = Limits(0, 1, over=True, cause="Adam moves every weight by about so much a step")
"""Of learning."""


def check_numbers(who: str, options: Any, limits: Mapping[str, Limits]) -> None:
    """Refuse the first option of an object that lies outside its limits.

    Raises
    ------
    InputError
        Saying what was expected, what came and why it is refused.
    """
    for name, expected in limits.items():
        value = getattr(options, name)
        if not expected.hold(value):
            cause = f": {expected.cause}" if expected.cause else ""
            raise InputError(f"{who}: {name} must be {expected}; got {value}{cause}")


def check_choice(who: str, name: str, value: str, known: Sequence[str]) -> None:
    """Refuse a word that is not one of those known.

    Raises
    ------
    InputError
        Saying which are, and which of them is spelt most alike.
    """
    if value not in known:
        words = f"{', '.join(known[:-1])} or {known[-1]}"
        raise InputError(
            f"{who}: {name} must be {words}; got '{value}'{nearest_spelling(value, known)}"
        )
