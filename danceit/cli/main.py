"""The command group and what all commands share: lazy loading and one-line errors."""

import os
import sys
from importlib import import_module

import click

from danceit import __version__
from danceit.cli.flags import with_flags
from danceit.errors import DanceitError, NothingReadError

COMMANDS = {
    "demo": ("danceit.cli.demo:demo", "Everything on a small library it makes itself."),
    "index": ("danceit.cli.index:index", "Build, extend and check an index of dances."),
    "train": ("danceit.cli.train:train", "Train the encoders on a folder of dances."),
    "query": ("danceit.cli.dance:query", "Choose a dance for a song; print the choices."),
    "align": ("danceit.cli.dance:align", "Repair a dance's seams and put it on the beat."),
    "render": ("danceit.cli.dance:render", "Write a dance as video, GIF, picture or page."),
    "search": ("danceit.cli.search:search", "Find moves that look like another one."),
    "studio": ("danceit.cli.studio:studio", "Everything in the browser: a song in, a dance out."),
    "view": ("danceit.cli.view:view", "Look at dances in the browser, or write the page."),
    "dance": ("danceit.cli.dance:dance", "Query, align and render in one."),
    "live": ("danceit.cli.live.command:live", "Dance to a song while it is played."),
    "counts": ("danceit.cli.counts:counts", "Show how a song is counted, and put it right."),
    "generate": ("danceit.cli.generate:generate", "Dances that nobody danced, by trained rivals."),
    "person": ("danceit.cli.person:person", "Prepare and train someone to be shown dancing."),
    "bench": ("danceit.cli.bench:bench", "Measure aligners and retrieval on your dances."),
    "study": ("danceit.cli.study:study", "Ask people which dances they prefer, blind."),
    "fetch": ("danceit.cli.fetch:fetch", "Get a public set of dances."),
    "plugins": (
        "danceit.cli.system:plugins",
        "List all plug-ins: sources, stores, losses, aligners, ...",
    ),
    "doctor": ("danceit.cli.system:doctor", "Check what this machine has and what is missing."),
}
"""Command to its import string and the line `--help` shows, in the order shown."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in table order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list from the table, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one suggests the nearest spelling."""
        import difflib

        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, list(COMMANDS), n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


_HELP = """A song goes in; a dance of real movement that fits it comes out.

\b
danceit demo                          try it with no data of your own
danceit index build my_dances/        learn and index your dancers
danceit dance song.mp3 --out out.mp4  make a dance video
"""


@click.group(cls=LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="danceit")
def group() -> None:
    """Hold the commands; `_HELP` is what users read."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; known errors become one line and exit code 1."""
    if sys.platform == "win32":
        _stop("danceit runs on Linux and macOS; on Windows, run it in WSL")
    _open_streams()
    try:
        # Outside its standalone mode click returns the code of an Exit instead of raising it.
        code = group.main(args=args, prog_name="danceit", standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _stop(
            "stopped; nothing half-written was kept, and a build or training goes on where it was"
        )
    except NothingReadError as exc:
        for name, reason in exc.failures:
            click.echo(f"failed: {name}: {reason}", err=True)
        _stop(exc.headline)
    except DanceitError as exc:
        _stop(with_flags(str(exc), group, sys.argv[1:] if args is None else args))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except (PermissionError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
        _stop(f"{exc.filename}: {exc.strerror}")
    except OSError as exc:
        if exc.errno in _NO_SPACE:
            _stop(f"the disk is full: {exc.filename or 'nothing more can be written'}")
        if exc.filename is None or exc.strerror is None:
            raise
        _stop(f"{exc.filename}: {exc.strerror}")
    if isinstance(code, int) and code:
        sys.exit(code)


def _open_streams() -> None:
    """Lead nowhere what was closed by who started this: to a closed stream nothing can be said."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (to the end)


_NO_SPACE = (28, 122)
"""errno ENOSPC and EDQUOT."""


def _stop(message: str) -> None:
    click.echo(f"danceit: {' '.join(message.split())}", err=True)
    sys.exit(1)
