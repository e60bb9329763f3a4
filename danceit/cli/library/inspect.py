"""`danceit index inspect`, `stats` and `list`: see what an index is made of."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.flags import note, told
from danceit.cli.options import (
    PATH,
    estimator_option,
    index_option,
    json_option,
    table,
)
from danceit.cli.progress import bar

if TYPE_CHECKING:
    from danceit.data import Clip
    from danceit.index.sources import Found
    from danceit.workflow.recording_tables import RecordingMeasures


@click.command(
    help="Draw a recording as the index sees it: the skeleton over the video, dropped frames "
    "marked, tempo and turns.\n\n"
    "CLIP is a video or other recording, or the id of a clip or recording of the index; of a "
    "folder of several, each has its sheet and all have one overview."
)
@click.argument("clip")
@click.option(
    "--out",
    type=PATH,
    help="A .png (sheet) or .mp4 (film); of a folder, another folder."
    "  [default: CLIP.png; inspection]",
)
@click.option("--dims", type=click.IntRange(2, 3), help="2 judges the picture alone.")
@estimator_option
@index_option
def inspect(
    clip: str, out: Path | None, dims: int | None, estimator: str, index_path: Path
) -> None:
    """Call `danceit.workflow.inspection.inspect` and draw it."""
    from danceit.errors import InputError
    from danceit.index.sources import read_ahead, scan
    from danceit.index.sources.settings import ReadSettings
    from danceit.workflow.inspection import find_recording
    from danceit.workflow.inspection import inspect as run
    from danceit.workflow.inspection_pictures import (
        SUFFIXES,
        check_out,
        draw_inspection,
        headline,
    )

    settings = ReadSettings(estimator, lag="off")
    if Path(clip).is_dir() and len(several := scan(Path(clip), settings).found) > 1:
        if out is not None and out.suffix.lower() in SUFFIXES and not out.is_dir():
            raise InputError(
                f"{clip} holds {len(several)} recordings, a sheet for each and an overview: --out "
                f"names a folder for them; got {out.name}"
            )
        _inspect_all(several, out or Path("inspection"), dims)
        return
    target = out or Path(f"{Path(clip.replace('#', '-')).name}.png")
    check_out(target)
    found, clip_id = find_recording(clip, index_path, settings)
    with bar("finding poses", "frame") as watching:
        read_ahead([found], watching)
    seen = run(found, clip_id, dims)
    with bar("drawing", "frame") as drawing:
        draw_inspection(seen, target, drawing)
    click.echo(headline(seen))
    click.echo(seen.cleaned.report.summary)
    if len(seen.cleaned.clips) > 1 or any(clip.sure < 1 for clip in seen.cleaned.clips):
        click.echo(_clips_table(seen.cleaned.clips))
    for line in (*seen.cleaned.report.notes, *seen.cleaned.report.warnings):
        note(line)
    click.echo(f"wrote {target}")


def _clips_table(clips: "Sequence[Clip]") -> str:
    from danceit.data import FPS

    rows = [
        (
            clip.clip_id,
            f"{clip.start_s:.1f}",
            f"{clip.n_frames / FPS:.1f}",
            clip.body,
            f"{clip.sure:.2f}",
        )
        for clip in clips
    ]
    return table(("clip", "from s", "s", "body", "sure"), rows)


def _inspect_all(found: "Sequence[Found]", folder: Path, dims: int | None) -> None:
    from danceit.workflow.library.overview import OVERVIEW, inspect_all

    with bar("finding poses", "frame") as watching, bar("drawing", "recording") as drawing:
        lines = inspect_all(found, folder, dims, told=drawing, watching=watching)
    for line in lines:
        if line.sheet is None:
            click.echo(f"failed: {line.recording_id}: {line.summary}", err=True)
        else:
            click.echo(line.summary)
    sheets = sum(line.sheet is not None for line in lines)
    click.echo(f"wrote {folder / OVERVIEW} and {sheets} sheets beside it")
    if sheets < len(lines):
        raise click.exceptions.Exit(1)


@click.command(
    help="Show the numbers by which the papers describe their data: tempo, turns, share "
    "dropped, lengths, styles.\n\n"
    "Of the recordings in DATA, or without it of those that the index was made of."
)
@click.argument("data", type=PATH, required=False)
@click.option("--out", type=PATH, help="Draw them as a picture, such as stats.png.")
@click.option("--dims", type=click.IntRange(2, 3), help="2 judges the picture alone.")
@estimator_option
@index_option
@json_option
def stats(
    data: Path | None,
    out: Path | None,
    dims: int | None,
    estimator: str,
    index_path: Path,
    as_json: bool,
) -> None:
    """Call `danceit.workflow.recording_tables.measure_recordings`; print and draw the result."""
    from danceit.index.sources.settings import ReadSettings
    from danceit.makers import check_figure
    from danceit.workflow.recording_tables import (
        MAKER,
        draw_tables,
        measure_recordings,
        recordings_of,
    )

    if out is not None:
        check_figure(out, MAKER)
    found = recordings_of(data, index_path, ReadSettings(estimator, lag="off"))
    with bar("finding poses", "frame") as watching, bar("measuring", "dance") as measuring:
        tables = measure_recordings(found, dims=dims, progress=measuring, watching=watching)
    click.echo(_as_json(tables.recordings) if as_json else _as_table(tables.recordings))
    for name, reason in tables.failed:
        click.echo(f"failed: {name}: {told(reason)}", err=True)
    if out is not None:
        draw_tables(tables, out)
        click.echo(f"wrote {out}", err=as_json)
    if tables.failed:
        raise click.exceptions.Exit(1)


@click.command(
    "list",
    help="List what an index holds: recordings, or with --clips or --fragments their parts, by "
    "the names that --pin, --ban, inspect and remove take.\n\n"
    "With PART only those whose names it occurs in.",
)
@click.argument("part", default="")
@click.option("--clips", "kind", flag_value="clips", help="The clips that cleaning left.")
@click.option("--fragments", "kind", flag_value="fragments", help="What a window can show.")
@index_option
@json_option
def list_index(part: str, kind: str | None, index_path: Path, as_json: bool) -> None:
    """Print `danceit.index.listing.listed`."""
    from danceit.index.listing import listed
    from danceit.index.store.engines import open_store

    kind = kind or "recordings"
    with open_store(index_path) as store:
        rows = listed(store, kind, part)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    inner = {"recordings": "clips", "clips": "fragments", "fragments": ""}[kind]
    cells = [
        (
            row.name,
            str(row.parts) if inner else "",
            f"{row.start_s:.1f}",
            f"{row.end_s:.1f}",
            row.style or "-",
            row.dancer or "-",
            f"{row.tempo_bpm:.0f}" if row.tempo_bpm else "-",
            row.body,
            f"{row.sure:.2f}",
        )
        for row in rows
    ]
    head = (kind[:-1], inner, "from s", "to s", "style", "dancer", "bpm", "body", "sure")
    click.echo(table(head, cells))
    click.echo(f"{len(rows)} {kind}{f' with {part!r} in their names' if part else ''}", err=True)


def _as_json(rows: "Sequence[RecordingMeasures]") -> str:
    listed = [
        {
            "recording_id": row.recording_id,
            "style": row.style,
            "dims": row.dims,
            "seconds": row.seconds,
            "kept_s": row.kept_s,
            "clip_s": row.clip_s,
            "tempo_bpm": row.tempo_bpm,
            "turns": row.n_turns,
            "lag_s": None if row.lag is None else row.lag.seconds,
            "lag_confidence": None if row.lag is None else row.lag.confidence,
            "dropped": dict(row.report.shares),
        }
        for row in rows
    ]
    return json.dumps(listed, indent=2)


def _as_table(rows: "Sequence[RecordingMeasures]") -> str:
    cells = [
        (
            row.recording_id,
            row.style or "-",
            str(row.dims),
            f"{row.seconds:.1f}",
            str(len(row.clip_s)),
            f"{row.dropped_share:.1%}",
            f"{row.tempo_bpm:.0f}" if row.tempo_bpm else "-",
            str(row.n_turns),
            _lag_of(row),
        )
        for row in rows
    ]
    head = ("recording", "style", "dims", "s", "clips", "dropped", "bpm", "turns", "lag s")
    kept_min = sum(row.kept_s for row in rows) / 60
    total = f"{table(head, cells)}\n{len(rows)} recordings, {kept_min:.1f} minutes kept"
    if all(row.lag is None for row in rows):
        return total
    return f"{total}; lag: picture later than sound, ? where that is a guess"


def _lag_of(row: "RecordingMeasures") -> str:
    from danceit.index.cleaning.lag import CLEAR

    if row.lag is None:
        return "-"
    return f"{row.lag.seconds:+.2f}" + ("" if row.lag.confidence >= CLEAR else "?")
