"""What is chosen of a build, and who is told how far it is: one frozen object each."""

from dataclasses import dataclass, field

from danceit.index.fragments import FragmentGrid
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.contract import StoreOptions
from danceit.progress import Progress, silent


@dataclass(frozen=True)
class BuildOptions:
    """How an index is built.

    Attributes
    ----------
    grid : FragmentGrid
        Where fragments start and how long they are.
    dims : int or None
        2 projects what is 3-D; it must be what the encoder takes.
    engine : str
        A name in `danceit.index.store.engines.STORES`; without it that of the index, or the
        local one. An index of another engine is built anew.
    store : StoreOptions
        How the engine searches.
    reading : ReadSettings
        How recordings are read: the estimator of poses in video, the lag of its sound.
    """

    grid: FragmentGrid = field(default_factory=FragmentGrid)
    dims: int | None = None
    engine: str = ""
    store: StoreOptions = field(default_factory=StoreOptions)
    reading: ReadSettings = field(default_factory=ReadSettings)


@dataclass(frozen=True)
class Told:
    """Who is told how far each part of a build is.

    Attributes
    ----------
    watching : callable
        Of the frames of videos in which poses are looked for, before all else.
    reading : callable
        Of the recordings read for training.
    training : callable
        Of every step of a training.
    indexing : callable
        Of the recordings indexed.
    """

    watching: Progress = silent
    reading: Progress = silent
    training: Progress = silent
    indexing: Progress = silent
