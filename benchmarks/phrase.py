"""Movement over a few bars of a waltz: as it was really danced, as chosen, and as aligned.

    python benchmarks/phrase.py DANCES BEATS INDEX SONG OUT.png [FROM_S]

SONG is a folder of DANCES; its own recording is never chosen. Drawn are mean joint speeds over
three bars from the first 1 after FROM_S (20) on, under the song's counts as BEATS has them.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from timing import Without, reference

from danceit.align import align
from danceit.bench.material import read_material
from danceit.data import FPS, Float32, Float64
from danceit.index.store.engines import open_store
from danceit.movement import bridged_movement
from danceit.retrieval.composing import compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions

BARS = 3
CHAINS = {
    "chosen": (),
    "inertial, warp (once the default)": ("inertial", "warp"),
    "inertial, counts (the default)": ("inertial", "counts"),
}


def speeds(joints: Float32, start_s: float, span_s: tuple[float, float]) -> tuple[Float64, Float64]:
    """Times of the song and mean joint speeds, px a second, between two times."""
    from scipy.ndimage import gaussian_filter1d

    speed = gaussian_filter1d(bridged_movement(joints), 1.0) * FPS / joints.shape[1]
    times_s = start_s + (np.arange(len(joints)) - 0.5) / FPS
    inside = (times_s >= span_s[0]) & (times_s <= span_s[1])
    return times_s[inside], speed[inside]


def main() -> None:
    """Choose, align and draw."""
    dances, beats_folder, index = (Path(argument) for argument in sys.argv[1:4])
    name, out = sys.argv[4], Path(sys.argv[5])
    from_s = float(sys.argv[6]) if len(sys.argv) > 6 else 20.0
    known = reference(beats_folder, name)
    beats_s, numbers = known.beats_s, known.numbers
    ones = np.flatnonzero((numbers == 1) & (beats_s >= from_s))
    span = slice(ones[0], ones[BARS] + 1)
    span_s = (float(beats_s[span][0]), float(beats_s[span][-1]))
    real = next(d.clip for d in read_material(dances).dances if d.clip.path.name == name)
    lines = {"really danced": speeds(real.poses, real.start_s, span_s)}
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        own = [e.clip_ids for n, e in store.recordings().items() if Path(n).name == name]
        others: Any = Without(store, own[0])
        made = compose(dances / name / "audio.mp3", others, encoder, QueryOptions())
    for label, chain in CHAINS.items():
        dance = align(made.dance, made.music, chain) if chain else made.dance
        lines[label] = speeds(dance.joints, 0.0, span_s)
    draw(lines, beats_s[span], numbers[span], out)


def draw(
    lines: dict[str, tuple[Float64, Float64]], beats_s: Float64, numbers: Any, out: Path
) -> None:
    """One row a dance, a line a count, the 1s strong."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    rows = figure.subplots(len(lines), 1, sharex=True, sharey=True)
    for row, (label, (times_s, speed)) in zip(rows, lines.items(), strict=True):
        row.fill_between(times_s, speed, color="#c9d8ee", linewidth=0)
        row.plot(times_s, speed, color="#23518e", linewidth=1.5)
        for at_s, number in zip(beats_s, numbers, strict=True):
            first = number == 1
            row.axvline(
                at_s, color="#b3261e" if first else "#999999", linewidth=1.6 - 0.8 * (not first)
            )
        row.set_title(label, loc="left", fontsize=10)
        row.set_ylabel("px a second", fontsize=8)
        row.spines[["top", "right"]].set_visible(False)
        row.margins(x=0)
    rows[-1].set_ylim(bottom=0)
    rows[-1].set_xticks(beats_s, [str(number) for number in numbers])
    rows[-1].set_xlabel("counts of the song")
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
