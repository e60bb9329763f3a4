"""Where a dance comes from: its song, its fragments, what else there was, the steps taken.

What stands here is written into dance files, so that it is plain: texts, finite numbers,
true and false, and tuples and mappings of these. `Step` makes it so or refuses it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from danceit.errors import InputError


@dataclass(frozen=True)
class DanceSong:
    """The song that a dance was made for.

    Attributes
    ----------
    path : Path
        Where it was then.
    sha256 : str
        Hash of the file's bytes; empty where not known.
    duration_s : float
        Of the decoded sound; 0 where not known.
    """

    path: Path
    sha256: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True)
class Placement:
    """One fragment as placed in a dance; DESIGN's ``meta.fragments``.

    `source` is the path of the clip's recording; `start_s` and `end_s` are seconds
    into that source's media; `window_start_s` is where it stands in the song.
    `distance` is the squared L2 distance of the embeddings (smaller is better),
    `rank` counts from 0, `join_cost` is that of the seam before this fragment.
    `beats_s` are the beats of the source's own music in the stretch shown, in seconds into it,
    with the one that ends it; `number` is the place in the bar of the first, `metre` the beats
    a bar (empty and 0 where not known).
    `mirrored` says that left and right are exchanged.
    `generator` is the name, id and seed of what made the movement up; empty for a dancer's own.
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
    generator: str = ""
    beats_s: tuple[float, ...] = ()
    number: int = 0
    metre: int = 0
    mirrored: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "beats_s", tuple(map(float, self.beats_s)))


@dataclass(frozen=True)
class RunnerUp:
    """A fragment that was found for a window but not taken."""

    fragment_id: str
    distance: float
    target: float


@dataclass(frozen=True)
class Choice:
    """Why a fragment was taken, and what else there was.

    Attributes
    ----------
    why : str
        In words.
    goes_on : bool
        Whether the source simply goes on from the fragment before.
    found : int
        How many fragments were found for the window.
    target : float
        What the one taken costs by its likeness to the music (smaller is better).
    runners_up : tuple of RunnerUp
        The best of the others.
    """

    why: str
    goes_on: bool
    found: int
    target: float
    runners_up: tuple[RunnerUp, ...] = ()


@dataclass(frozen=True)
class Step:
    """Something done to a dance: ``query``, ``align``, ``edit``.

    Attributes
    ----------
    step : str
    method : str
        What did it, such as an aligner's name.
    options : mapping
        Every option with its value, so that the step can be taken again.

    Raises
    ------
    InputError
        If a value is not plain, see the module docstring; numpy's numbers become plain ones.
    """

    step: str
    method: str
    options: Mapping[str, Any]

    def __post_init__(self) -> None:
        plain = {str(name): _plain(value, self, name) for name, value in self.options.items()}
        object.__setattr__(self, "options", plain)

    def __str__(self) -> str:
        return f"{self.step} {self.method}".strip()


def _plain(value: Any, step: Step, name: str) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{step}: {name} must be finite (None for no limit); got {value}")
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, list | tuple):
        return tuple(_plain(each, step, name) for each in value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each, step, name) for key, each in value.items()}
    raise InputError(
        f"{step}: {name} must be a number, a text, or a list of these to be written down; "
        f"got {type(value).__name__}"
    )
