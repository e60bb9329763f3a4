"""Choosing and putting together on the grid of counts.

What is chosen for a window is laid on it count by count (`danceit.retrieval.time_map`), and
stands and faces as `danceit.retrieval.staging` says. Where the source goes on from one
window to the next they are one run, whose time and place are continuous.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from danceit.align.retiming import sampled
from danceit.data import (
    FPS,
    Bool,
    Dance,
    DanceSong,
    Float32,
    Float64,
    Int64,
    Music,
    Placement,
    mirrored,
)
from danceit.index.store.contract import FragmentStore
from danceit.index.store.nouns import Names
from danceit.retrieval.candidates import Candidates, Pool
from danceit.retrieval.change_costs import change_costs, turns_between, watching_costs
from danceit.retrieval.continuity import Chain, Shown
from danceit.retrieval.fitting import Fitting, Laid, LaidRows, follows
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.placing import disagreement, join_costs, join_features
from danceit.retrieval.planning import WIDEST, Plan
from danceit.retrieval.shortlist import Shortlist, Solution, Terms
from danceit.retrieval.staging import staged
from danceit.retrieval.time_map import calmed, joined, knots_of, shown_s
from danceit.retrieval.windows import Window, other_side

_HELD_BARS = 2.0
"""Bars after the last 1 up to which the last pose is held; a longer ending is danced."""
_HELD_SHARE = 0.25
"""Share of a song up to which it is: three seconds of music are danced, not posed to."""
_SETTLE_S = 0.12
"""Seconds in which what still moved dies away in the last pose."""
_REST = 20.0
"""Joins of as many px that coming to rest is dear as: the last pose stands for a bar or two;
without it a dancer is stopped in full swing (155 px/s, the median of 13 songs; 44 with it)."""
TAKE = 8
"""Windows that one take may last at no cost: 16 s, about four eights."""
TAKE_COST = 0.4
"""Cost of each window beyond them, rising by as much with the next."""
_ROUNDS = 4


def chain_on_counts(
    shortlist: Shortlist,
    fitting: Fitting,
    options: QueryOptions,
    sides: Sequence[bool] = (),
    ending: int | None = None,
) -> Chain:
    """State the problem; see `danceit.retrieval.continuity`.

    `sides` are those of `sides_of`, which are asked for where none are given; `ending` is the
    window of `ending_of`, whose last pose is preferred the stiller the dancer is in it.
    """
    windows, table, places = fitting.plan.windows, shortlist.table, shortlist.places
    laid = [fitting.laid_rows(w, window.rows) for w, window in enumerate(shortlist.windows)]
    ends = [
        _ends(shortlist.poses[place], table.start_s[place], own)
        for place, own in zip(places, laid, strict=True)
    ]
    sides = sides or sides_of(windows, options)
    ends = [mirrored(end) if side else end for end, side in zip(ends, sides, strict=True)]
    described = [join_features(end, velocity_s=options.velocity_s) for end in ends]
    clips = np.asarray(table.clip_id)
    joins = []
    for w, (here, there) in enumerate(pairwise(places)):
        cost = options.join_weight * join_costs(described[w][0], described[w + 1][1])
        cost += change_costs(table, shortlist.films, here, there, options)
        cost += options.facing_weight * turns_between(ends[w][:, -1], ends[w + 1][:, 0])
        if not windows[w + 1].opens_eight:
            cost += options.eight_weight
        on = goes_on(laid[w], laid[w + 1], clips[here], clips[there])
        joins.append(np.where(on, -options.bonus, cost) if sides[w] == sides[w + 1] else cost)
    watched = watching_costs(shortlist.poses, options)
    targets = [
        window.targets + watched[place]
        for window, place in zip(shortlist.windows, places, strict=True)
    ]
    if ending is not None:
        still = rest_costs(ends[ending], velocity_s=options.velocity_s)
        targets[ending] = targets[ending] + _REST * options.join_weight * still
    return Chain(
        fragments=[window.rows for window in shortlist.windows],
        targets=targets,
        joins=joins,
        repetition=options.repetition,
        memory=options.memory,
        reuse=options.reuse,
        shown=_stretches(shortlist, laid),
    )


def _stretches(shortlist: Shortlist, laid: Sequence[LaidRows]) -> Shown:
    """What each fragment shows in the first window that it is a candidate of."""
    places = np.concatenate(shortlist.places)
    place, at = np.unique(places, return_index=True)
    ahead_s = shortlist.films.ahead_s[place]
    return Shown(
        fragments=shortlist.rows[place],
        clip=shortlist.films.takes(shortlist.table)[place],
        first_s=np.concatenate([own.first_s for own in laid])[at] + ahead_s,
        last_s=np.concatenate([own.last_s for own in laid])[at] + ahead_s,
    )


def sides_of(
    windows: Sequence[Window], options: QueryOptions, turned: Sequence[bool] = ()
) -> list[bool]:
    """Whether each window is mirrored: by the song's structure, and where that was `turned`."""
    sides = other_side(windows) if options.structure == "mirror" else [False] * len(windows)
    return [side != turn for side, turn in zip(sides, turned or [False] * len(sides), strict=True)]


def goes_on(here: LaidRows, there: LaidRows, clips_here: Names, clips_there: Names) -> Bool:
    """Whether each of B fragments simply follows each of A in the same clip: bool (A, B)."""
    stops = np.where(here.place >= 0, here.place + here.n_counts, -2)
    same = clips_here[:, None] == clips_there[None, :]
    return np.asarray(same & (stops[:, None] == there.place[None, :]))


def tied(windows: Sequence[Window]) -> list[int]:
    """For each window, the first one that it should be danced like; itself where there is none.

    Those at the same place of sections with the same label, of as many counts in the same metre.
    """
    first: dict[tuple[str, int, int, int], int] = {}
    ties = []
    for w, window in enumerate(windows):
        key = (window.section, window.place, window.counts, window.metre)
        ties.append(first.setdefault(key, w) if window.section else w)
    return ties


def returns(windows: Sequence[Window]) -> bool:
    """Whether any window is tied to an earlier one."""
    return any(first != w for w, first in enumerate(tied(windows)))


def repeated(
    solution: Solution, pool: Pool, store: FragmentStore, terms: Terms
) -> tuple[tuple[Candidates, ...], Terms]:
    """Candidates and terms with which a section that returns brings its moves back.

    What was chosen for the first of windows that are tied is the only choice of all of them: left
    free, the first would flee from the very movement that returns, which is repetition. Where
    the terms ask for something else, or another dancer shows it then, a window stays free.
    """
    windows, fixed = solution.shortlist.windows, dict(terms.fixed)
    for w, first in enumerate(tied(pool.plan.windows)):
        row = solution.rows[first : first + 1]
        if first != w and w not in terms.fixed and not len(terms.taken_elsewhere(w, row)):
            fixed[w] = fixed[first] = int(row[0])
    missing = {
        w: np.append(windows[w].rows, row) for w, row in fixed.items() if row not in windows[w].rows
    }
    judged = pool.judge.judge(missing, store)
    widened = tuple(judged.get(w, window) for w, window in enumerate(windows))
    return widened, replace(terms, fixed=fixed)


def shorter_takes(chain: Chain, solved: Callable[[Chain], Int64]) -> Int64:
    """Path (W,) of least cost found where a take costs more the longer it is beyond `TAKE` windows.

    A take that is too long is charged where it should be cut, all that it then costs too much,
    and the chain solved anew: another take that goes on in the same windows, or the same one
    begun again, may be short, and is not charged for it.
    """
    on = [join <= 0 for join in chain.joins]
    path = best = solved(chain)
    least, priced = chain.cost(path) + TAKE_COST * sum(_beyond(on, path)), chain
    for _ in range(_ROUNDS):
        beyond = _beyond(on, path)
        if not any(beyond):
            break
        joins = [join.copy() for join in priced.joins]
        at = 0
        for w, over in enumerate(beyond):
            at = w if (over - 1) % TAKE == 0 else at
            if over:
                joins[at][path[at], path[at + 1]] += TAKE_COST * ((over - 1) % TAKE + 1)
        priced = replace(priced, joins=joins)
        path = solved(priced)
        cost = chain.cost(path) + TAKE_COST * sum(_beyond(on, path))
        if cost < least:
            best, least = path, cost
    return best


def _beyond(on: Sequence[Bool], path: Int64) -> list[int]:
    """Windows (W - 1) beyond `TAKE`, 0 within it, that the take at each join of a path lasts."""
    length, beyond = 0, []
    for w, going in enumerate(on):
        length = length + 1 if going[path[w], path[w + 1]] else 0
        beyond.append(max(0, length - TAKE + 1))
    return beyond


def assemble_on_counts(
    music: Music,
    solution: Solution,
    fitting: Fitting,
    options: QueryOptions,
    sides: Sequence[bool],
) -> Dance:
    """Lay what was chosen on its windows, one run behind the other."""
    windows, n_frames = fitting.plan.windows, music.n_frames
    laid = [fitting.laid(w, row) for w, row in enumerate(solution.rows.tolist())]
    edges = [*fitting.plan.first_frames, n_frames]
    held, ending = _held_from(music), ending_of(music, fitting.plan)
    runs = _runs(solution, laid, sides, ending)
    times_s = np.minimum(np.arange(n_frames), held) / FPS
    joints = np.empty((n_frames, *solution.shortlist.poses.shape[2:]), dtype=np.float32)
    source_s = np.empty(n_frames)
    for run in runs:
        start, stop = edges[run[0]], edges[run[-1] + 1]
        moving = [w for w in run if w <= ending]
        knots = joined([knots_of(windows[w].beats_s, laid[w].beats_s) for w in moving])
        wanted_s = shown_s(calmed(knots, WIDEST), times_s[start:stop])
        shown, source_s[start:stop] = _shown(solution, moving, wanted_s)
        shown = mirrored(shown) if sides[run[0]] else shown
        before = joints[start - 2 : start] if start >= 2 else None
        joints[start:stop] = staged(shown, before, options.facing).joints
    starts = [edges[run[0]] for run in runs]
    fragments = []
    for w, window in enumerate(windows):
        own = min(w, ending)
        placed = laid[own].noted(solution.placement(own, max(0.0, window.start_s)))
        fragments.append(_widened(placed, source_s[edges[w] : edges[w + 1]], sides[own]))
    return Dance(
        joints=_settled(joints, held),
        seams=np.array([start for start in starts if 0 < start < n_frames], dtype=np.int64),
        beats_s=music.beats_s,
        numbers=music.counts.numbers,
        song=DanceSong(music.path.absolute(), music.sha256, music.duration_s),
        source_index=np.repeat(np.arange(len(laid), dtype=np.int32), np.diff(edges)),
        source_s=source_s,
        fragments=tuple(fragments),
    )


def _runs(
    solution: Solution, laid: Sequence[Laid], sides: Sequence[bool], ending: int
) -> list[range]:
    """Windows of each run: those in which one source simply goes on, and all after the end."""
    clips = np.asarray(solution.shortlist.table.clip_id)[solution.places]
    starts = [0]
    for w in range(1, len(laid)):
        same = clips[w - 1] == clips[w] and sides[w - 1] == sides[w]
        if not (w > ending or (same and follows(laid[w - 1], laid[w]))):
            starts.append(w)
    return [range(*edges) for edges in pairwise([*starts, len(laid)])]


def _shown(
    solution: Solution, windows: Sequence[int], wanted_s: Float64
) -> tuple[Float32, Float64]:
    """Poses (N, 18, C) of a run's source at the seconds of it that are wanted, and which."""
    own_s, own = _take(solution.shortlist, solution.places[list(windows)])
    at = _within((wanted_s - own_s) * FPS, len(own))
    return sampled(own, at, np.zeros(0, np.int64)), own_s + at / FPS


def _take(shortlist: Shortlist, places: Int64) -> tuple[float, Float32]:
    """Second at which a run of fragments of one clip begins, and all its poses (N, 18, C)."""
    table, poses = shortlist.table, shortlist.poses
    starts = table.start_frame[places] - table.start_frame[places[0]]
    n_frames = poses.shape[1]
    whole = np.full((int(starts[-1]) + n_frames, *poses.shape[2:]), np.nan, dtype=np.float32)
    reached = 0
    for start, place in zip(starts.tolist(), places.tolist(), strict=True):
        whole[start : start + n_frames] = poses[place]
        # A count may end within the frame after a fragment's last.
        whole[reached:start] = whole[max(0, reached - 1)]
        reached = start + n_frames
    return float(table.start_s[places[0]]), whole


def _within(at: Float64, n_frames: int) -> Float64:
    """Hold the first and the last position that a run has where others are asked for."""
    inside = np.flatnonzero((at >= 0) & (at <= n_frames - 1))
    if not inside.size:
        return np.clip(at, 0.0, n_frames - 1.0)
    return np.asarray(np.clip(at, at[inside[0]], at[inside[-1]]), dtype=np.float64)


def ending_of(music: Music, plan: Plan) -> int:
    """Number of the window in which movement comes to rest, on the song's last 1.

    Those that begin there hold its last pose: nobody is cut to only to stand still.
    """
    held = _held_from(music)
    return max(w for w, first in enumerate(plan.first_frames) if w == 0 or first < held)


def rest_costs(ends: Float32, *, velocity_s: float) -> Float64:
    """Cost (N,) in px of coming to rest at the end of fragments whose ends (N, 4, 18, C) are these.

    That of a join to the same pose, standing: see `danceit.retrieval.placing.join_costs`.
    Fragments that end with no joint to be seen cost nothing; their joins cost enough.
    """
    leaving, _ = join_features(ends, velocity_s=velocity_s)
    _, standing = join_features(np.repeat(ends[:, -1:], 2, axis=1), velocity_s=velocity_s)
    costs = disagreement(leaving, standing)
    return np.where(np.isfinite(costs), costs, 0.0)


def _held_from(music: Music) -> int:
    """Frame of the last 1, from which the last pose is held; T where much follows on it."""
    ones, metre = music.counts.downbeats_s, int(music.counts.metre_at(music.duration_s))
    if not len(ones) or not metre or music.tempo_bpm <= 0:
        return music.n_frames
    frame = round(float(ones[-1]) * FPS)
    left_s = (music.n_frames - frame) / FPS
    longest_s = _HELD_BARS * metre * 60 / music.tempo_bpm
    longest_s = min(longest_s, _HELD_SHARE * music.duration_s)
    return frame if frame >= 2 and left_s <= longest_s else music.n_frames


def _settled(joints: Float32, held: int) -> Float32:
    """Let the movement into frame `held` die away in the frames after it, which show one moment."""
    after = np.arange(len(joints) - held) / FPS
    if len(after) > 1:
        speed = (joints[held] - joints[held - 1]) * FPS
        drift = _SETTLE_S * (1 - np.exp(-after / _SETTLE_S))
        joints[held:] = joints[held] + drift[:, None, None].astype(np.float32) * speed
    return joints


def _ends(poses: Float32, starts_s: Float64, laid: LaidRows) -> Float32:
    """First two and last two frames (N, 4, 18, C) of what fragments (N, L, 18, C) show."""
    n_frames = poses.shape[1]
    edges_s = np.stack([laid.first_s, laid.last_s], axis=1)
    first, last = np.round((edges_s - starts_s[:, None]) * FPS).astype(np.int64).T
    first, last = np.clip(first, 0, n_frames - 2), np.clip(last, 2, n_frames - 1)
    own = np.arange(len(poses))
    picked = [poses[own, first], poses[own, first + 1], poses[own, last - 1], poses[own, last]]
    return np.stack(picked, axis=1)


def _widened(placed: Placement, shown_s: Float64, side: bool) -> Placement:
    """Widen what is written down to all that is shown, on the side to which it is."""
    return replace(
        placed,
        start_s=min(placed.start_s, float(shown_s.min())),
        end_s=max(placed.end_s, float(shown_s.max())),
        mirrored=side,
    )
