"""The two lessons of `ren`: a graph network tells styles apart, the generator dances."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from danceit.generate.descent import descend
from danceit.generate.ren.ensemble import Ensemble
from danceit.generate.ren.judges import GlobalJudge, LocalJudge
from danceit.generate.ren.losses import (
    RenWeights,
    dance_distance,
    global_loss,
    is_real,
    local_loss,
    matching_loss,
    perceptual_loss,
)
from danceit.generate.ren.networks import drawn_noise
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.pieces import PIECE, Take, centred, drawn_pieces, even_pieces, smoothed
from danceit.generate.ren.st_gcn import StGcn
from danceit.generate.setting import Setting

_JUDGED = 32
_GRAPH_RATE = 2e-3
"""Learning rate of the graph network (appendix H)."""


class GraphLesson:
    """The graph network as a classifier of styles; see `danceit.generate.course.Lesson`."""

    name = "style by graph"

    def __init__(
        self,
        network: StGcn,
        takes: Sequence[Take],
        held_out: Sequence[Take],
        setting: Setting,
    ) -> None:
        self.network, self.takes, self.setting = network, takes, setting
        self.pace, self.device = setting.pace, setting.device
        self.modules = {"graph": network}
        self.optimisers = {"graph_adam": Adam(network.parameters(), _GRAPH_RATE)}
        self.steps_an_epoch = max(len(even_pieces(takes)) / setting.batch, 1e-9)
        self._by_class = [
            [take for take in takes if take.label == label]
            for label in sorted({take.label for take in takes})
        ]
        self._judged = even_pieces(held_out)

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """One batch of pieces, every class as often as any other."""
        counts = np.bincount(rng.integers(len(self._by_class), size=self.setting.batch),
                             minlength=len(self._by_class))  # fmt: skip
        pieces = [
            piece
            for takes, count in zip(self._by_class, counts, strict=True)
            for piece in drawn_pieces(takes, int(count), rng)
        ]
        self.network.train()
        with self.setting.lowered():
            logits = self.network(poses_of(pieces, self.device)).float()
        loss = cross_entropy(logits, self._labels(pieces))
        (optimiser,) = self.optimisers.values()
        descend(optimiser, loss)
        return {"cross-entropy": float(loss.detach())}

    @torch.no_grad()
    def check(self) -> float:
        """Cross-entropy on songs held out."""
        if not self._judged:
            return float("nan")
        self.network.eval()
        logits = self.network(poses_of(self._judged, self.device))
        return float(cross_entropy(logits, self._labels(self._judged)))

    def _labels(self, pieces: Sequence[tuple[Take, int]]) -> Tensor:
        return torch.tensor([take.label for take, _ in pieces], device=self.device)


class DanceLesson:
    """Generator and judges; see `danceit.generate.course.Lesson`."""

    name = "dance"

    def __init__(
        self,
        ensemble: Ensemble,
        takes: Sequence[Take],
        held_out: Sequence[Take],
        options: RenOptions,
        setting: Setting,
    ) -> None:
        self.dancer, self.judges, self.graph = ensemble.dancer, ensemble.judges, ensemble.graph
        self.average, self.kept = ensemble.average, ensemble.kept
        self.takes, self.options, self.setting = takes, options, setting
        self.pace, self.device = setting.pace, setting.device
        self.weights = RenWeights(options.l1, options.matching, options.perceptual, options.penalty)
        self.modules = {"dancer": self.kept, "judges": self.judges}
        rates = {"global": options.global_rate, "local": options.local_rate}
        self.optimisers = {"dancer_adam": Adam(self.dancer.parameters(), setting.learning_rate)}
        for name, judge in self.judges.items():
            self.optimisers[f"{name}_adam"] = Adam(judge.parameters(), rates[name])
        self.steps_an_epoch = len(even_pieces(takes)) / setting.batch
        pieces = even_pieces(held_out)
        chosen = np.linspace(0, len(pieces) - 1, min(_JUDGED, len(pieces))).astype(int)
        self._judged = [pieces[i] for i in chosen]

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """The generator first, then its judges, as in the release."""
        pieces = drawn_pieces(self.takes, self.setting.batch, rng)
        sound, real = sound_of(pieces, self.device), poses_of(pieces, self.device)
        self.dancer.train()
        self.judges.train()
        with self.setting.lowered():
            made = self.dancer(sound, drawn_noise(len(pieces), PIECE, self.device)).float()
            parts = self._losses(made, real, sound)
        descend(self.optimisers["dancer_adam"], torch.stack(list(parts.values())).sum())
        if self.average is not None:
            self.average.update_parameters(self.dancer)
        judged = self._judged_losses(made.detach(), real, sound)
        return {name: float(part.detach()) for name, part in {**parts, **judged}.items()}

    def _judged_losses(self, made: Tensor, real: Tensor, sound: Tensor) -> dict[str, Tensor]:
        """Let each judge take one step, and say what it lost."""
        judged = {}
        if self.options.has("local"):
            with self.setting.lowered():
                judged["local judge"] = local_loss(self._local, made, real)
            descend(self.optimisers["local_adam"], judged["local judge"])
        if self.options.has("global"):
            with self.setting.lowered():
                judged["global judge"] = global_loss(
                    self._global, made, real, sound, self.weights.penalty
                )
            descend(self.optimisers["global_adam"], judged["global judge"])
        return judged

    def _losses(self, made: Tensor, real: Tensor, sound: Tensor) -> dict[str, Tensor]:
        parts = {"L1": self.weights.l1 * (made - real).abs().mean()}
        if self.options.has("global"):
            with torch.no_grad():
                heard = self._global.heard(sound)
            parts["global"] = is_real(self._global(made, heard))
            parts["matching"] = self.weights.matching * matching_loss(
                self._global.reader, made, real
            )
        if self.options.has("local"):
            parts["local"] = is_real(self._local(made))
        if self.options.has("perceptual"):
            self.graph.eval()
            parts["perceptual"] = self.weights.perceptual * perceptual_loss(self.graph, made, real)
        return parts

    @torch.no_grad()
    def check(self) -> float:
        """How far dances to songs held out are from those danced to them, as sets."""
        if len(self._judged) < 2:
            return float("nan")
        self.kept.eval()
        self.graph.eval()
        real = poses_of(self._judged, self.device)
        sound = sound_of(self._judged, self.device)
        drawn = torch.Generator().manual_seed(self.options.seed)
        with self.setting.lowered():
            made = self.kept(sound, drawn_noise(len(real), PIECE, self.device, drawn)).float()
        shown = smoothed(made.cpu().numpy(), self.options.smooth)
        return float(dance_distance(self.graph, torch.from_numpy(shown).to(self.device), real))

    @property
    def _local(self) -> LocalJudge:
        judge = self.judges["local"]
        assert isinstance(judge, LocalJudge)
        return judge

    @property
    def _global(self) -> GlobalJudge:
        judge = self.judges["global"]
        assert isinstance(judge, GlobalJudge)
        return judge


def poses_of(pieces: Sequence[tuple[Take, int]], device: str) -> Tensor:
    """Poses (B, 50, 36) of pieces, each about its own hips."""
    rows = np.stack([take.poses[start : start + PIECE] for take, start in pieces])
    return torch.from_numpy(centred(rows)).to(device)


def sound_of(pieces: Sequence[tuple[Take, int]], device: str) -> Tensor:
    """Sound (B, 50, 1600) of pieces."""
    rows = np.stack([take.sound[start : start + PIECE] for take, start in pieces])
    return torch.from_numpy(rows).to(device)
