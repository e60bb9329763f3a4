"""How far chosen dances keep their dancers' timing, by beats that danceit did not find.

    python benchmarks/timing.py DANCES BEATS INDEX ['DANCE_W_*']

DANCES holds recordings in folders with their `audio.mp3`, BEATS a `NAME.beats` (seconds, number
in the bar) for each folder's name. Each song is danced without its own recording; printed are
means over songs for the dance as chosen and for two chains of aligners. No time is measured.
"""

import itertools
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit import audio
from danceit.align import align
from danceit.bench.measures import beats, counts, seams
from danceit.data import FPS, Dance, Float64
from danceit.index.store.contract import Where
from danceit.index.store.engines import open_store
from danceit.movement import joint_steps
from danceit.retrieval.composing import compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.placing import stance
from danceit.retrieval.staging import wrapped

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


def turned(dance: Dance, store: Any) -> Float64:
    """Degrees (T,) by which each frame faces away from how its dancer faced; NaN in 2-D."""
    away = np.full(dance.n_frames, np.nan)
    if dance.dims != 3:
        return away
    table = store.table(np.arange(len(store)))
    for number, placed in enumerate(dance.fragments):
        own = np.flatnonzero(dance.source_index == number)
        row = np.flatnonzero(table.fragment_id == placed.fragment_id)
        if not own.size or not row.size:
            continue
        poses = store.poses(row)[0]
        at = np.round((dance.source_s[own] - table.start_s[row[0]]) * FPS).astype(np.int64)
        inside = (at >= 0) & (at < len(poses))
        danced = stance(poses[at[inside]]).heading
        shown = stance(dance.joints[own[inside]]).heading
        away[own[inside]] = np.degrees(np.abs(wrapped(shown - danced)))
    return away


def turns_at_seams(dance: Dance) -> Float64:
    """Degrees by which a dancer turns at each seam from one frame to the next."""
    if dance.dims != 3 or not dance.seams.size:
        return np.zeros(0)
    heading = stance(dance.joints).heading
    steps = wrapped(heading[dance.seams] - heading[dance.seams - 1])
    return np.asarray(np.degrees(np.abs(steps)))


def energy_follows(dance: Dance, loudness: Float64) -> float:
    """Correlation, over bars, of mean joint speed with mean loudness (one value a frame)."""
    ones = dance.beats_s[dance.numbers == 1]
    speed = np.nanmean(joint_steps(dance.joints), axis=1)
    edges = np.round(ones * dance.fps).astype(np.int64).clip(0, min(len(speed), len(loudness)))
    bars = [(a, b) for a, b in itertools.pairwise(edges.tolist()) if b - a > 4]
    if len(bars) < 4:
        return float("nan")
    moved, heard = (
        [float(np.nanmean(values[a:b])) for a, b in bars] for values in (speed, loudness)
    )
    return float(np.corrcoef(moved, heard)[0, 1])


def measured(dance: Dance, song: str, beats_folder: Path, store: Any) -> dict[str, float]:
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
    away = turned(dance, store)
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
        "steps, by chance": steps.chance,
        "facing within 60": float(np.mean(away[np.isfinite(away)] <= 60)),
        "seams turning > 60": float(np.sum(turns_at_seams(dance) > 60)),
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
                found = measured(dance, song.name, folder, store)
                loudness = audio.features(song / "audio.mp3", "mfcc")[:, 0].astype(np.float64)
                found["energy follows"] = energy_follows(dance, loudness)
                rows[name].append(found)
    for name, own in rows.items():
        print(f"{name}, {len(own)} songs")
        for measure in own[0]:
            values = [row[measure] for row in own]
            print(f"    {measure:20s} {np.nanmean(values):6.2f}  largest {np.nanmax(values):6.2f}")


if __name__ == "__main__":
    main()
