"""The whole line in a few calls: what the command line runs and notebooks import.

build_index(Path("my_dances"), Path("danceit-index"))    # danceit.workflow.indexing
made = dance(Path("song.mp3"), Path("danceit-index"), Path("dance.mp4"))
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from danceit import audio
from danceit.align import ALIGNERS, align, make_aligner
from danceit.align.protocols import Aligner
from danceit.data import Dance, DanceSong, Music
from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.generate.registry import GENERATORS
from danceit.index.poses.estimators import ESTIMATORS
from danceit.index.sources import SOURCES
from danceit.index.store.engines import STORES, open_store
from danceit.plugins import PluginInfo
from danceit.progress import Progress, silent
from danceit.render import RENDERERS, render_many
from danceit.render.options import RenderOptions
from danceit.retrieval.choices import with_choices
from danceit.retrieval.composing import Composition, compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.encoder.losses import LOSSES
from danceit.retrieval.options import QueryOptions
from danceit.workflow.footage_sources import Filming
from danceit.workflow.person import person_notes

DEFAULT_METHODS = ("inertial", "warp")
"""The chain that `danceit align` and `danceit dance` use where none is named: seams no larger
than real dances' own movement, and 92 % of movements on their beat at a stretch of 1.25
(docs/aligners.md)."""
DANCE_SUFFIX = ".dance.npz"
ALIGNED_SUFFIX = ".aligned.dance.npz"
REGISTRIES = (SOURCES, ESTIMATORS, STORES, LOSSES, ALIGNERS, RENDERERS, GENERATORS)


@dataclass(frozen=True)
class Queried:
    """What `query` chose and the file it wrote."""

    composition: Composition
    out: Path


@dataclass(frozen=True)
class Aligned:
    """A dance before and after aligning, its song, and the file written."""

    before: Dance
    after: Dance
    music: Music
    out: Path


@dataclass(frozen=True)
class Made:
    """What `dance` wrote, what the user should know, and seconds by step."""

    out: Path
    dance_file: Path
    n_frames: int
    notes: tuple[str, ...]
    seconds: Mapping[str, float]


def query(
    song: Path,
    index: Path,
    options: QueryOptions | None = None,
    *,
    out: Path | None = None,
    device: str = "auto",
) -> Queried:
    """Choose a dance for a song from an index and write it as a dance file.

    Without `out` the file is ``SONG.dance.npz`` in the current folder.
    """
    target = dance_file(out or Path.cwd() / f"{song.stem}{DANCE_SUFFIX}")
    composition = _composed(song, index, options, device)
    composition.dance.save(target)
    return Queried(composition, target)


def align_file(
    file: Path | None,
    methods: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    *,
    out: Path | None = None,
    song: Path | None = None,
) -> Aligned:
    """Align a dance file; without one, the last that a query wrote in this folder.

    Parameters
    ----------
    file : Path or None
    methods : sequence of str
        ``name`` or ``name:option=value,...``, applied in order; empty for the default chain.
    options : mapping
        Values for every method that has the option; None leaves a method's own.
    out : Path, optional
        Default: the file's name with ``.aligned`` before its suffix.
    song : Path, optional
        Where the song has moved since the query.
    """
    source = file or last_dance(Path.cwd(), aligned=False)
    target = dance_file(
        out
        or source.with_name(
            source.name.removesuffix(".npz").removesuffix(".dance") + ALIGNED_SUFFIX
        )
    )
    before = Dance.load(source)
    chain = aligners(methods or DEFAULT_METHODS, options or {})
    music = audio.listen(song_of(before, source, song))
    after = align(before, music, chain)
    after.save(target)
    return Aligned(before, after, music, target)


def render_file(
    file: Path | None,
    out: Path,
    options: RenderOptions | None = None,
    *,
    song: Path | None = None,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Render a dance file; without one, the newest in this folder. The suffix of `out` chooses.

    Returns
    -------
    tuple of str
        What the user should know, such as sources without footage.
    """
    source = file or last_dance(Path.cwd(), aligned=True)
    dance_ = Dance.load(source)
    return drawn([dance_], out, song_of(dance_, source, song), options, progress)


def dance(
    song: Path,
    index: Path,
    out: Path,
    options: QueryOptions | None = None,
    methods: Sequence[str] = (),
    align_options: Mapping[str, Any] | None = None,
    render_options: RenderOptions | None = None,
    *,
    device: str = "auto",
    progress: Progress = silent,
) -> Made:
    """Query, align and render in one; the dance file is written beside the video."""
    chain = aligners(methods or DEFAULT_METHODS, align_options or {})
    started = time.perf_counter()
    composition = _composed(song, index, options, device)
    queried = time.perf_counter()
    aligned = align(composition.dance, composition.music, chain)
    finished = time.perf_counter()
    beside = out.with_name(f"{out.stem}{DANCE_SUFFIX}")
    notes = drawn([aligned], out, song, render_options, progress)
    aligned.save(beside)
    rendered = time.perf_counter()
    return Made(
        out=out,
        dance_file=beside,
        n_frames=aligned.n_frames,
        notes=(*composition.notes, *notes),
        seconds={
            "query": queried - started,
            "align": finished - queried,
            "render": rendered - finished,
        },
    )


def drawn(
    dances: Sequence[Dance],
    out: Path,
    song: Path | None,
    options: RenderOptions | None = None,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Render dances with the footage of their sources at hand.

    Returns
    -------
    tuple of str
        What the user should know: sources without footage, poses that a person never showed.
    """
    filming = Filming(dances)
    look = replace(options or RenderOptions(), locate=filming)
    render_many(dances, out, song=song, options=look, progress=progress)
    unseen = [person_notes(Path(look.person), dance_) for dance_ in dances if look.person]
    return (*filming.notes, *dict.fromkeys(note for notes in unseen for note in notes))


def aligners(methods: Sequence[str], options: Mapping[str, Any]) -> list[Aligner]:
    """Build a chain, giving each option that is not None to every method that has it.

    Raises
    ------
    InputError
        If an option fits none of the methods.
    """
    given = {name: value for name, value in options.items() if value is not None}
    chain = []
    used: set[str] = set()
    for method in methods:
        aligner: Any = make_aligner(method)
        fitting = {field.name for field in fields(aligner)} & given.keys()
        used |= fitting
        chain.append(replace(aligner, **{name: given[name] for name in fitting}))
    for name in given.keys() - used:
        flag = f"--{name.replace('_', '-')}"
        raise InputError(f"{flag} fits none of the methods {', '.join(methods)}")
    return chain


def dance_file(path: Path) -> Path:
    """Return a path that a dance may be written to, so that none takes the place of a song.

    Raises
    ------
    InputError
        If it does not end in ``.npz``.
    """
    if path.suffix.lower() != ".npz":
        raise InputError(
            f"cannot write {path}: a dance file ends in .npz; `danceit render` writes other formats"
        )
    return path


def last_dance(folder: Path, *, aligned: bool) -> Path:
    """Newest dance file in a folder; where `aligned` is False, newest as a query wrote it.

    Raises
    ------
    InputError
        If there is none.
    """
    found = sorted(
        folder.glob(f"*{DANCE_SUFFIX}"),
        key=lambda path: (path.stat().st_mtime_ns, path.name),
        reverse=True,
    )
    for path in found:
        if aligned or not (path.name.endswith(ALIGNED_SUFFIX) or _is_aligned(path)):
            return path
    if found:
        raise InputError(f"every dance file in {folder} is aligned already; name one to go on")
    raise InputError(f"no dance file in {folder}; name one, or run `danceit query SONG` first")


def _is_aligned(path: Path) -> bool:
    """Whether a dance was aligned, whatever its file is called, as `danceit dance` writes it."""
    return any(step.step == "align" for step in Dance.load(path).steps)


def song_of(dance_: Dance, source: Path, song: Path | None) -> Path:
    """Return the song of a dance: `song` where given, else the path noted in its file.

    Raises
    ------
    InputError
        If it is not there, or its contents are not those that the dance was made for.
    """
    noted = dance_.song or DanceSong(Path())
    path = song or noted.path
    if not path.is_file():
        raise InputError(f"the song of {source} is not at {path}; say where it is now with --song")
    if noted.sha256 and sha256_of_file(path) != noted.sha256:
        raise InputError(f"{path} is not the song that {source} was made for: its contents differ")
    return path


def _composed(song: Path, index: Path, options: QueryOptions | None, device: str) -> Composition:
    with open_store(index, device=device) as store:
        encoder = FragmentEncoder.load(store.encoder, device=device)
        return with_choices(compose(song, store, encoder, options))


def all_plugins() -> list[PluginInfo]:
    """Every plug-in of every group, for `danceit plugins`."""
    return [info for registry in REGISTRIES for info in registry.listing()]
