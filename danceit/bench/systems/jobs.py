"""The single pieces of work of the bench of systems, each one cell of the run folder.

Kinds of cells: ``real`` (a real dance), ``dance`` (a system's dances to a song, with every
seed), ``cross`` (whether they go with the music) and ``set`` (dances of a row together: one
to each song for each seed, and all of them for multimodality).
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from danceit import audio
from danceit.audio.counts.file import beside, read_counts
from danceit.bench.aligners.jobs import dance_file
from danceit.bench.cells import Cell, RunFolder, Values
from danceit.bench.material import Material, RealDance, pseudo_seams
from danceit.bench.measures import beats, counts, distribution, movement, physics, seams, sets
from danceit.bench.systems.cross_modal import CrossModal, enough
from danceit.bench.systems.graph import GraphFeatures
from danceit.bench.systems.systems import System
from danceit.counts import Counts
from danceit.data import FPS, Dance, Float32, Float64, Music
from danceit.files import sha256_of_file
from danceit.movement import Array

REAL = "real dances"
_WEIGHT_BYTES = 4
Extractor = Callable[[Float64], Float64]
"""Of pieces (N, 120, 14, 2) features (N, F)."""


@dataclass(frozen=True)
class Work:
    """What all cells of one run share.

    Attributes
    ----------
    seeds : int
        Dances a song.
    length_s : float
        Of fragments.
    annotations : Path or None
        Folder of annotated counts.
    names : mapping of path to str
        Of the songs, each its own.
    graph : GraphFeatures or None
        A classifier's features, beside kinetic and geometric ones.
    """

    folder: RunFolder
    material: Material
    seeds: int
    length_s: float
    annotations: Path | None
    names: Mapping[Path, str]
    graph: GraphFeatures | None = None

    @cached_property
    def extractors(self) -> dict[str, Extractor]:
        """Features that sets of dances are compared by."""
        found: dict[str, Extractor] = {
            "kinetic": partial(_each, sets.kinetic, sets.KINETIC),
            "geometric": partial(_each, sets.geometric, sets.GEOMETRIC),
        }  # fmt: skip
        return found if self.graph is None else {**found, "graph": self.graph}

    @cached_property
    def real_features(self) -> dict[str, Float64]:
        """Features of every 5 s of the real dances, by extractor."""
        return {kind: np.concatenate(each) for kind, each in self.each_real.items()}

    @cached_property
    def each_real(self) -> dict[str, list[Float64]]:
        """The same dance by dance."""
        cuts = [sets.cut([flat(motion)]) for motion in self.material.motions]
        return {kind: [of(cut) for cut in cuts] for kind, of in self.extractors.items()}

    @cached_property
    def known(self) -> dict[tuple[str, str], Float64]:
        """Features of made dances, by extractor and movement: seen once, compared in two ways.

        By movement, not by file: who asks no chance gives one dance for every seed.
        """
        return {}

    def features(self, kind: str, kept: Path) -> Float64:
        """Features of every 5 s of a dance that was kept."""
        joints = flat(Dance.load(kept).joints)
        key = kind, hashlib.sha256(joints.tobytes()).hexdigest()
        if key not in self.known:
            self.known[key] = self.extractors[kind](sets.cut([joints]))
        return self.known[key]

    @cached_property
    def material_id(self) -> str:
        """Hash of all real movement."""
        digest = hashlib.sha256()
        for motion in self.material.motions:
            digest.update(np.ascontiguousarray(motion).tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def asks_music(self) -> bool:
        """Whether the real dances are enough for the cross-modal distance."""
        return enough([dance.clip for dance in self.material.dances])

    @cached_property
    def cross_modal(self) -> CrossModal:
        """Ren et al.'s distance, fitted to the real dances."""
        return CrossModal.fit([dance.clip for dance in self.material.dances])

    def reference(self, without: str = "") -> movement.Profile:
        """Movement histograms of all real dances but those of one recording."""
        return movement.profile(
            [
                flat(dance.clip.poses)
                for dance in self.material.dances
                if dance.clip.recording_id != without
            ]
        )


def song_names(files: Sequence[Path]) -> dict[Path, str]:
    """Short names, no two the same: stems, with their folders' where stems are shared."""
    stems = [file.stem for file in files]
    found: dict[Path, str] = {}
    for file in files:
        name = file.stem if stems.count(file.stem) == 1 else f"{file.parent.name} {file.stem}"
        taken = sum(other == name or other.startswith(f"{name} ") for other in found.values())
        found[file] = f"{name} {taken + 1}" if name in found.values() else name
    return found


def flat(joints: Float32) -> Float32:
    """Joints as the picture shows them, (T, 18, 2)."""
    return np.ascontiguousarray(joints[..., :2])


def jobs_of(
    work: Work, systems: Sequence[System], files: Sequence[Path]
) -> Iterator["partial[Cell]"]:
    """Every cell in order: a system's dances stand before what looks at all of them."""
    measure = work.folder.measure
    identity: dict[str, Any] = {"material": work.material_id}
    for dance in work.material.dances:
        inputs = {**identity, "clip": dance.clip.clip_id}
        yield partial(
            measure, "real", REAL, dance.clip.recording_id, inputs, partial(_real, work, dance)
        )
        if work.asks_music:
            yield partial(
                measure, "cross", REAL, dance.clip.recording_id, inputs,
                partial(_real_cross, work, dance),
            )  # fmt: skip
    seen_by = {**identity, "graph": "" if work.graph is None else work.graph.made_by}
    for half in range(work.seeds):
        yield partial(
            measure, "set", REAL, f"split {half}", seen_by, partial(_real_set, work, half)
        )
    for system in systems:
        made = {**identity, "made_by": system.made_by, "length_s": work.length_s,
                "seeds": work.seeds}  # fmt: skip
        for file in files:
            inputs = {**made, "song": sha256_of_file(file)}
            yield partial(
                measure, "dance", system.name, work.names[file], inputs,
                partial(_danced, work, system, file),
                needs=[kept_file(work, file, system, seed) for seed in range(work.seeds)],
            )  # fmt: skip
            if work.asks_music:
                yield partial(
                    measure, "cross", system.name, work.names[file], inputs,
                    partial(_cross, work, system, file),
                )  # fmt: skip
        inputs = {**made, **seen_by, "songs": [sha256_of_file(file) for file in files]}
        for seed in range(work.seeds):
            yield partial(
                measure, "set", system.name, f"seed {seed}", inputs,
                partial(_set, work, system, files, seed),
            )  # fmt: skip
        yield partial(
            measure, "set", system.name, "all", inputs, partial(_modes, work, system, files)
        )


def kept_file(work: Work, song: Path, system: System, seed: int) -> Path:
    """Where a row's dance to a song is kept; that of seed 0 is named by the row alone."""
    row = system.name if seed == 0 else f"{system.name} seed {seed}"
    return dance_file(work.folder.path, work.names[song], row)


def _real(work: Work, dance: RealDance) -> Values:
    poses = flat(dance.clip.poses)
    values = movement.evaluate_profile(poses, work.reference(dance.clip.recording_id))
    if dance.beats_s.size:
        values |= beats.evaluate(poses, dance.beats_s)
    frames = np.arange(len(poses))
    still = np.zeros(len(poses), dtype=np.int64)
    values |= seams.evaluate(poses, pseudo_seams(len(poses)), still, frames / FPS)
    if dance.clip.audio_path is not None:
        annotated = _annotated(work, dance.clip.audio_path)
        if annotated is not None:
            shifted = Counts(
                annotated.beats_s - dance.clip.start_s, annotated.numbers, annotated.metre
            )
            values |= _bar_lock(poses, shifted)
    return {**values, **_shape(poses)}


def _danced(work: Work, system: System, file: Path) -> Values:
    """Dance to a song with every seed, keep the dances, and measure them: means over seeds."""
    music = audio.listen(file)
    each, spent = [], 0.0
    for seed in range(work.seeds):
        began = time.process_time()
        dance = system.make(music, seed)
        spent += time.process_time() - began
        dance.save(kept_file(work, file, system, seed))
        each.append(_measured(work, dance, music, _annotated(work, file)))
    return {
        **{key: float(np.mean([values[key] for values in each])) for key in each[0]},
        "s_per_minute": spent / work.seeds / (music.duration_s / 60),
        "million_parameters": system.n_parameters / 1e6,
        "weights_mb": system.n_parameters * _WEIGHT_BYTES / 1e6,
    }


def _measured(work: Work, dance: Dance, music: Music, annotated: Counts | None) -> Values:
    poses = flat(dance.joints)
    values: Values = {
        **beats.evaluate(poses, music.beats_s, dance.fps),
        **movement.evaluate_profile(poses, work.reference()),
        **seams.evaluate(poses, dance.seams, dance.source_index, dance.source_s, dance.fps),
        **_shape(poses),
    }
    return values | (_bar_lock(poses, annotated) if annotated is not None else {})


def _real_cross(work: Work, dance: RealDance) -> Values:
    """How far a real dance is from what others danced to music like its own."""
    clip = dance.clip
    if clip.audio_path is None:
        return {}
    return {
        "cross_modal": work.cross_modal.distance(
            clip.poses, clip.audio_path, start_s=clip.start_s, without=clip.recording_id
        )
    }


def _cross(work: Work, system: System, file: Path) -> Values:
    """How far dances to a song are from what was danced to music like it, a mean over seeds."""
    found = [
        work.cross_modal.distance(Dance.load(kept_file(work, file, system, seed)).joints, file)
        for seed in range(work.seeds)
    ]
    return {"cross_modal": float(np.mean(found))}


def _shape(poses: Float32) -> Values:
    return {
        "frozen": sets.frozen_share(poses),
        "limb_excess": sets.limb_spread(poses),
        **physics.evaluate_picture(poses),
    }


def _annotated(work: Work, song: Path) -> Counts | None:
    """Counts of a song that somebody wrote down, by its own or its folder's name."""
    folder = work.annotations
    places = [song] if folder is None else [folder / f"{name}.mp3" for name in (song.stem, song.parent.name)]  # fmt: skip  # noqa: E501
    found = next((file for file in map(beside, places) if file is not None), None)
    return None if found is None else read_counts(found)


def _bar_lock(poses: Float32, annotated: Counts) -> Values:
    if not annotated.metre or not annotated.numbers.any():
        return {}
    found = counts.evaluate(poses, annotated.beats_s, annotated.numbers, annotated.metre)
    return {"bar_lock": found["bar_lock"]}


def _real_set(work: Work, half: int) -> Values:
    """Real dances against themselves: a random half against the other, and how they differ."""
    order = np.random.default_rng(half).permutation(len(work.material.dances))
    values: Values = {}
    for kind, each in work.each_real.items():
        halves = [np.concatenate([each[i] for i in part]) for part in (order[::2], order[1::2])]
        values[f"fid_{kind}"] = distribution.evaluate(*halves)["fid"]
        whole = np.concatenate(halves)
        values[f"diversity_{kind}"] = distribution.evaluate(whole, whole)["diversity"]
    return values


def _set(work: Work, system: System, files: Sequence[Path], seed: int) -> Values:
    """FID and diversity over 5 s pieces of one dance to each song."""
    values: Values = {}
    for kind in work.extractors:
        made = [work.features(kind, kept_file(work, file, system, seed)) for file in files]
        rows = distribution.evaluate(work.real_features[kind], np.concatenate(made))
        values[f"fid_{kind}"], values[f"diversity_{kind}"] = rows["fid"], rows["diversity"]
    return values


def _modes(work: Work, system: System, files: Sequence[Path]) -> Values:
    """Multimodality over the dances to each song.

    A dance is the mean of its pieces' features: what differs is the dance, not its moments.
    """
    values: Values = {}
    for kind in work.extractors:
        dances: list[Float64] = []
        by_song: dict[str, list[int]] = {}
        for file in files:
            for seed in range(work.seeds):
                found = work.features(kind, kept_file(work, file, system, seed))
                if len(found):
                    by_song.setdefault(work.names[file], []).append(len(dances))
                    dances.append(found.mean(axis=0))
        placed = distribution.normalised(np.stack(dances), work.real_features[kind])
        values[f"multimodality_{kind}"] = distribution.multimodality(placed, by_song)
    return values


def _each(of: Callable[[Array], Float64], width: int, cut: Float64) -> Float64:
    return np.array([of(piece) for piece in cut], dtype=np.float64).reshape(-1, width)
