"""From a song and an index to a dance: search, rerank, choose, place.

1. The song is cut into windows of one fragment's length; the last one is padded.
2. For each window the index is searched in both spaces, by the movement that the
   music asks for (song window to pose embedding) and by music that sounds alike
   (song window to the embedding of each fragment's own sound).
3. A candidate's *target cost* is the weighted mean of both distances, each divided by
   its median over all that were found, plus a term for how far its tempo is off; the
   best `k` of a window go on.
4. The cheapest path through all windows is taken (`danceit.retrieval.continuity`).
5. Each fragment is carried onto the stance that the one before it leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from danceit import audio
from danceit.data import (
    CANVAS_PX,
    FPS,
    FRAGMENT_LENGTHS,
    Dance,
    Float32,
    Float64,
    Int64,
    Music,
    Placement,
)
from danceit.errors import IndexStateError, InputError
from danceit.index.embedding import Embedder
from danceit.index.store import FragmentStore, FragmentTable, Where
from danceit.retrieval.continuity import Chain, greedy, solve
from danceit.retrieval.placing import Stance, join_costs, join_features, moved, stance

SOLVERS = {"viterbi": solve, "greedy": greedy}
_POOL = 128
"""Fragments fetched from each space for a window before the best `k` are kept."""


@dataclass(frozen=True)
class QueryOptions:
    """How a dance is chosen. All weights are at least 0.

    Attributes
    ----------
    length_s : float
        Fragment length: 1, 2, 3 or 4 s.
    k : int
        Candidates a window.
    seed : int
        0 gives the cheapest dance; every other seed its own variation of it.
    solver : str
        ``viterbi`` (cheapest path over the whole song) or ``greedy``.
    audio_weight : float
        Share, 0 to 1, of the audio-to-audio distance in the target cost.
    join_weight : float
        Cost of 1 px of root mean square disagreement at a seam (pose, and velocity x `velocity_s`).
    velocity_s : float
        Seconds by which velocities are weighed against positions at a seam.
    tempo_weight : float
        Cost of a fragment that is an octave off the song's tempo (half or double
        tempo counts as on it).
    repetition : float
        Cost of using a fragment again within `memory` windows.
    memory : int
        Windows.
    bonus : float
        Taken off the cost of a seam where the source simply goes on.
    style, dancer, licence : str
        Only fragments of these; empty for all.
    """

    length_s: float = 2.0
    k: int = 5
    seed: int = 0
    solver: str = "viterbi"
    audio_weight: float = 0.5
    join_weight: float = 0.03
    velocity_s: float = 0.1
    tempo_weight: float = 1.0
    repetition: float = 1.0
    memory: int = 8
    bonus: float = 0.5
    style: str = ""
    dancer: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        if self.n_frames not in FRAGMENT_LENGTHS:
            lengths = ", ".join(f"{frames / FPS:g}" for frames in FRAGMENT_LENGTHS)
            raise InputError(f"--length must be one of {lengths} s; got {self.length_s:g}")
        if self.k < 1:
            raise InputError(f"--k must be at least 1; got {self.k}")
        if self.solver not in SOLVERS:
            raise InputError(f"unknown solver '{self.solver}'; known: {', '.join(SOLVERS)}")
        if not 0 <= self.audio_weight <= 1:
            raise InputError(f"--audio-weight must be between 0 and 1; got {self.audio_weight:g}")
        for name in ("join_weight", "velocity_s", "tempo_weight", "repetition", "memory", "bonus"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must be at least 0; got {getattr(self, name):g}")

    @property
    def n_frames(self) -> int:
        """L, frames of a fragment."""
        return round(self.length_s * FPS)


@dataclass(frozen=True)
class Candidates:
    """The best K fragments of one window, best first.

    `rows` are the store's rows, `distances` squared L2 to the pose embedding,
    `targets` the target cost.
    """

    rows: Int64
    distances: Float64
    targets: Float64


@dataclass(frozen=True)
class Composition:
    """A dance with everything it was chosen from.

    Attributes
    ----------
    dance : Dance
    music : Music
    candidates : tuple of Candidates
        One a window.
    path : int64 (W,)
        Index of the chosen candidate of each window.
    table : FragmentTable
        Metadata of `rows`.
    rows : int64 (R,)
        Every candidate's row, sorted.
    notes : tuple of str
        What the user should know: `k` cut down, a filter that left few fragments.
    """

    dance: Dance
    music: Music
    candidates: tuple[Candidates, ...]
    path: Int64
    rows: Int64
    table: FragmentTable
    notes: tuple[str, ...] = ()


def compose(
    song: Path, store: FragmentStore, embedder: Embedder, options: QueryOptions | None = None
) -> Composition:
    """Choose and place a dance for a song.

    Parameters
    ----------
    song : Path
        Any audio file, or a video with sound.
    store : FragmentStore
    embedder : Embedder
        The one that made the store's embeddings.
    options : QueryOptions, optional

    Raises
    ------
    InputError
        If the song cannot be read or is shorter than one window, or no fragment
        passes the filters.
    IndexStateError
        If the store was made by another encoder.
    """
    options = options or QueryOptions()
    info = store.info()
    if info.encoder_id != embedder.encoder_id:
        raise IndexStateError(
            f"the index was made by encoder {info.encoder_id}, not {embedder.encoder_id}; "
            "use the encoder inside the index or build the index again"
        )
    music = audio.listen(song)
    candidates, notes = find_candidates(song, music, store, embedder, options)
    rows = np.unique(np.concatenate([window.rows for window in candidates]))
    table = store.table(rows)
    poses = store.poses(rows)
    chain = _chain(candidates, rows, table, poses, options)
    path = SOLVERS[options.solver](_varied(chain, options.seed))
    dance = _assemble(music, candidates, path, chain, rows, table, poses, options)
    dance = replace(dance, meta={**_meta(music, info.index_id, embedder.encoder_id), **dance.meta})
    dance = dance.with_step("query", options.solver, asdict(options))
    return Composition(dance, music, candidates, path, rows, table, notes)


def find_candidates(
    song: Path,
    music: Music,
    store: FragmentStore,
    embedder: Embedder,
    options: QueryOptions,
) -> tuple[tuple[Candidates, ...], tuple[str, ...]]:
    """Search a song's windows and keep the best K of each; also what to tell the user."""
    length = options.n_frames
    if music.n_frames < length:
        raise InputError(
            f"{song} is {music.duration_s:.1f} s long, shorter than one {options.length_s:g} s "
            "window; choose a smaller --length"
        )
    features = audio.features(song, embedder.feature_set)
    starts = np.arange(0, music.n_frames, length, dtype=np.int64)
    missing = int(starts[-1]) + length - len(features)
    if missing > 0:
        features = np.pad(features, ((0, missing), (0, 0)), mode="edge")
    where = Where(
        style=options.style, dancer=options.dancer, licence=options.licence, n_frames=length
    )
    by_pose = embedder.embed_windows(features, starts, length)
    by_audio = embedder.describe_windows(features, starts, length)
    pool = max(_POOL, options.k)
    found_pose = store.search(by_pose, pool, by="pose", where=where).rows
    found_audio = store.search(by_audio, pool, by="audio", where=where).rows
    if not found_pose.shape[1]:
        raise InputError(_nothing_found(options))
    pooled = [np.union1d(*pair) for pair in zip(found_pose, found_audio, strict=True)]
    ranked = _rank(pooled, by_pose, by_audio, music, store, options)
    return ranked, _notes(ranked, options)


def _rank(
    pooled: Sequence[Int64],
    by_pose: Float32,
    by_audio: Float32,
    music: Music,
    store: FragmentStore,
    options: QueryOptions,
) -> tuple[Candidates, ...]:
    rows = np.unique(np.concatenate(pooled))
    places = [np.searchsorted(rows, window) for window in pooled]
    movement = [
        _squared(query, store_vectors)
        for query, store_vectors in _pairs(by_pose, store.vectors(rows, "pose"), places)
    ]
    sound = [
        _squared(query, store_vectors)
        for query, store_vectors in _pairs(by_audio, store.vectors(rows, "audio"), places)
    ]
    unit_movement, unit_sound = _median(movement), _median(sound)
    off_tempo = _octaves_off(store.table(rows).tempo_bpm, music.tempo_bpm)
    ranked = []
    for window, near, alike, place in zip(pooled, movement, sound, places, strict=True):
        alike = np.where(np.isnan(alike), unit_sound, alike)
        target = (1 - options.audio_weight) * near / unit_movement
        target += options.audio_weight * alike / unit_sound
        target += options.tempo_weight * off_tempo[place]
        best = np.argsort(target, kind="stable")[: options.k]
        ranked.append(Candidates(window[best], near[best], target[best]))
    return tuple(ranked)


def _pairs(
    queries: Float32, vectors: Float32, places: Sequence[Int64]
) -> list[tuple[Float32, Float32]]:
    return [(query, vectors[place]) for query, place in zip(queries, places, strict=True)]


def _squared(query: Float32, vectors: Float32) -> Float64:
    gaps = vectors.astype(np.float64) - query
    return np.asarray((gaps**2).sum(axis=1), dtype=np.float64)


def _median(distances: Sequence[Float64]) -> float:
    everything = np.concatenate(distances)
    known = everything[np.isfinite(everything)]
    return max(float(np.median(known)), 1e-9) if known.size else 1.0


def _octaves_off(tempos_bpm: Float32, song_bpm: float) -> Float64:
    """How far each tempo is from the song's in octaves, modulo whole octaves: 0 to 0.5."""
    if song_bpm <= 0:
        return np.zeros(len(tempos_bpm))
    known = np.where(tempos_bpm > 0, tempos_bpm, song_bpm).astype(np.float64)
    octaves = np.log2(known / song_bpm)
    return np.asarray(np.abs(octaves - np.round(octaves)), dtype=np.float64)


def _chain(
    candidates: Sequence[Candidates],
    rows: Int64,
    table: FragmentTable,
    poses: Float32,
    options: QueryOptions,
) -> Chain:
    leaving, entering = join_features(poses, velocity_s=options.velocity_s)
    places = [np.searchsorted(rows, window.rows) for window in candidates]
    joins = []
    for here, there in pairwise(places):
        cost = options.join_weight * join_costs(leaving[here], entering[there])
        joins.append(cost - options.bonus * _goes_on(table, here, there))
    return Chain(
        fragments=[window.rows for window in candidates],
        targets=[window.targets for window in candidates],
        joins=joins,
        repetition=options.repetition,
        memory=options.memory,
    )


def _goes_on(table: FragmentTable, here: Int64, there: Int64) -> Float64:
    """1 where fragment `there` (B,) follows `here` (A,) in the same clip, else 0: (A, B)."""
    clips = np.asarray(table.clip_id)
    ends = table.start_frame[here] + table.n_frames[here]
    same_clip = clips[here][:, None] == clips[there][None, :]
    follows = ends[:, None] == table.start_frame[there][None, :]
    return np.asarray(same_clip & follows, dtype=np.float64)


def _varied(chain: Chain, seed: int) -> Chain:
    """Add noise from `seed` to the target costs: a variation, not another problem."""
    if seed == 0:
        return chain
    rng = np.random.default_rng(seed)
    spread = float(np.mean([np.ptp(target) for target in chain.targets]))
    noisy = [
        target + rng.gumbel(scale=max(spread, 0.1), size=target.shape) for target in chain.targets
    ]
    return replace(chain, targets=noisy)


def _assemble(
    music: Music,
    candidates: Sequence[Candidates],
    path: Int64,
    chain: Chain,
    rows: Int64,
    table: FragmentTable,
    poses: Float32,
    options: QueryOptions,
) -> Dance:
    length, n_frames = options.n_frames, music.n_frames
    chosen = np.array([window.rows[i] for window, i in zip(candidates, path, strict=True)])
    places = np.searchsorted(rows, chosen)
    goes_on = np.array(
        [
            bool(_goes_on(table, places[w : w + 1], places[w + 1 : w + 2])[0, 0])
            for w in range(len(places) - 1)
        ],
        dtype=bool,
    )
    joins = [float(chain.joins[w][path[w], path[w + 1]]) for w in range(len(path) - 1)]
    placements = tuple(
        _placement(table, int(place), w * options.length_s, window, int(i), join)
        for w, (place, window, i, join) in enumerate(
            zip(places, candidates, path, [0.0, *joins], strict=True)
        )
    )
    joints = _carried_on(poses[places], goes_on).reshape(-1, *poses.shape[2:])[:n_frames]
    joints = joints - _centre(joints)
    source_s = table.start_s[places][:, None] + np.arange(length) / FPS
    return Dance(
        joints=joints.astype(np.float32),
        seams=(np.flatnonzero(~goes_on) + 1) * length,
        beats_s=music.beats_s,
        source_index=np.repeat(np.arange(len(places), dtype=np.int32), length)[:n_frames],
        source_s=source_s.reshape(-1)[:n_frames],
        fragments=placements,
        meta={},
    )


def _placement(
    table: FragmentTable, place: int, window_s: float, window: Candidates, rank: int, join: float
) -> Placement:
    return Placement(
        fragment_id=str(table.fragment_id[place]),
        clip_id=str(table.clip_id[place]),
        source=str(table.source[place]),
        start_s=float(table.start_s[place]),
        end_s=float(table.end_s[place]),
        window_start_s=float(window_s),
        distance=float(window.distances[rank]),
        rank=rank,
        join_cost=join,
        style=str(table.style[place]),
        licence=str(table.licence[place]),
    )


def _carried_on(fragments: Float32, goes_on: Sequence[bool]) -> Float32:
    """Fragments (W, L, 18, C) each carried onto the stance that the one before it leaves.

    The stance aimed at is the last frame's moved on by its own velocity, so that the
    root travels across a seam as it did before it. Where the source simply goes on, so
    does the way it was carried.
    """
    placed = fragments.astype(np.float32, copy=True)
    for w in range(1, len(placed)):
        if goes_on[w - 1]:
            here, onto = stance(fragments[w - 1, :1]), stance(placed[w - 1, :1])
        else:
            here, onto = stance(fragments[w, :1]), _next_stance(placed[w - 1, -2:])
        placed[w] = moved(fragments[w : w + 1], here, onto)[0]
    return placed


def _next_stance(last_two: Float32) -> Stance:
    """Stance one frame after two consecutive poses (2, 18, C) if both velocities go on."""
    before = stance(last_two)
    return Stance(
        2 * before.floor[1:] - before.floor[:1], 2 * before.heading[1:] - before.heading[:1]
    )


def _centre(joints: Float32) -> Float32:
    """Offset (C,) that puts the middle of the dance's floor plan in the middle of the canvas."""
    offset = np.zeros(joints.shape[2], dtype=np.float32)
    offset[0] = np.nanmedian(joints[..., 0]) - CANVAS_PX / 2
    if len(offset) == 3:
        offset[2] = np.nanmedian(joints[..., 2])
    return offset


def _meta(music: Music, index_id: str, encoder_id: str) -> Mapping[str, Any]:
    return {
        "song": str(music.path),
        "song_sha256": music.sha256,
        "song_duration_s": music.duration_s,
        "index_id": index_id,
        "encoder_id": encoder_id,
    }


def _notes(ranked: Sequence[Candidates], options: QueryOptions) -> tuple[str, ...]:
    fewest = min(len(window.rows) for window in ranked)
    if fewest < options.k:
        return (f"only {fewest} fragments of {options.length_s:g} s fit; --k cut down to that",)
    return ()


def _nothing_found(options: QueryOptions) -> str:
    asked = [
        f"--{name} {getattr(options, name)}"
        for name in ("style", "dancer", "licence")
        if getattr(options, name)
    ]
    filters = f" with {' '.join(asked)}" if asked else ""
    return f"the index holds no fragment of {options.length_s:g} s{filters}"
