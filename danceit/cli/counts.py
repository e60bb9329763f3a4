"""`danceit counts`: what is counted in a song, and how a person puts it right."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from danceit.cli.flags import note
from danceit.cli.options import PATH, json_option, table
from danceit.cli.progress import bar
from danceit.clock import clock

if TYPE_CHECKING:
    from danceit.audio.counts.corrections import Corrections
    from danceit.counts import Counts
    from danceit.data import Music


@click.command(
    help="Show how a song is counted: tempo, metre, bars and sections.\n\n"
    "What you correct is kept beside the song (SONG.counts; in the cache where its folder cannot "
    "be written) and used by every command. A file SONG.beats beside the song always wins: a "
    "line a beat, seconds and number in the bar.\n\n"
    "--out writes the counts as .beats, a picture as .png (waveform, beats, 1s, sections), or the "
    "song with clicks as .wav or .m4a, high on the 1."
)
@click.argument("song", type=PATH)
@click.option("--out", type=PATH, multiple=True, help="A .beats, .png, .wav or .m4a file.")
@click.option("--bpm", type=float, help="The tempo is this, in beats a minute.")
@click.option("--metre", type=int, help="Bars have so many beats.")
@click.option("--downbeat", type=float, metavar="S", help="There is a 1 at this second.")
@click.option("--halve", "halvings", count=True, help="Count half as fast as now.")
@click.option("--double", "doublings", count=True, help="Count twice as fast as now.")
@click.option("--shift", type=float, metavar="MS", help="Beats come so many milliseconds later.")
@click.option("--tracker", help="Who finds the beats; `danceit plugins` lists them.")
@click.option("--forget", is_flag=True, help="Forget what was corrected before.")
@json_option
def counts(
    song: Path,
    out: tuple[Path, ...],
    bpm: float | None,
    metre: int | None,
    downbeat: float | None,
    halvings: int,
    doublings: int,
    shift: float | None,
    tracker: str | None,
    forget: bool,
    as_json: bool,
) -> None:
    """Call `danceit.workflow.counting`."""
    from danceit.workflow.counting import Correction, check_out, count_song, write_counted

    for target in out:
        check_out(song, target)
    with bar("song", "s") as heard:
        correction = Correction(
            tracker, bpm, metre, downbeat, shift, levels=doublings - halvings, forget=forget
        )
        counted = count_song(song, correction, told=heard)
    found = counted.music.counts
    click.echo(
        json.dumps(_as_json(counted.music), indent=2) if as_json else _as_text(found, counted.said)
    )
    for text in found.notes:
        note(text)
    if counted.kept is not None:
        click.echo(f"kept in {counted.kept} for every command; --forget undoes it", err=True)
    for target in out:
        write_counted(counted.music, target)
        click.echo(f"wrote {target}", err=as_json)


def _as_text(counts: "Counts", said: "Corrections") -> str:
    if not counts.beats_s.size:
        return "no counts"
    from danceit.workflow.counting import answers

    told = answers(counts, said)
    bars = len(counts.downbeats_s)
    rows = [
        ("tempo", f"{counts.tempo_bpm:.1f} bpm", f"confidence {counts.confidence:.2f}"),
        *([("", told.tempo, "")] if told.tempo else []),
        (
            "metre",
            f"{counts.metre} beats a bar, first 1 at {clock(counts.downbeats_s[0])}",
            f"confidence {counts.bar_confidence:.2f}",
        )
        if bars
        else ("metre", "not known; --metre says it", ""),
        *(("", text, "") for text in (told.bars, *_passages(counts)) if text),
        (
            "beats",
            f"{len(counts.beats_s)}{f' in {bars} bars' if bars else ''}, "
            f"{clock(counts.beats_s[0])} to {clock(counts.beats_s[-1])}",
            "",
        ),
        ("from", counts.tracker, "; ".join(counts.corrections)),
    ]
    lines = [f"{name:8}{value:45}{more}".rstrip() for name, value, more in rows]
    if counts.sections:
        lines += ["", table(("section", "from", "to", "bars", "confidence"), _sections(counts))]
    return "\n".join(lines)


def _passages(counts: "Counts") -> list[str]:
    """Name the passages in another metre than most of the song."""
    beats_s = counts.beats_s
    return [
        f"{metre} from {clock(beats_s[first])} to {clock(beats_s[min(stop, len(beats_s) - 1)])}"
        for first, stop, metre in counts.passages
        if metre != counts.metre
    ]


def _sections(counts: "Counts") -> list[tuple[str, ...]]:
    bar_s = 60.0 / counts.tempo_bpm * (counts.metre or 4)
    return [
        (
            section.label,
            clock(section.start_s),
            clock(section.end_s),
            f"{(section.end_s - section.start_s) / bar_s:.0f}",
            f"{section.confidence:.2f}",
        )
        for section in counts.sections
    ]


def _as_json(music: "Music") -> dict[str, Any]:
    counts = music.counts
    return {
        "song": str(music.path),
        "duration_s": music.duration_s,
        "tempo_bpm": counts.tempo_bpm,
        "rival_bpm": counts.rival_bpm,
        "metre": counts.metre,
        "confidence": counts.confidence,
        "bar_confidence": counts.bar_confidence,
        "tracker": counts.tracker,
        "corrections": list(counts.corrections),
        "notes": list(counts.notes),
        "beats_s": [round(beat_s, 4) for beat_s in counts.beats_s.tolist()],
        "numbers": counts.numbers.tolist(),
        "eights": counts.eights.tolist(),
        "sections": [asdict(section) for section in counts.sections],
    }
