"""Retrieval beside its rivals: the same songs, the same measures, everything as the picture shows.

Songs are such that no indexed dance was danced to them, so that neither the index nor a
generator has met them. Every system dances to each `SEEDS` times; measures of one dance are
those of the first seed, multimodality (Lee et al.) that of all. Depth is dropped from every
dance before it is measured: generators have none.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from danceit import audio
from danceit.audio.counts.file import beside, read_counts
from danceit.bench.aligners.bench import song_files
from danceit.bench.aligners.jobs import dance_file, refuse_indexed_songs
from danceit.bench.cells import Cell, RunFolder, Values, run_jobs
from danceit.bench.material import Material, RealDance, pseudo_seams, read_material
from danceit.bench.measures import beats, counts, distribution, movement, seams, sets
from danceit.bench.reports.summary import BenchRun
from danceit.bench.systems.cross_modal import CrossModal, enough
from danceit.bench.systems.systems import OURS, RANDOM, System, read_generator, systems_of
from danceit.counts import Counts
from danceit.data import FPS, Dance, Float32
from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.generate.protocol import Generator
from danceit.index.store.engines import open_store
from danceit.retrieval.encoder.encoders import FragmentEncoder

REAL = "real dances"
SEEDS = 5
"""Dances a song for multimodality (Lee et al. 4.5)."""
TABLES = {
    "As a set, beside real dances": (
        "fid_kinetic", "fid_geometric", "diversity_kinetic", "diversity_geometric",
        "multimodality_kinetic", "multimodality_geometric", "cross_modal",
    ),
    "On the beat": (
        "kinematic_coverage", "kinematic_hit_1", "kinematic_hit_2", "s_ba", "s_ba_2", "bas_fact",
        "bas_bailando", "bar_lock",
    ),
    "Movement": (
        "mdd_hands", "mdd_feet", "sdd_hands", "sdd_feet", "frozen", "limb_excess",
        "frames_over_10px",
    ),
    "Cost": ("s_per_minute", "million_parameters", "weights_mb"),
}  # fmt: skip
COMPARED = ("kinematic_hit_1", "s_ba_2", "bar_lock", "mdd_hands", "mdd_feet", "frozen")
_WEIGHT_BYTES = 4


@dataclass(frozen=True)
class SystemsOptions:
    """What to compare.

    Attributes
    ----------
    generators : tuple of str
        ``FOLDER`` or ``NAME=FOLDER`` of trained generators, one row each.
    length_s : float
        Fragment length of what is taken from the index.
    seeds : int
        Dances a song.
    reference : Path or None
        Folder of annotated counts by which bar lock is judged; without it, only songs with a
        file of counts beside them are.
    allow_leak : bool
        Accept songs to which an indexed dance was danced.
    resume : bool
    """

    generators: tuple[str, ...] = ()
    length_s: float = 2.0
    seeds: int = SEEDS
    reference: Path | None = None
    allow_leak: bool = False
    resume: bool = True


def bench_systems(
    data: Path,
    songs: Sequence[Path],
    out: Path,
    index: Path,
    options: SystemsOptions | None = None,
    *,
    progress: bool = True,
) -> BenchRun:
    """Let every system dance to every song and measure what comes out.

    Parameters
    ----------
    data : Path
        Folder of the real dances.
    songs : sequence of Path
        A folder stands for the audio files in it.
    out : Path
        Run folder; the dances of the first seed stay in ``dances``.
    index : Path
        Of the real dances. With ``--dims 2`` generators' dances are also found again in it.

    Raises
    ------
    InputError
        If a song is that of an indexed dance and `allow_leak` is off, a generator cannot be
        read, or the data cannot be used.
    """
    options = options or SystemsOptions()
    files = song_files(songs)
    folder = RunFolder(out, resume=options.resume)
    generators = [read_generator(text) for text in options.generators]
    with open_store(index) as store:
        if not options.allow_leak:
            refuse_indexed_songs(store, files)
        encoder = FragmentEncoder.load(store.encoder)
        # As the index holds them, so that random dances are put together from the like.
        material = read_material(data, dims=encoder.dims)
        if not options.allow_leak:
            _refuse_learnt_songs(material, generators, files)
        systems = systems_of(
            material, store, encoder, generators,
            n_parameters=_parameters(encoder), length_s=options.length_s,
        )  # fmt: skip
        work = _Work(folder, material, options, store.index_id)
        cells = run_jobs([*_jobs(work, systems, files)], progress=progress)
    failed = [f"{c.method} on {c.song}: {c.error}" for c in cells if c.error]
    return BenchRun(
        out=folder.path,
        title="Systems",
        cells=tuple(cells),
        rows=(REAL, *(system.name for system in systems)),
        baseline=OURS,
        tables=TABLES,
        compared=COMPARED,
        ends=(REAL, RANDOM),
        notes=tuple(_notes(material, files, options, flat=encoder.dims == 2)),
        failures=tuple(dict.fromkeys([*material.problems, *failed])),
    )


def _refuse_learnt_songs(
    material: Material, generators: Sequence[tuple[str, Generator]], files: Sequence[Path]
) -> None:
    """Stop where a generator may have learnt from a dance to one of the songs.

    Raises
    ------
    InputError
        Naming the song.
    """
    asked = {sha256_of_file(file): file for file in files}
    for dance in material.dances:
        audio_path, recording = dance.clip.audio_path, dance.clip.recording_id
        song = None if audio_path is None else asked.get(sha256_of_file(audio_path))
        for name, generator in generators:
            if song is not None and recording not in generator.held_out_songs:
                raise InputError(
                    f"'{name}' did not hold out the dance to {song}, so its score would measure "
                    "memory; leave the song out or accept it with --allow-leak"
                )


@dataclass(frozen=True)
class _Work:
    folder: RunFolder
    material: Material
    options: SystemsOptions
    index_id: str

    @property
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


def flat(joints: Float32) -> Float32:
    """Joints as the picture shows them, (T, 18, 2)."""
    return np.ascontiguousarray(joints[..., :2])


def _jobs(
    work: _Work, systems: Sequence[System], files: Sequence[Path]
) -> Iterator["partial[Cell]"]:
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
    yield partial(measure, "set", REAL, "all", identity, partial(_real_set, work))
    for system in systems:
        made = {**identity, "index": work.index_id, "made_by": system.made_by,
                "seeds": work.options.seeds, "length_s": work.options.length_s}  # fmt: skip
        for file in files:
            inputs = {**made, "song": sha256_of_file(file)}
            yield partial(
                measure, "dance", system.name, file.stem, inputs,
                partial(_danced, work, system, file),
                needs=[_kept(work, file, system, seed) for seed in range(work.options.seeds)],
            )  # fmt: skip
            if work.asks_music:
                yield partial(
                    measure, "cross", system.name, file.stem, inputs,
                    partial(_cross, work, system, file),
                )  # fmt: skip
        inputs = {**made, "songs": [sha256_of_file(file) for file in files]}
        yield partial(
            measure, "set", system.name, "all", inputs, partial(_set, work, system, files)
        )


def _kept(work: _Work, song: Path, system: System, seed: int) -> Path:
    row = system.name if seed == 0 else f"{system.name} seed {seed}"
    return dance_file(work.folder.path, song.stem, row)


def _real(work: _Work, dance: RealDance) -> Values:
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


def _danced(work: _Work, system: System, file: Path) -> Values:
    """Measure the dance of the first seed; those of all seeds are kept for the set."""
    music = audio.listen(file)
    first: Dance | None = None
    began, spent = time.process_time(), 0.0
    for seed in range(work.options.seeds):
        dance = system.make(music, seed)
        if first is None:
            first, spent = dance, time.process_time() - began
        dance.save(_kept(work, file, system, seed))
    assert first is not None
    poses = flat(first.joints)
    values: Values = {
        **beats.evaluate(poses, music.beats_s, first.fps),
        **movement.evaluate_profile(poses, work.reference()),
        **seams.evaluate(poses, first.seams, first.source_index, first.source_s, first.fps),
        **_shape(poses),
        "s_per_minute": spent / (music.duration_s / 60),
        "million_parameters": system.n_parameters / 1e6,
        "weights_mb": system.n_parameters * _WEIGHT_BYTES / 1e6,
    }
    annotated = _annotated(work, file)
    return values | (_bar_lock(poses, annotated) if annotated is not None else {})


def _real_cross(work: _Work, dance: RealDance) -> Values:
    """How far a real dance is from what others danced to music like its own."""
    clip = dance.clip
    if clip.audio_path is None:
        return {}
    return {
        "cross_modal": work.cross_modal.distance(
            clip.poses, clip.audio_path, start_s=clip.start_s, without=clip.recording_id
        )
    }


def _cross(work: _Work, system: System, file: Path) -> Values:
    """How far the dance of the first seed is from what was danced to music like the song."""
    dance = Dance.load(_kept(work, file, system, 0))
    return {"cross_modal": work.cross_modal.distance(dance.joints, file)}


def _shape(poses: Float32) -> Values:
    return {"frozen": sets.frozen_share(poses), "limb_excess": sets.limb_spread(poses)}


def _annotated(work: _Work, song: Path) -> Counts | None:
    """Counts of a song that somebody wrote down, by its own or its folder's name."""
    folder = work.options.reference
    places = [song] if folder is None else [folder / f"{name}.mp3" for name in (song.stem, song.parent.name)]  # fmt: skip  # noqa: E501
    found = next((file for file in map(beside, places) if file is not None), None)
    return None if found is None else read_counts(found)


def _bar_lock(poses: Float32, annotated: Counts) -> Values:
    if not annotated.metre or not annotated.numbers.any():
        return {}
    found = counts.evaluate(poses, annotated.beats_s, annotated.numbers, annotated.metre)
    return {"bar_lock": found["bar_lock"]}


def _real_set(work: _Work) -> Values:
    """Real dances against themselves: one half against the other, and how they differ."""
    motions = [flat(motion) for motion in work.material.motions]
    values: Values = {}
    for kind, of in _EXTRACTORS.items():
        halves = [sets.pieces(half, of) for half in (motions[::2], motions[1::2])]
        values[f"fid_{kind}"] = distribution.evaluate(*halves)["fid"]
        whole = np.concatenate(halves)
        values[f"diversity_{kind}"] = distribution.evaluate(whole, whole)["diversity"]
    return values


def _set(work: _Work, system: System, files: Sequence[Path]) -> Values:
    """FID and diversity over pieces of 5 s of all songs, multimodality over seeds of a song."""
    real = [flat(motion) for motion in work.material.motions]
    values: Values = {}
    for kind, of in _EXTRACTORS.items():
        reference = sets.pieces(real, of)
        each: list[np.ndarray[tuple[int, int], np.dtype[np.float64]]] = []
        by_song: dict[str, list[int]] = {}
        for file in files:
            for seed in range(work.options.seeds):
                kept = _kept(work, file, system, seed)
                if kept.exists():
                    found = sets.pieces([flat(Dance.load(kept).joints)], of)
                    if len(found):
                        by_song.setdefault(file.stem, []).append(len(each))
                        each.append(found)
        rows = distribution.evaluate(reference, np.concatenate(each))
        values[f"fid_{kind}"] = rows["fid"]
        values[f"diversity_{kind}"] = rows["diversity"]
        # A dance to a song is the mean of its pieces: what differs is the dance, not its moments.
        dances = distribution.normalised(
            np.stack([found.mean(axis=0) for found in each]), reference
        )
        values[f"multimodality_{kind}"] = distribution.multimodality(dances, by_song)
    return values


_EXTRACTORS = {"kinetic": sets.kinetic, "geometric": sets.geometric}


def _parameters(encoder: FragmentEncoder) -> int:
    return sum(tensor.numel() for tensor in encoder.tensors().values())


def _notes(
    material: Material, files: Sequence[Path], options: SystemsOptions, *, flat: bool
) -> Iterator[str]:
    frames = sum(dance.clip.n_frames for dance in material.dances)
    yield (
        f"{len(material.dances)} real dances ({frames / FPS / 60:.1f} minutes), {len(files)} songs "
        f"to which no indexed dance was danced, {options.seeds} dances a song; intervals are 95 % "
        "over songs"
    )
    yield "depth is dropped from every dance: generators have none; PFC and foot skate need it"
    yield (
        "retrieved movement is judged by the library that it comes from, and generators have "
        "learned from it"
    )
    if not flat:
        yield "what generators imagined is found again only in an index of `--dims 2`"
    if options.reference is None:
        yield "bar lock is judged by counts beside the songs; --reference names a folder of them"
