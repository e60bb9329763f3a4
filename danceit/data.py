"""The nouns every room shares: skeleton, recording, clip, music, dance.

Conventions
-----------
- Axes are named by one letter: T frames, J joints, C coordinates (2 or 3).
- x points right, y down, z away from the camera. Dropping z gives a dance as seen from straight
  ahead and far away: of poses solved from video, the picture but for a camera's tilt and nearness.
- Poses of a `Clip` and a `Dance` are in canvas pixels at 24 frames per second.
- Stretches of frames are half-open, times are in seconds.
- Joints that a source lacks are NaN and stay NaN; nothing reads them as zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from danceit.clips import Clip, Performer, Recording, clip_name, person_of
from danceit.counts import Counts, metre_of
from danceit.errors import InputError
from danceit.provenance import Choice, DanceSong, Placement, RunnerUp, Step
from danceit.skeleton import (
    BODIES,
    BODY_PX,
    BONES,
    CANVAS_PX,
    FACE,
    FEET,
    FLOOR_PX,
    FPS,
    FRAGMENT_LENGTHS,
    HANDS,
    JOINT,
    JOINT_NAMES,
    MIRRORED,
    N_JOINTS,
    SEAM_PX,
    Bool,
    Float32,
    Float64,
    Int32,
    Int64,
)

__all__ = [
    "BODIES", "BODY_PX", "BONES", "Bool", "CANVAS_PX", "Choice", "Clip", "Dance", "DanceSong",
    "FACE", "FEET", "FLOOR_PX", "FPS", "FPS_LIMITS", "FRAGMENT_LENGTHS", "Float32", "Float64",
    "HANDS", "Int32", "Int64", "JOINT", "JOINT_NAMES", "MIRRORED", "Music", "N_JOINTS", "Performer",
    "Placement", "Recording", "RunnerUp", "SEAM_PX", "Step", "check_poses", "clip_name",
    "mirrored", "person_of",
]  # fmt: skip

FARTHEST_PX = 1e6
"""Canvas pixels, 4 km, beyond which no dance goes: damaged numbers, or infinite ones."""
FPS_LIMITS = (1.0, 240.0)
"""Frames per second that a dance may have."""
_KINDS: Mapping[str, type[np.generic]] = {
    "joints": np.float32, "seams": np.int64, "beats_s": np.float64, "numbers": np.int32,
    "source_index": np.int32, "source_s": np.float64,
}  # fmt: skip
"""Arrays of a dance and what they are made of."""


@dataclass(frozen=True)
class Music:
    """What the engine knows of a song.

    Attributes
    ----------
    path : Path
    sha256 : str
        Hash of the file's bytes.
    duration_s : float
        Of the decoded sound.
    counts : Counts
        Beats, their numbers in the bar, sections; without beats where none were found.
    """

    path: Path
    sha256: str
    duration_s: float
    counts: Counts

    @property
    def beats_s(self) -> Float64:
        """Beat times (B,), increasing; empty where none were found."""
        return self.counts.beats_s

    @property
    def tempo_bpm(self) -> float:
        """Beats per minute; 0 where none were found."""
        return self.counts.tempo_bpm

    @property
    def n_frames(self) -> int:
        """Frames of a dance to this song: its length x 24, rounded down."""
        return int(np.floor(self.duration_s * FPS + 1e-9))


@dataclass(frozen=True, repr=False)
class Dance:
    """A dance to one song; every frame can be traced to its source.

    Attributes
    ----------
    joints : float32 (T, 18, C)
        Canvas pixels.
    seams : int64 (S,)
        Frames at which a new fragment starts, increasing; the first frame is not a seam, nor
        is one where the source simply goes on.
    beats_s : float64 (B,)
        The song's beats, increasing.
    source_index : int32 (T,)
        Into `fragments`.
    source_s : float64 (T,)
        Seconds into that fragment's source shown by each frame.
    fragments : tuple of Placement
    song : DanceSong or None
        None where it is not known.
    steps : tuple of Step
        What was done, in the order taken.
    choices : tuple of Choice
        For each fragment, what it was chosen from; empty where nothing is on record.
    index_id, encoder_id : str
        Of the index that it was chosen from; empty where it was not.
    numbers : int32 (B,)
        Place in the bar of each beat, 1 first; 0 where it is not known.
    fps : float

    Raises
    ------
    InputError
        If the parts do not fit one another; see the module docstring for what they must be.
    """

    joints: Float32
    seams: Int64
    beats_s: Float64
    source_index: Int32
    source_s: Float64
    fragments: tuple[Placement, ...]
    song: DanceSong | None = None
    steps: tuple[Step, ...] = ()
    choices: tuple[Choice, ...] = ()
    index_id: str = ""
    encoder_id: str = ""
    numbers: Int32 = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    fps: float = FPS

    def __post_init__(self) -> None:
        if not np.size(self.numbers):
            object.__setattr__(self, "numbers", np.zeros(np.shape(self.beats_s), dtype=np.int32))
        _check_dance(self)
        for name, kind in _KINDS.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=kind))

    @property
    def counts(self) -> Counts:
        """Its song's beats and bars, as it carries them: without sections."""
        return Counts(self.beats_s, self.numbers, metre_of(self.numbers))

    @property
    def n_frames(self) -> int:
        """T, the number of frames."""
        return int(self.joints.shape[0])

    @property
    def dims(self) -> int:
        """C, 2 or 3."""
        return int(self.joints.shape[2])

    def with_step(
        self,
        step: str,
        method: str,
        options: Mapping[str, Any],
        *,
        joints: Float32 | None = None,
        source_index: Int32 | None = None,
        source_s: Float64 | None = None,
        seams: Int64 | None = None,
    ) -> "Dance":
        """Return a copy with some arrays replaced and the step recorded.

        Raises
        ------
        InputError
            If an array or an option is none that a dance file can hold.
        """
        return replace(
            self,
            joints=self.joints if joints is None else joints,
            source_index=self.source_index if source_index is None else source_index,
            source_s=self.source_s if source_s is None else source_s,
            seams=self.seams if seams is None else seams,
            steps=(*self.steps, Step(step, method, options)),
        )

    def mirrored(self) -> "Dance":
        """Return its mirror image, which each of its fragments says of itself too."""
        turned = tuple(replace(placed, mirrored=not placed.mirrored) for placed in self.fragments)
        return replace(self, joints=mirrored(self.joints), fragments=turned)

    def save(self, path: str | Path) -> None:
        """Write a ``*.dance.npz`` that `numpy.load(..., allow_pickle=False)` reads."""
        from danceit.dance_file import write_dance

        write_dance(self, path)

    @classmethod
    def load(cls, path: str | Path) -> "Dance":
        """Read a dance file.

        Raises
        ------
        InputError
            If the file is missing, not a dance, damaged, or of a newer format.
        """
        from danceit.dance_file import read_dance

        return read_dance(path)

    def _repr_png_(self) -> bytes | None:
        """Show a contact sheet in a notebook; of a dance that cannot be drawn, only its line."""
        from danceit.render.drawing.picture import notebook_png

        return notebook_png(self) if self.n_frames and self.fragments else None

    def __repr__(self) -> str:
        to = f" to {self.song.path.name}" if self.song else ""
        clips = len({placed.clip_id for placed in self.fragments})
        made = " -> ".join(map(str, self.steps)) or "nothing on record"
        return (
            f"<Dance{to}: {self.n_frames / self.fps:.1f} s in {self.dims}-D, "
            f"{len(self.fragments)} fragments of {clips} clips, {len(self.seams)} seams, "
            f"{len(self.beats_s)} beats; {made}>"
        )


_Poses = TypeVar("_Poses", Float32, Float64)


def mirrored(poses: _Poses) -> _Poses:
    """Poses (..., 18, C) seen in a mirror: x reversed about the canvas, left and right swapped."""
    flipped = poses[..., list(MIRRORED), :].copy()
    flipped[..., 0] = CANVAS_PX - flipped[..., 0]
    return flipped


def check_poses(poses: npt.NDArray[Any], what: str = "poses") -> None:
    """Check the shape (T, 18, C) of poses from outside.

    Raises
    ------
    InputError
        Saying what came instead and the likely cause.
    """
    shape = poses.shape
    wanted = f"{what} must have shape (T, {N_JOINTS}, 2 or 3)"
    if poses.dtype.kind not in "fiu":
        raise InputError(f"{wanted} and be numbers; got {poses.dtype}")
    if len(shape) != 3:
        raise InputError(f"{wanted}; got {shape}")
    if shape[1] != N_JOINTS:
        cause = (
            ": transposed?" if N_JOINTS in shape else f": another skeleton of {shape[1]} joints?"
        )
        raise InputError(f"{wanted}; got {shape}{cause}")
    if shape[2] not in (2, 3):
        raise InputError(f"{wanted}; got {shape}")


def _check_dance(dance: Dance) -> None:
    """Check what is given before it is made the arrays of `_KINDS`."""
    check_poses(np.asarray(dance.joints), "a dance's joints")
    if not FPS_LIMITS[0] <= dance.fps <= FPS_LIMITS[1]:
        low, high = FPS_LIMITS
        raise InputError(f"a dance's fps must be from {low:g} to {high:g}; got {dance.fps}")
    if (np.abs(dance.joints) > FARTHEST_PX).any():
        farthest = np.nanmax(np.abs(dance.joints))
        raise InputError(
            f"a dance's joints must be canvas pixels, up to {FARTHEST_PX:g}; got {farthest:g}"
        )
    n_frames = dance.n_frames
    for name in ("source_index", "source_s"):
        array = np.asarray(getattr(dance, name))
        if array.shape != (n_frames,):
            raise InputError(
                f"a dance's {name} must have one entry a frame ({n_frames}); got {array.shape}"
            )
    for name in ("seams", "source_index", "numbers"):
        array = np.asarray(getattr(dance, name))
        if array.size and array.dtype.kind not in "iu":
            raise InputError(f"a dance's {name} must be whole numbers; got {array.dtype}")
    for name in ("beats_s", "source_s"):
        array = np.asarray(getattr(dance, name))
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise InputError(f"a dance's {name} must be finite numbers of seconds")
    for name in ("seams", "beats_s"):
        array = np.asarray(getattr(dance, name))
        if array.ndim != 1 or (np.diff(array) <= 0).any():
            raise InputError(f"a dance's {name} must be a list that increases; got {array.shape}")
    if np.shape(dance.numbers) != np.shape(dance.beats_s):
        raise InputError(
            f"each of {len(dance.beats_s)} beats needs its number in the bar; "
            f"got {np.shape(dance.numbers)}"
        )
    index, seams = np.asarray(dance.source_index), np.asarray(dance.seams)
    if n_frames and not 0 <= int(index.min()) <= int(index.max()) < len(dance.fragments):
        raise InputError("a dance's source_index points outside its fragments")
    if seams.size and not 0 < int(seams[0]) <= int(seams[-1]) < n_frames:
        raise InputError(f"a dance's seams must lie within its {n_frames} frames")
    if dance.choices and len(dance.choices) != len(dance.fragments):
        raise InputError(
            f"a dance of {len(dance.fragments)} fragments needs as many choices, or none; "
            f"got {len(dance.choices)}"
        )
