"""What the number of candidates and the price of repeating change in how a dance is chosen.

    python benchmarks/choosing.py INDEX SONG [SONG ...]

Printed are means over the songs for a few settings of the query. The song's first window counts as
a seam; a fragment is shown before where the same moves (half of them) are. No time is measured.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from danceit.bench.measures.beats import s_ba
from danceit.bench.measures.seams import seam_jumps
from danceit.index.store.contract import FragmentStore
from danceit.index.store.engines import open_store
from danceit.retrieval.choices import choices
from danceit.retrieval.composing import Composition, compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions

SETTINGS = {
    "k=5": QueryOptions(k=5),
    "k=10": QueryOptions(k=10),
    "k=20": QueryOptions(k=20),
    "k=30, the defaults": QueryOptions(),
    "k=40": QueryOptions(k=40),
    "reuse=0": QueryOptions(reuse=0.0),
    "style_change=0": QueryOptions(style_change=0.0),
    "seed=1": QueryOptions(seed=1),
}


def measured(made: Composition) -> dict[str, float]:
    """What is told of one dance."""
    rows = choices(made)
    shown: list[tuple[str, float, float]] = []
    new = []
    for row in rows:
        half_s = 0.5 * (row.end_s - row.start_s)
        before = any(
            clip == row.clip_id and min(end, row.end_s) - max(start, row.start_s) > half_s
            for clip, start, end in shown
        )
        new.append(not before)
        shown.append((row.clip_id, row.start_s, row.end_s))
    best = [min([row.target, *(other.target for other in row.runners_up)]) for row in rows]
    styles = [row.style for row in rows]
    changes = [a != b for a, b in pairwise(styles)]
    dance = made.dance
    return {
        "not shown before, %": 100 * float(np.mean(new)),
        "windows with a seam, %": 100 * float(np.mean([not row.goes_on for row in rows])),
        "jump at a seam, px": seam_jumps(dance.joints, dance.seams).mean,
        "target above the best": float(np.mean([r.target for r in rows]) - np.mean(best)),
        "change of style, %": 100 * float(np.mean(changes)) if changes else 0.0,
        "S_BA, %": 100 * s_ba(dance.joints, dance.beats_s).exact if dance.beats_s.size else np.nan,
    }


def main() -> None:
    """Dance to every song by every setting and print the table."""
    index, songs = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        for name, options in SETTINGS.items():
            print(f"{name:20s}{row_of(store, encoder, songs, options)}", flush=True)


def row_of(
    store: FragmentStore, encoder: FragmentEncoder, songs: Sequence[Path], options: QueryOptions
) -> str:
    """One line of the table."""
    found = [measured(compose(song, store, encoder, options)) for song in songs]
    means = {name: float(np.nanmean([each[name] for each in found])) for name in found[0]}
    return "  ".join(f"{name} {value:.2f}" for name, value in means.items())


if __name__ == "__main__":
    main()
