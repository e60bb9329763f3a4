"""The single pieces of work of the aligner bench, each one cell of the run folder.

Kinds of cells: ``real`` (a real dance to its own song), ``random`` and ``align`` (a dance
to a song, without and with a method), ``gaps`` (a method's spatial part on a real dance),
``sweep`` (a method at another stretch limit) and ``set`` (all dances of a row together).
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from danceit import audio
from danceit.bench import in_time
from danceit.bench.aligners.methods import Method
from danceit.bench.cells import Cell, RunFolder, Values, slug
from danceit.bench.material import Material, RealDance, pseudo_seams, random_dance
from danceit.bench.measures import beats, distribution, gaps, movement, physics, seams
from danceit.data import FPS, Dance, Float32, Int64, Music
from danceit.errors import DanceitError, InputError
from danceit.files import sha256_of_file
from danceit.index.store.contract import FragmentStore, Where
from danceit.retrieval.options import QueryOptions

REAL, RANDOM = "real dances", "random"
_QUICK_S = 1.0
"""Methods faster than this are timed twice, so that no import is counted."""
_BEAT_KEYS = ("s_ba", "s_ba_1", "s_ba_2", "warp_max")

Job = Callable[[], Cell]


@dataclass(frozen=True)
class Work:
    """What all cells of one run share."""

    folder: RunFolder
    methods: tuple[Method, ...]
    material: Material
    gap_lengths: tuple[int, ...]
    warp_limits: tuple[float | None, ...]
    length_s: float

    @cached_property
    def profiles(self) -> tuple[movement.Profile, ...]:
        """Movement histograms of each real dance."""
        return tuple(movement.profile([motion]) for motion in self.material.motions)

    @cached_property
    def material_id(self) -> str:
        """Hash of all real movement."""
        return _hash(*self.material.motions)

    def reference(self, without: str = "") -> movement.Profile:
        """Histograms of all real dances but those of one recording."""
        kept = [
            profile
            for dance, profile in zip(self.material.dances, self.profiles, strict=True)
            if dance.clip.recording_id != without
        ]
        if not kept:
            raise InputError("all real dances are of one recording: nothing to compare with")
        return {name: np.sum([each[name] for each in kept], axis=0) for name in kept[0]}


@dataclass(frozen=True)
class Base:
    """A song with the dance that every method aligns, and a random one; or why it has none."""

    name: str
    music: Music | None = None
    chosen: Dance | None = None
    random: Dance | None = None
    error: str = ""


@dataclass(frozen=True)
class Composer:
    """Where the dances come from: an index, or chance where `compose` is None."""

    compose: Callable[[Path], Dance] | None
    index_id: str = ""
    recordings: tuple[str, ...] = ()

    def notes(self, material: Material) -> Iterator[str]:
        """Say where dances come from, and whether they are judged by their own library."""
        if self.compose is None:
            yield "without an index, methods align random concatenations"
            return
        yield f"dances retrieved from index {self.index_id} ({len(self.recordings)} recordings)"
        real = {dance.clip.recording_id for dance in material.dances}
        shared = real & set(self.recordings)
        if shared:
            yield (
                f"{len(shared)} of the {len(real)} real dances are in that index: MDD, SDD and FID "
                "judge retrieved movement by the library that it comes from"
            )


@contextmanager
def composer_of(
    index: Path | None, songs: Sequence[Path], length_s: float, *, allow_leak: bool
) -> Iterator[Composer]:
    """Open an index and its encoder as long as dances are chosen.

    Raises
    ------
    InputError
        If a song is that of an indexed dance and `allow_leak` is off.
    """
    if index is None:
        yield Composer(None)
        return
    from danceit.index.store.engines import open_store
    from danceit.retrieval.composing import compose
    from danceit.retrieval.encoder.encoders import FragmentEncoder

    with open_store(index) as store:
        if not allow_leak:
            refuse_indexed_songs(store, songs)
        encoder = FragmentEncoder.load(store.encoder)
        options = QueryOptions(length_s=length_s)
        yield Composer(
            lambda song: compose(song, store, encoder, options).dance,
            store.index_id,
            tuple(store.recordings()),
        )


def base_of(song: Path, work: Work, composer: Composer, seed: int) -> Base:
    """Hear a song and choose its dances; what fails is the base's error."""
    name = song.stem
    try:
        music = audio.listen(song)
        if music.duration_s < 2 * work.length_s:
            raise InputError(
                f"{song} lasts {music.duration_s:.1f} s, under two windows of {work.length_s:g} s"
            )
        rng = np.random.default_rng([seed, int(music.sha256[:8], 16)])
        clips = [dance.clip for dance in work.material.dances]
        random = random_dance(music, clips, round(work.length_s * FPS), rng)
        chosen = composer.compose(song) if composer.compose else random
        if chosen.dims != work.material.dances[0].clip.dims:
            raise InputError(
                f"the index holds {chosen.dims}-D dances, the data folder "
                f"{work.material.dances[0].clip.dims}-D ones; `dims=2` projects the data"
            )
    except DanceitError as exc:
        return Base(name, error=str(exc))
    return Base(name, music, chosen, random)


def all_jobs(work: Work, bases: Sequence[Base]) -> list[Job]:
    """Every cell of a run, in the order in which they are done."""
    return [
        *_real_jobs(work),
        *_song_jobs(work, bases),
        *_gap_jobs(work),
        *_sweep_jobs(work, bases),
        *_set_jobs(work, bases),
    ]


def dance_file(run: Path, song: str, method: str) -> Path:
    """Where the dance that one row shows to one song is kept."""
    return run / "dances" / f"{slug(song)}.{slug(method)}.dance.npz"


def _real_jobs(work: Work) -> Iterator[Job]:
    for dance in work.material.dances:
        clip = dance.clip
        inputs = {
            "material": work.material_id,
            "beats": _hash(dance.beats_s),
            "clip": clip.clip_id,
        }
        yield partial(
            work.folder.measure,
            "real",
            REAL,
            clip.recording_id,
            inputs,
            partial(_real, work, dance),
        )


def _real(work: Work, dance: RealDance) -> Values:
    poses = dance.clip.poses
    values = movement.evaluate_profile(poses, work.reference(dance.clip.recording_id))
    if dance.beats_s.size:
        values |= beats.evaluate(poses, dance.beats_s)
        values |= in_time.of_clip(dance.clip, dance.beats_s, dance.numbers)
    still = np.zeros(len(poses), dtype=np.int64)
    source_s = np.arange(len(poses)) / FPS
    cuts = pseudo_seams(len(poses))
    values |= seams.evaluate(poses, cuts, still, source_s)
    return values | _physics(poses, cuts)


def _song_jobs(work: Work, bases: Sequence[Base]) -> Iterator[Job]:
    for base in bases:
        rows: list[tuple[str, str, Method | None, Dance | None]] = [
            ("random", RANDOM, None, base.random)
        ]
        rows += [("align", method.name, method, base.chosen) for method in work.methods]
        for kind, row, method, dance in rows:
            if base.music is None or dance is None:
                yield partial(Cell, kind, row, base.name, {}, base.error)
                continue
            yield partial(
                work.folder.measure,
                kind,
                row,
                base.name,
                {**_inputs(work, base.music, dance), "chain": repr(method and method.chain)},
                partial(_aligned, work, base.name, base.music, row, method, dance),
                needs=(dance_file(work.folder.path, base.name, row),),
            )


def _aligned(
    work: Work, song: str, music: Music, row: str, method: Method | None, dance: Dance
) -> Values:
    values: Values = {}
    if method is not None:
        before = dance
        dance, seconds = _timed(method, before, music)
        if seconds < _QUICK_S:
            dance, again = _timed(method, before, music)
            seconds = min(seconds, again)
        values["frames_per_s"] = dance.n_frames / max(seconds, 1e-9)
    values |= evaluate_dance(dance, music, work.reference())
    dance.save(dance_file(work.folder.path, song, row))
    return values


def _timed(method: Method, dance: Dance, music: Music) -> tuple[Dance, float]:
    begun = time.perf_counter()
    aligned = method.align(dance, music)
    return aligned, time.perf_counter() - begun


def evaluate_dance(dance: Dance, music: Music, reference: movement.Profile) -> Values:
    """Return every measure of one dance to its song, by name.

    Parameters
    ----------
    reference : Profile
        Of real dances; see `danceit.bench.measures.movement.profile`.

    Raises
    ------
    InputError
        If the dance is not at 24 fps or not as long as the song, or the song has no beats.
    """
    if dance.fps != FPS:
        raise InputError(f"the bench measures dances at {FPS:g} fps; got {dance.fps:g}")
    if abs(dance.n_frames - music.n_frames) > 1:
        raise InputError(
            f"the dance has {dance.n_frames} frames, but {music.path} needs {music.n_frames}: "
            "another song's dance?"
        )
    return {
        **beats.evaluate(dance.joints, music.beats_s, dance.fps),
        **movement.evaluate_profile(dance.joints, reference),
        **seams.evaluate(dance.joints, dance.seams, dance.source_index, dance.source_s, dance.fps),
        **_physics(dance.joints, dance.seams),
        **in_time.evaluate(dance, music),
    }


def _physics(poses: Float32, cuts: Int64) -> Values:
    if poses.shape[2] < 3:
        return {}
    return {**physics.evaluate(poses), "bone_change": physics.bone_change(poses, cuts)}


def _gap_jobs(work: Work) -> Iterator[Job]:
    """Gaps of every spatial part once, though several chains may share it."""
    for fills in dict.fromkeys(method.fills for method in work.methods):
        method = next(method for method in work.methods if method.fills == fills)
        for dance in work.material.dances:
            yield partial(
                work.folder.measure,
                "gaps",
                fills,
                dance.clip.recording_id,
                {"motion": _hash(dance.clip.poses), "lengths": list(work.gap_lengths)},
                partial(_gaps, method, dance.clip.poses, work.gap_lengths),
            )


def _gaps(method: Method, poses: Float32, lengths: Sequence[int]) -> Values:
    fitting = [n for n in lengths if len(gaps.place_gaps(len(poses), n))]
    return gaps.evaluate(method.fill, [poses], fitting)


def _sweep_jobs(work: Work, bases: Sequence[Base]) -> Iterator[Job]:
    for method in work.methods:
        for limit in work.warp_limits if method.limits_warp else ():
            for base in bases:
                if base.music is None or base.chosen is None:
                    continue
                inputs = {**_inputs(work, base.music, base.chosen), "limit": limit}
                yield partial(
                    work.folder.measure,
                    "sweep",
                    f"{method.name} @ {'none' if limit is None else f'{limit:g}'}",
                    base.name,
                    inputs,
                    partial(_swept, method.with_limit(limit), base.chosen, base.music),
                )


def _swept(method: Method, dance: Dance, music: Music) -> Values:
    aligned = method.align(dance, music)
    values = {
        **beats.evaluate(aligned.joints, music.beats_s, aligned.fps),
        **seams.evaluate(aligned.joints, aligned.seams, aligned.source_index, aligned.source_s),
    }
    return {key: values[key] for key in _BEAT_KEYS}


def _set_jobs(work: Work, bases: Sequence[Base]) -> Iterator[Job]:
    """FID and diversity of each row, read from the dances that the other cells left."""
    if work.material.dances[0].clip.dims < 3:
        return
    sources = [base for base in bases if base.music is not None]
    identity = {"material": work.material_id}
    yield partial(work.folder.measure, "set", REAL, "all", identity, partial(_real_set, work))
    for row in (RANDOM, *(method.name for method in work.methods)):
        files = [dance_file(work.folder.path, base.name, row) for base in sources]
        yield partial(_set_cell, work, row, files, identity)


def _set_cell(work: Work, row: str, files: Sequence[Path], identity: dict[str, str]) -> Cell:
    present = [file for file in files if file.exists()]
    inputs = {**identity, "dances": [sha256_of_file(file) for file in present]}
    return work.folder.measure("set", row, "all", inputs, partial(_made_set, work, present))


def _made_set(work: Work, files: Sequence[Path]) -> Values:
    made = [Dance.load(file).joints for file in files]
    scores = distribution.evaluate(
        distribution.set_features(work.material.motions), distribution.set_features(made)
    )
    return {"fid_k": scores["fid"], "diversity_k": scores["diversity"]}


def _real_set(work: Work) -> Values:
    motions = work.material.motions
    halves = distribution.evaluate(
        distribution.set_features(motions[::2]), distribution.set_features(motions[1::2])
    )
    whole = distribution.set_features(motions)
    scores = distribution.evaluate(whole, whole)
    return {"fid_k": halves["fid"], "diversity_k": scores["diversity_real"]}


def _inputs(work: Work, music: Music, dance: Dance) -> dict[str, object]:
    return {
        "material": work.material_id,
        "song": music.sha256,
        "beats": _hash(music.beats_s),
        "dance": _hash(dance.joints, dance.seams, dance.source_s),
    }


def _hash(*arrays: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def refuse_indexed_songs(store: FragmentStore, songs: Sequence[Path]) -> None:
    """Stop where an indexed dance was danced to one of the songs.

    Raises
    ------
    InputError
        Naming the song.
    """
    paths = {Path(path) for path in store.table(store.matching(Where())).audio if path}
    by_size: dict[int, list[Path]] = {}
    for path in paths:
        if path.exists():
            by_size.setdefault(path.stat().st_size, []).append(path)
    for song in songs:
        twins = by_size.get(song.stat().st_size, [])
        if twins and sha256_of_file(song) in {sha256_of_file(twin) for twin in twins}:
            raise InputError(
                f"the index holds a dance to {song}, so its score would measure memory; "
                "leave the song out or accept it with `allow_leak`"
            )
