"""The contract that every store of fragments keeps, and the nouns it speaks in.

A store holds clips (poses and metadata) and fragments (stretches of clips with a pose
vector and, where there is music, an audio vector). Fragments are addressed by row, an
int64 that holds as long as the store stays open and is not committed to.

Changes are a transaction: `add` and `delete` are seen by nobody until `commit`, which
publishes all of them or none; other readers go on with what they opened. Distances are
squared L2, smaller is better. `danceit.testing.StoreConformance` checks an engine
against this page.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Float32, Float64, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.store.batch import ClipEntry, FragmentBatch

__all__ = [
    "By",
    "SPACES",
    "StoreSpec",
    "ClipEntry",
    "FragmentBatch",
    "Where",
    "Hits",
    "FragmentTable",
    "RecordingEntry",
    "StoreInfo",
    "FragmentStore",
    "MissingIndexError",
    "NewerIndexError",
    "check_queries",
]

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
    """

    encoder_id: str
    dims: int
    lengths: tuple[int, ...]
    stride: int | None = None
    recipe: str = ""
    fps: float = FPS


@dataclass(frozen=True)
class Where:
    """Which fragments may be found; without arguments, all.

    Attributes
    ----------
    style, dancer, licence : tuple of str
        Any of these; empty for all.
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

    def __post_init__(self) -> None:
        for name in ("style", "dancer", "licence", "exclude_clips", "only_clips"):
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


@dataclass(frozen=True)
class FragmentTable:
    """Metadata of N fragments by column, in the order of the rows asked for.

    `start_s` and `end_s` are seconds into the recording's media; `source` is the path of
    the recording, `audio` and `video` those of its media ("" where there is none).
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

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def record(self, position: int) -> dict[str, Any]:
        """One fragment as plain Python values, for printing and JSON."""
        values = {field.name: getattr(self, field.name)[position] for field in fields(self)}
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in values.items()
        }


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
    styles, dancers, licences : dict of str to int
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
    search: Mapping[str, str]
    n_bytes: Mapping[str, int]
    missing: tuple[str, ...]


class MissingIndexError(IndexStateError):
    """There is no index where one was to be opened."""


class NewerIndexError(IndexStateError):
    """The index was written by a newer release; it must not be overwritten unasked."""


class FragmentStore(ABC):
    """A store of fragments; open stores are closed by `close` or as a context manager.

    Engines are registered under the entry-point group ``danceit.stores``.
    """

    @classmethod
    @abstractmethod
    def open(
        cls, location: Path, *, device: str = "auto", factory: str = "", recall: float = 0.0
    ) -> Self:
        """Open what was last published at `location`.

        Parameters
        ----------
        location : Path
        device : "auto", "cpu" or "cuda"
            Where to search and to make search indexes, if the engine has the choice.
        factory : str
            The engine's own name for a kind of search index, used from the next commit on;
            "auto" has one chosen by size. Without it that of the index stays.
        recall : float
            Recall at 10, between 0 and 1, for which approximate search is to be tuned.

        Raises
        ------
        MissingIndexError
            If there is none.
        NewerIndexError
            If a newer release wrote it.
        IndexStateError
            If it is damaged or incomplete.
        """

    @classmethod
    @abstractmethod
    def create(
        cls,
        location: Path,
        spec: StoreSpec,
        save_encoder: Callable[[Path], None],
        *,
        device: str = "auto",
        factory: str = "",
        recall: float = 0.0,
    ) -> Self:
        """Begin an empty store; the first `commit` puts it in the place of what is there.

        `save_encoder` writes the encoder into an empty folder (`Embedder.save`); for the
        options see `open`.

        Raises
        ------
        IndexStateError
            If another process is writing there.
        """

    @classmethod
    @abstractmethod
    def rebuild(
        cls, location: Path, *, device: str = "auto", factory: str = "", recall: float = 0.0
    ) -> Self:
        """Make the search indexes again from the truth, publish them and open the result.

        It mends whatever is not the truth itself; for the options see `open`.

        Raises
        ------
        IndexStateError
            If there is no index, the truth is damaged, or another process is writing.
        """

    @property
    @abstractmethod
    def spec(self) -> StoreSpec:
        """What all fragments have in common."""

    @property
    @abstractmethod
    def encoder(self) -> Path:
        """Folder from which the encoder is loaded."""

    @abstractmethod
    def __len__(self) -> int:
        """Count the fragments."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction now, before long work, rather than with the first change.

        Raises
        ------
        IndexStateError
            If another process is writing, or has written since this store was opened.
        """

    @abstractmethod
    def add(self, batch: FragmentBatch) -> None:
        """Add clips and their fragments; clips that are there already are replaced.

        Raises
        ------
        InputError
            If the poses or vectors do not fit the store, or a clip was added before in the
            same transaction.
        IndexStateError
            If another process is writing, or has written since this store was opened.
        """

    @abstractmethod
    def delete(self, clip_ids: Iterable[str]) -> int:
        """Take clips and their fragments out; return how many of them were there."""

    @abstractmethod
    def commit(self) -> None:
        """Publish all changes at once; without it, `close` forgets them."""

    @abstractmethod
    def search(
        self, queries: Float32, k: int, *, by: By = "pose", where: Where | None = None
    ) -> Hits:
        """Find the nearest fragments of each query.

        Parameters
        ----------
        queries : float32 (Q, D)
            Finite vectors, in the space `by`.
        k : int
            Fragments a query, at least 1; cut to the number that match.
        by : "pose" or "audio"
        where : Where, optional

        Raises
        ------
        InputError
            If a query is not finite or of the wrong width, or k is not positive.
        """

    @abstractmethod
    def matching(self, where: Where) -> Int64:
        """Rows (N,) of all fragments that satisfy a filter, increasing."""

    @abstractmethod
    def table(self, rows: Int64) -> FragmentTable:
        """Metadata of fragments, in the order of `rows` (N,), which may repeat."""

    @abstractmethod
    def poses(self, rows: Int64) -> Float32:
        """Poses (N, T, 18, C) of fragments of one length, in the order of `rows` (N,)."""

    @abstractmethod
    def vectors(self, rows: Int64, by: By = "pose") -> Float32:
        """Vectors (N, D) as they were added; NaN where a fragment has no music."""

    @abstractmethod
    def recordings(self) -> dict[str, RecordingEntry]:
        """Every recording in the store by id."""

    @abstractmethod
    def info(self) -> StoreInfo:
        """Count and measure everything, and name sources that are gone."""

    @abstractmethod
    def verify(self) -> tuple[str, ...]:
        """Check everything there is to check; return the problems, one line each."""

    @abstractmethod
    def close(self) -> None:
        """Release files and locks; changes that were not committed are forgotten."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_queries(queries: npt.NDArray[Any], k: int, width: int, by: By) -> Float32:
    """Return queries as contiguous float32 (Q, D), checked together with `k`.

    A `width` of 0 stands for an empty store, which takes any.

    Raises
    ------
    InputError
        If the shape, a value or `k` is wrong.
    """
    if by not in SPACES:
        raise InputError(f"vectors are searched by {' or '.join(SPACES)}; got {by!r}")
    if k < 1:
        raise InputError(f"k must be 1 or more; got {k}")
    if queries.ndim != 2 or (width and queries.shape[1] != width):
        raise InputError(
            f"queries by {by} must have shape (Q, {width}); got {queries.shape}: another encoder?"
        )
    wanted = np.ascontiguousarray(queries, dtype=np.float32)
    if not np.isfinite(wanted).all():
        raise InputError("queries must be finite; got NaN or infinity: a silent or broken song?")
    return wanted
