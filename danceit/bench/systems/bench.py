"""Retrieval beside its rivals: the same songs, the same measures, everything as the picture shows.

Songs are such that no indexed dance was danced to them, so that neither the index nor a
generator has met them. Every system dances to each `SEEDS` times: measures of one dance are
means over seeds and then over songs, those of a set are taken for each seed, multimodality
(Lee et al.) over all. Depth is dropped from every dance before it is measured: generators have
none.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from danceit.bench.aligners.bench import song_files
from danceit.bench.aligners.jobs import refuse_indexed_songs
from danceit.bench.cells import Cell, RunFolder, run_jobs
from danceit.bench.material import Material, read_material
from danceit.bench.reports.summary import BenchRun
from danceit.bench.systems.graph import GraphFeatures
from danceit.bench.systems.jobs import REAL, Work, jobs_of, song_names
from danceit.bench.systems.options import SystemsOptions
from danceit.bench.systems.study import set_up_study
from danceit.bench.systems.systems import (
    OURS,
    RANDOM,
    Retriever,
    Rival,
    System,
    read_generator,
    retriever_of,
    seconds_system,
    systems_of,
)
from danceit.data import FPS
from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.generate.ren.generator import RenGenerator
from danceit.index.store.engines import open_store

TABLES = {
    "As a set, beside real dances": (
        "fid_kinetic", "fid_geometric", "fid_graph", "diversity_kinetic", "diversity_geometric",
        "diversity_graph", "multimodality_kinetic", "multimodality_geometric",
        "multimodality_graph", "cross_modal",
    ),
    "On the beat": (
        "kinematic_coverage", "kinematic_hit_1", "kinematic_hit_2", "s_ba", "s_ba_2", "bas_fact",
        "bas_bailando", "bar_lock",
    ),
    "Movement": (
        "mdd_hands", "mdd_feet", "sdd_hands", "sdd_feet", "pfc_picture", "skate_picture_cm",
        "frozen", "limb_excess", "frames_over_10px",
    ),
    "Cost": ("s_per_minute", "million_parameters", "weights_mb"),
}  # fmt: skip
COMPARED = ("kinematic_hit_1", "s_ba_2", "bar_lock", "mdd_hands", "mdd_feet", "frozen")


def bench_systems(
    data: Path,
    songs: Sequence[Path],
    out: Path,
    index: Path,
    options: SystemsOptions | None = None,
    *,
    progress: bool = True,
) -> BenchRun:
    """Let every system dance to every song and measure what comes out.

    Parameters
    ----------
    data : Path
        Folder of the real dances.
    songs : sequence of Path
        A folder stands for the audio files in it.
    out : Path
        Run folder; the dances of the first seed stay in ``dances``.
    index : Path
        Of the real dances. With ``--dims 2`` generators' dances are also found again in it.

    Raises
    ------
    InputError
        If a song is that of an indexed dance and `allow_leak` is off, a generator cannot be
        read, or the data cannot be used.
    """
    options = options or SystemsOptions()
    files, rivals = song_files(songs), _rivals(options)
    folder = RunFolder(out, resume=options.resume)
    graph = GraphFeatures.of(options.graph, [rival.generator for rival in rivals])
    with ExitStack() as stores:
        libraries = [
            retriever_of(stores.enter_context(open_store(each)))
            for each in (index, options.seconds_index)
            if each is not None
        ]
        flat = libraries[0].embedder.dims == 2
        # As the index holds them, so that random dances are put together from the like.
        material = read_material(data, dims=libraries[0].embedder.dims)
        if not options.allow_leak:
            _refuse_leaks(libraries, material, rivals, files)
        systems = _rows(material, libraries, rivals, options.length_s)
        work = Work(folder, material, options.seeds, options.length_s, options.reference,
                    song_names(files), graph)  # fmt: skip
        cells = run_jobs([*jobs_of(work, systems, files)], progress=progress)
    set_up_study(work, systems, files)
    notes = tuple(_notes(work, files, options, flat=flat))
    return _report(work, systems, cells, notes)


def _report(
    work: Work, systems: Sequence[System], cells: Sequence[Cell], notes: tuple[str, ...]
) -> BenchRun:
    failed = [f"{c.method} on {c.song}: {c.error}" for c in cells if c.error]
    return BenchRun(
        out=work.folder.path,
        title="Systems",
        cells=tuple(cells),
        rows=(REAL, *(system.name for system in systems)),
        baseline=OURS,
        tables=TABLES,
        compared=COMPARED,
        ends=(REAL, RANDOM),
        notes=notes,
        failures=tuple(dict.fromkeys([*work.material.problems, *failed])),
    )


def _rows(
    material: Material, libraries: Sequence[Retriever], rivals: Sequence[Rival], length_s: float
) -> tuple[System, ...]:
    """Every row but the real dances'; a second library is that on the grid of seconds."""
    counted, *others = libraries
    ours, *rest = systems_of(material, counted, rivals, length_s=length_s)
    return (ours, *(seconds_system(library, length_s) for library in others), *rest)


def _rivals(options: SystemsOptions) -> list[Rival]:
    """Read all generators, and stop before anything is measured where a row would be empty.

    Raises
    ------
    InputError
        If one cannot be read, or cannot dance.
    """
    rivals = [Rival(*read_generator(text), alone=False) for text in options.generators]
    rivals += [Rival(*read_generator(text), alone=True) for text in options.beside]
    for rival in rivals:
        if isinstance(rival.generator, RenGenerator) and not rival.generator.dances:
            raise InputError(
                f"'{rival.name}' holds a graph network alone (trained with steps=0) and cannot "
                "dance: sets are seen through it with `graph`"
            )
    return rivals


def _refuse_leaks(
    libraries: Sequence[Retriever],
    material: Material,
    rivals: Sequence[Rival],
    files: Sequence[Path],
) -> None:
    """Stop where an index holds a dance to one of the songs, or a generator may have learnt it.

    Raises
    ------
    InputError
        Naming the song.
    """
    for library in libraries:
        refuse_indexed_songs(library.store, files)
    asked = {sha256_of_file(file): file for file in files}
    for dance in material.dances:
        audio_path, recording = dance.clip.audio_path, dance.clip.recording_id
        song = None if audio_path is None else asked.get(sha256_of_file(audio_path))
        for rival in rivals:
            if song is not None and recording not in rival.generator.held_out_songs:
                raise InputError(
                    f"'{rival.name}' did not hold out the dance to {song}, so its score would "
                    "measure memory; leave the song out or accept it with `allow_leak`"
                )


def _notes(
    work: Work, files: Sequence[Path], options: SystemsOptions, *, flat: bool
) -> Iterator[str]:
    dances, graph = work.material.dances, work.graph
    frames = sum(dance.clip.n_frames for dance in dances)
    yield (
        f"{len(dances)} real dances ({frames / FPS / 60:.1f} minutes), {len(files)} songs "
        f"to which no indexed dance was danced, {options.seeds} dances a song; intervals are 95 %, "
        "over songs, and for measures of a set over seeds (real dances: random halves)"
    )
    yield (
        "blind votes: `danceit study` with any folders of `study` in this run, such as "
        "study/real-dances study/danceit"
    )
    yield (
        "depth is dropped from every dance, for generators have none; PFC and foot skate are those "
        "of the picture (depth taken for 0): nothing that papers report with depth"
    )
    yield (
        "retrieved movement is judged by the library that it comes from, and generators have "
        "learned from it"
    )
    if graph is not None:
        yield (
            f"graph: features of the ST-GCN in ren {graph.made_by}, which learnt the library's "
            "styles; two sets of few pieces are far apart in its 256 dimensions whatever they show"
        )
    if not flat:
        yield "what generators imagined is found again only in an index of two dimensions"
    if options.reference is None:
        yield "bar lock is judged by the counts beside the songs: no others were named"
