"""The two Lance tables of an index: their columns, how batches become rows, how rows are read.

`clips` holds a clip's metadata and its poses, the records of `pose_file` one after the
other in a blob, so that a fragment's frames are read without the rest. `fragments` holds
the vectors and what can be filtered by; `clip_id` joins them. Tables are opened at the
version that the manifest names, never at the latest.

A published version has no deletion marks (`lance_writer` compacts), so a fragment's row
is its place in the table and Lance's row address follows by arithmetic.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError, MissingDependencyError
from danceit.index.store.batch import ClipEntry, FragmentBatch
from danceit.index.store.contract import By, Where
from danceit.index.store.pose_file import encode

if TYPE_CHECKING:
    import pyarrow as pa

CLIPS, FRAGMENTS = "clips", "fragments"
CLIP_COLUMNS = (
    "clip_id", "recording_id", "source", "audio", "video", "style", "dancer", "licence",
    "tempo_bpm", "start_s", "n_frames", "file_hash", "counts", "body", "sure",
)  # fmt: skip
"""Metadata of a clip; `poses`, the blob, comes on top."""
_ROWS_PER_FILE = 1 << 20
_OFFSET_BITS = np.uint64(32)
"""A row address is the number of a Lance fragment, then the place in it."""


SINCE_FORMAT_3: dict[str, str | float] = {"counts": "", "body": "whole", "sure": 1.0}
"""Columns of clips that an older index lacks, which keeps its own until a build, and what they
are taken for."""


def load_lance() -> Any:
    """Import Lance.

    Raises
    ------
    MissingDependencyError
        If it, or a pyarrow that works with this numpy, is not installed.
    """
    # It writes its own warnings, of no use to whoever builds an index, to the terminal.
    os.environ.setdefault("LANCE_LOG", "error")
    try:
        import lance
    except ImportError as exc:
        reason = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise MissingDependencyError(
            f"Lance cannot be loaded ({reason}); install it with: pip install 'danceit[cluster]'"
        ) from exc
    return lance


def table_path(folder: Path, name: str) -> str:
    """Where a table of an index lies; Lance wants text."""
    return str(folder.absolute() / f"{name}.lance")


def clip_schema() -> "pa.Schema":
    """Columns of the table of clips."""
    import pyarrow as pa

    numbers = dict.fromkeys(("tempo_bpm", "sure", "start_s"), pa.float64())
    kinds = {**numbers, "n_frames": pa.int64()}
    columns = [pa.field(name, kinds.get(name, pa.string()), False) for name in CLIP_COLUMNS]
    poses = pa.field("poses", pa.large_binary(), False, metadata={"lance-encoding:blob": "true"})
    return pa.schema([*columns, poses])


def fragment_schema(widths: dict[str, int]) -> "pa.Schema":
    """Columns of the table of fragments, for vectors of these widths; no music is null."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("clip_id", pa.string(), False),
            pa.field("start_frame", pa.int32(), False),
            pa.field("n_frames", pa.int32(), False),
            # As wide as the numbers it is compared with, so that a bound is met exactly.
            pa.field("energy", pa.float64(), False),
            pa.field("style", pa.string(), False),
            pa.field("dancer", pa.string(), False),
            pa.field("licence", pa.string(), False),
            pa.field("body", pa.string(), False),
            pa.field("tempo_bpm", pa.float64(), False),
            pa.field("has_audio", pa.bool_(), False),
            pa.field("pose", pa.list_(pa.float32(), widths["pose"]), True),
            pa.field("audio", pa.list_(pa.float32(), widths["audio"]), True),
        ]
    )


def widths_of(batch: FragmentBatch) -> dict[str, int]:
    """Dimensions D and A of a batch's vectors."""
    return {"pose": batch.pose_vectors.shape[1], "audio": batch.audio_vectors.shape[1]}


def tables_of(batch: FragmentBatch) -> tuple["pa.Table", "pa.Table"]:
    """Turn a batch into rows of the table of clips and of that of fragments."""
    import pyarrow as pa

    clips = [_clip_row(entry) for entry in batch.clips]
    own = ("clip_id", "style", "dancer", "licence", "body", "tempo_bpm")
    taken = pa.array(batch.clip, pa.int64())
    shared = {name: pa.array([row[name] for row in clips]).take(taken) for name in own}
    heard = np.isfinite(batch.audio_vectors[:, 0])
    columns = {
        **shared,
        "start_frame": pa.array(batch.start_frame, pa.int32()),
        "n_frames": pa.array(batch.n_frames, pa.int32()),
        "energy": pa.array(batch.energy.astype(np.float64)),
        "has_audio": pa.array(heard),
        "pose": _lists(batch.pose_vectors, None),
        "audio": _lists(batch.audio_vectors, ~heard),
    }
    schema = fragment_schema(widths_of(batch))
    fragments = pa.table([columns[field.name] for field in schema], schema=schema)
    return pa.Table.from_pylist(clips, schema=clip_schema()), fragments


@dataclass(frozen=True)
class Written:
    """Rows that lie in files of the tables but belong to no version until they are committed.

    Attributes
    ----------
    clips, fragments : tuple of str
        Lance's descriptions of the files, as JSON.
    clip_ids : tuple of str
    n_fragments, n_frames : int
    widths : dict of str to int
    """

    clips: tuple[str, ...]
    fragments: tuple[str, ...]
    clip_ids: tuple[str, ...]
    n_fragments: int
    n_frames: int
    widths: dict[str, int]


def write_rows(folder: Path, batches: Sequence[FragmentBatch]) -> Written:
    """Write batches to new files of the tables under `folder`, seen by nobody.

    Any process on any machine that reaches the folder may do so; `LanceWriter` commits.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    import pyarrow as pa

    tables = [tables_of(batch) for batch in batches]
    clips = pa.concat_tables([clips for clips, _ in tables])
    fragments = pa.concat_tables([fragments for _, fragments in tables])
    return Written(
        clips=_write(table_path(folder, CLIPS), clips),
        fragments=_write(table_path(folder, FRAGMENTS), fragments),
        clip_ids=tuple(clips["clip_id"].to_pylist()),
        n_fragments=fragments.num_rows,
        n_frames=sum(clips["n_frames"].to_pylist()),
        widths=widths_of(batches[0]),
    )


class Table:
    """One table at one version, open for reading."""

    def __init__(self, folder: Path, name: str, version: int) -> None:
        self._from = folder, name
        self.path = table_path(folder, name)
        lance = load_lance()
        with readable(self.path):
            self.dataset = lance.dataset(self.path, version=version)
            parts = self.dataset.get_fragments()
            counts = [part.count_rows() for part in parts]
            if any(part.num_deletions for part in parts):
                raise IndexStateError(f"{self.path} is damaged: it holds deleted rows")
        self._numbers = np.array([part.fragment_id for part in parts], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def at(self, version: int) -> "Table":
        """Open the same table at another version."""
        return Table(*self._from, version)

    def rows(self, addresses: Any) -> Int64:
        """Places (N,) in the table of Lance's row addresses (N,)."""
        wanted = np.asarray(addresses, dtype=np.uint64)
        if not len(wanted):
            return np.empty(0, dtype=np.int64)
        order = np.argsort(self._numbers)
        number = (wanted >> _OFFSET_BITS).astype(np.int64)
        part = order[np.searchsorted(self._numbers, number, sorter=order)]
        within = (wanted & np.uint64(0xFFFFFFFF)).astype(np.int64)
        rows: Int64 = self._starts[part] + within
        return rows

    def scan(self, columns: Sequence[str], condition: str = "") -> tuple[Int64, "pa.Table"]:
        """Rows (N,) that satisfy a condition, increasing, and their columns."""
        with readable(self.path):
            found = self.dataset.to_table(
                columns=list(columns), filter=condition or None, with_row_id=True
            )
        rows = self.rows(found["_rowid"].to_numpy())
        order = np.argsort(rows, kind="stable")
        if (order[1:] < order[:-1]).any():
            rows, found = rows[order], found.take(order)
        return rows, found

    def batches(
        self, columns: Sequence[str], condition: str, size: int
    ) -> Iterator[tuple[Int64, "pa.RecordBatch"]]:
        """Rows that satisfy a condition, and their columns, `size` or fewer at a time."""
        with readable(self.path):
            for found in self.dataset.to_batches(
                columns=list(columns), filter=condition or None, with_row_id=True, batch_size=size
            ):
                yield self.rows(found["_rowid"].to_numpy()), found

    def take(self, rows: Int64, columns: Sequence[str]) -> "pa.Table":
        """Columns of rows in any order, which may repeat.

        Raises
        ------
        InputError
            If a row is not in the table.
        """
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise InputError("rows outside the index: from another generation?")
        unique, places = np.unique(rows, return_inverse=True)
        with readable(self.path):
            found = self.dataset.take(unique.tolist(), columns=list(columns))
        return found.take(places)

    def ranges(self, column: str, wanted: Sequence[tuple[int, int, int]]) -> list[bytes]:
        """Bytes of blobs, each (row, offset, length)."""
        with readable(self.path):
            found = self.dataset.read_blob_ranges(column, wanted, selector="indices")
        return [data for _, _, data in found]


def condition_of(where: Where, by: By = "pose", columns: Sequence[str] | None = None) -> str:
    """Filter in Lance's SQL for what satisfies `where` and has a vector `by`; "" for all.

    Names reach it as quoted literals, numbers as Python prints them; nothing else does.
    """
    conditions = []
    if where.n_frames is not None:
        conditions.append(f"n_frames = {int(where.n_frames)}")
    for column in ("style", "dancer", "licence", "body"):
        names = getattr(where, column)
        if names and columns is not None and column not in columns:
            # Of an older index; see `SINCE_FORMAT_3`.
            conditions += [] if SINCE_FORMAT_3.get(column) in names else ["false"]
        elif names:
            conditions.append(f"{column} IN ({_quoted(names)})")
    for column in ("tempo_bpm", "energy"):
        if (span := getattr(where, column)) is not None:
            low, high = map(float, span)
            conditions += [f"{column} >= {low!r}"] if np.isfinite(low) else []
            conditions += [f"{column} <= {high!r}"] if np.isfinite(high) else []
            if low == np.inf or high == -np.inf:
                conditions.append("false")
    if where.exclude_clips:
        conditions.append(f"clip_id NOT IN ({_quoted(where.exclude_clips)})")
    if where.only_clips is not None:
        names = where.only_clips
        conditions.append(f"clip_id IN ({_quoted(names)})" if names else "false")
    if by == "audio":
        conditions.append("has_audio")
    return " AND ".join(conditions)


def named(clip_ids: Sequence[str]) -> str:
    """Filter for the rows of these clips."""
    return f"clip_id IN ({_quoted(clip_ids)})"


def vectors_of(table: "pa.Table | pa.RecordBatch", by: By, width: int) -> Float32:
    """Vectors (N, D) of a column; NaN where there is none."""
    column = table[by]
    if hasattr(column, "combine_chunks"):
        column = column.combine_chunks()
    if not len(column):
        return np.empty((0, width), dtype=np.float32)
    # `values` of a sliced or nullable list column are all of them, nulls included.
    flat = column.values.slice(column.offset * width, len(column) * width)
    vectors: Float32 = np.array(flat.to_numpy(zero_copy_only=False), dtype=np.float32)
    vectors = vectors.reshape(-1, width)
    if column.null_count:
        vectors[np.asarray(column.is_null())] = np.nan
    return vectors


@contextmanager
def readable(path: str) -> Iterator[None]:
    """Turn whatever Lance raises while reading into an `IndexStateError`."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError) as exc:
        raise IndexStateError(f"{path} is damaged: {reason_of(exc)}") from exc
    except BaseException as exc:
        # Lance is written in Rust, whose panics are no `Exception`.
        if type(exc).__name__ != "PanicException":
            raise
        raise IndexStateError(f"{path} is damaged: {reason_of(exc)}") from exc


def reason_of(error: BaseException) -> str:
    """First line of an error, without the place in Lance's source."""
    lines = str(error).strip().splitlines()
    return lines[0].split(", /")[0] if lines else type(error).__name__


def _clip_row(entry: ClipEntry) -> dict[str, Any]:
    return {**entry.columns, "poses": encode(entry.clip.poses).tobytes()}


def _lists(vectors: Float32, missing: Any) -> "pa.Array":
    import pyarrow as pa

    mask = None if missing is None else pa.array(missing)
    flat = pa.array(np.nan_to_num(vectors).astype(np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1], mask=mask)


def _write(path: str, table: "pa.Table") -> tuple[str, ...]:
    from lance.fragment import write_fragments

    if not table.num_rows:
        return ()
    # With either mode nothing is committed here.
    mode = "append" if os.path.isdir(os.path.join(path, "_versions")) else "create"
    if mode == "append":
        there = set(load_lance().dataset(path).schema.names)
        table = table.drop_columns(
            [name for name in SINCE_FORMAT_3 if name in table.column_names and name not in there]
        )
    files = write_fragments(
        table, path, schema=table.schema, mode=mode, max_rows_per_file=_ROWS_PER_FILE
    )
    return tuple(json.dumps(file.to_json()) for file in files)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)
