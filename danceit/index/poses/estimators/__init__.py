"""Pose estimators: from one picture to the people in it, as COCO-18.

An estimator is asked for by name (``mediapipe``), or by a model's path: a MediaPipe
``.task`` or an RTMPose ``.onnx``. Further ones come by the entry-point group
``danceit.estimators``: a callable that takes the model's path, or None, and returns
an `Estimator`.

`second_look` looks again for people whom a picture hides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from danceit.data import Float32
from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.plugins import Registry

Picture = npt.NDArray[np.uint8]

DEFAULT_ESTIMATOR = "mediapipe"
_BY_SUFFIX = {".task": "mediapipe", ".onnx": "onnx"}


@dataclass(frozen=True)
class People:
    """Those seen in one picture, P of them, in any order.

    Attributes
    ----------
    image : float32 (P, 18, 3)
        x and y in pixels of the picture, and a confidence from 0 to 1.
    world : float32 (P, 18, 3)
        Metres from the middle of the hips, x right, y down, z away; NaN from an estimator
        that knows no depth.
    """

    image: Float32
    world: Float32


class Session(Protocol):
    """One shot's worth of estimation; it may follow people from picture to picture."""

    def people(self, picture: Picture, time_s: float) -> People:
        """People in an RGB picture (height, width, 3); times increase from call to call."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class Estimator(Protocol):
    """A way of finding poses.

    Attributes
    ----------
    estimator_id : str
        Names the model and every setting that changes a result; results are kept under it.
    longest_px : int
        Pictures are scaled down to this longest side before they are given.
    """

    estimator_id: str
    longest_px: int

    def open(self) -> Session:
        """Begin a shot; raises `MissingDependencyError` where a package is not installed."""
        ...


Factory = Callable[[Path | None], Estimator]

ESTIMATORS = Registry(
    "danceit.estimators",
    "pose estimator",
    {
        "mediapipe": "danceit.index.poses.estimators.mediapipe:MediaPipe",
        "onnx": "danceit.index.poses.estimators.onnx:RtmPose",
    },
)


def model_hash(model: Path) -> str:
    """Name a model by its content; asked for every recording, read once."""
    state = model.stat()
    return _model_hash(model, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)
def _model_hash(model: Path, _mtime_ns: int, _size: int) -> str:
    return sha256_of_file(model)[:16]


def make_estimator(spec: str = DEFAULT_ESTIMATOR) -> Estimator:
    """Return the estimator for a name or a model's path.

    Raises
    ------
    InputError
        If a model is not there, or of a kind that nothing reads.
    PluginError
        If the name is unknown.
    """
    path = Path(spec)
    if not path.suffix:
        factory: Factory = ESTIMATORS.get(spec)
        return factory(None)
    if path.suffix.lower() not in _BY_SUFFIX:
        raise InputError(
            f"a pose model must end in {' or '.join(_BY_SUFFIX)}; got '{spec}' "
            f"(or name an estimator: {', '.join(ESTIMATORS.names())})"
        )
    if not path.is_file():
        raise InputError(f"no such pose model: {path}")
    factory = ESTIMATORS.get(_BY_SUFFIX[path.suffix.lower()])
    return factory(path.absolute())
