"""Fragments that move like a move: the encoder finds them, the joints say how alike they are.

The encoder's pose space does not ask where on the stage and towards whom a move was danced.
The move, stretched to each length of the index that is near its own, is looked for there, and
its mirror image too where that is asked for, both at once. What is found is compared joint by
joint at a few moments, as it is and in the mirror; the nearest are slid along their clips to where
they lie best and ranked by `danceit.retrieval.search.likeness`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from danceit.data import FPS, Bool, Float32, Float64, Int64, mirrored
from danceit.errors import IndexStateError, InputError
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore, FragmentTable, Where
from danceit.retrieval.search.columns import parsed
from danceit.retrieval.search.copies import Hits, collapsed
from danceit.retrieval.search.filtering import Search, searching
from danceit.retrieval.search.likeness import (
    Bodies,
    Fit,
    even_distances,
    evenly,
    fitted,
    warped_distance,
)
from danceit.retrieval.search.moves import Move
from danceit.retrieval.search.sliding import slid, surrounded

WIDEST = 1.3
"""Most by which a move is stretched or squeezed to the length of a fragment."""
_POOL = 192
"""Fragments of each length that are fetched for each way of looking."""
_LAID = 24
"""Those of them, the nearest as they stand, that are slid and laid on the move moment by moment."""
_MOMENTS = 12
"""Evenly spread, by which it is told which are nearest: a quarter of the work for 2 s."""
MOST = 500
"""Rows that may be asked for."""


@dataclass(frozen=True)
class MoveOptions:
    """How a move is looked for.

    Attributes
    ----------
    k : int
        Rows, 1 to `MOST`: different moves, each with its copies.
    where : str
        Only fragments that satisfy this; see `danceit.retrieval.search.expression`.
    mirror : bool
        Whether the mirror image counts as the same move.

    Raises
    ------
    InputError
        If `k` is out of range or `where` is no expression.
    """

    k: int = 20
    where: str = ""
    mirror: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MOST:
            raise InputError(f"`k` must be from 1 to {MOST}; got {self.k}")
        if self.where:
            parsed(self.where)


@dataclass(frozen=True)
class Match:
    """A fragment that moves like what was looked for.

    Attributes
    ----------
    row : int
        Of the store.
    fragment_id : str
        The index's fragment by which it was found; it lies within half a length of it.
    start_s, end_s : float
        Seconds into the recording's media, to the frame.
    apart_px : float
        Mean distance of the joints, canvas pixels (360 are a body), once both face alike and
        keep the same time; smaller is more alike.
    distance : float
        Squared L2 in the encoder's space.
    stretch : float
        How many times as long as the move it lasts.
    turn_deg : float
        About the vertical, by which it has to be turned to face as the move does.
    mirrored : bool
        Whether it is the move's mirror image.
    copies : tuple of str
        Fragments by which the very same movement was found elsewhere.
    laid : float64 (L, 18, C)
        It, as it lies on the move.
    """

    row: int
    fragment_id: str
    clip_id: str
    source: str
    start_s: float
    end_s: float
    style: str
    dancer: str
    licence: str
    apart_px: float
    distance: float
    stretch: float
    turn_deg: float
    mirrored: bool
    copies: tuple[str, ...]
    laid: Float64

    def record(self) -> dict[str, Any]:
        """It as plain values, without its poses and what only the open store knows."""
        hidden = ("row", "laid")
        plain = {name: value for name, value in vars(self).items() if name not in hidden}
        return plain | {"copies": list(self.copies)}


@dataclass(frozen=True)
class _Hits:
    """What was found of one length, N fragments laid on the move.

    `offsets` are frames slid; where `mirrored`, `fit` is of the fragment's mirror image.
    """

    table: FragmentTable
    offsets: Int64
    distances: Float64
    apart_px: Float64
    fit: Fit
    mirrored: Bool


def find_moves(
    move: Move,
    store: FragmentStore,
    embedder: Embedder,
    options: MoveOptions | None = None,
) -> tuple[Match, ...]:
    """Find the fragments that move most like a move, nearest first.

    Raises
    ------
    InputError
        If the move is too short or too long for the index, flat where the index is not, or
        shows no joints.
    IndexStateError
        If the store was made by another encoder.
    """
    options = options or MoveOptions()
    if store.spec.encoder_id != embedder.encoder_id:
        raise IndexStateError(
            f"the index was made by encoder {store.spec.encoder_id}, not {embedder.encoder_id}"
        )
    poses = _checked(move, store.spec.dims)
    lengths = lengths_for(move, store.spec.lengths)
    search = searching(store, options.where)
    looked = _Looked(store, embedder, search, options)
    found = [hits for length in lengths if (hits := looked.found(poses, length)) is not None]
    return _ranked(found, len(poses), options.k)


def lengths_for(move: Move, lengths: Sequence[int]) -> list[int]:
    """Lengths in frames of the fragments that a move can be stretched to.

    Raises
    ------
    InputError
        If there is none.
    """
    wanted = len(move.poses)
    near = [length for length in lengths if 1 / WIDEST <= length / wanted <= WIDEST]
    if near:
        return near
    nearest = min(lengths, key=lambda length: abs(np.log(length / wanted)))
    low_s, high_s = min(lengths) / WIDEST / FPS, max(lengths) * WIDEST / FPS
    if low_s <= move.duration_s <= high_s:
        return [nearest]
    part = f"; name a part of it, such as {move.name}@1-3" if move.duration_s > high_s else ""
    raise InputError(
        f"a move lasts from {low_s:.1f} to {high_s:.1f} s in this index; "
        f"{move.name} lasts {move.duration_s:.1f} s{part}"
    )


def _checked(move: Move, dims: int) -> Float32:
    if move.poses.shape[-1] < dims:
        raise InputError(
            f"{move.name} is in 2-D and the index in 3-D: build an index of projected dances "
            "(danceit index build --dims 2)"
        )
    poses = move.poses[..., :dims]
    if not np.isfinite(poses).all(axis=-1).any():
        raise InputError(f"{move.name} shows no joints there")
    return poses


@dataclass(frozen=True)
class _Looked:
    """Where and how moves are looked for."""

    store: FragmentStore
    embedder: Embedder
    search: Search
    options: MoveOptions

    def found(self, poses: Float32, length: int) -> _Hits | None:
        """Search fragments of one length for a move (T, 18, C), and measure what is found."""
        store, k = self.store, self.options.k
        probe = evenly(poses, length)
        ways = [probe, mirrored(probe)] if self.options.mirror else [probe]
        vectors = self.embedder.embed_poses(np.stack(ways))
        hits = self.search(vectors, max(_POOL, 3 * k), by="pose", where=Where(n_frames=length))
        if not hits.rows.shape[1]:
            return None
        # Each way of looking may as well take what the other one found.
        rows = np.unique(hits.rows)
        others = store.poses(rows)
        way, at = _nearest(ways, others, max(_LAID, k + k // 2))
        flipped = way > 0
        table = store.table(rows[at])
        around = surrounded(store, table, others[at]).in_a_mirror(flipped)
        offsets = slid(probe, around)
        fit = fitted(probe, around.windows(offsets))
        apart = store.vectors(rows[at]).astype(np.float64) - vectors[way]
        return _Hits(
            table=table,
            offsets=offsets,
            distances=(apart**2).sum(axis=1),
            apart_px=np.minimum(warped_distance(poses, fit.laid), fit.apart_px),
            fit=fit,
            mirrored=flipped,
        )


def _nearest(ways: Sequence[Float32], others: Float32, count: int) -> tuple[Int64, Int64]:
    """Number of the way of looking, and place among others (N, L, 18, C), of the nearest pairs."""
    moments = np.linspace(0, others.shape[1] - 1, _MOMENTS).round().astype(np.int64)
    bodies = Bodies.of(others[:, moments])
    near = np.stack([even_distances(Bodies.of(one[moments]), bodies) for one in ways])
    best = np.argsort(near, axis=None, kind="stable")[:count]
    way, at = np.divmod(best, len(others))
    return way, at


def _ranked(found: Sequence[_Hits], n_frames: int, k: int) -> tuple[Match, ...]:
    every = [
        _match(hits, i, n_frames)
        for hits in found
        for i in range(len(hits.table))
        if np.isfinite(hits.apart_px[i])
    ]
    every.sort(key=lambda match: (match.apart_px, match.row, match.mirrored))
    starts = [round(match.start_s * FPS) for match in every]
    places = Hits(
        clips=np.array([match.clip_id for match in every], dtype=object),
        first=np.array(starts, dtype=np.int64),
        n_frames=np.array([len(match.laid) for match in every], dtype=np.int64),
        laid=[match.laid for match in every],
        apart_px=np.array([match.apart_px for match in every]),
    )
    return tuple(
        replace(every[at.place], copies=tuple(every[one].fragment_id for one in at.copies))
        for at in collapsed(places, k)
    )


def _match(hits: _Hits, i: int, n_frames: int) -> Match:
    table, flipped = hits.table, bool(hits.mirrored[i])
    slid_s = float(hits.offsets[i]) / FPS
    laid, turn_deg = hits.fit.laid[i], float(np.degrees(hits.fit.turn[i]))
    return Match(
        row=int(table.rows[i]),
        fragment_id=str(table.fragment_id[i]),
        clip_id=str(table.clip_id[i]),
        source=str(table.source[i]),
        start_s=float(table.start_s[i]) + slid_s,
        end_s=float(table.end_s[i]) + slid_s,
        style=str(table.style[i]),
        dancer=str(table.dancer[i]),
        licence=str(table.licence[i]),
        apart_px=float(hits.apart_px[i]),
        distance=float(hits.distances[i]),
        stretch=float(table.n_frames[i] / n_frames),
        turn_deg=-turn_deg if flipped else turn_deg,
        mirrored=flipped,
        copies=(),
        laid=mirrored(laid) if flipped else laid,
    )
