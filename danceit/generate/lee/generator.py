"""What dances: music to movements, chained by their last poses, warped onto beats (3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from danceit.data import Clip, Dance, Float32, Float64, Music, check_poses
from danceit.errors import InputError
from danceit.generate.finishing import finished
from danceit.generate.folder import described, restore
from danceit.generate.lee.music_style import AudioScale, features_at_15, styles_at
from danceit.generate.lee.networks import NOISE, Z_INITIAL
from danceit.generate.lee.training import Dancer, LeeOptions, teach
from danceit.generate.lee.unit_vae import PoseScale
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
from danceit.generate.material import material_of
from danceit.generate.protocol import GeneratorReport, Imagined, dance_of
from danceit.progress import Progress, silent
from danceit.retrieval.encoder.encoders import pick_device

COMPOSED_UNITS = max(SEQUENCE_UNITS)
"""Units that one dance code is decoded to at most: as many as it was trained on."""


@dataclass(frozen=True)
class LeeGenerator:
    """Dancing to Music, trained.

    Attributes
    ----------
    options : LeeOptions
        Of its training.
    gap_s : float
        Usual time between the kinematic beats of the dances learnt from.
    held_out_songs : tuple of str
        Recordings that it was not trained on.
    """

    name: ClassVar[str] = "lee"
    options_class: ClassVar[type[Any]] = LeeOptions

    dancer: Dancer
    options: LeeOptions
    scale: PoseScale
    audio_scale: AudioScale
    gap_s: float
    held_out_songs: tuple[str, ...]
    generator_id: str = ""
    device: str = "cpu"

    @property
    def n_parameters(self) -> int:
        """Weights of the networks that generate."""
        return sum(parameter.numel() for parameter in self.dancer.parameters())

    @classmethod
    def train(
        cls,
        clips: Sequence[Clip],
        options: LeeOptions,
        *,
        out: Path,
        device: str = "auto",
        restart: bool = False,
        progress: Progress = silent,
    ) -> GeneratorReport:
        """Train on clips and leave the generator in `out`; see `Generator.train`."""
        material, place = material_of(clips, options.seed), pick_device(device)
        taught = teach(material, options, out=out, device=place, restart=restart, progress=progress)
        facts = {
            "pose_mean": taught.scale.mean.tolist(),
            "pose_deviation": taught.scale.deviation.tolist(),
            "audio_mean": taught.audio_scale.mean.tolist(),
            "audio_deviation": taught.audio_scale.deviation.tolist(),
            "classes": list(taught.classes),
            "gap_s": taught.gap_s,
        }
        return finished(
            cls, out, taught.dancer, options, facts, material=material, taught=taught, device=place
        )

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> "LeeGenerator":
        """Read a folder that `train` left; see `Generator.load`."""
        told = described(folder)
        try:
            options, facts = LeeOptions(**told.options), told.facts
            dancer = Dancer(options.hidden, len(facts["classes"]), composition=options.composition)
            scale = PoseScale(_row(facts["pose_mean"]), _row(facts["pose_deviation"]))
            heard = AudioScale(_row(facts["audio_mean"]), _row(facts["audio_deviation"]))
            gap_s, held_out = float(facts["gap_s"]), tuple(facts["held_out_songs"])
        except (KeyError, TypeError, ValueError) as exc:
            raise InputError(
                f"{folder} holds a '{cls.name}' of another version of danceit ({exc}): train again"
            ) from exc
        found = restore(folder, told, dancer)
        place = pick_device(device)
        return cls(dancer.to(place).eval(), options, scale, heard, gap_s, held_out, found, place)

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
            unit = anchored(self.scale.in_pixels(decoded))
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
        codes = self._drawn(self.dancer.from_style(style, noise), random)
        if self.dancer.dance is None:
            return codes[:n_units]
        movements = self._drawn(self.dancer.dance(codes, together), random)
        return movements.flatten(0, 1)[:n_units]

    def _drawn(self, gaussian: Any, random: torch.Generator) -> torch.Tensor:
        shape = gaussian.mean.shape
        drawn = torch.randn(shape, generator=random).to(self.device)
        code: torch.Tensor = gaussian.mean + drawn * (0.5 * gaussian.log_variance).exp()
        return code

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


def _row(values: Sequence[float]) -> Float32:
    return np.asarray(values, dtype=np.float32)
