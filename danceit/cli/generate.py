"""`danceit generate`: dances that no dancer danced, and how generators are trained."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit.cli.flags import note
from danceit.cli.options import PATH, OptionOf, device_option
from danceit.cli.progress import bar

if TYPE_CHECKING:
    from danceit.generate.protocol import GeneratorReport

_HELP = """Dance to SONG with a trained generator, or train one.

\b
danceit generate train lee my_dances/ --out GEN   learn from your own dances
danceit generate song.mp3 --with GEN              a dance that nobody danced
danceit generate song.mp3 --with GEN --snap INDEX the same, found again in real movement
"""


class SongOrTrain(click.Group):
    """A group whose first word is a command or, if it is none, the song to dance to."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take anything but a command or a call for help as the song's."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["song", *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Commands by name; any other word is a song."""
        return super().get_command(ctx, cmd_name) or self.commands["song"]


@click.group(cls=SongOrTrain, help=_HELP, no_args_is_help=True)
def generate() -> None:
    """Hold the commands; `_HELP` is what users read."""


@generate.command(hidden=True)
@click.argument("song", type=PATH)
@click.option("--with", "folder", type=PATH, required=True, metavar="GEN",
              help="Folder that `danceit generate train` wrote.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True,
              help="Another number, another dance.")  # fmt: skip
@click.option("--out", type=PATH, help="Dance file to write.  [default: SONG.dance.npz here]")
@click.option("--snap", "index", type=PATH, metavar="INDEX",
              help="Find it again in this index: real movement, traced.")  # fmt: skip
@device_option
def song(
    song: Path, folder: Path, seed: int, out: Path | None, index: Path | None, device: str
) -> None:
    """Dance to SONG with a trained generator and write a dance file.

    The result is aligned, rendered and viewed as any other dance.
    """
    if index is not None:
        from danceit.workflow.generating import snap_dance

        snapped = snap_dance(song, folder, index, seed=seed, out=out, device=device)
        for text in snapped.composition.notes:
            note(text)
        placed = snapped.composition.dance.fragments
        click.echo(f"{len(placed)} fragments of {len({p.clip_id for p in placed})} clips")
        click.echo(f"wrote {snapped.out}")
        return
    from danceit.workflow.generating import generate_dance

    made = generate_dance(song, folder, seed=seed, out=out, device=device)
    seconds = made.dance.n_frames / made.dance.fps
    click.echo(f"{seconds:.1f} s made up by {made.dance.fragments[0].generator}")
    click.echo(f"wrote {made.out}")


@generate.command(
    help="Train the generator NAME on the dances in DATA.\n\n"
    "lee: Dancing to Music (2019). ren: Self-supervised Dance Video Synthesis (2020). "
    "lstm, mocogan: baselines of the first. "
    "A run that was stopped goes on where it was; --restart begins anew."
)
@click.argument("name")
@click.argument("data", type=PATH)
@click.option("--out", type=PATH, required=True, help="Folder for the run and the generator.")
@click.option("--minutes", type=float,
              help="Stop learning after so long by the clock; dances are read before, and a step "
              "under way is taken to its end.  [default: no limit]")  # fmt: skip
@click.option("--seed", type=int, cls=OptionOf,
              of="danceit.generate.options:TrainingOptions.seed")  # fmt: skip
@click.option("--set", "texts", multiple=True, metavar="OPTION=VALUE",
              help="Any other option of its training, such as hidden=256.")  # fmt: skip
@click.option("--restart", is_flag=True, help="Begin anew, whatever stands in --out.")
@device_option
def train(
    name: str,
    data: Path,
    out: Path,
    minutes: float | None,
    seed: int,
    texts: tuple[str, ...],
    restart: bool,
    device: str,
) -> None:
    """Call `danceit.workflow.generating.train_generator` and print its report."""
    from danceit.index.building.options import Told
    from danceit.workflow.generating import train_generator

    given = [*texts, f"seed={seed}"]
    if minutes is not None:
        given.append(f"minutes={minutes}")
    with (
        bar("finding poses", "frame") as watching,
        bar("reading", "dance") as reading,
        bar("training", "step") as training,
    ):
        report = train_generator(
            name,
            data,
            out,
            given,
            restart=restart,
            device=device,
            told=Told(reading=reading, watching=watching, training=training),
        )
    print_course(report)
    click.echo(f"wrote {report.folder}")


def print_course(report: "GeneratorReport") -> None:
    """Say how a training went, a line a lesson."""
    for lesson in report.lessons:
        click.echo(
            f"{lesson.name}: {lesson.steps} steps ({lesson.epochs:.1f} times through the dances), "
            f"{lesson.seconds / 60:.1f} minutes; best at step {lesson.best_step}, "
            f"loss {lesson.held_out:.3f} on songs held out"
        )
    click.echo(
        f"learnt from {len(report.training_songs)} songs, judged by {len(report.held_out_songs)}"
    )
    for text in report.notes:
        note(text)
