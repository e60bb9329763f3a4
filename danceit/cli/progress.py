"""Progress bars on stderr; silent where stderr is not a terminal, so that logs stay short."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Bar:
    """A tqdm bar that takes (done, total, what); it appears when it is first told something."""

    def __init__(self, label: str, unit: str) -> None:
        self._label, self._unit = label, unit
        self._bar: Any = None

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Move to `done` of `total`."""
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self._label,
                unit=self._unit,
                file=sys.stderr,
                disable=not sys.stderr.isatty(),
                leave=False,
            )
        self._bar.total = total
        self._bar.n = done
        if what:
            self._bar.set_postfix_str(what, refresh=False)
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def bar(label: str, unit: str = "it") -> Iterator[Bar]:
    """Show a bar while the block runs."""
    shown = Bar(label, unit)
    try:
        yield shown
    finally:
        shown.close()
