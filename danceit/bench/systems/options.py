"""What a bench of systems compares, and how much of it."""

from dataclasses import dataclass
from pathlib import Path

SEEDS = 5
"""Dances a song for multimodality (Lee et al. 4.5)."""


@dataclass(frozen=True)
class SystemsOptions:
    """What to compare.

    Attributes
    ----------
    generators : tuple of str
        ``FOLDER`` or ``NAME=FOLDER`` of trained generators: a row each as it dances, one
        repaired, and one found again in the index.
    beside : tuple of str
        The same of ablations and baselines: one row each, as it dances.
    seconds_index : Path or None
        The same dances indexed on the grid of seconds, for a row.
    graph : str
        Folder of a `ren` whose graph network sees sets of dances; the first of the generators
        that has one where none is named.
    length_s : float
        Fragment length of what is taken from the index.
    seeds : int
        Dances a song.
    reference : Path or None
        Folder of annotated counts by which bar lock is judged; without it, only songs with a
        file of counts beside them are.
    allow_leak : bool
        Accept songs to which an indexed dance was danced.
    resume : bool
    """

    generators: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    seconds_index: Path | None = None
    graph: str = ""
    length_s: float = 2.0
    seeds: int = SEEDS
    reference: Path | None = None
    allow_leak: bool = False
    resume: bool = True
