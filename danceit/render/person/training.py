"""Training a person: poseGAN first, then FaceGAN over its frozen pictures.

A run lies in ``PERSON/run``: ``state.safetensors`` (weights, averages and Adam's moments,
with the step in its header), ``log.csv`` with the losses of every step, ``validation.csv``,
sample sheets and, where TensorBoard is installed, its log. A run that was killed goes on
from its last checkpoint and takes the same steps it would have taken. Under ``torchrun``
each worker takes its own frames and gradients are averaged; the first alone writes.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from danceit.checkpoints import (
    append_log,
    cut_log,
    read_note,
    read_tensors,
    write_tensors,
)
from danceit.errors import InputError
from danceit.progress import Progress, silent
from danceit.render.person.batches import PairBatch, PairBatches, as_pictures
from danceit.render.person.building import (
    load_trained,
    make_face,
    make_face_judge,
    make_judge,
    make_painter,
    save_trained,
)
from danceit.render.person.configuration import PersonConfig
from danceit.render.person.losses import Perceptual
from danceit.render.person.metrics import cut_squares, psnr
from danceit.render.person.painting import lowered, paint_plain, with_face
from danceit.render.person.steps import PARTS, Losses, face_losses, patches, pose_losses
from danceit.render.person.target import Target
from danceit.render.person.trained_pair import TrainedPair
from danceit.render.person.workers import Workers

RUN, STATE, LOG, VALIDATION = "run", "state.safetensors", "log.csv", "validation.csv"
POSE, FACE = "pose", "face"
Pictures = npt.NDArray[np.uint8]
_LOOKED_AT = 24
"""Validation frames painted at each checkpoint."""


@dataclass(frozen=True)
class TrainReport:
    """How a run went.

    Attributes
    ----------
    first_step : int
        Step of poseGAN at which this run began; above 0 it went on from a checkpoint.
    psnr_db, background_db : float
        Mean over unseen frames of what was painted, and of the background alone.
    notes : tuple of str
        What was off or had to be changed.
    first_worker : bool
        Whether this process is the one that writes.
    """

    folder: Path
    config: PersonConfig
    first_step: int
    seconds: float
    psnr_db: float
    background_db: float
    notes: tuple[str, ...]
    first_worker: bool = True


def train(
    folder: Path,
    config: PersonConfig,
    *,
    device: str = "cpu",
    vgg: str = "",
    compiled: bool = False,
    restart: bool = False,
    progress: Progress = silent,
) -> TrainReport:
    """Train the networks of a prepared person, or go on where its run was stopped.

    Parameters
    ----------
    vgg : str
        VGG-19's weights for the perceptual loss, as `Perceptual.load` takes them; empty
        leaves the loss out.
    compiled : bool
        Whether networks are compiled, which pays on a card.

    Raises
    ------
    InputError
        If the person does not fit the configuration, a run with another one is there, or
        the card's memory does not hold a batch of one.
    """
    target = Target.load(folder)
    notes = [] if vgg else ["perceptual loss: off, no VGG-19 weights were given (`vgg`)"]
    if config.matte and not target.about.static_camera:
        config = replace(config, matte=False)
        notes.append("the camera moves: the background is painted, not taken from the footage")
    workers = Workers.joined(device)
    run = folder / RUN
    if restart and workers.first and run.exists():
        shutil.rmtree(run)
    workers.wait()
    began = time.perf_counter()
    perceptual = Perceptual.load(vgg).to(device) if vgg else None
    session = _Session(target, config, device, workers, perceptual, compiled, progress, notes)
    first = session.run()
    return TrainReport(
        folder=folder,
        config=config,
        first_step=first,
        seconds=time.perf_counter() - began,
        psnr_db=session.validated,
        background_db=session.background_db(),
        notes=tuple(notes),
        first_worker=workers.first,
    )


class _Session:
    """One call of `train`."""

    def __init__(
        self,
        target: Target,
        config: PersonConfig,
        device: str,
        workers: Workers,
        perceptual: Perceptual | None,
        compiled: bool,
        progress: Progress,
        notes: list[str],
    ) -> None:
        self.target, self.config, self.device = target, config, device
        self.workers, self.perceptual, self.notes = workers, perceptual, notes
        self.progress = progress
        self.batches = PairBatches(target, config, device)
        self.folder = target.folder / RUN
        self.folder.mkdir(exist_ok=True)
        self.batch = config.batch
        self.validated = float("nan")
        self.kept = 0
        self._best = {POSE: -np.inf, FACE: -np.inf}
        self.board = _board(self.folder) if workers.first else None
        self._unseen = self._some_of(target.validation)
        held = target.held(config.held_share)
        self._held = self._some_of(held) if len(held) else None
        made: Any = dict(config=config, device=device, workers=workers, compiled=compiled)
        self.pose = TrainedPair(POSE, make_painter, make_judge, 1, **made)
        self.face = TrainedPair(FACE, make_face, make_face_judge, 3, **made)

    def run(self) -> int:
        lesson, step = self._restore()
        first = step if lesson == POSE else self.config.steps
        if lesson == POSE:
            self._train(self.pose, step, self.config.steps, self._pose_losses)
            step = 0
        if self.config.face_steps:
            self._begin_faces(step)
            self._train(self.face, step, self.config.face_steps, self._face_losses)
        with_faces = self._take_kept() if self._held else self.config.face_steps > 0
        self.validated = self._validate(with_faces)
        return first

    def _some_of(self, chosen: npt.NDArray[np.int64]) -> PairBatch:
        picked = np.linspace(0, len(chosen) - 1, min(_LOOKED_AT, len(chosen))).astype(int)
        return self.batches.of(chosen[picked], np.zeros(len(picked), dtype=bool))

    def _begin_faces(self, step: int) -> None:
        """Go on from the painter that was kept; a FaceGAN must better its faces to be kept."""
        self.batch = self.config.face_batch
        if self._held is None or step:
            return
        self.workers.wait()
        self._take_kept()
        self._best[FACE] = self._score(self.face, with_faces=False)

    def _take_kept(self) -> bool:
        """Put the kept weights into the averages; whether there is a FaceGAN among them."""
        kept = load_trained(self.target.folder, self.device)
        self.pose.average.load_state_dict(kept.painter.state_dict())
        if kept.face is None:
            if self._best[FACE] > -np.inf:
                self.notes.append("FaceGAN: left out, it bettered no face that was held back")
            return False
        self.face.average.load_state_dict(kept.face.state_dict())
        return True

    def background_db(self) -> float:
        real = as_pictures(self._unseen.real)
        behind = np.repeat(self.target.background[None], len(real), axis=0)
        return float(psnr(behind, real).mean())

    def _train(
        self, pair: TrainedPair[Any], first: int, steps: int, losses: Callable[[PairBatch], Losses]
    ) -> None:
        began = time.perf_counter()
        for step in range(first, steps):
            parts = self._step(pair, step, steps, losses)
            if self.workers.first:
                row = [parts.get(name, 0.0) for name in PARTS]
                append_log(self.folder / LOG, ("lesson", "step", *PARTS), [pair.name, step, *row])
                if self.board is not None:
                    for name, value in parts.items():
                        self.board.add_scalar(f"{pair.name}/{name}", value, step)
            spent = (time.perf_counter() - began) / (step + 1 - first)
            losses_now = " ".join(f"{name[:4]} {value:.2f}" for name, value in parts.items())
            hours = spent * (steps - step - 1) / 3600
            self.progress(step + 1, steps, f"{pair.name}GAN, {hours:.2f} h left, {losses_now}")
            if (step + 1) % self.config.checkpoint_every == 0 or step + 1 == steps:
                self._checkpoint(pair, step + 1)

    def _step(
        self, pair: TrainedPair[Any], step: int, steps: int, losses: Callable[[PairBatch], Losses]
    ) -> dict[str, float]:
        while True:
            try:
                batch = self.batches.at(step, self.batch, self.workers.rank)
                return pair.step(losses(batch), step, steps)
            except torch.cuda.OutOfMemoryError as exc:
                if self.batch == 1 or self.workers.count > 1:
                    # Workers with other batches than their like would wait for them for ever.
                    what = "one pair" if self.batch == 1 else f"{self.batch} pairs"
                    cure = "train a smaller size" if self.batch == 1 else "give a smaller `batch`"
                    raise InputError(
                        f"the card's memory does not hold {what} of {self.config.size} px: {cure}"
                    ) from exc
                self.batch //= 2
                torch.cuda.empty_cache()
                self.notes.append(f"the card's memory is short: batches of {self.batch}")

    def _pose_losses(self, batch: PairBatch) -> Losses:
        with lowered(self.config, self.device):
            painter, judge = self.pose.running
            return pose_losses(batch, painter, judge, self.config, self.perceptual)

    def _face_losses(self, batch: PairBatch) -> Losses:
        config = self.config
        with lowered(config, self.device):
            with torch.no_grad():
                painted = paint_plain(self.pose.average, config, batch.label, batch.behind)
            side, large = config.face_patch, config.face_px
            label, ours, real = (
                patches(pictures.float(), batch.corners, side, large)
                for pictures in (batch.label, painted, batch.real)
            )
            face, judge = self.face.running
            return face_losses(label, ours, real, face, judge, config, self.perceptual)

    def _checkpoint(self, pair: TrainedPair[Any], step: int) -> None:
        if not self.workers.first:
            return
        score = self._score(pair, with_faces=pair is self.face) if self._held else np.inf
        if score > self._best[pair.name] or self._held is None:
            self._best[pair.name] = score
            self.kept = step if pair is self.pose else self.kept or self.config.steps
            face = self.face.average.state_dict() if pair is self.face else None
            painter = self.pose.average.state_dict()
            save_trained(self.target.folder, self.config, painter, face, self.kept)
        flat = self.pose.flat() | (self.face.flat() if pair is self.face else {})
        note = {"config": self.config.as_dict(), "lesson": pair.name, "step": step}
        note |= {"best": self._best, "kept": self.kept}
        write_tensors(self.folder / STATE, flat, note)
        self.validated = self._validate(pair is self.face, sheet=f"{pair.name}-{step:06d}.png")
        row: list[str | float] = [pair.name, step, self.validated, self.background_db()]
        columns = ("lesson", "step", "psnr_db", "background_db")
        append_log(self.folder / VALIDATION, columns, row)
        if self.board is not None:
            self.board.add_scalar(f"{pair.name}/psnr_db", self.validated, step)
            self.board.flush()

    def _restore(self) -> tuple[str, int]:
        path = self.folder / STATE
        if not path.is_file():
            for name in (LOG, VALIDATION) if self.workers.first else ():
                (self.folder / name).unlink(missing_ok=True)
            return POSE, 0
        flat, note = read_tensors(path)
        try:
            stored = PersonConfig.stored(dict(note["config"]))
            lesson, step = _lesson_of(note), int(note["step"])
            best, kept = dict(note.get("best", {})), int(note.get("kept", 0))
        except (KeyError, TypeError, ValueError) as exc:
            raise InputError(f"{path} is damaged: {exc!r}; train again with `restart`") from exc
        longer = stored.steps < self.config.steps
        if longer and lesson == FACE:
            # FaceGAN has learnt to mend pictures that are about to change: it begins anew.
            lesson, step = POSE, stored.steps
        if replace(stored, steps=self.config.steps) != self.config or (
            stored.steps > self.config.steps
        ):
            differ = [
                name
                for name, value in stored.as_dict().items()
                if value != self.config.as_dict()[name]
            ]
            raise InputError(
                f"{self.folder} holds a run with another {', '.join(differ)}; give `restart` to "
                "begin anew"
            )
        if not longer:
            self._best |= best
        self.kept = kept
        self.pose.restore(flat)
        if lesson == FACE:
            self.face.restore(flat)
        for name in (LOG, VALIDATION) if self.workers.first else ():
            cut_log(self.folder / name, lesson, step - 1 if name == LOG else step)
        return lesson, step

    def _score(self, pair: TrainedPair[Any], *, with_faces: bool) -> float:
        """PSNR of the frames held back: of the whole for poseGAN, of the face for FaceGAN."""
        assert self._held is not None
        ours, real = self._painted(self._held, with_faces), as_pictures(self._held.real)
        if pair is self.face:
            ours, real = (
                cut_squares(pictures, self._held.corners, self.config.face_patch)
                for pictures in (ours, real)
            )
        return float(psnr(ours, real).mean())

    def _validate(self, with_faces: bool, sheet: str = "") -> float:
        batch = self._unseen
        ours, real = self._painted(batch, with_faces), as_pictures(batch.real)
        if sheet and self.workers.first:
            _save_sheet(
                self.folder / "samples" / sheet, as_pictures(batch.label[:, :3]), ours, real
            )
        return float(psnr(ours, real).mean())

    @torch.no_grad()
    def _painted(self, batch: PairBatch, with_faces: bool) -> Pictures:
        painted = []
        for place in range(len(batch.real)):
            label = batch.label[place : place + 1]
            with lowered(self.config, self.device):
                behind = batch.behind[place : place + 1]
                one = paint_plain(self.pose.average, self.config, label, behind).float()
                if with_faces:
                    corners = [batch.corners[place]]
                    one = with_face(self.face.average, label, one, corners, self.config)
            painted.append(as_pictures(one))
        return np.concatenate(painted)


def _board(folder: Path) -> Any:
    """TensorBoard's writer, or None where it is not installed whole: the CSV holds the same."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"))


def _save_sheet(path: Path, labels: Pictures, ours: Pictures, real: Pictures) -> None:
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    chosen = np.linspace(0, len(real) - 1, min(8, len(real))).astype(int)
    rows = [np.concatenate(list(row[chosen]), axis=1) for row in (labels, ours, real)]
    Image.fromarray(np.concatenate(rows)).save(path)


def state_of(folder: Path) -> tuple[str, int]:
    """Lesson and step of the last checkpoint of a person's run; ``("", 0)`` where there is none."""
    path = folder / RUN / STATE
    if not path.is_file():
        return "", 0
    note = read_note(path)
    try:
        return _lesson_of(note), int(note["step"])
    except (KeyError, TypeError, ValueError) as exc:
        raise InputError(f"{path} is damaged: {exc!r}; train again with `restart`") from exc


def _lesson_of(note: Mapping[str, Any]) -> str:
    """What was being learned; runs of before called it a stage."""
    return str(note["lesson"] if "lesson" in note else note["stage"])
