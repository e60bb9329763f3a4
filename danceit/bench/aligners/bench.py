"""The bench of aligners: every chain on the same dances, between real ones and chance.

For each song a dance is chosen once, from an index or, without one, at random; every
method then aligns that same dance, so that methods are compared in pairs. Gap filling
and the rows for real and random dances need no index.

Rows: `REAL` dances to their own songs, `RANDOM` concatenations without any aligner, and
each method. The unit of every mean and interval is a song.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from danceit.bench import in_time
from danceit.bench.aligners.jobs import RANDOM, REAL, Work, all_jobs, base_of, composer_of
from danceit.bench.aligners.methods import DEFAULT_METHODS, WARP_LIMITS, Method, read_methods
from danceit.bench.cells import Cell, RunFolder, run_jobs
from danceit.bench.material import Material, read_material
from danceit.bench.measures import gaps
from danceit.bench.named_figures import NamedFigures, find_named_figures, tempo_statement
from danceit.bench.reports.summary import BenchRun
from danceit.data import FPS
from danceit.errors import InputError
from danceit.media import AUDIO_SUFFIXES, VIDEO_SUFFIXES, is_media


@dataclass(frozen=True)
class AlignerOptions:
    """What to compare, and how much of it.

    Attributes
    ----------
    methods : tuple of str
        Chains such as ``tsd+beat:max_warp=1.25``; the first is what others are compared with.
    length_s : float
        Fragment length of the dances that are aligned.
    dims : int or None
        2 drops the depth of 3-D dances.
    gap_lengths : tuple of int
    warp_limits : tuple of float or None
        Stretch limits at which methods that take one are run again; None is no limit.
    seed : int
        Of the random dances.
    allow_leak : bool
        Accept songs to which an indexed dance was danced.
    resume : bool
        Take over what an earlier run into the same folder measured.
    """

    methods: tuple[str, ...] = DEFAULT_METHODS
    length_s: float = 2.0
    dims: int | None = None
    gap_lengths: tuple[int, ...] = gaps.GAP_LENGTHS
    warp_limits: tuple[float | None, ...] = WARP_LIMITS
    seed: int = 0
    allow_leak: bool = False
    resume: bool = True


TABLES = {
    "In time": in_time.NAMES,
    "On the beat": (
        "s_ba",
        "s_ba_1",
        "s_ba_2",
        "kinematic_coverage",
        "kinematic_hit_1",
        "kinematic_hit_2",
        "kinematic_hit_3",
    ),
    "Beat alignment scores": (
        "n_music_beats",
        "bas_fact",
        "n_kinematic_fact",
        "bas_bailando",
        "n_kinematic_bailando",
    ),
    "Movement against real dances": (
        "mdd_hands",
        "mdd_feet",
        "sdd_hands",
        "sdd_feet",
        "moving_hands_0_20",
        "moving_feet_0_20",
        "fid_k",
        "diversity_k",
    ),
    "Seams and frames": (
        "seams",
        "seam_px_mean",
        "seam_px_p95",
        "seam_px_max",
        "seams_over_10px",
        "frames_over_10px",
    ),
    "Time and physics": (
        "warp_max",
        "warp_mean",
        "warp_still",
        "pfc",
        "foot_skate_cm",
        "feet_off",
        "bone_change",
        "frames_per_s",
    ),
    "Gap filling": ("gap_px_4", "gap_px_8", "gap_px_12", "gap_px_16", "gap_px_24"),
}
COMPARED = (
    "timing_kept",
    "bar_lock",
    "s_ba",
    "kinematic_hit_1",
    "bas_fact",
    "mdd_hands",
    "mdd_feet",
    "sdd_hands",
    "sdd_feet",
    "seam_px_mean",
    "gap_px_8",
)


def bench_aligners(
    data: Path,
    songs: Sequence[Path],
    out: Path,
    options: AlignerOptions | None = None,
    *,
    index: Path | None = None,
    progress: bool = True,
) -> BenchRun:
    """Run every method over every song and gap, and write nothing but the run folder's cells.

    Parameters
    ----------
    data : Path
        Folder of real dances.
    songs : sequence of Path
        Songs to make dances for; a folder stands for the audio files in it.
    out : Path
        Run folder; a run that was interrupted goes on there.
    options : AlignerOptions, optional
    index : Path, optional
        Index that the dances are retrieved from; without it they are random concatenations.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    InputError
        If a method is unknown, there is no song, or the data cannot be used. A song or
        method that fails on its own does not raise: it is among the run's failures.
    """
    options = options or AlignerOptions()
    methods = read_methods(options.methods)
    files = song_files(songs)
    folder = RunFolder(out, resume=options.resume)
    material = read_material(data, dims=options.dims)
    work = Work(
        folder, methods, material, options.gap_lengths, options.warp_limits, options.length_s
    )
    with composer_of(index, files, options.length_s, allow_leak=options.allow_leak) as composer:
        bases = [base_of(file, work, composer, options.seed) for file in files]
    cells = run_jobs(all_jobs(work, bases), progress=progress)
    notes = (*composer.notes(material), *_notes(material, files, find_named_figures(data)))
    return _report(folder, methods, material, cells, notes)


def _report(
    folder: RunFolder,
    methods: Sequence[Method],
    material: Material,
    cells: Sequence[Cell],
    notes: tuple[str, ...],
) -> BenchRun:
    failed = [f"{c.method} on {c.song}: {c.error}" for c in cells if c.error]
    return BenchRun(
        out=folder.path,
        title="Aligners",
        cells=tuple(cells),
        rows=(REAL, RANDOM, *(method.name for method in methods)),
        baseline=methods[0].name,
        tables=TABLES,
        compared=COMPARED,
        ends=(REAL, RANDOM),
        fills={RANDOM: "", **{method.name: method.fills for method in methods}},
        notes=notes,
        failures=tuple(dict.fromkeys([*material.problems, *failed])),
    )


def song_files(songs: Sequence[Path]) -> tuple[Path, ...]:
    """Files of songs; a folder stands for the audio files directly in it, by name.

    Raises
    ------
    InputError
        If something is missing, a folder holds no audio, or no song is left.
    """
    found: list[Path] = []
    for song in songs:
        if song.is_dir():
            inside = sorted(path for path in song.iterdir() if is_media(path))
            if not inside:
                known = ", ".join(sorted(AUDIO_SUFFIXES | VIDEO_SUFFIXES))
                raise InputError(f"{song} holds no audio file ({known})")
            found.extend(inside)
        elif song.exists():
            found.append(song)
        else:
            raise InputError(f"no such song: {song}")
    if not found:
        raise InputError("a bench of aligners needs at least one song")
    return tuple(dict.fromkeys(found))


def _notes(
    material: Material, files: Sequence[Path], tracks: Mapping[str, NamedFigures]
) -> Iterator[str]:
    frames = sum(dance.clip.n_frames for dance in material.dances)
    yield (
        f"{len(material.dances)} real dances ({frames / FPS / 60:.1f} minutes), "
        f"{len(files)} songs; intervals are 95 % over songs, over dances for real dances and gaps"
    )
    yield (
        "MDD, SDD and FID compare with these real dances; a real dance is compared with all "
        "dances but those of its own recording, and being of one style differs more from all "
        "of them than a mixture does"
    )
    agreement = tempo_statement(material.tempi_bpm, tracks)
    if agreement:
        yield agreement
    if files and len(files) < 6:
        least = 2 / 2 ** len(files)
        yield f"with {len(files)} songs no paired test can give a p-value under {least:.3f}"
