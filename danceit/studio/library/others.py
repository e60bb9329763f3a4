"""What else there is for a move of a dance: the runners-up, told apart in a few words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from danceit.data import FPS, Float64, Int64
from danceit.errors import InputError
from danceit.index.store.contract import FragmentTable, Where
from danceit.plugins import unknown_name
from danceit.render.drawing.overlay import clip_colour
from danceit.render.page.reasons import SAME_TEMPO, tempo_gap
from danceit.retrieval.editing import Editor
from danceit.retrieval.filters import asked_for
from danceit.retrieval.fitting import Laid
from danceit.studio.dancing import Dancing
from danceit.studio.library.opened import Library
from danceit.studio.project import Version

ORDERS = ("fit", "calmer", "bigger", "alike")
"""By how well they fit the music; those that move less or more; those most like what is shown."""
MOST = 24
"""Runners-up that are shown."""
_OTHER_ENERGY = 0.12
"""Share of its energy by which a move must differ to be called calmer or bigger."""
_ALIKE = 160
"""Nearest movements among which those most like a move are looked for."""
_SHARED = 0.5
"""Share of a move that it may have in common with another that is listed."""


def others(
    dancing: Dancing, version: Version, at_s: float, shown: str, order: str = "fit"
) -> list[dict[str, Any]]:
    """Moves that could take the place of one, best first.

    Parameters
    ----------
    at_s : float
        A second of the song that the move is shown at.
    shown : str
        Id of the fragment that is shown there.
    order : str
        One of `ORDERS`.

    Raises
    ------
    InputError
        If there is no such order or second, or the version cannot be changed.
    """
    if order not in ORDERS:
        raise InputError(unknown_name("order", order, list(ORDERS)))
    editor, library = dancing.editor_of(version), dancing.library()
    window = editor.window_at(at_s)
    own = library.row(shown)
    found = editor.found(window)
    rows, targets = found.rows, found.targets
    if order == "alike":
        rows = _alike(library, own, asked_for(version.wishes.options, editor.n_frames))
        # In the order of likeness, though each is judged for the music too.
        judged = editor.judged(window, rows)
        cost = dict(zip(judged.rows.tolist(), judged.targets.tolist(), strict=True))
        targets = np.array([cost[row] for row in rows.tolist()])
    table = library.store.table(rows)
    chosen = _Chosen(editor, window, own, float(library.store.table(np.array([own])).energy[0]))
    keep = _wanted(order, table.energy, chosen.energy) & (rows != own)
    places = _apart(table, np.flatnonzero(keep))
    return [_told(chosen, table, targets, place) for place in places[:MOST]]


def _wanted(order: str, energies: Float64, energy: float) -> Any:
    if order == "calmer":
        return energies < energy * (1 - _OTHER_ENERGY)
    if order == "bigger":
        return energies > energy * (1 + _OTHER_ENERGY)
    return np.ones(len(energies), dtype=bool)


def _alike(library: Library, own: int, where: Where) -> Int64:
    """Rows of the movements most like one, of those that were wished for."""
    store = library.store
    wanted = store.vectors(np.array([own]), "pose")
    found = store.search(wanted, _ALIKE, by="pose", where=where)
    return np.asarray(found.rows[0])


def _apart(table: FragmentTable, places: Sequence[int] | Int64) -> list[int]:
    """Places in the table, in their order, without those that show what another does already."""
    kept: list[int] = []
    for place in np.asarray(places).tolist():
        start, length = int(table.start_frame[place]), int(table.n_frames[place])
        near = [
            other
            for other in kept
            if table.clip_id[other] == table.clip_id[place]
            and abs(int(table.start_frame[other]) - start) < (1 - _SHARED) * length
        ]
        if not near:
            kept.append(place)
    return kept


@dataclass(frozen=True)
class _Chosen:
    """What is shown in a window now, which others are told apart from."""

    editor: Editor
    window: int
    row: int
    energy: float

    def laid(self, row: int | None = None) -> Laid | None:
        """How a fragment's counts, its own or another's, lie in the window; None if too few."""
        laid = self.editor.laid(self.window, self.row if row is None else row)
        return laid if laid is not None and len(laid.beats_s) > 2 else None


def _told(chosen: _Chosen, table: FragmentTable, targets: Float64, place: int) -> dict[str, Any]:
    record = table.record(place)
    laid, own = chosen.laid(int(record["rows"])), chosen.laid()
    lasts = int(record["n_frames"])
    words = []
    if laid is not None:
        # What is shown of it is as long as its counts, not as the fragment.
        lasts = min(lasts, round(float(laid.beats_s[-1] - laid.beats_s[0]) * FPS))
        gap = tempo_gap(_bpm(laid), _bpm(own)) if own is not None else ""
        words.append("" if gap == SAME_TEMPO else gap)
        if laid.metre and laid.metre != (
            own.metre if own else chosen.editor.metre_of(chosen.window)
        ):
            words.append(f"danced in {laid.metre}")
    if abs(record["energy"] / max(chosen.energy, 1e-6) - 1) > _OTHER_ENERGY:
        words.append("calmer" if record["energy"] < chosen.energy else "bigger")
    return {
        "id": record["fragment_id"],
        "clip": record["clip_id"],
        "start_s": round(float(record["start_s"]), 2),
        "style": record["style"],
        "dancer": record["dancer"],
        "colour": list(clip_colour(record["clip_id"])),
        "frames": lasts,
        "words": ", ".join(filter(None, words)),
        "cost": round(float(targets[place]), 3),
    }


def _bpm(laid: Laid) -> float:
    """Beats a minute at which a fragment was danced."""
    return 60.0 * (len(laid.beats_s) - 1) / float(laid.beats_s[-1] - laid.beats_s[0])
