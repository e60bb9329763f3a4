"""Options that several commands share, and how their tables are printed."""

import os
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import click

from danceit.files import one_line

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
DEFAULT_INDEX = "danceit-index"
QUERYING = "danceit.retrieval.options:QueryOptions"
TRAINING = "danceit.retrieval.encoder.configuration:TrainingConfig"
READING = "danceit.index.sources.settings:ReadSettings"


class OptionOf(click.Option):
    """An option whose default is written elsewhere, and looked up when it is asked for.

    Parameters
    ----------
    of : str
        Such as ``danceit.retrieval.options:QueryOptions.k``: nothing is loaded before.
    in_words : callable, optional
        The default as it would be typed.
    shown : bool
        Whether help alone tells the default: what was not typed comes as None.
    """

    def __init__(
        self,
        *args: Any,
        of: str,
        in_words: Callable[[Any], str] | None = None,
        shown: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.show_default = True
        self.of, self._in_words, self._shown = of, in_words, shown

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        """Return the default; `call` is false where help asks for it."""
        if self._shown and call:
            return None
        module, _, path = self.of.partition(":")
        value = attrgetter(path)(import_module(module))
        return value if self._in_words is None else self._in_words(value)


def index_option(command: Command) -> Command:
    """`--index`, else `DANCEIT_INDEX`, else `./danceit-index`."""
    return click.option(
        "--index",
        "index_path",
        type=PATH,
        envvar="DANCEIT_INDEX",
        default=Path(DEFAULT_INDEX),
        show_default="DANCEIT_INDEX or ./danceit-index",
        help="Folder of the index.",
    )(command)


def estimator_option(command: Command) -> Command:
    """`--estimator`, else `DANCEIT_ESTIMATOR`, else MediaPipe."""
    return click.option(
        "--estimator",
        envvar="DANCEIT_ESTIMATOR",
        cls=OptionOf,
        of=f"{READING}.estimator",
        help="Finds poses in video: a name, a MediaPipe .task or an RTMPose .onnx.",
    )(command)


def workers_option(command: Command) -> Command:
    """`--workers N`."""
    return click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=0,
        show_default="one for each processor",
        help="Processes that look for poses in videos at once.",
    )(command)


def lag_option(command: Command) -> Command:
    """`--lag auto|all|report|off|SECONDS`."""
    return click.option(
        "--lag",
        cls=OptionOf,
        of=f"{READING}.lag",
        help="Videos whose sound and picture are clearly out of step are put right (auto; all: "
        "recordings with a song beside them too), only reported (report), left (off), or "
        "moved by so many seconds as the picture is late.",
    )(command)


def device_option(command: Command) -> Command:
    """`--device auto|cpu|cuda`."""
    return click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        cls=OptionOf,
        of="danceit.index.store.nouns:StoreOptions.device",
        help="Where encoders and search run; auto takes a card where there is one.",
    )(command)


def ray_option(command: Command) -> Command:
    """`--ray auto|local|ADDRESS`."""
    return click.option(
        "--ray",
        default="",
        metavar="ADDRESS",
        help="Let a Ray cluster do the work: auto for this machine's, HOST:PORT, or local to "
        "start one here for the time of the build.",
    )(command)


def search_options(command: Command) -> Command:
    """`--factory` and `--recall`: how an engine searches."""
    for option in (
        click.option("--recall", type=float, default=0.0,
                     help="Tune the search to this recall, 0 to 1."),
        click.option("--factory", default="", help="Kind of search index, or chosen by size."),
    ):  # fmt: skip
        command = option(command)
    return command


def theme_option(command: Command) -> Command:
    """`--theme NAME`."""
    return click.option(
        "--theme", cls=OptionOf, of="danceit.render.options:RenderOptions.theme", help="Colours."
    )(command)


def where_option(command: Command) -> Command:
    """`--where EXPRESSION`."""
    return click.option(
        "--where",
        default="",
        metavar="EXPRESSION",
        help="Only fragments such as \"style = 'waltz' and turns >= 1\"; "
        "`danceit search --columns` lists the columns.",
    )(command)


def debug_option(command: Command) -> Command:
    """`--debug`: where in the code a reader failed."""
    return click.option(
        "--debug", is_flag=True, help="Show the traceback where a reader failed by a bug."
    )(command)


def seconds_of(frames: Sequence[int]) -> str:
    """Lengths in frames as they are typed: seconds with commas between."""
    from danceit.data import FPS

    return ",".join(f"{each / FPS:g}" for each in frames)


def json_option(command: Command) -> Command:
    """`--json`: results as one JSON object for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(
        command
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out columns for a terminal; numbers to the right, text to the left."""
    lines = [list(header), *[[one_line(cell) for cell in row] for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    numeric = [
        len(lines) > 1 and all(_is_number(line[i]) for line in lines[1:])
        for i in range(len(header))
    ]
    return os.linesep.join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell.rstrip("%s").replace(":", ""))
    except ValueError:
        return cell in {"", "-"}
    return True
