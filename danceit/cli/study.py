"""`danceit study`: a blind comparison by people."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.options import PATH, table, theme_option

if TYPE_CHECKING:
    from danceit.bench.study.trials import Share

PORT = 8742


@click.command(
    help="Ask people which dances they prefer, without telling them whose they are.\n\n"
    "Each of CONTESTANTS is a dance file, or a folder of dance files to several songs. Viewers "
    "see two dances to the same song side by side, in random order and on random sides, and "
    "answer two questions; with --single, one dance at a time and one question. Votes are kept "
    "in a DuckDB file and counted at the end, or at any time with --results."
)
@click.argument("contestants", type=PATH, nargs=-1)
@click.option(
    "--out",
    type=PATH,
    default=Path("study.duckdb"),
    show_default=True,
    help="File of the votes; a study goes on in it where it was.",
)
@click.option("--single", is_flag=True, help="One dance at a time: realistic or not?")
@click.option("--seconds", type=float, default=20.0, show_default=True, help="How much to show.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of order, sides and places.")
@click.option("--song", type=PATH, help="The song, where it has moved since the query.")
@theme_option
@click.option("--port", type=int, default=PORT, show_default=True, help="0 for any that is free.")
@click.option("--results", is_flag=True, help="Count the votes of --out and stop.")
@click.option("--open", "in_browser", is_flag=True, help="Open the page in the browser.")
def study(
    contestants: tuple[Path, ...],
    out: Path,
    single: bool,
    seconds: float,
    seed: int,
    song: Path | None,
    theme: str,
    port: int,
    results: bool,
    in_browser: bool,
) -> None:
    """Call `danceit.bench.study.polling`."""
    from danceit.bench.study.ballots import Ballots

    if results:
        with Ballots(out, create=False) as ballots:
            click.echo(_counted(ballots.shares()))
        return
    if not contestants:
        raise click.UsageError("name the dances to compare, or --results to count votes")
    from danceit.bench.study.polling import Polling
    from danceit.bench.study.trials import entries, trials
    from danceit.cli.view import serve
    from danceit.render.options import RenderOptions
    from danceit.render.page.server import LocalServer

    options = RenderOptions(theme=theme)
    shown = trials(entries(contestants), single=single, seconds=seconds, seed=seed)
    with Ballots(out) as ballots:
        site = Polling(shown, ballots, options, seed=seed, song=song).site()
        click.echo(f"{len(shown)} trials a viewer; votes are kept in {out}", err=True)
        with LocalServer(site, port) as server:
            serve(server, in_browser)
        click.echo(_counted(ballots.shares()))


def _counted(shares: list["Share"]) -> str:
    from danceit.bench.measures.statistics import p_text

    if not shares:
        return "no votes yet"
    header = ("question", "contestant", "against", "share", "95 % interval", "votes", "voters")
    return table(
        (*header, "sign test"),
        [
            (
                share.question,
                share.first,
                share.second or "-",
                f"{share.share:.2f}",
                f"{share.low:.2f} to {share.high:.2f}",
                f"{share.chosen}/{share.votes}",
                str(share.voters),
                p_text(share.p_value),
            )
            for share in shares
        ],
    )
