"""`danceit search`: find fragments that move alike."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.options import (
    PATH,
    OptionOf,
    device_option,
    estimator_option,
    index_option,
    json_option,
    table,
    where_option,
)
from danceit.cli.progress import bar

if TYPE_CHECKING:
    from danceit.retrieval.search.finding import Match


@click.command(
    help="Find the fragments of an index that move like something: alike from whatever side and "
    "wherever on the stage they were danced, a little faster or slower too. Copies of one "
    "movement are one row."
)
@click.option("--like", metavar="WHAT", help="CLIP@12.0-14.0, FRAGMENT, FILE.bvh, FILE.mp4@3-5.")
@where_option
@click.option("-k", "--k", type=int, cls=OptionOf, help="Rows.",
              of="danceit.retrieval.search.finding:MoveOptions.k")  # fmt: skip
@click.option("--mirror", is_flag=True, help="The mirror image counts as the same move.")
@click.option("--out", type=PATH, help="Draw what was found, such as moves.png.")
@click.option("--columns", is_flag=True, help="List the columns that --where may name, and stop.")
@estimator_option
@index_option
@json_option
@device_option
def search(
    like: str | None,
    where: str,
    k: int,
    mirror: bool,
    out: Path | None,
    columns: bool,
    estimator: str,
    index_path: Path,
    as_json: bool,
    device: str,
) -> None:
    """Call `danceit.workflow.search.searching.search` and print what it found."""
    if columns:
        _print_columns()
        return
    if like is None:
        raise click.UsageError("say what is looked for: --like CLIP@12.0-14.0 or a file")
    from danceit.index.sources.settings import ReadSettings
    from danceit.retrieval.search.finding import MoveOptions
    from danceit.workflow.search.searching import search as run

    options = MoveOptions(k, where, mirror)
    with bar("finding poses", "frame") as watching:
        found = run(
            like,
            index_path,
            options,
            out=out,
            device=device,
            settings=ReadSettings(estimator),
            watching=watching,
        )
    click.echo(found.as_json() if as_json else _as_table(found.matches))
    if out is not None:
        click.echo(f"wrote {out}", err=as_json)


def _as_table(matches: "tuple[Match, ...]") -> str:
    from danceit.clock import clock

    if not matches:
        return "nothing moves like that and satisfies the filter"
    head = ("fragment", "at", "style", "px apart", "length", "turned", "mirrored", "copies")
    return table(
        head,
        [
            (
                match.fragment_id,
                clock(match.start_s),
                match.style or "-",
                f"{match.apart_px:.1f}",
                f"{match.stretch:.2f}",
                f"{match.turn_deg:.0f}",
                "yes" if match.mirrored else "-",
                str(len(match.copies)),
            )
            for match in matches
        ],
    )


def _print_columns() -> None:
    from danceit.retrieval.search.columns import COLUMNS

    rows = [
        (name, "text" if column.kind is str else "number", column.meaning)
        for name, column in COLUMNS.items()
    ]
    click.echo(table(("column", "holds", "what"), rows))
