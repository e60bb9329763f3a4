"""Bytes a fragment, speed of taking in, opening and searching: the figures of docs/scale.md.

Run: python benchmarks/scale.py lance 1000000 (or local; 1.9 GB of disk, some minutes).

Clips of a minute in 3-D, lengths of 1 to 4 s without overlap. Vectors of movement lie
around 3 000 centres; those of music have no structure, which is the worst there can be.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import Clip
from danceit.index.fragments import cut
from danceit.index.store.contract import ClipEntry, FragmentBatch, FragmentStore, StoreSpec, Where
from danceit.index.store.engines import STORES
from danceit.index.store.vector_index import exact_search
from danceit.testing import save_fixed_encoder

SPEC = StoreSpec("fixed", 3, (24, 48, 72, 96))
WIDTH, AUDIO_WIDTH = 16, 37
MINUTE = 1440
CLIPS_AT_ONCE = 100
STYLES = ("waltz", "rumba", "tango", "salsa")


def main(engine: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "index"
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(3000, WIDTH))
        with STORES.get(engine).create(out, SPEC, save_fixed_encoder) as store:
            n, adding = fill(store, count, centres, rng)
            started = time.perf_counter()
            store.commit()
            print(f"{n} fragments taken in at {n / adding:,.0f} a second")
            print(f"published in {time.perf_counter() - started:.1f} s")
        report_bytes(out, n)
        STORES.get(engine).open(out).close()
        started = time.perf_counter()
        with STORES.get(engine).open(out) as store:
            print(f"opened in {1e3 * (time.perf_counter() - started):.1f} ms")
            print(f"{1e3 * timed(lambda: store.index_id)[1]:8.1f} us  its id")
            print(f"{timed(store.info)[1]:8.1f} ms  all that it is (info)")
            report_search(store, centres, rng)


def fill(
    store: FragmentStore, count: int, centres: Any, rng: np.random.Generator
) -> tuple[int, float]:
    """Add clips until there are `count` fragments; return how many, and seconds of adding."""
    n = n_clips = 0
    seconds = 0.0
    poses = rng.normal(size=(MINUTE, 18, 3)).cumsum(axis=0).astype(np.float32)
    while n < count:
        clips = [clip_of(n_clips + number, poses) for number in range(CLIPS_AT_ONCE)]
        some = cut(clips[0].clip, SPEC.lengths)
        rows = len(some) * len(clips)
        batch = FragmentBatch(
            clips=tuple(clips),
            clip=np.repeat(np.arange(len(clips)), len(some)),
            start_frame=np.tile([one.start_frame for one in some], len(clips)),
            n_frames=np.tile([one.n_frames for one in some], len(clips)),
            energy=rng.random(rows).astype(np.float32),
            pose_vectors=around(centres, rows, rng),
            audio_vectors=rng.normal(size=(rows, AUDIO_WIDTH)).astype(np.float32),
        )
        started = time.perf_counter()
        store.add(batch)
        seconds += time.perf_counter() - started
        n, n_clips = n + rows, n_clips + len(clips)
    return n, seconds


def clip_of(number: int, poses: Any) -> ClipEntry:
    name = f"library/dancer{number // 50}/song{number:07d}"
    clip = Clip(
        clip_id=name,
        recording_id=name,
        poses=poses,
        path=Path(f"/data/{name}.npz"),
        start_s=0.0,
        audio_path=Path(f"/data/{name}.mp3"),
        style=STYLES[number % 4],
        dancer=f"dancer{number // 50}",
        licence="CC0",
    )
    return ClipEntry(clip, 100.0 + number % 80, "ab" * 32)


def around(centres: Any, count: int, rng: np.random.Generator) -> Any:
    chosen = centres[rng.integers(0, len(centres), count)]
    return (chosen + rng.normal(size=chosen.shape) * 0.6).astype(np.float32)


def report_bytes(out: Path, n: int) -> None:
    sizes: dict[str, int] = {}
    for path in out.rglob("*"):
        if path.is_file():
            part = "/".join(path.relative_to(out).parts[1:3])
            sizes[part] = sizes.get(part, 0) + path.stat().st_size
    for part, size in sorted(sizes.items()):
        if size / n > 0.1:
            print(f"{size / n:8.1f} bytes a fragment  {part}")


def report_search(store: FragmentStore, centres: Any, rng: np.random.Generator) -> None:
    queries = around(centres, 100, rng)
    print(store.info().search)
    for where in (Where(n_frames=48), Where(n_frames=48, style=("tango",)), Where()):
        hits, best = timed(lambda where=where: store.search(queries, 32, where=where))
        print(f"{best:8.1f} ms  100 windows x 32 of {hits.matching}")
    rows = store.matching(Where(n_frames=48))
    _, truth = exact_search(store.vectors(rows), np.arange(len(rows)), queries, 10)
    found = store.search(queries, 10, where=Where(n_frames=48)).rows
    shared = [len(set(a) & set(rows[b])) for a, b in zip(found, truth, strict=True)]
    print(f"recall at 10, one length: {np.mean(shared) / 10:.3f}")
    unique = np.unique(store.search(queries, 32, where=Where(n_frames=48)).rows)
    print(f"{timed(lambda: store.table(unique))[1]:8.1f} ms  metadata of {len(unique)}")
    print(f"{timed(lambda: store.poses(unique))[1]:8.1f} ms  poses of {len(unique)}")


def timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    """What is answered, and the best of three times in ms."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        answer = ask()
        best = min(best, 1e3 * (time.perf_counter() - started))
    return answer, best


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
