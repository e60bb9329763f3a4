"""DuckDB, opened in one place: a database from elsewhere reaches no files and loads no code."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_NO_EXTENSIONS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_NO_FILES: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": "false"}


def connected(
    path: Path | None, *, read_only: bool = False, files: bool = False
) -> "duckdb.DuckDBPyConnection":
    """Open a database; without `path` one in memory.

    No extension is fetched or loaded. With `files`, what is executed may read and write other
    files: only for text of danceit's own.
    """
    import duckdb

    config = _NO_EXTENSIONS if files else _NO_EXTENSIONS | _NO_FILES
    name = ":memory:" if path is None else os.path.abspath(path)
    return duckdb.connect(name, read_only=read_only, config=config)


@contextmanager
def plain(path: Path, *, writing: bool = False) -> Iterator[Path]:
    """Name of a database without what DuckDB takes for more than a name.

    Where a `?` stands in a path, it looks for its log in another folder, through links too;
    so such a file is made elsewhere and moved, or linked or copied there to be opened.
    """
    absolute = Path(os.path.abspath(path))
    if "?" not in os.path.realpath(absolute):
        yield absolute
        return
    with tempfile.TemporaryDirectory(prefix="danceit-") as folder:
        place = Path(folder) / absolute.name
        if not writing:
            try:
                os.link(absolute, place)
            except OSError:
                shutil.copyfile(absolute, place)
        yield place
        if writing:
            shutil.move(place, absolute)
