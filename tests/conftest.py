"""Fixtures shared by all rooms."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real dances, songs and videos; the test is skipped by name where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("DANCEIT_REAL_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder}; set DANCEIT_REAL_DATA")
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's cache out of the tests and the tests out of the user's cache."""
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
