"""Options of choosing, changing, aligning and drawing a dance, with the dataclasses' defaults."""

from collections.abc import Callable
from dataclasses import fields

import click

from danceit.cli.options import PATH, Command, OptionOf, where_option
from danceit.errors import InputError
from danceit.render.options import (
    ASPECTS,
    BEAT_STYLES,
    FRAME_RATES,
    JOINS,
    SIZE_LIMITS,
    SURROUNDINGS,
    THEMES,
    RenderOptions,
)
from danceit.retrieval.options import FACINGS, SHOWN, STRUCTURES, VARIETY, QueryOptions

_DEFAULT, _LOOK = QueryOptions(), RenderOptions()
_QUERY = (
    click.option("--length", "length_s", type=float, default=_DEFAULT.length_s, show_default=True,
                 help="Seconds of movement a fragment: 1, 2, 3 or 4."),
    click.option("--k", type=int, default=_DEFAULT.k, show_default=True,
                 help="Candidates a window."),
    click.option("--seed", type=int, default=_DEFAULT.seed, show_default=True,
                 help="Another number, another dance; the same number, the same dance."),
    click.option("--style", default=_DEFAULT.style, help="Only dances of this style."),
    click.option("--dancer", default=_DEFAULT.dancer, help="Only this dancer."),
    click.option("--licence", default=_DEFAULT.licence, help="Only dances under this licence."),
    click.option("--body", type=click.Choice(SHOWN), default=_DEFAULT.body, show_default=True,
                 help="Only whole or upper bodies; any: whole ones where there are."),
    where_option,
    click.option("--facing", type=click.Choice(FACINGS), default=_DEFAULT.facing,
                 show_default=True,
                 help="audience: dancers turned by a seam are turned back; continue: not."),
    click.option("--structure", type=click.Choice(STRUCTURES), default=_DEFAULT.structure,
                 show_default=True,
                 help="repeat: parts that sound alike are danced alike; "
                      "mirror: every second time to the other side."),
    click.option("--variety", type=click.Choice(list(VARIETY)), cls=OptionOf,
                 of="danceit.retrieval.options:USUAL_VARIETY",
                 help="much: come back to a move as seldom as the library lets one."),
    click.option("--greedy", is_flag=True,
                 help="Choose window by window instead of the cheapest path over the song."),
)  # fmt: skip
_CHANGE = (
    click.option("--pin", "pins", multiple=True, metavar="TIME=FRAGMENT",
                 help="Show this fragment at that moment."),
    click.option("--ban", "bans", multiple=True, metavar="FRAGMENT|CLIP",
                 help="Do not show this fragment, or anything of this clip."),
    click.option("--lock", "locks", multiple=True, metavar="FROM-TO",
                 help="Keep what the dance has there."),
    click.option("--from", "before", type=PATH,
                 help="Dance to change.  [default: the one in --out]"),
)  # fmt: skip
_ALIGN = (
    click.option("--method", "methods", multiple=True, metavar="NAME[:OPTION=VALUE,...]",
                 help="Aligner; repeat to chain.", cls=OptionOf, shown=True,
                 of="danceit.align.registry:DEFAULT_METHODS"),
    click.option("--max-warp", metavar="1..4|none",
                 help="counts, beat, warp: largest local stretch."),
    click.option("--anchor", type=click.Choice(["peak", "rest"]),
                 help="beat, warp: put the strongest movement on the beat, or the stop."),
    click.option("--anywhere", is_flag=True, default=None,
                 help="linear, tsd: repair every jump over 10 px, not only seams."),
)  # fmt: skip


def _size_of(context: click.Context, option: click.Parameter, size: int | None) -> int:
    """Leave the size to the format where none is given; 0, which stands for that, is none."""
    if size == 0:
        raise InputError(
            f"--size must be an even number from {SIZE_LIMITS[0]} to {SIZE_LIMITS[1]}; got 0"
        )
    return _LOOK.size if size is None else size


_RENDER = (
    click.option("--debug", is_flag=True, help="Show seams, source clip and time."),
    click.option("--theme", default=_LOOK.theme, show_default=True,
                 help=f"Colours: {', '.join(THEMES)}."),
    click.option("--aspect", type=click.Choice(list(ASPECTS)), default=_LOOK.aspect,
                 show_default=True, help="Width to height."),
    click.option("--size", type=int, default=None, show_default="512 for videos",
                 callback=_size_of, help="Shorter side in px; 1080 for phones."),
    click.option("--fps", type=int, default=_LOOK.fps, show_default=True,
                 help=f"{', '.join(map(str, FRAME_RATES))}."),
    click.option("--background", default=_LOOK.background, help="#rrggbb or a picture."),
    click.option("--trails", is_flag=True, help="Fading lines behind hands and feet."),
    click.option("--credits", is_flag=True, help="Name every source at the end."),
    click.option("--beats", type=click.Choice(BEAT_STYLES), default=_LOOK.beats,
                 show_default=True, help="How beats are shown."),
    click.option("--caption", "captions", multiple=True, help="A line over each dancer."),
    click.option("--start", "start_s", type=float, default=_LOOK.start_s,
                 help="Begin here, in s."),
    click.option("--seconds", type=float, default=_LOOK.seconds,
                 help="Show so much of it.  [default: all; GIF: 4]"),
    click.option("--font", default=_LOOK.font,
                 help="A TrueType font for captions in other scripts."),
    click.option("--footage", is_flag=True,
                 help="Show the sources' own videos, cut and retimed; drawn where there is none."),
    click.option("--surroundings", type=click.Choice(SURROUNDINGS), default=_LOOK.surroundings,
                 show_default=True,
                 help="Around the dancer in footage; still: the background alone."),
    click.option("--joins", type=click.Choice(JOINS), default=_LOOK.joins, show_default=True,
                 help="From one shot of footage to the next; auto: cut on the beat, softer "
                 "only where it cannot be seen."),
    click.option("--match-colours", is_flag=True, default=_LOOK.match_colours,
                 help="Bring the light and colours of all footage closer together."),
    click.option("--person", default=_LOOK.person, metavar="PERSON",
                 help="A trained person dances; see `danceit person`."),
    click.option("--no-note", "synthetic_note", flag_value=False,
                 default=_LOOK.synthetic_note,
                 help="Leave out the visible note that a person's video is synthetic."),
)  # fmt: skip
QUERY_NAMES = frozenset({"greedy", "variety", *(field.name for field in fields(QueryOptions))})
"""Parameters of choosing; what else `danceit dance` takes beside its own is of the look."""


def query_options(command: Command) -> Command:
    """Add the options of choosing."""
    return _decorate(command, _QUERY)


def change_options(command: Command) -> Command:
    """Add the options of changing a dance that is there already."""
    return _decorate(command, _CHANGE)


def align_options(command: Command) -> Command:
    """Add the options of aligning."""
    return _decorate(command, _ALIGN)


def render_options(command: Command) -> Command:
    """Add the options of drawing."""
    return _decorate(command, _RENDER)


def _decorate(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
