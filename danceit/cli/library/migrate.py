"""`danceit index migrate`: another encoder, without losing the index that answers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.flags import note
from danceit.cli.options import PATH, device_option, index_option, table
from danceit.cli.progress import bar

if TYPE_CHECKING:
    from danceit.bench.measures.statistics import Interval
    from danceit.workflow.migrating.comparing import Comparison


@click.command(
    help="Embed an index's fragments by another encoder, beside it, and compare both.\n\n"
    "The index answers as before until --publish; --back lets the one before answer again. "
    "Fragments keep their names, so pins, bans and dance files stay valid."
)
@click.option("--encoder", type=PATH, help="Folder of the new encoder.")
@click.option("--publish", is_flag=True, help="Let the new one answer; the old one is kept.")
@click.option("--back", is_flag=True, help="Let the one that was superseded answer again.")
@index_option
@device_option
def migrate(encoder: Path | None, publish: bool, back: bool, index_path: Path, device: str) -> None:
    """Call `danceit.workflow.migrating.migration` and print how both compare."""
    from danceit.workflow.migrating import migration

    if back and (publish or encoder is not None):
        raise click.UsageError("--back stands alone")
    if not (encoder or publish or back):
        raise click.UsageError("name the new encoder: --encoder NEW; then --publish, or --back")
    if encoder is not None:
        with bar("embedding", "dance") as embedding:
            made = migration.migrate(index_path, encoder, device=device, progress=embedding)
        if made.comparison is not None:
            click.echo(_as_table(made.comparison))
        for text in made.notes:
            note(text)
        if not publish:
            click.echo(f"wrote {made.next}; to let it answer: danceit index migrate --publish")
    if publish or back:
        with bar("publishing", "dance") as publishing:
            call = migration.back if back else migration.publish
            answers = call(index_path, device=device, progress=publishing)
        click.echo(f"encoder {answers} answers now")


def _as_table(found: "Comparison") -> str:
    before, after = found.before, found.after
    rows = [
        ("encoder", before.encoder_id, after.encoder_id),
        ("rank of the true movement, of 1", _told(before.rank), _told(after.rank)),
        ("true movement among the first 10", _told(before.recall), _told(after.recall)),
        ("style, first 5 of other recordings", _told(before.style), _told(after.style)),
    ]
    return "\n".join(
        [
            table(("", "now", "new"), rows),
            f"{found.n_windows} windows of {found.n_songs} of the index's own songs among "
            f"{found.n_fragments} fragments; training may have heard them",
            f"of the first 10, both name {found.shared_by_music:.0%} asked by music, "
            f"{found.shared_by_movement:.0%} by movement",
        ]
    )


def _told(interval: "Interval") -> str:
    if interval.mean != interval.mean:
        return "-"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
