"""The two discriminators of Ren et al. (5.1-5.3, appendices C and D); both give out logits.

Poses are read by a two-branch convolutional network (HCN, Li et al. 2018): one branch sees
positions, the other differences in time, each first joint by joint, then all joints at once.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from danceit.data import N_JOINTS
from danceit.generate.ren.networks import WIDTH, MusicEncoder

LOCAL_FRAMES, LOCAL_STRIDE = 5, 3
"""t = 5 poses in K = 16 windows of the 50 of a piece (appendix H)."""
ATTENTION = 20
"""Of the release; the paper says l = 40."""


class Branch(nn.Module):
    """Positions or differences (N, 2, T, 18) to a map (N, 64, ..)."""

    def __init__(self, *, pooled: bool) -> None:
        super().__init__()
        shrink = (lambda: nn.MaxPool2d(2)) if pooled else nn.Identity
        self.points = nn.Sequential(nn.Conv2d(2, 64, 1), nn.ReLU())
        self.moments = nn.Conv2d(64, 32, (3, 1))
        self.together = nn.Sequential(nn.Conv2d(N_JOINTS, 32, 3, padding=1), shrink())
        self.wider = nn.Sequential(nn.Conv2d(32, 64, 3, padding=1), nn.Dropout2d(0.5), shrink())

    def maps(self, rows: Tensor) -> list[Tensor]:
        """What each of the four layers gives."""
        points = self.points(rows)
        moments = self.moments(points)
        together = self.together(moments.permute(0, 3, 2, 1))
        return [points, moments, together, self.wider(together)]


class PoseReader(nn.Module):
    """HCN: poses (N, T, 36) to features (N, out).

    Parameters
    ----------
    flat, inner, out : int
        Width of the last map laid flat, of the layer after it, and of the features.
    pooled : bool
        Whether maps are halved after each layer, as for whole pieces; windows of five frames
        are halved only once, at the end.
    """

    def __init__(self, flat: int, inner: int, out: int, *, pooled: bool) -> None:
        super().__init__()
        self.positions, self.differences = Branch(pooled=pooled), Branch(pooled=pooled)
        shrink = nn.MaxPool2d(2) if pooled else nn.Identity()
        self.joined = nn.Sequential(
            nn.Conv2d(128, 128, 3, padding=1), nn.ReLU(), nn.Dropout2d(0.5), shrink
        )
        self.last = nn.Sequential(
            nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.Dropout2d(0.5), nn.MaxPool2d(2)
        )
        self.features = nn.Sequential(
            nn.Linear(flat, inner), nn.ReLU(), nn.Dropout(0.5), nn.Linear(inner, out)
        )
        self.apply(_start)

    def maps(self, poses: Tensor) -> list[Tensor]:
        """What each of the six layers gives of poses, positions first: for feature matching."""
        n, t, _ = poses.shape
        rows = poses.view(n, t, N_JOINTS, 2).permute(0, 3, 1, 2)
        steps = rows[:, :, 1:] - rows[:, :, :-1]
        steps = interpolate(steps, size=(t, N_JOINTS), mode="bilinear", align_corners=False)
        found = self.positions.maps(rows)
        both = torch.cat([found[-1], self.differences.maps(steps)[-1]], dim=1)
        joined = self.joined(both)
        return [*found, joined, self.last(joined)]

    def forward(self, poses: Tensor) -> Tensor:
        """Read poses."""
        features: Tensor = self.features(self.maps(poses)[-1].flatten(1))
        return features


class LocalJudge(nn.Module):
    """D_local: whether each five poses of a piece move as bodies do."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = PoseReader(4096, 256, 1, pooled=False)

    def forward(self, poses: Tensor) -> Tensor:
        """Judge pieces (B, T, 36): logits (B, K)."""
        windows = poses.unfold(1, LOCAL_FRAMES, LOCAL_STRIDE).transpose(2, 3)
        n, k = windows.shape[:2]
        verdicts: Tensor = self.reader(windows.reshape(n * k, LOCAL_FRAMES, -1)).view(n, k)
        return verdicts


class Attention(nn.Module):
    """Self-attention over frames (eq. 2): features (B, T, 256) to one (B, 256).

    Parameters
    ----------
    printed : bool
        Weights -log softmax as in eq. 3, which gives the least of all to the frame that
        scores highest; else the release's softmax.
    """

    def __init__(self, *, printed: bool = False) -> None:
        super().__init__()
        self.printed = printed
        self.dropout = nn.Dropout(0.5)
        self.inner = nn.Linear(WIDTH, ATTENTION, bias=False)
        self.score = nn.Linear(ATTENTION, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Weigh frames."""
        scores = self.score(torch.tanh(self.inner(self.dropout(features))))[..., 0]
        weights = -scores.log_softmax(dim=1) if self.printed else scores.softmax(dim=1)
        weighed: Tensor = (weights[:, None] @ features)[:, 0]
        return weighed


class GlobalJudge(nn.Module):
    """D_global: whether a piece is danced to its music."""

    def __init__(self, *, printed_attention: bool = False) -> None:
        super().__init__()
        self.music = MusicEncoder()
        self.reader = PoseReader(1536, 512, WIDTH, pooled=True)
        self.attention = Attention(printed=printed_attention)
        self.pair = nn.Conv1d(2, 1, kernel_size=2)
        self.verdict = nn.Linear(WIDTH - 1, 1)

    def heard(self, sound: Tensor) -> Tensor:
        """What is heard of the music, (B, 256): the same for whatever is danced to it."""
        heard: Tensor = self.attention(self.music(sound))
        return heard

    def forward(self, poses: Tensor, heard: Tensor) -> Tensor:
        """Judge pieces (B, T, 36) beside what is heard (B, 256): logits (B,)."""
        both = torch.stack([heard, self.reader(poses)], dim=1)
        verdict: Tensor = self.verdict(self.pair(both)[:, 0])[:, 0]
        return verdict


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
