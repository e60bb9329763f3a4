"""`danceit view`: dances in the browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.options import PATH

if TYPE_CHECKING:
    from danceit.render.server import LocalServer

PORT = 8741


@click.command(
    help="Look at one or several dances of the same song in the browser.\n\n"
    "Serves a page on this machine only, until Ctrl-C; or, with --out, writes it as one file "
    "that needs neither danceit nor a network. Without FILES: the newest dance file in this folder."
)
@click.argument("files", type=PATH, nargs=-1)
@click.option("--out", type=PATH, help="Write the page to this .html file instead of serving it.")
@click.option("--port", type=int, default=PORT, show_default=True, help="0 for any that is free.")
@click.option("--no-audio", is_flag=True, help="Leave the song out of the page.")
@click.option("--song", type=PATH, help="The song, where it has moved since the query.")
@click.option("--name", "names", multiple=True, help="Shown above a dance; once a dance.")
@click.option("--theme", default="night", show_default=True, help="Colours.")
@click.option("--open", "in_browser", is_flag=True, help="Open the page in the browser.")
def view(
    files: tuple[Path, ...],
    out: Path | None,
    port: int,
    no_audio: bool,
    song: Path | None,
    names: tuple[str, ...],
    theme: str,
    in_browser: bool,
) -> None:
    """Call `danceit.retrieval.viewing`."""
    from danceit.render.options import RenderOptions
    from danceit.retrieval.library import last_dance
    from danceit.retrieval.viewing import open_dances, write_page

    options = RenderOptions(theme=theme)
    chosen = files or (last_dance(Path.cwd(), aligned=True),)
    viewed = open_dances(chosen, song=song, audible=not no_audio, names=names)
    if viewed.sound is None:
        click.echo(f"note: {viewed.notice}", err=True)
    if out is not None:
        write_page(viewed, out, options)
        click.echo(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")
        return
    from danceit.render.server import LocalServer, Site

    text = viewed.html(options)
    with LocalServer(Site({"/": lambda: text}), port) as server:
        serve(server, in_browser)


def serve(server: "LocalServer", in_browser: bool) -> None:
    """Say where the page is and answer until Ctrl-C."""
    click.echo(f"{server.url}  (Ctrl-C stops)")
    if in_browser:
        click.launch(server.url)
    try:
        server.serve()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
