"""The person to be shown: a folder with frames, poses, background, consent and networks.

``person.json`` says what the rest is; ``frames.npy`` (N, S, S, 3) uint8, ``joints.npy``
(N, 18, 2) float32 in pixels of those frames, ``times.npy`` (N,) seconds of the video and
``background.png`` are made by `prepare`. Training adds ``run/`` and ``painter.safetensors``.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Bool, Float32, Float64
from danceit.errors import InputError
from danceit.files import replacing
from danceit.npz import read_npy

FORMAT = 1
DESCRIPTION = "person.json"
FRAMES, JOINTS, TIMES, BACKGROUND = "frames.npy", "joints.npy", "times.npy", "background.png"
NEIGHBOUR_S = 2.2 / 24
"""Frames no farther apart than this follow one another."""
GAP_S = 1.0
"""Seconds between frames that are learnt from and frames that judge; they belong to neither."""


@dataclass(frozen=True)
class Consent:
    """Who is shown and whether they agreed; written into the person and into each video."""

    name: str
    agreed: bool

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InputError("say who is shown: `who` is empty")
        if not self.agreed:
            raise InputError(
                f"{self.name} has not agreed to be shown in made-up videos: ask first, "
                "then give `consent`"
            )


@dataclass(frozen=True)
class Placing:
    """Where the person stands in the square pictures, in their pixels.

    Attributes
    ----------
    body_px : float
        Largest nose-to-ankle distance, at the distance at which the person mostly stood.
    floor_y : float
        Height of the lowest ankle there.
    centre_x : float
        Median of the mid-hip.
    reach_px : float
        How far to either side of it the footage shows the mid-hip.
    """

    body_px: float
    floor_y: float
    centre_x: float
    reach_px: float


@dataclass(frozen=True)
class Description:
    """What ``person.json`` holds.

    Attributes
    ----------
    size : int
        Side of the pictures in pixels.
    n_train : int
        Frames before this are for training.
    validation_start : int
        Frames from this on are for validation; what lies between belongs to neither.
    static_camera : bool
        Whether the background stands still, so that it may be painted in.
    """

    consent: Consent
    source: str
    size: int
    fps: float
    placing: Placing
    n_train: int
    validation_start: int
    static_camera: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A prepared person, read from its folder.

    Attributes
    ----------
    frames : uint8 (N, S, S, 3)
        Mapped from disk.
    joints : float32 (N, 18, 2)
    times_s : float64 (N,)
    background : uint8 (S, S, 3)
    """

    folder: Path
    about: Description
    frames: npt.NDArray[np.uint8]
    joints: Float32
    times_s: Float64
    background: npt.NDArray[np.uint8]

    @property
    def follows(self) -> Bool:
        """Whether each frame (N,) comes right after the one before it."""
        close = np.diff(self.times_s, prepend=-np.inf) < NEIGHBOUR_S
        return np.asarray(close, dtype=np.bool_)

    @cached_property
    def training(self) -> npt.NDArray[np.int64]:
        """Numbers of the frames to train on: each follows another and differs from it."""
        changed = np.ones(len(self.frames), dtype=bool)
        for index in range(1, self.about.n_train):
            changed[index] = not _same(self.frames[index - 1], self.frames[index])
        inside = np.arange(len(self.frames)) < self.about.n_train
        return np.flatnonzero(inside & self.follows & changed).astype(np.int64)

    def held(self, share: float) -> npt.NDArray[np.int64]:
        """Last `share` of the training frames' time, less a gap that keeps it apart.

        The gap is `GAP_S` as before the unseen part, but no more than half of it.
        """
        begin_s = self._held_from_s(share)
        length_s = self.times_s[self.about.n_train - 1] - begin_s
        after_s = begin_s + min(length_s / 2, GAP_S)
        held: npt.NDArray[np.int64] = self.training[self.times_s[self.training] > after_s]
        return held

    def unheld(self, share: float) -> npt.NDArray[np.int64]:
        """The training frames before those that `held` and its gap take."""
        if not share:
            return self.training
        begin_s = self._held_from_s(share)
        unheld: npt.NDArray[np.int64] = self.training[self.times_s[self.training] < begin_s]
        return unheld

    def _held_from_s(self, share: float) -> float:
        last_s = self.times_s[self.about.n_train - 1]
        return float(last_s - share * (last_s - self.times_s[0]))

    @property
    def validation(self) -> npt.NDArray[np.int64]:
        """Numbers of the frames that training never sees."""
        return np.arange(self.about.validation_start, len(self.frames), dtype=np.int64)

    @classmethod
    def load(cls, folder: Path) -> "Target":
        """Read a prepared person.

        Raises
        ------
        InputError
            If the folder is not one, is damaged, or was made by a newer danceit.
        """
        about = describe(folder)
        try:
            target = cls(
                folder=Path(folder),
                about=about,
                frames=np.load(folder / FRAMES, mmap_mode="r", allow_pickle=False),
                joints=read_npy(folder / JOINTS),
                times_s=read_npy(folder / TIMES),
                background=read_picture(folder / BACKGROUND, about.size),
            )
        except Exception as exc:  # headers are parsed as Python: tokenize, ast and numpy raise
            raise InputError(f"{folder} is damaged: {exc}; prepare the person again") from exc
        count, size = len(target.times_s), about.size
        if (
            target.frames.shape != (count, size, size, 3)
            or target.joints.shape != (count, 18, 2)
            or target.frames.dtype != np.uint8
            or {target.joints.dtype.kind, target.times_s.dtype.kind} != {"f"}
            or target.times_s.ndim != 1
            or not 0 < about.n_train <= about.validation_start < count
        ):
            raise InputError(f"{folder} is damaged: its files do not fit together; prepare again")
        return target


def describe(folder: Path) -> Description:
    """Read ``person.json`` alone; as `Target.load`."""
    path = Path(folder) / DESCRIPTION
    if not path.is_file():
        raise InputError(
            f"{folder} is no person: run `danceit person prepare VIDEO --out {folder}`"
        )
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if int(stored.pop("format")) > FORMAT:
            raise InputError(f"{folder} was made by a newer danceit; upgrade to use it")
        stored["consent"] = Consent(**stored["consent"])
        stored["placing"] = Placing(**stored["placing"])
        stored["warnings"] = tuple(stored["warnings"])
        return Description(**_known(stored))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InputError(f"{path} is damaged: {exc}; prepare the person again") from exc


def write_description(folder: Path, about: Description) -> None:
    """Write ``person.json``, the last file, which makes a folder a person."""
    with replacing(folder / DESCRIPTION) as temporary:
        text = json.dumps({"format": FORMAT, **asdict(about)}, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_picture(path: Path, size: int) -> npt.NDArray[np.uint8]:
    """Read a picture (size, size, 3).

    Raises
    ------
    InputError
        If it has another size; it is not unpacked then.
    """
    from PIL import Image

    with Image.open(path) as stored:
        if stored.size != (size, size):
            width, height = stored.size
            raise InputError(f"{path.name} has {width} x {height} pixels, not {size} x {size}")
        return np.asarray(stored.convert("RGB"), dtype=np.uint8)


def _known(stored: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(Description)}
    return {name: value for name, value in stored.items() if name in names}


SAME_LEVELS = 4
"""Two frames are one, repeated and re-encoded, where all but `MOVED_SHARE` of their pixels
differ by fewer levels."""
MOVED_SHARE = 0.003


def _same(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> bool:
    moved = np.abs(first.astype(np.int16) - second).max(axis=2) >= SAME_LEVELS
    return bool(moved.mean() < MOVED_SHARE)
