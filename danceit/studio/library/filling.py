"""A move carried onto an eight: it, and what came after it in its take, until the eight is full."""

from typing import Any

import numpy as np

from danceit.data import FPS, Int64
from danceit.errors import InputError
from danceit.index.store.contract import FragmentTable, Where
from danceit.retrieval.editing import Editor
from danceit.studio.library.opened import Library

_NEAR = 6
"""Fragments of a take that are tried for what comes next; they begin a count apart."""
_APART_S = 0.3
"""Most that what comes next may begin beside where the move before it ends: half a quick count."""


def filled(
    library: Library, editor: Editor, move: str, stretch: tuple[float, float]
) -> list[dict[str, Any]]:
    """What fills a stretch of the song with a move of the library and what came after it.

    Where its take ends before the stretch does, it begins again with the move.

    Parameters
    ----------
    move : str
        Id of a fragment, of whatever length.
    stretch : (from_s, to_s)
        Seconds of the song; at the least one window is filled, that at its middle.

    Returns
    -------
    list of dict
        ``at``, the middle of a window in seconds, and ``what``, the fragment to show in it.

    Raises
    ------
    InputError
        If the take is too short for the dance's windows, or the song has no such stretch.
    """
    take = _Take(library, editor, move)
    row, pins = take.first, []
    windows = windows_in(editor, *stretch)
    for number, window in enumerate(windows):
        if number:
            row = take.after(windows[number - 1], row, window)
        pins.append({"at": middle_s(editor, window), "what": take.name_of(row)})
    return pins


def windows_in(editor: Editor, from_s: float, to_s: float) -> list[int]:
    """Numbers of the windows whose middle lies in a stretch; that at its own where none does."""
    if not from_s < to_s:
        raise InputError(f"a stretch must end after it begins; got {from_s:g} to {to_s:g} s")
    inside = [w for w in range(editor.n_windows) if from_s <= middle_s(editor, w) < to_s]
    return inside or [editor.window_at((from_s + to_s) / 2)]


def middle_s(editor: Editor, window: int) -> float:
    """Second of the song in the middle of what is seen of a window."""
    edges = [*editor.plan.first_frames, editor.music.n_frames]
    return (edges[window] + edges[window + 1]) / 2 / FPS


class _Take:
    """The fragments of one clip that fit a dance's windows, in the order they were danced."""

    def __init__(self, library: Library, editor: Editor, move: str) -> None:
        self._editor = editor
        asked = library.store.table(np.array([library.row(move)]))
        where = Where(only_clips=(str(asked.clip_id[0]),), n_frames=editor.n_frames)
        rows = library.store.matching(where)
        table = library.store.table(rows)
        if not len(table):
            raise InputError("this clip is too short for the moves of this dance")
        self._table: FragmentTable = table
        self._place = {int(row): place for place, row in enumerate(table.rows.tolist())}
        self.first = int(table.rows[int(np.abs(table.start_frame - asked.start_frame[0]).argmin())])

    def name_of(self, row: int) -> str:
        return str(self._table.fragment_id[self._place[row]])

    def after(self, before: int, shown: int, window: int) -> int:
        """Row of what comes next in a window; the first again where the take ends."""
        laid = self._editor.laid(before, shown)
        if laid is None or laid.place < 0:
            lasts_s = self._editor.plan.windows[before].duration_s
            wanted_s = float(self._table.start_s[self._place[shown]]) + lasts_s
            near = self._nearest(wanted_s)
        else:
            wanted_s = float(laid.beats_s[-1])
            near = self._nearest(wanted_s)
            # It goes on in the source where its counts do: such a seam is none.
            wanted = laid.place + len(laid.beats_s) - 1
            for row in near.tolist():
                following = self._editor.laid(window, row)
                if following is not None and following.place == wanted:
                    return int(row)
        begins_s = float(self._table.start_s[self._place[int(near[0])]])
        return int(near[0]) if abs(begins_s - wanted_s) <= _APART_S else self.first

    def _nearest(self, wanted_s: float) -> Int64:
        order = np.abs(self._table.start_s - wanted_s).argsort(kind="stable")
        return np.asarray(self._table.rows[order[:_NEAR]], dtype=np.int64)
