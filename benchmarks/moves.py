"""Whether moves are found again, and how long that takes in large libraries.

    python benchmarks/moves.py --index INDEX        moves of an index, changed, looked for in it
    python benchmarks/moves.py --upto 6             times in made-up indexes of 10^4 to 10^6

The first takes fragments of each length at random, changes them (turned, 10 % slower or faster,
in a mirror, all at once) and counts how often the first row of `danceit search` is the fragment
or a copy of it; and it compares moves that lie off the index's grid with all fragments, joint by
joint. The second asks indexes of made-up dances (3-D, fragments of 1 to 4 s without
overlap) for moves of 2 s, warm and one at a time: reading, searching, sliding, warping
and counting copies, all but opening the index and loading the encoder.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from danceit.align.retiming import sampled
from danceit.data import N_JOINTS, Clip, Float32, mirrored
from danceit.errors import InputError
from danceit.index.fragments import cut, energies
from danceit.index.store.contract import ClipEntry, FragmentBatch, StoreSpec, Where
from danceit.index.store.engines import open_store
from danceit.index.store.local.store import LocalStore
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.search.copies import COPY_PX
from danceit.retrieval.search.finding import MoveOptions, find_moves
from danceit.retrieval.search.likeness import Bodies, even_distances
from danceit.retrieval.search.moves import Asked, Move, move_in

LENGTHS = (24, 48, 72, 96)
CLIP_FRAMES = 3 * 60 * 24
EMBEDDED = 24
"""Made-up clips whose vectors are the encoder's own; the others' are near theirs."""
FILTERS = {
    "no filter": MoveOptions(),
    "mirror": MoveOptions(mirror=True),
    "style and energy": MoveOptions(where="style = 'tango' and energy > 0.6"),
    "turns >= 1": MoveOptions(where="turns >= 1"),
    "hardly any": MoveOptions(where="energy >= 0.9999"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, help="find changed moves of this index in it")
    parser.add_argument("--moves", type=int, default=200, help="of each length")
    parser.add_argument("--upto", type=float, default=0.0, help="largest N, as a power of ten")
    parser.add_argument("--work", type=Path, help="folder for the indexes; default: temporary")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.index:
        measure_found(options.index, options.moves)
        measure_nearest(options.index)
    for power in np.arange(4.0, options.upto + 0.01, 1.0):
        with tempfile.TemporaryDirectory(dir=options.work) as work:
            measure_speed(Path(work) / "index", round(10**power))


def measure_found(index: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    with open_store(index, device="cpu") as store:
        encoder = FragmentEncoder.load(store.encoder, device="cpu")
        print(f"{'moves found first, of':28}" + "".join(f"{n / 24:>8g} s" for n in LENGTHS))
        for name, (change, mirror) in changes(rng).items():
            shares = []
            for length in LENGTHS:
                every = store.matching(Where(n_frames=length))
                rows = rng.choice(every, min(count, len(every)), replace=False)
                table, found = store.table(rows), 0
                for at, poses in enumerate(store.poses(rows)):
                    asked = MoveOptions(1, mirror=mirror)
                    first = find_moves(Move("", change(poses)), store, encoder, asked)[0]
                    clip, start_s = table.clip_id[at], table.start_s[at]
                    same = first.clip_id == clip and abs(first.start_s - start_s) < 0.1
                    copies = {name.rpartition(":")[0] for name in first.copies}
                    # A copy elsewhere may lie nearer to a move that was stretched.
                    found += same or clip in copies
                shares.append(found / len(rows))
            print(f"{name:28}" + "".join(f"{share:>9.1%} " for share in shares), flush=True)


def measure_nearest(index: Path, count: int = 60) -> None:
    """Print how often no fragment at all is nearer than the nearest other take that is found."""
    rng = np.random.default_rng(1)
    with open_store(index, device="cpu") as store:
        encoder = FragmentEncoder.load(store.encoder, device="cpu")
        for length in (24, 48, 96):
            rows = store.matching(Where(n_frames=length))
            table, everything = store.table(rows), Bodies.of(store.poses(rows))
            found, missed = [], []
            for at in rng.choice(len(rows), min(count, len(rows)), replace=False):
                clip, start_s = table.clip_id[at], table.start_s[at] + rng.integers(-6, 7) / 24
                try:
                    move = move_in(store, Asked(str(clip), start_s, start_s + length / 24))
                except InputError:
                    continue
                if move is None or len(move.poses) != length:
                    continue
                reach_s = 0.75 * length / 24
                here = (table.clip_id == clip) & (np.abs(table.start_s - start_s) < reach_s)
                all_px = even_distances(Bodies.of(move.poses), everything)
                matches = find_moves(move, store, encoder, MoveOptions(10))
                others = [
                    match.apart_px
                    for match in matches
                    if match.clip_id != clip or abs(match.start_s - start_s) >= reach_s
                ]
                copies = [COPY_PX / 2] if matches[0].copies else []
                found.append(min([*others, *copies]))
                missed.append(found[-1] - np.where(here, np.inf, all_px).min())
            late = [px for px in missed if px > 0]
            print(
                f"{length / 24:g} s: the nearest other take of {len(found)} moves is at "
                f"{np.median(found):.0f} px in the median; none of all {len(rows)} fragments is "
                f"nearer for {1 - len(late) / len(found):.0%}, else by "
                f"{np.mean(late) if late else 0:.1f} px"
            )


def changes(rng: np.random.Generator) -> dict[str, tuple[Callable[[Float32], Float32], bool]]:
    """Return what is done to moves by name, and whether their mirror image is looked for."""

    def turned(poses: Float32) -> Float32:
        if poses.shape[-1] < 3:
            return poses
        angle, result = rng.uniform(0, 2 * np.pi), poses.copy()
        x, z = poses[..., 0], poses[..., 2]
        result[..., 0] = np.cos(angle) * x - np.sin(angle) * z + 100
        result[..., 2] = np.sin(angle) * x + np.cos(angle) * z
        return result

    def stretched(poses: Float32, times: float) -> Float32:
        at = np.linspace(0, len(poses) - 1, round(len(poses) * times))
        return sampled(poses, at, np.zeros(0, np.int64))

    return {
        "as they are": (lambda poses: poses, False),
        "turned": (turned, False),
        "10 % slower": (lambda poses: stretched(poses, 1.1), False),
        "10 % faster": (lambda poses: stretched(poses, 1 / 1.1), False),
        "mirrored": (mirrored, True),
        "all of it": (lambda poses: mirrored(turned(stretched(poses, 1.1))), True),
    }


def measure_speed(index: Path, n_fragments: int) -> None:
    torch.manual_seed(0)
    encoder = FragmentEncoder.create(EncoderConfig())
    spec = StoreSpec(encoder_id=encoder.encoder_id, dims=3, lengths=LENGTHS)
    with LocalStore.create(index, spec, encoder.save) as store:
        for batch in made_up_batches(n_fragments, encoder):
            store.add(batch)
        store.commit()
    with open_store(index, device="cpu") as store:
        rows = store.matching(Where(n_frames=48))[: 90 * EMBEDDED : 97][:20]
        moves = [Move("", poses) for poses in store.poses(rows)]
        print(f"\n{len(store):,} fragments: ms a move, the quickest, the median; the first")
        for name, asked in FILTERS.items():
            times_ms = []
            for move in [moves[0], *moves]:
                started = time.perf_counter()
                find_moves(move, store, encoder, asked)
                times_ms.append(1e3 * (time.perf_counter() - started))
            warm = times_ms[1:]
            figures = (min(warm), np.median(warm), times_ms[0])
            print(f"  {name:20}" + "".join(f"{one:9.1f}" for one in figures), flush=True)


def made_up_batches(n_fragments: int, encoder: FragmentEncoder) -> Iterator[FragmentBatch]:
    """Yield dances of swaying bodies; vectors are the encoder's, or near those."""
    rng = np.random.default_rng(0)
    known = np.empty((0, 0), dtype=np.float32)
    count = number = 0
    while count < n_fragments:
        poses = swaying(rng)
        clip = Clip(f"clip {number}", f"clip {number}", poses, Path(f"/dances/{number}"),
                    style=("waltz", "rumba", "cha-cha", "tango")[number % 4])  # fmt: skip
        fragments = cut(clip, LENGTHS)
        start = np.array([one.start_frame for one in fragments])
        length = np.array([one.n_frames for one in fragments])
        if number < EMBEDDED:
            vectors = np.concatenate(
                [
                    encoder.embed_poses(np.stack([poses[s : s + n] for s in start[length == n]]))
                    for n in LENGTHS
                ]
            )
            known = vectors if not known.size else np.concatenate([known, vectors])
        else:
            near = known[rng.integers(0, len(known), len(start))]
            noise = 0.5 * known.std(axis=0) * rng.normal(size=near.shape)
            vectors = (near + noise).astype(np.float32)
        yield FragmentBatch(
            (ClipEntry(clip, tempo_bpm=float(60 + number % 120)),),
            np.zeros(len(start), dtype=np.int64),
            start,
            length,
            energies(poses, fragments),
            vectors,
            np.full((len(start), 4), np.nan, dtype=np.float32),
        )
        count += len(start)
        number += 1


def swaying(rng: np.random.Generator) -> Float32:
    """Poses (T, 18, 3) of a body that sways, waves and turns smoothly."""
    time_s = np.arange(CLIP_FRAMES)[:, None, None] / 24
    middle = np.array([256.0, 256.0, 0.0])
    body = middle + np.random.default_rng(5).normal(0, 80, (N_JOINTS, 3))
    rate = rng.uniform(0.2, 1.2, (1, N_JOINTS, 3))
    swing = rng.uniform(10, 60, (1, N_JOINTS, 3)) * np.sin(
        2 * np.pi * (time_s * rate + rng.random((1, N_JOINTS, 3)))
    )
    poses = (body + swing).astype(np.float32)
    angle = 0.5 * np.sin(0.7 * time_s[..., 0]) + rng.uniform(0, 6)
    x, z = poses[..., 0] - 256, poses[..., 2].copy()
    poses[..., 0] = np.cos(angle) * x - np.sin(angle) * z + 256
    poses[..., 2] = np.sin(angle) * x + np.cos(angle) * z
    poses[:, 14:] = np.nan
    return poses


if __name__ == "__main__":
    main()
