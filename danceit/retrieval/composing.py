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
from danceit.retrieval.candidates import Candidates, Song, find_candidates
from danceit.retrieval.change_costs import change_costs, turns_between, watching_costs
from danceit.retrieval.continuity import Chain, greedy, solve
from danceit.retrieval.counted import (
    assemble_on_counts,
    chain_on_counts,
    ending_of,
    repeated,
    returns,
    shorter_takes,
    sides_of,
)
from danceit.retrieval.fitting import Fitting
from danceit.retrieval.notes import few_candidates, little_movement, other_metres, same_films
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.placing import join_costs, join_features
from danceit.retrieval.rhythm import off_beat
from danceit.retrieval.shortlist import Query, Shortlist, Solution, Terms
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
        Of the song's seconds as they are decoded, then of the step at hand.

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
    query = Query(music, pool, store, pool.judge.options)
    return choose(query, candidates, notes=notes)


def choose(
    query: Query,
    candidates: Sequence[Candidates],
    terms: Terms | None = None,
    *,
    notes: tuple[str, ...] = (),
) -> Composition:
    """Choose one candidate a window and place them.

    Parameters
    ----------
    query : Query
    candidates : sequence of Candidates
        One a window, taken from what the query found.
    terms : Terms, optional
        Without them every candidate may be taken.
    """
    terms, music = terms or Terms(), query.music
    if query.pool.judge.fitting is None:
        solution, dance = _on_seconds(query, candidates, terms)
    else:
        solution, dance = _on_counts(query, query.pool.judge.fitting, candidates, terms)
    table = solution.shortlist.table
    dance = replace(
        dance,
        index_id=query.index_id or query.store.index_id,
        encoder_id=query.store.spec.encoder_id,
    ).with_step("query", query.options.solver, asdict(query.options))
    return Composition(
        dance=dance,
        music=music,
        options=query.options,
        candidates=solution.shortlist.windows,
        path=solution.path,
        rows=solution.shortlist.rows,
        table=table,
        notes=(*notes, *same_films(table, solution.shortlist.films), *other_metres(dance, music)),
        first_frames=query.pool.plan.first_frames,
    )


def _on_seconds(
    query: Query, candidates: Sequence[Candidates], terms: Terms
) -> tuple[Solution, Dance]:
    options = query.options
    shortlist = Shortlist.of(candidates, query.store)
    chain = _chain(shortlist, query.music, options)
    path = _solved(_varied(chain, options.seed), options.solver, terms.allowed(candidates))
    solution = Solution(shortlist, chain, path)
    return solution, _assemble(query.music, solution, options)


def _on_counts(
    query: Query, fitting: Fitting, candidates: Sequence[Candidates], terms: Terms
) -> tuple[Solution, Dance]:
    options, windows = query.options, query.pool.plan.windows
    sides = sides_of(windows, options, terms.turned)
    ending = ending_of(query.music, query.pool.plan)

    def chosen(candidates: Sequence[Candidates], terms: Terms) -> Solution:
        shortlist = Shortlist.of(candidates, query.store)
        fitting.know(shortlist.rows)
        chain = chain_on_counts(shortlist, fitting, options, sides, ending)
        allowed = terms.allowed(candidates)
        solved = partial(_solved, solver=options.solver, allowed=allowed)
        return Solution(shortlist, chain, shorter_takes(_varied(chain, options.seed), solved))

    solution = chosen(candidates, terms)
    if terms.returning and options.structure != "free" and returns(windows):
        # Once more, now that it is known what the first of sections alike is danced to.
        solution = chosen(*repeated(solution, query.pool, query.store, terms))
    return solution, assemble_on_counts(query.music, solution, fitting, options, sides)


def _solved(chain: Chain, solver: str, allowed: Sequence[Int64] | None) -> Int64:
    if allowed is None:
        return _SOLVERS[solver](chain)
    taken = _SOLVERS[solver](chain.only(allowed))
    return np.array([kept[i] for kept, i in zip(allowed, taken, strict=True)], dtype=np.int64)


def _chain(shortlist: Shortlist, music: Music, options: QueryOptions) -> Chain:
    table, poses, places = shortlist.table, shortlist.poses, shortlist.places
    leaving, entering = join_features(poses, velocity_s=options.velocity_s)
    joins = []
    for here, there in pairwise(places):
        cost = options.join_weight * join_costs(leaving[here], entering[there])
        on = _goes_on(table, here, there)
        cost += change_costs(table, shortlist.films, here, there, options) * (1 - on)
        cost += options.facing_weight * turns_between(poses[here][:, -1], poses[there][:, 0])
        joins.append(cost - options.bonus * on)
    beats = music.beats_s * FPS
    watched = watching_costs(poses, options)
    targets = [
        window.targets
        + watched[place]
        + options.rhythm_weight * off_beat(poses[place], beats - w * options.n_frames)
        for w, (window, place) in enumerate(zip(shortlist.windows, places, strict=True))
    ]
    return Chain(
        fragments=[window.rows for window in shortlist.windows],
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


def _assemble(music: Music, solution: Solution, options: QueryOptions) -> Dance:
    length, n_frames = options.n_frames, music.n_frames
    table, poses, places = solution.shortlist.table, solution.shortlist.poses, solution.places
    goes_on = np.array(
        [
            bool(_goes_on(table, places[w : w + 1], places[w + 1 : w + 2])[0, 0])
            for w in range(len(places) - 1)
        ],
        dtype=bool,
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
        fragments=tuple(solution.placement(w, w * options.length_s) for w in range(len(places))),
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
