"""Trains the network of the pulse tracker on made songs, and writes its weights.

The network is a temporal convolutional one (Davies and Böck, EUSIPCO 2019): residual layers
whose taps lie ever further apart, until a frame hears twenty seconds on both sides. It is
run without torch by `danceit.audio.counts.activation`.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from danceit.audio.counts.activation import as_read
from danceit.audio.counts.heard import BANDS, WIDTH
from danceit.audio.counts.learning.material import Lesson, load
from danceit.files import replacing

CHANNELS = 24
LAYERS = 9
TAPS = 5
_FRONT_TAPS = 3
_BATCH = 12
_CROP = 1200
"""Frames of a song in a batch: 24 s."""
_RATE = 3e-3
_HIDDEN_BANDS = 8
"""Most bands that a song in a batch is deprived of, so that no band is trusted alone."""


class PulseNetwork(nn.Module):
    """Log odds of a beat and of a 1 in each frame: (N, WIDTH, n) to (N, 2, n)."""

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.ModuleList(
            nn.Conv1d(width, CHANNELS, _FRONT_TAPS, padding="same") for width in (WIDTH, CHANNELS)
        )
        self.layers = nn.ModuleList(
            nn.Conv1d(CHANNELS, CHANNELS, TAPS, padding="same", dilation=2**depth)
            for depth in range(LAYERS)
        )
        self.head = nn.Conv1d(CHANNELS, 2, 1)
        self.dropout = nn.Dropout1d(0.08)
        # Beats are one frame in twenty or so: not to be learned first of all.
        with torch.no_grad():
            self.head.bias.fill_(-3.0)  # type: ignore[union-attr]

    def forward(self, features: Tensor) -> Tensor:
        """Log odds of features as they are read."""
        heard = features
        for layer in self.front:
            heard = nn.functional.elu(layer(heard))
        for layer in self.layers:
            heard = heard + self.dropout(nn.functional.elu(layer(heard)))
        odds: Tensor = self.head(heard)
        return odds


@dataclass(frozen=True)
class SongBatch:
    """Crops of songs; `barred` (N, 1) is 1 where bars are taught."""

    features: Tensor
    targets: Tensor
    barred: Tensor


def train(
    folder: Path, weights: Path, minutes: float, start: Path | None = None, seed: int = 0
) -> None:
    """Train for some minutes on the songs of a folder, which may grow meanwhile.

    `start` holds weights to go on from.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = PulseNetwork()
    if start is not None:
        restore(network, start)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    began, mean_loss = time.monotonic(), 0.0
    for step, batch in enumerate(_batches(folder, np.random.default_rng(seed)), start=1):
        share = (time.monotonic() - began) / (60 * minutes)
        if share >= 1:
            break
        # Warmed up over a hundred steps, then down a cosine by the clock.
        rate = _RATE * min(1.0, step / 100) * (0.5 + 0.5 * math.cos(math.pi * share))
        optimizer.param_groups[0]["lr"] = max(rate, 1e-5)
        loss = _loss(network(batch.features), batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        mean_loss += (float(loss.detach()) - mean_loss) / min(step, 100)
        if step % 100 == 0:
            print(
                f"{step} steps, {100 * share:.0f} % of the time, loss {mean_loss:.4f}", flush=True
            )
            save(network, weights)
    save(network, weights)


def save(network: PulseNetwork, path: Path) -> None:
    """Write weights as `activation` reads them: (taps, in, out) each, float16."""
    from safetensors.numpy import save_file

    tensors = {}
    convolutions = [*network.front, *network.layers, network.head]
    for number, layer in enumerate(convolutions):
        weight = layer.weight.detach().numpy().transpose(2, 1, 0)
        tensors[f"{number}.weight"] = np.ascontiguousarray(weight).astype(np.float16)
        tensors[f"{number}.bias"] = layer.bias.detach().numpy().astype(np.float16)
    with replacing(path) as temporary:
        save_file(tensors, temporary)


def restore(network: PulseNetwork, path: Path) -> None:
    """Read weights that `save` wrote."""
    from safetensors.numpy import load_file

    tensors = load_file(path)
    convolutions = [*network.front, *network.layers, network.head]
    with torch.no_grad():
        for number, layer in enumerate(convolutions):
            weight = tensors[f"{number}.weight"].astype(np.float32).transpose(2, 1, 0)
            layer.weight.copy_(torch.from_numpy(weight.copy()))
            layer.bias.copy_(torch.from_numpy(tensors[f"{number}.bias"].astype(np.float32)))


def _loss(odds: Tensor, batch: SongBatch) -> Tensor:
    each = nn.functional.binary_cross_entropy_with_logits(odds, batch.targets, reduction="none")
    beat, one = each[:, 0].mean(), (each[:, 1] * batch.barred).mean()
    return beat + 1.5 * one


def _batches(folder: Path, rng: np.random.Generator) -> Iterator[SongBatch]:
    """Random crops of random songs, without end; new songs are picked up as they come."""
    lessons: dict[Path, Lesson] = {}
    while True:
        for path in folder.glob("[0-9]*.npz"):
            if path not in lessons:
                lessons[path] = load(path)
        songs = list(lessons.values())
        for _ in range(50):
            picked = [songs[number] for number in rng.integers(len(songs), size=_BATCH)]
            yield _batch(picked, rng)


def _batch(songs: list[Lesson], rng: np.random.Generator) -> SongBatch:
    features = np.zeros((len(songs), _CROP, WIDTH), np.float32)
    targets = np.zeros((len(songs), 2, _CROP), np.float32)
    for row, song in enumerate(songs):
        start = int(rng.integers(0, max(1, len(song.features) - _CROP)))
        # As often as not from the start, where songs begin with something else than the 1.
        start = 0 if rng.random() < 0.25 else start
        part = as_read(song.features[start : start + _CROP])
        hidden = rng.integers(0, BANDS, int(rng.integers(0, _HIDDEN_BANDS + 1)))
        part[:, np.r_[hidden, hidden + BANDS]] = 0.0
        features[row, : len(part)] = part
        targets[row, 0, : len(part)] = song.beat[start : start + _CROP]
        targets[row, 1, : len(part)] = song.one[start : start + _CROP]
    barred = np.array([[float(song.barred)] for song in songs], np.float32)
    return SongBatch(
        torch.from_numpy(features.transpose(0, 2, 1).copy()),
        torch.from_numpy(targets),
        torch.from_numpy(barred),
    )
