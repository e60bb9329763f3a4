"""AIST++ annotations (Li et al., ICCV 2021): one pickle of keypoints a dance.

``keypoints3d/<name>.pkl`` holds ``keypoints3d`` and ``keypoints3d_optim``, (T, 17, 3), in
centimetres; the optimised one is read. ``keypoints2d/<name>.pkl`` holds (9, T, 17, 3): x,
y, confidence for nine cameras; the one that sees the dancer best is read. Where
both are there, the 3-D file stands for both.

Axes
    x right, y up, z towards the front camera (right-handed): y and z are reversed.
Time
    60 frames a second, from the start of the music.
Name
    ``g<genre>_s<situation>_c<camera>_d<dancer>_m<music>_ch<choreography>`` gives style,
    dancer and music; the music is looked for beside the folders.

A pickle can run any code. These are read by an unpickler that makes plain arrays of
numbers and refuses everything else.
"""

import io
import pickle
import pickletools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import Float64, Recording
from danceit.errors import InputError
from danceit.index.poses.skeletons import COCO17, MIN_CONFIDENCE, to_coco18
from danceit.index.sources.axes import from_y_up
from danceit.index.sources.checks import check_size, checked, frame_times, head_of, numbers
from danceit.index.sources.media import media_named, paired

FPS = 60.0
LICENCE = "CC BY 4.0 (annotations)"
GENRES = {
    "BR": "break", "PO": "pop", "LO": "lock", "WA": "waack", "MH": "middle hip-hop",
    "LH": "LA hip-hop", "HO": "house", "KR": "krump", "JS": "street jazz", "JB": "ballet jazz",
}  # fmt: skip

_NAME = re.compile(r"g([A-Z]{2})_s\w+?_c(\w+?)_(d\d+)_(m\w+?)_ch\d+")
_PEEK_BYTES = 512
_MAX_ARRAYS = 32
_MAX_STEPS = 100_000
"""Instructions of one pickle; AIST++'s have under a hundred."""
_MAX_MEMO = 100_000
"""Highest number under which a pickle may remember something."""
_REMEMBERING = ("PUT", "BINPUT", "LONG_BINPUT")
_MUSIC_FOLDERS = (".", "..", "../music", "../audio", "../wav", "../videos")


class AistSource:
    """Reads an AIST++ keypoints pickle."""

    name = "aist"

    def detect(self, path: Path) -> bool:
        """Whether `path` is a ``.pkl`` file that begins with AIST++'s keypoints."""
        if path.suffix.lower() != ".pkl" or not path.is_file():
            return False
        head = head_of(path, _PEEK_BYTES)
        return b"keypoints3d" in head or b"keypoints2d" in head

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return the music, and of a 3-D file the same dance in 2-D."""
        flat = path.parent.parent / "keypoints2d" / path.name
        twice = path.parent.name == "keypoints3d" and flat.is_file()
        return (*_media_files(path), *([flat] if twice else []))

    def read(self, path: Path) -> Recording:
        """Read one dance, in 3-D centimetres or 2-D pixels.

        Raises
        ------
        InputError
            If the pickle is damaged, holds anything but arrays, or other keypoints.
        """
        content = load_plain_pickle(path)
        if not isinstance(content, dict):
            raise InputError(f"{path} must hold a dictionary; got {type(content).__name__}")
        given = content.get("keypoints3d_optim", content.get("keypoints3d"))
        if given is not None:
            joints = numbers(given, (None, len(COCO17), 3), f"{path}: keypoints3d")
            poses = to_coco18(from_y_up(joints), COCO17)
        elif "keypoints2d" in content:
            views = numbers(
                content["keypoints2d"], (None, None, len(COCO17), 3), f"{path}: keypoints2d"
            )
            if not len(views):
                raise InputError(f"{path}: keypoints2d holds no camera")
            poses = to_coco18(_best_view(views), COCO17)
        else:
            raise InputError(f"{path} holds neither keypoints3d nor keypoints2d")
        name = _NAME.search(path.stem)
        media = paired(path, self.companions(path))
        return checked(
            Recording(
                recording_id=path.stem,
                path=path,
                poses=poses.astype(np.float32),
                times_s=frame_times(len(poses), FPS, path),
                audio_path=media.audio_path,
                video_path=media.video_path,
                files=(path, *media.paths),
                style=GENRES.get(name[1], "") if name else "",
                dancer=name[3] if name else "",
                licence=LICENCE if name else "",
            )
        )


SOURCE = AistSource()


def load_plain_pickle(path: Path) -> Any:
    """Load a pickle of dictionaries, lists, numbers and numpy arrays of numbers.

    Raises
    ------
    InputError
        If it is damaged or asks for anything else.
    """
    check_size(path)
    content = path.read_bytes()
    try:
        _check_steps(content)
        return _PlainUnpickler(io.BytesIO(content)).load()
    except InputError as exc:
        raise InputError(f"{path}: {exc}") from exc
    except Exception as exc:  # damaged pickles fail in any way there is
        raise InputError(f"{path} is not a readable pickle ({exc}): truncated?") from exc


def _check_steps(content: bytes) -> None:
    """Refuse what would take memory before it has made anything.

    The unpickler makes room for every number up to that under which something is
    remembered: 43 bytes can ask for 8 GB. And few instructions, repeated, make long lists.
    """
    steps = pickletools.genops(content)
    for number, (opcode, value, _) in enumerate(steps):
        if number > _MAX_STEPS:
            raise InputError(f"has more than {_MAX_STEPS} instructions: not of arrays alone")
        if opcode.name in _REMEMBERING and not 0 <= int(value or 0) <= _MAX_MEMO:
            raise InputError(f"remembers something under {value}: damaged, or made to harm")


class _PlainUnpickler(pickle.Unpickler):
    """Knows the names by which numpy writes an array, and no others."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self._n_arrays = 0

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): _number_type,
            ("multiarray", "_reconstruct"): self._empty_array,
            ("numeric", "_frombuffer"): self._array_of_bytes,
            ("_codecs", "encode"): _latin_bytes,
        }
        # numpy 2 writes numpy._core.multiarray, numpy 1 numpy.core.multiarray.
        short = re.sub(r"^numpy\._?core\.", "", module)
        if (short, name) not in known:
            raise InputError(f"asks for {module}.{name}; only arrays of numbers are read")
        return known[short, name]

    def _empty_array(self, kind: type, shape: tuple[int, ...], _: bytes) -> npt.NDArray[Any]:
        self._count()
        # It is filled from bytes in the file afterwards; another shape would take memory now.
        if kind is not np.ndarray or shape != (0,):
            raise InputError("is not a plain pickle of arrays")
        return np.empty(0, dtype=np.int8)

    def _array_of_bytes(
        self, content: bytes, dtype: np.dtype[Any], shape: tuple[int, ...], order: str
    ) -> npt.NDArray[Any]:
        self._count()
        array: npt.NDArray[Any] = np.frombuffer(content, dtype)
        return array.reshape(shape, order="F" if order == "F" else "C")

    def _count(self) -> None:
        self._n_arrays += 1
        if self._n_arrays > _MAX_ARRAYS:
            raise InputError(f"holds more than {_MAX_ARRAYS} arrays")


def _number_type(code: str, *_: Any) -> np.dtype[Any]:
    # A copy, as numpy's own pickles ask for: the state that follows is written into it.
    dtype: np.dtype[Any] = np.dtype(code, copy=True)
    if dtype.kind not in "fiub":
        raise InputError(f"holds an array of {dtype}; only numbers are read")
    return dtype


def _latin_bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise InputError(f"holds bytes written as {encoding}")
    return text.encode("latin1")


def _best_view(views: Float64) -> Float64:
    """Joints (T, 17, 2) of the camera of (V, T, 17, 3) with the highest total confidence."""
    confidence = np.nan_to_num(views[..., 2])
    best = int(confidence.sum(axis=(1, 2)).argmax())
    found = confidence[best] >= MIN_CONFIDENCE
    return np.where(found[..., None], views[best, ..., :2], np.nan)


def _media_files(path: Path) -> tuple[Path, ...]:
    name = _NAME.search(path.stem)
    stems = [path.stem]
    if name:
        # c01 is the front camera, from which the axes are seen.
        stems += [path.stem.replace(f"_c{name[2]}_", "_c01_"), name[4]]
    for stem in stems:
        for folder in _MUSIC_FOLDERS:
            if found := media_named(path.parent / folder, stem):
                return found
    return ()
