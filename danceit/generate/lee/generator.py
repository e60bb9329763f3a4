"""What dances: music to movements, chained by their last poses, warped onto beats (3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from danceit.data import Dance, Float32, Float64, Music, check_poses
from danceit.errors import InputError
from danceit.generate.course import Run
from danceit.generate.lee.ensemble import Dancer
from danceit.generate.lee.music_style import styles_at
from danceit.generate.lee.networks import NOISE, Z_INITIAL
from danceit.generate.lee.options import LeeOptions
from danceit.generate.lee.training import teach
from danceit.generate.lee.units import (
    POSE,
    SEQUENCE_UNITS,
    UNIT_BEATS,
    UNIT_FRAMES,
    UNIT_JOINTS,
    anchored,
    beat_targets,
    hips_x,
    onto_beats,
    shifted,
    units_needed,
)
from danceit.generate.material import Material
from danceit.generate.protocol import Imagined, dance_of
from danceit.generate.scale import Scale
from danceit.generate.songs import features_at_15
from danceit.generate.trained import Taught, TrainedGenerator

COMPOSED_UNITS = max(SEQUENCE_UNITS)
"""Units that one dance code is decoded to at most: as many as it was trained on."""


@dataclass(frozen=True, kw_only=True)
class LeeGenerator(TrainedGenerator):
    """Dancing to Music, trained.

    Attributes
    ----------
    gap_s : float
        Usual time between the kinematic beats of the dances learnt from.
    """

    name: ClassVar[str] = "lee"
    options_class: ClassVar[type[Any]] = LeeOptions

    dancer: Dancer
    scale: Scale
    audio_scale: Scale
    gap_s: float

    @classmethod
    def taught(cls, material: Material, options: LeeOptions, run: Run) -> Taught:
        """Take all lessons; see `danceit.generate.lee.training.teach`."""
        return teach(material, options, run)

    @classmethod
    def untrained(cls, options: LeeOptions, facts: Mapping[str, Any]) -> Self:
        """Networks of these sizes; see `TrainedGenerator.untrained`."""
        return cls(
            dancer=Dancer(options.hidden, len(facts["classes"]), composition=options.composition),
            options=options,
            held_out_songs=tuple(facts["held_out_songs"]),
            scale=Scale.read(facts, "pose"),
            audio_scale=Scale.read(facts, "audio"),
            gap_s=float(facts["gap_s"]),
        )

    @torch.no_grad()
    def generate(self, music: Music, seed: int = 0, start: Float32 | None = None) -> Dance:
        """Dance to a whole song; see `Generator.generate`."""
        targets = beat_targets(music.counts, music.duration_s, self.gap_s)
        n_units = units_needed(targets)
        random = torch.Generator().manual_seed(seed)
        movements = self._movements(music, targets, n_units, random)
        if start is None:
            initial = torch.randn(1, Z_INITIAL, generator=random).to(self.device)
        else:
            initial = self.dancer.initial(self._begun(start)).mean
        units = self._chained(movements, initial)
        joints, parts = onto_beats(units, targets, music.n_frames)
        imagined = Imagined(joints, parts, blended=False)
        return dance_of(imagined, music, self, seed, started=start is not None)

    def _chained(self, movements: torch.Tensor, initial: torch.Tensor) -> Float32:
        """Units (U, 32, 28) in pixels, each from the last pose of the one before (eq. 11).

        Each begins where along x the one before ended.
        """
        units = np.empty((len(movements), UNIT_FRAMES, POSE), dtype=np.float32)
        at_px = 0.0
        for number, movement in enumerate(movements):
            decoded = self.dancer.unit(initial, movement[None])[0].float().cpu().numpy()
            unit = anchored(self.scale.undone(decoded))
            initial = self.dancer.initial(self._standard(unit[-1])).mean
            units[number] = shifted(unit, at_px)
            at_px = hips_x(units[number, -1])
        return units

    def _movements(
        self, music: Music, targets_s: Float64, n_units: int, random: torch.Generator
    ) -> torch.Tensor:
        """Movement codes (U, 512): a dance code for each few units, from the music about them."""
        features = self.audio_scale.standardised(features_at_15(music.path))
        together = COMPOSED_UNITS if self.dancer.dance is not None else 1
        firsts = np.arange(0, n_units, together) * UNIT_BEATS
        middles = np.minimum(firsts + together * UNIT_BEATS // 2, len(targets_s) - 1)
        moments = np.clip(targets_s[middles], 0, music.duration_s)
        style = styles_at(self.dancer.music, features, moments, self.device)
        noise = torch.randn(len(style), NOISE, generator=random).to(self.device)
        codes: torch.Tensor = self.dancer.from_style(style, noise).sample(random)
        if self.dancer.dance is None:
            return codes[:n_units]
        movements: torch.Tensor = self.dancer.dance(codes, together).sample(random)
        return movements.flatten(0, 1)[:n_units]

    def _begun(self, start: Float32) -> torch.Tensor:
        check_poses(start[None], "a start")
        pose = start[:UNIT_JOINTS, :2]
        if not np.isfinite(pose).all():
            raise InputError("a start must have all joints from nose to ankles")
        return self._standard(pose.reshape(POSE))

    def _standard(self, pose: Float32) -> torch.Tensor:
        """A pose (28,) in pixels as the networks take it, (1, 28)."""
        flat = self.scale.standardised(anchored(pose[None]))
        return torch.from_numpy(flat).to(self.device)
