"""`danceit doctor`: what is missing is named with what to do about it."""

import sys

import pytest

from tests.cli.conftest import Cli


def test_what_can_be_done_without_is_no_error(
    danceit: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lance", None)  # the import then fails as if it were absent
    ran = danceit("doctor")
    assert ran.code == 0
    [line] = [line for line in ran.out.splitlines() if "pylance" in line]
    assert line.startswith("- ")
    assert "not installed; pip install 'danceit[cluster]'" in line
    assert "Error" not in ran.out


def test_what_is_needed_ends_with_its_remedy(danceit: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    ran = danceit("doctor")
    assert ran.code == 1
    assert "MISSING  statsmodels" in ran.out
    assert ran.err == "danceit: statsmodels: pip install statsmodels\n"
