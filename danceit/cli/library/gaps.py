"""`danceit index gaps`: what a library lacks for some songs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.options import PATH, QUERYING, OptionOf, index_option, json_option, table
from danceit.cli.progress import bar

if TYPE_CHECKING:
    from danceit.workflow.library.gaps import Gaps


@click.command(
    help="Say what an index lacks for SONGS: windows with no good choice, by tempo, metre, "
    "size of movement, style and whether feet are seen, and what to film for them."
)
@click.argument("songs", type=PATH, nargs=-1, required=True)
@click.option("--style", default="", help="Only dances of this style.")
@click.option(
    "--body",
    type=click.Choice(["whole", "upper", "any"]),
    cls=OptionOf,
    of=f"{QUERYING}.body",
    help="Only whole or upper bodies.",
)
@click.option(
    "--length",
    "length_s",
    type=float,
    cls=OptionOf,
    of=f"{QUERYING}.length_s",
    help="Seconds of movement a fragment: 1, 2, 3 or 4.",
)
@click.option("--out", type=PATH, help="Draw the songs as a picture, such as gaps.png.")
@index_option
@json_option
def gaps(
    songs: tuple[Path, ...],
    style: str,
    body: str,
    length_s: float,
    out: Path | None,
    index_path: Path,
    as_json: bool,
) -> None:
    """Call `danceit.workflow.library.gaps.gaps`; print and draw the result."""
    from danceit.makers import check_figure
    from danceit.retrieval.options import QueryOptions
    from danceit.workflow.library.gaps import gaps as run
    from danceit.workflow.library.gaps_picture import MAKER, draw_gaps

    if out is not None:
        check_figure(out, MAKER)
    options = QueryOptions(length_s=length_s, style=style, body=body)
    with bar("listening", "song") as told:
        found = run(songs, index_path, options, told=told)
    click.echo(_as_json(found) if as_json else _as_table(found))
    if out is not None:
        draw_gaps(found, out)
        click.echo(f"wrote {out}", err=as_json)


def _as_json(found: "Gaps") -> str:
    listed = asdict(found) | {"list": [wanted.text for wanted in found.wanted]}
    return json.dumps(listed, default=str, indent=2)


def _as_table(found: "Gaps") -> str:
    from danceit.workflow.library.gaps import LACKS

    rows = [
        (
            song.song.name,
            f"{song.tempo_bpm:.0f}" if song.tempo_bpm else "-",
            str(song.metre or "-"),
            str(len(song.windows)),
            *(str(sum(window.lack == lack for window in song.windows) or "-") for lack in LACKS),
        )
        for song in found.songs
    ]
    head = (
        "song", "bpm", "metre", "windows",
        "no tempo", "no metre", "no energy", "too few", "no feet",
    )  # fmt: skip
    have = (
        f"the library has {_listed(found.minutes_by_body)}; "
        f"by style {_listed(found.minutes_by_style)}; "
        f"by beats a bar {_listed(found.minutes_by_metre)}"
    )
    wanted = [wanted.text for wanted in found.wanted] or ["nothing is lacking"]
    told = [found.uncounted] if found.uncounted else []
    return "\n".join([table(head, rows), have, *told, *_by_style(found), *wanted])


def _by_style(found: "Gaps") -> list[str]:
    """Say how many windows each style of several would serve by itself."""
    if len(found.minutes_by_style) < 2:
        return []
    lines = []
    for song in found.songs:
        served = ", ".join(
            f"{style or 'unknown'} {song.by_style.get(style, 0)}"
            for style in found.minutes_by_style
        )
        lines.append(f"{song.song.name}: windows with a choice in one style: {served}")
    return lines


def _listed(minutes: dict[str, float]) -> str:
    return ", ".join(f"{name or 'unknown'} {value:.1f} min" for name, value in minutes.items())
