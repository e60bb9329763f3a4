"""FAISS against comparing everything with numpy."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError, MissingDependencyError
from danceit.index.store.cards import count_cards
from danceit.index.store.vector_index import (
    Plan,
    exact_search,
    filtered_search,
    make_index,
    merge,
    plan_for,
    read_index,
    write_index,
)

N, WIDTH = 6000, 8


@pytest.fixture(scope="module")
def vectors() -> Float32:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(60, WIDTH))
    near = centres[rng.integers(0, 60, N)] + 0.3 * rng.normal(size=(N, WIDTH))
    return near.astype(np.float32)


@pytest.fixture(scope="module")
def queries(vectors: Float32) -> Float32:
    rng = np.random.default_rng(1)
    some = vectors[rng.integers(0, N, 50)]
    return (some + 0.1 * rng.normal(size=some.shape)).astype(np.float32)


def nearest(vectors: Float32, rows: Int64, queries: Float32, k: int) -> Int64:
    distances = ((queries[:, None].astype(float) - vectors[rows][None]) ** 2).sum(axis=2)
    return rows[np.argsort(distances, axis=1)[:, :k]]


def recall(found: Int64, true: Int64) -> float:
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(found, true, strict=True)]))


def test_exact_search_finds_the_nearest(vectors: Float32, queries: Float32) -> None:
    rows = np.arange(0, N, 3)
    distances, found = exact_search(vectors, rows, queries, 7)
    np.testing.assert_array_equal(found, nearest(vectors, rows, queries, 7))
    assert (np.diff(distances, axis=1) >= 0).all()


def test_exact_search_in_chunks_is_the_same(
    vectors: Float32, queries: Float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(0, N, 2)
    whole = exact_search(vectors, rows, queries, 7)
    monkeypatch.setattr("danceit.index.store.vector_index._CHUNK", 129)
    parts = exact_search(vectors, rows, queries, 7)
    np.testing.assert_array_equal(parts[1], whole[1])


@pytest.mark.parametrize("count", [0, 3])
def test_exact_search_of_fewer_than_k(vectors: Float32, queries: Float32, count: int) -> None:
    distances, found = exact_search(vectors, np.arange(count), queries, 7)
    assert distances.shape == found.shape == (50, count)


def test_flat_up_to_the_limit_and_lists_above() -> None:
    assert plan_for(100_000) == Plan("Flat", 0)
    assert plan_for(100_001).factory == "IVF1024,Flat"
    assert plan_for(1_000_000).factory == "IVF4096,Flat"
    assert plan_for(10_000_000).factory == "IVF16384,Flat"
    assert plan_for(100_000_000).factory == "IVF65536_HNSW32,SQfp16"
    assert plan_for(10, "HNSW32").factory == "HNSW32"


@pytest.mark.parametrize(
    ("factory", "floor"),
    # Of the vectors' eight equal directions, the last keeps four.
    [("Flat", 1.0), ("IVF64,Flat", 0.95), ("HNSW32", 0.95), ("PCA4,IVF16,Flat", 0.2)],
)
def test_ids_are_rows_whatever_the_factory(
    tmp_path: Path, vectors: Float32, queries: Float32, factory: str, floor: float
) -> None:
    rows = np.arange(1, N, 2)
    index, _ = make_index(vectors, rows, Plan(factory, 64))
    write_index(index, tmp_path / "x.faiss")
    for mapped in (False, True):
        found = read_index(tmp_path / "x.faiss", mapped=mapped).search(queries, 5)[1]
        assert set(np.unique(found % 2).tolist()) == {1}
        assert recall(found, nearest(vectors, rows, queries, 5)) >= floor


def test_fewer_vectors_than_lists_are_searched_exactly(vectors: Float32) -> None:
    index, plan = make_index(vectors, np.arange(50), Plan("IVF64,Flat", 8))
    assert plan == Plan("Flat", 0)
    assert index.ntotal == 50


def test_an_unknown_factory_is_named(vectors: Float32) -> None:
    with pytest.raises(InputError, match="does not know the factory 'Fast'"):
        make_index(vectors, np.arange(50), Plan("Fast", 8))


@pytest.mark.parametrize("wanted", [0.5, 0.9, 0.99, 1.0])
def test_a_wanted_recall_is_reached_on_queries_never_seen(
    vectors: Float32, queries: Float32, wanted: float
) -> None:
    rows = np.arange(N)
    index, plan = make_index(vectors, rows, Plan("IVF128,Flat", 1, wanted))
    assert index.ntotal == N
    found = index.search(queries, 10)[1]
    # 500 neighbours are looked for: the recall on these queries has an error of 0.02.
    assert recall(found, nearest(vectors, rows, queries, 10)) >= wanted - 0.03
    looser = make_index(vectors, rows, Plan("IVF128,Flat", 1, wanted / 2))[1]
    assert looser.nprobe <= plan.nprobe


def test_a_filter_visits_more_lists(vectors: Float32, queries: Float32) -> None:
    index, _ = make_index(vectors, np.arange(N), Plan("IVF64,Flat", 4))
    allowed = np.zeros(N, dtype=bool)
    allowed[::10] = True
    found = filtered_search(index, allowed, queries, 5)
    assert found is not None
    assert allowed[found[1]].all()
    assert recall(found[1], nearest(vectors, np.flatnonzero(allowed), queries, 5)) > 0.99


def test_merging_keeps_the_nearest_of_all() -> None:
    left = np.array([[1.0, 4.0]], np.float32), np.array([[10, 11]])
    right = np.array([[2.0, 3.0]], np.float32), np.array([[20, 21]])
    distances, rows = merge([left, right], 3)
    assert rows.tolist() == [[10, 20, 21]]
    assert distances.tolist() == [[1.0, 2.0, 3.0]]


def test_rubbish_is_not_read_as_an_index(tmp_path: Path) -> None:
    (tmp_path / "x.faiss").write_bytes(b"rubbish" * 100)
    with pytest.raises(IndexStateError, match="is damaged"):
        read_index(tmp_path / "x.faiss")


def test_the_device_must_be_known() -> None:
    with pytest.raises(InputError, match="unknown device 'gpu'; known: auto, cpu, cuda"):
        count_cards("gpu")


def test_a_card_that_is_not_there_is_missed_in_one_line() -> None:
    import faiss

    if hasattr(faiss, "get_num_gpus") and faiss.get_num_gpus():
        pytest.skip("there is a card")
    assert count_cards("auto") == 0
    with pytest.raises(MissingDependencyError, match="cannot search on a card"):
        count_cards("cuda")


@pytest.mark.parametrize(
    "fault", ["raise ImportError('No module named faiss')", "raise RuntimeError('no libcudart')"]
)
def test_without_faiss_one_line_says_what_to_install(tmp_path: Path, fault: str) -> None:
    (tmp_path / "faiss.py").write_text(fault)
    code = (
        "from danceit.index.store.faiss_module import load_faiss\n"
        "from danceit.errors import MissingDependencyError\n"
        "try: load_faiss()\n"
        "except MissingDependencyError as exc: print(exc)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.count("\n") == 1
    assert "pip install 'danceit[cpu]'" in found.stdout
