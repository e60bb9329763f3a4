"""The rows of the table: each makes dances for songs that nobody in the library danced to.

All but the generators take their movement from one index; what differs is how they choose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.align import align
from danceit.bench.material import Material, random_dance
from danceit.data import FPS, Dance, Music
from danceit.generate.protocol import Generator
from danceit.generate.registry import load_generator
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore
from danceit.retrieval.composing import compose
from danceit.retrieval.options import QueryOptions

OURS, CHOSEN, PAPERS_CHAIN = "danceit", "danceit, as chosen", "danceit, the paper's chain"
NEAREST, RANDOM = "nearest audio, cut", "random"
REPAIRED = ("inertial", "counts")
"""The default chain, as `danceit.workflow.line.DEFAULT_METHODS`; a test keeps them equal."""
DANCEIT_CHAIN = ("tsd", "beat")
"""Aligners of the paper itself."""

Make = Callable[[Music, int], Dance]
"""Of a song and a seed."""


@dataclass(frozen=True)
class System:
    """One row: `make(music, seed)` gives a dance to a song.

    `n_parameters` are those of the networks that are asked, 0 without any; `made_by` is the id
    of the generator, where there is one.
    """

    name: str
    make: Make
    n_parameters: int = 0
    made_by: str = ""


def read_generator(text: str) -> tuple[str, Generator]:
    """Read ``FOLDER`` or ``NAME=FOLDER``; the name is the generator's where none is given."""
    name, equals, folder = text.partition("=")
    generator = load_generator(Path(folder if equals else text))
    return (name if equals else generator.name), generator


def systems_of(
    material: Material,
    store: FragmentStore,
    embedder: Embedder,
    generators: Sequence[tuple[str, Generator]],
    *,
    n_parameters: int,
    length_s: float,
) -> tuple[System, ...]:
    """Every row but that of real dances, the default of danceit first."""

    def chosen(music: Music, seed: int, options: QueryOptions | None = None) -> Dance:
        asked = options or QueryOptions(length_s=length_s, seed=seed)
        return compose(music.path, store, embedder, asked).dance

    def nearest(music: Music, seed: int) -> Dance:
        return chosen(music, seed, nearest_audio(length_s))

    def randomly(music: Music, seed: int) -> Dance:
        rng = np.random.default_rng([seed, int(music.sha256[:8], 16)])
        clips = [dance.clip for dance in material.dances]
        return random_dance(music, clips, round(length_s * FPS), rng)

    rows = [
        System(OURS, _aligned(chosen, REPAIRED), n_parameters),
        System(CHOSEN, chosen, n_parameters),
        System(PAPERS_CHAIN, _aligned(chosen, DANCEIT_CHAIN), n_parameters),
    ]
    for name, generator in generators:
        own = (generator.n_parameters, generator.generator_id)
        rows.append(System(name, generator.generate, *own))
        rows.append(System(f"{name}, repaired", _aligned(generator.generate, REPAIRED[:1]), *own))
        if embedder.dims == 2:
            rows.append(_snapped(name, generator, store, embedder, n_parameters, length_s))
    return (*rows, System(NEAREST, nearest), System(RANDOM, randomly))


def nearest_audio(length_s: float) -> QueryOptions:
    """Each window the fragment whose own music sounds most alike, whatever the seams are."""
    return QueryOptions(
        length_s=length_s, k=1, solver="greedy", audio_weight=1.0, join_weight=0.0,
        tempo_weight=0.0, rhythm_weight=0.0, repetition=0.0, reuse=0.0, bonus=0.0,
        style_change=0.0, body_change=0.0, upper_weight=0.0, sure_weight=0.0,
    )  # fmt: skip


def _aligned(make: Make, chain: Sequence[str]) -> Make:
    return lambda music, seed: align(make(music, seed), music, chain)


def _snapped(
    name: str,
    generator: Generator,
    store: FragmentStore,
    embedder: Embedder,
    n_parameters: int,
    length_s: float,
) -> System:
    """Real movement after what a generator imagined, repaired as danceit's own dances are."""

    def make(music: Music, seed: int) -> Dance:
        idea = generator.generate(music, seed)
        options = QueryOptions(length_s=length_s)
        return compose(music.path, store, embedder, options, idea=idea).dance

    return System(
        f"{name}, found again",
        _aligned(make, REPAIRED),
        n_parameters + generator.n_parameters,
        generator.generator_id,
    )
