"""`danceit bench ...`: measure aligners and retrieval on your dances and songs."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.options import PATH, OptionOf, device_option, index_option, seconds_of, table

if TYPE_CHECKING:
    from danceit.bench.measures.statistics import Interval
    from danceit.bench.reports.summary import BenchRun

_MOST = 1e9
"""Largest number of a list; none of them is near it, and infinity is none."""
ALIGNING = "danceit.bench.aligners.bench:AlignerOptions"
RETRIEVING = "danceit.bench.retrieval.variants:RetrievalOptions"
COMPARING = "danceit.bench.systems.options:SystemsOptions"


@click.group(help="Measure aligners and retrieval; a run that was stopped goes on.")
def bench() -> None:
    """Hold the commands under `danceit bench`."""


@bench.command(
    help="Compare aligners on dances for SONGS and on gaps hidden in the real dances of DATA.\n\n"
    "Real dances and random concatenations mark the ends of every scale. Leaves a table, "
    "results.parquet, report.md and report.html."
)
@click.argument("data", type=PATH)
@click.argument("songs", type=PATH, nargs=-1, required=True)
@click.option("--out", type=PATH, default=Path("bench-aligners"), show_default=True)
@click.option("--methods", help="Chains such as none,linear,tsd+beat:max_warp=1.25.")
@click.option(
    "--index",
    "index_path",
    type=PATH,
    help="Take the dances from this index; otherwise they are put together at random.",
)
@click.option("--length", "length_s", type=float, cls=OptionOf, of=f"{ALIGNING}.length_s")
@click.option("--dims", type=click.IntRange(2, 3), help="2 drops the depth.")
@click.option("--seed", type=int, cls=OptionOf, of=f"{ALIGNING}.seed")
@click.option("--allow-leak", is_flag=True, help="Accept songs of the indexed dances themselves.")
@click.option("--restart", is_flag=True, help="Measure anew, whatever stands in --out.")
def aligners(
    data: Path,
    songs: tuple[Path, ...],
    out: Path,
    methods: str | None,
    index_path: Path | None,
    length_s: float,
    dims: int | None,
    seed: int,
    allow_leak: bool,
    restart: bool,
) -> None:
    """Call `danceit.bench.aligners.bench.bench_aligners` and write its report."""
    from danceit.bench.aligners.bench import AlignerOptions, bench_aligners

    options = AlignerOptions(
        length_s=length_s, dims=dims, seed=seed, allow_leak=allow_leak, resume=not restart
    )
    if methods:
        options = replace(options, methods=_chains(methods))
    _report(bench_aligners(data, songs, out, options, index=index_path))


@bench.command(
    help="Compare encoders and baselines on songs of DATA that training never heard.\n\n"
    "Every list multiplies the trainings: --learning-rates, --dropouts and --embeddings are "
    "the grid of DanceIt's Table III."
)
@click.argument("data", type=PATH)
@click.option("--out", type=PATH, default=Path("bench-retrieval"), show_default=True)
@click.option("--losses", cls=OptionOf, of=f"{RETRIEVING}.losses", in_words=",".join,
              help="Names, or all.")  # fmt: skip
@click.option("--features", help="Audio feature sets.  [default: that of danceit train]")
@click.option("--lengths", cls=OptionOf, of=f"{RETRIEVING}.lengths", in_words=seconds_of,
              help="Fragment lengths in s.")  # fmt: skip
@click.option("--learning-rates", help="Such as 0.001,0.002.")
@click.option("--dropouts", help="Such as 0.1,0.3.")
@click.option("--embeddings", help="D_f, such as 8,16,32.")
@click.option("--steps", type=click.IntRange(min=1), help="Of each training.")
@click.option("--folds", type=click.IntRange(min=2), cls=OptionOf, of=f"{RETRIEVING}.folds")
@click.option("--no-leak", is_flag=True, help="Take near-copies of the test dances out.")
@click.option("--allow-leak", is_flag=True, help="Accept test dances that training has seen.")
@click.option("--dims", type=click.IntRange(2, 3), help="2 drops the depth.")
@click.option("--seed", type=int, cls=OptionOf, of=f"{RETRIEVING}.seed")
@click.option("--restart", is_flag=True, help="Measure anew, whatever stands in --out.")
@device_option
def retrieval(
    data: Path,
    out: Path,
    losses: str,
    features: str | None,
    lengths: str,
    learning_rates: str | None,
    dropouts: str | None,
    embeddings: str | None,
    steps: int | None,
    folds: int,
    no_leak: bool,
    allow_leak: bool,
    dims: int | None,
    seed: int,
    restart: bool,
    device: str,
) -> None:
    """Call `danceit.bench.retrieval.bench.bench_retrieval` and write its report."""
    from danceit.bench.retrieval.bench import bench_retrieval
    from danceit.bench.retrieval.variants import RetrievalOptions
    from danceit.data import FPS
    from danceit.retrieval.encoder.losses import LOSSES

    base = RetrievalOptions()
    options = replace(
        base,
        losses=tuple(LOSSES.names()) if losses == "all" else _words(losses),
        feature_sets=_words(features) if features else base.feature_sets,
        lengths=tuple(round(seconds * FPS) for seconds in _numbers("--lengths", lengths)),
        learning_rates=_or(base.learning_rates, "--learning-rates", learning_rates),
        dropouts=_or(base.dropouts, "--dropouts", dropouts),
        embeddings=tuple(int(width) for width in _or(base.embeddings, "--embeddings", embeddings)),
        training=replace(base.training, steps=steps or base.training.steps),
        folds=folds,
        no_leak=no_leak,
        allow_leak=allow_leak,
        dims=dims,
        seed=seed,
        resume=not restart,
        device=device,
    )
    _report(bench_retrieval(data, out, options))


@bench.command(
    name="person",
    help="Measure a trained PERSON on footage that training never saw.\n\n"
    "Beside the networks: the background alone, the training frame of the nearest pose, and "
    "that frame warped to the pose.",
)
@click.argument("folder", metavar="PERSON", type=PATH)
@click.option("--out", type=PATH, default=Path("bench-person"), show_default=True)
@click.option("--lpips", default="", metavar="ALEXNET,LINEAR",
              help="Also LPIPS: torchvision's AlexNet, the authors' weights.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Most unseen frames to take.")
@device_option
def person_(folder: Path, out: Path, lpips: str, limit: int, device: str) -> None:
    """Call `danceit.bench.person.bench_person` and print its table."""
    from danceit.bench.person import HEADER, bench_person, table_rows
    from danceit.cli.options import table

    result = bench_person(folder, out, device=device, lpips=lpips, limit=limit)
    click.echo(table(HEADER, table_rows(result)))
    click.echo(
        f"{result.n_frames} unseen frames of {result.size} px, after {result.step} steps; "
        f"{result.frames_per_s:.1f} frames/s painted on {result.device}"
    )
    if result.beaten_by:
        better = " and ".join(result.beaten_by)
        click.echo(f"note: better in PSNR without any training: {better}; train longer", err=True)
    click.echo(f"wrote {result.sheet} and {out / 'person.json'}")


@bench.command(help="Measure how fast and how truly an index answers, beside a scan by numpy.")
@index_option
@click.option("--seed", type=int, default=0, show_default=True)
@device_option
def search(index_path: Path, seed: int, device: str) -> None:
    """Call `danceit.bench.search.bench_search`."""
    from danceit.bench.search import bench_search
    from danceit.data import FPS

    opened_s, speeds = bench_search(index_path, seed=seed, device=device)
    click.echo(f"opened in {1000 * opened_s:.0f} ms")
    click.echo(
        table(
            ("length s", "fragments", "search", "recall at 10", "ms one by one", "ms in 200s",
             "ms numpy"),
            [
                (
                    f"{each.n_frames / FPS:g}",
                    str(each.fragments),
                    each.how,
                    f"{each.recall:.3f}",
                    f"{1000 * each.one_s:.3f}",
                    f"{1000 * each.many_s:.3f}",
                    f"{1000 * each.scan_s:.3f}",
                )
                for each in speeds
            ],
        )
    )  # fmt: skip


@bench.command(
    help="Compare retrieval with generators, nearest audio, chance and real dances.\n\n"
    "Every system dances to SONGS, which nobody in DATA danced to. Leaves a table, "
    "results.parquet, report.md, report.html and the dances, for `danceit render` and "
    "`danceit study`."
)
@click.argument("data", type=PATH)
@click.argument("songs", type=PATH, nargs=-1, required=True)
@click.option("--out", type=PATH, default=Path("bench-systems"), show_default=True)
@index_option
@click.option(
    "--with",
    "generators",
    multiple=True,
    metavar="[NAME=]GEN",
    help="Folder of a trained generator; repeat for several. Its dances are also repaired and "
    "found again.",
)
@click.option(
    "--beside",
    multiple=True,
    metavar="[NAME=]GEN",
    help="The same of an ablation or baseline: its dances as they come.",
)
@click.option("--seconds-index", type=PATH, help="The same dances on the grid of seconds: a row.")
@click.option("--graph", default="", metavar="GEN",
              help="A ren whose graph network compares sets.  [default: first given]")  # fmt: skip
@click.option("--length", "length_s", type=float, cls=OptionOf, of=f"{COMPARING}.length_s")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    cls=OptionOf,
    of=f"{COMPARING}.seeds",
    help="Dances a song, for multimodality.",
)
@click.option("--reference", type=PATH, help="Folder of annotated counts, for bar lock.")
@click.option("--allow-leak", is_flag=True, help="Accept songs of the indexed dances themselves.")
@click.option("--restart", is_flag=True, help="Measure anew, whatever stands in --out.")
def systems(
    data: Path,
    songs: tuple[Path, ...],
    out: Path,
    index_path: Path,
    generators: tuple[str, ...],
    beside: tuple[str, ...],
    seconds_index: Path | None,
    graph: str,
    length_s: float,
    seeds: int,
    reference: Path | None,
    allow_leak: bool,
    restart: bool,
) -> None:
    """Call `danceit.bench.systems.bench.bench_systems` and write its report."""
    from danceit.bench.systems.bench import bench_systems
    from danceit.bench.systems.options import SystemsOptions

    options = SystemsOptions(
        generators=generators, beside=beside, seconds_index=seconds_index, graph=graph,
        length_s=length_s, seeds=seeds, reference=reference,
        allow_leak=allow_leak, resume=not restart,
    )  # fmt: skip
    _report(bench_systems(data, songs, out, index_path, options))


@bench.command(
    name="counts",
    help="Measure trackers of beats and bars on the annotated songs of DATA.\n\n"
    "The annotation lies beside each song (song.beats, .jams or .labels.txt) or in the folder "
    "given. Intervals are at 95 %, by bootstrap over songs.",
)
@click.argument("data", type=PATH)
@click.option("--reference", type=PATH, help="Folder of annotations, named as song or its folder.")
@click.option("--trackers", help="Names, or all.  [default: the tracker that is used]")
@click.option("--out", type=PATH, help="Write all values to this .json file.")
@click.option("--songs", is_flag=True, help="Print every song as well.")
def counts_(
    data: Path, reference: Path | None, trackers: str | None, out: Path | None, songs: bool
) -> None:
    """Call `danceit.bench.counts.bench.bench_counts` and print its tables."""
    from danceit.audio.counts.registry import DEFAULT_TRACKER, TRACKERS
    from danceit.bench.counts.bench import bench_counts
    from danceit.bench.measures.tracking import MEASURES
    from danceit.cli.progress import bar

    every = TRACKERS.names() if trackers == "all" else _words(trackers or DEFAULT_TRACKER)
    with bar("counting", "song") as progress:
        run = bench_counts(data, reference=reference, trackers=every, out=out, progress=progress)
    if songs:
        click.echo(
            table(
                ("tracker", "song", *MEASURES, "bpm", "true bpm", "sure"),
                [
                    (row.tracker, row.song, *(f"{row.values[name]:.2f}" for name in MEASURES),
                     f"{row.tempo_bpm:.1f}", f"{row.reference_bpm:.1f}", f"{row.confidence:.2f}")
                    for row in run.rows
                ],
            )
        )  # fmt: skip
    click.echo(
        table(
            ("tracker", "style", "songs", *MEASURES, "frames/s"),
            [
                (means.tracker, means.style or "-", str(means.n_songs),
                 *(_with_interval(means.intervals[name]) for name in MEASURES),
                 f"{means.frames_per_s:.0f}")
                for means in run.means
            ],
        )
    )  # fmt: skip
    if out is not None:
        click.echo(f"wrote {out}", err=True)
    for failure in run.failures:
        click.echo(f"failed: {failure}", err=True)
    if run.failures:
        raise click.exceptions.Exit(1)


def _with_interval(interval: "Interval") -> str:
    if not interval.n:
        return "-"
    if interval.n == 1:
        return f"{interval.mean:.2f}"
    return f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _report(run: "BenchRun") -> None:
    from danceit.bench.reports.report import terminal, write_report

    written = write_report(run)
    click.echo(terminal(run))
    click.echo(f"wrote {written.results}, {written.markdown} and {written.page}")
    for failure in run.failures:
        click.echo(f"failed: {failure}", err=True)
    if run.failures:
        raise click.exceptions.Exit(1)


def _chains(text: str) -> tuple[str, ...]:
    """Split at the commas that a name follows; those before ``option=`` belong to a method."""
    return tuple(re.split(r",(?=[\w-]+(?:[+:,]|$))", text.replace(" ", "")))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(flag: str, text: str) -> tuple[float, ...]:
    from danceit.errors import InputError

    try:
        numbers = tuple(float(word) for word in _words(text))
    except ValueError:
        numbers = (math.nan,)
    if not all(abs(number) <= _MOST for number in numbers):
        raise InputError(f"{flag} must be numbers such as 1,2; got '{text}'")
    return numbers


def _or(default: tuple[float, ...], flag: str, text: str | None) -> tuple[float, ...]:
    return _numbers(flag, text) if text else default
