"""How all work tells how far it is: reading, training, indexing, drawing."""

from typing import Protocol


class Progress(Protocol):
    """Called with the units done, the units in all, and what is at hand or how it goes.

    A unit is what the work counts in: frames, recordings, bytes, steps. `total` is 0 where it
    is unknown; `what` is for people: a file's name, a loss, the hours left.
    """

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Take note."""


def silent(done: int, total: int, what: str = "") -> None:
    """Tell nobody."""
