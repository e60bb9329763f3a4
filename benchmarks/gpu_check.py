"""Whether search on a CUDA card answers as on the processor, and how much faster it is.

    python benchmarks/gpu_check.py                    needs faiss-gpu and a card; a minute
    python benchmarks/gpu_check.py --n 5000000 --out figures.json

Trains and fills the same made-up index on both. Then both ask the index made on the
processor the same 100 windows for 32 neighbours, exactly and through inverted lists, with
and without a filter. An answer on the card passes when it is as near as the processor's,
neighbour for neighbour, and its distances are true; what the card trained and filled must
find as many of the true neighbours. Writes what it measured and exits with 1 where one
does not pass.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from danceit.data import Float32
from danceit.errors import DanceitError
from danceit.index.store.cards import count_cards
from danceit.index.store.contract import Hits, StoreOptions, Where
from danceit.index.store.faiss_module import load_faiss
from danceit.index.store.local.store import LocalStore
from danceit.index.store.vector_index import exact_search

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.index import SPEC, best_ms, made_up_batches, recall, save_encoder, some_queries

DEVICES = ("cpu", "cuda")
K = 32
AS_NEAR = 0.999
"""Share of neighbours that must be as near: near ties may fall either way."""
TRUE_WITHIN = 1e-4
"""Largest error of a distance, relative to 1 or to itself: sums in another order."""
RECALL_WITHIN = 0.01
"""By how much two trainings on the same vectors may differ."""
WHERES = {
    "2 s": Where(n_frames=48),
    "all lengths": Where(),
    "2 s, one style": Where(n_frames=48, style=("tango",)),
}


@dataclass(frozen=True)
class Figures:
    """One way of searching, on both.

    The recalls are those of what each made, asked where it was made.
    """

    factory: str
    where: str
    same_rows: float
    as_near: float
    largest_error: float
    cpu_recall: float
    cuda_recall: float
    cpu_ms: float
    cuda_ms: float
    cpu_build_s: float
    cuda_build_s: float

    @property
    def alike(self) -> bool:
        """Whether the card answers as well as the processor."""
        return (
            self.as_near >= AS_NEAR
            and self.largest_error <= TRUE_WITHIN
            and self.cuda_recall >= self.cpu_recall - RECALL_WITHIN
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="fragments")
    parser.add_argument("--out", type=Path, default=Path("gpu-check.json"))
    options = parser.parse_args()
    try:
        n_cards = count_cards("cuda")
    except DanceitError as exc:
        sys.exit(f"gpu_check: {exc}")
    figures = [one for factory in ("Flat", "") for one in compare(options.n, factory)]
    report = {
        "machine": platform.platform(),
        "faiss": load_faiss().__version__,
        "cards": [_card_name(card) for card in range(n_cards)],
        "fragments": options.n,
        "searches": [asdict(one) | {"alike": one.alike} for one in figures],
    }
    options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for one in figures:
        verdict = "alike" if one.alike else "DIFFERENT"
        print(
            f"{one.factory or 'by size':8} {one.where:16} {verdict}: {one.as_near:.2%} as near,"
            f" {one.same_rows:.2%} same rows, distances true to {one.largest_error:.1e};"
            f" recall {one.cpu_recall:.3f} -> {one.cuda_recall:.3f};"
            f" {one.cpu_ms:.2f} ms -> {one.cuda_ms:.2f} ms;"
            f" made in {one.cpu_build_s:.1f} s -> {one.cuda_build_s:.1f} s"
        )
    print(f"written: {options.out}")
    if not all(one.alike for one in figures):
        sys.exit(1)


def compare(n_fragments: int, factory: str) -> list[Figures]:
    """Build on both, then ask both."""
    with TemporaryDirectory() as work:
        folder = Path(work)
        built = {
            device: _build(folder / device, n_fragments, factory, device) for device in DEVICES
        }
        with (
            LocalStore.open(folder / "cpu", StoreOptions(device="cpu")) as cpu,
            LocalStore.open(folder / "cpu", StoreOptions(device="cuda")) as cuda,
            LocalStore.open(folder / "cuda", StoreOptions(device="cuda")) as own,
        ):
            queries = some_queries(cpu)
            found = []
            for name, where in WHERES.items():
                here, there = (one.search(queries, K, where=where) for one in (cpu, cuda))
                made_there = own.search(queries, K, where=where)
                rows = cpu.matching(where)
                truth = rows[exact_search(cpu.vectors(rows), np.arange(len(rows)), queries, K)[1]]
                found.append(
                    Figures(
                        factory=factory,
                        where=name,
                        same_rows=recall(there.rows, here.rows),
                        as_near=_as_near(there, here),
                        largest_error=_largest_error(cuda, queries, there),
                        cpu_recall=recall(here.rows, truth),
                        cuda_recall=recall(made_there.rows, truth),
                        cpu_ms=_ms(cpu, queries, where),
                        cuda_ms=_ms(cuda, queries, where),
                        cpu_build_s=built["cpu"],
                        cuda_build_s=built["cuda"],
                    )
                )
        return found


def _build(folder: Path, n_fragments: int, factory: str, device: str) -> float:
    with LocalStore.create(
        folder, SPEC, save_encoder, StoreOptions(device=device, factory=factory)
    ) as store:
        for batch in made_up_batches(n_fragments):
            store.add(batch)
        started = time.perf_counter()
        store.commit()
        return time.perf_counter() - started


def _as_near(found: Hits, wanted: Hits) -> float:
    """Share of the neighbours that are no farther than those of the same rank."""
    allowed = wanted.distances + TRUE_WITHIN * np.maximum(wanted.distances, 1)
    return float((found.distances <= allowed).mean())


def _largest_error(store: LocalStore, queries: Float32, hits: Hits) -> float:
    """Of the distances, against those computed from the stored vectors in double precision."""
    vectors = store.vectors(hits.rows.ravel()).reshape(*hits.rows.shape, -1).astype(np.float64)
    true = ((vectors - queries[:, None]) ** 2).sum(axis=2)
    return float((np.abs(hits.distances - true) / np.maximum(true, 1)).max())


def _ms(store: LocalStore, queries: Float32, where: Where) -> float:
    return best_ms(lambda: store.search(queries, K, where=where))


def _card_name(card: int) -> str:
    import torch

    # FAISS does not say, and PyTorch may have been built without CUDA.
    return torch.cuda.get_device_name(card) if torch.cuda.is_available() else f"card {card}"


if __name__ == "__main__":
    main()
