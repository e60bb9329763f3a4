"""Pictures from poses with trained networks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from danceit.data import Float32
from danceit.errors import InputError
from danceit.render.person import labels
from danceit.render.person.batches import as_pictures, as_tensor, label_of
from danceit.render.person.building import Trained
from danceit.render.person.configuration import PersonConfig
from danceit.render.person.guide import Behind
from danceit.render.person.networks import FaceGenerator, Painter
from danceit.render.person.steps import patches, put_back

Picture = npt.NDArray[np.uint8]

BATCH = 16
"""Frames painted at once where one does not depend on the one before."""


def device_for(asked: str) -> str:
    """``cuda`` where asked for or, for ``auto``, where there is a card; else ``cpu``.

    Raises
    ------
    InputError
        If a card is asked for and there is none.
    """
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA card here; use `device=cpu`")
    return asked


def lowered(config: PersonConfig, device: str) -> torch.autocast:
    """Context in which convolutions run at the configuration's precision."""
    card = device.startswith("cuda")
    half = config.precision == "bf16" or (
        config.precision == "auto" and card and torch.cuda.is_bf16_supported()
    )
    return torch.autocast("cuda" if card else "cpu", dtype=torch.bfloat16, enabled=half)


def paint(
    trained: Trained,
    joints: Iterable[Float32],
    behind: Behind,
    *,
    device: str = "cpu",
    face: bool = True,
) -> Iterator[Picture]:
    """Paint poses one after the other; memory does not grow with their number.

    Parameters
    ----------
    joints : iterable of float32 (18, 2)
        Pixels of the target's pictures.
    behind : callable
        From a pose to the picture behind it: `danceit.render.person.guide.behind_for`.
    face : bool
        Whether FaceGAN, where there is one, goes over the face.

    Yields
    ------
    uint8 (S, S, 3)

    Raises
    ------
    InputError
        If the card's memory does not hold a single frame.
    """
    at_once = 1 if trained.config.temporal else BATCH
    nothing = torch.zeros(1, 3, trained.config.size, trained.config.size, device=device)
    before = nothing
    waiting: list[Float32] = []

    def flush() -> Iterator[Picture]:
        nonlocal before
        before = before if trained.config.temporal else nothing
        shown = as_tensor(np.stack([behind(pose) for pose in waiting])).to(device)
        painted = paint_batch(trained, waiting, shown, before, device=device, face=face)
        waiting.clear()
        before = painted[0]
        yield from as_pictures(painted[1])

    try:
        for pose in joints:
            waiting.append(pose)
            if len(waiting) == at_once:
                yield from flush()
        if waiting:
            yield from flush()
    except torch.cuda.OutOfMemoryError as exc:
        raise InputError(
            f"the card's memory does not hold a frame of {trained.config.size} px: "
            "paint with `device=cpu`, or train a smaller size"
        ) from exc


@torch.no_grad()
def paint_batch(
    trained: Trained,
    poses: list[Float32],
    behind: Tensor,
    before: Tensor,
    *,
    device: str = "cpu",
    face: bool = True,
) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) before and after FaceGAN."""
    config = trained.config
    label = torch.from_numpy(np.stack([label_of(pose, config) for pose in poses])).to(device)
    with lowered(config, device), _core_left(device):
        earlier = before.expand(len(poses), -1, -1, -1)
        painted = trained.painter(label, earlier, behind).float()
        if trained.face is None or not face:
            return painted, painted
        side = config.face_patch
        corners = [labels.face_corner(pose, config.size, side) for pose in poses]
        return painted, with_face(trained.face, label, painted, corners, config)


@contextmanager
def _core_left(device: str) -> Iterator[None]:
    """Leave one of the processor's cores to the video encoder while painting on the others.

    Threads that wait for one another on cores that are not free are many times slower.
    """
    count = torch.get_num_threads()
    if device != "cpu" or count < 2:
        yield
        return
    torch.set_num_threads(count - 1)
    try:
        yield
    finally:
        torch.set_num_threads(count)


def with_face(
    face: FaceGenerator,
    label: Tensor,
    painted: Tensor,
    corners: list[tuple[int, int]],
    config: PersonConfig,
) -> Tensor:
    """Pictures with FaceGAN's residual at the face patches."""
    side, large = config.face_patch, config.face_px
    patch = patches(painted, corners, side, large)
    changed = face(patches(label, corners, side, large), patch)
    return put_back(painted, changed.float(), patch, corners, side)


def paint_plain(painter: Painter, config: PersonConfig, label: Tensor, behind: Tensor) -> Tensor:
    """Single frames (B, 3, S, S) with nothing before them, for validation during training."""
    nothing = torch.zeros(len(label), 3, config.size, config.size, device=label.device)
    painted: Tensor = painter(label, nothing, behind)
    return painted
