"""Plug-ins from a package that is really on the path."""

import sys
from pathlib import Path

import pytest

from danceit.errors import PluginError
from danceit.plugins import Registry

REGISTRY = Registry("danceit.test_things", "thing", {"path": "pathlib:Path", "bad": "nowhere:X"})


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A third-party package with three entry points, one of a name that is taken."""
    (tmp_path / "dancing_things.py").write_text("GOOD = 42\n")
    info = tmp_path / "dancing_things-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dancing-things\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[danceit.test_things]\ngood = dancing_things:GOOD\n"
        "broken = dancing_things:MISSING\npath = dancing_things:GOOD\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_a_third_party_is_listed_and_loaded(installed: Path) -> None:
    assert set(REGISTRY.names()) == {"path", "bad", "broken", "good"}
    assert REGISTRY.get("good") == 42


def test_a_name_taken_twice_names_both(installed: Path) -> None:
    with pytest.raises(PluginError, match=r"registered twice, by danceit and dancing-things"):
        REGISTRY.get("path")


def test_what_cannot_be_loaded_is_listed_with_its_problem(installed: Path) -> None:
    problems = {info.name: info.problem for info in REGISTRY.listing() if info.name != "path"}
    assert problems["good"] == ""
    assert "cannot be loaded" in problems["broken"]
    assert "cannot be loaded" in problems["bad"]
    with pytest.raises(PluginError, match="from dancing-things cannot be loaded"):
        REGISTRY.get("broken")


def test_an_unknown_name_lists_the_known_and_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"unknown thing 'pth'; known: path, bad; .* 'path'\?"):
        REGISTRY.get("pth")
