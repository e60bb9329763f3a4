"""`danceit index ...`: build, extend, shrink and check an index of dances."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.flags import note, told
from danceit.cli.library.gaps import gaps
from danceit.cli.library.inspect import inspect, list_index, stats
from danceit.cli.library.migrate import migrate
from danceit.cli.options import (
    PATH,
    TRAINING,
    OptionOf,
    debug_option,
    device_option,
    estimator_option,
    index_option,
    json_option,
    lag_option,
    ray_option,
    search_options,
    seconds_of,
    table,
    workers_option,
)
from danceit.cli.progress import bar

if TYPE_CHECKING:
    from danceit.index.building.options import Told
    from danceit.index.building.report import BuildReport
    from danceit.index.store.contract import StoreInfo

GRID = "danceit.workflow.indexing:ON_COUNTS.grid"


@click.group(help="Build, extend and check an index of dances.")
def index() -> None:
    """Hold the commands under `danceit index`."""


index.add_command(inspect)
index.add_command(gaps)
index.add_command(migrate)
index.add_command(stats)
index.add_command(list_index)


@index.command(
    help="Index the dances in DATA, training encoders on them first where none is given.\n\n"
    "Building again does only what changed: new and changed recordings are added, those "
    "that are gone from DATA are taken out and named. What the index has from other folders "
    "stays, with --retrain too: then it is read again where it lies and embedded anew."
)
@click.argument("data", type=PATH)
@click.option("--out", type=PATH, help="Folder of the index; otherwise as --index.")
@index_option
@click.option(
    "--encoder", type=PATH, help="Use this encoder, or an index's, instead of training one."
)
@click.option("--retrain", is_flag=True, help="Train anew although the index has an encoder.")
@click.option("--lengths", cls=OptionOf, of=f"{GRID}.lengths", in_words=seconds_of,
              help="Fragment lengths in s.")  # fmt: skip
@click.option("--stride", type=float, help="Seconds between fragments.  [default: their length]")
@click.option(
    "--grid",
    type=click.Choice(["counts", "seconds"]),
    cls=OptionOf,
    of=f"{GRID}.grid",
    help="Fragments start on beats of their music, where sure, or by the stride.",
)
@click.option("--dims", type=click.IntRange(2, 3), help="2 projects 3-D dances to the picture.")
@estimator_option
@lag_option
@workers_option
@click.option("--seed", type=int, cls=OptionOf, of=f"{TRAINING}.seed", help="Of the training.")
@click.option(
    "--store", default="", help="Engine: local or lance.  [default: the index's own, or local]"
)
@search_options
@ray_option
@device_option
@debug_option
def build(
    data: Path,
    out: Path | None,
    index_path: Path,
    encoder: Path | None,
    retrain: bool,
    lengths: str,
    stride: float | None,
    grid: str,
    dims: int | None,
    estimator: str,
    lag: str,
    workers: int,
    seed: int,
    store: str,
    factory: str,
    recall: float,
    ray: str,
    device: str,
    debug: bool,
) -> None:
    """Call `danceit.workflow.indexing.build_index` and print its report."""
    from danceit.cli.train import print_training
    from danceit.index.building.options import BuildOptions
    from danceit.index.fragments import FragmentGrid
    from danceit.index.sources.settings import ReadSettings
    from danceit.index.store.contract import StoreOptions
    from danceit.workflow.indexing import build_index

    options = BuildOptions(
        grid=FragmentGrid(_frames(lengths), None if stride is None else _stride(stride), grid),
        dims=dims,
        engine=store,
        store=StoreOptions(device, factory, recall),
        reading=ReadSettings(estimator, lag, workers),
    )
    with _bars() as told_of:
        built = build_index(
            data,
            out or index_path,
            options,
            encoder=encoder,
            seed=seed,
            retrain=retrain,
            ray=ray,
            told=told_of,
        )
    if built.trained is not None:
        print_training(built.trained)
    if built.note:
        note(built.note)
    _print_report(built.report, built.seconds, debug=debug)
    if built.report.failed:
        raise click.exceptions.Exit(1)


@contextmanager
def _bars() -> "Iterator[Told]":
    """A bar for each part of a build."""
    from danceit.index.building.options import Told

    with (
        bar("finding poses", "frame") as watching,
        bar("reading", "dance") as reading,
        bar("training", "step") as training,
        bar("indexing", "dance") as building,
    ):
        yield Told(watching, reading, training, building)


@index.command(help="Add the dances in DATA to an index, keeping what is there.")
@click.argument("data", type=PATH)
@estimator_option
@lag_option
@workers_option
@index_option
@ray_option
@device_option
@debug_option
def add(
    data: Path,
    estimator: str,
    lag: str,
    workers: int,
    index_path: Path,
    ray: str,
    device: str,
    debug: bool,
) -> None:
    """Call `danceit.workflow.indexing.add_to_index` and print its report."""
    from danceit.index.building.options import BuildOptions, Told
    from danceit.index.sources.settings import ReadSettings
    from danceit.index.store.contract import StoreOptions
    from danceit.workflow.indexing import add_to_index

    options = BuildOptions(
        store=StoreOptions(device), reading=ReadSettings(estimator, lag, workers)
    )
    with bar("finding poses", "frame") as watching, bar("indexing", "dance") as indexing:
        told = Told(watching=watching, indexing=indexing)
        report = add_to_index(data, index_path, options, ray=ray, told=told)
    _print_report(report, report.seconds, debug=debug)
    if report.failed:
        raise click.exceptions.Exit(1)


@index.command(
    help="Take recordings, or everything of a dancer, out of an index and its files.\n\n"
    "Later builds leave them out; `danceit index readmit` undoes that."
)
@click.argument("recordings", nargs=-1)
@click.option("--dancer", "dancers", multiple=True, help="All dances of this dancer.")
@index_option
def remove(recordings: tuple[str, ...], dancers: tuple[str, ...], index_path: Path) -> None:
    """Call `danceit.workflow.keeping.remove`."""
    from danceit.workflow.keeping import remove as run

    gone = run(index_path, recordings=recordings, dancers=dancers)
    click.echo(f"removed {', '.join(gone)}")


@index.command(help="Let later builds take in again what `remove` took out.")
@click.argument("recordings", nargs=-1)
@click.option("--dancer", "dancers", multiple=True)
@index_option
def readmit(recordings: tuple[str, ...], dancers: tuple[str, ...], index_path: Path) -> None:
    """Call `danceit.workflow.keeping.readmit`."""
    from danceit.workflow.keeping import readmit as run

    run(index_path, recordings=recordings, dancers=dancers)
    click.echo("the next build takes them in again")


@index.command(help="Show what an index holds.")
@index_option
@json_option
def info(index_path: Path, as_json: bool) -> None:
    """Print `FragmentStore.info`."""
    from danceit.index.store.engines import open_store

    with open_store(index_path) as store:
        found = store.info()
        names = store.recordings()
    if as_json:
        click.echo(json.dumps(asdict(found) | {"names": sorted(names)}, default=str, indent=2))
        return
    click.echo(table(("", ""), _info_rows(found)))
    click.echo("recordings: " + ", ".join(sorted(names)))
    for path in found.missing:
        click.echo(f"note: {path} is no longer there", err=True)


@index.command(help="Check every file of an index against its checksums and counts.")
@index_option
def verify(index_path: Path) -> None:
    """Call `danceit.workflow.keeping.verify`; exit with 1 where there are problems."""
    from danceit.workflow.keeping import verify as run

    problems = run(index_path)
    for problem in problems:
        click.echo(f"danceit: {problem}", err=True)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo(f"{index_path}: everything is as it was written")


@index.command(help="Make the search structures anew from the index's own vectors.")
@search_options
@index_option
@device_option
def rebuild(index_path: Path, factory: str, recall: float, device: str) -> None:
    """Call `danceit.workflow.keeping.rebuild`."""
    from danceit.index.store.contract import StoreOptions
    from danceit.workflow.keeping import rebuild as run

    info = run(index_path, options=StoreOptions(device, factory, recall))
    click.echo(table(("search by", "how"), list(info.search.items())))


_NOTES = 4
"""Notes of the readers and of cleaning that are printed; the rest is counted."""


def _frames(lengths: str) -> tuple[int, ...]:
    from danceit.data import FPS
    from danceit.errors import InputError

    try:
        return tuple(round(float(length) * FPS) for length in lengths.split(","))
    except (ValueError, OverflowError) as exc:
        raise InputError(f"--lengths must be seconds such as 1,2,3,4; got '{lengths}'") from exc


def _stride(seconds: float) -> int:
    from danceit.data import FPS
    from danceit.errors import InputError

    if not math.isfinite(seconds * FPS):
        raise InputError(f"--stride must be seconds; got {seconds:g}")
    return round(seconds * FPS)


def _print_report(report: "BuildReport", seconds: float, *, debug: bool) -> None:
    """Say what a build did, warnings first, and how long all of it took."""
    if report.cleaning.frames_in:
        click.echo(report.cleaning.summary)
    elif not (report.removed or report.withdrawn or report.failed):
        click.echo("nothing changed")
    for line in (*report.cleaning.warnings, *report.warnings):
        click.echo(f"warning: {line}", err=True)
    for line in report.cleaning.notes[:_NOTES]:
        note(line)
    if len(report.cleaning.notes) > _NOTES:
        more = len(report.cleaning.notes) - _NOTES
        click.echo(
            f"note: and {more} more; `danceit index inspect RECORDING` shows one's own", err=True
        )
    for path in report.unrecognised:
        click.echo(f"not recognised: {path}", err=True)
    for failure in report.failed:
        click.echo(f"failed: {failure.recording_id}: {told(failure.reason)}", err=True)
        if debug and failure.trace:
            click.echo(failure.trace.rstrip(), err=True)
    if report.withdrawn:
        click.echo(f"left out, as `remove` said: {', '.join(report.withdrawn)}", err=True)
    if report.removed:
        click.echo(f"removed, for they are gone: {', '.join(report.removed)}", err=True)
    click.echo(
        f"{len(report.added)} recordings added, {len(report.changed)} done again, "
        f"{len(report.unchanged)} unchanged, {len(report.removed)} removed, "
        f"{len(report.failed)} failed"
    )
    click.echo(
        f"index {report.index_id}: {report.clips} clips, {report.fragments} fragments to choose "
        f"from; took {seconds:.0f} s in all"
    )


def _info_rows(info: "StoreInfo") -> list[tuple[str, str]]:
    from danceit.data import FPS

    def counted(values: dict[str, int]) -> str:
        return ", ".join(f"{name or 'unknown'} {count}" for name, count in values.items())

    lengths = ", ".join(f"{frames / FPS:g} s {n}" for frames, n in info.fragments.items())
    return [
        ("where", f"{info.location} ({info.engine})"),
        ("index id", info.index_id),
        ("encoder id", info.spec.encoder_id),
        ("poses", f"{info.spec.dims}-D, {info.spec.fps:g} fps"),
        ("recordings", f"{info.recordings}, {info.clips} clips, {info.frames / FPS / 60:.1f} min"),
        ("fragments", lengths),
        ("with music", str(info.with_audio)),
        ("styles", counted(dict(info.styles))),
        ("dancers", counted(dict(info.dancers))),
        ("licences", counted(dict(info.licences))),
        ("bodies", counted(dict(info.bodies))),
        *((f"search by {by}", how) for by, how in info.search.items()),
        ("size", f"{sum(info.n_bytes.values()) / 1e6:.1f} MB"),
    ]
