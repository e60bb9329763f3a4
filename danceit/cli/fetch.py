"""`danceit fetch`."""

from pathlib import Path

import click

from danceit.cli.options import PATH, table
from danceit.cli.progress import bar


@click.command(
    help="Download the public data set NAME and unpack it; a download that was cut off goes on.\n\n"
    "The SHA-256 of what came is kept beside it (NAME.zip.sha256); fetched there again, it must be "
    "the same.\n\n"
    "Without NAME: the known sets, where they live and their terms."
)
@click.argument("name", required=False)
@click.option("--out", type=PATH, default=Path("data"), show_default=True, help="Where to.")
def fetch(name: str | None, out: Path) -> None:
    """Call `danceit.workflow.datasets.fetch`."""
    from danceit.workflow.datasets import DATASETS
    from danceit.workflow.datasets import fetch as run

    if name is None:
        click.echo(
            table(
                ("name", "what", "terms", "page"),
                [(d.name, d.title, d.licence, d.page) for d in DATASETS.values()],
            )
        )
        return
    with bar(f"fetching {name}", "B") as watch:
        folder = run(name, out, progress=watch)
    click.echo(f"{folder}: terms: {DATASETS[name].licence}")
    click.echo(f"next: danceit index build {folder}")
