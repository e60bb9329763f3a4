"""What every reader checks before it hands a recording on.

Input is checked here, at the boundary: sizes before memory is taken, JSON before it
is trusted, shapes and times before cleaning sees them. Every message is one line that
names the file.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import FEET, Float32, Float64, Performer, Recording, check_poses
from danceit.errors import InputError
from danceit.index.sources.axes import standing
from danceit.index.sources.media import sound_duration_s

MAX_FILE_BYTES = 1 << 30
"""Largest file of poses that is read; a 10-hour recording of 18 joints takes 190 MB."""

FARTHEST = 1e9
"""Millimetres or pixels beyond which nothing is a place: 1 000 km."""
MIN_FPS = 8.0
"""Slowest that shows a dance: a step takes a quarter of a second."""
MAX_FPS = 10_000.0
MAX_START_S = 1e6
UNLIKE = 0.1
"""Share by which poses and their song may differ in length if both show the whole dance."""
MAX_SPAN_S = 24 * 3600.0
"""Longest recording, which is put on a grid of 24 frames a second, gaps and all."""
MAX_FRAMES = 4_000_000
"""Most frames of one recording: an hour at 1 000 a second, 37 hours at 30."""
FEET_SEEN = 0.2
"""Share of the frames that must show both feet for anything to be said by them."""


def head_of(path: Path, n_bytes: int) -> bytes:
    """The first bytes of a file, by which a reader knows it; none where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(n_bytes)
    except OSError:
        return b""


def checked(recording: Recording) -> Recording:
    """Return `recording` if it is fit for cleaning.

    Half-known joints are made unknown, and frames before or after the sound are left out:
    a dance is learnt with its music.

    Raises
    ------
    InputError
        If the poses have another shape, no joint is ever finite, the times do not
        increase, or none of them lies within the sound.
    """
    what = f"{recording.path}: poses"
    check_poses(recording.poses, what)
    n_frames = recording.poses.shape[0]
    check_frames(n_frames, recording.path)
    known = (np.abs(recording.poses) <= FARTHEST).all(axis=2)
    if not known.any():
        raise InputError(
            f"{what} have no joint in any of {n_frames} frames (NaN everywhere): nobody detected?"
        )
    times_s = recording.times_s
    if times_s.shape != (n_frames,):
        raise InputError(f"{what} have {n_frames} frames but {times_s.shape[0]} times")
    if not np.isfinite(times_s).all() or (np.diff(times_s) <= 0).any():
        raise InputError(f"{recording.path}: the frames' times must increase: frames out of order?")
    apart_s = float(np.median(np.diff(times_s)))
    if apart_s * MIN_FPS > 1.0 + 1e-6:
        raise InputError(
            f"{recording.path}: its frames are {apart_s:.3g} s apart; a dance needs {MIN_FPS:g} "
            "a second: single pictures or key poses, or times in another unit?"
        )
    span_s = float(times_s[-1] - times_s[0])
    if span_s > MAX_SPAN_S:
        raise InputError(
            f"{recording.path}: its {n_frames} frames span {span_s:.0f} s, over "
            f"{MAX_SPAN_S:.0f}: times in another unit?"
        )
    poses = _whole_joints(recording.poses)
    whole = replace(
        recording,
        poses=poses,
        times_s=times_s.astype(np.float64),
        others=tuple(replace(each, poses=_whole_joints(each.poses)) for each in recording.others),
        notes=(*recording.notes, *_headlong(poses)),
    )
    return whole if recording.audio_path is None else _within_sound(whole, recording.audio_path)


def _whole_joints(poses: Float32) -> Float32:
    known = (np.abs(poses) <= FARTHEST).all(axis=2)
    return np.where(known[..., None], poses, np.nan).astype(np.float32)


def _headlong(poses: Float32) -> tuple[str, ...]:
    """Say so where the body stands on its head most of the time.

    Not where feet are seldom seen: out of the picture they are guessed.
    """
    if np.isfinite(poses[:, FEET]).all(axis=(1, 2)).mean() < FEET_SEEN:
        return ()
    way = standing(poses.astype(np.float64))
    if way is None or way[1] <= 0:
        return ()
    return ("heads lie under feet in most frames: upside down?",)


def _within_sound(recording: Recording, song: Path) -> Recording:
    duration_s = sound_duration_s(song)
    heard = (recording.times_s >= 0) & (recording.times_s <= duration_s)
    if heard.sum() < 2:
        raise InputError(
            f"{recording.path}: its frames, from {recording.times_s[0]:.2f} s on, lie outside "
            f"the {duration_s:.2f} s of {song.name}: another song, or cut off?"
        )
    lost = int((~heard).sum())
    note = f"{lost} frames outside the {duration_s:.2f} s of {song.name} left out"
    return replace(
        recording,
        poses=recording.poses[heard],
        times_s=recording.times_s[heard],
        sure=None if recording.sure is None else recording.sure[heard],
        others=tuple(
            Performer(each.poses[heard], None if each.sure is None else each.sure[heard])
            for each in recording.others
        ),
        notes=(*recording.notes, note) if lost else recording.notes,
    )


def unlike_song(times_s: Float64, song: Path) -> tuple[str, ...]:
    """Say so where poses that are to begin with their song last much longer or shorter."""
    duration_s = sound_duration_s(song)
    span_s = float(times_s[-1] - times_s[0])
    if abs(span_s - duration_s) <= UNLIKE * duration_s:
        return ()
    return (
        f"the poses last {span_s:.1f} s, {song.name} {duration_s:.1f} s: they are taken to begin "
        "together",
    )


def check_frames(n_frames: int, path: Path) -> None:
    """Refuse what is too short to move, or longer than any recording.

    Raises
    ------
    InputError
    """
    if n_frames < 2:
        held = "no frame" if n_frames == 0 else "one frame: a pose, not a movement"
        raise InputError(f"{path} holds {held}; at least 2 are needed")
    if n_frames > MAX_FRAMES:
        raise InputError(f"{path} has {n_frames} frames; at most {MAX_FRAMES} are read")


def frame_times(n_frames: int, fps: float, path: Path, start_s: float = 0.0) -> Float64:
    """Seconds of `n_frames` evenly spaced frames.

    Raises
    ------
    InputError
        If there are too few or too many frames, `fps` is not a usual number of frames, or
        `start_s` not a time in a song.
    """
    check_frames(n_frames, path)
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(
            f"{path}: frames a second must lie between {MIN_FPS:g} and {MAX_FPS:g} to show a "
            f"dance; got {fps:g}"
        )
    if not 0 <= start_s <= MAX_START_S:
        raise InputError(f"{path}: the start must be at 0 s or later; got {start_s:g} s")
    return start_s + np.arange(n_frames, dtype=np.float64) / fps


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises
    ------
    InputError
        If it is missing, larger than `MAX_FILE_BYTES`, or not JSON.
    """
    check_size(path)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as exc:
        reason = " ".join(str(exc).split())
        raise InputError(f"{path} is not valid JSON ({reason}): truncated?") from exc


def check_size(path: Path) -> None:
    """Refuse a file that is missing, unreadable or too large to be poses.

    Raises
    ------
    InputError
        Saying which.
    """
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if size > MAX_FILE_BYTES:
        raise InputError(f"{path} has {size} bytes; at most {MAX_FILE_BYTES} are read")


def numbers(value: Any, shape: tuple[int | None, ...], what: str) -> Float64:
    """Turn nested lists from a file into an array of `shape`, where None is any length.

    What is farther than `FARTHEST`, and so is no place, is NaN.

    Raises
    ------
    InputError
        If the lists are ragged, hold anything but numbers, or have another shape.
    """
    wanted = "(" + ", ".join("T" if size is None else str(size) for size in shape) + ")"
    try:
        array: npt.NDArray[np.float64] = np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as exc:
        raise InputError(
            f"{what} must be numbers of shape {wanted}: rows of unequal length?"
        ) from exc
    fits = array.ndim == len(shape) and all(
        size in (None, got) for size, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise InputError(f"{what} must have shape {wanted}; got {array.shape}")
    return np.where(np.abs(array) <= FARTHEST, array, np.nan)
