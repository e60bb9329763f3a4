"""The DuckDB part of a local index: clips, fragments, and the questions asked of them.

Values reach SQL as parameters or as registered arrays, never as text. A database is
written once, with its generation, and from then on opened read-only.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from danceit.data import Bool, Float32, Int32, Int64
from danceit.duck import connected, plain
from danceit.errors import IndexStateError, InputError
from danceit.index.store.contract import By, FragmentTable, RecordingEntry, Where

if TYPE_CHECKING:
    import duckdb

_SCHEMA = """
CREATE TABLE clips (
    clip INTEGER, clip_id VARCHAR, recording_id VARCHAR, source VARCHAR, audio VARCHAR,
    video VARCHAR, style VARCHAR, dancer VARCHAR, licence VARCHAR, tempo_bpm DOUBLE,
    start_s DOUBLE, n_frames BIGINT, first_frame BIGINT, file_hash VARCHAR, counts VARCHAR,
    body VARCHAR, sure DOUBLE
);
CREATE TABLE fragments (
    "row" BIGINT, clip INTEGER, start_frame INTEGER, n_frames INTEGER, energy FLOAT,
    has_audio BOOLEAN
);
"""


@dataclass(frozen=True)
class ClipRow:
    """One row of the table of clips; `first_frame` is its first record in the pose file."""

    clip: int
    clip_id: str
    recording_id: str
    source: str
    audio: str
    video: str
    style: str
    dancer: str
    licence: str
    tempo_bpm: float
    start_s: float
    n_frames: int
    first_frame: int
    file_hash: str
    counts: str = ""
    """As `danceit.counts.Counts.as_text` has them; what format 2 did not know."""
    body: str = "whole"
    sure: float = 1.0


@dataclass(frozen=True)
class FragmentRows:
    """Rows of the table of fragments by column, (N,) each."""

    row: Int64
    clip: Int32
    start_frame: Int32
    n_frames: Int32
    energy: Float32
    has_audio: Bool


def write_catalogue(
    path: Path, clips: Sequence[ClipRow], fragments: Iterator[FragmentRows]
) -> None:
    """Write a new database in one transaction.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    import duckdb

    try:
        with plain(path, writing=True) as at, connected(at) as connection:
            connection.execute(_SCHEMA)
            connection.begin()
            if clips:
                _insert(connection, "clips", _columns_of(clips))
            for rows in fragments:
                _insert(connection, "fragments", vars(rows))
            connection.commit()
            connection.execute("CHECKPOINT")
    except duckdb.Error as exc:
        raise OSError(f"{path}: {_first_line(exc)}") from exc


_HELD_CLIPS = 8192
"""Clips up to which all that is known of them is held in memory; of 3 min, counted, 3 kB each."""


@dataclass(frozen=True)
class _Columns:
    """What is asked of fragments for every song, held in memory: 16 bytes a fragment."""

    clip: Int32
    start_frame: Int32
    n_frames: Int32
    energy: Float32
    first_frame: Int64
    """Of each clip, in the pose file."""


class Catalogue:
    """A database of clips and fragments, open for reading."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self._path = path
        self._loading = threading.Lock()
        self._held: _Columns | None = None
        self._clips: dict[str, Any] | None = None
        try:
            with plain(path) as at:
                self._connection: duckdb.DuckDBPyConnection = connected(at, read_only=True)
        except duckdb.Error as exc:
            raise self._damaged(exc) from exc
        self._known = {n for (n,) in self._rows("SELECT column_name FROM (DESCRIBE clips)")}
        # What an index of an older format does not say of its clips.
        self._body = "c.body" if "body" in self._known else "'whole'"
        self._later = ", ".join(
            f"c.{name}" if name in self._known else f"{usual} AS {name}"
            for name, usual in (("counts", "''"), ("body", "'whole'"), ("sure", "1.0::DOUBLE"))
        )

    def counts(self) -> tuple[int, int, int]:
        """Numbers of clips, fragments and frames."""
        (clips,) = self._row("SELECT count(*) FROM clips")
        (fragments,) = self._row("SELECT count(*) FROM fragments")
        (frames,) = self._row("SELECT coalesce(sum(n_frames), 0)::BIGINT FROM clips")
        return clips, fragments, frames

    def clips(self) -> list[ClipRow]:
        """All clips in order."""
        names = [field.name for field in fields(ClipRow) if field.name in self._known]
        rows = self._rows(f"SELECT {', '.join(names)} FROM clips ORDER BY clip")
        return [ClipRow(**dict(zip(names, row, strict=True))) for row in rows]

    def fragments(self, start: int, stop: int) -> FragmentRows:
        """Fragments with rows from `start` to `stop` (exclusive), in order."""
        found = self._arrays(
            'SELECT * FROM fragments WHERE "row" >= ? AND "row" < ? ORDER BY "row"', [start, stop]
        )
        return FragmentRows(**found)

    def matching(self, where: Where, by: By = "pose") -> Int64:
        """Rows (N,) of the fragments that satisfy `where` and have a vector `by`, increasing."""
        conditions, values = _conditions(where, self._body)
        if by == "audio":
            conditions.append("f.has_audio")
        text = 'SELECT f."row" AS "row" FROM fragments f'
        if not where.only_length:
            text += " JOIN clips c ON f.clip = c.clip"
        if conditions:
            text += f" WHERE {' AND '.join(conditions)}"
        found: Int64 = self._arrays(text, values)["row"].astype(np.int64)
        found.sort()
        return found

    def places(self, rows: Int64) -> tuple[Int64, Int64]:
        """First record in the pose file, and number of frames, of each fragment."""
        held = self._columns()
        wanted = self._checked(rows)
        first = held.first_frame[held.clip[wanted]] + held.start_frame[wanted]
        return first, held.n_frames[wanted].astype(np.int64)

    def table(self, rows: Int64) -> FragmentTable:
        """Metadata of fragments in the order of `rows`."""
        held = self._columns()
        wanted = self._checked(rows)
        numbers, place = np.unique(held.clip[wanted], return_inverse=True)
        clips = {name: column[place] for name, column in self._clip_columns(numbers).items()}
        start = held.start_frame[wanted].astype(np.int64)
        length = held.n_frames[wanted].astype(np.int64)
        energy = held.energy[wanted].astype(np.float64)
        return FragmentTable.of(wanted, clips, start, length, energy)

    def recordings(self) -> dict[str, RecordingEntry]:
        """Every recording by id."""
        rows = self._rows(
            "SELECT recording_id, min(file_hash), min(source), list(clip_id ORDER BY clip)"
            " FROM clips GROUP BY recording_id ORDER BY recording_id"
        )
        return {
            name: RecordingEntry(file_hash, Path(source), tuple(clip_ids))
            for name, file_hash, source, clip_ids in rows
        }

    def tally(self, column: str) -> dict[str, int]:
        """Fragments by the value of a column of clips."""
        if column not in ("style", "dancer", "licence", "body"):
            raise InputError(f"fragments are not counted by {column}")
        named = self._body if column == "body" else f"c.{column}"
        rows = self._rows(
            f"SELECT {named}, count(*) FROM fragments f JOIN clips c ON f.clip = c.clip"
            " GROUP BY 1 ORDER BY 1"
        )
        return dict(rows)

    def lengths(self) -> dict[int, tuple[int, int]]:
        """By length in frames, the number of fragments and of those with music."""
        rows = self._rows(
            "SELECT n_frames, count(*), count(*) FILTER (has_audio) FROM fragments"
            " GROUP BY 1 ORDER BY 1"
        )
        return {length: (count, audio) for length, count, audio in rows}

    def problems(self) -> tuple[str, ...]:
        """Find what is inconsistent between the two tables, one line each."""
        checks = {
            "fragments without a clip": "SELECT count(*) FROM fragments f"
            " ANTI JOIN clips c ON f.clip = c.clip",
            "fragments outside their clip": "SELECT count(*) FROM fragments f JOIN clips c"
            " ON f.clip = c.clip WHERE f.start_frame < 0"
            " OR f.start_frame + f.n_frames > c.n_frames",
            "clips that are there twice": "SELECT count(*) - count(DISTINCT clip_id) FROM clips",
            "rows out of sequence": 'SELECT count(*) FROM (SELECT "row",'
            ' row_number() OVER (ORDER BY "row") - 1 AS place FROM fragments) WHERE "row" != place',
        }
        found = {what: self._row(text)[0] for what, text in checks.items()}
        return tuple(f"{self._path} holds {n} {what}" for what, n in found.items() if n)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _columns(self) -> _Columns:
        with self._loading:
            if self._held is None:
                clips = self._arrays("SELECT clip, first_frame FROM clips ORDER BY clip")
                found = self._arrays(
                    'SELECT "row", clip, start_frame, n_frames, energy FROM fragments'
                )
                row = found.pop("row")
                if (row != np.arange(len(row))).any():
                    order = np.argsort(row)
                    found = {name: column[order] for name, column in found.items()}
                self._held = _Columns(**found, first_frame=clips["first_frame"])
            return self._held

    def _checked(self, rows: Int64) -> Int64:
        wanted = np.ascontiguousarray(rows, dtype=np.int64)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < len(self._columns().clip):
            raise InputError("rows outside the index: from another generation?")
        return wanted

    def _clip_columns(self, numbers: Int32) -> dict[str, Any]:
        """Columns of some clips, in the order of their numbers."""
        if len(self._columns().first_frame) > _HELD_CLIPS:
            cursor = self._connection.cursor()
            cursor.register("wanted", {"clip": numbers})
            return self._described("clip IN (SELECT clip FROM wanted)", cursor)
        with self._loading:
            if self._clips is None:
                self._clips = self._described("true")
        return {name: column[numbers] for name, column in self._clips.items()}

    def _described(
        self, which: str, cursor: "duckdb.DuckDBPyConnection | None" = None
    ) -> dict[str, Any]:
        return self._arrays(
            "SELECT c.clip_id, c.recording_id, c.source, c.audio, c.video, c.style, c.dancer,"
            f" c.licence, c.tempo_bpm, c.start_s, c.file_hash, {self._later}"
            f" FROM clips c WHERE {which} ORDER BY clip",
            cursor=cursor,
        )

    def _arrays(
        self,
        text: str,
        values: Sequence[object] = (),
        cursor: "duckdb.DuckDBPyConnection | None" = None,
    ) -> dict[str, Any]:
        import duckdb

        try:
            # A cursor of its own for each question, so that threads do not share a result.
            cursor = cursor or self._connection.cursor()
            found = cursor.execute(text, list(values)).fetchnumpy()
        except duckdb.Error as exc:
            raise self._damaged(exc) from exc
        # DuckDB may mask missing values; no column here has any.
        return {name: np.asarray(column) for name, column in found.items()}

    def _rows(self, text: str) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self._connection.cursor().execute(text).fetchall()
        except duckdb.Error as exc:
            raise self._damaged(exc) from exc

    def _row(self, text: str) -> tuple[Any, ...]:
        return self._rows(text)[0]

    def _damaged(self, error: Exception) -> IndexStateError:
        return IndexStateError(f"{self._path} is damaged: {_first_line(error)}")


def _conditions(where: Where, body: str) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []

    def ask(text: str, *parameters: object) -> None:
        conditions.append(text)
        values.extend(parameters)

    if where.n_frames is not None:
        ask("f.n_frames = ?", int(where.n_frames))
    for column in ("style", "dancer", "licence"):
        if names := getattr(where, column):
            ask(f"list_contains(?, c.{column})", list(names))
    if where.body:
        ask(f"list_contains(?, {body})", list(where.body))
    if where.tempo_bpm is not None:
        ask("c.tempo_bpm BETWEEN ? AND ?", *map(float, where.tempo_bpm))
    if where.energy is not None:
        ask("f.energy BETWEEN ? AND ?", *map(float, where.energy))
    if where.exclude_clips:
        ask("NOT list_contains(?, c.clip_id)", list(where.exclude_clips))
    if where.only_clips is not None:
        ask("list_contains(?::VARCHAR[], c.clip_id)", list(where.only_clips))
    return conditions, values


def _insert(
    connection: "duckdb.DuckDBPyConnection", table: str, columns: dict[str, npt.NDArray[Any]]
) -> None:
    connection.register("incoming", columns)
    connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")
    connection.unregister("incoming")


def _columns_of(clips: Sequence[ClipRow]) -> dict[str, npt.NDArray[Any]]:
    columns: dict[str, npt.NDArray[Any]] = {}
    for field in fields(ClipRow):
        values = [getattr(clip, field.name) for clip in clips]
        columns[field.name] = np.array(values, dtype=object if field.type is str else field.type)
    return columns


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
