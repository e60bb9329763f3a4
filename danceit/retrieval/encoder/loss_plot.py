"""The loss while training, a curve for each fragment length (DanceIt Fig. 11)."""

import csv
from pathlib import Path

from danceit.data import FPS
from danceit.errors import InputError
from danceit.files import replacing
from danceit.retrieval.encoder.run import LOG_COLUMNS


def plot_loss(log: Path, out: Path) -> None:
    """Draw ``log.csv`` of a run as a picture: loss by length, and the validation rank below.

    Raises
    ------
    InputError
        If the log is missing, empty or not a training log.
    """
    rows = _rows(log)
    # The object interface: pyplot would keep state and pick a screen.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 6), dpi=120, layout="constrained")
    losses, ranks = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for frames in sorted({row["frames"] for row in rows}):
        of_length = [row for row in rows if row["frames"] == frames]
        losses.plot(
            [row["step"] for row in of_length],
            [row["loss"] for row in of_length],
            label=f"{frames / FPS:g} s",
        )
    checks = [row for row in rows if row["frames"] == rows[0]["frames"]]
    steps = [row["step"] for row in checks]
    losses.plot(
        steps, [row["validation_loss"] for row in checks], "k--", lw=1, label="validation, 2 s"
    )
    losses.set_ylabel("loss")
    losses.legend(frameon=False, ncols=3)
    ranks.plot(steps, [row["validation_rank"] for row in checks], "k")
    ranks.axhline(0.5, color="0.6", lw=1, ls=":")
    ranks.set(xlabel="step", ylabel="median rank / N", ylim=(0, 0.6))
    with replacing(out) as temporary:
        figure.savefig(temporary)


def _rows(log: Path) -> list[dict[str, float]]:
    try:
        with Path(log).open(newline="", encoding="utf-8") as stream:
            rows = [
                {name: float(value) for name, value in row.items()}
                for row in csv.DictReader(stream)
            ]
    except OSError as exc:
        raise InputError(f"cannot read {log}: {exc.strerror or exc}") from exc
    except (TypeError, ValueError) as exc:
        raise InputError(f"{log} is not a training log: {exc}") from exc
    if not rows or tuple(rows[0]) != LOG_COLUMNS:
        raise InputError(f"{log} is not a training log: it must have {', '.join(LOG_COLUMNS)}")
    return rows
