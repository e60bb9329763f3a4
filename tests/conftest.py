"""Fixtures shared by all rooms."""

import os
from collections.abc import Iterator
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


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's cache out of the tests and the tests out of the user's cache.

    For the session, so that fixtures that are made once for many tests are kept out too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DANCEIT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield
