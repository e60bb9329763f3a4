"""`danceit live`: a dance to a song while it is played."""

import sys
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from danceit.cli.flags import note
from danceit.cli.options import (
    PATH,
    OptionOf,
    device_option,
    index_option,
    theme_option,
    where_option,
)
from danceit.clock import clock
from danceit.errors import InputError

if TYPE_CHECKING:
    from danceit.audio.live.streams import Stream
    from danceit.workflow.live.session import Outcome, Session

MICROPHONE = "mic"
PORT = 8744


@click.command(
    help="Dance to a song while it is played, in the browser.\n\n"
    "INPUT is a sound file, played as if nobody knew it; - for sound of any format on standard "
    "input; or mic, the default, for a microphone (needs the extra live). Beats and bars are "
    "followed as they come and moves are chosen a bar ahead. Serves a page on this machine only, "
    "until the sound ends or Ctrl-C; --record keeps the dance.\n\n"
    "\b\ndanceit live song.mp3 --open\n"
    "danceit live --microphone USB --record evening.dance.npz\n"
    "ffmpeg -i STREAM -f wav - | danceit live -"
)
@click.argument("source", metavar="[INPUT]", required=False)
@click.option("--input", "named", metavar="mic|FILE|-", help="The same as INPUT.")
@click.option("--microphone", default="", metavar="NAME", help="Part of a device's name.")
@click.option("--microphones", is_flag=True, help="List the sound devices and end.")
@index_option
@click.option("--record", type=PATH, metavar="FILE.dance.npz", help="Keep the dance; what was "
              "heard is kept beside it as .wav where it was not a whole file.")  # fmt: skip
@click.option("--bpm", type=float, help="Stay near this tempo.")
@click.option("--metre", type=int, help="Count in bars of so many beats.")
@click.option("--lead", "lead_s", type=float, metavar="SECONDS", cls=OptionOf,
              of="danceit.retrieval.live.performer:LiveOptions.lead_s",
              help="How far ahead of the sound frames are fixed.")  # fmt: skip
@click.option("--beam", type=int, cls=OptionOf,
              of="danceit.retrieval.live.performer:LiveOptions.beam",
              help="Paths that the search for the next move follows.")  # fmt: skip
@click.option("--style", default="", help="Only fragments of this style.")
@click.option("--dancer", default="", help="Only fragments of this dancer.")
@click.option("--licence", default="", help="Only fragments under this licence.")
@where_option
@click.option("--no-page", is_flag=True, help="Show nothing; begin at once.")
@click.option("--port", type=int, default=PORT, show_default=True, help="0 for any that is free.")
@click.option("--open", "in_browser", is_flag=True, help="Open the page in the browser.")
@theme_option
@device_option
def live(
    source: str | None,
    named: str | None,
    microphone: str,
    microphones: bool,
    index_path: Path,
    record: Path | None,
    bpm: float | None,
    metre: int | None,
    lead_s: float,
    beam: int,
    no_page: bool,
    port: int,
    in_browser: bool,
    theme: str,
    device: str,
    **chosen: Any,
) -> None:
    """Call `danceit.workflow.live.session`."""
    from danceit.audio.live.streams import microphones as listed
    from danceit.render.options import RenderOptions
    from danceit.retrieval.live.performer import LiveOptions
    from danceit.retrieval.options import QueryOptions
    from danceit.workflow.live.session import await_end, await_page, opened_session, served

    if microphones:
        for name in listed():
            click.echo(name)
        return
    options, how = QueryOptions(**chosen), LiveOptions(lead_s, beam, bpm, metre)
    look = RenderOptions(theme=theme)
    with ExitStack() as stack:
        stream = stack.enter_context(_stream(source, named, microphone))
        session = stack.enter_context(
            opened_session(stream, index_path, options, how, record=record, device=device)
        )
        if no_page:
            told = session.run()
        else:
            server = stack.enter_context(served(session, look, port))
            click.echo(f"{server.url}  (Ctrl-C stops)")
            if in_browser:
                click.launch(server.url)
            told = _watched(session, await_page, await_end)
    _tell(told, record)


def _watched(session: "Session", await_page: Any, await_end: Any) -> "Outcome":
    """Begin when the page says so, and let it see the end."""
    from dataclasses import replace

    await_page(session)
    told = session.run()
    await_end(session)
    feed = session.feed
    return replace(told, drawn=feed.drawn, late=feed.late, gaps=feed.gaps)


def _stream(
    source: str | None, named: str | None, microphone: str
) -> AbstractContextManager["Stream"]:
    from danceit.audio.live.streams import Microphone, Piped, Played
    from danceit.media import check_is_file

    if source and named:
        raise InputError(f"give what is to be heard once; got {source} and --input {named}")
    wanted = source or named or MICROPHONE
    if wanted == MICROPHONE:
        return Microphone(microphone)
    if microphone:
        raise InputError("--microphone is for the input mic")
    if wanted == "-":
        if sys.stdin.isatty():
            raise InputError("nothing comes on standard input; pipe a sound into it")
        return nullcontext(Piped(sys.stdin.buffer))
    check_is_file(Path(wanted))
    return nullcontext(Played(Path(wanted)))


def _tell(told: "Outcome", record: Path | None) -> None:
    on = f", {told.on_one:.0%} of them on a 1" if told.on_one == told.on_one else ""
    click.echo(f"danced {clock(told.heard_s, 0)} in {told.moves} moves{on}")
    if told.drawn:
        click.echo(f"the page showed {told.drawn} frames, {told.late} of them late")
    if told.gaps:
        note(f"the page's sound had to wait {told.gaps} times: too much else on this machine?")
    if told.dance is not None:
        sound = f" and {told.sound_file}" if told.sound_file else ""
        click.echo(f"wrote {record}{sound}")
