"""On a card the answers are those of the processor; skipped where there is none."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from danceit.errors import DanceitError, InputError
from danceit.index.store.cards import MOST_NEIGHBOURS, count_cards, to_cards
from danceit.index.store.contract import StoreOptions, Where
from danceit.index.store.local.store import LocalStore
from danceit.index.store.vector_index import Plan, make_index
from danceit.testing import NAMES, SPEC, batch_of_dances, save_fixed_encoder
from danceit.testing.material import random_queries


@pytest.fixture
def _card() -> None:
    try:
        count_cards("cuda")
    except DanceitError as exc:
        pytest.skip(str(exc))


@pytest.mark.usefixtures("_card")
@pytest.mark.parametrize("factory", ["Flat", "IVF2,Flat"])
def test_a_card_answers_as_the_processor_does(tmp_path: Path, factory: str) -> None:
    for device in ("cpu", "cuda"):
        with LocalStore.create(
            tmp_path / device,
            SPEC,
            save_fixed_encoder,
            options=StoreOptions(device=device, factory=factory),
        ) as store:
            store.add(batch_of_dances(NAMES))
            store.commit()
    for made_on in ("cpu", "cuda"):
        with (
            LocalStore.open(tmp_path / made_on, StoreOptions(device="cpu")) as cpu,
            LocalStore.open(tmp_path / made_on, StoreOptions(device="cuda")) as cuda,
        ):
            for where in (Where(), Where(n_frames=24), Where(style=("waltz",))):
                wanted = cpu.search(random_queries("pose"), 9, where=where)
                found = cuda.search(random_queries("pose"), 9, where=where)
                np.testing.assert_array_equal(found.rows, wanted.rows)
                np.testing.assert_allclose(found.distances, wanted.distances, atol=1e-4)


@pytest.fixture
def copies_for_cards(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let copies that stay on the processor stand for those on cards; return their kinds.

    It shows that the way there and back is sound, not that a card computes the same.
    """
    import faiss

    made: list[str] = []

    def copied(resources: Any, card: Any, index: Any, options: Any) -> Any:
        inverted = faiss.try_extract_index_ivf(index)
        if inverted is not None and inverted.nprobe > MOST_NEIGHBOURS:
            raise RuntimeError("GPU index only supports nprobe <= 2048")
        made.append(type(index).__name__)
        if inverted is not None:
            # FAISS takes no graph to a card.
            assert isinstance(faiss.downcast_index(inverted.quantizer), faiss.IndexFlat)
        return faiss.clone_index(index)

    stand_ins = {
        "get_num_gpus": lambda: 1,
        "StandardGpuResources": object,
        "GpuClonerOptions": SimpleNamespace,
        "index_cpu_to_gpu": copied,
        "index_gpu_to_cpu": faiss.clone_index,
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(faiss, name, stand_in, raising=False)
    monkeypatch.setattr("danceit.index.store.cards._RESOURCES", [])
    return made


@pytest.mark.parametrize("factory", ["Flat", "IVF8,Flat", "IVF8_HNSW32,SQfp16"])
@pytest.mark.parametrize("recall", [0.0, 0.9])
def test_the_way_to_the_cards_and_back_loses_nothing(
    copies_for_cards: list[str], factory: str, recall: float
) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2000, 8)).astype(np.float32)
    rows = np.arange(0, 2000, 2)
    made, _ = make_index(vectors, rows, Plan(factory, 8, recall), "cuda")
    # First the centres of the lists, then what cards fill; the rest is filled here.
    went = {"Flat": [], "IVF8,Flat": ["IndexFlatL2", "IndexIVFFlat"]}
    assert copies_for_cards == went.get(factory, ["IndexFlatL2"])
    there = to_cards(made, "cuda")
    assert there is not made
    for index in (made, there):
        assert index.ntotal == len(rows)
        distances, found = index.search(vectors[rows[:50]], 1)
        np.testing.assert_array_equal(found[:, 0], rows[:50])
        np.testing.assert_allclose(distances, 0, atol=1e-4)


def test_more_lists_than_a_card_visits_stay_on_the_processor(copies_for_cards: list[str]) -> None:
    vectors = np.random.default_rng(0).normal(size=(9000, 4)).astype(np.float32)
    index, _ = make_index(vectors, np.arange(9000), Plan("IVF4096,Flat", 3000), "cpu")
    assert to_cards(index, "auto") is index
    with pytest.raises(InputError, match=r"cannot be on a card: .*nprobe <= 2048"):
        to_cards(index, "cuda")


def test_a_card_without_memory_leaves_the_work_to_the_processor(
    copies_for_cards: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import faiss

    def full(*_: Any) -> Any:
        raise RuntimeError("Error in cudaMalloc\nout of memory")

    monkeypatch.setattr(faiss, "index_cpu_to_gpu", full)
    vectors = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)
    index, _ = make_index(vectors, np.arange(1000), Plan("IVF4,Flat", 4), "auto")
    assert index.ntotal == 1000
    with pytest.raises(InputError, match="the card could not train the index: out of memory"):
        make_index(vectors, np.arange(1000), Plan("IVF4,Flat", 4), "cuda")


@pytest.mark.usefixtures("_card")
def test_more_neighbours_than_a_card_gives_are_found_all_the_same(tmp_path: Path) -> None:
    with LocalStore.create(
        tmp_path / "x", SPEC, save_fixed_encoder, StoreOptions(device="cuda")
    ) as store:
        store.add(batch_of_dances([f"clip {number}" for number in range(600)]))
        store.commit()
        where = Where(n_frames=24)
        hits = store.search(random_queries("pose"), 2500, where=where)
        assert hits.rows.shape == (3, 2500)
