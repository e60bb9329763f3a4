"""Files from a browser: whole on the disk or not there, within limits, what they are called."""

import asyncio
import shutil
from collections import namedtuple
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.requests import Request

from danceit.errors import InputError
from danceit.index.synthetic import SyntheticLibrary
from danceit.studio.answers import taking
from danceit.studio.uploads import SPARE, check_content, check_recording, written


def write(target: Path, chunks: Sequence[bytes], largest: int = 100) -> int:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(written(stream(), target, largest))).result()


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    assert write(tmp_path / "a.mp4", [b"abc", b"", b"def"]) == 6
    assert (tmp_path / "a.mp4").read_bytes() == b"abcdef"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    ("chunks", "message"),
    [([], r"a\.mp4 is empty"), ([b"x" * 60, b"x" * 60], r"a\.mp4 is too large")],
)
def test_of_what_is_refused_nothing_is_left(
    tmp_path: Path, chunks: list[bytes], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write(tmp_path / "a.mp4", chunks)
    assert list(tmp_path.iterdir()) == []


def test_the_disk_is_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, SPARE + 5))
    assert write(tmp_path / "small.mp4", [b"x" * 5]) == 5
    with pytest.raises(InputError, match=r"no room left on the disk for large\.mp4"):
        write(tmp_path / "large.mp4", [b"x" * 6])
    assert [path.name for path in tmp_path.iterdir()] == ["small.mp4"]


def test_a_page_that_is_closed_while_it_sends_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = iter([{"type": "http.request", "body": b"half", "more_body": True},
                 {"type": "http.disconnect"}])  # fmt: skip

    async def receive() -> Any:
        return next(told)

    async def take(request: Request) -> int:
        return await written(request.stream(), tmp_path / "a.mp4", 100)

    def answer() -> int:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        return asyncio.run(taking(take)(request)).status_code  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(answer).result() == 400
    assert capsys.readouterr().err == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"this is no video" * 99, "cannot be read as sound or video"),
        ("a.mp3", b"<html>", "cannot be read as sound or video"),
        ("a.npz", b"not a zip", "it is no .npz file"),
        ("a.bvh", b"MOTION\nFrames: 3\n", "does not begin as a .bvh file does"),
        ("a.bvh", b"HIERARCHY\n\0\0", "it is no .bvh file, which is text"),
        ("a.json", b"<html>", "does not begin as a .json file does"),
        ("a.beats", b"\x7fELF\0", "it is no .beats file, which is text"),
        ("a.pkl", b"#!/bin/sh", "it is no .pkl file"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_removed(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError, match=f"{name} is left out: .*{message}"):
        check_content(file)
    assert not file.exists()


def test_what_sources_read_is_kept(tmp_path: Path, library: SyntheticLibrary) -> None:
    for file, content in (
        ("a.bvh", b"\xef\xbb\xbf HIERARCHY\nROOT hips"), ("a.json", b' [{"people": []}]'),
        ("a.beats", b"0.5 1\n"), ("a.pkl", b"\x80\x04N."),
    ):  # fmt: skip
        (tmp_path / file).write_bytes(content)
    np.savez(tmp_path / "a.npz", poses=np.zeros(3))
    shutil.copy(library.recordings[0].with_suffix(".flac"), tmp_path)
    before = sorted(tmp_path.iterdir())
    for path in before:
        check_recording(path)
        check_content(path)
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_real_that_a_source_can_read_is_refused(real_data: Path, tmp_path: Path) -> None:
    """Damaged as they are: cut off, with garbage in their headers, of odd containers."""
    public = real_data / "defects" / "public"
    for name in ("cut60_mute.mp4", "mkv_rotation.mkv", "no_timescale.mp4", "swagger.bvh",
                 "h36m_coco_consecutive_120.json"):  # fmt: skip
        shutil.copy(public / name, tmp_path)
        check_content(tmp_path / name)
        assert (tmp_path / name).is_file()
