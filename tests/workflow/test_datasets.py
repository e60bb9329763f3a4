"""Fetching from a real server on the loopback address, cut off, resumed and lied to."""

import hashlib
import io
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from danceit.errors import InputError
from danceit.workflow import datasets
from danceit.workflow.datasets import DATASETS, fetch, unpack


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Shelf(ThreadingHTTPServer):
    """Serves `content`, in ranges; hangs up after `breaks_after` bytes once."""

    content = zipped({"DANCE_1/config.json": np.random.default_rng(0).bytes(600_000)})
    breaks_after = 0
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Shelf

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append(wanted)
        start = int(re.findall(r"\d+", wanted)[0]) if wanted else 0
        if start >= len(self.server.content):
            self.send_error(416)
            return
        body = self.server.content[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks_after:
            body, self.server.breaks_after = body[: self.server.breaks_after], 0
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    server = Shelf(("127.0.0.1", 0), Handler)
    server.asked = []
    address = f"http://127.0.0.1:{server.server_port}/set.zip"
    monkeypatch.setitem(datasets.DATASETS, "tang", replace(DATASETS["tang"], archive=address))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_that_was_cut_off_goes_on(shelf: Shelf, tmp_path: Path) -> None:
    shelf.breaks_after = 300_000
    with pytest.raises(InputError, match=r"try again to go on.*by hand"):
        fetch("tang", tmp_path)
    assert (tmp_path / "tang.zip.part").stat().st_size == 300_000
    told: list[tuple[int, int]] = []
    folder = fetch(
        "tang", tmp_path, progress=lambda done, whole, what="": told.append((done, whole))
    )
    assert shelf.asked == ["", "bytes=300000-"]
    assert told[-1] == (len(shelf.content), len(shelf.content))
    assert len((folder / "DANCE_1" / "config.json").read_bytes()) == 600_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tang", "tang.zip.sha256"]


def test_a_download_that_was_whole_but_not_unpacked_is_unpacked(
    shelf: Shelf, tmp_path: Path
) -> None:
    (tmp_path / "tang.zip.part").write_bytes(shelf.content)
    assert fetch("tang", tmp_path).is_dir()


def test_what_is_no_archive_is_said(shelf: Shelf, tmp_path: Path) -> None:
    shelf.content = b"<html>please log in</html>"
    with pytest.raises(InputError, match="not a zip file"):
        fetch("tang", tmp_path)
    assert not (tmp_path / "tang").exists()


def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evil.zip").write_bytes(zipped({"../../outside.txt": b"gotcha"}))
    with pytest.raises(InputError, match="outside its folder"):
        unpack(tmp_path / "evil.zip", tmp_path / "here")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_without_a_network_it_says_what_to_get_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(DATASETS["aistpp"], archive="http://127.0.0.1:9/set.zip")
    monkeypatch.setitem(datasets.DATASETS, "aistpp", nowhere)
    with pytest.raises(InputError, match=r"cannot be reached.*keypoints3d.*CC BY 4.0"):
        fetch("aistpp", tmp_path)


def test_sets_with_terms_to_agree_to_are_described(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="by hand"):
        fetch("aist", tmp_path)
    with pytest.raises(InputError, match="did you mean 'tang'"):
        fetch("tagn", tmp_path)


def test_the_hash_of_the_first_time_is_kept_and_checked_from_then_on(
    shelf: Shelf, tmp_path: Path
) -> None:
    folder = fetch("tang", tmp_path)
    known = hashlib.sha256(shelf.content).hexdigest()
    kept = tmp_path / "tang.zip.sha256"
    assert kept.read_text() == f"{known}  tang.zip\n"
    shutil.rmtree(folder)
    fetch("tang", tmp_path)  # the same archive is the same
    shutil.rmtree(folder)
    shelf.content = zipped({"DANCE_1/config.json": b"another"})
    with pytest.raises(InputError, match=f"not what was fetched before.*says {known}"):
        fetch("tang", tmp_path)
    assert not folder.exists()
    kept.write_text("nonsense")
    with pytest.raises(InputError, match="does not begin with a SHA-256"):
        fetch("tang", tmp_path)
    kept.unlink()
    assert fetch("tang", tmp_path).is_dir()


def test_a_published_hash_is_the_only_one_that_is_taken(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = hashlib.sha256(shelf.content).hexdigest()
    named = datasets.DATASETS["tang"]
    monkeypatch.setitem(datasets.DATASETS, "tang", replace(named, sha256="0" * 64))
    with pytest.raises(InputError, match=f"is {known}, not 0000.*damaged on the way"):
        fetch("tang", tmp_path)
    assert not (tmp_path / "tang").exists()
    assert not (tmp_path / "tang.zip.sha256").exists()
    monkeypatch.setitem(datasets.DATASETS, "tang", replace(named, sha256=known))
    assert fetch("tang", tmp_path).is_dir()


def test_what_cannot_be_unpacked_leaves_no_hash_behind(shelf: Shelf, tmp_path: Path) -> None:
    shelf.content = b"an error page"
    with pytest.raises(InputError, match="not a zip file"):
        fetch("tang", tmp_path)
    assert not (tmp_path / "tang.zip.sha256").exists()
