"""What music is like: 28 features, and the style s by a classifier of the library's styles (4.1).

Features are those of `danceit.generate.songs`; a style is heard in stretches of 10 s.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from danceit.data import Float32, Float64, Int64
from danceit.generate.descent import descend
from danceit.generate.lee.networks import AUDIO, STYLE, MusicStyle
from danceit.generate.lee.unit_vae import BETAS
from danceit.generate.setting import Setting
from danceit.movement import LEE_FPS

HEARD_S = 10.0
HEARD = int(HEARD_S * LEE_FPS)


def heard_around(features: Float32, middles_s: Float64) -> Float32:
    """Stretches of 10 s about moments of a song: (N, 150, 28); a short song is heard again."""
    row = np.tile(features, (-(-HEARD // len(features)), 1))
    starts = np.round(np.asarray(middles_s) * LEE_FPS).astype(np.int64) - HEARD // 2
    starts = np.clip(starts, 0, len(row) - HEARD)
    return np.asarray(row[starts[:, None] + np.arange(HEARD)])


def mean_within(features: Float32, starts_s: Float64, ends_s: Float64) -> Float32:
    """Mean features of stretches of a song, (N, 28): the a of eq. 6."""
    last = len(features)
    rows = []
    for start_s, end_s in zip(starts_s, ends_s, strict=True):
        start = min(int(start_s * LEE_FPS), last - 1)
        rows.append(features[start : max(int(end_s * LEE_FPS), start + 1)].mean(axis=0))
    return np.array(rows, dtype=np.float32).reshape(-1, AUDIO)


class StyleLesson:
    """The classifier's lesson; see `danceit.generate.course.Lesson`.

    Parameters
    ----------
    songs : sequence of (features, class)
        Features (S, 28), standardised.
    held_out : the same, of songs that only judge.
    """

    name = "music style"

    def __init__(
        self,
        network: MusicStyle,
        songs: Sequence[tuple[Float32, int]],
        held_out: Sequence[tuple[Float32, int]],
        setting: Setting,
    ) -> None:
        self.network, self.songs, self.batch = network, songs, setting.batch
        self.pace, self.device = setting.pace, setting.device
        self.modules = {"style": network}
        self.optimisers = {"style_adam": Adam(network.parameters(), setting.learning_rate, BETAS)}
        heard = sum(len(features) for features, _ in songs) / HEARD
        self.steps_an_epoch = max(heard / setting.batch, 1e-9)
        self._rare = _as_often([label for _, label in songs])
        self._judged = [
            (heard_around(f, np.arange(HEARD_S / 2, len(f) / LEE_FPS, HEARD_S)), label)
            for f, label in held_out
        ]

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """One batch of stretches, every class as often as any other."""
        chosen = rng.choice(len(self.songs), size=self.batch, p=self._rare)
        heard = [
            heard_around(self.songs[i][0], rng.uniform(0, len(self.songs[i][0]) / LEE_FPS, 1))
            for i in chosen
        ]
        labels = np.array([self.songs[i][1] for i in chosen], dtype=np.int64)
        self.network.train()
        loss = cross_entropy(self._logits(np.concatenate(heard)), self._tensor(labels))
        (optimiser,) = self.optimisers.values()
        descend(optimiser, loss)
        return {"cross-entropy": float(loss.detach())}

    @torch.no_grad()
    def check(self) -> float:
        """Cross-entropy on songs held out, every song alike."""
        if not self._judged:
            return float("nan")
        self.network.eval()
        each = [
            float(
                cross_entropy(
                    self._logits(heard), self._tensor(np.full(len(heard), label, dtype=np.int64))
                )
            )
            for heard, label in self._judged
        ]
        return float(np.mean(each))

    def _logits(self, heard: Float32) -> torch.Tensor:
        logits: torch.Tensor = self.network(torch.from_numpy(heard).to(self.device))
        return logits

    def _tensor(self, labels: Int64) -> torch.Tensor:
        return torch.from_numpy(labels).to(self.device)


@torch.no_grad()
def styles_at(
    network: MusicStyle, features: Float32, middles_s: Float64, device: str
) -> torch.Tensor:
    """Music styles s (N, 30) about moments of a song, from standardised features (S, 28)."""
    network.eval()
    if not len(middles_s):
        return torch.zeros(0, STYLE, device=device)
    return network.style(torch.from_numpy(heard_around(features, middles_s)).to(device))


def _as_often(labels: Sequence[int]) -> Float64:
    """Chance of each song so that classes are drawn alike."""
    counted = np.bincount(labels)
    chance = 1.0 / counted[np.asarray(labels)]
    return np.asarray(chance / chance.sum(), dtype=np.float64)
