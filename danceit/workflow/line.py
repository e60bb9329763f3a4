"""The whole line in a few calls: what the command line runs and notebooks import.

build_index(Path("my_dances"), Path("danceit-index"))    # danceit.workflow.indexing
made = dance(Path("song.mp3"), Path("danceit-index"), Path("dance.mp4"))
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from danceit import audio
from danceit.align import ALIGNERS, DEFAULT_METHODS, Aligner, align, make_aligner
from danceit.align.registry import options_of, with_options, with_texts
from danceit.audio.counts.registry import TRACKERS
from danceit.audio.songs import check_one_song, song_of
from danceit.dance_file import dance_path
from danceit.data import Dance, Music, Step
from danceit.errors import InputError
from danceit.generate.registry import GENERATORS
from danceit.index.poses.estimators import ESTIMATORS
from danceit.index.sources import SOURCES
from danceit.index.store.contract import StoreOptions
from danceit.index.store.engines import STORES, open_store
from danceit.plugins import PluginInfo
from danceit.progress import Progress, silent
from danceit.render import RENDERERS, check_out, render_many, renderer_for
from danceit.render.drawing.together import one_stage
from danceit.render.footage.cutout import has_segmenter
from danceit.render.options import RenderOptions
from danceit.retrieval.candidates import check_song
from danceit.retrieval.choices import with_choices
from danceit.retrieval.composing import Composition, compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.encoder.losses import LOSSES
from danceit.retrieval.options import QueryOptions
from danceit.workflow.dance_files import (
    DANCE_SUFFIX,
    aligned_name,
    last_dance,
    loaded,
    numbered,
    set_of,
    short_names,
)
from danceit.workflow.footage_sources import OUTLINED, Filming
from danceit.workflow.person import person_notes

REGISTRIES = (SOURCES, TRACKERS, ESTIMATORS, STORES, LOSSES, ALIGNERS, RENDERERS, GENERATORS)


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
class DanceOptions:
    """How a song becomes a dance to look at: what is chosen, aligned and drawn, and where.

    Attributes
    ----------
    query : QueryOptions
    methods : sequence of str
        As for `align_file`; empty for the default chain.
    align : mapping of str to str
        As for `align_file`.
    look : RenderOptions
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    """

    query: QueryOptions = field(default_factory=QueryOptions)
    methods: Sequence[str] = ()
    align: Mapping[str, str] = field(default_factory=dict)
    look: RenderOptions = field(default_factory=RenderOptions)
    device: str = StoreOptions.device

    def chain(self) -> list[Aligner]:
        """Build the aligners, before anything slow begins."""
        return aligners(self.methods or DEFAULT_METHODS, self.align)


@dataclass(frozen=True)
class Made:
    """What `dance` wrote, what the user should know, and seconds by step."""

    dance: Dance
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
    told: Progress = silent,
) -> Queried:
    """Choose a dance for a song from an index and write it as a dance file.

    Without `out` the file is ``SONG.dance.npz`` in the current folder.
    """
    target = dance_path(out or Path.cwd() / f"{song.stem}{DANCE_SUFFIX}")
    composition = compose_song(song, index, options, device, told)
    composition.dance.save(target)
    return Queried(composition, target)


def align_file(
    file: Path | None,
    methods: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    *,
    out: Path | None = None,
    song: Path | None = None,
    told: Progress = silent,
) -> Aligned:
    """Align a dance file; without one, the last that a query wrote in this folder.

    Parameters
    ----------
    file : Path or None
    methods : sequence of str
        ``name`` or ``name:option=value,...``, applied in order; empty for the default chain.
    options : mapping of str to str
        Texts, as after ``option=`` in a method, for every method that has the option.
    out : Path, optional
        Default: as `aligned_name`.
    song : Path, optional
        Where the song has moved since the query.
    told : Progress, optional
        Of the song's seconds as they are heard.
    """
    source = file or last_dance(Path.cwd(), aligned=False)
    target = dance_path(out or aligned_name(source))
    before = loaded(source)
    chain = aligners(methods or DEFAULT_METHODS, options or {})
    music = audio.listen(song_of([before], song, [source]), told=told)
    after = align(before, music, chain)
    after.save(target)
    return Aligned(before, after, music, target)


def render_files(
    files: Sequence[Path],
    out: Path,
    options: RenderOptions | None = None,
    *,
    song: Path | None = None,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Render dance files to one song; without any, the newest in this folder, or its group.

    The suffix of `out` chooses the format. Several dances are shown side by side, captioned
    by what sets their files apart.

    Returns
    -------
    tuple of str
        What the user should know, such as sources without footage.

    Raises
    ------
    InputError
        If a file is no dance, the dances are to different songs, or as `render_many`.
    """
    sources = files or set_of(last_dance(Path.cwd(), aligned=True))
    dances = [loaded(source) for source in sources]
    check_one_song(dances, sources)
    check_out(out, song, *(dance.song.path for dance in dances if dance.song))
    look = options or RenderOptions()
    if len(dances) > 1 and not one_stage(dances):
        look = replace(look, captions=look.captions or short_names(sources))
    return drawn(dances, out, song, look, progress)


def dance(
    song: Path,
    index: Path,
    out: Path,
    options: DanceOptions | None = None,
    *,
    told: Progress = silent,
    progress: Progress = silent,
) -> Made:
    """Query, align and render in one; the dance file is written beside the video.

    `told` is told of the song as it is heard, `progress` of the frames drawn.
    """
    check_out(out, song)
    options = options or DanceOptions()
    chain = options.chain()
    started = time.perf_counter()
    composition = compose_song(song, index, options.query, options.device, told)
    queried = time.perf_counter()
    aligned = align(composition.dance, composition.music, chain)
    finished = time.perf_counter()
    beside = out.with_name(f"{out.stem}{DANCE_SUFFIX}")
    aligned.save(beside)  # before it is drawn, which takes longest and may fail
    notes = drawn([aligned], out, song, options.look, progress)
    rendered = time.perf_counter()
    return Made(
        dance=aligned,
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
        What the user should know: sources without footage, dancers cut out along their joints
        alone, poses that a person never showed.
    """
    if len(dances) > 1 and one_stage(dances) and not _shared_by(out):
        notes: list[str] = []
        for number, one in enumerate(dances, start=1):
            notes += drawn([one], numbered(out, number), song, options, progress)
        first, last = numbered(out, 1).name, numbered(out, len(dances)).name
        told = f"a {out.suffix} file holds one dancer: wrote {first} to {last}"
        return (told, *dict.fromkeys(notes))
    filming = Filming(dances)
    look = replace(options or RenderOptions(), locate=filming, video_of=filming.video_of)
    render_many(dances, out, song=song, options=look, progress=progress)
    unseen = [person_notes(Path(look.person), dance_) for dance_ in dances if look.person]
    outlined = look.footage and look.surroundings != "kept" and not has_segmenter()
    return (
        *filming.notes,
        *((OUTLINED,) if outlined else ()),
        *dict.fromkeys(note for notes in unseen for note in notes),
    )


def _shared_by(out: Path) -> bool:
    """Whether one file of this format holds a group."""
    renderer = renderer_for(out)
    return renderer.several or renderer.together


def aligners(methods: Sequence[str], options: Mapping[str, str]) -> list[Aligner]:
    """Build a chain, giving each option, read as in a method's text, to all that have it.

    Raises
    ------
    InputError
        If an option fits none of the methods, or as `make_aligner`.
    """
    chain = [make_aligner(method) for method in methods]
    for name in options:
        if not any(name in options_of(aligner) for aligner in chain):
            raise InputError(f"`{name}` fits none of the methods {', '.join(methods)}")
    return [with_texts(aligner, options) for aligner in chain]


def again(dance_: Dance, music: Music, steps: Sequence[Step]) -> Dance:
    """Align a dance as the steps of another say, with every option that they had."""
    for step in steps:
        if step.step == "align":
            dance_ = align(dance_, music, [with_options(make_aligner(step.method), step.options)])
    return dance_


def compose_song(
    song: Path,
    index: Path,
    options: QueryOptions | None,
    device: str,
    told: Progress = silent,
) -> Composition:
    """Choose a dance for a song from an index; nothing is written."""
    check_song(song, options or QueryOptions())
    with open_store(index, device=device) as store:
        encoder = FragmentEncoder.load(store.encoder, device=device)
        return with_choices(compose(song, store, encoder, options, told=told))


def all_plugins() -> list[PluginInfo]:
    """Every plug-in of every group, for `danceit plugins`."""
    return [info for registry in REGISTRIES for info in registry.listing()]
