"""From a song and an index to a dance: search, choose, place.

1. The song is cut into windows of one fragment's length; the last one is padded.
2. The index is searched for each and the best `k` go on (`danceit.retrieval.candidates`).
3. The cheapest path through all windows is taken (`danceit.retrieval.continuity`): what
   each fragment costs by its target, each seam by how badly it joins.
4. Each fragment is carried onto the stance that the one before it leaves.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from danceit.data import (
    CANVAS_PX,
    FPS,
    Bool,
    Dance,
    DanceSong,
    Float32,
    Float64,
    Int64,
    Music,
)
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore, FragmentTable
from danceit.progress import Progress, silent
from danceit.retrieval.candidates import Candidates, Pool, Song, find_candidates
from danceit.retrieval.choosing import change_costs, placement_of, turns_between
from danceit.retrieval.continuity import Chain, greedy, solve
from danceit.retrieval.counted import (
    assemble_on_counts,
    chain_on_counts,
    repeated,
    returns,
    shorter_takes,
    sides_of,
)
from danceit.retrieval.notes import few_candidates, little_movement, other_metres
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.placing import join_costs, join_features
from danceit.retrieval.rhythm import off_beat
from danceit.retrieval.staging import staged

_VARIATION = 0.25
"""Noise of a seed, as a share of how far the candidates' target costs differ. On the Tang dances
62 % of windows then show something else than with seed 0, for 4 % more seams; at 1.0 it is 93 %,
but two seams for every one (docs/retrieval.md)."""
_SOLVERS = {"viterbi": solve, "greedy": greedy}


@dataclass(frozen=True)
class Composition:
    """A dance with everything it was chosen from.

    Attributes
    ----------
    dance : Dance
    music : Music
    options : QueryOptions
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
    first_frames : tuple of int
        Frame of the song at which each window begins.
    """

    dance: Dance
    music: Music
    options: QueryOptions
    candidates: tuple[Candidates, ...]
    path: Int64
    rows: Int64
    table: FragmentTable
    notes: tuple[str, ...] = ()
    first_frames: tuple[int, ...] = ()


def compose(
    song: Path,
    store: FragmentStore,
    embedder: Embedder,
    options: QueryOptions | None = None,
    *,
    idea: Dance | None = None,
    told: Progress = silent,
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
    idea : Dance, optional
        Whose movement is looked for instead of what the music asks for.
    told : Progress, optional
        Of the song's seconds as they are decoded, then of the stage at hand.

    Raises
    ------
    InputError
        If the song cannot be read or is shorter than one window, or no fragment
        passes the filters.
    IndexStateError
        If the store was made by another encoder.
    """
    options = options or QueryOptions()
    heard = Song.heard(song, embedder, told=told)
    music = heard.music
    told(0, 0, "searching")
    candidates, pool = find_candidates(heard, store, embedder, options, idea=idea)
    told(0, 0, "choosing")
    notes = (
        *music.counts.notes,
        *pool.notes,
        *few_candidates(candidates, options),
        *little_movement(store, pool.plan, options, music.duration_s),
    )
    # With an idea the music's likeness had no say.
    options = pool.judge.options
    return choose(music, candidates, pool, store, options, notes=notes)


def choose(
    music: Music,
    candidates: Sequence[Candidates],
    pool: Pool,
    store: FragmentStore,
    options: QueryOptions,
    *,
    allowed: Sequence[Int64] | None = None,
    turned: Sequence[bool] = (),
    index_id: str = "",
    notes: tuple[str, ...] = (),
) -> Composition:
    """Choose one candidate a window and place them.

    Parameters
    ----------
    candidates : sequence of Candidates
        One a window.
    pool : Pool
        What they were taken from.
    allowed : sequence of int64, optional
        For each window, which of its candidates may be chosen; without it, all.
    turned : sequence of bool, optional
        For each window on counts, whether it is danced to the other side than it would be.
    index_id : str
        Of the store, where it is known: finding it out counts everything.
    """
    if pool.judge.fitting is None:
        chosen = _chosen_on_seconds(music, candidates, store, options, allowed)
    else:
        chosen = _chosen_on_counts(music, candidates, pool, store, options, allowed, turned)
    dance, candidates, path, rows, table = chosen
    dance = replace(
        dance,
        index_id=index_id or store.index_id,
        encoder_id=store.spec.encoder_id,
    ).with_step("query", options.solver, asdict(options))
    notes = (*notes, *other_metres(dance, music))
    return Composition(
        dance,
        music,
        options,
        tuple(candidates),
        path,
        rows,
        table,
        notes,
        pool.plan.first_frames,
    )


_Chosen = tuple[Dance, Sequence[Candidates], Int64, Int64, FragmentTable]
"""Dance, candidates, path, rows of all candidates, and their metadata."""


def _chosen_on_seconds(
    music: Music,
    candidates: Sequence[Candidates],
    store: FragmentStore,
    options: QueryOptions,
    allowed: Sequence[Int64] | None,
) -> _Chosen:
    rows = np.unique(np.concatenate([window.rows for window in candidates]))
    table, poses = store.table(rows), store.poses(rows)
    chain = _chain(candidates, music, rows, table, poses, options)
    path = _solved(_varied(chain, options.seed), options.solver, allowed)
    dance = _assemble(music, candidates, path, chain, rows, table, poses, options)
    return dance, candidates, path, rows, table


def _chosen_on_counts(
    music: Music,
    candidates: Sequence[Candidates],
    pool: Pool,
    store: FragmentStore,
    options: QueryOptions,
    allowed: Sequence[Int64] | None,
    turned: Sequence[bool],
) -> _Chosen:
    fitting = pool.judge.fitting
    if fitting is None:
        raise LookupError("the pool was not made on counts")
    free = allowed is None
    sides = sides_of(pool.plan.windows, options, turned)
    while True:
        rows = np.unique(np.concatenate([window.rows for window in candidates]))
        table, poses = store.table(rows), store.poses(rows)
        fitting.know(rows)
        chain = chain_on_counts(candidates, fitting, rows, table, poses, options, sides)
        solved = partial(_solved, solver=options.solver, allowed=allowed)
        path = shorter_takes(_varied(chain, options.seed), solved)
        if not free or options.structure == "free" or not returns(pool.plan.windows):
            break
        # Once more, now that it is known what the first of sections alike is danced to.
        free = False
        candidates, allowed = repeated(candidates, path, pool, store)
    dance = assemble_on_counts(
        music, candidates, path, chain, fitting, rows, table, poses, options, sides
    )
    return dance, candidates, path, rows, table


def _solved(chain: Chain, solver: str, allowed: Sequence[Int64] | None) -> Int64:
    if allowed is None:
        return _SOLVERS[solver](chain)
    taken = _SOLVERS[solver](chain.only(allowed))
    return np.array([kept[i] for kept, i in zip(allowed, taken, strict=True)], dtype=np.int64)


def _chain(
    candidates: Sequence[Candidates],
    music: Music,
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
        cost += change_costs(table, here, there, options)
        cost += options.facing_weight * turns_between(poses[here][:, -1], poses[there][:, 0])
        joins.append(cost - options.bonus * _goes_on(table, here, there))
    beats = music.beats_s * FPS
    targets = [
        window.targets
        + options.rhythm_weight * off_beat(poses[place], beats - w * options.n_frames)
        for w, (window, place) in enumerate(zip(candidates, places, strict=True))
    ]
    return Chain(
        fragments=[window.rows for window in candidates],
        targets=targets,
        joins=joins,
        repetition=options.repetition,
        memory=options.memory,
        reuse=options.reuse,
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
        target + rng.gumbel(scale=_VARIATION * max(spread, 0.1), size=target.shape)
        for target in chain.targets
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
        placement_of(table, int(place), w * options.length_s, window, int(i), join)
        for w, (place, window, i, join) in enumerate(
            zip(places, candidates, path, [0.0, *joins], strict=True)
        )
    )
    joints = _carried_on(poses[places], goes_on, options.facing).reshape(-1, *poses.shape[2:])[
        :n_frames
    ]
    joints = joints - _centre(joints)
    source_s = table.start_s[places][:, None] + np.arange(length) / FPS
    return Dance(
        joints=joints.astype(np.float32),
        seams=(np.flatnonzero(~goes_on) + 1) * length,
        beats_s=music.beats_s,
        numbers=music.counts.numbers,
        source_index=np.repeat(np.arange(len(places), dtype=np.int32), length)[:n_frames],
        source_s=source_s.reshape(-1)[:n_frames],
        fragments=placements,
        song=DanceSong(music.path.absolute(), music.sha256, music.duration_s),
    )


def _carried_on(fragments: Float32, goes_on: Bool, facing: str) -> Float32:
    """Fragments (W, L, 18, C), each run of them carried onto the stance that the last leaves.

    The stance aimed at is the last frame's moved on by its own velocity, so that the
    root travels across a seam as it did before it.
    """
    placed = np.empty_like(fragments, dtype=np.float32)
    edges = [0, *(np.flatnonzero(~goes_on) + 1).tolist(), len(fragments)]
    for first, stop in pairwise(edges):
        run = fragments[first:stop].reshape(-1, *fragments.shape[2:])
        before = placed[first - 1, -2:] if first else None
        placed[first:stop] = staged(run, before, facing).joints.reshape(fragments[first:stop].shape)
    return placed


def _centre(joints: Float32) -> Float32:
    """Offset (C,) that puts the middle of the dance's floor plan in the middle of the canvas."""
    offset = np.zeros(joints.shape[2], dtype=np.float32)
    offset[0] = np.nanmedian(joints[..., 0]) - CANVAS_PX / 2
    if len(offset) == 3:
        offset[2] = np.nanmedian(joints[..., 2])
    return offset
