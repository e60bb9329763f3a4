"""Both baselines as generators: a whole song in one go, poses read off at 24 frames a second."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from danceit.data import FPS, N_JOINTS, Dance, Float32, Music
from danceit.errors import InputError
from danceit.generate.baselines.lessons import chance
from danceit.generate.baselines.networks import AudioLstm, MotionContent
from danceit.generate.baselines.training import BaselineOptions, teach
from danceit.generate.course import Run
from danceit.generate.lee.units import UNIT_JOINTS
from danceit.generate.material import Material
from danceit.generate.protocol import Imagined, dance_of
from danceit.generate.rates import poses_at
from danceit.generate.scale import Scale
from danceit.generate.songs import features_at_15
from danceit.generate.trained import Taught, TrainedGenerator
from danceit.movement import LEE_FPS


@dataclass(frozen=True, kw_only=True)
class Baseline(TrainedGenerator):
    """What both have in common; a subclass says which network it is and asks it."""

    options_class: ClassVar[type[Any]] = BaselineOptions
    network_class: ClassVar[type[nn.Module]]

    scale: Scale
    audio_scale: Scale

    @classmethod
    def taught(cls, material: Material, options: BaselineOptions, run: Run) -> Taught:
        """Take the lesson; see `danceit.generate.baselines.training.teach`."""
        return teach(cls.name, material, options, run)

    @classmethod
    def untrained(cls, options: BaselineOptions, facts: Mapping[str, Any]) -> Self:
        """A network of this width; see `TrainedGenerator.untrained`."""
        return cls(
            dancer=cls.network_class(options.hidden),
            options=options,
            held_out_songs=tuple(facts["held_out_songs"]),
            scale=Scale.read(facts, "pose"),
            audio_scale=Scale.read(facts, "audio"),
        )

    @abstractmethod
    def asked(self, music: torch.Tensor, seed: int) -> torch.Tensor:
        """Standardised poses (1, T, 28) to standardised music (1, T, 28)."""

    @torch.no_grad()
    def generate(self, music: Music, seed: int = 0, start: Float32 | None = None) -> Dance:
        """Dance to a whole song; see `Generator.generate`."""
        if start is not None:
            raise InputError(f"{self.name} cannot begin at a given pose: it knows sound alone")
        heard = self.audio_scale.standardised(features_at_15(music.path))
        made = self.asked(torch.from_numpy(heard)[None].to(self.device), seed)[0].cpu().numpy()
        rows = self.scale.undone(made).reshape(-1, UNIT_JOINTS, 2)
        joints = np.full((music.n_frames, N_JOINTS, 2), np.nan, dtype=np.float32)
        joints[:, :UNIT_JOINTS] = poses_at(rows, LEE_FPS, FPS, music.n_frames)
        return dance_of(Imagined(joints, np.zeros(1, dtype=np.int64)), music, self, seed)


@dataclass(frozen=True, kw_only=True)
class LstmGenerator(Baseline):
    """An LSTM of audio; deterministic, whatever the seed."""

    name: ClassVar[str] = "lstm"
    network_class: ClassVar[type[nn.Module]] = AudioLstm

    def asked(self, music: torch.Tensor, seed: int) -> torch.Tensor:
        """Ask the LSTM; see `Baseline.asked`."""
        poses: torch.Tensor = self.dancer(music)
        return poses


@dataclass(frozen=True, kw_only=True)
class MocoganGenerator(Baseline):
    """MoCoGAN that hears; the seed draws its content and its noise."""

    name: ClassVar[str] = "mocogan"
    network_class: ClassVar[type[nn.Module]] = MotionContent

    def asked(self, music: torch.Tensor, seed: int) -> torch.Tensor:
        """Ask with chance drawn by the seed; see `Baseline.asked`."""
        drawn = torch.Generator().manual_seed(seed)
        poses: torch.Tensor = self.dancer(music, *chance(1, music.shape[1], self.device, drawn))
        return poses
