"""How often each fragment of a library turns round: found out once, then kept.

Nothing but the movement tells it, and reading the movement of a million fragments takes
seconds. So it is read for all fragments of a length the first time that a filter asks, held in
memory, and kept in the cache folder under the index's id, by a byte a fragment; other
contents have another id. What cannot be kept, or is damaged, is found out again.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from danceit.data import Float64, Int64
from danceit.errors import DanceitError
from danceit.files import cache_dir, read_sealed, write_sealed
from danceit.index.cleaning.turns import count_all_turns
from danceit.index.store.contract import FragmentStore, Where

Turns = npt.NDArray[np.uint8]
T = TypeVar("T")

VERSION = 2
"""Raised with every change of what counts as a turn, or of the files."""
_UNKNOWN = 255
"""Of a fragment that shows neither hips nor shoulders; turns are counted to one less."""
_READ = 2048
"""Fragments whose movement is held at a time."""
_HELD = 16
"""Lengths of libraries that are held in memory."""


def turns_of(store: FragmentStore, rows: Int64) -> Float64:
    """Full turns (N,) of fragments, NaN where not known; see `danceit.index.cleaning.turns`."""
    found = np.full(len(rows), np.nan)
    for length in store.spec.lengths:
        every = _rows_of(store, length)
        if not len(every):
            continue
        at = np.minimum(np.searchsorted(every, rows), len(every) - 1)
        here = every[at] == rows
        if here.any():
            turns = _turns(store, length, every)[at[here]]
            found[here] = np.where(turns == _UNKNOWN, np.nan, turns)
    return found


def _rows_of(store: FragmentStore, n_frames: int) -> Int64:
    """Rows of all fragments of a length, increasing."""
    return _remembered(_rows, store, n_frames, lambda: store.matching(Where(n_frames=n_frames)))


def _turns(store: FragmentStore, n_frames: int, rows: Int64) -> Turns:
    def found() -> Turns:
        turns = _kept(store.index_id, n_frames, rows)
        if turns is None:
            turns = _counted(store, rows)
            _keep(store.index_id, n_frames, rows, turns)
        return turns

    return _remembered(_all_turns, store, n_frames, found)


def _remembered(
    held: dict[tuple[str, int], T], store: FragmentStore, n_frames: int, find: Callable[[], T]
) -> T:
    key = (store.index_id, n_frames)
    found = held.get(key)
    if found is None:
        found = find()
        while len(held) >= _HELD:
            held.pop(next(iter(held)), None)
        held[key] = found
    return found


def _counted(store: FragmentStore, rows: Int64) -> Turns:
    turns = np.zeros(len(rows), np.uint8)
    for start in range(0, len(rows), _READ):
        part = slice(start, start + _READ)
        counted = np.minimum(count_all_turns(store.poses(rows[part])), _UNKNOWN - 1)
        turns[part] = np.where(np.isnan(counted), _UNKNOWN, counted)
    return turns


def _kept(index_id: str, n_frames: int, rows: Int64) -> Turns | None:
    """What was kept; None where it is not there, or of other rows than these."""
    try:
        content = read_sealed(_entry(index_id, n_frames))
    except OSError:
        return None
    head = hashlib.sha256(rows.tobytes()).digest()
    if content is None or content[: len(head)] != head:
        return None
    return np.frombuffer(content, np.uint8, offset=len(head))


def _keep(index_id: str, n_frames: int, rows: Int64, turns: Turns) -> None:
    with suppress(OSError, DanceitError):
        entry = _entry(index_id, n_frames)
        entry.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(entry, hashlib.sha256(rows.tobytes()).digest() + turns.tobytes())


def _entry(index_id: str, n_frames: int) -> Path:
    # An engine may call its contents anything.
    name = hashlib.sha256(index_id.encode()).hexdigest()[:32]
    return cache_dir() / "turns" / f"{name}-{n_frames}-v{VERSION}"


_rows: dict[tuple[str, int], Int64] = {}
_all_turns: dict[tuple[str, int], Turns] = {}
