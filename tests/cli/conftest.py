"""A small index made once through the command line, as a user would."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from danceit.cli.main import main
from danceit.index.synthetic import SyntheticLibrary, make_library


@dataclass(frozen=True)
class Ran:
    """What one run of the command printed and its exit code."""

    code: int
    out: str
    err: str


class Cli:
    """Runs `danceit` in this process and captures what it prints."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *args: object) -> Ran:
        self._capture.readouterr()
        try:
            main([str(arg) for arg in args])
            code = 0
        except SystemExit as exc:
            code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        captured = self._capture.readouterr()
        return Ran(code, captured.out, captured.err)


@pytest.fixture
def danceit(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> SyntheticLibrary:
    return make_library(tmp_path_factory.mktemp("library"), songs_per_style=1, seconds=12.0)


@pytest.fixture(scope="session")
def encoder(library: SyntheticLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder") / "encoder"
    main(["train", str(library.folder), "--out", str(folder), "--steps", "8", "--device", "cpu"])
    return folder


@pytest.fixture(scope="session")
def index(
    library: SyntheticLibrary, encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An index on the grid of seconds, in which windows and fragments are 2 s long."""
    folder = tmp_path_factory.mktemp("index") / "danceit-index"
    build = ["index", "build", str(library.folder), "--encoder", str(encoder)]
    main([*build, "--grid", "seconds", "--out", str(folder)])
    return folder


@pytest.fixture(scope="session")
def counted_index(
    library: SyntheticLibrary, encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An index as it is built unless one asks for another: on counts."""
    folder = tmp_path_factory.mktemp("counted") / "danceit-index"
    main(["index", "build", str(library.folder), "--encoder", str(encoder), "--out", str(folder)])
    return folder
