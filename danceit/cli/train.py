"""`danceit train`, and how a training run is shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from danceit.cli.flags import note
from danceit.cli.options import PATH, TRAINING, OptionOf, device_option
from danceit.cli.progress import bar

if TYPE_CHECKING:
    from danceit.retrieval.encoder.training import TrainingReport

_CHANCE = 0.45
"""Rank of the movement danced to a song from which on a training is told to have learnt little."""


@click.command(
    help="Train the encoders on the dances in DATA.\n\n"
    "A run that was stopped goes on where it was; --restart begins anew."
)
@click.argument("data", type=PATH)
@click.option("--out", type=PATH, required=True, help="Folder for the run and the encoder.")
@click.option("--loss", help="Name of the loss; see `danceit plugins`.")
@click.option("--steps", type=click.IntRange(min=1), help="Most steps to take.")
@click.option("--split", type=click.Choice(["song", "random"]), help="What validation holds out.")
@click.option("--dims", type=click.IntRange(2, 3), help="2 projects 3-D dances to the picture.")
@click.option("--seed", type=int, cls=OptionOf, of=f"{TRAINING}.seed")
@click.option("--restart", is_flag=True, help="Begin anew, whatever stands in --out.")
@device_option
def train(
    data: Path,
    out: Path,
    loss: str | None,
    steps: int | None,
    split: str | None,
    dims: int | None,
    seed: int,
    restart: bool,
    device: str,
) -> None:
    """Call `danceit.workflow.indexing.train_encoder` and print its report."""
    from danceit.index.building.options import Told
    from danceit.retrieval.encoder.configuration import TrainingConfig
    from danceit.workflow.indexing import train_encoder

    given: dict[str, Any] = dict(loss=loss, steps=steps, split=split)
    config = TrainingConfig(
        seed=seed, **{name: value for name, value in given.items() if value is not None}
    )
    with (
        bar("finding poses", "frame") as watching,
        bar("reading", "dance") as reading,
        bar("training", "step") as training,
    ):
        report = train_encoder(
            data,
            out,
            config,
            dims=dims,
            restart=restart,
            device=device,
            told=Told(watching=watching, reading=reading, training=training),
        )
    print_training(report)
    if report.table:
        click.echo(f"on those songs, beside baselines (95 % intervals over songs):\n{report.table}")
    click.echo(f"wrote {report.folder}")


def print_training(report: "TrainingReport") -> None:
    """Say how a run went, in two lines and whatever the user should know."""
    how = "it got no better" if report.stopped_early else "all it was given"
    asked = set(report.validation_songs)
    of = "passages held out of" if asked & set(report.training_songs) else "unheard music of"
    click.echo(
        f"trained on {_songs(report.training_songs)} in {report.last_step} steps ({how}; best at "
        f"{report.best_step})\n"
        f"asked for {of} {_songs(report.validation_songs)}, it puts the movement that was danced "
        f"to it at {report.validation_rank:.0%} of a list of all movement (0% is its head, 50% is "
        f"chance){'' if report.validation_rank < _CHANCE else ': it has learnt little'}"
    )
    if report.note:
        note(report.note)


def _songs(names: tuple[str, ...]) -> str:
    return f"{len(names)} song{'' if len(names) == 1 else 's'}"
