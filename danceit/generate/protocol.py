"""What a generator is, and how the poses it makes up become a dance.

Conventions
-----------
- A generator has its own frame rate and joints inside; what it gives out is 24 fps, COCO-18,
  canvas pixels, in 2-D, as long as the song. Joints that it does not know are NaN.
- It is deterministic: the same folder, song, seed and start give the same dance.
- Every frame is traced to the generator (name, id, seed), never to a dancer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from danceit.data import (
    CANVAS_PX,
    FPS,
    Clip,
    Dance,
    DanceSong,
    Float32,
    Int64,
    Music,
    Placement,
)
from danceit.progress import Progress, silent


@dataclass(frozen=True)
class LessonReport:
    """How one phase of a training went.

    Attributes
    ----------
    name : str
    steps, best_step : int
        Taken in all, and at the weights that were kept.
    epochs : float
        Times that the material was gone through.
    held_out : float
        Loss on the songs held out, at the weights kept; NaN where there were none.
    seconds : float
        By the clock, over all runs.
    """

    name: str
    steps: int
    best_step: int
    epochs: float
    held_out: float
    seconds: float


@dataclass(frozen=True)
class GeneratorReport:
    """How training a generator went.

    Attributes
    ----------
    generator : Generator
        With the weights that did best on the songs held out.
    folder : Path
    lessons : tuple of LessonReport
        In the order taken.
    training_songs, held_out_songs : tuple of str
        Recordings learnt from, and those that only judged.
    resumed : bool
    notes : tuple of str
        What the user should know.
    """

    generator: "Generator"
    folder: Path
    lessons: tuple[LessonReport, ...]
    training_songs: tuple[str, ...]
    held_out_songs: tuple[str, ...]
    resumed: bool
    notes: tuple[str, ...] = ()


class Generator(Protocol):
    """A trained generator; plug-ins of the group ``danceit.generators`` are its class.

    Attributes
    ----------
    name : str
        Under which it is registered.
    options_class : type
        A frozen dataclass: every option of its training with its default.
    generator_id : str
        Hash of its weights and configuration.
    n_parameters : int
        Of the networks that generate.
    held_out_songs : tuple of str
        Recordings that it did not learn from.
    """

    name: ClassVar[str]
    options_class: ClassVar[type[Any]]

    @property
    def generator_id(self) -> str:
        """Hash of its weights and configuration."""

    @property
    def n_parameters(self) -> int:
        """Weights of the networks that generate."""

    @property
    def held_out_songs(self) -> tuple[str, ...]:
        """Recordings that were at hand but not learnt from: those to judge it by."""

    @classmethod
    def train(
        cls,
        clips: Sequence[Clip],
        options: Any,
        *,
        out: Path,
        device: str = "auto",
        restart: bool = False,
        progress: Progress = silent,
    ) -> GeneratorReport:
        """Train on cleaned clips and leave the generator in `out`.

        A run with the same options and clips that stands there unfinished is continued.

        Raises
        ------
        InputError
            If the clips are too few to learn from, `out` holds another run, or another process
            is training there.
        """

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> Self:
        """Read a folder that `train` left.

        Raises
        ------
        InputError
            If it is missing, damaged, or made by another version.
        """

    def generate(self, music: Music, seed: int = 0, start: Float32 | None = None) -> Dance:
        """Dance to a whole song.

        Parameters
        ----------
        start : float32 (18, C), optional
            Pose to begin with, in canvas pixels; without it the seed draws one. A generator
            that cannot begin anywhere refuses it.
        """


@dataclass(frozen=True)
class Imagined:
    """Poses made up for a song, before they become a dance.

    Attributes
    ----------
    joints : float32 (T, 18, 2)
        24 fps, canvas pixels.
    parts : int64 (P,)
        First frame of each part that was made in one go, 0 first: a unit, a piece.
    blended : bool
        Whether parts go over into one another; otherwise their joins are seams, which
        aligners repair.
    """

    joints: Float32
    parts: Int64
    blended: bool = True


def dance_of(
    imagined: Imagined, music: Music, generator: Generator, seed: int, *, started: bool = False
) -> Dance:
    """Put what was imagined into a `Dance` whose fragments name their generator.

    A part's source time is the song's own: there is no other. The whole is shifted so that
    its middle stands in the middle of the canvas.
    """
    n_frames, starts = music.n_frames, imagined.parts
    ends = np.append(starts[1:], n_frames)
    made_by = f"{generator.name} {generator.generator_id} seed {seed}"
    placements = tuple(
        Placement(
            fragment_id=f"{generator.name}:{generator.generator_id}:{seed}:{part}",
            clip_id=generator.name,
            source="",
            start_s=float(start / FPS),
            end_s=float(end / FPS),
            window_start_s=float(start / FPS),
            distance=float("nan"),
            rank=0,
            join_cost=0.0,
            generator=made_by,
        )
        for part, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    joints = imagined.joints.copy()
    joints[..., 0] += CANVAS_PX / 2 - np.nanmedian(joints[..., 0])
    index = np.searchsorted(starts, np.arange(n_frames), side="right") - 1
    dance = Dance(
        joints=joints,
        seams=np.zeros(0, dtype=np.int64) if imagined.blended else starts[1:],
        beats_s=music.beats_s,
        source_index=index.astype(np.int32),
        source_s=np.arange(n_frames) / FPS,
        fragments=placements,
        song=DanceSong(music.path.absolute(), music.sha256, music.duration_s),
        numbers=music.counts.numbers,
    )
    taken = {"id": generator.generator_id, "seed": seed, "start": "given" if started else "drawn"}
    return dance.with_step("generate", generator.name, taken)
