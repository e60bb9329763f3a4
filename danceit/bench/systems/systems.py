"""The rows of the table: each makes dances for songs that nobody in the library danced to.

All but the generators take their movement from one index; what differs is how they choose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.align import DEFAULT_METHODS, align
from danceit.bench.material import Material, random_dance
from danceit.data import FPS, Dance, Music
from danceit.generate.protocol import Generator
from danceit.generate.registry import load_generator
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore
from danceit.retrieval.composing import compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions

OURS, CHOSEN, PAPERS_CHAIN = "danceit", "danceit, as chosen", "danceit, the paper's chain"
SECONDS = "danceit, seconds grid"
NEAREST, RANDOM = "nearest audio, cut", "random"
DANCEIT_CHAIN = ("tsd", "beat")
"""Aligners of the paper itself."""

Make = Callable[[Music, int], Dance]
"""Of a song and a seed."""


@dataclass(frozen=True)
class System:
    """One row: `make(music, seed)` gives a dance to a song.

    `n_parameters` are those of the networks that are asked, 0 without any; `made_by` says by
    which index or generator, so that another's dances are never taken for its own.
    """

    name: str
    make: Make
    n_parameters: int = 0
    made_by: str = ""


@dataclass(frozen=True)
class Rival:
    """A trained generator in the table; `alone` without rows of its dances repaired and found."""

    name: str
    generator: Generator
    alone: bool = False


@dataclass(frozen=True)
class Retriever:
    """An index with the encoder that it was built by."""

    store: FragmentStore
    embedder: Embedder
    n_parameters: int

    @property
    def made_by(self) -> str:
        """Id of the index."""
        return self.store.index_id

    def compose(self, music: Music, options: QueryOptions, idea: Dance | None = None) -> Dance:
        """Choose a dance to a song, after an idea where one is given."""
        return compose(music.path, self.store, self.embedder, options, idea=idea).dance


def retriever_of(store: FragmentStore) -> Retriever:
    """Read the encoder of an open index."""
    encoder = FragmentEncoder.load(store.encoder)
    return Retriever(store, encoder, sum(tensor.numel() for tensor in encoder.tensors().values()))


def read_generator(text: str) -> tuple[str, Generator]:
    """Read ``FOLDER`` or ``NAME=FOLDER``; the name is the generator's where none is given.

    A name may hold a ``=`` of its own; so may a folder that stands alone.
    """
    name, _, folder = ("", "", text) if Path(text).is_dir() else text.rpartition("=")
    generator = load_generator(Path(folder))
    return name or generator.name, generator


def systems_of(
    material: Material, library: Retriever, rivals: Sequence[Rival], *, length_s: float
) -> tuple[System, ...]:
    """Every row but that of real dances, the default of danceit first."""

    def nearest(music: Music, seed: int) -> Dance:
        return library.compose(music, nearest_audio(length_s))

    def randomly(music: Music, seed: int) -> Dance:
        rng = np.random.default_rng([seed, int(music.sha256[:8], 16)])
        clips = [dance.clip for dance in material.dances]
        return random_dance(music, clips, round(length_s * FPS), rng)

    chosen, own = _chosen(library, length_s), (library.n_parameters, library.made_by)
    rows = [
        System(OURS, _aligned(chosen, DEFAULT_METHODS), *own),
        System(CHOSEN, chosen, *own),
        System(PAPERS_CHAIN, _aligned(chosen, DANCEIT_CHAIN), *own),
    ]
    for rival in rivals:
        make, made_by = rival.generator.generate, rival.generator.generator_id
        size = rival.generator.n_parameters
        rows.append(System(rival.name, make, size, made_by))
        if rival.alone:
            continue
        repaired = _aligned(make, DEFAULT_METHODS[:1])
        rows.append(System(f"{rival.name}, repaired", repaired, size, made_by))
        if library.embedder.dims == 2:
            rows.append(_snapped(rival, library, length_s))
    return (*rows, System(NEAREST, nearest, 0, library.made_by), System(RANDOM, randomly))


def seconds_system(library: Retriever, length_s: float) -> System:
    """Danceit's default on an index whose fragments start every few seconds, not on counts."""
    make = _aligned(_chosen(library, length_s), DEFAULT_METHODS)
    return System(SECONDS, make, library.n_parameters, library.made_by)


def nearest_audio(length_s: float) -> QueryOptions:
    """Each window the fragment whose own music sounds most alike, whatever the seams are."""
    return QueryOptions(
        length_s=length_s, k=1, solver="greedy", audio_weight=1.0, join_weight=0.0,
        tempo_weight=0.0, rhythm_weight=0.0, repetition=0.0, reuse=0.0, bonus=0.0,
        style_change=0.0, body_change=0.0, upper_weight=0.0, sure_weight=0.0,
    )  # fmt: skip


def _chosen(library: Retriever, length_s: float) -> Make:
    return lambda music, seed: library.compose(music, QueryOptions(length_s=length_s, seed=seed))


def _aligned(make: Make, chain: Sequence[str]) -> Make:
    return lambda music, seed: align(make(music, seed), music, chain)


def _snapped(rival: Rival, library: Retriever, length_s: float) -> System:
    """Real movement after what a generator imagined, repaired as danceit's own dances are."""

    def make(music: Music, seed: int) -> Dance:
        idea = rival.generator.generate(music, seed)
        return library.compose(music, QueryOptions(length_s=length_s), idea)

    return System(
        f"{rival.name}, found again",
        _aligned(make, DEFAULT_METHODS),
        library.n_parameters + rival.generator.n_parameters,
        f"{rival.generator.generator_id} {library.made_by}",
    )
