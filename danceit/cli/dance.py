"""`danceit query`, `align`, `render` and `dance`: from a song to something to watch."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from danceit.cli.dance_options import (
    QUERY_NAMES,
    align_options,
    change_options,
    query_options,
    render_options,
)
from danceit.cli.flags import note
from danceit.cli.group import dance_group, group_options, query_group
from danceit.cli.options import (
    PATH,
    device_option,
    index_option,
    json_option,
    table,
)
from danceit.cli.progress import bar
from danceit.retrieval.options import VARIETY, QueryOptions

if TYPE_CHECKING:
    from danceit.data import Dance
    from danceit.render.options import RenderOptions
    from danceit.retrieval.choices import WindowChoice
    from danceit.retrieval.composing import Composition
    from danceit.retrieval.constraints import Constraints
    from danceit.workflow.line import Made

_NO_GROUP = "--formation and --timing say how a group dances: --dancers N"
_BEST = 5
"""Matches of a window that `--explain` shows, and the chosen one."""

_OF_FOOTAGE = ("--surroundings", "--joins", "--match-colours")
"""Of the look, what is seen in footage alone."""


@click.command()
@click.argument("song", type=PATH)
@index_option
@query_options
@click.option("--out", type=PATH, help="Dance file to write.  [default: SONG.dance.npz here]")
@click.option("--idea", type=PATH, metavar="FILE",
              help="A dance file: choose movement like its own.")  # fmt: skip
@change_options
@group_options
@click.option(
    "--explain", is_flag=True, help="Show each window's best five matches and why one was taken."
)
@json_option
@device_option
def query(
    song: Path,
    index_path: Path,
    out: Path | None,
    idea: Path | None,
    pins: tuple[str, ...],
    bans: tuple[str, ...],
    locks: tuple[str, ...],
    before: Path | None,
    dancers: int | None,
    formation: str | None,
    timing: str | None,
    explain: bool,
    as_json: bool,
    device: str,
    **choices: Any,
) -> None:
    """Choose a dance for SONG and write it as a dance file.

    With --pin, --ban or --lock the dance that is there already is changed: only what they
    touch is chosen again. With --dancers a group dances, a file each: they share a stage when
    they are rendered together.
    """
    from danceit.retrieval.constraints import Constraints

    constraints = Constraints.parsed(pins, bans, locks)
    if dancers is not None:
        if constraints or before is not None or idea is not None:
            raise click.UsageError("--dancers makes a new group: no --pin, --from or --idea")
        query_group(song, index_path, _chosen(**choices), dancers, formation, timing,
                    out=out, device=device, as_json=as_json)  # fmt: skip
        return
    if formation or timing:
        raise click.UsageError(_NO_GROUP)
    composition, written = _queried(
        song, index_path, idea, constraints, before, out, device, **choices
    )
    if as_json:
        from danceit.retrieval.choices import composition_as_json

        click.echo(composition_as_json(composition))
    else:
        _print_choices(composition, explain=explain)
        click.echo(f"wrote {written}")
    for text in composition.notes:
        note(text)


@click.command()
@click.argument("file", type=PATH, required=False)
@align_options
@click.option("--out", type=PATH, help="Dance file to write.  [default: NAME.aligned.dance.npz]")
@click.option("--song", type=PATH, help="The song, where it has moved since the query.")
def align(
    file: Path | None,
    methods: tuple[str, ...],
    out: Path | None,
    song: Path | None,
    max_warp: str | None,
    anchor: str | None,
    anywhere: bool | None,
) -> None:
    """Repair the seams of a dance and put it on the beat.

    Without FILE: the dance that the last query wrote in this folder.
    """
    from danceit.workflow.line import align_file

    options = _given_to_aligners(max_warp=max_warp, anchor=anchor, anywhere=anywhere)
    with bar("song", "s") as heard:
        result = align_file(file, methods, options, out=out, song=song, told=heard)
    click.echo(_before_and_after(result.before, result.after))
    click.echo(
        "(timing kept: 1.00 is as the dancers timed it; S_BA is no goal, real dances have 0.04)"
    )
    click.echo(f"wrote {result.out}")


@click.command()
@click.argument("files", type=PATH, nargs=-1, metavar="[FILE]...")
@click.option("--out", type=PATH, required=True, help="The suffix chooses: mp4, gif, png, ...")
@click.option("--song", type=PATH, help="The song, where it has moved since the query.")
@render_options
def render(files: tuple[Path, ...], out: Path, song: Path | None, **look: Any) -> None:
    """Write a dance as a video, GIF, picture, page or export.

    Without FILE: the newest dance file in this folder. Several dances to one song are shown
    side by side.
    """
    from danceit.workflow.line import render_files

    with bar("drawing", "frame") as drawing:
        notes = render_files(files, out, _drawn(**look), song=song, progress=drawing)
    for text in (*notes, *_without_effect(out, look)):
        note(text)
    click.echo(f"wrote {out}")


@click.command()
@click.argument("song", type=PATH)
@click.option("--out", type=PATH, required=True, help="The suffix chooses: mp4, gif, png, ...")
@index_option
@query_options
@align_options
@render_options
@group_options
@click.option("--times", is_flag=True, help="Print how long each step took.")
@device_option
def dance(
    song: Path,
    out: Path,
    index_path: Path,
    methods: tuple[str, ...],
    max_warp: str | None,
    anchor: str | None,
    anywhere: bool | None,
    dancers: int | None,
    formation: str | None,
    timing: str | None,
    times: bool,
    device: str,
    **rest: Any,
) -> None:
    """Make a dance video for SONG: query, align and render in one; with --dancers, of a group."""
    from danceit.bench.in_words import summary
    from danceit.workflow.line import DanceOptions
    from danceit.workflow.line import dance as run

    choices = {name: rest.pop(name) for name in QUERY_NAMES & rest.keys()}
    aligned = _given_to_aligners(max_warp=max_warp, anchor=anchor, anywhere=anywhere)
    wanted = DanceOptions(_chosen(**choices), methods, aligned, _drawn(**rest), device)
    if dancers is not None:
        group = (dancers, formation, timing)
        with bar("drawing", "frame") as drawing:
            notes = dance_group(song, index_path, out, group, wanted, drawing)
        for text in (*notes, *_without_effect(out, rest)):
            note(text)
        return
    if formation or timing:
        raise click.UsageError(_NO_GROUP)
    with bar("song", "s") as heard, bar("drawing", "frame") as drawing:
        made = run(song, index_path, out, wanted, told=heard, progress=drawing)
    for text in (*made.notes, *_without_effect(out, rest)):
        note(text)
    for line in summary(made.dance):
        click.echo(line)
    if times:
        click.echo(_seconds_by_step(made))
    click.echo(f"wrote {made.out} and {made.dance_file}")


def _seconds_by_step(made: "Made") -> str:
    rows = [
        (step, f"{seconds:.2f}", f"{made.n_frames / max(seconds, 1e-9):.0f}")
        for step, seconds in made.seconds.items()
    ]
    return table(("step", "s", "frames/s"), rows)


def _given_to_aligners(**options: str | bool | None) -> dict[str, str]:
    """Those that stand on the command line, as ``option=value`` texts would have them."""
    return {name: str(value) for name, value in options.items() if value is not None}


def _queried(
    song: Path,
    index: Path,
    idea: Path | None,
    constraints: "Constraints",
    before: Path | None,
    out: Path | None,
    device: str,
    **choices: Any,
) -> "tuple[Composition, Path]":
    """Choose a dance anew, like an idea, or as a change of one that is there."""
    if idea is not None:
        from danceit.workflow.generating import query_idea

        if constraints or before is not None:
            raise click.UsageError("--idea chooses anew: no --pin, --ban, --lock or --from")
        found = query_idea(song, idea, index, _chosen(**choices), out=out, device=device)
        return found.composition, found.out
    if constraints or before is not None:
        return _changed(song, index, constraints, before, out, device, **choices)
    from danceit.workflow.line import query as run

    with bar("song", "s") as heard:
        made = run(song, index, _chosen(**choices), out=out, device=device, told=heard)
    return made.composition, made.out


def _changed(
    song: Path,
    index: Path,
    constraints: "Constraints",
    before: Path | None,
    out: Path | None,
    device: str,
    **choices: Any,
) -> tuple["Composition", Path]:
    """Change a dance and say how much of it."""
    from danceit.workflow.changing import change

    made = change(
        song,
        index,
        constraints,
        before=before,
        options=_chosen(**choices) if _given(choices) else None,
        out=out,
        device=device,
    )
    if made.before is not None:
        windows = len(made.edited.composition.path)
        click.echo(
            f"changed {made.before}: of {windows} windows {len(made.edited.solved)} were chosen "
            f"again, {len(made.edited.changed)} have another fragment now",
            err=True,
        )
    return made.edited.composition, made.out


def _given(names: Iterable[str]) -> bool:
    """Whether any of these options stands on the command line."""
    context = click.get_current_context()
    typed = click.core.ParameterSource.COMMANDLINE
    return any(context.get_parameter_source(name) is typed for name in names)


def _without_effect(out: Path, look: Iterable[str]) -> tuple[str, ...]:
    """Name what was asked of the look of a file that has none."""
    from danceit.render import renderer_for

    params = {param.name: param.opts[0] for param in click.get_current_context().command.params}
    asked = [params.get(name, name) for name in look if _given([name])]
    if not renderer_for(out).draws:
        why = f"nothing is drawn in {out.suffix}"
    else:
        asked = (
            [] if _given(["footage", "person"]) else [name for name in asked if name in _OF_FOOTAGE]
        )
        why = "no footage is shown without --footage"
    return (f"{why}: no use for {', '.join(asked)}",) if asked else ()


def _chosen(greedy: bool, variety: str, **choices: Any) -> QueryOptions:
    varied: dict[str, Any] = dict(VARIETY[variety])
    return QueryOptions(solver="greedy" if greedy else "viterbi", **varied, **choices)


def _drawn(**look: Any) -> "RenderOptions":
    from danceit.render.options import RenderOptions

    return RenderOptions(**look)


def _print_choices(composition: "Composition", *, explain: bool) -> None:
    from danceit.clock import clock
    from danceit.retrieval.choices import choices

    rows = choices(composition)
    click.echo(
        table(
            ("time", "fragment", "style", "distance", "rank", "join"),
            [
                (
                    clock(row.window_start_s),
                    row.fragment_id,
                    row.style or "-",
                    f"{row.distance:.3f}",
                    str(row.rank),
                    _join(row, before),
                )
                for before, row in zip([None, *rows], rows, strict=False)
            ],
        )
    )
    for row in rows if explain else ():
        click.echo(f"\n{clock(row.window_start_s)}  {row.why}")
        click.echo(_best_of(row))


def _join(row: "WindowChoice", before: "WindowChoice | None") -> str:
    """How a window follows the one before: a cost, or whose take or last pose it goes on with."""
    if not row.goes_on:
        return f"{row.join_cost:.2f}"
    held = before is not None and before.fragment_id == row.fragment_id
    return "pose held" if held else "goes on"


def _best_of(row: "WindowChoice") -> str:
    """Table of a window's best matches for the music, with the chosen one marked."""
    from danceit.data import RunnerUp

    matches = list(row.runners_up)
    matches.insert(row.rank, RunnerUp(row.fragment_id, row.distance, row.target))
    shown = [*range(min(_BEST, len(matches))), *([row.rank] if row.rank >= _BEST else [])]
    return table(
        ("", "rank", "fragment", "distance", "target cost", "join"),
        [
            (
                ">" if rank == row.rank else "",
                str(rank),
                matches[rank].fragment_id,
                f"{matches[rank].distance:.3f}",
                f"{matches[rank].target:.3f}",
                ("goes on" if row.goes_on else f"{row.join_cost:.2f}") if rank == row.rank else "",
            )
            for rank in shown
        ],
    )


def _before_and_after(before: "Dance", after: "Dance") -> str:
    from danceit.bench.glance import glance

    first, second = glance(before), glance(after)
    return table(("", "before", "after"), [(name, first[name], second[name]) for name in first])
