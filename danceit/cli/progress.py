"""How far work is, on stderr: bars on a terminal, a line now and then anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

EVERY_S = 20.0
"""Seconds between two lines in a log: work of minutes is seen to go on, short work says nothing."""


class Bar:
    """A tqdm bar that takes (done, total, what); it appears when it is first told something.

    Where stderr is no terminal, a line such as ``reading: 12 of 40 dances, jazz.mp4`` takes its
    place, at most one in `EVERY_S` seconds of `now`.
    """

    def __init__(self, label: str, unit: str, now: Callable[[], float] = time.monotonic) -> None:
        self._label, self._unit, self._now = label, unit, now
        self._bar: Any = None
        self._said = now()
        self._first: tuple[int, float] | None = None

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Move to `done` of `total`."""
        if not sys.stderr.isatty():
            self._log(done, total, what)
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(desc=self._label, unit=self._unit, file=sys.stderr, leave=False)
        self._bar.total = total
        self._bar.n = done
        if what:
            self._bar.set_postfix_str(what, refresh=False)
        self._bar.refresh()

    def _log(self, done: int, total: int, what: str) -> None:
        """Write a line, if the last is long ago."""
        if self._first is None:
            self._first = done, self._now()
        if self._now() - self._said < EVERY_S:
            return
        self._said = self._now()
        of = f" of {total}" if total else ""
        unit = self._unit if self._unit == "s" else f"{self._unit}s"
        # Trainings that may stop early tell by themselves how long it will be at most.
        left = "" if " left" in what else self._left(done, total)
        parts = (f"{self._label}: {done}{of} {unit}", what, left)
        print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)

    def _left(self, done: int, total: int) -> str:
        """How long it will take at the pace so far, where that is a minute or more."""
        begun, since = self._first or (0, 0.0)
        if done <= begun or total <= done:
            return ""
        minutes = (total - done) / (done - begun) * (self._now() - since) / 60
        return f"about {minutes:.0f} min left" if minutes >= 1 else ""

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def bar(label: str, unit: str) -> Iterator[Bar]:
    """Show a bar while the block runs."""
    shown = Bar(label, unit)
    try:
        yield shown
    finally:
        shown.close()
