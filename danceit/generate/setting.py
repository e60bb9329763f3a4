"""How a lesson is taken: in what batches, how fast, for how long, in which precision and where."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How long a lesson may take.

    Attributes
    ----------
    steps : int
        At most.
    check_every, patience : int
        Steps between checks on songs held out; checks without a better one before it stops.
    minutes : float
        Time at most, counted over all runs; 0 for no limit.
    """

    steps: int
    check_every: int
    patience: int
    minutes: float = 0.0


@dataclass(frozen=True)
class Setting:
    """What every lesson is told.

    Attributes
    ----------
    batch : int
    learning_rate : float
        Of Adam.
    pace : Pace
    precision : str
        As `lowered` takes it.
    device : str
    """

    batch: int
    learning_rate: float
    pace: Pace
    precision: str = "fp32"
    device: str = "cpu"

    def lowered(self) -> AbstractContextManager[None]:
        """Calculate in this precision inside."""
        return lowered(self.precision, self.device)


@contextmanager
def lowered(precision: str, device: str) -> Iterator[None]:
    """Calculate in bfloat16 inside: ``bf16`` always, ``auto`` on cards, ``fp32`` never."""
    import torch

    on_card = device.startswith("cuda")
    low = precision == "bf16" or (precision == "auto" and on_card)
    with torch.autocast("cuda" if on_card else "cpu", dtype=torch.bfloat16, enabled=low):
        yield
