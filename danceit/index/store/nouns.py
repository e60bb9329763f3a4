"""The nouns that every store of fragments speaks in: what is asked, found, told and chosen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from danceit.counts import Counts
from danceit.data import FPS, Float32, Float64, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.fragments import beats_of, fragment_id

By = Literal["pose", "audio"]
SPACES: tuple[By, ...] = ("pose", "audio")
"""The two sets of vectors: the movement's, and that of the music it was danced to."""
Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class StoreSpec:
    """What all fragments of one store have in common.

    Attributes
    ----------
    encoder_id : str
        Of the encoder that made every vector; another one is refused.
    dims : int
        C of every pose, 2 or 3.
    lengths : tuple of int
        Fragment lengths in frames.
    stride : int or None
        Frames between neighbours; None where each length is its own stride.
    recipe : str
        Version of the code that turned recordings into fragments.
    grid : str
        ``counts`` where fragments start on beats, ``seconds`` where they start by the stride.
    """

    encoder_id: str
    dims: int
    lengths: tuple[int, ...]
    stride: int | None = None
    recipe: str = ""
    fps: float = FPS
    grid: str = "seconds"


@dataclass(frozen=True)
class StoreOptions:
    """How an engine searches, and how it makes what it searches with.

    Attributes
    ----------
    device : "auto", "cpu" or "cuda"
        Where to search and to make search indexes, if the engine has the choice.
    factory : str
        The engine's own name for a kind of search index, used from the next commit on;
        `AUTOMATIC` has one chosen by size. Without it that of the index stays.
    recall : float
        Recall at 10, between 0 and 1, for which approximate search is to be tuned; with 0,
        that of the index stays.
    """

    device: str = "auto"
    factory: str = ""
    recall: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.recall) and 0 <= self.recall <= 1):
            raise InputError(f"the recall must be between 0 and 1; got {self.recall}")


AUTOMATIC = "auto"
"""Factory that stands for the choice by size."""


@dataclass(frozen=True)
class Where:
    """Which fragments may be found; without arguments, all.

    Attributes
    ----------
    style, dancer, licence, body : tuple of str
        Any of these; empty for all. Bodies are ``whole`` and ``upper``.
    n_frames : int or None
        Fragment length.
    tempo_bpm, energy : (low, high) or None
        Closed ranges; energy in canvas pixels per second.
    exclude_clips : tuple of str
        Clip ids that must not be found.
    only_clips : tuple of str or None
        Clip ids outside which nothing is found; an empty tuple finds nothing.
    """

    style: tuple[str, ...] = ()
    dancer: tuple[str, ...] = ()
    licence: tuple[str, ...] = ()
    n_frames: int | None = None
    tempo_bpm: tuple[float, float] | None = None
    energy: tuple[float, float] | None = None
    exclude_clips: tuple[str, ...] = ()
    only_clips: tuple[str, ...] | None = None
    body: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("style", "dancer", "licence", "exclude_clips", "only_clips", "body"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise InputError(f"{name} must be a tuple of names; got the string {value!r}")
            if not all(isinstance(one, str) for one in value or ()):
                raise InputError(f"{name} must be names; got {value!r}")
        for name in ("tempo_bpm", "energy"):
            span = getattr(self, name)
            if span is not None and not float(span[0]) <= float(span[1]):
                raise InputError(f"{name} must be a range (low, high); got {span}")
        if self.n_frames is not None and not isinstance(self.n_frames, int | np.integer):
            raise InputError(f"n_frames must be a whole number; got {self.n_frames!r}")

    @property
    def only_length(self) -> bool:
        """Whether nothing but, possibly, the length is asked for."""
        return self == Where(n_frames=self.n_frames)


@dataclass(frozen=True)
class Hits:
    """The K nearest fragments of each of Q queries, nearest first.

    Attributes
    ----------
    rows : int64 (Q, K)
        K is the number asked for, or `matching` where that is smaller; there is no padding.
    distances : float32 (Q, K)
        Squared L2.
    matching : int
        Fragments that satisfy the filter (and, by audio, have music): what `k` was cut to.
    """

    rows: Int64
    distances: Float32
    matching: int


_OF_CLIPS = ("start_s", "counts")
"""What `FragmentTable.of` makes something else of."""


@dataclass(frozen=True)
class FragmentTable:
    """Metadata of N fragments by column, in the order of the rows asked for.

    `start_s` and `end_s` are seconds into the recording's media; `source` is the path of
    the recording, `audio` and `video` those of its media ("" where there is none).
    `counts` are a clip's own (`Counts`, in seconds of its media), `metre` its beats a bar;
    `number` is the place in the bar of the beat that a fragment starts on, `n_counts` how
    many whole counts it spans; 0 where that is not known. `body` is what of it a clip shows,
    `sure` the mean confidence of its poses, 0 to 1.
    """

    rows: Int64
    fragment_id: Names
    clip_id: Names
    recording_id: Names
    source: Names
    audio: Names
    video: Names
    start_frame: Int64
    n_frames: Int64
    start_s: Float64
    end_s: Float64
    style: Names
    dancer: Names
    licence: Names
    tempo_bpm: Float64
    energy: Float64
    file_hash: Names
    body: Names
    sure: Float64
    counts: Names
    metre: Int64
    number: Int64
    n_counts: Int64

    @classmethod
    def of(
        cls, rows: Int64, clips: Mapping[str, Any], start: Int64, length: Int64, energy: Float64
    ) -> "FragmentTable":
        """Put a table together from columns of fragments (N,) and of their clips.

        `clips` has, for each fragment, what is known of its clip; `start_s` is the clip's,
        `counts` text.

        Raises
        ------
        IndexStateError
            If what is stored of counts is not counts: a damaged index.
        """
        start_s = np.asarray(clips["start_s"]) + start / FPS
        end_s = start_s + length / FPS
        counts = _parsed(clips["counts"])
        number, n_counts, metre = _counted(counts, start_s, end_s)
        parts = zip(clips["clip_id"].tolist(), start.tolist(), length.tolist(), strict=True)
        return cls(
            rows=rows,
            fragment_id=np.array([fragment_id(*part) for part in parts], dtype=object),
            start_frame=start,
            n_frames=length,
            start_s=start_s,
            end_s=end_s,
            energy=energy,
            counts=counts,
            metre=metre,
            number=number,
            n_counts=n_counts,
            **{name: column for name, column in clips.items() if name not in _OF_CLIPS},
        )

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def record(self, position: int) -> dict[str, Any]:
        """One fragment as plain Python values, for printing and JSON; without its clip's beats."""
        names = [field.name for field in fields(self) if field.name != "counts"]
        values = {name: getattr(self, name)[position] for name in names}
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in values.items()
        }


def _parsed(texts: Names) -> Names:
    """Counts of each text; equal texts give the same object."""
    known: dict[str, Counts] = {}
    for text in texts:
        if text not in known:
            try:
                known[text] = Counts.from_text(text)
            except InputError as exc:
                raise IndexStateError(f"the index is damaged: {exc}; build it again") from exc
    found = np.empty(len(texts), dtype=object)
    found[:] = [known[text] for text in texts]
    return found


def _counted(counts: Names, start_s: Float64, end_s: Float64) -> tuple[Int64, Int64, Int64]:
    """Place in the bar of the beat that each fragment starts on, whole counts in it, the metre."""
    number, spanned = np.zeros((2, len(counts)), dtype=np.int64)
    metre = np.array([one.metre for one in counts], dtype=np.int64)
    alike = np.fromiter((id(one) for one in counts), dtype=np.int64, count=len(counts))
    order = np.argsort(alike, kind="stable")
    edges = np.flatnonzero(np.diff(alike[order])) + 1
    for rows in np.split(order, edges) if len(counts) else ():
        one = counts[rows[0]]
        if len(one.beats_s) < 2:
            continue
        first, last = beats_of(one.beats_s, start_s[rows], end_s[rows])
        on = first >= 0
        number[rows[on]] = one.numbers[first[on]]
        spanned[rows[on]] = last[on] - first[on]
        metre[rows[on]] = one.metres[first[on]]
    return number, spanned, metre


@dataclass(frozen=True)
class RecordingEntry:
    """What a store knows of one recording: enough to see whether it changed or moved."""

    file_hash: str
    source: Path
    clip_ids: tuple[str, ...]


@dataclass(frozen=True)
class StoreInfo:
    """What `danceit index info` prints.

    Attributes
    ----------
    index_id : str
        Changes whenever the contents do.
    encoder : Path
        Folder from which the encoder is loaded.
    fragments : dict of int to int
        Fragments by length in frames.
    with_audio : int
        Fragments that can be found by audio.
    styles, dancers, licences, bodies : dict of str to int
        Fragments by value; "" is unknown.
    search : dict of str to str
        How each set of vectors is searched.
    n_bytes : dict of str to int
        File sizes.
    missing : tuple of str
        Source and media files that are no longer where they were.
    """

    location: str
    engine: str
    index_id: str
    generation: str
    created: str
    spec: StoreSpec
    encoder: Path
    recordings: int
    clips: int
    frames: int
    fragments: Mapping[int, int]
    with_audio: int
    styles: Mapping[str, int]
    dancers: Mapping[str, int]
    licences: Mapping[str, int]
    bodies: Mapping[str, int]
    search: Mapping[str, str]
    n_bytes: Mapping[str, int]
    missing: tuple[str, ...]


class MissingIndexError(IndexStateError):
    """There is no index where one was to be opened."""


class NewerIndexError(IndexStateError):
    """The index was written by a newer release; it must not be overwritten unasked."""
