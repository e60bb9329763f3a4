"""Which engine keeps an index is told by the index; both find the same in the same dances."""

from pathlib import Path

import numpy as np
import pytest

from danceit.errors import IndexStateError, PluginError
from danceit.index.building.build import add, build
from danceit.index.building.options import BuildOptions
from danceit.index.store.contract import Where
from danceit.index.store.engines import detect, open_store
from danceit.index.store.local.store import LocalStore
from danceit.index.store.manifest import NAME
from danceit.testing import FixedEmbedder
from danceit.workflow.keeping import rebuild, remove, verify
from tests.index.conftest import MakeRecording, info

pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")
EMBEDDER = FixedEmbedder(dims=2)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.mark.parametrize("engine", ["local", "lance"])
def test_no_command_but_the_first_build_names_the_engine(
    data: Path, out: Path, engine: str, make_recording: MakeRecording
) -> None:
    build(data, out, EMBEDDER, BuildOptions(engine=engine))
    assert detect(out) == engine
    again = build(data, out, EMBEDDER)
    assert again.added == again.warnings == ()
    assert len(again.unchanged) == 4
    more = make_recording(data.parent / "new", "e", 9).parent
    assert add(more, out, EMBEDDER).added == ("e.npz",)
    assert remove(out, recordings=["b.npz"]) == ("b.npz",)
    assert info(out).engine.startswith(f"{engine}:")
    assert rebuild(out).recordings == 4
    assert verify(out) == ()
    with open_store(out) as store:
        assert set(store.recordings()) == {"a.npz", "more/c.npz", "d.npz", "e.npz"}


@pytest.mark.parametrize(("first", "second"), [("local", "lance"), ("lance", "local")])
def test_another_engine_takes_the_place_of_the_first_with_all_its_files(
    data: Path, out: Path, first: str, second: str
) -> None:
    build(data, out, EMBEDDER, BuildOptions(engine=first))
    before = set(out.glob("generation-*"))
    report = build(data, out, EMBEDDER, BuildOptions(engine=second))
    assert f"the index was kept by '{first}'" in report.warnings[0]
    assert len(report.added) == 4
    assert detect(out) == second
    assert verify(out) == ()
    assert len(list(out.glob("generation-*"))) == 1
    assert not before & set(out.glob("generation-*"))


@pytest.mark.parametrize("engine", ["local", "lance"])
def test_a_lost_manifest_is_restored_by_the_engine_that_wrote_it(
    data: Path, out: Path, engine: str
) -> None:
    build(data, out, EMBEDDER, BuildOptions(engine=engine))
    (out / NAME).unlink()
    assert detect(out) == engine
    with pytest.raises(IndexStateError, match="danceit index rebuild"):
        open_store(out)
    assert rebuild(out).clips == 4
    assert verify(out) == ()


def test_the_wrong_engine_says_so(data: Path, out: Path) -> None:
    build(data, out, EMBEDDER, BuildOptions(engine="lance"))
    with pytest.raises(IndexStateError, match="kept by the engine 'lance', not 'local'"):
        LocalStore.open(out)
    with pytest.raises(PluginError, match="did you mean 'lance'"):
        open_store(out, engine="lanse")


def test_nothing_is_detected_where_there_is_nothing(out: Path) -> None:
    assert detect(out) == ""
    out.mkdir()
    (out / NAME).write_text("[1]")
    assert detect(out) == ""


def test_both_engines_find_the_same_fragments_with_the_same_poses(data: Path, out: Path) -> None:
    other = out.with_name("other")
    build(data, out, EMBEDDER, BuildOptions(engine="local"))
    build(data, other, EMBEDDER, BuildOptions(engine="lance"))
    queries = np.random.default_rng(3).normal(size=(20, 16)).astype(np.float32)
    with open_store(out) as local, open_store(other) as lance:
        for where in (Where(n_frames=24), Where(n_frames=48, style=("rumba",)), Where()):
            here = local.search(queries, 7, where=where)
            there = lance.search(queries, 7, where=where)
            np.testing.assert_array_equal(there.distances, here.distances)
            assert there.matching == here.matching
            for mine, theirs in zip(here.rows, there.rows, strict=True):
                found = lance.table(theirs).fragment_id.tolist()
                assert found == local.table(mine).fragment_id.tolist()
        rows = local.matching(Where(n_frames=48))
        np.testing.assert_array_equal(lance.poses(rows), local.poses(rows))
