"""The columns that a filter may name: one table, to which another is added by one line.

What is not known of a fragment is NaN in a column of numbers and "" in one of texts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Float64, Int64
from danceit.index.store.contract import FragmentStore, FragmentTable, Where
from danceit.retrieval.search.expression import Expression, parse
from danceit.retrieval.search.turning import turns_of

_SAMPLED = 20_000
"""Fragments by which energies are ranked: the rank of any is then off by 0.01 at most."""
_KEPT = 4
"""Libraries whose energies are remembered, by the ids of their contents."""


class Known:
    """What is known of some fragments; each thing is looked up when a column asks for it.

    Parameters
    ----------
    store : FragmentStore
    rows : int64 (N,)
    energies : float64
        Of the library, increasing; see `energies_of`.
    """

    def __init__(self, store: FragmentStore, rows: Int64, energies: Float64) -> None:
        self._store, self._rows, self._energies = store, rows, energies

    @cached_property
    def table(self) -> FragmentTable:
        """Metadata."""
        return self._store.table(self._rows)

    @cached_property
    def energy_rank(self) -> Float64:
        """Share of the library's fragments with less energy, 0 to 1."""
        below = np.searchsorted(self._energies, self.table.energy, side="left")
        return np.asarray(below / max(1, len(self._energies) - 1)).clip(0.0, 1.0)

    @cached_property
    def turns(self) -> Float64:
        """Full turns; see `danceit.retrieval.search.turning`."""
        return turns_of(self._store, self._rows)


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    kind : float or str
        What it holds.
    meaning : str
        In a line, with its unit.
    read : callable
        Values (N,) of fragments.
    quick : bool
        Whether it is known of many fragments at once, and so asked for first.
    """

    kind: type[float] | type[str]
    meaning: str
    read: Callable[[Known], npt.NDArray[Any]]
    quick: bool = False


COLUMNS: Mapping[str, Column] = {
    "style": Column(str, "style of dance", lambda some: some.table.style),
    "dancer": Column(str, "who danced it", lambda some: some.table.dancer),
    "licence": Column(str, "under which it may be used", lambda some: some.table.licence),
    "body": Column(str, "whole, or upper where no feet are seen", lambda some: some.table.body),
    "sure": Column(
        float, "0 to 1: mean confidence of its poses", lambda some: np.asarray(some.table.sure)
    ),
    "clip": Column(str, "clip that it is a stretch of", lambda some: some.table.clip_id),
    "recording": Column(str, "recording of that clip", lambda some: some.table.recording_id),
    "seconds": Column(float, "how long it lasts", lambda some: some.table.n_frames / FPS),
    "start": Column(float, "s into its recording", lambda some: some.table.start_s),
    "tempo": Column(
        float,
        "of its music, beats a minute",
        lambda some: np.where(some.table.tempo_bpm > 0, some.table.tempo_bpm, np.nan),
    ),
    "energy": Column(
        float, "0 to 1: share of the library that moves less", lambda some: some.energy_rank
    ),
    "speed": Column(float, "mean joint speed, canvas px a second", lambda some: some.table.energy),
    "turns": Column(float, "full turns of the body", lambda some: some.turns, quick=True),
    "number": Column(
        float, "count of the bar on which it starts", lambda some: _known(some.table.number)
    ),
    "metre": Column(float, "beats a bar of its music", lambda some: _known(some.table.metre)),
}
KINDS = {name: column.kind for name, column in COLUMNS.items()}
QUICK = frozenset(name for name, column in COLUMNS.items() if column.quick)


def parsed(text: str) -> Expression:
    """Read an expression over `COLUMNS`.

    Raises
    ------
    InputError
        If it is none; see `danceit.retrieval.search.expression.parse`.
    """
    return parse(text, KINDS)


def energies_of(store: FragmentStore) -> Float64:
    """Energies of the library's fragments, increasing; of many, a sample evenly spread."""
    name = store.index_id
    if name not in _energies:
        rows = store.matching(Where())
        if len(rows) > _SAMPLED:
            rows = rows[np.linspace(0, len(rows) - 1, _SAMPLED).astype(np.int64)]
        while len(_energies) >= _KEPT:
            _energies.pop(next(iter(_energies)), None)
        _energies[name] = np.sort(store.table(rows).energy)
    return _energies[name]


_energies: dict[str, Float64] = {}


def _known(values: Int64) -> Float64:
    """Whole numbers in which 0 stands for what is not known, which compares with nothing."""
    return np.where(values > 0, values, np.nan)
