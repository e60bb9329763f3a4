"""Does a dance go with its music: Ren et al.'s cross-modal distance (6.3.2, eq. 8-11).

A piece of music stands for what was danced to the library's music most like it. How far a
dance is from that is told by a pose metric network: trained so that pieces danced to one kind
of music lie together, by maximum mean discrepancy and neighbourhood components (MMD-NCA).
Smaller is better; distances mean nothing across libraries.

What differs from the paper: music is embedded by mean and deviation of 28 features (its CRNN
was trained on FMA), and the network, which the paper takes over from Coskun et al. (2018), is
a bidirectional LSTM with LayerNorm and attention.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from danceit import audio
from danceit.bench.measures.distribution import SET_WINDOW_S
from danceit.data import BODY_PX, FPS, JOINT, Clip, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.generate.descent import descend
from danceit.movement import Array

if TYPE_CHECKING:
    import torch
    from torch import nn

CLUSTERS = 5
"""Kinds of music, K (6.3.2)."""
BANDWIDTHS = (0.5, 1.0, 2.0, 4.0)
"""Of the kernels of eq. 9."""
_SIZE, _EVERY = round(SET_WINDOW_S * FPS), 4
_BODY = JOINT["right_eye"]
_HIPS = [JOINT["right_hip"], JOINT["left_hip"]]
_WIDTH, _OUT, _PER_KIND = 48, 32, 8
_LEARNING_RATE = 2e-3
STEPS = 150
"""Of the metric's training."""


@dataclass(frozen=True)
class CrossModal:
    """A fitted measure.

    Attributes
    ----------
    network : torch module
        Pieces (N, 30, 28) to embeddings (N, 32).
    embedded : float32 (N, 32)
        The library's pieces.
    music : float64 (N, 56)
        Their music, standardised by `mean` and `deviation` (56,).
    owners : str (N,)
        Recording of each.
    """

    network: "nn.Module"
    embedded: Float32
    music: Float64
    mean: Float64
    deviation: Float64
    owners: "np.ndarray[tuple[int], np.dtype[np.str_]]"

    @classmethod
    def fit(cls, clips: Sequence[Clip], *, steps: int = 0, seed: int = 0) -> "CrossModal":
        """Train the metric on real dances to their own music; 0 steps stand for `STEPS`.

        Raises
        ------
        InputError
            If there are fewer pieces of 5 s than kinds of music.
        """
        from scipy.cluster.vq import kmeans2

        poses, heard, owners = [], [], []
        for clip in clips:
            if clip.audio_path is None:
                continue
            found, starts = pieces_of(clip.poses)
            poses.append(found)
            heard.append(music_of(clip.audio_path, clip.start_s + starts / FPS))
            owners += [clip.recording_id] * len(found)
        if len(owners) < 2 * CLUSTERS:
            raise InputError(
                f"the cross-modal distance needs {2 * CLUSTERS} pieces of 5 s with music or more; "
                f"got {len(owners)}"
            )
        music = np.concatenate(heard)
        mean, deviation = music.mean(axis=0), np.maximum(music.std(axis=0), 1e-6)
        music = (music - mean) / deviation
        rng = np.random.default_rng(seed)
        _, kinds = kmeans2(music, CLUSTERS, minit="++", seed=rng)
        network = _trained(np.concatenate(poses), kinds.astype(np.int64), steps or STEPS, rng, seed)
        embedded = embed(network, np.concatenate(poses))
        return cls(network, embedded, music, mean, deviation, np.array(owners))

    def distance(
        self, joints: Array, song: Path, *, start_s: float = 0.0, without: str = ""
    ) -> float:
        """Mean of |S - S'|² over the 5 s of a dance (eq. 10); NaN for under 5 s.

        Parameters
        ----------
        joints : (T, 18, C)
        start_s : float
            Second of the song at the first frame.
        without : str
            Recording that may not stand for the music: the dance's own.
        """
        found, starts = pieces_of(joints)
        if not len(found):
            return float("nan")
        asked = (music_of(song, start_s + starts / FPS) - self.mean) / self.deviation
        allowed = np.flatnonzero(self.owners != without)
        far = ((asked[:, None] - self.music[allowed][None]) ** 2).sum(axis=2)
        nearest = allowed[far.argmin(axis=1)]
        own = embed(self.network, found)
        return float(((own - self.embedded[nearest]) ** 2).sum(axis=1).mean())


def enough(clips: Sequence[Clip]) -> bool:
    """Whether a library has the pieces with music that `CrossModal.fit` asks for."""
    sounding = [clip for clip in clips if clip.audio_path is not None]
    return sum(len(pieces_of(clip.poses)[0]) for clip in sounding) >= 2 * CLUSTERS


def pieces_of(joints: Array) -> tuple[Float32, Int64]:
    """Whole 5 s of a dance, (N, 30, 28) at 6 a second about their hips, and their first frames."""
    found, starts = [], []
    for start in range(0, len(joints) - _SIZE + 1, _SIZE):
        piece = np.asarray(joints[start : start + _SIZE : _EVERY, :_BODY, :2], dtype=np.float64)
        if np.isfinite(piece).all():
            piece = (piece - piece[:, _HIPS].mean(axis=(0, 1))) / BODY_PX
            found.append(piece.reshape(len(piece), -1))
            starts.append(start)
    shape = (-1, _SIZE // _EVERY, 2 * _BODY)
    return np.array(found, dtype=np.float32).reshape(shape), np.array(starts, dtype=np.int64)


def music_of(song: Path, starts_s: Float64) -> Float64:
    """Mean and deviation of Lee et al.'s features over 5 s of a song, (N, 56)."""
    features = audio.features(song, "lee").astype(np.float64)
    rows = []
    for start_s in starts_s:
        first = min(round(float(start_s) * FPS), len(features) - 1)
        heard = features[first : first + _SIZE]
        rows.append(np.concatenate([heard.mean(axis=0), heard.std(axis=0)]))
    return np.array(rows, dtype=np.float64).reshape(-1, 2 * features.shape[1])


def mmd(x: "torch.Tensor", y: "torch.Tensor") -> "torch.Tensor":
    """Maximum mean discrepancy of two sets (m, D), (n, D) with Gaussian kernels (eq. 8, 9)."""
    return _kernel(x, x).mean() - 2 * _kernel(x, y).mean() + _kernel(y, y).mean()


def mmd_nca(
    anchor: "torch.Tensor", alike: "torch.Tensor", others: "Sequence[torch.Tensor]"
) -> "torch.Tensor":
    """-log of eq. 11: sets of the anchor's kind near, those of every other kind far."""
    import torch

    near = torch.exp(-mmd(anchor, alike))
    far = torch.stack([torch.exp(-mmd(anchor, other)) for other in others]).sum()
    return -torch.log(near / far)


def embed(network: "nn.Module", pieces: Float32) -> Float32:
    """Embeddings (N, 32) of pieces (N, 30, 28)."""
    import torch

    network.eval()
    with torch.no_grad():
        embedded = network(torch.from_numpy(pieces)) if len(pieces) else torch.zeros(0, _OUT)
    return np.asarray(embedded.numpy(), dtype=np.float32)


def _kernel(x: "torch.Tensor", y: "torch.Tensor") -> "torch.Tensor":
    import torch

    squared = (x[:, None] - y[None]).square().sum(dim=2)
    parts = [torch.exp(-squared / (2 * width**2)) for width in BANDWIDTHS]
    return torch.stack(parts).sum(dim=0)


def _trained(
    pieces: Float32, kinds: Int64, steps: int, rng: np.random.Generator, seed: int
) -> "nn.Module":
    import torch

    present = [kind for kind in range(CLUSTERS) if (kinds == kind).sum() >= 2]
    by_kind = [np.flatnonzero(kinds == kind) for kind in present]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _metric_network()
        optimiser = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
        network.train()
        for _ in range(steps):
            drawn = [rng.choice(rows, 2 * _PER_KIND) for rows in by_kind]
            found = network(torch.from_numpy(pieces[np.concatenate(drawn)]))
            sets = found.view(len(by_kind), 2, _PER_KIND, -1)
            losses = [
                mmd_nca(sets[k, 0], sets[k, 1], [sets[j, 0] for j in range(len(sets)) if j != k])
                for k in range(len(sets))
            ]
            descend(optimiser, torch.stack(losses).mean())
    return network.eval()


def _metric_network() -> "nn.Module":
    import torch
    from torch import nn

    class Metric(nn.Module):
        """A bidirectional LSTM, LayerNorm, attention over time, unit length."""

        def __init__(self) -> None:
            super().__init__()
            self.recurrent = nn.LSTM(2 * _BODY, _WIDTH, batch_first=True, bidirectional=True)
            self.norm = nn.LayerNorm(2 * _WIDTH)
            self.score = nn.Linear(2 * _WIDTH, 1)
            self.out = nn.Linear(2 * _WIDTH, _OUT)

        def forward(self, pieces: torch.Tensor) -> torch.Tensor:
            states = self.norm(self.recurrent(pieces)[0])
            weights = self.score(states).softmax(dim=1)
            embedded: torch.Tensor = self.out((weights * states).sum(dim=1))
            return nn.functional.normalize(embedded, dim=1)

    return Metric()
