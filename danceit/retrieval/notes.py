"""What the user should know about a choice: little to choose from, copies, another metre."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danceit.clock import clock
from danceit.data import FPS, Dance, Music
from danceit.index.store.contract import FragmentStore, FragmentTable
from danceit.retrieval.candidates import Candidates
from danceit.retrieval.films import Films
from danceit.retrieval.filters import asked_for
from danceit.retrieval.fitting import alike
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import Plan

_MANY = 50_000
"""Fragments from which on nobody has to be told that there is little movement."""


_ENOUGH = 12
"""Fragments a window that are choice enough, where nobody asked for a number of them."""


def few_candidates(ranked: Sequence[Candidates], options: QueryOptions) -> tuple[str, ...]:
    """Say where fewer fragments than asked for were there to choose from."""
    fewest = min(len(window.rows) for window in ranked)
    if fewest < options.k and (fewest < _ENOUGH or options.k != QueryOptions.k):
        return (f"only {fewest} fragments of {options.length_s:g} s fit; `k` cut down to that",)
    return ()


def little_movement(
    store: FragmentStore, plan: Plan, options: QueryOptions, duration_s: float
) -> tuple[str, ...]:
    """Say where a song is longer than all the movement that may be shown to it."""
    rows = store.matching(asked_for(options, plan.n_frames))
    if not len(rows) or len(rows) > _MANY:
        return ()
    table = store.table(rows)
    clips = table.clip_id.astype(str)
    order = np.lexsort((table.start_frame, clips))
    clips, starts = clips[order], table.start_frame[order]
    # All are of one length: each adds what lies beyond the one before it of its clip.
    beyond = np.where(clips[1:] == clips[:-1], np.diff(starts), plan.n_frames)
    shown_s = float(plan.n_frames + np.minimum(beyond, plan.n_frames).sum()) / FPS
    if shown_s >= duration_s:
        return ()
    return (
        f"{clock(shown_s, 0)} of movement must fill a song of {clock(duration_s, 0)}: moves come "
        "back often; a larger library, or fewer filters, give more (danceit index gaps SONG says "
        "what to film)",
    )


def other_metres(dance: Dance, music: Music) -> tuple[str, ...]:
    """Say how many windows show what was danced in another metre than the song's."""
    song = music.counts.metre_at([placed.window_start_s for placed in dance.fragments]).tolist()
    danced = [placed.metre for placed in dance.fragments]
    others = [
        own
        for own, asked in zip(danced, song, strict=True)
        if own and asked and not alike(own, asked)
    ]
    if not others:
        return ()
    return (
        f"{len(others)} of {len(danced)} windows of this song in {_listed(song)} show what was "
        f"danced in {_listed(others)}: nothing better was found",
    )


def same_films(table: FragmentTable, films: Films) -> tuple[str, ...]:
    """Say which videos among the candidates are copies of one film."""
    videos = np.asarray(table.video)
    named = [
        " and ".join(sorted({Path(video).name for video in videos[films.number == film]}))
        for film in np.unique(films.number[films.number >= 0])
        if len(set(videos[films.number == film])) > 1
    ]
    return tuple(f"{names} show the same film: taken for one" for names in named)


def _listed(metres: Sequence[int]) -> str:
    """Name metres, the commonest first."""
    return " and ".join(str(metre) for metre, _ in Counter(metres).most_common() if metre)
