"""Whether search on a CUDA card answers as on the processor, and how much faster it is.

    python benchmarks/gpu_check.py                    needs faiss-gpu and a card; a minute
    python benchmarks/gpu_check.py --n 5000000 --out figures.json

Trains and fills the same made-up index on both, asks both the same 100 windows for 32
neighbours, exactly and through inverted lists, with and without a filter, and compares
rows and distances. Writes what it measured and exits with 1 where an answer differs.
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
from danceit.index.cards import count_cards
from danceit.index.faiss_module import load_faiss
from danceit.index.local_store import LocalStore
from danceit.index.store import Hits, Where

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.index import SPEC, best_ms, made_up_batches, save_encoder, some_queries

DEVICES = ("cpu", "cuda")
SAME_ROWS = 0.999
"""Share of equal rows: sums in another order may swap neighbours that are equally near."""
SAME_DISTANCE = 1e-4
WHERES = {
    "2 s": Where(n_frames=48),
    "all lengths": Where(),
    "2 s, one style": Where(n_frames=48, style=("tango",)),
}


@dataclass(frozen=True)
class Figures:
    """One way of searching, on both."""

    factory: str
    where: str
    same_rows: float
    largest_difference: float
    cpu_ms: float
    cuda_ms: float
    cpu_build_s: float
    cuda_build_s: float

    @property
    def alike(self) -> bool:
        """Whether the answers are the same."""
        return self.same_rows >= SAME_ROWS and self.largest_difference <= SAME_DISTANCE


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
            f"{one.factory or 'by size':8} {one.where:16} {verdict}: {one.same_rows:.2%} same rows,"
            f" {one.largest_difference:.1e} apart; {one.cpu_ms:.2f} ms -> {one.cuda_ms:.2f} ms;"
            f" made in {one.cpu_build_s:.1f} s -> {one.cuda_build_s:.1f} s"
        )
    print(f"written: {options.out}")
    if not all(one.alike for one in figures):
        sys.exit(1)


def compare(n_fragments: int, factory: str) -> list[Figures]:
    """Build on both, then ask both through the index made on the processor."""
    with TemporaryDirectory() as work:
        folder = Path(work)
        built = {
            device: _build(folder / device, n_fragments, factory, device) for device in DEVICES
        }
        found = []
        with (
            LocalStore.open(folder / "cpu", device="cpu") as cpu,
            LocalStore.open(folder / "cpu", device="cuda") as cuda,
        ):
            queries = some_queries(cpu)
            for name, where in WHERES.items():
                same, apart = _differences(
                    cpu.search(queries, 32, where=where), cuda.search(queries, 32, where=where)
                )
                found.append(
                    Figures(
                        factory,
                        name,
                        same,
                        apart,
                        _ms(cpu, queries, where),
                        _ms(cuda, queries, where),
                        built["cpu"],
                        built["cuda"],
                    )
                )
        return found


def _build(folder: Path, n_fragments: int, factory: str, device: str) -> float:
    with LocalStore.create(folder, SPEC, save_encoder, device=device, factory=factory) as store:
        for batch in made_up_batches(n_fragments):
            store.add(batch)
        started = time.perf_counter()
        store.commit()
        return time.perf_counter() - started


def _differences(one: Hits, other: Hits) -> tuple[float, float]:
    same = [np.isin(a, b).mean() for a, b in zip(one.rows, other.rows, strict=True)]
    return float(np.mean(same)), float(np.abs(one.distances - other.distances).max())


def _ms(store: LocalStore, queries: Float32, where: Where) -> float:
    return best_ms(lambda: store.search(queries, 32, where=where))


def _card_name(card: int) -> str:
    faiss = load_faiss()
    if hasattr(faiss, "get_device_properties"):
        return str(faiss.get_device_properties(card).name)
    return f"card {card}"


if __name__ == "__main__":
    main()
