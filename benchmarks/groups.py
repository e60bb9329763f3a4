"""Whether groups keep apart, how much of their own travelling that costs them, and the time.

    python benchmarks/groups.py INDEX SONG [SONG ...]

Each song is danced by 3, 6 and 12 dancers in every timing, with formations that change.
Printed are the least distance of two dancers over all frames and songs, the mean share of
their own travelling that is left, how far feet that stand slide (as chosen; on one stage; and
were they not kept where they stand), the fastest that anybody's hips move over the floor beside
the fastest when one dances alone, and the time beside that of a pair in unison, warm.
"""

import sys
import time
from pathlib import Path

import numpy as np

from danceit.align import DEFAULT_METHODS, make_aligner
from danceit.bench.measures.physics import foot_skate
from danceit.data import FPS
from danceit.index.store.engines import open_store
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.groups import floor, grouping
from danceit.retrieval.groups.floor import MIDDLE, allowed, standing
from danceit.retrieval.groups.formations import APART_PX, METRE_PX
from danceit.retrieval.groups.grouping import GroupOptions
from danceit.retrieval.options import QueryOptions

TIMINGS = ("unison", "canon:2", "mirror", "free")
_LEFT: list[float] = []
_SLIDES: dict[str, list[float]] = {"own": [], "kept": [], "unkept": []}


def main() -> None:
    index, songs = Path(sys.argv[1]), [Path(song) for song in sys.argv[2:]]
    chain = [make_aligner(name) for name in DEFAULT_METHODS]
    grouping.on_one_floor = noted(grouping.on_one_floor)  # type: ignore[assignment]
    with open_store(index, device="cpu") as store:
        encoder = FragmentEncoder.load(store.encoder, device="cpu")

        def danced(song: Path, group: GroupOptions) -> tuple[grouping.Group, float]:
            started = time.perf_counter()
            made = grouping.compose_group(song, store, encoder, QueryOptions(), group, chain)
            return made, time.perf_counter() - started

        alone = {}
        for song in songs:
            danced(song, GroupOptions())
            made, seconds = danced(song, GroupOptions())
            # Both dancers of a pair in unison travel as one alone does.
            alone[song] = seconds, fastest(standing(made.dances[:1]))
        print(f"least distance kept: {APART_PX / METRE_PX:.2f} m; {len(songs)} songs")
        print(
            "timing    dancers  nearest m  travel left  slide cm/s: own, here, unkept  "
            "fastest m/s (alone)  time / pair's"
        )
        for timing in TIMINGS:
            for dancers in (3, 6, 12):
                report(songs, timing, dancers, danced, alone)


def report(songs, timing, dancers, danced, alone) -> None:  # type: ignore[no-untyped-def]
    for noted_ in (_LEFT, *_SLIDES.values()):
        noted_.clear()
    nearest, speeds, times = [], [], []
    for song in songs:
        made, seconds = danced(song, GroupOptions(dancers, "v,line,circle", timing))
        nearest.append(made.nearest_px / METRE_PX)
        speeds.append(fastest(standing(made.dances)))
        times.append(seconds / alone[song][0])
    usual = max(speed for _, speed in alone.values())
    print(
        f"{timing:10}{dancers:7}{min(nearest):11.2f}{np.mean(_LEFT):13.0%}"
        f"{np.mean(_SLIDES['own']):15.1f}{np.mean(_SLIDES['kept']):7.1f}"
        f"{np.mean(_SLIDES['unkept']):8.1f}{max(speeds):14.1f} ({usual:.1f}){np.mean(times):15.1f}",
        flush=True,
    )


def noted(on_one_floor):  # type: ignore[no-untyped-def]
    """Note what is left of the travelling before it is done."""

    def wrapped(dances, ways):  # type: ignore[no-untyped-def]
        _LEFT.append(float(allowed(ways, standing(dances) - MIDDLE).mean()))
        placed = on_one_floor(dances, ways)
        keeping, floor.planted = floor.planted, lambda danced, carried: carried
        unkept = on_one_floor(dances, ways)
        floor.planted = keeping
        bodies = {"own": [one.joints for one in dances], "kept": placed, "unkept": unkept}
        for name, own in bodies.items():
            _SLIDES[name] += [foot_skate(joints) for joints in own if joints.shape[2] == 3]
        return placed

    return wrapped


def fastest(places: np.ndarray) -> float:  # type: ignore[type-arg]
    steps = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    return float(steps.max() * FPS / METRE_PX)


if __name__ == "__main__":
    main()
