"""Builds on a Ray cluster: nothing is lost or doubled, whichever node dies.

These start Ray, which takes a minute and listens on ports, so they run only when asked:
``DANCEIT_TEST_RAY=1 pytest tests/index/test_cluster.py``.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danceit.errors import IndexStateError, InputError
from danceit.index.building.build import add, build
from danceit.index.building.cluster import _count_try, ray_workers
from danceit.index.building.options import BuildOptions
from danceit.index.building.withdrawn import WORK
from danceit.index.sources.npz import write_recording
from danceit.index.store.engines import open_store
from danceit.index.store.lance.store import LanceStore
from danceit.index.store.manifest import NAME, Manifest
from danceit.testing import SPEC, FixedEmbedder, batch_of_dances, save_fixed_encoder
from tests.index.building.one_node import DEADLY
from tests.index.conftest import MakeRecording, dancing

pytest.importorskip("ray", reason="Ray is not installed: pip install 'danceit[cluster]'")
pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")
asked = pytest.mark.skipif(
    not os.environ.get("DANCEIT_TEST_RAY"), reason="starts Ray; set DANCEIT_TEST_RAY=1"
)
N_RECORDINGS = 12


@pytest.fixture
def many(tmp_path: Path, make_recording: MakeRecording) -> Path:
    folder = tmp_path / "data"
    for number in range(N_RECORDINGS):
        make_recording(folder, f"dance {number}", number, style=f"style {number % 3}")
    (folder / "bad.npz").write_bytes(b"PK\3\4 broken")
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def apart(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module beside this one, cut off from the network where that is allowed."""
    command = [sys.executable, "-m", f"tests.index.building.{module}", *map(str, arguments)]
    alone = [
        "unshare",
        "--net",
        "--map-root-user",
        "sh",
        "-c",
        'ip link set lo up && exec "$@"',
        "-",
    ]
    if shutil.which("unshare") and shutil.which("ip"):
        probe = subprocess.run([*alone, "true"], capture_output=True)
        command = [*alone, *command] if probe.returncode == 0 else command
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert ran.returncode == 0, ran.stderr[-4000:]
    result: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return result


def contents(index: Path) -> dict[str, tuple[bytes, bytes]]:
    """Vectors and poses of every fragment by its id, each of which is there once."""
    with open_store(index) as store:
        assert store.verify() == ()
        names = store.table(np.arange(len(store))).fragment_id.tolist()
        assert len(set(names)) == len(names) == len(store)
        rows = [np.array([row]) for row in range(len(store))]
        return {
            name: (store.vectors(row).tobytes(), store.poses(row).tobytes())
            for name, row in zip(names, rows, strict=True)
        }


@asked
@pytest.mark.parametrize(
    ("engine", "moment"), [("lance", "PREPARING"), ("lance", "WRITING"), ("local", "PREPARING")]
)
def test_a_node_killed_in_the_middle_of_a_build_loses_and_doubles_nothing(
    many: Path, tmp_path: Path, engine: str, moment: str
) -> None:
    index, alone = tmp_path / "index", tmp_path / "alone"
    happened = apart("two_nodes", many, index, engine, moment)
    assert happened["nodes"] == 2
    assert 0 < happened["killed_at"][0] < N_RECORDINGS
    assert happened["added"] == N_RECORDINGS
    assert happened["failed"] == ["bad.npz"]
    build(many, alone, FixedEmbedder(dims=2))
    assert contents(index) == contents(alone)
    if engine == "lance":
        # What the dead node wrote without saying so is in no version, and is gone.
        (folder,) = index.glob("generation-*/fragments.lance")
        manifest = Manifest.read(index / NAME, "lance")
        named = [Path(name).name for name in manifest.files if "fragments.lance/data" in name]
        assert sorted(path.name for path in (folder / "data").iterdir()) == sorted(named)


@asked
def test_what_a_cluster_adds_is_seen_after_reopening(
    many: Path, tmp_path: Path, make_recording: MakeRecording
) -> None:
    index = tmp_path / "index"
    build(many, index, FixedEmbedder(dims=2), BuildOptions(engine="lance"))
    with open_store(index) as reader:
        before = len(reader)
        make_recording(many, "later", 99)
        happened = apart("two_nodes", many, index, "lance", "SURVIVE")
        assert happened["added"] == 1
        assert len(reader) == before
        assert "later.npz" not in reader.recordings()
        with open_store(index) as reopened:
            assert "later.npz" in reopened.recordings()
            assert len(reopened) > before
            assert reopened.verify() == ()
    assert not list((index / WORK).glob("*.npz"))


@asked
def test_a_recording_that_kills_whoever_reads_it_is_named_and_the_rest_goes_on(
    many: Path, tmp_path: Path
) -> None:
    write_recording(many / "deadly.npz", dancing(5, n_frames=24 * DEADLY), 24.0)
    happened = apart("one_node", "deadly", many, tmp_path / "index", "lance")
    assert happened["added"] == N_RECORDINGS
    assert happened["failed"].keys() == {"bad.npz", "deadly.npz"}
    assert "died 6 times" in happened["failed"]["deadly.npz"]
    assert not list((tmp_path / "index" / WORK).glob("*.tries"))


@asked
@pytest.mark.parametrize("engine", ["lance", "local"])
def test_a_cluster_adds_dances_from_a_bucket_to_an_index(
    many: Path, tmp_path: Path, make_recording: MakeRecording, engine: str
) -> None:
    """What `danceit index add s3://data --ray local` does; the nodes fetch."""
    index, alone = tmp_path / "index", tmp_path / "alone"
    make_recording(tmp_path / "first", "own", 50)
    for out in (index, alone):
        build(tmp_path / "first", out, FixedEmbedder(dims=2), BuildOptions(engine=engine))
    happened = apart("one_node", "bucket", many, index, engine)
    assert happened["added"] == happened["unchanged"] == N_RECORDINGS
    assert happened["failed"] == ["bad.npz"]
    assert (happened["fetched"], happened["fetched_again"]) == (N_RECORDINGS + 1, 0)
    assert happened["problem"].startswith("cannot read s3://data: ")
    assert "credentials" in happened["problem"]
    add(many, alone, FixedEmbedder(dims=2))
    assert contents(index) == contents(alone)


def test_work_that_was_begun_too_often_is_given_up(tmp_path: Path) -> None:
    tries = tmp_path / "x.tries"
    for _ in range(6):
        _count_try(tries)
    with pytest.raises(InputError, match="died 6 times"):
        _count_try(tries)


def test_a_task_that_is_done_twice_counts_once(tmp_path: Path) -> None:
    """What Ray does when a node dies after the work and before the answer."""
    index = tmp_path / "index"
    batch = batch_of_dances(["a", "b"])
    with LanceStore.create(index, SPEC, save_fixed_encoder) as store:
        write = store.part_writer()
        first, again = (write([batch]) for _ in range(2))
        assert first != again
        store.add_part(again)
        with pytest.raises(InputError, match="clip a was added twice"):
            store.add_part(first)
        store.commit()
        assert len(store) == len(batch)
        assert store.verify() == ()
        assert len(list(index.glob("generation-*/*.lance/data/*"))) == 2


def test_auto_starts_no_cluster_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "")
    with (
        pytest.raises(IndexStateError, match="start one with: ray start --head"),
        ray_workers("auto"),
    ):
        pass
