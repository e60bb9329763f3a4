"""A classifier's features of sets of dances: an ST-GCN's, as both papers compare sets.

Lee et al. and Ren et al. take the features of a network that tells styles of dance apart; theirs
are lost. Here it is the graph network of a trained `ren`, which learnt the library's styles from
the same dances as its generator: kinder to that generator than a stranger's would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from danceit.data import FPS, N_JOINTS, Float64
from danceit.errors import InputError
from danceit.generate.protocol import Generator
from danceit.generate.rates import features_at
from danceit.generate.registry import load_generator
from danceit.generate.ren.generator import RenGenerator
from danceit.generate.ren.pieces import FLAT, PIECE, POSE_FPS, centred
from danceit.generate.ren.st_gcn import BLOCKS

_TOGETHER = 64
"""Pieces seen at once."""


@dataclass(frozen=True)
class GraphFeatures:
    """Maps pieces (N, 120, 14, 2) in canvas pixels to features (N, 256)."""

    generator: RenGenerator

    @classmethod
    def of(cls, folder: str, generators: Sequence[Generator]) -> "GraphFeatures | None":
        """Read a folder, or take the first generator that has a graph network; None without any.

        Raises
        ------
        InputError
            If the folder is none of a `ren`.
        """
        if folder:
            named = load_generator(Path(folder), "cpu")
            if not isinstance(named, RenGenerator):
                raise InputError(
                    f"{folder} holds a '{named.name}', which has no graph network: give a 'ren'"
                )
            return cls(named)
        found = (each for each in generators if isinstance(each, RenGenerator))
        first = next(found, None)
        return None if first is None else cls(first)

    @property
    def made_by(self) -> str:
        """Id of the generator that the graph network belongs to."""
        return self.generator.generator_id

    @torch.no_grad()
    def __call__(self, pieces: Float64) -> Float64:
        """Features of pieces, each seen about its own hips."""
        frame, rows = self.generator.frame, []
        for piece in pieces:
            whole = np.full((len(piece), N_JOINTS, 2), np.nan, dtype=np.float32)
            whole[:, : piece.shape[1]] = piece
            rows.append(features_at(frame.within(whole), FPS, POSE_FPS, PIECE))
        poses = centred(np.array(rows, dtype=np.float32).reshape(-1, PIECE, FLAT))
        found = [
            self.generator.graph.features(part.to(self.generator.device)).cpu().numpy()
            for part in torch.split(torch.from_numpy(poses), _TOGETHER)
            if len(part)
        ]
        if not found:
            return np.zeros((0, BLOCKS[-1][0]))
        return np.asarray(np.concatenate(found), dtype=np.float64)
