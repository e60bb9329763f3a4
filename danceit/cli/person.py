"""`danceit person ...`: prepare, train and describe someone to be shown dancing."""

from pathlib import Path

import click

from danceit.cli.flags import note
from danceit.cli.options import PATH, device_option, table
from danceit.cli.progress import bar


@click.group(help="Prepare and train a person who dances in place of the drawn figure.")
def person() -> None:
    """Hold the commands under `danceit person`."""


def _there(_context: click.Context, _param: click.Parameter, path: Path) -> Path:
    """Before anybody is asked who is shown in it."""
    from danceit.errors import InputError

    if not path.exists():
        raise InputError(f"no such file or folder: {path}")
    return path


@person.command(
    help="Take frames, poses and the background from a video of the person.\n\n"
    "SOURCE is a video, or poses with their video beside them; two minutes of simple "
    "movement before a still camera are best."
)
@click.argument("source", type=PATH, callback=_there)
@click.option("--out", type=PATH, required=True, help="Folder to make.")
@click.option("--who", prompt="Who is shown", help="The person's name.")
@click.option(
    "--consent/--no-consent",
    prompt="Did they agree to be shown in made-up videos?",
    help="Whether the person agreed; it is written into every video.",
)
@click.option("--size", type=int, default=512, show_default=True,
              help="Side of the pictures: 128 for draft, 256 for good, 512 for paper.")  # fmt: skip
def prepare(source: Path, out: Path, who: str, consent: bool, size: int) -> None:
    """Call `danceit.workflow.person.prepare_person` and print its report."""
    from danceit.workflow.person import prepare_person

    with bar("cropping", "frame") as cropping:
        made = prepare_person(source, out, who=who, agreed=consent, size=size, progress=cropping)
    about = made.about
    click.echo(
        f"{made.n_frames} frames over {made.seconds:.0f} s at {about.size} px; nobody was seen "
        f"in {made.n_nobody} more; the last fifth is kept for validation"
    )
    for warning in about.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"wrote {made.folder}")


@person.command(
    help="Train the networks of a prepared PERSON.\n\n"
    "A run that was stopped goes on where it was; --restart begins anew. Several cards: "
    "torchrun --nproc-per-node N --no-python danceit person train PERSON."
)
@click.argument("folder", metavar="PERSON", type=PATH)
@click.option("--quality", type=click.Choice(["draft", "good", "paper"]),
              help="draft: minutes on a processor.  [default: by the prepared size]")  # fmt: skip
@click.option("--steps", type=click.IntRange(min=1), help="Of poseGAN.")
@click.option("--face-steps", type=click.IntRange(min=0), help="Of FaceGAN; 0 leaves it out.")
@click.option("--batch", type=click.IntRange(min=1), help="Pairs of frames a step.")
@click.option("--precision", type=click.Choice(["auto", "bf16", "fp32"]))
@click.option("--vgg", default="", metavar="FILE|hub",
              help="VGG-19's weights for the perceptual loss; hub fetches them.")  # fmt: skip
@click.option("--compile", "compiled", is_flag=True, help="Compile the networks; for cards.")
@click.option("--seed", type=int, help="Another number, other weights to begin with.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever stands in PERSON.")
@device_option
def train(
    folder: Path,
    quality: str | None,
    steps: int | None,
    face_steps: int | None,
    batch: int | None,
    precision: str | None,
    vgg: str,
    compiled: bool,
    seed: int | None,
    restart: bool,
    device: str,
) -> None:
    """Call `danceit.render.person.training.train` and print its report."""
    from danceit.render.person.painting import device_for
    from danceit.render.person.training import train as run
    from danceit.workflow.person import quality_for

    config = quality_for(
        folder,
        quality,
        steps=steps,
        face_steps=face_steps,
        batch=batch,
        precision=precision,
        seed=seed,
    )
    with bar("training", "step") as training:
        report = run(
            folder,
            config,
            device=device_for(device),
            vgg=vgg,
            compiled=compiled,
            restart=restart,
            progress=training,
        )
    if not report.first_worker:
        return
    for text in report.notes:
        note(text)
    began = f"from step {report.first_step}" if report.first_step else "from the beginning"
    click.echo(f"trained {began} in {report.seconds:.0f} s")
    click.echo(
        f"unseen frames: {report.psnr_db:.2f} dB PSNR; the background alone "
        f"{report.background_db:.2f} dB. `danceit bench person` compares more"
    )
    click.echo(f"wrote {report.folder}")


@person.command()
@click.argument("folder", metavar="PERSON", type=PATH)
@click.option("--dance", "dance_file", type=PATH, help="Say how much of it the footage shows.")
def info(folder: Path, dance_file: Path | None) -> None:
    """Describe PERSON: who, from what, how far trained."""
    from danceit.workflow.person import person_info

    found = person_info(folder, dance_file)
    about = found.about
    trained = f"{found.lesson}, step {found.step}" if found.lesson else "not yet"
    rows = [
        ("who", f"{about.consent.name} (agreed)"),
        ("from", about.source),
        ("size", f"{about.size} px"),
        ("frames", f"{found.n_frames}: {found.n_training} to train on, "
                   f"{found.n_validation} unseen"),
        ("camera", "still" if about.static_camera else "moving"),
        ("trained to", trained),
        ("painted by", found.kept or "nothing yet"),
    ]  # fmt: skip
    click.echo(table(("", ""), rows).lstrip("\n"))
    for text in found.notes:
        note(text)
