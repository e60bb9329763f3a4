"""The nouns every room shares: skeleton, recording, clip, music, dance.

Conventions
-----------
- Axes are named by one letter: T frames, J joints, C coordinates (2 or 3).
- x points right, y down, z away from the camera; dropping z gives the picture.
- Poses of a `Clip` and a `Dance` are in canvas pixels at 24 frames per second.
- Stretches of frames are half-open, times are in seconds.
- Joints that a source lacks are NaN and stay NaN; nothing reads them as zero.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.counts import Counts
from danceit.errors import InputError
from danceit.files import replacing

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FPS = 24.0
"""Frames per second of every clip and dance (DanceIt III-A)."""
CANVAS_PX = 512
BODY_PX = 360.0
"""Largest nose-to-ankle distance of a clip after scaling (DanceIt V-D2)."""
FLOOR_PX = 464.0
"""Canvas height, y, at which a clip's lowest ankle stands."""
SEAM_PX = 10.0
"""Joint displacement between two frames from which they count as discontinuous (DanceIt IV-C)."""
FRAGMENT_LENGTHS = (24, 48, 72, 96)
"""Fragment lengths in frames: 1 to 4 s."""

JOINT_NAMES = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
"""COCO-18 in OpenPose's order."""
N_JOINTS = len(JOINT_NAMES)
JOINT = {name: index for index, name in enumerate(JOINT_NAMES)}
BONES = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
MIRRORED = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)
"""For each joint, the joint that takes its place when left and right are swapped."""
HANDS = (JOINT["right_wrist"], JOINT["left_wrist"])
FEET = (JOINT["right_ankle"], JOINT["left_ankle"])

DANCE_FORMAT = 1
"""Version of the dance file written by this release; newer ones are refused."""


@dataclass(frozen=True)
class Recording:
    """One performance as its source gives it, before cleaning.

    Attributes
    ----------
    recording_id : str
        Name that is unique within the data folder (its relative path).
    path : Path
        The folder or file that was read.
    poses : float32 (T, 18, C)
        Source units, axes as in the module docstring; undetected joints are NaN.
    times_s : float64 (T,)
        Seconds into `audio_path` (or, without audio, into the recording); increasing.
    audio_path, video_path : Path or None
        A video with sound is both.
    files : tuple of Path
        Every file that was read; their hashes decide whether a rebuild is needed.
    style, dancer, licence : str
        Empty where unknown.
    notes : tuple of str
        What the reader had to assume, such as a frame rate; shown to the user.
    """

    recording_id: str
    path: Path
    poses: Float32
    times_s: Float64
    audio_path: Path | None = None
    video_path: Path | None = None
    files: tuple[Path, ...] = ()
    style: str = ""
    dancer: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clip:
    """A continuous stretch of one cleaned recording: 24 fps, canvas pixels.

    Attributes
    ----------
    clip_id : str
        The recording's id, with ``#n`` appended where cleaning cut it into several.
    recording_id : str
        Clips of one recording share a song and a dancer and are split together.
    poses : float32 (T, 18, C)
        Frame i is at ``start_s + i / 24`` seconds into the audio.
    path : Path
        The folder or file that the recording came from.
    start_s : float
        Seconds into `audio_path` at frame 0.
    """

    clip_id: str
    recording_id: str
    poses: Float32
    path: Path
    start_s: float = 0.0
    audio_path: Path | None = None
    video_path: Path | None = None
    style: str = ""
    dancer: str = ""
    licence: str = ""

    @property
    def n_frames(self) -> int:
        """T, the number of frames."""
        return int(self.poses.shape[0])

    @property
    def dims(self) -> int:
        """C, 2 or 3."""
        return int(self.poses.shape[2])


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


@dataclass(frozen=True)
class Placement:
    """One fragment as placed in a dance; DESIGN's ``meta.fragments``.

    `source` is the path of the clip's recording; `start_s` and `end_s` are seconds
    into that source's media; `window_start_s` is where it stands in the song.
    `distance` is the squared L2 distance of the embeddings (smaller is better),
    `rank` counts from 0, `join_cost` is that of the seam before this fragment.
    """

    fragment_id: str
    clip_id: str
    source: str
    start_s: float
    end_s: float
    window_start_s: float
    distance: float
    rank: int
    join_cost: float
    style: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Dance:
    """A dance to one song; every frame can be traced to its source.

    Attributes
    ----------
    joints : float32 (T, 18, C)
        Canvas pixels.
    seams : int64 (S,)
        Frames at which a new fragment starts; the first frame is not a seam, nor is
        one where the source simply goes on.
    beats_s : float64 (B,)
        The song's beats.
    source_index : int32 (T,)
        Into `fragments`.
    source_s : float64 (T,)
        Seconds into that fragment's source shown by each frame.
    fragments : tuple of Placement
    meta : dict
        ``song``, ``song_sha256``, ``song_duration_s``, ``index_id``, ``encoder_id`` and
        ``steps``, a list of ``{"step", "method", "options"}`` in the order taken.
    """

    joints: Float32
    seams: Int64
    beats_s: Float64
    source_index: Int32
    source_s: Float64
    fragments: tuple[Placement, ...]
    meta: Mapping[str, Any]
    fps: float = FPS

    def __post_init__(self) -> None:
        _check_dance(self)

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
        """Return a copy with some arrays replaced and the step recorded in ``meta``."""
        steps = [*self.meta.get("steps", []), dict(step=step, method=method, options=dict(options))]
        return replace(
            self,
            joints=self.joints if joints is None else joints.astype(np.float32),
            source_index=self.source_index if source_index is None else source_index,
            source_s=self.source_s if source_s is None else source_s,
            seams=self.seams if seams is None else seams,
            meta={**self.meta, "steps": steps},
        )

    def save(self, path: Path) -> None:
        """Write a ``*.dance.npz`` that `numpy.load(..., allow_pickle=False)` reads."""
        meta = {
            "format": DANCE_FORMAT,
            **self.meta,
            "fragments": [asdict(placement) for placement in self.fragments],
        }
        # In memory first: on a full disk zipfile adds a traceback of its own to the error.
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            joints=self.joints,
            fps=np.float64(self.fps),
            seams=self.seams,
            beats=self.beats_s,
            source_index=self.source_index,
            source_s=self.source_s,
            joint_names=np.array(JOINT_NAMES),
            meta=np.array(json.dumps(meta)),
        )
        with replacing(path) as temporary:
            temporary.write_bytes(packed.getbuffer())

    @classmethod
    def load(cls, path: Path) -> "Dance":
        """Read a dance file.

        Raises
        ------
        InputError
            If the file is missing, not a dance, damaged, or of a newer format.
        """
        arrays = _read_npz(Path(path))
        try:
            meta = json.loads(str(arrays["meta"]))
            if int(meta.pop("format", 0)) > DANCE_FORMAT:
                raise InputError(f"{path} was written by a newer danceit; upgrade to read it")
            known = {field.name for field in fields(Placement)}
            placements = tuple(
                Placement(**{key: value for key, value in row.items() if key in known})
                for row in meta.pop("fragments")
            )
            return cls(
                joints=arrays["joints"].astype(np.float32),
                seams=arrays["seams"].astype(np.int64),
                beats_s=arrays["beats"].astype(np.float64),
                source_index=arrays["source_index"].astype(np.int32),
                source_s=arrays["source_s"].astype(np.float64),
                fragments=placements,
                meta=meta,
                fps=float(arrays["fps"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise InputError(f"{path} is not a dance file: {exc}") from exc


def mirrored(poses: Float32) -> Float32:
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


def _read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    if not path.exists():
        raise InputError(f"no such file: {path}")
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected a dance file, such as song.dance.npz")
    try:
        # An open stream, because numpy leaves a damaged file that it opened itself open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, AttributeError) as exc:
        raise InputError(f"{path} is not a readable .npz file: {exc}") from exc


def _check_dance(dance: Dance) -> None:
    check_poses(dance.joints, "a dance's joints")
    n_frames = dance.n_frames
    for name in ("source_index", "source_s"):
        array = getattr(dance, name)
        if array.shape != (n_frames,):
            raise InputError(
                f"a dance's {name} must have one entry a frame ({n_frames}); got {array.shape}"
            )
    if n_frames and not 0 <= int(dance.source_index.min()) <= int(dance.source_index.max()) < len(
        dance.fragments
    ):
        raise InputError("a dance's source_index points outside its fragments")
    if dance.seams.size and not 0 < int(dance.seams.min()) <= int(dance.seams.max()) < n_frames:
        raise InputError(f"a dance's seams must lie within its {n_frames} frames")
