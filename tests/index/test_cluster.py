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
from danceit.index.build import build
from danceit.index.cluster import ray_workers
from danceit.index.engines import open_store
from danceit.index.lance_store import LanceStore
from danceit.index.lance_tables import write_rows
from danceit.index.manifest import NAME, Manifest
from danceit.index.withdrawn import WORK
from danceit.testing import SPEC, FixedEmbedder, batch_of_dances, save_fixed_encoder
from tests.index.conftest import MakeRecording

pytest.importorskip("ray", reason="Ray is not installed: pip install 'danceit[cluster]'")
pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")
asked = pytest.mark.skipif(
    not os.environ.get("DANCEIT_TEST_RAY"), reason="starts Ray; set DANCEIT_TEST_RAY=1"
)
N_RECORDINGS = 12


@pytest.fixture
def many(tmp_path: Path, make_recording: MakeRecording) -> Path:
    for number in range(N_RECORDINGS):
        make_recording(tmp_path / "data", f"dance {number}", number, style=f"style {number % 3}")
    (tmp_path / "data" / "bad.npz").write_bytes(b"PK\3\4 broken")
    return tmp_path / "data"


def two_nodes(data: Path, index: Path, engine: str, fate: str) -> dict[str, Any]:
    """Run `tests.index.two_nodes`, cut off from the network where that is allowed."""
    command = [sys.executable, "-m", "tests.index.two_nodes", str(data), str(index), engine, fate]
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
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
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
    happened = two_nodes(many, index, engine, moment)
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
    build(many, index, FixedEmbedder(dims=2), store="lance")
    with open_store(index) as reader:
        before = len(reader)
        make_recording(many, "later", 99)
        happened = two_nodes(many, index, "lance", "SURVIVE")
        assert happened["added"] == 1
        assert len(reader) == before
        assert "later.npz" not in reader.recordings()
        with open_store(index) as reopened:
            assert "later.npz" in reopened.recordings()
            assert len(reopened) > before
            assert reopened.verify() == ()
    assert not list((index / WORK).glob("*.npz"))


def test_a_task_that_is_done_twice_counts_once(tmp_path: Path) -> None:
    """What Ray does when a node dies after the work and before the answer."""
    index = tmp_path / "index"
    batch = batch_of_dances(["a", "b"])
    with LanceStore.create(index, SPEC, save_fixed_encoder) as store:
        first, again = (write_rows(store.writer.folder, [batch]) for _ in range(2))
        assert first.fragments != again.fragments
        store.writer.add_written(again)
        with pytest.raises(InputError, match="clip a was added twice"):
            store.writer.add_written(first)
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
