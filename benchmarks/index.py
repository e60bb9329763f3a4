"""What the local index costs against its size: ingest, opening, search, metadata, memory.

    python benchmarks/index.py                       N from 10^3 to 10^6, some minutes
    python benchmarks/index.py --upto 7 --out DIR    to 10^7, needs 20 GB of disk

Every size runs in a process of its own over made-up clips of three minutes (2-D poses,
fragments of 1 to 4 s without overlap, 16-dimensional vectors in clusters, as encoders
give). One song stands for 100 windows of 2 s with 32 neighbours each. Beside the store:
the bare FAISS call, numpy comparing everything and, where installed, hnswlib, usearch and
LanceDB over the same vectors of the same length. Writes a CSV and a plot and prints the slopes.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from danceit.data import N_JOINTS, Clip, Float32
from danceit.index.fragments import cut, energies
from danceit.index.store.contract import ClipEntry, FragmentBatch, StoreSpec, Where
from danceit.index.store.faiss_module import load_faiss
from danceit.index.store.local.generation import Generation
from danceit.index.store.local.store import LocalStore
from danceit.index.store.vector_index import EXACT_UP_TO, exact_search, make_index, read_index

LENGTHS = (24, 48, 72, 96)
SPEC = StoreSpec(encoder_id="benchmark", dims=2, lengths=LENGTHS)
WIDTH = 16
CLIP_FRAMES = 3 * 60 * 24
BATCH_CLIPS = 40
WINDOWS, NEIGHBOURS = 100, 32
COMPARED = 300_000
"""Vectors of one length up to which others are measured too: they take minutes to build."""
ASKED = Where(n_frames=48)
STYLES = ("waltz", "rumba", "cha-cha", "tango")
MEASURES = {
    "ingest_per_s": "fragments/s stored",
    "searchable_per_s": "fragments/s made searchable",
    "open_ms": "open, ms",
    "search_ms": "search, ms",
    "faiss_ms": "bare FAISS, ms",
    "over_faiss": "search / FAISS",
    "recall": "recall at 32",
    "filtered_ms": "search with a filter, ms",
    "hits_ms": "metadata and poses, ms",
    "bytes_each": "memory beyond FAISS, bytes a fragment",
    "disk_each": "disk, bytes a fragment",
    "numpy_ms": "numpy, ms",
    "hnswlib_ms": "hnswlib, ms",
    "hnswlib_recall": "hnswlib recall",
    "usearch_ms": "usearch, ms",
    "usearch_recall": "usearch recall",
    "lancedb_ms": "LanceDB, ms",
    "lancedb_recall": "LanceDB recall",
}


OTHERS = ("numpy_ms", "hnswlib_ms", "usearch_ms", "lancedb_ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upto", type=float, default=6.0, help="largest N, as a power of ten")
    parser.add_argument("--out", type=Path, default=Path("benchmark-index"))
    parser.add_argument("--work", type=Path, help="folder for the indexes; default: temporary")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--memory", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory is not None:
        print(json.dumps(measure_memory(options.memory)))
        return
    if options.one is not None:
        print(json.dumps(measure(options.one, options.work)))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for power in np.arange(3.0, options.upto + 0.01, 1.0):
        with tempfile.TemporaryDirectory(dir=options.work) as work:
            rows.append(_in_own_process("--one", str(round(10**power)), "--work", work))
        print_table(rows)
    write_csv(rows, options.out / "index.csv")
    plot(rows, options.out / "index.png")
    print(f"\nwritten: {options.out}/index.csv, {options.out}/index.png")


def measure(n_fragments: int, work: Path) -> dict[str, float]:
    """All figures for one size, by name."""
    index = work / "index"
    figures: dict[str, float] = {"n": n_fragments}
    figures |= measure_ingest(index, n_fragments)
    n_fragments = int(figures["n"])
    # Of its own, for what adding has left free here would be taken again unseen.
    figures["bytes_each"] = _in_own_process("--memory", str(index))["bytes"] / n_fragments
    with LocalStore.open(index) as store:
        queries = some_queries(store)
        hits = store.search(queries, NEIGHBOURS, where=ASKED)
        figures["open_ms"] = best_ms(lambda: LocalStore.open(index).close(), 5)
        figures |= measure_search(store, index, queries)
        figures["hits_ms"] = best_ms(lambda: fetch(store, hits.rows.ravel()), 7)
        figures |= measure_others(store, queries)
        figures["disk_each"] = sum(store.info().n_bytes.values()) / n_fragments
    return figures


def measure_ingest(index: Path, n_fragments: int) -> dict[str, float]:
    # Made before the clock starts; only the vectors take room, the poses are shared.
    batches = list(made_up_batches(n_fragments))
    with LocalStore.create(index, SPEC, save_encoder) as store:
        started = time.perf_counter()
        count = 0
        for batch in batches:
            store.add(batch)
            count += len(batch)
        with timed_faiss() as in_faiss:
            store.commit()
        seconds = time.perf_counter() - started
    return {
        "n": count,
        "ingest_per_s": count / (seconds - in_faiss[0]),
        "searchable_per_s": count / seconds,
    }


def measure_memory(index: Path) -> dict[str, float]:
    """Bytes that opening an index and asking it for one song take and keep."""
    # What the libraries themselves take has nothing to do with the index.
    load_faiss()
    import_module("duckdb").connect().execute("SELECT 1")
    before = anonymous_bytes()
    with LocalStore.open(index) as store:
        rows = store.search(some_queries(store), NEIGHBOURS, where=ASKED).rows.ravel()
        fetch(store, rows)
        return {"bytes": anonymous_bytes() - before}


def measure_search(store: LocalStore, index: Path, queries: Float32) -> dict[str, float]:
    generation = Generation.open(index)
    part = next(one for one in generation.manifest.parts if (one.by, one.n_frames) == ("pose", 48))
    bare = read_index(generation.folder / part.file)
    generation.close()
    wanted = min(NEIGHBOURS, part.count)
    # In turn, so that whatever else the machine does burdens both alike.
    turns = [
        (
            best_ms(lambda: bare.search(queries, wanted), 3),
            best_ms(lambda: store.search(queries, wanted, where=ASKED), 3),
        )
        for _ in range(8)
    ]
    faiss_ms, search_ms = (min(times) for times in zip(*turns, strict=True))
    found = store.search(queries, wanted, where=ASKED).rows
    rare = Where(n_frames=48, style=("tango",), tempo_bpm=(100.0, 101.0))
    return {
        "search_ms": search_ms,
        "faiss_ms": faiss_ms,
        "over_faiss": search_ms / faiss_ms,
        "recall": recall(found, exact(store, queries, wanted)),
        "filtered_ms": best_ms(lambda: store.search(queries, wanted, where=rare)),
    }


def measure_others(store: LocalStore, queries: Float32) -> dict[str, float]:
    rows = store.matching(ASKED)
    vectors = store.vectors(rows)
    true = exact(store, queries, min(NEIGHBOURS, len(rows)))
    figures: dict[str, float] = {}
    if len(rows) > COMPARED:
        return figures
    figures["numpy_ms"] = best_ms(lambda: by_numpy(vectors, queries, true.shape[1]), 3)
    others = {"hnswlib": with_hnswlib, "usearch": with_usearch, "lancedb": with_lancedb}
    for name, make in others.items():
        try:
            ask = make(vectors, true.shape[1])
        except ImportError:
            # Not installed: its rows are left out.
            continue
        figures[f"{name}_ms"] = best_ms(partial(ask, queries))
        figures[f"{name}_recall"] = recall(rows[ask(queries)], true)
    return figures


def fetch(store: LocalStore, rows: Any) -> None:
    store.table(rows)
    store.poses(rows)


def by_numpy(vectors: Float32, queries: Float32, k: int) -> Any:
    distances = (vectors**2).sum(axis=1) - 2 * queries @ vectors.T
    k = min(k, len(vectors) - 1)
    nearest = np.argpartition(distances, k, axis=1)[:, :k]
    order = np.argsort(np.take_along_axis(distances, nearest, axis=1), axis=1)
    return np.take_along_axis(nearest, order, axis=1)


def with_hnswlib(vectors: Float32, k: int) -> Callable[[Float32], Any]:
    index = import_module("hnswlib").Index(space="l2", dim=WIDTH)
    index.init_index(max_elements=len(vectors), ef_construction=100, M=16)
    index.add_items(vectors)
    index.set_ef(max(64, k))
    return lambda queries: index.knn_query(queries, k=k)[0].astype(np.int64)


def with_usearch(vectors: Float32, k: int) -> Callable[[Float32], Any]:
    index = import_module("usearch.index").Index(ndim=WIDTH, metric="l2sq", dtype="f32")
    index.add(np.arange(len(vectors)), vectors)
    return lambda queries: np.asarray(index.search(queries, k).keys).astype(np.int64)


def with_lancedb(vectors: Float32, k: int) -> Callable[[Float32], Any]:
    pyarrow, lancedb = import_module("pyarrow"), import_module("lancedb")
    flat = pyarrow.array(vectors.ravel())
    columns = {
        "row": pyarrow.array(np.arange(len(vectors))),
        "vector": pyarrow.FixedSizeListArray.from_arrays(flat, WIDTH),
    }
    folder = tempfile.TemporaryDirectory()
    table = lancedb.connect(folder.name).create_table("fragments", pyarrow.table(columns))
    lists = 0
    if len(vectors) > EXACT_UP_TO:
        lists = 1 << round(np.log2(4 * len(vectors) ** 0.5))
        kind = import_module("lancedb.index").IvfFlat(distance_type="l2", num_partitions=lists)
        table.create_index("vector", config=kind)

    def ask(queries: Float32) -> Any:
        found = []
        for query in queries:
            search = table.search(query).limit(k)
            search = search.nprobes(32) if lists else search
            found.append(search.to_arrow()["row"].to_numpy())
        return np.stack(found)

    # The table goes with the last question.
    ask.folder = folder  # type: ignore[attr-defined]
    return ask


def exact(store: LocalStore, queries: Float32, k: int) -> Any:
    """Rows of the true neighbours."""
    rows = store.matching(ASKED)
    return rows[exact_search(store.vectors(rows), np.arange(len(rows)), queries, k)[1]]


def recall(found: Any, true: Any) -> float:
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(true, found, strict=True)]))


def some_queries(store: LocalStore) -> Float32:
    rng = np.random.default_rng(1)
    rows = store.matching(ASKED)
    vectors = store.vectors(rng.choice(rows, WINDOWS))
    return (vectors + 0.1 * rng.normal(size=vectors.shape)).astype(np.float32)


def made_up_batches(n_fragments: int) -> Iterator[FragmentBatch]:
    """Batches of clips, `BATCH_CLIPS` at a time, until there are enough fragments."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(1000, WIDTH))
    walk = np.cumsum(rng.normal(size=(CLIP_FRAMES, N_JOINTS, 2)), axis=0)
    poses = (walk + 256).astype(np.float32)
    poses[:, 14:] = np.nan
    clip = Clip("", "", poses, Path("/dances"))
    fragments = cut(clip, LENGTHS)
    start = np.array([one.start_frame for one in fragments])
    length = np.array([one.n_frames for one in fragments])
    energy = energies(poses, fragments)
    number = 0
    while number * len(fragments) < n_fragments:
        left = -(-(n_fragments - number * len(fragments)) // len(fragments))
        some = min(BATCH_CLIPS, left)
        count = some * len(fragments)
        near = centres[rng.integers(0, len(centres), (2, count))]
        vectors = (near + 0.4 * rng.normal(size=near.shape)).astype(np.float32)
        entries = tuple(
            ClipEntry(
                Clip(
                    f"clip {number + place}",
                    f"recording {number + place}",
                    poses,
                    Path(f"/dances/{number + place}"),
                    style=STYLES[(number + place) % 4],
                ),
                tempo_bpm=float(60 + (number + place) % 120),
            )
            for place in range(some)
        )
        yield FragmentBatch(
            entries,
            np.repeat(np.arange(some), len(fragments)),
            np.tile(start, some),
            np.tile(length, some),
            np.tile(energy, some),
            vectors[0],
            vectors[1],
        )
        number += some


@contextmanager
def timed_faiss() -> Iterator[list[float]]:
    """Add up the seconds that a commit spends in training and filling FAISS indexes."""
    spent = [0.0]

    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return make_index(*args, **kwargs)
        finally:
            spent[0] += time.perf_counter() - started

    with mock.patch("danceit.index.store.local.writer.make_index", timed):
        yield spent


def best_ms(action: Callable[[], object], repeats: int = 9) -> float:
    """Shortest of several runs after one to warm up: what the machine can do undisturbed."""
    action()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times) * 1e3


def anonymous_bytes() -> int:
    """Memory of this process that is not a mapped file (FAISS's vectors are)."""
    with open("/proc/self/status", encoding="ascii") as stream:
        lines = dict(line.split(":", 1) for line in stream)
    return int(lines["RssAnon"].split()[0]) * 1024


def save_encoder(folder: Path) -> None:
    (folder / "config.json").write_text("{}", encoding="utf-8")


def _in_own_process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, __file__, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    if run.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{run.stderr}")
    figures: dict[str, float] = json.loads(run.stdout)
    return figures


def print_table(rows: list[dict[str, float]]) -> None:
    names = [name for name in MEASURES if any(name in row for row in rows)]
    print(f"\n{'':40}" + "".join(f"{int(row['n']):>12}" for row in rows) + "   slope")
    for name in names:
        cells = "".join(f"{_short(row.get(name)):>12}" for row in rows)
        print(f"{MEASURES[name]:40}{cells}{slope(rows, name):>8}", flush=True)


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def slope(rows: list[dict[str, float]], name: str) -> str:
    """Exponent of N with which a figure grows: the slope on doubly logarithmic paper."""
    pairs = [(row["n"], row[name]) for row in rows if row.get(name, 0) > 0]
    if len(pairs) < 3:
        return ""
    size, value = np.log10(np.array(pairs)).T
    return f"{np.polyfit(size, value, 1)[0]:+.2f}"


def write_csv(rows: list[dict[str, float]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["n", *MEASURES], restval="")
        writer.writeheader()
        writer.writerows(rows)


def plot(rows: list[dict[str, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    panels = figure.subplots(1, 3)
    groups = (
        ("one song, ms", ("search_ms", "faiss_ms", *OTHERS)),
        ("ms", ("open_ms", "hits_ms", "filtered_ms")),
        ("fragments/s", ("ingest_per_s", "searchable_per_s")),
    )
    for panel, (label, names) in zip(panels, groups, strict=True):
        for name in names:
            points = [(row["n"], row[name]) for row in rows if name in row]
            if points:
                panel.loglog(*zip(*points, strict=True), "o-", label=MEASURES[name])
        panel.set_xlabel("fragments")
        panel.set_ylabel(label)
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
