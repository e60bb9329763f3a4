"""What is the same for every generator that danceit itself trains: set-up, folder, report."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from danceit.data import Clip, Dance, Float32, Music
from danceit.errors import InputError
from danceit.files import alone_in
from danceit.generate.course import LOG, Course, Run
from danceit.generate.folder import DESCRIPTION, Description, described, restore, save
from danceit.generate.loss_plot import PLOT, plot_losses
from danceit.generate.material import Material, material_of
from danceit.generate.protocol import GeneratorReport, LessonReport
from danceit.progress import Progress, silent

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Taught:
    """What a training comes to, before it is written as a generator.

    Attributes
    ----------
    networks : torch module
        What the file of weights will hold.
    facts : mapping
        What was learnt beside weights: scales, classes; plain values.
    course : Course
        Whose lessons are over.
    note : str
        What was assumed of the material; empty where nothing was.
    """

    networks: "nn.Module"
    facts: Mapping[str, Any]
    course: Course
    note: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        told = (self.note, *(standing.note for standing in self.course.taken.values()))
        return tuple(note for note in told if note)


@dataclass(frozen=True, kw_only=True)
class TrainedGenerator(ABC):
    """A generator of this package, trained; see `danceit.generate.protocol.Generator`.

    Attributes
    ----------
    dancer : torch module
        The networks that generate.
    options : dataclass
        Of its training; it has a `seed`.
    held_out_songs : tuple of str
        Recordings that it was not trained on.
    """

    name: ClassVar[str]
    options_class: ClassVar[type[Any]]

    dancer: "nn.Module"
    options: Any
    held_out_songs: tuple[str, ...]
    generator_id: str = ""
    device: str = "cpu"

    @classmethod
    @abstractmethod
    def taught(cls, material: Material, options: Any, run: Run) -> Taught:
        """Take all lessons, or go on where a run was stopped."""

    @classmethod
    @abstractmethod
    def untrained(cls, options: Any, facts: Mapping[str, Any]) -> Self:
        """One with these options and facts, its weights still to be read.

        It may raise KeyError, TypeError or ValueError where they are another version's.
        """

    @abstractmethod
    def generate(self, music: Music, seed: int = 0, start: Float32 | None = None) -> Dance:
        """Dance to a whole song; see `Generator.generate`."""

    @property
    def networks(self) -> "nn.Module":
        """What the file of weights holds."""
        return self.dancer

    @property
    def n_parameters(self) -> int:
        """Weights of the networks that generate."""
        return sum(parameter.numel() for parameter in self.dancer.parameters())

    @classmethod
    def train(
        cls,
        clips: Sequence[Clip],
        options: Any,
        *,
        out: Path,
        device: str = "auto",
        restart: bool = False,
        progress: Progress = silent,
    ) -> GeneratorReport:
        """Train on clips and leave the generator in `out`; see `Generator.train`."""
        from danceit.retrieval.encoder.encoders import pick_device

        material, place = material_of(clips, options.seed), pick_device(device)
        with alone_in(out):
            taught = cls.taught(material, options, Run(out, place, restart, progress))
            lessons = tuple(
                LessonReport(name, went.step, went.best_step, went.epochs, went.best, went.seconds)
                for name, went in taught.course.taken.items()
            )
            facts = {**taught.facts, "held_out_songs": list(material.held_out_songs)}
            training = {lesson.name: asdict(lesson) for lesson in lessons}
            save(out, Description(cls.name, asdict(options), facts, training), taught.networks)
            plot_losses(out / LOG, out / PLOT)
        return GeneratorReport(
            generator=cls.load(out, place),
            folder=out,
            lessons=lessons,
            training_songs=material.training_songs,
            held_out_songs=material.held_out_songs,
            resumed=taught.course.resumed,
            notes=(*material.notes, *taught.notes),
        )

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> Self:
        """Read a folder that `train` left; see `Generator.load`."""
        import torch

        from danceit.retrieval.encoder.encoders import pick_device

        told = described(folder)
        try:
            # Shapes alone: an edited size is refused before anything of that size is made.
            with torch.device("meta"):
                read = cls.untrained(cls.options_class(**told.options), told.facts)
        except (KeyError, TypeError, ValueError, RuntimeError, ArithmeticError) as exc:
            # Torch adds its own stack after the first line.
            line = str(exc).partition("\n")[0][:120]
            raise InputError(
                f"{folder} holds a '{cls.name}' of another version of danceit ({line}): train again"
            ) from exc
        except InputError as exc:
            raise InputError(f"{folder}: {exc}; was its {DESCRIPTION} edited?") from exc
        found, place = restore(folder, told, read.networks), pick_device(device)
        read.networks.to(place).eval()
        return replace(read, generator_id=found, device=place)
