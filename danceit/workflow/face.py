"""What `import danceit` offers: strings are paths, options are keywords, dances come back.

Nothing is written but what is asked for, and nothing is printed: what the user should know,
such as a `k` that was cut down, is a `UserWarning`.
"""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from danceit.align import DEFAULT_METHODS, Aligner, make_aligner
from danceit.align import align as apply
from danceit.audio import listen
from danceit.audio.songs import song_of
from danceit.data import Dance
from danceit.errors import InputError
from danceit.index.building.options import BuildOptions, Told
from danceit.render.options import RenderOptions
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.retrieval.encoder.training import TrainingReport
from danceit.retrieval.groups.grouping import GroupOptions
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.search.finding import Match, MoveOptions
from danceit.workflow import indexing
from danceit.workflow.groups.grouping import group_song
from danceit.workflow.indexing import Built
from danceit.workflow.line import compose_song, drawn
from danceit.workflow.search import searching

File = str | Path


def query(song: File, index: File | None = None, *, device: str = "auto", **options: Any) -> Dance:
    """Choose a dance for a song; `Dance.choices` says what it was chosen from.

    Parameters
    ----------
    song : str or Path
    index : str or Path, optional
        Else ``DANCEIT_INDEX``, else ``./danceit-index``.
    **options
        Of `QueryOptions`, such as ``k=5`` or ``style="waltz"``; a misspelt one is a `TypeError`.
    """
    made = compose_song(Path(song), _index(index), QueryOptions(**options), device)
    _warn(made.notes)
    return made.dance


def align(
    dance: Dance,
    methods: str | Aligner | Sequence[str | Aligner] = DEFAULT_METHODS,
    *,
    song: File | None = None,
) -> Dance:
    """Repair a dance's seams and put it on the beat: ``align(dance, "warp:max_warp=1.5")``.

    Parameters
    ----------
    methods : str, Aligner, or a sequence of them
        One name is a list of one.
    song : str or Path, optional
        Where the song is now, if it was moved.
    """
    chain = _chain(methods)
    return apply(dance, listen(song_of([dance], song)), chain)


def render(
    dance: Dance | Sequence[Dance], out: File, *, song: File | None = None, **options: Any
) -> Path:
    """Write a dance, or several side by side, in the format of the suffix of `out`.

    `options` are those of `RenderOptions`, such as ``theme="paper"``.
    """
    dances = [dance] if isinstance(dance, Dance) else list(dance)
    where = None if song is None else Path(song)
    _warn(drawn(dances, Path(out), where, RenderOptions(**options)))
    return Path(out)


def dance(
    song: File,
    out: File | None = None,
    *,
    index: File | None = None,
    methods: str | Aligner | Sequence[str | Aligner] = DEFAULT_METHODS,
    look: RenderOptions | None = None,
    device: str = "auto",
    **options: Any,
) -> Dance:
    """Query and align; with `out` also render as `look` says. `options` as for `query`."""
    chain = _chain(methods)
    made = align(query(song, index, device=device, **options), chain, song=song)
    if out is not None:
        _warn(drawn([made], Path(out), Path(song), look or RenderOptions()))
    return made


def group(
    song: File,
    index: File | None = None,
    *,
    dancers: int = GroupOptions.dancers,
    formation: str = GroupOptions.formation,
    timing: str = GroupOptions.timing,
    methods: str | Aligner | Sequence[str | Aligner] = DEFAULT_METHODS,
    device: str = "auto",
    **options: Any,
) -> tuple[Dance, ...]:
    """Choose and align the dances of a group, on one stage: ``render(group(...), "out.mp4")``.

    Parameters
    ----------
    dancers, formation, timing
        As `GroupOptions`.
    **options
        As for `query`.
    """
    made = group_song(
        Path(song),
        _index(index),
        GroupOptions(dancers, formation, timing),
        QueryOptions(**options),
        _chain(methods),
        device,
    )
    _warn(made.notes)
    return made.dances


def search(
    like: File,
    index: File | None = None,
    *,
    k: int = MoveOptions.k,
    where: str = MoveOptions.where,
    mirror: bool = MoveOptions.mirror,
    device: str = "auto",
) -> tuple[Match, ...]:
    """Find the fragments of an index that move like something, most alike first.

    Parameters
    ----------
    like : str or Path
        ``CLIP@12.0-14.0``, a fragment's id, or a file with movement, such as ``dab.bvh@1-3``.
    index : str or Path, optional
        As for `query`.
    k, where, mirror
        As `MoveOptions`.
    """
    options = MoveOptions(k, where, mirror)
    found = searching.search(str(like), _index(index), options, device=device)
    return found.matches


def build_index(
    data: File,
    out: File = "danceit-index",
    options: BuildOptions | None = None,
    *,
    encoder: File | None = None,
    config: TrainingConfig | None = None,
    seed: int = 0,
    retrain: bool = False,
    told: Told | None = None,
) -> Built:
    """Make an index of the dances in a folder, training an encoder first if need be.

    Parameters
    ----------
    data : str or Path
        A folder, or the address of one in an object store.
    out : str or Path
    options : BuildOptions, optional
        Fragments, engine, how recordings are read.
    encoder : str or Path, optional
        Folder of a trained encoder.
    config : TrainingConfig, optional
        How to train, where there is no encoder yet; by default briefly from 12 recordings or fewer.
    seed : int
        Of a training without `config`.
    retrain : bool
        Train anew although the index has an encoder.
    told : Told, optional
        Who is told of progress.
    """
    return indexing.build_index(
        _place(data),
        Path(out),
        options,
        encoder=None if encoder is None else Path(encoder),
        config=config,
        seed=seed,
        retrain=retrain,
        told=told,
    )


def train(
    data: File,
    out: File,
    config: TrainingConfig | None = None,
    *,
    dims: int | None = None,
    restart: bool = False,
    device: str = "auto",
    told: Told | None = None,
) -> TrainingReport:
    """Train encoders on a folder of dances; a run that was stopped goes on unless `restart`.

    `dims` 2 projects what is 3-D.
    """
    return indexing.train_encoder(
        _place(data), Path(out), config, dims=dims, restart=restart, device=device, told=told
    )


def _index(index: File | None) -> Path:
    return Path(index or os.environ.get("DANCEIT_INDEX") or "danceit-index")


def _chain(methods: str | Aligner | Sequence[str | Aligner]) -> list[Aligner]:
    """Build the aligners that are asked for, before anything slow begins."""
    single = isinstance(methods, str) or not isinstance(methods, Sequence)
    named: list[Any] = [methods] if single else list(methods)  # type: ignore[arg-type]
    return [make_aligner(each) if isinstance(each, str) else each for each in named]


def _place(data: File) -> Path:
    if not str(data):
        raise InputError("say which folder holds the dances; got an empty text")
    return Path(data)


def _warn(notes: Iterable[str]) -> None:
    for note in notes:
        warnings.warn(note, stacklevel=3)
