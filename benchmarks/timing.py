"""How far chosen dances keep their dancers' timing, by beats that danceit did not find.

    python benchmarks/timing.py DANCES BEATS INDEX ['DANCE_W_*']

DANCES holds recordings in folders with their `audio.mp3`, BEATS a `NAME.beats` (seconds, number
in the bar) for each folder's name. Each song is danced without its own recording; printed are
means over songs for the dance as chosen, for two chains of aligners, and for the real dances as
far as the same can be measured of them. No time is measured.
"""

import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit import audio
from danceit.align import align
from danceit.bench import in_time
from danceit.bench.material import RealDance, read_material
from danceit.bench.measures import beats, counts, physics, seams
from danceit.counts import Counts
from danceit.data import FPS, Dance, Float64, Music
from danceit.index.store.contract import Where
from danceit.index.store.engines import open_store
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


def reference(folder: Path, name: str) -> Counts:
    """What is counted in a song."""
    rows = np.loadtxt(folder / f"{name}.beats", ndmin=2)
    numbers = rows[:, 1].astype(np.int32)
    return Counts(rows[:, 0], numbers, int(numbers.max()))


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


def with_the_song(dance: Dance, music: Music) -> dict[str, float]:
    """What is judged by the song's sections and loudness."""
    loudness = audio.loudness(music.path)
    follows = counts.energy_follows(dance.joints, dance.beats_s, dance.numbers, loudness)
    repeated = in_time.repeated(dance, music.counts)
    return {"energy follows": follows, "moves return": repeated}


def real(dance: RealDance, beats_folder: Path) -> dict[str, float]:
    """What can be measured of a dance really danced to its song."""
    clip = dance.clip
    counted = reference(beats_folder, clip.path.name)
    found = in_time.of_clip(clip, counted.beats_s - clip.start_s, counted.numbers)
    return {
        "bar lock": found["bar_lock"],
        "its peak, beats": found["bar_lock_phase"],
        "steps on a count": found["steps_on_count"],
        "steps, by chance": found["steps_on_count_chance"],
        "energy follows": found["energy_follows"],
        "feet off the floor": physics.feet_off(clip.poses),
    }


def measured(dance: Dance, song: str, beats_folder: Path, store: Any) -> dict[str, float]:
    """Every measure of one dance."""
    counted = reference(beats_folder, song)
    beats_s, numbers, metre = counted.beats_s, counted.numbers, counted.metre
    shown = in_time.source_counts(
        dance, counted, lambda placed: reference(beats_folder, Path(placed.source).name)
    )
    asked = counted.phase(np.arange(dance.n_frames) / dance.fps)
    by_beat = counts.timing_kept(shown.beats, asked, 1)
    by_bar = counts.timing_kept(shown.in_bar, asked, shown.bar)
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
        "feet off the floor": physics.feet_off(dance.joints) if dance.dims == 3 else np.nan,
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
                rows[name].append(found | with_the_song(dance, made.music))
    danced = [dance for dance in read_material(dances).dances if dance.clip.path.match(pattern)]
    rows["real dances, their own songs"] = [real(dance, folder) for dance in danced]
    for name, own in rows.items():
        print(f"{name}, {len(own)} songs")
        for measure in own[0]:
            values = [row[measure] for row in own]
            print(f"    {measure:20s} {np.nanmean(values):6.2f}  largest {np.nanmax(values):6.2f}")


if __name__ == "__main__":
    main()
