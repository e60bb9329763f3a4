"""What work says on its way where there is no terminal, as in a log."""

import pytest

from danceit.cli.progress import EVERY_S, Bar


def test_a_log_gets_a_line_only_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """With a clock of our own: nothing at first, then one line in each stretch of time."""
    times = iter([0.0, EVERY_S / 2, EVERY_S, EVERY_S, 1.5 * EVERY_S, 3 * EVERY_S, 3 * EVERY_S])
    shown = Bar("reading", "dance", now=lambda: next(times))
    shown(1, 40, "a.mp4")
    shown(2, 40, "b.mp4")
    shown(3, 40, "c.mp4")
    shown(9, 0)
    shown.close()
    assert capsys.readouterr().err == "reading: 2 of 40 dances, b.mp4\nreading: 9 dances\n"
