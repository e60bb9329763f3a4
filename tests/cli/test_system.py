"""`danceit doctor`: what is missing is named with what to do about it."""

import re
import sys
from pathlib import Path

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


def test_a_package_without_its_system_library_says_which(
    danceit: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    ran = danceit("doctor")
    assert ran.code == 0
    assert "without PortAudio; install it with the system's packages" in ran.out


def test_what_is_needed_ends_with_its_remedy(danceit: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    ran = danceit("doctor")
    assert ran.code == 1
    assert "MISSING  statsmodels" in ran.out
    assert ran.err == "danceit: statsmodels: pip install statsmodels\n"


def test_both_packages_that_bring_opencv_are_one_version() -> None:
    """MediaPipe needs the one, danceit the other; in `cv2` lies what was unpacked last."""
    pinned = Path(__file__).parents[2] / "constraints.txt"
    versions = re.findall(r"^opencv-.*==(.+)$", pinned.read_text(), flags=re.MULTILINE)
    assert len(versions) == 2
    assert len(set(versions)) == 1


def test_the_demo_names_the_program_where_a_shell_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from danceit.cli.demo import as_it_is_called

    program = tmp_path / "danceit"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.argv", [".venv/bin/danceit", "demo"])
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    assert as_it_is_called() == ".venv/bin/danceit"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PATHEXT", "")
    assert as_it_is_called() == "danceit"
