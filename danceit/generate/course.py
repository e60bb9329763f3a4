"""Training, phase by phase: seeded, resumable, stopped early, logged.

A *lesson* is one phase: networks, their optimisers, a step and a loss on songs held out. A
*course* takes lessons in order. Its folder holds ``training.safetensors`` (weights, best
weights and Adam's moments, with the counters and random states in its header) and
``log.csv``, one line a figure. A run that was killed goes on from its last checkpoint and
takes the very steps it would have taken.

A loss that is no number any more ends its lesson at the last good weights, with a note.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from danceit.errors import InputError
from danceit.generate.options import TrainingOptions
from danceit.generate.setting import Pace
from danceit.progress import Progress, silent

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Adam

STATE, LOG = "training.safetensors", "log.csv"
COLUMNS = ("lesson", "step", "figure", "value")
"""Of the log: mean of each part of the loss since the last line, and ``held out``."""
HELD_OUT = "held out"


class Lesson(Protocol):
    """One phase of training.

    `name` stands in the log and in reports.
    """

    name: str

    @property
    def pace(self) -> Pace:
        """How long it may take."""

    @property
    def modules(self) -> "Mapping[str, nn.Module]":
        """What it changes, by name."""

    @property
    def optimisers(self) -> "Mapping[str, Adam]":
        """Their optimisers, by name."""

    @property
    def steps_an_epoch(self) -> float:
        """Steps in which its material is gone through once."""

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Take one step; parts of the loss by name, the one to watch first."""

    def check(self) -> float:
        """Loss on songs held out, smaller is better; NaN where there are none."""


@dataclass
class Standing:
    """Where a lesson stands, but for its tensors."""

    step: int = 0
    best_step: int = 0
    best: float = math.inf
    held_out: float = math.nan
    seconds: float = 0.0
    over: bool = False
    note: str = ""
    epochs: float = 0.0


@dataclass
class Course:
    """Lessons on their way, in a folder.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    fingerprint : str
        Hash of what is learnt from and how; a run with another one is not continued.
    device : str
    seed : int
    progress : callable, optional
        Told every step, with the lesson, its losses and the time left.

    Attributes
    ----------
    taken : dict of str to Standing
        Lessons by name, in order.
    resumed : bool
    """

    folder: Path
    fingerprint: str
    device: str = "cpu"
    seed: int = 0
    progress: Progress = silent
    taken: dict[str, Standing] = field(default_factory=dict)
    resumed: bool = False

    def begin(self, network: "nn.Module", *, restart: bool) -> None:
        """Take up the run that stands in the folder, if one does, into `network`.

        Raises
        ------
        InputError
            If what stands there is another run, or the folder cannot be written.
        """
        import torch

        from danceit.checkpoints import read_tensors

        self._network = network
        self._rng = np.random.default_rng(self.seed)
        torch.manual_seed(self.seed)
        self._random_state = torch.get_rng_state()
        self._waiting: dict[str, Tensor] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise InputError(f"cannot write {self.folder}: {exc.strerror or exc}") from exc
        path = self.folder / STATE
        if restart or not path.is_file():
            path.unlink(missing_ok=True)
            (self.folder / LOG).unlink(missing_ok=True)
            return
        flat, note = read_tensors(path)
        if note.get("fingerprint") != self.fingerprint:
            raise InputError(
                f"{self.folder} holds a run with other dances or options; choose another folder, "
                "or `restart`"
            )
        self.taken = {name: Standing(**stored) for name, stored in note["taken"].items()}
        self._rng.bit_generator.state = note["rng"]
        self._random_state = flat.pop("random")
        network.load_state_dict({name: flat[f"network/{name}"] for name in network.state_dict()})
        self._waiting = {name: t for name, t in flat.items() if not name.startswith("network/")}
        self.resumed = True

    def take(self, name: str, make: Callable[[], Lesson]) -> Standing:
        """Take a lesson to its end, or go on where it was stopped; it is made only if need be.

        Its modules then have the weights that did best on the songs held out.
        """
        import torch

        if name in self.taken and self.taken[name].over:
            return self.taken[name]
        torch.set_rng_state(self._random_state)
        lesson = make()
        standing = self.taken.get(name)
        best = _weights(lesson)
        if standing is None:
            standing = self.taken[name] = Standing()
        else:
            best = self._restore(lesson, best)
            torch.set_rng_state(self._random_state)
        self._run(lesson, standing, best)
        self._load(lesson, best)
        standing.over, standing.epochs = True, standing.step / max(lesson.steps_an_epoch, 1e-9)
        self._random_state = torch.get_rng_state()
        self._save(None, {})
        return standing

    def _run(self, lesson: Lesson, standing: Standing, best: "dict[str, Tensor]") -> None:
        import torch

        pace, began = lesson.pace, time.monotonic() - standing.seconds
        parts: list[dict[str, float]] = []
        while standing.step < pace.steps and not self._enough(standing, pace):
            taken = lesson.step(self._rng)
            parts.append(taken)
            standing.step += 1
            standing.seconds = time.monotonic() - began
            if not np.isfinite(list(taken.values())).all():
                standing.note = _broken(lesson, standing)
                return
            # Where the time is up is looked once more: the first steps of a slow machine may never
            # have been, and the weights that a lesson begins with would be kept.
            last = standing.step == pace.steps or _late(standing, pace)
            if last or standing.step % pace.check_every == 0:
                weights = _weights(lesson)
                if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
                    standing.note = _broken(lesson, standing)
                    return
                standing.held_out = lesson.check()
                # Where no song is held out none is better: the last weights are kept.
                unjudged = math.isnan(standing.held_out) and not math.isfinite(standing.best)
                if unjudged or standing.held_out < standing.best:
                    standing.best, standing.best_step = standing.held_out, standing.step
                    best.update(weights)
                self._log(lesson.name, standing, parts)
                self._random_state = torch.get_rng_state()
                self._save(lesson, best)
                parts = []
            self._tell(lesson, standing, next(iter(taken.values())))

    def _enough(self, standing: Standing, pace: Pace) -> bool:
        waited = standing.step - standing.best_step
        tired = standing.best_step > 0 and waited >= pace.patience * pace.check_every
        return tired or _late(standing, pace)

    def _tell(self, lesson: Lesson, standing: Standing, loss: float) -> None:
        pace = lesson.pace
        each_s = standing.seconds / max(standing.step, 1)
        left_s = each_s * (pace.steps - standing.step)
        if pace.minutes:
            left_s = min(left_s, 60 * pace.minutes - standing.seconds)
        judged = standing.held_out
        held_out = "not judged" if math.isnan(judged) else f"{HELD_OUT} {judged:.3f}"
        self.progress(
            standing.step,
            pace.steps,
            f"{lesson.name}: loss {loss:.3f}, {held_out}, {left_in_words(left_s)}",
        )

    def _log(self, name: str, standing: Standing, parts: list[dict[str, float]]) -> None:
        from danceit.checkpoints import append_log

        figures = {figure: float(np.mean([row[figure] for row in parts])) for figure in parts[0]}
        for figure, value in {**figures, HELD_OUT: standing.held_out}.items():
            append_log(self.folder / LOG, COLUMNS, [name, standing.step, figure, value])

    def _save(self, lesson: Lesson | None, best: "Mapping[str, Tensor]") -> None:
        from danceit.checkpoints import flat_state, write_tensors

        flat = {f"network/{name}": t for name, t in self._network.state_dict().items()}
        if lesson is not None:
            flat |= flat_state({}, lesson.optimisers)
            flat |= {f"best/{name}": tensor for name, tensor in best.items()}
        note = {
            "fingerprint": self.fingerprint,
            "taken": {name: asdict(standing) for name, standing in self.taken.items()},
            "rng": self._rng.bit_generator.state,
        }
        write_tensors(self.folder / STATE, {**flat, "random": self._random_state}, note)

    def _restore(self, lesson: Lesson, like: "dict[str, Tensor]") -> "dict[str, Tensor]":
        from danceit.checkpoints import cut_log, restore_state

        restore_state(self._waiting, {}, lesson.optimisers)
        cut_log(self.folder / LOG, lesson.name, self.taken[lesson.name].step)
        return {name: self._waiting[f"best/{name}"].to(like[name].device) for name in like}

    @staticmethod
    def _load(lesson: Lesson, best: "Mapping[str, Tensor]") -> None:
        for part, module in lesson.modules.items():
            module.load_state_dict({name: best[f"{part}/{name}"] for name in module.state_dict()})


def left_in_words(seconds: float) -> str:
    """How long a lesson may still take, for people."""
    if seconds < 60:
        return "under a minute left"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min left at most"
    return f"{seconds / 3600:.1f} h left at most"


def _late(standing: Standing, pace: Pace) -> bool:
    return pace.minutes > 0 and standing.seconds > 60 * pace.minutes


@dataclass(frozen=True)
class Run:
    """Where a training runs.

    Attributes
    ----------
    out : Path
        Folder of its course.
    device : str
    restart : bool
        Begin anew, whatever stands in the folder.
    progress : callable
    """

    out: Path
    device: str = "cpu"
    restart: bool = False
    progress: Progress = silent

    def course(
        self, who: str, options: TrainingOptions, learnt: Sequence[Any], network: "nn.Module"
    ) -> Course:
        """Begin a course, or take up the one with the same options and material.

        Parameters
        ----------
        learnt : sequence of arrays
            What is learnt from, and what judges.

        Raises
        ------
        InputError
            As `Course.begin`.
        """
        same = fingerprint_of({"name": who, **asdict(options)}, learnt)
        course = Course(self.out, same, self.device, options.seed, self.progress)
        course.begin(network, restart=self.restart)
        return course


def _weights(lesson: Lesson) -> "dict[str, Tensor]":
    return {
        f"{part}/{name}": tensor.detach().clone()
        for part, module in lesson.modules.items()
        for name, tensor in module.state_dict().items()
    }


def _broken(lesson: Lesson, standing: Standing) -> str:
    if not standing.best_step:
        raise InputError(
            f"{lesson.name}: the loss was no number any more at step {standing.step}, before the "
            "first check: lower the learning rate"
        )
    return (
        f"{lesson.name}: the loss was no number any more at step {standing.step}; the weights of "
        f"step {standing.best_step} are kept (a lower learning rate may go on)"
    )


def fingerprint_of(config: Mapping[str, Any], arrays: Sequence[Any]) -> str:
    """Hash of a configuration (plain values) and of the arrays that are learnt from."""
    import hashlib
    import json

    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
