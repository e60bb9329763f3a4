"""Builds that are killed, starved of disk, or run into one another."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from danceit.errors import IndexStateError
from danceit.index.building.build import build
from danceit.index.building.options import Told
from danceit.index.store.contract import Where
from danceit.index.store.engines import open_store
from danceit.testing import FixedEmbedder
from danceit.workflow.keeping import verify
from tests.index.building.test_build import CountingEmbedder, contents_at
from tests.index.conftest import MakeRecording

EMBEDDER = FixedEmbedder(dims=2)

# Each fault stands where the real work is done and ends the process without a warning.
KILLED = """
import os, signal, sys
from pathlib import Path
import danceit.index.store.local.writer as writer
import danceit.index.store.vector_index as vectors
from danceit.index.store.manifest import Manifest
from danceit.index.building.build import build
from danceit.testing import FixedEmbedder

data, out, fault = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

class Embedder(FixedEmbedder):
    def embed_poses(self, poses):
        global left
        left -= 1
        if left < 0:
            die()
        return super().embed_poses(poses)

def after(function):
    def wrapped(*args, **kwargs):
        function(*args, **kwargs)
        die()
    return wrapped

left = 6 if fault == "embedding" else 10**9
write = Manifest.write
if fault == "training":
    import faiss
    faiss.IndexFlat.train = die
    vectors.make_index = writer.make_index = die
if fault == "adding":
    vectors.add_vectors = after(vectors.add_vectors)
if fault == "before publishing":
    Manifest.write = lambda self, path: die() if path.parent == out else write(self, path)
if fault == "after publishing":
    Manifest.write = lambda self, path: (after(write) if path.parent == out else write)(self, path)
build(data, out, Embedder(dims=2))
"""


def killed_build(data: Path, out: Path, fault: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(data), str(out), fault],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.mark.parametrize(
    "fault", ["embedding", "training", "adding", "before publishing", "after publishing"]
)
def test_after_a_kill_the_index_answers_and_the_next_build_carries_on(
    data: Path, out: Path, make_recording: MakeRecording, fault: str
) -> None:
    build(data, out, EMBEDDER)
    before = contents_at(out)
    make_recording(data, "a", 11)
    make_recording(data, "e", 12)
    killed_build(data, out, fault)
    build(data, out.with_name("fresh"), EMBEDDER)
    fresh = contents_at(out.with_name("fresh"))
    published = fault == "after publishing"
    assert contents_at(out) == (fresh if published else before)

    counting = CountingEmbedder()
    report = build(data, out, counting)
    assert contents_at(out) == fresh
    # Two recordings of four lengths: the kill came at the seventh, in the second of them.
    done = {"embedding": 4}.get(fault, 0)
    assert len(counting.embedded) == done
    assert report.added == (() if published else ("e.npz",))
    assert report.changed == (() if published else ("a.npz",))
    assert [path.name for path in out.glob("generation-*")] == [Path(contents_folder(out)).name]
    assert list((out / ".work").glob("*.npz")) == []


def contents_folder(out: Path) -> str:
    with open_store(out) as store:
        return str(store.encoder.parent)


def test_a_first_build_that_is_killed_leaves_no_index_and_carries_on(data: Path, out: Path) -> None:
    killed_build(data, out, "embedding")
    with pytest.raises(IndexStateError, match="no index at"):
        open_store(out)
    counting = CountingEmbedder()
    assert len(build(data, out, counting).added) == 4
    assert len(counting.embedded) == 12
    assert len(list(out.glob("generation-*"))) == 1


def test_work_that_was_damaged_is_done_again(data: Path, out: Path) -> None:
    killed_build(data, out, "embedding")
    for path in (out / ".work").glob("*.npz"):
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
    (out / ".work" / "hashes.json").write_text("[")
    build(data, out, EMBEDDER)
    build(data, out.with_name("fresh"), EMBEDDER)
    assert contents_at(out) == contents_at(out.with_name("fresh"))


def test_a_second_writer_is_turned_away_and_readers_go_on(
    data: Path, out: Path, make_recording: MakeRecording
) -> None:
    build(data, out, EMBEDDER)
    script = """
        import sys
        from pathlib import Path
        from danceit.index.store.engines import open_store
        with open_store(Path(sys.argv[1])) as store:
            store.begin()
            print("ready", flush=True)
            sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdin is not None
    try:
        assert other.stdout.readline() == "ready\n"
        make_recording(data, "new", 5)
        with pytest.raises(IndexStateError, match=rf"by another process \(pid {other.pid}\)"):
            build(data, out, EMBEDDER)
        with open_store(out) as store:
            assert store.search(store.vectors(np.array([0])), 3).matching == 36
    finally:
        other.kill()
        other.wait()
        other.stdin.close()
        other.stdout.close()
    assert build(data, out, EMBEDDER).added == ("new.npz",)


def test_a_reader_in_another_process_is_not_disturbed_by_a_build(
    data: Path, out: Path, make_recording: MakeRecording
) -> None:
    build(data, out, EMBEDDER)
    with open_store(out) as reader:
        rows = reader.matching(Where(n_frames=24))
        poses, vectors = reader.poses(rows), reader.vectors(rows)
        (data / "a.npz").unlink()
        make_recording(data, "b", 77)
        script = (
            "import sys; from pathlib import Path; from danceit.index.building.build import build;"
            "from danceit.testing import FixedEmbedder;"
            "build(Path(sys.argv[1]), Path(sys.argv[2]), FixedEmbedder(dims=2))"
        )
        subprocess.run([sys.executable, "-c", script, str(data), str(out)], check=True)
        np.testing.assert_array_equal(reader.poses(rows), poses)
        np.testing.assert_array_equal(reader.vectors(rows), vectors)
        hits = reader.search(vectors, 1, where=Where(n_frames=24))
        np.testing.assert_allclose(hits.distances, 0, atol=1e-3)
        assert set(reader.table(rows).recording_id) == {"a.npz", "b.npz", "d.npz", "more/c.npz"}
    with open_store(out) as reopened:
        assert "a.npz" not in reopened.recordings()


def _limited(data: Path, out: Path, n_bytes: int) -> subprocess.CompletedProcess[str]:
    """Build in a process that may not write a file of more than `n_bytes`."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        from danceit.errors import DanceitError
        from danceit.index.building.build import build
        from danceit.testing import FixedEmbedder
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
        try:
            build(Path(sys.argv[1]), Path(sys.argv[2]), FixedEmbedder(dims=2))
        except DanceitError as exc:
            print(exc)
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(data), str(out), str(n_bytes)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("n_bytes", [2_000, 30_000, 200_000])
def test_a_file_that_cannot_grow_harms_nothing(
    data: Path, out: Path, make_recording: MakeRecording, n_bytes: int
) -> None:
    build(data, out, EMBEDDER)
    before = contents_at(out)
    make_recording(data, "new", 5)
    run = _limited(data, out, n_bytes)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("\n") == 1
    assert "cannot write" in run.stdout
    assert contents_at(out) == before
    assert build(data, out, EMBEDDER).added == ("new.npz",)
    assert len(list(out.glob("generation-*"))) == 1


@pytest.mark.parametrize("free_kb", [20, 60, 300])
def test_a_full_disk_harms_nothing(
    data: Path, tmp_path: Path, make_recording: MakeRecording, free_kb: int
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    try:
        out = disk / "index"
        build(data, out, EMBEDDER)
        before = contents_at(out)
        make_recording(data, "new", 5)
        free = shutil.disk_usage(disk).free
        (disk / "ballast").write_bytes(bytes(free - free_kb * 1024))
        with pytest.raises(IndexStateError, match="cannot write the index at") as caught:
            build(data, out, EMBEDDER)
        assert "\n" not in str(caught.value)
        assert contents_at(out) == before
        (disk / "ballast").unlink()
        assert build(data, out, EMBEDDER).added == ("new.npz",)
        assert verify(out) == ()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_an_interrupted_build_carries_on(
    data: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(done: int, total: int, what: str = "") -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(data, out, EMBEDDER, told=Told(indexing=interrupt))
    assert os.listdir(out / ".work")
    counting = CountingEmbedder()
    build(data, out, counting)
    assert len(counting.embedded) == 8
