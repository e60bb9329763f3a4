"""Our own format of a recording: one ``.npz`` file, with its song beside it.

Arrays
    ``poses`` (or ``joints``), (T, 18, 2 or 3), COCO-18 in OpenPose's order, in any unit;
    x right, y down, z away; NaN where a joint is not known. ``fps``, frames a second.
Optional
    ``audio``, the song's path from the file's folder; ``start_s``, where in the song
    frame 0 is; ``style``, ``dancer``, ``licence``.

Without ``audio``, a sound or video file of the same name beside it is the song.
`write_recording` writes such a file; `numpy.savez` will do as well. Nothing is pickled.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float32, Recording, check_poses
from danceit.errors import InputError
from danceit.files import replacing
from danceit.index.sources.checks import MAX_FILE_BYTES, checked, frame_times
from danceit.index.sources.media import media_named, pair
from danceit.npz import read_npz

_POSES = ("poses", "joints")
_TEXTS = ("audio", "style", "dancer", "licence")
_KNOWN = frozenset({*_POSES, *_TEXTS, "fps", "start_s"})


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
        poses = arrays[given[0]]
        check_poses(poses, f"{path}: {given[0]}")
        media = pair(_media_files(path, arrays))
        start_s = _number(arrays, "start_s", path) if "start_s" in arrays else 0.0
        times_s = frame_times(len(poses), _number(arrays, "fps", path), path, start_s)
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
            )
        )


SOURCE = NpzSource()


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
    texts = {"style": style, "dancer": dancer, "licence": licence}
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
