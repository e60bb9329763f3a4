"""The end of every training: its generator written down, its losses drawn, its report."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from danceit.generate.course import LOG, Standing
from danceit.generate.folder import Description, save
from danceit.generate.loss_plot import PLOT, plot_losses
from danceit.generate.material import Material
from danceit.generate.protocol import Generator, GeneratorReport, LessonReport

if TYPE_CHECKING:
    from torch import nn


class Taught(Protocol):
    """What every training tells of itself."""

    @property
    def lessons(self) -> dict[str, Standing]:
        """Where each lesson ended, in the order taken."""

    @property
    def resumed(self) -> bool:
        """Whether it went on from a checkpoint."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""


def finished(
    kind: type[Generator],
    out: Path,
    networks: "nn.Module",
    options: Any,
    facts: Mapping[str, Any],
    *,
    material: Material,
    taught: Taught,
    device: str,
) -> GeneratorReport:
    """Write a trained generator into `out` and report on it as it is read back.

    `facts` is what it learnt beside its weights; the songs held out are added to them.
    """
    lessons = tuple(
        LessonReport(name, went.step, went.best_step, went.epochs, went.best)
        for name, went in taught.lessons.items()
    )
    known = {**facts, "held_out_songs": list(material.held_out_songs)}
    training = {lesson.name: asdict(lesson) for lesson in lessons}
    save(out, Description(kind.name, asdict(options), known, training), networks)
    plot_losses(out / LOG, out / PLOT)
    return GeneratorReport(
        generator=kind.load(out, device),
        folder=out,
        lessons=lessons,
        training_songs=material.training_songs,
        held_out_songs=material.held_out_songs,
        resumed=taught.resumed,
        notes=(*material.notes, *taught.notes),
    )
