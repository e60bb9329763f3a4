"""What a kill, a full disk or a damaged file leaves of a Lance index, and who notices."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")

from danceit.errors import IndexStateError
from danceit.index.store.contract import StoreOptions, Where
from danceit.index.store.lance.generation import files_of as files_of_versions
from danceit.index.store.lance.store import LanceStore
from danceit.index.store.manifest import NAME, FileEntry, Manifest
from danceit.testing import NAMES, SPEC, batch_of_dances, save_fixed_encoder
from tests.index.store.lance.shelf import add, exchange, files_of


@pytest.mark.parametrize("harm", ["cut", "empty", "flip", "gone"])
def test_each_damaged_file_is_noticed_at_opening_and_named(index: Path, harm: str) -> None:
    add(index, "another")
    for path in files_of(index):
        whole = path.read_bytes()
        if harm == "gone":
            path.unlink()
        else:
            flipped = bytearray(whole)
            flipped[len(whole) // 2] ^= 1
            path.write_bytes({"cut": whole[:-1], "empty": b"", "flip": bytes(flipped)}[harm])
        with pytest.raises(IndexStateError) as error:
            LanceStore.open(index)
        assert str(path) in str(error.value)
        path.write_bytes(whole)
    with LanceStore.open(index) as store:
        assert store.verify() == ()


@pytest.mark.parametrize(
    ("name", "condition", "problem"),
    [
        ("clips", "clip_id = 'a'", r"holds 5 clips where 6 belong"),
        ("fragments", "start_frame = 0", r"holds \d+ fragments where \d+ belong"),
    ],
)
def test_counts_that_differ_are_noticed(
    index: Path, name: str, condition: str, problem: str
) -> None:
    """Tables that are what their writer wrote, and not what the manifest counts."""
    import lance

    manifest = Manifest.read(index / NAME, "lance")
    folder = index / manifest.generation
    path = str(folder / f"{name}.lance")
    lance.dataset(path).delete(condition)
    lance.dataset(path).optimize.compact_files(materialize_deletions_threshold=0.0)
    versions = {**manifest.versions, name: lance.dataset(path).version}
    files = {one: FileEntry.of(folder / one) for one in files_of_versions(folder, versions)}
    replace(manifest, versions=versions, files=files).write(index / NAME)
    with pytest.raises(IndexStateError, match=problem):
        LanceStore.open(index)


def test_fragments_of_no_clip_are_found_by_verify(index: Path) -> None:
    import lance

    manifest = Manifest.read(index / NAME, "lance")
    folder = index / manifest.generation
    path = str(folder / "clips.lance")
    lance.dataset(path).update({"clip_id": "'somebody else'"}, where="clip_id = 'a'")
    lance.dataset(path).optimize.compact_files(materialize_deletions_threshold=0.0)
    versions = {**manifest.versions, "clips": lance.dataset(path).version}
    files = {one: FileEntry.of(folder / one) for one in files_of_versions(folder, versions)}
    replace(manifest, versions=versions, files=files).write(index / NAME)
    with LanceStore.open(index) as store:
        assert any("fragments without a clip" in problem for problem in store.verify())
        rows = store.matching(Where(only_clips=("a",), n_frames=24))
        with pytest.raises(IndexStateError, match="holds fragments but not the clip 'a'"):
            store.poses(rows)


@pytest.mark.parametrize("factory", ["exact", "IVF_FLAT,2"])
def test_who_was_taken_out_is_in_no_file_once_no_reader_needs_them(
    index: Path, factory: str
) -> None:
    with LanceStore.open(index, StoreOptions(factory=factory)) as store:
        store.add(batch_of_dances(["secret clip"], dancer="secret dancer", style="secret style"))
        store.commit()
    assert holding(index)
    with LanceStore.open(index) as reader:
        with LanceStore.open(index) as writer:
            writer.delete(["secret clip"])
            writer.commit()
        assert "secret clip" in reader.recordings()
        rows = reader.matching(Where(dancer=("secret dancer",), n_frames=24))
        assert reader.poses(rows).shape[1] == 24
    add(index, "next", seed=6)
    assert holding(index) == []
    with LanceStore.open(index) as store:
        assert store.verify() == ()


def holding(index: Path) -> list[Path]:
    return [path for path in index.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]


def test_poses_of_long_clips_are_checked_kept_and_removed_like_all_else(location: Path) -> None:
    """Lance keeps large blobs in files of their own."""
    names = ["one", "two", "three"]
    batch = batch_of_dances(names, n_frames=3000)
    with LanceStore.create(location, SPEC, save_fixed_encoder) as store:
        store.add(batch)
        store.commit()
        rows = store.matching(Where(only_clips=("two",), n_frames=48))
        wanted = batch.clips[1].clip.poses[48:96]
        np.testing.assert_allclose(store.poses(rows)[1], wanted, atol=0.01, rtol=0)
    blobs = [path for path in files_of(location) if path.suffix == ".blob"]
    assert blobs
    for path in blobs:
        whole = path.read_bytes()
        path.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
        with pytest.raises(IndexStateError, match="SHA-256 differs"):
            LanceStore.open(location)
        path.write_bytes(whole)
    with LanceStore.open(location) as store:
        store.delete(["one"])
        store.add(batch_of_dances(["four"], seed=5, n_frames=3000))
        store.commit()
        rows = store.matching(Where(only_clips=("two",), n_frames=48))
        np.testing.assert_allclose(store.poses(rows)[1], wanted, atol=0.01, rtol=0)
        assert store.verify() == ()
    there = set(location.glob("generation-*/*.lance/data/**/*.blob"))
    assert there == {path for path in files_of(location) if path.suffix == ".blob"}
    assert sum(path.stat().st_size for path in there) < 3.1 * 3000 * 84


@pytest.mark.parametrize(
    "moment", ["write_rows", "make_parts", "files_of", "_opened", "remove_leftovers"]
)
def test_a_writer_killed_at_any_moment_changes_nothing_or_everything(
    index: Path, moment: str
) -> None:
    """SIGKILL in the middle of a commit that adds and deletes; then another writer comes."""
    script = f"""
        import os, signal, sys
        from pathlib import Path
        import danceit.index.store.lance.writer as writer
        import danceit.index.store.lance.store as store
        from danceit.testing import batch_of_dances
        opened = store.LanceStore.open(Path(sys.argv[1]))
        owner = writer.LanceWriter if "{moment}" == "_opened" else writer
        real = getattr(owner, "{moment}")
        def killed(*given, **named):
            if "{moment}" in ("write_rows", "make_parts"):
                real(*given, **named)
            os.kill(os.getpid(), signal.SIGKILL)
        opened.delete(["a"])
        opened.add(batch_of_dances(["killed"], seed=3))
        owner.{moment} = store.{moment} = killed
        if "{moment}" == "remove_leftovers":
            store.LanceStore._remove_leftovers = staticmethod(killed)
        opened.commit()
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(index)], capture_output=True, text=True
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    whole = moment == "remove_leftovers"
    with LanceStore.open(index) as store:
        assert store.verify() == ()
        assert ("killed" in store.recordings()) == whole
        assert ("a" in store.recordings()) != whole
    add(index, "after")
    with LanceStore.open(index) as store:
        assert store.verify() == ()
        assert "after" in store.recordings()
        assert ("killed" in store.recordings()) == whole
        rows = store.matching(Where(only_clips=("e",), n_frames=48))
        wanted = next(c.clip for c in batch_of_dances(NAMES).clips if c.clip.clip_id == "e")
        np.testing.assert_allclose(store.poses(rows)[1], wanted.poses[48:96], atol=0.01, rtol=0)


def test_a_read_only_index_can_be_read(index: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    for path in [*index.rglob("*"), index]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with LanceStore.open(index) as store:
            assert store.verify() == ()
    finally:
        for path in [index, *index.rglob("*")]:
            path.chmod(0o755)


def test_of_a_large_index_sizes_are_checked_at_opening_and_contents_by_verify(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danceit.index.store.state._HASHED_AT_OPENING", 0)
    data = next(path for path in files_of(index) if path.parent.name == "data")
    whole = data.read_bytes()
    data.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    with LanceStore.open(index) as store:
        (problem,) = store.verify()
        assert problem.endswith("its SHA-256 differs")
    data.write_bytes(whole[:-1])
    with pytest.raises(IndexStateError, match="bytes where"):
        LanceStore.open(index)
    data.write_bytes(whole)
    version = next(path for path in files_of(index) if path.suffix == ".manifest")
    whole = version.read_bytes()
    version.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    with pytest.raises(IndexStateError, match="SHA-256 differs"):
        LanceStore.open(index)


@pytest.mark.parametrize("free_kb", [0, 8, 40, 80, 120])
def test_a_full_disk_harms_nothing(tmp_path: Path, free_kb: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    try:
        with LanceStore.create(disk / "index", SPEC, save_fixed_encoder) as store:
            store.add(batch_of_dances(NAMES))
            store.commit()
        free = shutil.disk_usage(disk).free
        (disk / "ballast").write_bytes(bytes(free - free_kb * 1024))
        with pytest.raises(IndexStateError, match="cannot write the index at") as caught:
            exchange(disk / "index")
        assert "\n" not in str(caught.value)
        with LanceStore.open(disk / "index") as store:
            assert store.verify() == ()
            assert {"a", "e"} < set(store.recordings())
        (disk / "ballast").unlink()
        add(disk / "index", "new")
        with LanceStore.open(disk / "index") as store:
            assert store.verify() == ()
            assert "new" in store.recordings()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
