"""The DuckDB part of a local index: clips, fragments, and the questions asked of them.

Values reach SQL as parameters or as registered arrays, never as text. A database is
written once, with its generation, and from then on opened read-only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from danceit.data import FPS, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.fragments import fragment_id
from danceit.index.store import By, FragmentTable, RecordingEntry, Where

if TYPE_CHECKING:
    import duckdb

_SCHEMA = """
CREATE TABLE clips (
    clip INTEGER, clip_id VARCHAR, recording_id VARCHAR, source VARCHAR, audio VARCHAR,
    video VARCHAR, style VARCHAR, dancer VARCHAR, licence VARCHAR, tempo_bpm DOUBLE,
    start_s DOUBLE, n_frames BIGINT, first_frame BIGINT, file_hash VARCHAR
);
CREATE TABLE fragments (
    "row" BIGINT, clip INTEGER, start_frame INTEGER, n_frames INTEGER, energy FLOAT,
    has_audio BOOLEAN
);
"""
_SAFE: dict[str, str | bool | int | float | list[str]] = {
    # A database from elsewhere must not reach other files or load code.
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


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


@dataclass(frozen=True)
class FragmentRows:
    """Rows of the table of fragments by column, (N,) each."""

    row: Int64
    clip: Int64
    start_frame: Int64
    n_frames: Int64
    energy: npt.NDArray[np.float32]
    has_audio: npt.NDArray[np.bool_]


def write_catalogue(
    path: Path, clips: Sequence[ClipRow], fragments: Iterator[FragmentRows]
) -> None:
    """Write a new database in one transaction."""
    import duckdb

    with duckdb.connect(str(path.absolute()), config=_SAFE) as connection:
        connection.execute(_SCHEMA)
        connection.begin()
        if clips:
            connection.register("incoming", _columns(clips))
            connection.execute("INSERT INTO clips SELECT * FROM incoming")
            connection.unregister("incoming")
        for rows in fragments:
            columns = {field.name: getattr(rows, field.name) for field in fields(rows)}
            connection.register("incoming", columns)
            connection.execute("INSERT INTO fragments SELECT * FROM incoming")
            connection.unregister("incoming")
        connection.commit()
        connection.execute("CHECKPOINT")


class Catalogue:
    """A database of clips and fragments, open for reading."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self._path = path
        try:
            self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
                str(path.absolute()), read_only=True, config=_SAFE
            )
        except duckdb.Error as exc:
            raise IndexStateError(f"{path} is damaged: {_first_line(exc)}") from exc

    def counts(self) -> tuple[int, int, int]:
        """Numbers of clips, fragments and frames."""
        (clips,) = self._row("SELECT count(*) FROM clips")
        (fragments,) = self._row("SELECT count(*) FROM fragments")
        (frames,) = self._row("SELECT coalesce(sum(n_frames), 0)::BIGINT FROM clips")
        return clips, fragments, frames

    def clips(self) -> list[ClipRow]:
        """All clips in order."""
        return [ClipRow(*row) for row in self._rows("SELECT * FROM clips ORDER BY clip")]

    def fragments(self, start: int, stop: int) -> FragmentRows:
        """Fragments with rows from `start` to `stop` (exclusive), in order."""
        found = self._arrays(
            'SELECT * FROM fragments WHERE "row" >= ? AND "row" < ? ORDER BY "row"', [start, stop]
        )
        return FragmentRows(
            row=found["row"].astype(np.int64),
            clip=found["clip"].astype(np.int64),
            start_frame=found["start_frame"].astype(np.int64),
            n_frames=found["n_frames"].astype(np.int64),
            energy=found["energy"].astype(np.float32),
            has_audio=found["has_audio"].astype(np.bool_),
        )

    def matching(self, where: Where, by: By = "pose") -> Int64:
        """Rows (N,) of the fragments that satisfy `where` and have a vector `by`, increasing."""
        conditions, values = _conditions(where)
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
        found = self._wanted(
            "SELECT w.place, c.first_frame + f.start_frame AS first_frame, f.n_frames", rows
        )
        return found["first_frame"].astype(np.int64), found["n_frames"].astype(np.int64)

    def table(self, rows: Int64) -> FragmentTable:
        """Metadata of fragments in the order of `rows`."""
        found = self._wanted(
            "SELECT w.place, f.clip, f.start_frame, f.n_frames, f.energy, c.clip_id,"
            " c.recording_id, c.source, c.audio, c.video, c.style, c.dancer, c.licence,"
            " c.tempo_bpm, c.start_s, c.file_hash",
            rows,
        )
        start, length = found["start_frame"].astype(np.int64), found["n_frames"].astype(np.int64)
        ids = [
            fragment_id(*place)
            for place in zip(found["clip_id"], start.tolist(), length.tolist(), strict=True)
        ]
        start_s = found["start_s"].astype(np.float64) + start / FPS
        names = ("clip_id", "recording_id", "source", "audio", "video", "style", "dancer")
        return FragmentTable(
            rows=np.asarray(rows, dtype=np.int64),
            fragment_id=np.array(ids, dtype=object),
            start_frame=start,
            n_frames=length,
            start_s=start_s,
            end_s=start_s + length / FPS,
            tempo_bpm=found["tempo_bpm"].astype(np.float64),
            energy=found["energy"].astype(np.float64),
            **{name: np.asarray(found[name], dtype=object) for name in names},
            licence=np.asarray(found["licence"], dtype=object),
            file_hash=np.asarray(found["file_hash"], dtype=object),
        )

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
        if column not in ("style", "dancer", "licence"):
            raise InputError(f"fragments are not counted by {column}")
        rows = self._rows(
            f"SELECT c.{column}, count(*) FROM fragments f JOIN clips c ON f.clip = c.clip"
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

    def _wanted(self, select: str, rows: Int64) -> dict[str, Any]:
        wanted = np.ascontiguousarray(rows, dtype=np.int64)
        cursor = self._connection.cursor()
        cursor.register("wanted", {"row": wanted, "place": np.arange(len(wanted))})
        found = self._arrays(
            f'{select} FROM wanted w JOIN fragments f ON f."row" = w."row"'
            " JOIN clips c ON f.clip = c.clip",
            connection=cursor,
        )
        if len(found["place"]) != len(wanted):
            raise InputError("rows outside the index: from another generation?")
        order = np.argsort(found["place"])
        return {name: column[order] for name, column in found.items()}

    def _arrays(
        self,
        text: str,
        values: Sequence[object] = (),
        connection: "duckdb.DuckDBPyConnection | None" = None,
    ) -> dict[str, Any]:
        import duckdb

        try:
            # A cursor of its own for each question, so that threads do not share a result.
            cursor = connection or self._connection.cursor()
            found = cursor.execute(text, list(values)).fetchnumpy()
        except duckdb.Error as exc:
            raise IndexStateError(f"{self._path} is damaged: {_first_line(exc)}") from exc
        # DuckDB may mask missing values; no column here has any.
        return {name: np.asarray(column) for name, column in found.items()}

    def _rows(self, text: str) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self._connection.cursor().execute(text).fetchall()
        except duckdb.Error as exc:
            raise IndexStateError(f"{self._path} is damaged: {_first_line(exc)}") from exc

    def _row(self, text: str) -> tuple[Any, ...]:
        return self._rows(text)[0]


def _conditions(where: Where) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []

    def ask(text: str, *parameters: object) -> None:
        conditions.append(text)
        values.extend(parameters)

    if where.n_frames is not None:
        ask("f.n_frames = ?", where.n_frames)
    for column in ("style", "dancer", "licence"):
        if names := getattr(where, column):
            ask(f"list_contains(?, c.{column})", list(names))
    if where.tempo_bpm is not None:
        ask("c.tempo_bpm BETWEEN ? AND ?", *where.tempo_bpm)
    if where.energy is not None:
        ask("f.energy BETWEEN ? AND ?", *where.energy)
    if where.exclude_clips:
        ask("NOT list_contains(?, c.clip_id)", list(where.exclude_clips))
    if where.only_clips is not None:
        ask("list_contains(?::VARCHAR[], c.clip_id)", list(where.only_clips))
    return conditions, values


def _columns(clips: Sequence[ClipRow]) -> dict[str, npt.NDArray[Any]]:
    columns: dict[str, npt.NDArray[Any]] = {}
    for field in fields(ClipRow):
        values = [getattr(clip, field.name) for clip in clips]
        columns[field.name] = np.array(values, dtype=object if field.type is str else field.type)
    return columns


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
