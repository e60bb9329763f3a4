"""The Lance engine keeps the contract, with lists as without, and notices damage."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")

from danceit.index.store.contract import StoreOptions, StoreSpec, Where
from danceit.index.store.lance import tables
from danceit.index.store.lance.store import LanceStore
from danceit.index.store.lance.tables import condition_of
from danceit.testing import NAMES, SPEC, StoreConformance, batch_of_dances, save_fixed_encoder
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
