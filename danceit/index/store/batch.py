"""What enters a store: clips with all their fragments, checked once and then trusted."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danceit.counts import Counts
from danceit.data import Clip, Float32, Int64, check_poses
from danceit.errors import InputError


@dataclass(frozen=True)
class ClipEntry:
    """A clip as it enters a store.

    `tempo_bpm` is that of its music (0 where unknown), `file_hash` that of the contents of
    the recording's files: as long as it is the same, nothing needs to be done again.
    `counts` are those of its music, in seconds of it; None where nobody counted for sure.
    """

    clip: Clip
    tempo_bpm: float = 0.0
    file_hash: str = ""
    counts: Counts | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """Columns of it in a table of clips; paths are absolute, "" where there is none."""
        clip = self.clip
        return {
            "clip_id": clip.clip_id,
            "recording_id": clip.recording_id,
            "source": _absolute(clip.path),
            "audio": _absolute(clip.audio_path),
            "video": _absolute(clip.video_path),
            "style": clip.style,
            "dancer": clip.dancer,
            "licence": clip.licence,
            "tempo_bpm": float(self.tempo_bpm),
            "body": clip.body,
            "sure": float(clip.sure),
            "start_s": float(clip.start_s),
            "n_frames": clip.n_frames,
            "file_hash": self.file_hash,
            "counts": self.counts.as_text() if self.counts is not None else "",
        }


@dataclass(frozen=True)
class FragmentBatch:
    """Clips with all their fragments, ready to be stored.

    Attributes
    ----------
    clips : tuple of ClipEntry
    clip : int64 (N,)
        For each fragment, the position of its clip in `clips`.
    start_frame, n_frames : int64 (N,)
    energy : float32 (N,)
        Canvas pixels per second.
    pose_vectors : float32 (N, D)
        Finite.
    audio_vectors : float32 (N, A)
        A row is finite, or NaN throughout where the fragment has no music; such a
        fragment is never found by audio.
    """

    clips: tuple[ClipEntry, ...]
    clip: Int64
    start_frame: Int64
    n_frames: Int64
    energy: Float32
    pose_vectors: Float32
    audio_vectors: Float32

    def __post_init__(self) -> None:
        _check_batch(self)

    def __len__(self) -> int:
        return int(self.clip.shape[0])


def _check_batch(batch: FragmentBatch) -> None:
    n_rows = len(batch)
    for name in ("clip", "start_frame", "n_frames", "energy"):
        shape = getattr(batch, name).shape
        if shape != (n_rows,):
            raise InputError(f"{name} must have one entry a fragment ({n_rows},); got {shape}")
    for name in ("pose_vectors", "audio_vectors"):
        shape = getattr(batch, name).shape
        if len(shape) != 2 or shape[0] != n_rows or not shape[1]:
            raise InputError(f"{name} must have shape ({n_rows}, D); got {shape}")
    if not np.isfinite(batch.pose_vectors).all():
        raise InputError("pose vectors must be finite; got NaN or infinity: a diverged encoder?")
    finite = np.isfinite(batch.audio_vectors)
    if not (finite.all(axis=1) | np.isnan(batch.audio_vectors).all(axis=1)).all():
        raise InputError("audio vectors must be finite, or NaN throughout where there is no music")
    if not np.isfinite(batch.energy).all():
        raise InputError("energy must be finite")
    for entry in batch.clips:
        check_poses(entry.clip.poses, f"poses of clip {entry.clip.clip_id}")
        if np.isinf(entry.clip.poses).any():
            raise InputError(f"poses of clip {entry.clip.clip_id} hold infinity")
        _check_names(entry)
    if n_rows:
        _check_ranges(batch)


def _check_names(entry: ClipEntry) -> None:
    clip = entry.clip
    paths = [str(path or "") for path in (clip.path, clip.audio_path, clip.video_path)]
    for name in (clip.clip_id, clip.recording_id, clip.style, clip.dancer, clip.licence, *paths):
        try:
            name.encode("utf-8")
        except UnicodeEncodeError as exc:
            raise InputError(f"the name {name!r} is not text in UTF-8; rename it") from exc


def _absolute(path: Path | None) -> str:
    return "" if path is None else os.path.abspath(path)


def _check_ranges(batch: FragmentBatch) -> None:
    if batch.clip.min() < 0 or batch.clip.max() >= len(batch.clips):
        raise InputError(f"fragments name clips outside the {len(batch.clips)} of their batch")
    frames = np.array([entry.clip.n_frames for entry in batch.clips])[batch.clip]
    outside = (batch.start_frame < 0) | (batch.n_frames < 1)
    outside |= batch.start_frame + batch.n_frames > frames
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        clip_id = batch.clips[int(batch.clip[first])].clip.clip_id
        raise InputError(f"a fragment lies outside its clip {clip_id}")
