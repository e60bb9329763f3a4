"""Inverted lists: which are made, visited, merged and made again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")

from danceit.data import Float32
from danceit.errors import IndexStateError, InputError, MissingDependencyError
from danceit.index.store.cards import count_cards
from danceit.index.store.contract import FragmentBatch, StoreOptions, Where
from danceit.index.store.lance.search import KINDS, kind_for
from danceit.index.store.lance.store import LanceStore
from danceit.index.store.manifest import NAME, Manifest
from danceit.index.store.vector_index import exact_search
from danceit.testing import NAMES, SPEC, batch_of_dances, save_fixed_encoder
from danceit.testing.material import random_queries
from tests.index.store.lance.shelf import add, files_of


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
