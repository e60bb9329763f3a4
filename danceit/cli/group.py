"""`danceit query --dancers N`: several dancers to one song."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from danceit.cli.flags import note
from danceit.cli.options import Command, OptionOf, table

if TYPE_CHECKING:
    from danceit.progress import Progress
    from danceit.retrieval.options import QueryOptions
    from danceit.workflow.groups.grouping import Grouped
    from danceit.workflow.line import DanceOptions

GROUPING = "danceit.retrieval.groups.grouping:GroupOptions"
_GROUP: tuple[Callable[[Any], Any], ...] = (
    click.option("--dancers", type=int, metavar="N", help="A group of 2 to 12 dancers."),
    click.option("--formation", metavar="NAME|FILE.csv",
                 help="Of a group: line, v, circle, or several (line,v) that change with the "
                 "song's sections.", cls=OptionOf, of=f"{GROUPING}.formation", shown=True),
    click.option("--timing", metavar="unison|canon:COUNTS|mirror|free",
                 help="How a group shares its time.", cls=OptionOf, of=f"{GROUPING}.timing",
                 shown=True),
)  # fmt: skip


def group_options(command: Command) -> Command:
    """Add the options of a group."""
    for option in reversed(_GROUP):
        command = option(command)
    return command


def query_group(
    song: Path,
    index: Path,
    options: "QueryOptions",
    dancers: int,
    formation: str | None,
    timing: str | None,
    *,
    out: Path | None,
    device: str,
    as_json: bool,
) -> None:
    """Call `danceit.workflow.groups.grouping.query_group` and print what it wrote."""
    from danceit.retrieval.groups.grouping import GroupOptions
    from danceit.workflow.groups.grouping import query_group as run

    chosen = {"formation": formation, "timing": timing}
    group = GroupOptions(dancers, **{name: text for name, text in chosen.items() if text})
    made = run(song, index, group, options, out=out, device=device)
    click.echo(_as_json(made) if as_json else _as_table(made))
    for text in made.group.notes:
        note(text)


def dance_group(
    song: Path,
    index: Path,
    out: Path,
    group: tuple[int, str | None, str | None],
    options: "DanceOptions",
    progress: "Progress",
) -> tuple[str, ...]:
    """Choose, align, place and draw a group; print what was written and return what to know."""
    from danceit.retrieval.groups.grouping import GroupOptions
    from danceit.workflow.groups.grouping import dance_group as run

    dancers, formation, timing = group
    named = {"formation": formation, "timing": timing}
    wanted = GroupOptions(dancers, **{name: text for name, text in named.items() if text})
    made, notes = run(song, index, out, wanted, options, progress=progress)
    click.echo(_as_table(made))
    click.echo(f"wrote {out}")
    return notes


def _as_table(made: "Grouped") -> str:
    from danceit.retrieval.groups.formations import METRE_PX

    rows = []
    for i, (dance, file) in enumerate(zip(made.group.dances, made.files, strict=True), start=1):
        varied = " ".join(step.method for step in dance.steps if step.step == "vary")
        clips = len({placed.clip_id for placed in dance.fragments})
        rows.append((str(i), str(len(dance.fragments)), str(clips), varied or "-", str(file)))
    head = ("dancer", "fragments", "clips", "varied", "wrote")
    nearest = f"nobody comes nearer than {made.group.nearest_px / METRE_PX:.2f} m to another"
    return f"{table(head, rows)}\n{nearest}"


def _as_json(made: "Grouped") -> str:
    from danceit.retrieval.groups.formations import METRE_PX

    dancers = [
        {
            "dancer": i,
            "file": str(file),
            "fragments": [placed.fragment_id for placed in dance.fragments],
            "varied": [step.method for step in dance.steps if step.step == "vary"],
        }
        for i, (dance, file) in enumerate(zip(made.group.dances, made.files, strict=True), start=1)
    ]
    return json.dumps({"nearest_m": made.group.nearest_px / METRE_PX, "dancers": dancers}, indent=2)
