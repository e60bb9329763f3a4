"""The contract that every store of fragments keeps.

A store holds clips (poses and metadata) and fragments (stretches of clips with a pose
vector and, where there is music, an audio vector). Fragments are addressed by row, an
int64 that holds as long as the store stays open and is not committed to.

Changes are a transaction: `add` and `delete` are seen by nobody until `commit`, which
publishes all of them or none; other readers go on with what they opened. Distances are
squared L2, smaller is better. `danceit.testing.StoreConformance` and `StoreMachine` check
an engine against this page. `danceit.index.store.base` keeps it for engines that publish by
danceit's manifest; others keep what files they like.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from danceit.closing import Closing
from danceit.data import Float32, Int64
from danceit.errors import InputError
from danceit.index.store.batch import ClipEntry, FragmentBatch
from danceit.index.store.nouns import (
    SPACES,
    By,
    FragmentTable,
    Hits,
    MissingIndexError,
    NewerIndexError,
    RecordingEntry,
    StoreInfo,
    StoreOptions,
    StoreSpec,
    Where,
)

__all__ = [
    "By",
    "SPACES",
    "StoreSpec",
    "StoreOptions",
    "ClipEntry",
    "FragmentBatch",
    "Where",
    "Hits",
    "FragmentTable",
    "RecordingEntry",
    "StoreInfo",
    "FragmentStore",
    "PartWriter",
    "MissingIndexError",
    "NewerIndexError",
    "check_queries",
]


class PartWriter(Protocol):
    """Writes batches for a transaction from any process or machine; can be pickled.

    What it writes is seen by nobody until its description comes to `FragmentStore.add_part`
    and the transaction is committed; what is written twice is added once.
    """

    def __call__(self, batches: Sequence[FragmentBatch]) -> str:
        """Write clips with their fragments; return what describes them, as text.

        Raises
        ------
        InputError
            If the batches do not fit one another.
        IndexStateError
            If the disk does not take them.
        """
        ...


class FragmentStore(Closing):
    """A store of fragments; open stores are closed by `close` or as a context manager.

    Engines are registered under the entry-point group ``danceit.stores``.
    """

    @classmethod
    @abstractmethod
    def holds(cls, location: Path) -> bool:
        """Whether an index at `location` is this engine's, be it damaged or of a newer release.

        Quick, by names and the first file that tells; False where there is none. By it an
        index is opened without naming its engine.
        """

    @classmethod
    @abstractmethod
    def open(cls, location: Path, options: StoreOptions | None = None) -> Self:
        """Open what was last published at `location`.

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
        options: StoreOptions | None = None,
    ) -> Self:
        """Begin an empty store; the first `commit` puts it in the place of what is there.

        `save_encoder` writes the encoder into an empty folder (`Embedder.save`).

        Raises
        ------
        IndexStateError
            If another process is writing there.
        """

    @classmethod
    @abstractmethod
    def rebuild(cls, location: Path, options: StoreOptions | None = None) -> Self:
        """Make the search indexes again from the truth, publish them and open the result.

        It mends whatever is not the truth itself.

        Raises
        ------
        IndexStateError
            If there is no index, the truth is damaged, or another process is writing.
        """

    @classmethod
    @abstractmethod
    def discard(cls, location: Path) -> None:
        """Remove this engine's index at `location`: another engine's has taken its place.

        Nothing is done where there is none of its own.

        Raises
        ------
        IndexStateError
            If another process is writing.
        """

    @property
    @abstractmethod
    def spec(self) -> StoreSpec:
        """What all fragments have in common."""

    @property
    @abstractmethod
    def index_id(self) -> str:
        """Name of the contents as published: other contents, another name.

        It is asked for with every query, so it counts nothing (under a millisecond).
        """

    @property
    @abstractmethod
    def encoder(self) -> Path:
        """Folder from which the encoder is loaded; it stays as long as the store is open."""

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

    def part_writer(self) -> PartWriter | None:
        """Begin a transaction that other processes write parts of; None where they cannot.

        Where they cannot, whoever has them makes batches and gives them to `add`.
        """
        return None

    def add_part(self, part: str) -> None:
        """Take into the transaction what a `PartWriter` wrote and described; see `add`."""
        raise InputError(f"{type(self).__name__} has no parts that others write; use add")

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
