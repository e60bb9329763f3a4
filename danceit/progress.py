"""How renderers tell how far they are."""

from typing import Protocol


class Progress(Protocol):
    """Called with the frames done and the frames in all."""

    def __call__(self, done: int, total: int) -> None:
        """Take note."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""
