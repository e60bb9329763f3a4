"""What the user should know about a choice: little to choose from, another metre."""

from collections.abc import Sequence

import numpy as np

from danceit.data import FPS, Dance, Music
from danceit.index.store.contract import FragmentStore, Where
from danceit.retrieval.candidates import Candidates, asked_for
from danceit.retrieval.fitting import alike
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import Plan

_MANY = 50_000
"""Fragments from which on nobody has to be told that there is little movement."""


def few_candidates(ranked: Sequence[Candidates], options: QueryOptions) -> tuple[str, ...]:
    """Say where fewer fragments than asked for were there to choose from."""
    fewest = min(len(window.rows) for window in ranked)
    if fewest < options.k:
        return (f"only {fewest} fragments of {options.length_s:g} s fit; `k` cut down to that",)
    return ()


def little_movement(
    store: FragmentStore, plan: Plan, options: QueryOptions, duration_s: float
) -> tuple[str, ...]:
    """Say where a song is longer than all the movement that may be shown to it."""
    where: Where = asked_for(options, plan.n_frames)
    rows = store.matching(where)
    if len(rows) > _MANY:
        return ()
    table = store.table(rows)
    shown_s = 0.0
    for clip in np.unique(table.clip_id.astype(str)):
        own = table.clip_id == clip
        frames = np.zeros(int((table.start_frame + table.n_frames)[own].max()), dtype=bool)
        for start, length in zip(table.start_frame[own], table.n_frames[own], strict=True):
            frames[start : start + length] = True
        shown_s += float(frames.sum()) / FPS
    if shown_s >= duration_s:
        return ()
    return (
        f"{_clock(shown_s)} of movement must fill a song of {_clock(duration_s)}: moves come back "
        "often; a larger library, or fewer filters, give more",
    )


def other_metres(dance: Dance, music: Music) -> tuple[str, ...]:
    """Say how many windows show what was danced in another metre than the song's."""
    metre = music.counts.metre
    danced = [placed.metre for placed in dance.fragments]
    others = sorted({one for one in danced if one and not alike(one, metre)}) if metre else []
    if not others:
        return ()
    count = sum(one in others for one in danced)
    return (
        f"{count} of {len(danced)} windows of this song in {metre} show what was danced in "
        f"{' or '.join(map(str, others))}: nothing better was found",
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
