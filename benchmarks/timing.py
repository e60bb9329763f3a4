"""How far chosen dances keep their dancers' timing, by beats that danceit did not find.

    python benchmarks/timing.py DANCES BEATS INDEX ['DANCE_W_*']

DANCES holds recordings in folders with their `audio.mp3`, BEATS a `NAME.beats` (seconds, number
in the bar) for each folder's name. Each song is danced without its own recording; printed are
means over songs for the dance as chosen and for two chains of aligners. No time is measured.
"""

import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit.align import align
from danceit.bench.measures import beats, counts, seams
from danceit.data import Dance, Float64
from danceit.index.store.contract import Where
from danceit.index.store.engines import open_store
from danceit.retrieval.composing import compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions

CHAINS = {
    "as chosen": [],
    "inertial+counts": ["inertial", "counts"],
    "inertial+warp": ["inertial", "warp"],
}


class Without:
    """A store in which some clips are never found."""

    def __init__(self, store: Any, clips: tuple[str, ...]) -> None:
        self._store, self._clips = store, clips

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def search(self, queries: Any, k: int, *, by: Any = "pose", where: Where | None = None) -> Any:
        """Search all others."""
        asked = replace(where or Where(), exclude_clips=self._clips)
        return self._store.search(queries, k, by=by, where=asked)


def reference(folder: Path, name: str) -> tuple[Float64, Any, int]:
    """Beats, numbers and metre of a song."""
    rows = np.loadtxt(folder / f"{name}.beats", ndmin=2)
    numbers = rows[:, 1].astype(np.int32)
    return rows[:, 0], numbers, int(numbers.max())


def measured(dance: Dance, song: str, beats_folder: Path) -> dict[str, float]:
    """Every measure of one dance."""
    beats_s, numbers, metre = reference(beats_folder, song)
    shown = np.full(dance.n_frames, np.nan)
    for number, placed in enumerate(dance.fragments):
        source_s, source_numbers, source_metre = reference(beats_folder, Path(placed.source).name)
        own = dance.source_index == number
        if source_metre == metre:
            at_s = dance.source_s[own]
            shown[own] = counts.count_phase(at_s, source_s, source_numbers, metre)
    shown[np.diff(dance.source_s, prepend=np.nan) == 0] = np.nan  # a held pose
    times_s = np.arange(dance.n_frames) / dance.fps
    asked = counts.count_phase(times_s, beats_s, numbers, metre)
    by_beat = counts.timing_kept(shown, asked, 1)
    by_bar = counts.timing_kept(shown, asked, metre)
    bar = counts.lock(dance.joints, beats_s, numbers, metre)
    bent = seams.warp(dance.source_index, dance.source_s, dance.fps)
    steps = counts.steps_on_count(dance.joints, beats_s)
    return {
        "timing kept, beat": by_beat.strength,
        "its offset, beats": by_beat.offset_beats,
        "timing kept, bar": by_bar.strength,
        "bar lock": bar.strength,
        "its peak, beats": bar.phase_beats,
        "seams on a 1": counts.seams_on(dance.seams, beats_s, numbers),
        "jump at a seam, px": seams.seam_jumps(dance.joints, dance.seams).mean,
        "largest stretch": bent.largest,
        "steps on a count": steps.share,
        "S_BA": beats.s_ba(dance.joints, beats_s).exact,
    }


def main() -> None:
    """Dance to every song and print the table."""
    dances, folder, index = (Path(argument) for argument in sys.argv[1:4])
    pattern = sys.argv[4] if len(sys.argv) > 4 else "*"
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.encoder)
        known = {Path(name).name: entry.clip_ids for name, entry in store.recordings().items()}
        for song in sorted(path for path in dances.glob(pattern) if path.name in known):
            others: Any = Without(store, known[song.name])
            made = compose(song / "audio.mp3", others, encoder, QueryOptions())
            for name, chain in CHAINS.items():
                dance = align(made.dance, made.music, chain) if chain else made.dance
                rows[name].append(measured(dance, song.name, folder))
    for name, found in rows.items():
        print(f"{name}, {len(found)} songs")
        for measure in found[0]:
            print(f"    {measure:20s} {np.nanmean([row[measure] for row in found]):6.2f}")


if __name__ == "__main__":
    main()
