"""`danceit studio`: everything in the browser."""

from contextlib import suppress
from pathlib import Path

import click

from danceit.cli.options import DEFAULT_INDEX, PATH, device_option

PORT = 8743


@click.command(
    help="Open the studio in the browser: a song in, a dance out, without a command line.\n\n"
    "LIBRARY is an index, or a folder of dances to make one of; without it the project's own, "
    "else DANCEIT_INDEX or ./danceit-index; where there is none, the studio leads through making "
    "one. Everything is kept in the project's folder as it happens.\n\n"
    "It answers to this machine only, until Ctrl-C."
)
@click.argument("library", type=PATH, required=False)
@click.option("--project", type=PATH, default=Path("studio.danceit"), show_default=True,
              help="Folder of songs, dances and exports; made if it is not there.")  # fmt: skip
@click.option("--port", type=int, default=PORT, show_default=True, help="0 for any that is free.")
@click.option("--lan", is_flag=True,
              help="Let other machines of this network in, such as a phone: whoever has the "
              "address that is printed can change and read everything.")  # fmt: skip
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option("--index", "usual", type=PATH, envvar="DANCEIT_INDEX", default=Path(DEFAULT_INDEX),
              show_default="DANCEIT_INDEX or ./danceit-index",
              help="Index to take where the project has none.")  # fmt: skip
@device_option
def studio(
    library: Path | None,
    project: Path,
    port: int,
    lan: bool,
    no_open: bool,
    usual: Path,
    device: str,
) -> None:
    """Call `danceit.studio.serving`."""
    from danceit.cli.flags import note
    from danceit.studio.serving import open_project, serve

    def ready(url: str) -> None:
        click.echo(f"{url}  (Ctrl-C stops)")
        if not no_open:
            click.launch(url)

    if lan:
        note("the studio is open to this network: give its address to nobody you do not trust")
    with suppress(KeyboardInterrupt):
        serve(open_project(project, library, usual), port=port, lan=lan, device=device, ready=ready)
    click.echo("stopped", err=True)
