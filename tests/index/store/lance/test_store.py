"""The Lance engine keeps the contract, with lists as without, and notices damage."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")

from danceit.data import Float32
from danceit.errors import IndexStateError, InputError, MissingDependencyError
from danceit.index.store.cards import count_cards
from danceit.index.store.contract import FragmentBatch, StoreOptions, StoreSpec, Where
from danceit.index.store.lance import tables
from danceit.index.store.lance.generation import files_of as files_of_versions
from danceit.index.store.lance.search import KINDS, kind_for
from danceit.index.store.lance.store import LanceStore
from danceit.index.store.lance.tables import condition_of
from danceit.index.store.manifest import NAME, FileEntry, Manifest
from danceit.index.store.vector_index import exact_search
from danceit.testing import NAMES, SPEC, StoreConformance, batch_of_dances, save_fixed_encoder
from danceit.testing.material import random_queries
from danceit.testing.stateful import StoreMachine


class TestLanceStore(StoreConformance):
    engine = LanceStore


class LanceMachine(StoreMachine):
    engine = LanceStore


TestLanceMachine = LanceMachine.TestCase
TestLanceMachine.settings = settings(max_examples=6, stateful_step_count=15, deadline=None)


class ListStore(LanceStore):
    """A Lance store with inverted lists, all of which are visited."""

    @classmethod
    def create(
        cls,
        location: Path,
        spec: StoreSpec,
        save_encoder: Callable[[Path], None],
        options: StoreOptions | None = None,
    ) -> Self:
        lists = options or StoreOptions(factory="IVF_FLAT,2", recall=1.0)
        return super().create(location, spec, save_encoder, lists)


class TestLanceStoreWithLists(StoreConformance):
    """Filters go to Lance with the question rather than being scanned for."""

    engine = ListStore

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _never_scan(cls) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("danceit.index.store.lance.search._SCANNED", 0)
            yield


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(location: Path) -> Path:
    with LanceStore.create(location, SPEC, save_fixed_encoder) as store:
        store.add(batch_of_dances(NAMES))
        store.commit()
    return location


def add(index: Path, name: str, seed: int = 1) -> None:
    with LanceStore.open(index) as store:
        store.add(batch_of_dances([name], seed=seed))
        store.commit()


def exchange(index: Path) -> None:
    with LanceStore.open(index) as store:
        store.delete(["a"])
        store.add(batch_of_dances([f"new {number}" for number in range(15)], seed=8))
        store.commit()


def files_of(index: Path) -> list[Path]:
    manifest = Manifest.read(index / NAME, "lance")
    return [index / manifest.generation / name for name in manifest.files]


def bodies(count: int, width: int = 8) -> FragmentBatch:
    """One clip whose fragments lie in clouds, as embeddings do."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(200, width)) * 2
    vectors = centres[rng.integers(0, 200, count)] + rng.normal(size=(count, width))
    one = batch_of_dances(["only"], n_frames=count + 24)
    return FragmentBatch(
        clips=one.clips,
        clip=np.zeros(count, np.int64),
        start_frame=np.arange(count),
        n_frames=np.full(count, 24),
        energy=np.zeros(count, np.float32),
        pose_vectors=vectors.astype(np.float32),
        audio_vectors=np.full((count, 5), np.nan, np.float32),
    )


def test_lists_find_98_of_100_true_neighbours_and_take_in_what_comes_later(
    location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danceit.index.store.lance.search.EXACT_UP_TO", 5_000)
    monkeypatch.setattr("danceit.index.store.lance.search._SCANNED", 1_000)
    batch = bodies(20_000)
    with LanceStore.create(location, SPEC, save_fixed_encoder) as store:
        store.add(batch)
        store.commit()
        assert store.info().search["pose"].startswith("IVF_FLAT,512, nprobe ")
        later = batch_of_dances(["later"], seed=4)
        store.add(later)
        store.commit()
        vectors = store.vectors(np.arange(len(store)))
        rng = np.random.default_rng(1)
        near = vectors[rng.choice(20_000, 100)] + rng.normal(size=(100, 8)) * 0.5
        queries: Float32 = near.astype(np.float32)
        _, truth = exact_search(vectors, np.arange(len(store)), queries, 10)
        found = store.search(queries, 10).rows
        shared = [len(set(a) & set(b)) for a, b in zip(found, truth, strict=True)]
        assert np.mean(shared) >= 9.8
        own = store.search(later.pose_vectors, 1)
        np.testing.assert_array_equal(store.vectors(own.rows[:, 0]), later.pose_vectors)
        few = store.search(queries[:5], 10, where=Where(only_clips=("later",)))
        assert few.matching == len(later)
        assert set(store.table(few.rows[0]).clip_id) == {"later"}
    with LanceStore.rebuild(location, StoreOptions(factory="exact")) as store:
        assert store.info().search == {"pose": "exact", "audio": "exact"}
        np.testing.assert_array_equal(
            store.search(queries, 10).rows,
            exact_search(vectors, np.arange(len(store)), queries, 10)[1],
        )


def test_lists_are_visited_as_each_length_needs(
    location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one length the lists hold fewer, so more of them are visited."""
    monkeypatch.setattr("danceit.index.store.lance.search._SCANNED", 1_000)
    batch = bodies(20_000)
    lengths = np.where(np.arange(20_000) % 10, 24, 48)
    batch = replace(batch, n_frames=lengths, start_frame=batch.start_frame // 2)
    with LanceStore.create(
        location, SPEC, save_fixed_encoder, StoreOptions(factory="IVF_FLAT,512")
    ) as store:
        store.add(batch)
        store.commit()
        parts = {one.n_frames: one for one in Manifest.read(location / NAME, "lance").parts}
        assert {length: one.count for length, one in parts.items()} == {
            0: 20_000,
            24: 18_000,
            48: 2_000,
        }
        assert parts[0].nprobe <= parts[24].nprobe < parts[48].nprobe
        assert store.info().search["pose"].endswith(f"{parts[0].nprobe} to {parts[48].nprobe}")
        queries = batch.pose_vectors[5::397] + np.float32(0.1)
        for length in (None, 24, 48):
            rows = store.matching(Where(n_frames=length))
            _, truth = exact_search(batch.pose_vectors, rows, queries, 10)
            found = store.search(queries, 10, where=Where(n_frames=length)).rows
            shared = [len(set(a) & set(b)) for a, b in zip(found, truth, strict=True)]
            assert np.mean(shared) >= 9.6
    with LanceStore.open(location, StoreOptions(recall=0.5)) as store:
        store.add(batch_of_dances(["later"], seed=4))
        store.commit()
        again = {one.n_frames: one for one in Manifest.read(location / NAME, "lance").parts}
        assert again[48].nprobe < parts[48].nprobe


def test_many_small_files_are_merged_into_few(
    location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danceit.index.store.lance.writer._BUFFERED", 0)
    names = [f"clip {number}" for number in range(40)]
    batches = {name: batch_of_dances([name], seed=place) for place, name in enumerate(names)}
    with LanceStore.create(location, SPEC, save_fixed_encoder) as store:
        for batch in batches.values():
            store.add(batch)
        store.commit()
        assert store.verify() == ()
        assert len([path for path in files_of(location) if path.suffix == ".lance"]) == 2
        for name in names[::13]:
            rows = store.matching(Where(only_clips=(name,), n_frames=24))
            starts = store.table(rows).start_frame
            poses = batches[name].clips[0].clip.poses
            wanted = np.stack([poses[start : start + 24] for start in starts])
            np.testing.assert_allclose(store.poses(rows), wanted, atol=0.02)
    assert sorted(location.glob("generation-*/*.lance/data/*")) == sorted(
        path for path in files_of(location) if path.parent.name == "data"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_lists_can_be_asked_for_and_gives_true_distances(
    location: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("danceit.index.store.lance.search._SCANNED", 100)
    batch = bodies(2_000)
    queries: Float32 = batch.pose_vectors[:50] + np.float32(0.1)
    with LanceStore.create(
        location, SPEC, save_fixed_encoder, StoreOptions(factory=f"{kind},8")
    ) as store:
        store.add(batch)
        store.commit()
        assert store.info().search["pose"].startswith(f"{kind},8, nprobe ")
        hits = store.search(queries, 10)
        vectors = store.vectors(hits.rows.ravel()).reshape(50, 10, -1)
        true = ((queries[:, None] - vectors) ** 2).sum(axis=2)
        np.testing.assert_allclose(hits.distances, true, rtol=1e-4, atol=1e-4)
        _, truth = exact_search(batch.pose_vectors, np.arange(2_000), queries, 10)
        shared = [len(set(a) & set(b)) for a, b in zip(hits.rows, truth, strict=True)]
        assert np.mean(shared) >= 9.5


def test_a_card_that_is_not_there_is_missed_before_the_work(index: Path) -> None:
    if count_cards("auto"):
        pytest.skip("there is a card")
    with pytest.raises(MissingDependencyError, match="FAISS cannot search on a card"):
        LanceStore.open(index, StoreOptions(device="cuda"))
    LanceStore.open(index).close()


def test_unknown_lists_are_refused_before_anything_is_written(location: Path) -> None:
    for factory in ("Flat", "IVF_FLAT,x", "IVF_FLAT,0"):
        with pytest.raises(InputError, match="Lance does not know the factory"):
            LanceStore.create(location, SPEC, save_fixed_encoder, StoreOptions(factory=factory))
    assert not list(location.glob("generation-*"))
    assert kind_for(1_000_000) == ("IVF_FLAT", 4096)
    assert kind_for(100) == ("exact", 0)


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.text("'\"\\;-%_\n\0 x", max_size=8))
def test_no_name_breaks_out_of_a_filter(shared: LanceStore, name: str, odd: str) -> None:
    where = Where(style=(name, odd), exclude_clips=(odd, name), dancer=(odd,))
    assert shared.matching(where).tolist() == []
    kept = shared.matching(Where(exclude_clips=(name, odd)))
    assert len(kept) == len(shared) - sum(
        clip in (name, odd) for clip in shared.table(np.arange(len(shared))).clip_id
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanceStore]:
    location = tmp_path_factory.mktemp("filters") / "index"
    with LanceStore.create(location, SPEC, save_fixed_encoder) as store:
        store.add(batch_of_dances(NAMES))
        store.commit()
        yield store


def test_bounds_are_numbers_whatever_they_are() -> None:
    assert condition_of(Where(energy=(-np.inf, np.inf))) == ""
    assert condition_of(Where(energy=(np.inf, np.inf))) == "false"
    assert condition_of(Where(tempo_bpm=(np.float32(1e-7), 1e300))) == (
        f"tempo_bpm >= {float(np.float32(1e-7))!r} AND tempo_bpm <= 1e+300"
    )


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


def test_fewer_vectors_than_lists_are_compared_one_by_one(location: Path) -> None:
    with LanceStore.create(
        location, SPEC, save_fixed_encoder, StoreOptions(factory="IVF_FLAT,4096")
    ) as store:
        store.add(batch_of_dances(NAMES))
        store.commit()
        assert store.info().search == {"pose": "exact", "audio": "exact"}
        assert store.search(random_queries("pose"), 5).rows.shape == (3, 5)


def test_damaged_lists_are_made_again_and_other_damage_is_not_hidden(index: Path) -> None:
    with LanceStore.rebuild(index, StoreOptions(factory="IVF_FLAT,2")) as store:
        before = store.search(random_queries("pose"), 5)
    (lists,) = [
        path for path in files_of(index) if path.name == "index.idx" and "_indices" in str(path)
    ][:1]
    lists.write_bytes(lists.read_bytes()[:-7])
    with pytest.raises(IndexStateError, match="danceit index rebuild"):
        LanceStore.open(index)
    with LanceStore.rebuild(index) as store:
        np.testing.assert_array_equal(store.search(random_queries("pose"), 5).rows, before.rows)
        assert store.verify() == ()
    (data, *_) = [path for path in files_of(index) if path.parent.name == "data"]
    data.write_bytes(data.read_bytes()[:-7])
    with pytest.raises(IndexStateError, match=r"bytes where \d+ were written"):
        LanceStore.rebuild(index)


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


def test_many_small_additions_are_merged_and_keep_their_poses(index: Path) -> None:
    for number in range(36):
        add(index, f"more {number}", seed=number)
    with LanceStore.open(index) as store:
        assert len(list(index.glob("generation-*/fragments.lance/data/*"))) < 20
        for number in (0, 17, 35):
            wanted = batch_of_dances([f"more {number}"], seed=number)
            rows = store.matching(Where(only_clips=(f"more {number}",), n_frames=48))
            np.testing.assert_allclose(
                store.poses(rows)[0], wanted.clips[0].clip.poses[:48], atol=0.01, rtol=0
            )
            place = store.table(rows).start_frame.tolist()
            assert place == [0, 48]
        assert store.verify() == ()


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


def test_an_index_may_be_named_from_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with LanceStore.create(Path("here #1 100%25?"), SPEC, save_fixed_encoder) as store:
        store.add(batch_of_dances(NAMES))
        store.commit()
    with LanceStore.open(tmp_path / "here #1 100%25?") as store:
        assert store.verify() == ()
        assert store.poses(store.matching(Where(n_frames=24))).shape[1] == 24


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


def test_an_index_from_before_counts_were_stored_is_read_and_grows(
    location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tuple(name for name in tables.CLIP_COLUMNS if name != "counts")
    with monkeypatch.context() as before:
        before.setattr(tables, "CLIP_COLUMNS", older)
        with LanceStore.create(location, SPEC, save_fixed_encoder) as store:
            store.add(batch_of_dances(NAMES[:2]))
            store.commit()
    with LanceStore.open(location) as store:
        assert not store.table(np.arange(len(store))).number.any()
        store.add(batch_of_dances(("new", "counted")))
        store.commit()
        table = store.table(np.arange(len(store)))
        assert store.verify() == ()
    assert set(table.clip_id) == {*NAMES[:2], "new", "counted"}
    assert not table.metre.any()
