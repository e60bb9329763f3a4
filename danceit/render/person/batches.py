"""What training sees at each step, a function of the seed, the step and the worker alone.

So a run that goes on after a kill sees what it would have seen.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from danceit.data import JOINT, Float32
from danceit.errors import InputError
from danceit.render.person import labels
from danceit.render.person.configuration import PersonConfig
from danceit.render.person.guide import Guide
from danceit.render.person.target import Target

_HEAD = [JOINT[name] for name in ("right_eye", "left_eye", "right_ear", "left_ear")]
FEWEST_PAIRS = 24


@dataclass(frozen=True)
class PairBatch:
    """Pairs of neighbouring frames; where frames are painted singly, each is its own neighbour.

    Attributes
    ----------
    label, label_before : Tensor (B, L, S, S)
    real, real_before : Tensor (B, 3, S, S)
    behind, behind_before : Tensor (B, 3, S, S)
        What stands behind the person: the background or what guides.
    corners : tuple of (left, top)
        Of each frame's face patch.
    """

    label: Tensor
    label_before: Tensor
    real: Tensor
    real_before: Tensor
    behind: Tensor
    behind_before: Tensor
    corners: tuple[tuple[int, int], ...]


class PairBatches:
    """Draws batches from a target's training frames.

    Raises
    ------
    InputError
        If the target's pictures are of another size or too few follow one another.
    """

    def __init__(self, target: Target, config: PersonConfig, device: str = "cpu") -> None:
        if target.about.size != config.size:
            raise InputError(
                f"{target.folder} was prepared at {target.about.size} px and cannot be trained at "
                f"{config.size}: prepare it again at that size"
            )
        self._target, self._config, self._device = target, config, device
        self._chosen = target.unheld(config.held_share)
        if len(self._chosen) < FEWEST_PAIRS:
            raise InputError(
                f"{target.folder} has {len(self._chosen)} frames to train on that follow one "
                f"another and differ; at least {FEWEST_PAIRS} are needed"
            )
        self._guide = Guide(target) if config.guided else None

    def __len__(self) -> int:
        return len(self._chosen)

    def at(self, step: int, batch: int, worker: int = 0) -> PairBatch:
        """Batch of a step for one of several workers."""
        rng = np.random.default_rng([self._config.seed, step, worker])
        chosen = rng.choice(self._chosen, size=batch, replace=len(self._chosen) < batch)
        bare = rng.random(batch) < self._config.drop_face
        return self.of(np.sort(chosen), bare)

    def of(self, chosen: npt.NDArray[np.int64], bare: npt.NDArray[np.bool_]) -> PairBatch:
        """Batch of the frames `chosen`; those `bare` are drawn without eyes and ears."""
        target = self._target
        label, real, behind = self._shown(chosen, bare)
        before = label, real, behind
        if self._config.temporal:
            before = self._shown(chosen - 1, bare)
        patch = self._config.face_patch
        return PairBatch(
            label=label,
            label_before=before[0],
            real=real,
            real_before=before[1],
            behind=behind,
            behind_before=before[2],
            corners=tuple(
                labels.face_corner(target.joints[index], self._config.size, patch)
                for index in chosen.tolist()
            ),
        )

    def _shown(
        self, chosen: npt.NDArray[np.int64], bare: npt.NDArray[np.bool_]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Label, picture and what stands behind of some frames."""
        real = as_tensor(self._target.frames[chosen]).to(self._device)
        return self._labels(chosen, bare), real, self._behind(chosen)

    def _behind(self, chosen: npt.NDArray[np.int64]) -> Tensor:
        target, guide = self._target, self._guide
        if guide is None:
            background = as_tensor(target.background[None]).to(self._device)
            return background.expand(len(chosen), -1, -1, -1)
        pictures = [guide.picture(target.joints[i], guide.apart(i)) for i in chosen.tolist()]
        return as_tensor(np.stack(pictures)).to(self._device)

    def _labels(self, chosen: npt.NDArray[np.int64], bare: npt.NDArray[np.bool_]) -> Tensor:
        drawn = []
        for index, without in zip(chosen.tolist(), bare.tolist(), strict=True):
            joints = self._target.joints[index].copy()
            if without:
                joints[_HEAD] = np.nan
            drawn.append(label_of(joints, self._config))
        return torch.from_numpy(np.stack(drawn)).to(self._device)


def label_of(joints: Float32, config: PersonConfig) -> Float32:
    """Label (L, S, S) of a pose (18, 2) in pixels of the target's pictures."""
    return labels.label(joints, config.size, heat_maps=config.heat_maps)


def as_tensor(pictures: npt.NDArray[np.uint8]) -> Tensor:
    """(B, S, S, 3) from 0 to 255 as (B, 3, S, S) from -1 to 1."""
    scaled = np.asarray(pictures, dtype=np.float32) / 127.5 - 1
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))


def as_pictures(tensor: Tensor) -> npt.NDArray[np.uint8]:
    """(B, 3, S, S) from -1 to 1 as (B, S, S, 3) from 0 to 255."""
    levels = (tensor.detach().float().clamp(-1, 1) + 1).mul(127.5).round().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).cpu().numpy())
