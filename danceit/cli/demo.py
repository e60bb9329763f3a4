"""`danceit demo`."""

import sys
from pathlib import Path

import click

from danceit.cli.options import PATH
from danceit.cli.progress import bar


@click.command(
    help="Run everything on a small library that it makes itself: no data needed.\n\n"
    "Leaves a video, a page for the browser, the dance file and an index to play with."
)
@click.option("--out", type=PATH, default=Path("danceit-demo"), show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def demo(out: Path, seed: int) -> None:
    """Call `danceit.workflow.demo.run_demo`."""
    from danceit.cli.train import print_training
    from danceit.index.building.options import Told
    from danceit.workflow.demo import run_demo

    with (
        bar("reading", "dance") as reading,
        bar("training", "step") as training,
        bar("indexing", "dance") as building,
    ):
        done = run_demo(
            out,
            seed=seed,
            say=lambda line: click.echo(line, err=True),
            told=Told(reading=reading, training=training, indexing=building),
        )
    if done.built.trained is not None:
        print_training(done.built.trained)
    report = done.built.report
    click.echo(f"index: {report.clips} clips, {report.fragments} fragments")
    click.echo(f"video: {done.made.out.absolute()} (watch it with the sound on)")
    click.echo(f"page:  {done.page} (open it in a browser)")
    click.echo(f"dance: {done.made.dance_file}")
    danceit = as_it_is_called()
    click.echo(f"next:  {danceit} studio {out}/danceit-index  (change its moves in the browser)")
    click.echo(
        f"why:   {danceit} query {out}/library/song.wav --index {out}/danceit-index --explain"
    )


def as_it_is_called() -> str:
    """What a shell must be told: `make demo` installs where a shell does not look."""
    import shutil

    return "danceit" if shutil.which("danceit") else sys.argv[0]
