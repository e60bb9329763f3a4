"""`danceit view`: dances in the browser."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.flags import note
from danceit.cli.options import PATH, device_option, index_option, theme_option

if TYPE_CHECKING:
    from danceit.render.options import RenderOptions
    from danceit.render.page.server import LocalServer, Site
    from danceit.workflow.viewing import Viewed

PORT = 8741


@click.command(
    help="Look at one or several dances of the same song in the browser.\n\n"
    "Serves a page on this machine only, until Ctrl-C; or, with --out, writes it as one file "
    "that needs neither danceit nor a network. Without FILES: the newest dance file here.\n\n"
    "Where the index is at hand, the served page can also change a dance: use another fragment, "
    "forbid one, keep a stretch; what is touched is chosen and aligned again."
)
@click.argument("files", type=PATH, nargs=-1)
@click.option("--out", type=PATH, help="Write the page to this .html file instead of serving it.")
@click.option("--port", type=int, default=PORT, show_default=True, help="0 for any that is free.")
@click.option("--no-audio", is_flag=True, help="Leave the song out of the page.")
@click.option("--song", type=PATH, help="The song, where it has moved since the query.")
@click.option("--name", "names", multiple=True, help="Shown above a dance; once a dance.")
@theme_option
@index_option
@device_option
@click.option("--open", "in_browser", is_flag=True, help="Open the page in the browser.")
def view(
    files: tuple[Path, ...],
    out: Path | None,
    port: int,
    no_audio: bool,
    song: Path | None,
    names: tuple[str, ...],
    theme: str,
    index_path: Path,
    device: str,
    in_browser: bool,
) -> None:
    """Call `danceit.workflow.viewing`."""
    from danceit.render.options import RenderOptions
    from danceit.render.page.server import LocalServer
    from danceit.workflow.dance_files import last_dance, set_of
    from danceit.workflow.viewing import open_dances, write_page

    options = RenderOptions(theme=theme)
    chosen = files or set_of(last_dance(Path.cwd(), aligned=True))
    viewed = open_dances(chosen, song=song, audible=not no_audio, names=names)
    if viewed.sound is None:
        note(viewed.notice)
    if out is not None:
        write_page(viewed, out, options)
        click.echo(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")
        return
    with ExitStack() as stack:
        site = _site(viewed, options, stack, index_path, song, device)
        serve(stack.enter_context(LocalServer(site, port)), in_browser)


def _site(
    viewed: "Viewed",
    options: "RenderOptions",
    stack: ExitStack,
    index: Path,
    song: Path | None,
    device: str,
) -> "Site":
    """Pages and, where the index can be opened, changes."""
    from threading import Thread

    from danceit.errors import IndexStateError
    from danceit.render.page.server import Site, new_token
    from danceit.workflow.view_edits import ViewEdits

    token = new_token()
    try:
        edits = stack.enter_context(ViewEdits(viewed, index, song=song, device=device))
    except IndexStateError as exc:
        reason = f"the page can show but not change: {exc}"
        note(reason)
        unchanging = {
            "token": "",
            "refused": [reason] * len(viewed.dances),
            "changes": [[] for _ in viewed.dances],
        }
        text = viewed.html(options, unchanging)
        return Site({"/": lambda _: text})
    for refused in sorted({reason for reason in edits.refused if reason}):
        note(refused)
    warming = Thread(target=edits.warm, daemon=True)
    warming.start()
    stack.callback(warming.join)
    pages = {"/": lambda _: edits.html(options, token)}
    return Site(pages, {"/edit": edits.edit, "/save": edits.save}, token)


def serve(server: "LocalServer", in_browser: bool) -> None:
    """Say where the page is and answer until Ctrl-C."""
    click.echo(f"{server.url}  (Ctrl-C stops)")
    if in_browser:
        click.launch(server.url)
    try:
        server.serve()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
