"""The library as the studio asks it: opened once, looked at by fragment, clip and dancer."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import FPS, Float64, Int64
from danceit.index.cleaning.turns import count_all_turns
from danceit.index.store.contract import FragmentStore, FragmentTable, Where
from danceit.index.store.engines import open_store
from danceit.render.drawing.overlay import clip_colour
from danceit.render.page.data import moves_as_json
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.studio.names import UnknownIdError

_READ = 1024
"""Fragments whose movement is held at a time."""
SHOWN_FRAMES = 48
"""Length of the moves that the library shows: 2 s, which is an eight in a quick song."""


class Library:
    """An index that stays open.

    Parameters
    ----------
    index : Path
    device : str
        As for `open_store`.

    Raises
    ------
    IndexStateError
        If there is no index, or it cannot be used.
    """

    def __init__(self, index: Path, device: str = "auto") -> None:
        self.index = index
        self.store: FragmentStore = open_store(index, device=device)
        self._device = device

    def close(self) -> None:
        """Release the index."""
        self.store.close()

    @cached_property
    def encoder(self) -> FragmentEncoder:
        """The encoder that made its vectors."""
        return FragmentEncoder.load(self.store.encoder, device=self._device)

    @cached_property
    def everything(self) -> FragmentTable:
        """Metadata of all fragments."""
        return self.store.table(self.store.matching(Where()))

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each fragment by its id."""
        table = self.everything
        return dict(zip(table.fragment_id.tolist(), table.rows.tolist(), strict=True))

    @cached_property
    def videos(self) -> dict[tuple[str, str], Path]:
        """Video of each clip that has one, by the clip and its recording's path."""
        table = self.everything
        each = zip(table.clip_id.tolist(), table.source.tolist(), table.video.tolist(), strict=True)
        return {(clip, source): Path(video) for clip, source, video in each if video}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What it holds, and what may be asked for."""
        table = self.everything
        return {
            "name": self.index.parent.name
            if self.index.name == "danceit-index"
            else self.index.name,
            "index_id": self.store.index_id,
            "moves": len(table),
            "clips": len(set(table.clip_id.tolist())),
            "dims": self.store.spec.dims,
            "on_counts": self.store.spec.grid == "counts",
            "bodies": sorted(set(table.body.tolist())),
            **{
                f"{name}s": sorted(filter(None, set(getattr(table, name).tolist())))
                for name in ("style", "dancer", "licence")
            },
        }

    @cached_property
    def clips(self) -> list[dict[str, Any]]:
        """Every clip with what is known of it, and the move that stands for it."""
        table, turns = self.everything, self._turns
        names, clip = np.unique(table.clip_id.astype(str), return_inverse=True)
        order = np.argsort(clip, kind="stable")
        found = []
        for name, own in zip(
            names.tolist(), np.split(order, np.cumsum(np.bincount(clip))[:-1]), strict=True
        ):
            at = int(own[0])
            record = table.record(at)
            found.append(
                {
                    "id": name,
                    "recording": record["recording_id"],
                    "style": record["style"],
                    "dancer": record["dancer"],
                    "licence": record["licence"],
                    "tempo_bpm": _plain(record["tempo_bpm"]),
                    "energy": round(float(table.energy[own].mean()), 1),
                    "body": str(table.body[at]),
                    "turns": _together(turns[own]),
                    "seconds": round(
                        float((table.start_frame + table.n_frames)[own].max() / FPS), 1
                    ),
                    "moves": len(own),
                    "move": str(table.fragment_id[_standing_for(table, own)]),
                    "colour": list(clip_colour(name)),
                }
            )
        return sorted(found, key=lambda clip: (clip["style"], clip["dancer"], clip["id"]))

    def moves(self, fragment_ids: Sequence[str]) -> dict[str, Any]:
        """Fragments as they are drawn moving, by id.

        Raises
        ------
        UnknownIdError
            If there is none of an id.
        """
        rows = np.array([self.row(name) for name in fragment_ids], dtype=np.int64)
        lengths = self.store.table(rows).n_frames
        drawn: dict[str, Any] = {}
        for length in np.unique(lengths).tolist():
            own = np.flatnonzero(lengths == length)
            made = moves_as_json(self.store.poses(rows[own]))
            drawn |= {fragment_ids[i]: move for i, move in zip(own.tolist(), made, strict=True)}
        return drawn

    def row(self, fragment_id: str) -> int:
        """Row of a fragment; an unknown one is an `UnknownIdError`."""
        row = self.row_of.get(fragment_id)
        if row is None:
            raise UnknownIdError(f"the library has no move {fragment_id} any more")
        return row

    def of_clip(self, clip_id: str) -> list[dict[str, Any]]:
        """Moves of a clip, one after the other, without those that overlap."""
        rows = self.store.matching(Where(only_clips=(clip_id,), n_frames=self._shown_frames))
        table = self.store.table(rows)
        kept: list[dict[str, Any]] = []
        free_from = -1
        for i in np.argsort(table.start_frame, kind="stable").tolist():
            if table.start_frame[i] < free_from:
                continue
            free_from = int(table.start_frame[i] + table.n_frames[i])
            kept.append(
                {
                    "id": str(table.fragment_id[i]),
                    "start_s": round(float(table.start_s[i]), 2),
                    "end_s": round(float(table.end_s[i]), 2),
                    "energy": round(float(table.energy[i]), 1),
                }
            )
        return kept

    @property
    def _turns(self) -> Float64:
        """Full turns in each fragment (N,) of those that together show each clip once."""
        table, longest = self.everything, max(self.store.spec.lengths)
        found = np.zeros(len(table))
        usual = np.flatnonzero(table.n_frames == longest)
        order = usual[np.lexsort((table.start_frame[usual], table.clip_id[usual].astype(str)))]
        once: list[int] = []
        for place in order.tolist():
            same = once and table.clip_id[once[-1]] == table.clip_id[place]
            if not same or table.start_frame[place] >= table.start_frame[once[-1]] + longest:
                once.append(place)
        for part in np.array_split(np.array(once, dtype=np.int64), -(-len(once) // _READ) or 1):
            if len(part):
                found[part] = count_all_turns(self.store.poses(table.rows[part]))
        return found

    @property
    def _shown_frames(self) -> int:
        lengths = self.store.spec.lengths
        return SHOWN_FRAMES if SHOWN_FRAMES in lengths else lengths[0]


def _standing_for(table: FragmentTable, own: Int64) -> int:
    """Place in the table of the move of a clip that is the liveliest of usual length."""
    usual = own[table.n_frames[own] == SHOWN_FRAMES]
    chosen = usual if len(usual) else own
    return int(chosen[int(np.argmax(table.energy[chosen]))])


def _together(turns: Float64) -> int | None:
    """Sum of what is known of the turns (N,) of a clip; None where that is no turn, and not all."""
    known = turns[np.isfinite(turns)]
    return int(known.sum()) if known.any() or len(known) == len(turns) else None


def _plain(value: float) -> float:
    return round(float(value), 1) if np.isfinite(value) else 0.0
