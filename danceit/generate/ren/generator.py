"""What dances: sound to poses in overlapping pieces, blended (the paper leaves long songs open)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from danceit.align.warping import sampled
from danceit.data import FPS, Clip, Dance, Float32, Music
from danceit.errors import InputError
from danceit.generate.finishing import finished
from danceit.generate.folder import described, restore
from danceit.generate.material import material_of
from danceit.generate.protocol import GeneratorReport, Imagined, dance_of
from danceit.generate.ren.networks import DanceGenerator, drawn_noise
from danceit.generate.ren.pieces import FLAT, PIECE, POSE_FPS, Frame, blended, joined, sound_rows
from danceit.generate.ren.st_gcn import StGcn
from danceit.generate.ren.training import RenOptions, teach
from danceit.progress import Progress, silent
from danceit.retrieval.encoder.encoders import pick_device

HOP = PIECE // 2
"""Poses between the starts of two pieces: every moment is danced twice and blended."""
_TOGETHER = 16
"""Pieces made at once."""


@dataclass(frozen=True)
class RenGenerator:
    """Self-supervised Dance Video Synthesis, trained.

    Attributes
    ----------
    options : RenOptions
        Of its training.
    graph : StGcn
        The graph network of its perceptual loss; its features also compare sets of dances.
    held_out_songs : tuple of str
        Recordings that it was not trained on.
    """

    name: ClassVar[str] = "ren"
    options_class: ClassVar[type[Any]] = RenOptions

    dancer: DanceGenerator
    graph: StGcn
    options: RenOptions
    frame: Frame
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
        options: RenOptions,
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
            "centre": taught.frame.centre.tolist(),
            "reach": taught.frame.reach,
            "known": list(taught.frame.known),
            "classes": list(taught.classes),
            "graph_classes": len(taught.graph.classes.weight),
        }
        networks = nn.ModuleDict({"dancer": taught.dancer, "graph": taught.graph})
        return finished(
            cls, out, networks, options, facts, material=material, taught=taught, device=place
        )

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> "RenGenerator":
        """Read a folder that `train` left; see `Generator.load`."""
        told = described(folder)
        try:
            options, facts = RenOptions(**told.options), told.facts
            dancer, graph = DanceGenerator(options.inner), StGcn(int(facts["graph_classes"]))
            centre = np.asarray(facts["centre"], dtype=np.float32)
            frame = Frame(centre, float(facts["reach"]), tuple(facts["known"]))
            held_out = tuple(facts["held_out_songs"])
        except (KeyError, TypeError, ValueError) as exc:
            raise InputError(
                f"{folder} holds a '{cls.name}' of another version of danceit ({exc}): train again"
            ) from exc
        networks = nn.ModuleDict({"dancer": dancer, "graph": graph})
        found = restore(folder, told, networks)
        place = pick_device(device)
        networks.to(place).eval()
        return cls(dancer, graph, options, frame, held_out, found, place)

    @torch.no_grad()
    def generate(self, music: Music, seed: int = 0, start: Float32 | None = None) -> Dance:
        """Dance to a whole song; see `Generator.generate`."""
        if start is not None:
            raise InputError("ren cannot begin at a given pose: it knows sound alone")
        sound = sound_rows(music.path)
        n_pieces = max(1, -(-(len(sound) - PIECE) // HOP) + 1)
        n_rows = HOP * (n_pieces - 1) + PIECE
        padded = np.zeros((n_rows, sound.shape[1]), dtype=np.float32)
        padded[: min(len(sound), n_rows)] = sound[:n_rows]
        # Noise is the song's, not the piece's: pieces that overlap were dreamt alike.
        noise = drawn_noise(1, n_rows, self.device, torch.Generator().manual_seed(seed))[0]
        pieces = np.empty((n_pieces, PIECE, FLAT), dtype=np.float32)
        for first in range(0, n_pieces, _TOGETHER):
            starts = range(first, min(first + _TOGETHER, n_pieces))
            spans = [slice(number * HOP, number * HOP + PIECE) for number in starts]
            heard = torch.from_numpy(np.stack([padded[span] for span in spans])).to(self.device)
            made = self.dancer(heard, torch.stack([noise[span] for span in spans]))
            pieces[first : first + len(spans)] = made.cpu().numpy()
        rows = self.frame.on_canvas(blended(joined(pieces, HOP), HOP, n_rows))
        place = np.minimum(np.arange(music.n_frames) / FPS * POSE_FPS, n_rows - 1)
        joints = sampled(rows, place, np.zeros(0, dtype=np.int64))
        parts = np.arange(0, music.n_frames, round(HOP / POSE_FPS * FPS))
        return dance_of(Imagined(joints, parts.astype(np.int64)), music, self, seed)
