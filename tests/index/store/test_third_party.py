"""An engine of a package of its own, with files of its own, is an engine like the others."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from danceit.errors import IndexStateError, PluginError
from danceit.index.building.build import add, build
from danceit.index.building.options import BuildOptions
from danceit.index.store.engines import detect, open_store
from danceit.testing import FixedEmbedder, StoreConformance
from danceit.testing.stateful import StoreMachine
from danceit.workflow.keeping import remove, verify
from tests.index.conftest import MakeRecording
from tests.index.store.shelf import ShelfStore

EMBEDDER = FixedEmbedder(dims=2)


class TestShelfStore(StoreConformance):
    engine = ShelfStore


class ShelfMachine(StoreMachine):
    engine = ShelfStore


TestShelfMachine = ShelfMachine.TestCase
TestShelfMachine.settings = settings(max_examples=4, stateful_step_count=15, deadline=None)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that brings the engine ``shelf``."""
    package = tmp_path / "site" / "shelf-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
    points = package / "entry_points.txt"
    points.write_text("[danceit.stores]\nshelf = tests.index.store.shelf:ShelfStore\n")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    return points


def test_what_it_built_is_opened_added_to_and_kept_without_naming_it(
    data: Path, tmp_path: Path, installed: Path, make_recording: MakeRecording
) -> None:
    out = tmp_path / "index"
    build(data, out, EMBEDDER, BuildOptions(engine="shelf"))
    assert detect(out) == "shelf"
    assert len(build(data, out, EMBEDDER).unchanged) == 4
    more = make_recording(data.parent / "new", "e", 9).parent
    assert add(more, out, EMBEDDER).added == ("e.npz",)
    assert remove(out, recordings=["b.npz"]) == ("b.npz",)

    assert verify(out) == ()
    with open_store(out) as store:
        assert store.info().engine.startswith("shelf:")
        assert set(store.recordings()) == {"a.npz", "more/c.npz", "d.npz", "e.npz"}
        assert store.search(store.vectors(np.array([0])), 1).rows.tolist() == [[0]]


def test_it_takes_the_place_of_another_engine_only_when_named(
    data: Path, tmp_path: Path, installed: Path
) -> None:
    out = tmp_path / "index"
    build(data, out, EMBEDDER)
    assert build(data, out, EMBEDDER).added == ()
    assert detect(out) == "local"
    for engine, before in (("shelf", "local"), ("local", "shelf")):
        report = build(data, out, EMBEDDER, BuildOptions(engine=engine))
        assert f"the index was kept by '{before}'" in report.warnings[0]
        assert detect(out) == engine
        with open_store(out) as store:
            assert len(store) == report.fragments
    assert not (out / "CURRENT").exists()


def test_two_engines_that_claim_one_folder_are_named(
    data: Path, tmp_path: Path, installed: Path
) -> None:
    out = tmp_path / "index"
    build(data, out, EMBEDDER, BuildOptions(engine="shelf"))
    installed.write_text(installed.read_text() + "rack = tests.index.store.shelf:ShelfStore\n")
    with pytest.raises(IndexStateError, match="engines rack and shelf both say"):
        open_store(out)


def test_an_engine_that_cannot_be_loaded_is_not_asked_and_is_named_when_wanted(
    data: Path, tmp_path: Path, installed: Path
) -> None:
    out = tmp_path / "index"
    build(data, out, EMBEDDER, BuildOptions(engine="shelf"))
    installed.write_text(installed.read_text() + "broken = tests.nowhere:Store\n")
    assert detect(out) == "shelf"
    with pytest.raises(PluginError, match="the store 'broken' from shelf cannot be loaded"):
        open_store(out, engine="broken")
