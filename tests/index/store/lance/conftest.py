"""A small Lance index."""

from pathlib import Path

import pytest

from danceit.testing import NAMES, SPEC, batch_of_dances, save_fixed_encoder


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(location: Path) -> Path:
    # Only here, so that the tests are collected, and skipped by name, without Lance.
    from danceit.index.store.lance.store import LanceStore

    with LanceStore.create(location, SPEC, save_fixed_encoder) as store:
        store.add(batch_of_dances(NAMES))
        store.commit()
    return location
