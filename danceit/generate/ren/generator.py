"""What dances: sound to poses in overlapping pieces, blended (the paper leaves long songs open)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from danceit.data import FPS, Dance, Float32, Music
from danceit.errors import InputError
from danceit.generate.course import Run
from danceit.generate.material import Material
from danceit.generate.protocol import Imagined, dance_of
from danceit.generate.rates import poses_at
from danceit.generate.ren.networks import DanceGenerator, drawn_noise
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.pieces import (
    EDGE,
    FLAT,
    PIECE,
    POSE_FPS,
    Frame,
    blended,
    joined,
    smoothed,
    sound_rows,
)
from danceit.generate.ren.st_gcn import StGcn
from danceit.generate.ren.training import teach
from danceit.generate.trained import Taught, TrainedGenerator

HOP = PIECE // 2
"""Poses between the starts of two pieces: every moment is danced twice and blended."""
_TOGETHER = 16
"""Pieces made at once."""


@dataclass(frozen=True, kw_only=True)
class RenGenerator(TrainedGenerator):
    """Self-supervised Dance Video Synthesis, trained.

    Attributes
    ----------
    graph : StGcn
        The graph network of its perceptual loss; its features also compare sets of dances.
    """

    name: ClassVar[str] = "ren"
    options_class: ClassVar[type[Any]] = RenOptions

    dancer: DanceGenerator
    graph: StGcn
    frame: Frame

    @classmethod
    def taught(cls, material: Material, options: RenOptions, run: Run) -> Taught:
        """Take both lessons; see `danceit.generate.ren.training.teach`."""
        return teach(material, options, run)

    @classmethod
    def untrained(cls, options: RenOptions, facts: Mapping[str, Any]) -> Self:
        """Networks of these sizes; see `TrainedGenerator.untrained`."""
        centre = np.asarray(facts["centre"], dtype=np.float32)
        return cls(
            dancer=DanceGenerator(options.inner),
            options=options,
            held_out_songs=tuple(facts["held_out_songs"]),
            graph=StGcn(int(facts["graph_classes"])),
            frame=Frame(centre, float(facts["reach"]), tuple(facts["known"])),
        )

    @property
    def networks(self) -> nn.Module:
        """Generator and graph network."""
        return nn.ModuleDict({"dancer": self.dancer, "graph": self.graph})

    @property
    def dances(self) -> bool:
        """Whether it has learnt to dance, or holds a graph network alone."""
        return bool(self.options.steps)

    @torch.no_grad()
    def generate(self, music: Music, seed: int = 0, start: Float32 | None = None) -> Dance:
        """Dance to a whole song; see `Generator.generate`."""
        if start is not None:
            raise InputError("ren cannot begin at a given pose: it knows sound alone")
        if not self.dances:
            raise InputError(
                "this ren holds a graph network alone (it was trained with steps=0) and has not "
                "learnt to dance: train one with steps"
            )
        sound = sound_rows(music.path, self.options.level)
        n_pieces = max(1, -(-(len(sound) + EDGE - PIECE) // HOP) + 1)
        n_rows = HOP * (n_pieces - 1) + PIECE
        padded = np.zeros((n_rows, sound.shape[1]), dtype=np.float32)
        padded[EDGE : EDGE + len(sound)] = sound
        # Ahead of the song stands silence, of which nothing is kept: see `EDGE`.
        # Noise is the song's, not the piece's: pieces that overlap were dreamt alike.
        noise = drawn_noise(1, n_rows, self.device, torch.Generator().manual_seed(seed))[0]
        pieces = np.empty((n_pieces, PIECE, FLAT), dtype=np.float32)
        for first in range(0, n_pieces, _TOGETHER):
            starts = range(first, min(first + _TOGETHER, n_pieces))
            spans = [slice(number * HOP, number * HOP + PIECE) for number in starts]
            heard = torch.from_numpy(np.stack([padded[span] for span in spans])).to(self.device)
            made = self.dancer(heard, torch.stack([noise[span] for span in spans]))
            pieces[first : first + len(spans)] = made.cpu().numpy()
        rows = blended(joined(pieces, HOP), HOP, n_rows)[EDGE:]
        rows = smoothed(rows, self.options.smooth)
        joints = poses_at(self.frame.on_canvas(rows), POSE_FPS, FPS, music.n_frames)
        parts = np.arange(0, music.n_frames, round(HOP / POSE_FPS * FPS))
        return dance_of(Imagined(joints, parts.astype(np.int64)), music, self, seed)
