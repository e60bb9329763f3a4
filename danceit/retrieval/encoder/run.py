"""One training run: the loop, its checkpoints and its log.

A run can be killed at any time; continued from its last checkpoint it ends with the very
weights of a run that was not (on the CPU). Validation ranks count from 0 and are divided
by the number of held-out fragments: 0 is best, 0.5 is chance.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from danceit.data import FPS, Float32
from danceit.errors import InputError
from danceit.progress import Progress, silent
from danceit.retrieval.encoder import checkpoints
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.retrieval.encoder.dataset import Performance, Split, WindowBatch, draw, gather
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.encoder.losses import LOSSES, Loss

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LOG_FILE = "log.csv"
MOMENTS = ("exp_avg", "exp_avg_sq")
"""What AdamW remembers of each weight."""
LOG_COLUMNS = ("step", "frames", "loss", "validation_loss", "validation_rank", "geometric_rank")
"""One line a check: mean training loss per length since the last, then the validation."""
VALIDATION_FRAMES = 48
"""Length of the validation fragments (2 s, the default of a query)."""
AVERAGING = 0.98
"""Share that the average of the weights keeps of itself at each step."""
OVERLAP_S = 0.5
"""Windows of one song nearer than this are not held to be wrong for each other."""


@dataclass
class RunState:
    """Where a run stands, but for its tensors; `log` holds rows of `LOG_COLUMNS`."""

    step: int = 0
    validation_loss: float = math.nan
    validation_rank: float = math.nan
    best_step: int = 0
    best_rank: float = math.nan
    best_score: float = math.inf
    recent: list[list[float]] = field(default_factory=list)
    log: list[list[float]] = field(default_factory=list)


class Run:
    """Performances, a split and a configuration on their way to an encoder.

    Parameters
    ----------
    performances : sequence of Performance
    split : Split
        What to learn from; validation is on what it holds out.
    config : TrainingConfig
    folder : Path, optional
        For checkpoints and the log; without it the run cannot be continued.
    device : str
    """

    def __init__(
        self,
        performances: Sequence[Performance],
        split: Split,
        config: TrainingConfig,
        *,
        folder: Path | None = None,
        device: str = "cpu",
    ) -> None:
        import torch

        self.performances = performances
        self.split = split
        self.config = config
        self.folder = folder
        self.loss: Loss = LOSSES.get(config.loss)
        self.state = RunState()
        self.rng = np.random.default_rng(config.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.learning = FragmentEncoder.create(config.encoder).to(device)
            self.random_state = torch.get_rng_state()
            self.encoder = FragmentEncoder.create(config.encoder).to(device)
        self.learning.audio.scale_to(*_heard_scales(performances, split))
        self.encoder.restore(self.learning.learned())
        self.optimiser = torch.optim.AdamW(
            [tensor for _, tensor in self._parameters()],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
        )
        self.best = _copied(self.encoder)
        self._held_out = gather(performances, split.held_out, self._validation_frames())

    def start(self, *, restart: bool = False) -> bool:
        """Take up the run that stands in the folder, if one does; return whether one did.

        Raises
        ------
        InputError
            If what stands there is another run, or an encoder without its run.
        """
        if self.folder is None or restart:
            return False
        found = checkpoints.read(self.folder, self.fingerprint(), self._pieces())
        if found is None:
            return False
        self.learning.restore(found.weights)
        self.encoder.restore(found.average)
        self.best = found.best
        self.random_state = found.random_state
        self._restore_moments(found)
        self.state = RunState(**found.state)
        self.rng.bit_generator.state = found.rng
        return True

    def go_on(self, progress: Progress = silent) -> None:
        """Train to the end or until stopped early; the encoder then has its best weights."""
        import torch

        config, state = self.config, self.state
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.random_state)
            while state.step < config.steps and not self._exhausted():
                loss = self._step()
                if state.step % config.check_every == 0 or state.step == config.steps:
                    self._check()
                    self.random_state = torch.get_rng_state()
                    self._save()
                # Not checked yet: there is no rank to tell.
                known = not math.isnan(state.validation_rank)
                rank = f", validation rank {state.validation_rank:.2f}" if known else ""
                progress(state.step, config.steps, f"loss {loss:.3f}{rank}")
        self.encoder.restore(self.best)
        self.encoder.evaluating()
        self._read_counts()

    def _read_counts(self) -> None:
        """Let the encoder read counts from movement: in closed form, from all it may learn from."""
        if self.encoder.counts is not None:
            self.encoder.counts.fit(
                self.performances,
                self.split.train,
                mirror=self.config.mirror,
                rng=np.random.default_rng(self.config.seed),
            )

    def _exhausted(self) -> bool:
        waited = self.state.step - self.state.best_step
        return waited >= self.config.patience * self.config.check_every

    def _step(self) -> float:
        from torch.nn.utils import clip_grad_norm_

        config, state = self.config, self.state
        n_frames = int(self.rng.choice(self._lengths()))
        batch = draw(
            self.performances,
            self.split.train,
            n_frames,
            size=config.batch,
            per_song=config.per_song,
            mirror=config.mirror,
            balance=config.balance,
            rng=self.rng,
        )
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * one_cycle(state.step / config.steps)
        self.learning.poses.train()
        self.learning.audio.train()
        loss = self._loss(self.learning, batch, noise=config.noise)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_([tensor for _, tensor in self._parameters()], 5.0)
        self.optimiser.step()
        state.step += 1
        self._average()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise InputError(
                f"the loss became {value} at step {state.step}: lower the learning rate"
            )
        state.recent.append([n_frames, value])
        return value

    def _average(self) -> None:
        """Follow what is learned at a distance: steadier, and better on songs never heard."""
        import torch

        keep = min(AVERAGING, self.state.step / (self.state.step + 10))
        followed = self.learning.learned()
        with torch.no_grad():
            for name, tensor in self.encoder.learned().items():
                if tensor.is_floating_point():
                    tensor.lerp_(followed[name], 1 - keep)
                else:
                    tensor.copy_(followed[name])

    def _loss(
        self, encoder: FragmentEncoder, batch: WindowBatch, *, noise: float = 0.0
    ) -> "Tensor":
        import torch

        device = encoder.device
        inputs = (torch.from_numpy(a).to(device) for a in (batch.frames, batch.around))
        frames, around = encoder.audio.scaled(*inputs)
        if noise:
            frames = frames + noise * torch.randn_like(frames)
            around = around + noise * torch.randn_like(around)
        audio = encoder.placed(encoder.audio(frames, around))
        poses = encoder.placed(encoder.poses(torch.from_numpy(batch.poses).to(device)))
        relevance = torch.from_numpy(relevance_of(batch)).to(device)
        return self.loss.function(audio, poses, relevance)

    def _check(self) -> None:
        """Validate, log, and keep the weights if they are the best so far."""
        import torch

        state = self.state
        with torch.inference_mode():
            held_out = self._loss(self.encoder, _first(self._held_out, 512))
        state.validation_loss = float(held_out)
        ranks = self._ranks()
        state.validation_rank = float(np.median(ranks))
        # The geometric mean steers: the median jumps, and the mean is made by songs that the
        # encoder cannot place at all, where it stays while all others still improve.
        score = float(np.exp(np.log(ranks + 1 / len(ranks)).mean()))
        if score < state.best_score:
            state.best_score, state.best_rank = score, state.validation_rank
            state.best_step, self.best = state.step, _copied(self.encoder)
        for n_frames in self._lengths():
            losses = [loss for frames, loss in state.recent if frames == n_frames]
            loss = float(np.mean(losses)) if losses else math.nan
            state.log.append(
                [state.step, n_frames, loss, state.validation_loss, state.validation_rank, score]
            )
        state.recent.clear()

    def _ranks(self) -> Float32:
        """Rank of each held-out window's true fragment among all, as a share of them."""
        import torch

        held = self._held_out
        # What is learned, without the counts, which are read when all is learned.
        poses = self.encoder.embed_poses(held.poses)[:, : self.config.encoder.embedding]
        with torch.inference_mode():
            inputs = (
                torch.from_numpy(a).to(self.encoder.device) for a in (held.frames, held.around)
            )
            audio = self.encoder.audio(*self.encoder.audio.scaled(*inputs))
            vectors = self.encoder.placed(audio).cpu().numpy()
        squared = (vectors**2).sum(1)[:, None] - 2 * vectors @ poses.T + (poses**2).sum(1)
        match = np.diagonal(squared)[:, None]
        # Ties count half, so that a collapsed encoder is at chance.
        below = (squared < match).sum(1) + 0.5 * ((squared == match).sum(1) - 1)
        ranks: Float32 = (below / max(1, len(below) - 1)).astype(np.float32)
        return ranks

    def _lengths(self) -> list[int]:
        """Fragment lengths that some training dance has."""
        longest = max(part.end - part.start for part in self.split.train)
        fitting = [length for length in self.config.lengths if length <= longest]
        if not fitting:
            raise InputError(
                f"the longest dance to train on has {longest} frames, "
                f"less than the shortest fragment ({min(self.config.lengths)})"
            )
        return fitting

    def _validation_frames(self) -> int:
        longest = max(part.end - part.start for part in self.split.held_out)
        return min(VALIDATION_FRAMES, longest)

    def _parameters(self) -> "list[tuple[str, torch.nn.Parameter]]":
        towers = {"poses": self.learning.poses, "audio": self.learning.audio}
        return [
            (f"{tower}.{name}", parameter)
            for tower, module in towers.items()
            for name, parameter in module.named_parameters()
        ]

    def _pieces(self) -> checkpoints.Pieces:
        moments = {}
        for name, parameter in self._parameters():
            stored = self.optimiser.state.get(parameter, {})
            for moment in MOMENTS:
                moments[f"{moment}.{name}"] = stored.get(moment, parameter.detach() * 0)
        return checkpoints.Pieces(
            weights=self.learning.learned(),
            average=self.encoder.learned(),
            best=self.best,
            moments=moments,
            random_state=self.random_state,
            state=asdict(self.state),
            rng=dict(self.rng.bit_generator.state),
        )

    def _restore_moments(self, found: checkpoints.Pieces) -> None:
        import torch

        for name, parameter in self._parameters():
            moments = {m: found.moments[f"{m}.{name}"].to(parameter.device) for m in MOMENTS}
            step = torch.tensor(float(found.state["step"]))
            self.optimiser.state[parameter] = {"step": step, **moments}

    def _save(self) -> None:
        if self.folder is None:
            return
        checkpoints.write(self.folder, self.fingerprint(), self._pieces())
        checkpoints.write_log(self.folder / LOG_FILE, LOG_COLUMNS, self.state.log)

    def fingerprint(self) -> str:
        """Hash of the configuration and of everything that is learned from."""
        digest = hashlib.sha256(json.dumps(asdict(self.config), sort_keys=True).encode())
        for item in self.performances:
            take = item.takes[0]
            digest.update(f"{item.clip_id} {item.recording_id} {take.first}".encode())
            digest.update(take.poses.tobytes())
            digest.update(take.heard.frames.tobytes())
            digest.update(take.heard.codes.tobytes())
        return digest.hexdigest()


def one_cycle(done: float) -> float:
    """Share of the learning rate after a share of the steps: up over 30 %, then down to 0."""
    if done < 0.3:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * done / 0.3)) / 2
    return (1 + math.cos(math.pi * (done - 0.3) / 0.7)) / 2


def relevance_of(batch: WindowBatch) -> Float32:
    """How well each window's fragment would do for each other window, (B, B).

    1 for its own; windows of one song less than `OVERLAP_S` apart fall off linearly; 0 else.
    """
    same = batch.performance[:, None] == batch.performance[None]
    delay_s = np.abs(batch.start[:, None] - batch.start[None]) / FPS
    relevance: Float32 = (same * np.clip(1 - delay_s / OVERLAP_S, 0, 1)).astype(np.float32)
    return relevance


def _heard_scales(performances: Sequence[Performance], split: Split) -> tuple[Float32, Float32]:
    """Mean and standard deviation of what is heard while training dances are danced."""
    frames, around = [], []
    for part in split.train:
        take = performances[part.performance].takes[0]
        places = np.arange(part.start, part.end, dtype=np.int64) + take.first
        heard = take.heard.windows(np.minimum(places, len(take.heard.frames) - 1), 1)
        frames.append(heard[0][:, 0])
        around.append(heard[1])
    scales = []
    for rows in (np.concatenate(frames), np.concatenate(around)):
        scales.append(np.stack([rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-3)]))
    return scales[0].astype(np.float32), scales[1].astype(np.float32)


def _copied(encoder: FragmentEncoder) -> "dict[str, Tensor]":
    return {name: tensor.clone() for name, tensor in encoder.learned().items()}


def _first(batch: WindowBatch, size: int) -> WindowBatch:
    return WindowBatch(
        batch.poses[:size],
        batch.frames[:size],
        batch.around[:size],
        batch.performance[:size],
        batch.start[:size],
    )
