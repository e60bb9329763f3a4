"""A small library, and the studio served in a process of its own as a user starts it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from danceit.index.synthetic import SyntheticLibrary, make_library
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.studio.project import Project
from danceit.workflow.indexing import build_index
from tests.browser import chromium

pytest.importorskip("starlette", reason="the studio's server is in [studio]")
pytest.importorskip("uvicorn", reason="the studio's server is in [studio]")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> SyntheticLibrary:
    return make_library(tmp_path_factory.mktemp("studio"), songs_per_style=1, seconds=16.0)


@pytest.fixture(scope="session")
def index(library: SyntheticLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index on counts, of an encoder that hardly learned anything."""
    folder = tmp_path_factory.mktemp("studio-index") / "danceit-index"
    build_index(library.folder, folder, config=TrainingConfig(steps=8, batch=16))
    return folder


@dataclass(frozen=True)
class Served:
    """A running studio."""

    url: str
    project: Path
    process: subprocess.Popen[str]
    key: str = ""

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rsplit(":", 1)[1])

    @property
    def token(self) -> str:
        _, page, _ = self.ask("GET", "/")
        found = re.search(r'name="token" content="([^"]+)"', page)
        assert found is not None
        return found[1]

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, Mapping[str, str]]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return answer.status, text, {k.lower(): v for k, v in answer.getheaders()}

    def get(self, path: str) -> Any:
        return json.loads(self.ask("GET", path)[1])

    def post(self, path: str, told: object) -> tuple[int, Any]:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        status, text, _ = self.ask("POST", path, body, {"X-Danceit-Token": self.token})
        return status, json.loads(text)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()


Studio = Callable[..., AbstractContextManager[Served]]


SMALL_DEMO = """from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.workflow import demo

demo.SECONDS, demo.SONGS_PER_STYLE, demo.TRAINING = 12.0, 1, TrainingConfig(steps=8, batch=16)
"""
"""Makes the demo of every process small: three dancers who are hardly learned from."""


@contextmanager
def studio(project: Path, *args: object, first: str = "") -> Iterator[Served]:
    """Run `danceit studio` in a process of its own and stop it by Ctrl-C.

    `first` is run at the beginning of that process and of all its jobs.
    """
    # What a shell starts in the background ignores Ctrl-C, and so would all that it starts.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    begin = f"{heeding}from danceit.cli import main; main()"
    command = [sys.executable, "-c", begin, "studio", *map(str, args)]
    if first:
        (project.parent / "sitecustomize.py").write_text(first)
    path = [str(project.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [*command, "--project", str(project), "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=project.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)} if first else None,
    )
    try:
        assert process.stdout is not None
        found = re.match(r"(http://[\d.]+:\d+/)(\?key=\S+)?", process.stdout.readline())
        assert found is not None
        yield Served(found[1], project, process, found[2] or "")
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "mine.danceit"


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def danced(
    index: Path, library: SyntheticLibrary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A studio with a library, a song and a dance."""
    from danceit.studio.songs import make_ready
    from danceit.studio.tasks import take_song

    folder = tmp_path_factory.mktemp("danced") / "mine.danceit"
    made = Project.open(folder)
    made.library = index
    song = take_song(made, library.query_song, "<b>a song</b>")
    make_ready(made, song)
    with studio(folder) as served:
        status, _ = served.post("/dances", {"song": song.id})
        assert status == 200
        yield served
