"""How the answers of two encoders over the same fragments differ.

Windows of the library's own songs ask both. The *true movement* is that danced to the
window; its rank is counted among all fragments of the length, 0.5 of them being chance.
Training may have heard these songs, and copies of the true movement compete with it: the
figures compare two encoders and are no measure of either (`danceit bench retrieval` is one).
Styles are judged by the five nearest fragments of other recordings. *Shared* is the share of
the nearest that both name.
"""

from dataclasses import dataclass

import numpy as np

from danceit.audio import features
from danceit.bench.measures.ranking import (
    Strings,
    squared_distances,
    style_precision,
    true_ranks,
)
from danceit.bench.measures.statistics import Interval, bootstrap_windows
from danceit.data import FPS, Bool, Float32, Float64, Int64
from danceit.errors import DanceitError, InputError
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore, FragmentTable, Where

SHARED_AT = 10
_BEST = 5
_WINDOWS = 300
"""Windows that ask, evenly spread over all fragments with music."""
_FRAGMENTS = 20_000
"""Fragments that are ranked; of a larger library, so many evenly spread."""


@dataclass(frozen=True)
class Standing:
    """What one encoder answers.

    Attributes
    ----------
    rank : Interval
        Median rank of the true movement, as a share of all; smaller is better.
    recall : Interval
        Share of windows whose true movement is among the ten nearest.
    style : Interval
        Share of the song's style among the five nearest of other recordings; NaN where
        styles are not known.
    """

    encoder_id: str
    rank: Interval
    recall: Interval
    style: Interval


@dataclass(frozen=True)
class Comparison:
    """Two encoders beside one another.

    Attributes
    ----------
    shared_by_music, shared_by_movement : float
        Share of the ten nearest that both name, asked by windows of songs and by fragments.
    n_windows, n_songs, n_fragments : int
    """

    before: Standing
    after: Standing
    shared_by_music: float
    shared_by_movement: float
    n_windows: int
    n_songs: int
    n_fragments: int


@dataclass(frozen=True)
class _Asked:
    """The fragments that answer, and the places among them of those whose windows ask."""

    table: FragmentTable
    true: Int64
    n_frames: int


def compare(
    before: FragmentStore, old: Embedder, after: FragmentStore, new: Embedder, *, seed: int = 0
) -> Comparison:
    """Ask both encoders the same.

    Raises
    ------
    InputError
        If no fragment has music that can be heard.
    """
    asked, queries_old, queries_new = _questions(before, old, new)
    rows = asked.table.rows
    vectors_old = before.vectors(rows)
    vectors_new = after.vectors(_same_fragments(after, asked))
    songs = asked.table.audio[asked.true].astype(str)
    near_old = squared_distances(queries_old, vectors_old)
    near_new = squared_distances(queries_new, vectors_new)
    own = asked.table.recording_id[asked.true][:, None] == asked.table.recording_id[None, :]
    moves = [squared_distances(some[asked.true], some) for some in (vectors_old, vectors_new)]
    return Comparison(
        before=_standing(old.encoder_id, near_old, own, asked, songs, seed),
        after=_standing(new.encoder_id, near_new, own, asked, songs, seed),
        shared_by_music=_shared(near_old, near_new),
        shared_by_movement=_shared(*moves),
        n_windows=len(asked.true),
        n_songs=len(set(songs.tolist())),
        n_fragments=len(rows),
    )


def _questions(
    store: FragmentStore, old: Embedder, new: Embedder
) -> tuple[_Asked, Float32, Float32]:
    n_frames = min(store.spec.lengths, key=lambda length: abs(length - 2 * FPS))
    rows = _spread(store.matching(Where(n_frames=n_frames)), _FRAGMENTS)
    table = store.table(rows)
    heard = _spread(np.flatnonzero(table.audio != ""), _WINDOWS)
    true, by_old, by_new = [], [], []
    for song in dict.fromkeys(table.audio[heard].tolist()):
        mine = heard[table.audio[heard] == song]
        starts = np.round(table.start_s[mine] * FPS).astype(np.int64)
        try:
            sounds = [features(song, one.feature_set) for one in (old, new)]
        except (DanceitError, OSError):
            # It is gone, or no music: it cannot ask.
            continue
        last = min(map(len, sounds)) - n_frames
        inside = (starts >= 0) & (starts <= last)
        mine, starts = mine[inside], starts[inside]
        if len(mine):
            true.append(mine)
            by_old.append(old.embed_windows(sounds[0], starts, n_frames))
            by_new.append(new.embed_windows(sounds[1], starts, n_frames))
    if not true:
        raise InputError("no song of the index can be heard, so the encoders cannot be compared")
    asked = _Asked(table, np.concatenate(true), n_frames)
    return asked, np.concatenate(by_old), np.concatenate(by_new)


def _same_fragments(store: FragmentStore, asked: _Asked) -> Int64:
    """Rows of another store of the very same fragments."""
    rows = store.matching(Where(n_frames=asked.n_frames))
    row_of = dict(zip(store.table(rows).fragment_id.tolist(), rows.tolist(), strict=True))
    wanted = asked.table.fragment_id.tolist()
    if missing := [name for name in wanted if name not in row_of]:
        raise InputError(f"the new index lacks {missing[0]}: made from another one?")
    return np.array([row_of[name] for name in wanted], dtype=np.int64)


def _standing(
    encoder_id: str, near: Float64, own: Bool, asked: _Asked, songs: Strings, seed: int
) -> Standing:
    ranks = true_ranks(near, asked.true)
    styles = asked.table.style.astype(str)
    others = style_precision(
        np.where(own, np.inf, near), styles, styles[asked.true], _BEST, np.random.default_rng(seed)
    )
    return Standing(
        encoder_id,
        rank=bootstrap_windows(ranks / near.shape[1], songs, "median", seed=seed),
        recall=bootstrap_windows((ranks < SHARED_AT).astype(np.float64), songs, "mean", seed=seed),
        style=bootstrap_windows(others, songs, "mean", seed=seed),
    )


def _shared(a: Float64, b: Float64) -> float:
    """Share of the `SHARED_AT` nearest that two distance matrices (Q, N) have in common."""
    k = min(SHARED_AT, a.shape[1])
    first, second = (np.argsort(near, axis=1, kind="stable")[:, :k] for near in (a, b))
    pairs = zip(first, second, strict=True)
    return float(np.mean([np.intersect1d(*pair).size / k for pair in pairs]))


def _spread(rows: Int64, count: int) -> Int64:
    """At most `count` of them, evenly spread."""
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)]
