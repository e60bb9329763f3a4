"""What work says on its way where there is no terminal, as in a log."""

import sys

import pytest

from danceit.cli.main import main
from danceit.cli.progress import EVERY_S, Bar, bar


def test_a_log_gets_a_line_only_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """With a clock of our own: nothing at first, then one line in each stretch of time."""
    clock = [0.0]
    shown = Bar("reading", "dance", now=lambda: clock[0])
    for clock[0], done, total, what in (
        (EVERY_S / 2, 1, 40, "a.mp4"),
        (EVERY_S, 2, 40, "b.mp4"),
        (1.5 * EVERY_S, 3, 40, "c.mp4"),
        (2.5 * EVERY_S, 9, 0, ""),
        (3.5 * EVERY_S, 5, 40, "0.5 h left at most"),
    ):
        shown(done, total, what)
    shown.close()
    # One dance in ten seconds, 38 to come.
    assert capsys.readouterr().err.splitlines() == [
        "reading: 2 of 40 dances, b.mp4, about 6 min left",
        "reading: 9 dances",
        "reading: 5 of 40 dances, 0.5 h left at most",
    ]


def test_a_terminal_that_closed_its_streams_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    main(["--version"])
    with bar("reading", "dance") as shown:
        shown(1, 2, "a")
    for name in ("stdout", "stderr"):
        getattr(sys, name).close()
