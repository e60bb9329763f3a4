"""A run folder: one small file a cell, so that an interrupted run goes on where it stopped.

A *cell* is one piece of work with its inputs, such as one method on one song. Its file is
named by a hash of its inputs and of danceit's own code: what changed is done again and
nothing else. A cell that fails says why, is reported, and is tried again by the next run.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import danceit
from danceit.errors import DanceitError, InputError
from danceit.files import replacing

Values = dict[str, float]
"""What one cell measured, by the names of `danceit.bench.reports.catalogue`."""


@dataclass(frozen=True)
class Cell:
    """One piece of work: what went in, and what was measured or why it failed.

    Attributes
    ----------
    kind : str
        ``align``, ``gaps``, ``sweep`` and so on.
    method, song : str
        Row and unit that the cell belongs to.
    values : dict of str to float
        NaN for what could not be measured.
    error : str
        Empty where the work was done.
    """

    kind: str
    method: str
    song: str
    values: Mapping[str, float]
    error: str = ""


class RunFolder:
    """The files of one bench run; any number of runs may share it, one at a time.

    Parameters
    ----------
    path : Path
        Made where it does not exist; what other programs put there is left alone.

    Raises
    ------
    InputError
        If it cannot be made or is a file.
    """

    def __init__(self, path: Path, *, resume: bool = True) -> None:
        self.path = Path(path)
        self.resume = resume
        try:
            self.cells.mkdir(parents=True, exist_ok=True)
            self.dances.mkdir(exist_ok=True)
        except OSError as exc:
            raise InputError(f"cannot write into {path}: {exc.strerror or exc}") from exc

    @property
    def cells(self) -> Path:
        """Folder of the cells."""
        return self.path / "cells"

    @property
    def dances(self) -> Path:
        """Folder of the dances that were measured; `danceit render` shows them."""
        return self.path / "dances"

    def file_of(self, kind: str, method: str, song: str, inputs: Mapping[str, Any]) -> Path:
        """Where a cell with these inputs is kept."""
        identity = json.dumps([kind, method, song, dict(inputs), code_hash()], sort_keys=True)
        return self.cells / f"{kind}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"

    def done(self, kind: str, method: str, song: str, inputs: Mapping[str, Any]) -> Cell | None:
        """Return a cell measured before; None where there is none, or it failed or is damaged."""
        file = self.file_of(kind, method, song, inputs)
        if not self.resume or not file.exists():
            return None
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
            values = {
                key: math.nan if value is None else float(value)
                for key, value in stored["values"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return None if stored.get("error") else Cell(kind, method, song, values)

    def measure(
        self,
        kind: str,
        method: str,
        song: str,
        inputs: Mapping[str, Any],
        work: Callable[[], Values],
        needs: Sequence[Path] = (),
    ) -> Cell:
        """Return the cell from an earlier run, or do its work and keep it.

        Whatever the work raises becomes the cell's error, because methods may be third
        parties' and one of them must not take the rest of the run along; only an
        interrupt passes. `needs` are files that the work leaves beside its values.
        """
        before = self.done(kind, method, song, inputs)
        if before is not None and all(file.exists() for file in needs):
            return before
        try:
            cell = Cell(kind, method, song, work())
        except DanceitError as exc:
            cell = Cell(kind, method, song, {}, str(exc))
        except Exception as exc:
            cell = Cell(kind, method, song, {}, f"{type(exc).__name__}: {exc}")
        self._write(cell, inputs)
        return cell

    def _write(self, cell: Cell, inputs: Mapping[str, Any]) -> None:
        stored = {
            "kind": cell.kind,
            "method": cell.method,
            "song": cell.song,
            "inputs": dict(inputs),
            "error": cell.error,
            "values": {
                key: None if math.isnan(value) else value for key, value in cell.values.items()
            },
        }
        file = self.file_of(cell.kind, cell.method, cell.song, inputs)
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(stored, indent=1), encoding="utf-8")


def run_jobs(jobs: Sequence[Callable[[], Cell]], *, progress: bool) -> list[Cell]:
    """Do all jobs in order, with a progress bar on stderr where asked for."""
    from tqdm import tqdm

    return [job() for job in tqdm(jobs, unit="cell", disable=not progress, dynamic_ncols=True)]


@cache
def code_hash() -> str:
    """Hash of the code that figures depend on: those of other code are not taken over."""
    digest = hashlib.sha256()
    root = Path(danceit.__file__).parent
    for file in sorted(root.rglob("*.py")):
        if file.relative_to(root).parts[0] in ("cli", "render"):
            continue
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def slug(text: str) -> str:
    """Make a text a file name: letters, digits and a few signs stay, the rest become dashes."""
    return "".join(sign if sign.isalnum() or sign in "._+=" else "-" for sign in text)
