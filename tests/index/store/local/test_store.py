"""The local engine keeps the contract of every store, whichever way it searches."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
import pytest
from hypothesis import settings

from danceit.index.store.contract import StoreOptions, StoreSpec, Where
from danceit.index.store.local.catalogue import Catalogue, ClipRow, FragmentRows, write_catalogue
from danceit.index.store.local.store import LocalStore
from danceit.testing import NAMES, SPEC, StoreConformance, batch_of_dances, save_fixed_encoder
from danceit.testing.material import random_queries
from danceit.testing.reading import ReadingConformance
from danceit.testing.stateful import StoreMachine


class TestLocalStore(StoreConformance):
    engine = LocalStore


class LocalMachine(StoreMachine):
    engine = LocalStore


TestLocalMachine = LocalMachine.TestCase
TestLocalMachine.settings = settings(max_examples=8, stateful_step_count=15, deadline=None)


class ListStore(LocalStore):
    """A local store with inverted lists, all of which are visited."""

    @classmethod
    def create(
        cls,
        location: Path,
        spec: StoreSpec,
        save_encoder: Callable[[Path], None],
        options: StoreOptions | None = None,
    ) -> Self:
        lists = options or StoreOptions(factory="IVF2,Flat")
        return super().create(location, spec, save_encoder, lists)


class TestLocalStoreWithLists(ReadingConformance):
    """Filters are passed to FAISS rather than scanned."""

    engine = ListStore

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _never_scan(cls) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("danceit.index.store.local.search._SCANNED", 0)
            yield


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[LocalStore]:
    """A store whose searches visit one list of four, which holds too few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("danceit.index.store.vector_index.DEFAULT_NPROBE", 1)
        with LocalStore.create(
            tmp_path / "index", SPEC, save_fixed_encoder, StoreOptions(factory="IVF4,Flat")
        ) as store:
            store.add(batch_of_dances(NAMES))
            store.commit()
            assert store.info().search["pose 24"] == "IVF4,Flat, nprobe 1"
            yield store


@pytest.mark.parametrize("scanned", [0, 1000])
def test_padding_never_reaches_the_answer(
    narrow: LocalStore, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danceit.index.store.local.search._SCANNED", scanned)
    queries = random_queries("pose")
    for where in (Where(n_frames=24), Where(n_frames=24, style=("waltz",))):
        rows = narrow.matching(where)
        hits = narrow.search(queries, len(rows), where=where)
        for found in hits.rows:
            assert sorted(found.tolist()) == rows.tolist()
        assert (np.diff(hits.distances, axis=1) >= 0).all()


def test_equal_distances_come_in_the_order_of_rows(tmp_path: Path) -> None:
    batch = batch_of_dances(["a", "b"])
    batch.pose_vectors[:] = 1.0
    with LocalStore.create(tmp_path / "index", SPEC, save_fixed_encoder) as store:
        store.add(batch)
        store.commit()
        found = store.search(random_queries("pose"), 100).rows
        np.testing.assert_array_equal(found, np.tile(np.arange(len(batch)), (3, 1)))


def test_a_grown_index_keeps_its_lists_and_finds_the_new(tmp_path: Path) -> None:
    with LocalStore.create(
        tmp_path / "index", SPEC, save_fixed_encoder, StoreOptions(factory="IVF2,Flat")
    ) as store:
        store.add(batch_of_dances(NAMES))
        store.commit()
        new = batch_of_dances(["new"], seed=9)
        store.add(new)
        store.commit()
        hits = store.search(new.pose_vectors, 1)
        np.testing.assert_allclose(hits.distances, 0, atol=1e-5)
        assert set(store.table(hits.rows[:, 0]).clip_id) == {"new"}
        assert store.verify() == ()


def test_readers_open_whole_generations_while_others_are_published(tmp_path: Path) -> None:
    location = tmp_path / "index"
    with LocalStore.create(location, SPEC, save_fixed_encoder) as store:
        store.add(batch_of_dances(["a"]))
        store.commit()
    done = threading.Event()
    failures: list[BaseException] = []
    opened = []

    def read() -> None:
        try:
            while not done.is_set():
                with LocalStore.open(location) as reader:
                    rows = np.arange(len(reader))
                    names = set(reader.table(rows).clip_id)
                    hits = reader.search(reader.vectors(rows), 1)
                    np.testing.assert_allclose(hits.distances, 0, atol=1e-5)
                    opened.append(len(names))
        except BaseException as exc:
            failures.append(exc)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for number in range(4):
            with LocalStore.open(location) as writer:
                writer.add(batch_of_dances([f"new {number}"], seed=number))
                writer.commit()
    finally:
        done.set()
        thread.join()
    assert failures == []
    assert opened == sorted(opened)
    with LocalStore.open(location) as store:
        assert store.info().clips == 5


def test_an_index_from_before_counts_were_stored_is_read(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.duckdb"
    row = ClipRow(0, "a", "a", "/a", "", "", "waltz", "Ann", "CC0", 90.0, 0.0, 48, 0, "h", "")
    one = np.zeros(1, np.int32)
    rows = FragmentRows(
        one.astype(np.int64), one, one, one + 24, one.astype(np.float32), one.astype(bool)
    )
    write_catalogue(path, [row], iter([rows]))
    with duckdb.connect(str(path)) as connection:
        for column in ("counts", "body", "sure"):
            connection.execute(f"ALTER TABLE clips DROP COLUMN {column}")
    catalogue = Catalogue(path)
    assert catalogue.clips() == [row]
    table = catalogue.table(np.zeros(1, np.int64))
    assert (table.style[0], int(table.metre[0]), len(table.counts[0].beats_s)) == ("waltz", 0, 0)
    catalogue.close()
