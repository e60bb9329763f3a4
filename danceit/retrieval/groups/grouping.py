"""From a song and an index to the dances of a group."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from danceit.align import Aligner, align
from danceit.clock import clock
from danceit.data import Dance, Float64, Int64, Music
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore
from danceit.retrieval.candidates import Song, find_candidates
from danceit.retrieval.choices import with_choices
from danceit.retrieval.composing import Composition, choose
from danceit.retrieval.groups.floor import nearest_px, on_one_floor, standing
from danceit.retrieval.groups.formations import formations_of, walked
from danceit.retrieval.groups.timing import Timing, delayed, in_a_mirror, like_a_person
from danceit.retrieval.notes import few_candidates
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.shortlist import Query, Terms


@dataclass(frozen=True)
class GroupOptions:
    """How a group dances.

    Attributes
    ----------
    dancers : int
        2 to 12.
    formation : str
        See `danceit.retrieval.groups.formations.formations_of`.
    timing : str
        ``unison``, ``canon:COUNTS``, ``mirror`` or ``free``.

    Raises
    ------
    InputError
        If one of them is none.
    """

    dancers: int = 2
    formation: str = "line"
    timing: str = "unison"

    def __post_init__(self) -> None:
        Timing.parsed(self.timing)
        # Whether there is depth is known with the index.
        formations_of(self.formation, self.dancers, deep=True)


@dataclass(frozen=True)
class Group:
    """Dances to one song on one stage, the first dancer's first.

    Attributes
    ----------
    nearest_px : float
        Least distance between the middles of two dancers' hips, over all frames.
    notes : tuple of str
        What the user should know.
    """

    dances: tuple[Dance, ...]
    nearest_px: float
    notes: tuple[str, ...]


def compose_group(
    song: Path,
    store: FragmentStore,
    embedder: Embedder,
    options: QueryOptions,
    group: GroupOptions,
    chain: Sequence[Aligner],
) -> Group:
    """Choose what each dancer dances, align it, and put all of them on one stage.

    Raises
    ------
    InputError
        As `danceit.retrieval.composing.compose`, and if a formation needs depth that the
        index has not, or a canon counts that the song has not.
    """
    heard = Song.heard(song, embedder)
    music = heard.music
    formations = formations_of(group.formation, group.dancers, deep=store.spec.dims == 3)
    timing = Timing.parsed(group.timing)
    chosen = _chosen(heard, store, embedder, options, group.dancers if timing.name == "free" else 1)
    aligned = [align(one.dance, music, chain) for one in chosen]
    ways, notes = walked(formations, music.counts, music.n_frames)
    dances = _shared(aligned, timing, music, ways[0], options.seed)
    name = _name_of(dances[0], options, group)
    placed = tuple(
        dance.with_step(
            "group",
            timing.name,
            {"group": name, "dancer": i + 1, **asdict(group)},
            joints=joints,
        )
        for i, (dance, joints) in enumerate(zip(dances, on_one_floor(dances, ways), strict=True))
    )
    nearest = float(nearest_px(standing(placed)).min())
    return Group(placed, nearest, (*chosen[0].notes, *notes, *_alike(chosen)))


def _chosen(
    song: Song,
    store: FragmentStore,
    embedder: Embedder,
    options: QueryOptions,
    count: int,
) -> list[Composition]:
    """Choose `count` dances, no two of which show the same fragment while there are others."""
    music = song.music
    candidates, pool = find_candidates(song, store, embedder, options)
    notes = (*music.counts.notes, *pool.notes, *few_candidates(candidates, options))
    query = Query(music, pool, store, pool.judge.options, store.index_id)
    made: list[Composition] = []
    for dancer in range(count):
        shown = [_rows(one) for one in made]
        terms = Terms(elsewhere=list(np.stack(shown, axis=1)) if shown else ())
        own = replace(query, options=replace(query.options, seed=options.seed + dancer))
        made.append(with_choices(choose(own, candidates, terms, notes=notes)))
    return made


def _rows(composition: Composition) -> Int64:
    """Row (W,) that each window shows."""
    chosen = zip(composition.candidates, composition.path, strict=True)
    return np.array([window.rows[i] for window, i in chosen], dtype=np.int64)


def _alike(chosen: Sequence[Composition]) -> tuple[str, ...]:
    """Say where dancers who should not show the same fragment at once."""
    shown = np.sort(np.stack([_rows(one) for one in chosen]), axis=0)
    alike = np.flatnonzero((np.diff(shown, axis=0) == 0).any(axis=0))
    if not alike.size:
        return ()
    first_s = chosen[0].dance.fragments[int(alike[0])].window_start_s
    return (
        f"in {len(alike)} of {shown.shape[1]} windows, from {clock(first_s)} on, two dancers show "
        f"the same fragment: fewer than {len(chosen)} were found there; try a larger --k, fewer "
        "filters or fewer dancers",
    )


def _shared(
    aligned: Sequence[Dance], timing: Timing, music: Music, places: Float64, seed: int
) -> list[Dance]:
    """Give every dancer of N places (N, 2) something to dance."""
    if timing.name == "free":
        return list(aligned)
    lead, dances = aligned[0], []
    for i, place in enumerate(places):
        dance = lead
        if timing.name == "canon" and i:
            dance = delayed(dance, music.counts, i * timing.counts)
        if timing.name == "mirror" and place[0] > 1e-6:
            dance = in_a_mirror(dance)
        if i:
            dance = like_a_person(dance, np.random.default_rng((seed, i)))
        dances.append(dance)
    return dances


def _name_of(dance: Dance, options: QueryOptions, group: GroupOptions) -> str:
    """Name by which the dances of a group know one another."""
    song = dance.song.sha256 if dance.song else ""
    facts = [song, dance.index_id, asdict(options), asdict(group)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
