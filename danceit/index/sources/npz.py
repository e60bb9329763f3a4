"""Our own format of a recording: one ``.npz`` file, with its song beside it.

Arrays
    ``poses`` (or ``joints``), (T, 18, 2 or 3), COCO-18 in OpenPose's order, in any unit;
    x right, y down, z away; NaN where a joint is not known. ``fps``, frames a second.
Optional
    ``joint_names``, J texts: then ``poses`` are (T, J, 2 or 3) in any order, known by name
    (`danceit.index.poses.joint_names`). ``up``: ``y`` for x right, y up, z towards the camera;
    ``z`` for x right, y away, z up; ``-y`` is ours. ``units``, one of `UNITS`, by which the size
    of the body is checked. ``audio``, the song's path from the file's folder; ``start_s``, where
    in the song frame 0 is; ``style``, ``dancer``, ``licence``.

Without ``up``, bodies that stand on their heads or along another axis are refused.

Poses in 2-D beside a video are taken to lie in its pixels as stored, or in shares of them: where
these are not square they are stretched as the picture is.

Without ``audio``, a sound or video file of the same name beside it is the song.
`write_recording` writes such a file; `numpy.savez` will do as well. Nothing is pickled.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Float64, Recording, check_poses
from danceit.errors import InputError
from danceit.files import replacing
from danceit.index.poses.joint_names import keypoints, rig_joints
from danceit.index.poses.skeletons import to_coco18
from danceit.index.sources.axes import UP, check_upright, standing
from danceit.index.sources.checks import (
    FARTHEST,
    MAX_FILE_BYTES,
    checked,
    frame_times,
    unlike_song,
)
from danceit.index.sources.media import as_shown, media_named, paired
from danceit.npz import read_npz

_POSES = ("poses", "joints")
_TEXTS = ("audio", "style", "dancer", "licence", "up", "units")
_KNOWN = frozenset({*_POSES, *_TEXTS, "fps", "start_s", "joint_names"})
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048, "px": 0.0}
"""Metres of each; a pixel may be any."""
_STANDING_M = (0.4, 3.0)
"""From feet to neck, of a child and of a giant."""


class NpzSource:
    """Reads a ``.npz`` recording."""

    name = "npz"

    def detect(self, path: Path) -> bool:
        """Whether `path` is a ``.npz`` file, but not a dance that danceit made itself."""
        name = path.name.lower()
        return name.endswith(".npz") and not name.endswith(".dance.npz") and path.is_file()

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return the song that the file names, if it is there."""
        try:
            return _media_files(path, read_npz(path, ("audio",), MAX_FILE_BYTES))
        except InputError:
            return ()

    def read(self, path: Path) -> Recording:
        """Read one recording.

        Raises
        ------
        InputError
            If the file is damaged, lacks an array or has one of a wrong shape, or its
            song is missing.
        """
        arrays = read_npz(path, _KNOWN, MAX_FILE_BYTES)
        given = [name for name in _POSES if name in arrays]
        if len(given) != 1 or "fps" not in arrays:
            held = ", ".join(sorted(arrays)) or "neither"
            raise InputError(f"{path} must hold 'poses' and 'fps'; it holds {held}")
        poses, notes = _poses(arrays, given[0], path)
        media = paired(path, _media_files(path, arrays))
        start_s = _number(arrays, "start_s", path) if "start_s" in arrays else 0.0
        times_s = frame_times(len(poses), _number(arrays, "fps", path), path, start_s)
        if poses.shape[2] == 2:
            factors, stretched = as_shown(media.video_path)
            poses, notes = poses * factors, (*notes, *stretched)
        if "up" not in arrays:
            check_upright(poses, path)
        if media.audio_path is not None and "start_s" not in arrays:
            notes = (*notes, *unlike_song(times_s, media.audio_path))
        return checked(
            Recording(
                recording_id=path.stem,
                path=path,
                poses=poses.astype(np.float32),
                times_s=times_s,
                audio_path=media.audio_path,
                video_path=media.video_path,
                files=(path, *media.paths),
                style=_text(arrays, "style", path),
                dancer=_text(arrays, "dancer", path),
                licence=_text(arrays, "licence", path),
                notes=notes,
            )
        )


SOURCE = NpzSource()


def _poses(
    arrays: dict[str, npt.NDArray[Any]], name: str, path: Path
) -> tuple[Float64, tuple[str, ...]]:
    """COCO-18 poses (T, 18, C) in our axes, and what looks odd about them."""
    given, what = arrays[name], f"{path}: {name}"
    if "joint_names" in arrays:
        order = _order(arrays["joint_names"], given, what)
        given = to_coco18(_places(given), order)
    check_poses(given, what)
    up, units = (_text(arrays, key, path) for key in ("up", "units"))
    if up and up not in UP:
        raise InputError(f"{path}: up must be one of {', '.join(UP)}; got '{up}'")
    if up == "z" and given.shape[2] == 2:
        raise InputError(f"{path}: up='z' needs three coordinates; its {name} have 2")
    if units and units not in UNITS:
        raise InputError(f"{path}: units must be one of {', '.join(UNITS)}; got '{units}'")
    poses = UP[up or "-y"](_places(given))
    return poses, _size_note(poses, units)


def _places(values: npt.NDArray[Any]) -> Float64:
    """Values as places; what is farther than anything, or no number, is NaN."""
    places = values.astype(np.float64)
    return np.where(np.abs(places) <= FARTHEST, places, np.nan)


def _order(names: npt.NDArray[Any], poses: npt.NDArray[Any], what: str) -> dict[str, int]:
    """Index in `poses` of each COCO-18 joint, by the names in the file."""
    if names.ndim != 1 or names.dtype.kind != "U":
        raise InputError(f"{what}: joint_names must be a list of texts; got {names.dtype}")
    if poses.ndim != 3 or poses.shape[1] != len(names) or poses.dtype.kind not in "fiu":
        raise InputError(
            f"{what} must be numbers of shape (T, {len(names)}, 2 or 3), as many as joint_names; "
            f"got {poses.dtype} {poses.shape}"
        )
    called = [str(name) for name in names]
    try:
        return keypoints(called, what)
    except InputError:
        return dict(rig_joints(called, what).limbs)


def _size_note(poses: Float64, units: str) -> tuple[str, ...]:
    """Say so where a body is no person's size in the unit that the file gives."""
    way = standing(poses)
    if way is None or not UNITS.get(units):
        return ()
    low, high = _STANDING_M
    metres = float(np.linalg.norm(way)) * UNITS[units]
    if low <= metres <= high:
        return ()
    return (f"the neck is {metres:.3g} m over the feet: are its units {units}?",)


def write_recording(
    target: Path,
    poses: Float32,
    fps: float,
    *,
    audio: Path | None = None,
    start_s: float = 0.0,
    style: str = "",
    dancer: str = "",
    licence: str = "",
) -> Path:
    """Write a recording that danceit can index.

    Parameters
    ----------
    target : Path
        A file ending in ``.npz``, or a folder, in which the file gets the folder's name.
        Folders are made as needed.
    poses : float32 (T, 18, C)
        COCO-18; x right, y down, z away; any unit; NaN where not known.
    fps : float
        Frames a second.
    audio : Path, optional
        The song, which stays where it is; its path from the file's folder is stored.
    start_s : float
        Seconds into the song at frame 0.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        If the poses or times cannot be read back, or the file cannot be written.
    """
    target = Path(target)
    path = target if target.suffix == ".npz" else target / f"{target.resolve().name}.npz"
    times_s = frame_times(len(poses), fps, path, start_s)
    checked(Recording(path.stem, path, np.asarray(poses), times_s))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InputError(f"cannot write {path}: {exc.strerror or exc}") from exc
    # What is written is in our axes, whatever it shows.
    texts = {"style": style, "dancer": dancer, "licence": licence, "up": "-y"}
    if audio is not None:
        beside = os.path.relpath(Path(audio).resolve(), path.parent.resolve())
        texts["audio"] = Path(beside).as_posix()
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            poses=np.asarray(poses, dtype=np.float32),
            fps=np.float64(fps),
            start_s=np.float64(start_s),
            **{name: np.array(text) for name, text in texts.items() if text},
        )
    return path


def _media_files(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> tuple[Path, ...]:
    named = _text(arrays, "audio", path)
    if not named:
        return media_named(path.parent, path.stem)
    song = path.parent / named
    if not song.is_file():
        raise InputError(f"{path}: its song {named} is not there")
    return (song,)


def _number(arrays: dict[str, npt.NDArray[Any]], name: str, path: Path) -> float:
    array = arrays[name]
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise InputError(f"{path}: {name} must be one number; got {array.dtype} {array.shape}")
    return float(array.reshape(-1)[0])


def _text(arrays: dict[str, npt.NDArray[Any]], name: str, path: Path) -> str:
    if name not in arrays:
        return ""
    array = arrays[name]
    if array.size != 1 or array.dtype.kind != "U":
        raise InputError(f"{path}: {name} must be one text; got {array.dtype} {array.shape}")
    return str(array.reshape(-1)[0])
