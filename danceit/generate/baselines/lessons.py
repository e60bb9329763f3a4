"""One lesson for each baseline; see `danceit.generate.course.Lesson`."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam

from danceit.data import Float32
from danceit.generate.baselines.material import STRETCH, Side
from danceit.generate.baselines.networks import (
    CONTENT,
    MOTION_NOISE,
    AudioLstm,
    MotionContent,
    MotionJudge,
    PoseJudge,
)
from danceit.generate.descent import descend
from danceit.generate.scale import Scale
from danceit.generate.sets import set_distance, standing_and_moving
from danceit.generate.setting import Setting

BETAS = (0.5, 0.999)
_JUDGED = 64
"""Stretches held out that a check looks at."""


@dataclass(frozen=True)
class Lessons:
    """What both lessons are given.

    Attributes
    ----------
    train, held_out : Side
        Their music is standardised.
    scale : Scale
        Of poses.
    """

    train: Side
    held_out: Side
    scale: Scale
    setting: Setting

    @property
    def steps_an_epoch(self) -> float:
        """Steps in which the dances are gone through once."""
        return max(len(self.train.apart) / self.setting.batch, 1e-9)

    def drawn(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Standardised poses and music of a batch of stretches from anywhere."""
        return self._tensors(
            *self.train.stretches(rng.choice(self.train.starts, self.setting.batch))
        )

    def judged(self) -> tuple[Tensor, Tensor]:
        """The same of stretches held out, always the same ones."""
        apart = self.held_out.apart
        chosen = np.linspace(0, len(apart) - 1, min(_JUDGED, len(apart))).astype(np.int64)
        return self._tensors(*self.held_out.stretches(apart[chosen]))

    def _tensors(self, poses: Float32, music: Float32) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(self.scale.standardised(poses)).to(self.setting.device)
        return rows, torch.from_numpy(music).to(self.setting.device)


class LstmLesson:
    """Poses nearest to those danced, moment by moment."""

    name = "poses"

    def __init__(self, network: AudioLstm, lessons: Lessons) -> None:
        self.network, self.lessons, self.pace = network, lessons, lessons.setting.pace
        self.modules = {"network": network}
        self.optimisers = {"adam": Adam(network.parameters(), lessons.setting.learning_rate)}
        self.steps_an_epoch = lessons.steps_an_epoch
        self._judged = lessons.judged()

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """One batch of stretches."""
        poses, music = self.lessons.drawn(rng)
        self.network.train()
        with self.lessons.setting.lowered():
            made = self.network(music).float()
        loss = (made - poses).abs().mean()
        descend(self.optimisers["adam"], loss)
        return {"L1": float(loss.detach())}

    @torch.no_grad()
    def check(self) -> float:
        """L1 on songs held out: what this baseline wants, though no dance comes of it."""
        poses, music = self._judged
        if not len(poses):
            return float("nan")
        self.network.eval()
        return float((self.network(music) - poses).abs().mean())


class MocoganLesson:
    """Two judges, of poses and of movement, and the generator that they judge."""

    name = "motion and content"

    def __init__(
        self, network: MotionContent, poses: PoseJudge, motion: MotionJudge, lessons: Lessons
    ) -> None:
        self.network, self.lessons, self.pace = network, lessons, lessons.setting.pace
        self.judges = nn.ModuleDict({"poses": poses, "motion": motion})
        self.modules = {"network": network, "judges": self.judges}
        self.optimisers = {
            "adam": Adam(network.parameters(), lessons.setting.learning_rate, BETAS),
            "judges_adam": Adam(self.judges.parameters(), lessons.setting.learning_rate, BETAS),
        }
        self.steps_an_epoch = lessons.steps_an_epoch
        self._judged = lessons.judged()

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Judges first, then the generator."""
        real, music = self.lessons.drawn(rng)
        self.network.train()
        self.judges.train()
        made = self._made(music, None)
        # One frame of each stretch is judged by itself, as in MoCoGAN.
        frame = int(rng.integers(STRETCH))
        judged = {
            name: _is(self._told(name, real, music, frame), 1)
            + _is(self._told(name, made.detach(), music, frame), 0)
            for name in self.judges
        }
        descend(self.optimisers["judges_adam"], torch.stack(list(judged.values())).sum())
        fooled = {name: _is(self._told(name, made, music, frame), 1) for name in self.judges}
        descend(self.optimisers["adam"], torch.stack(list(fooled.values())).sum())
        each = {**fooled, **{f"judge of {name}": loss for name, loss in judged.items()}}
        return {name: float(loss.detach()) for name, loss in each.items()}

    @torch.no_grad()
    def check(self) -> float:
        """How far dances to songs held out are from those danced to them, as sets."""
        real, music = self._judged
        if len(real) < 2:
            return float("nan")
        self.network.eval()
        made = self._made(music, torch.Generator().manual_seed(0))
        return float(set_distance(standing_and_moving(made), standing_and_moving(real)))

    def _made(self, music: Tensor, drawn: torch.Generator | None) -> Tensor:
        content, noise = chance(len(music), music.shape[1], self.lessons.setting.device, drawn)
        with self.lessons.setting.lowered():
            made: Tensor = self.network(music, content, noise)
        return made.float()

    def _told(self, name: str, poses: Tensor, music: Tensor, frame: int) -> Tensor:
        seen = (poses[:, frame],) if name == "poses" else (poses, music)
        with self.lessons.setting.lowered():
            verdict: Tensor = self.judges[name](*seen)
        return verdict.float()


def chance(
    n: int, n_frames: int, device: str, drawn: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """Content (n, 50) and noise of each frame (n, T, 10)."""
    content = torch.randn(n, CONTENT, generator=drawn)
    noise = torch.randn(n, n_frames, MOTION_NOISE, generator=drawn)
    return content.to(device), noise.to(device)


def _is(verdict: Tensor, real: int) -> Tensor:
    return binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, float(real)))
