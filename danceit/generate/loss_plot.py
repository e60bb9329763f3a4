"""The losses of a training, a panel a lesson: parts in colour, the songs held out in black."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danceit.errors import InputError
from danceit.files import replacing
from danceit.generate.course import COLUMNS, HELD_OUT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT = "loss.png"
Curves = dict[str, dict[str, list[tuple[int, float]]]]


def plot_losses(log: Path, out: Path) -> None:
    """Draw ``log.csv`` of a course as a picture.

    Raises
    ------
    InputError
        If the log is missing, empty, or none of a course.
    """
    curves = _read(log)
    # The object interface: pyplot would keep state and pick a screen.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3 * len(curves)), dpi=110, layout="constrained")
    panels = figure.subplots(len(curves), 1, squeeze=False)[:, 0]
    for panel, (lesson, figures) in zip(panels, curves.items(), strict=True):
        _draw(panel, figures)
        panel.set(title=lesson, xlabel="step", ylabel="loss")
    with replacing(out) as temporary:
        figure.savefig(temporary)


def _draw(panel: "Axes", figures: dict[str, list[tuple[int, float]]]) -> None:
    """Parts in colour, songs held out in black with the step that is kept marked."""
    for name, points in figures.items():
        steps, values = zip(*points, strict=True)
        look: dict[str, Any] = {"color": "k", "ls": "--"} if name == HELD_OUT else {}
        panel.plot(steps, values, label=name, lw=1.2, **look)
        if name == HELD_OUT:
            step, value = min(points, key=lambda point: point[1])
            panel.plot(step, value, "ko", ms=5, label=f"kept: step {step}, {value:.3g}")
    if all(value > 0 for points in figures.values() for _, value in points):
        panel.set_yscale("log")
    panel.grid(alpha=0.25)
    # Beside the panel: within it some curve is always under the names.
    panel.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _read(log: Path) -> Curves:
    curves: Curves = {}
    try:
        with Path(log).open(newline="", encoding="utf-8") as stream:
            rows = csv.reader(stream)
            if tuple(next(rows, [])) != COLUMNS:
                raise InputError(f"{log} is not a training log: it must have {', '.join(COLUMNS)}")
            for lesson, step, figure, value in rows:
                points = curves.setdefault(lesson, {}).setdefault(figure, [])
                if float(value) == float(value):
                    points.append((int(step), float(value)))
    except OSError as exc:
        raise InputError(f"cannot read {log}: {exc.strerror or exc}") from exc
    except ValueError as exc:
        raise InputError(f"{log} is not a training log: {exc}") from exc
    drawn = {
        lesson: {name: points for name, points in figures.items() if points}
        for lesson, figures in curves.items()
    }
    if not any(drawn.values()):
        raise InputError(f"{log} holds no losses yet")
    return drawn
