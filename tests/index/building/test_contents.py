import os
from pathlib import Path

import pytest

from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.index.building.contents import ContentHashes, files_of
from danceit.index.sources import Found, scan
from tests.index.conftest import MakeRecording

LONG_AGO_NS = 10**18


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files whose contents were read."""
    seen: list[Path] = []

    def counting(path: Path) -> str:
        seen.append(path)
        return sha256_of_file(path)

    monkeypatch.setattr("danceit.index.building.contents.sha256_of_file", counting)
    # Whatever happens in this test happened long ago: the clock has moved on since.
    monkeypatch.setattr("danceit.index.building.contents._SETTLED_NS", -(10**12))
    return seen


def found_in(data: Path, name: str) -> Found:
    return next(item for item in scan(data).found if item.recording_id == name)


def hashed(work: Path, item: Found) -> str:
    hashes = ContentHashes(work)
    found = hashes.of(item)
    hashes.save()
    return found


def test_a_file_that_was_not_touched_is_not_read_again(
    data: Path, tmp_path: Path, reads: list[Path]
) -> None:
    item = found_in(data, "a.npz")
    first = hashed(tmp_path, item)
    assert reads == [data / "a.npz"]
    assert hashed(tmp_path, item) == first
    assert len(reads) == 1


def test_a_file_that_was_touched_is_read_again_and_found_the_same(
    data: Path, tmp_path: Path, reads: list[Path]
) -> None:
    item = found_in(data, "a.npz")
    first = hashed(tmp_path, item)
    os.utime(data / "a.npz", ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert hashed(tmp_path, item) == first
    assert len(reads) == 2


def test_a_file_changed_just_now_may_change_again_unnoticed_and_is_not_remembered(
    data: Path, tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danceit.index.building.contents._SETTLED_NS", 10**12)
    item = found_in(data, "a.npz")
    assert hashed(tmp_path, item) == hashed(tmp_path, item)
    assert len(reads) == 2


def test_the_song_beside_a_recording_belongs_to_it(
    data: Path, tmp_path: Path, make_recording: MakeRecording
) -> None:
    (data / "song.wav").write_bytes(b"one")
    make_recording(data, "heard", 7, audio=data / "song.wav")
    item = found_in(data, "heard.npz")
    assert files_of(item) == (data / "heard.npz", data / "song.wav")
    before = hashed(tmp_path, item)
    (data / "song.wav").write_bytes(b"another")
    assert hashed(tmp_path, item) != before
    # A song of the same name that comes later, too.
    other = found_in(data, "a.npz")
    before = hashed(tmp_path, other)
    (data / "a.mp3").write_bytes(b"new")
    assert hashed(tmp_path, other) != before


@pytest.mark.parametrize("name", ["song.beats", "song.counts"])
def test_counts_beside_its_song_belong_to_a_recording(
    data: Path, tmp_path: Path, make_recording: MakeRecording, name: str
) -> None:
    (data / "song.wav").write_bytes(b"one")
    make_recording(data, "heard", 7, audio=data / "song.wav")
    item = found_in(data, "heard.npz")
    before = hashed(tmp_path, item)
    (data / name).write_text("0.5 1\n1.0 2\n")
    assert data / name in files_of(item)
    assert hashed(tmp_path, item) != before


def test_every_file_of_a_folder_belongs_to_it(data: Path, tmp_path: Path) -> None:
    folder = data / "folder"
    folder.mkdir()
    (folder / "x.json").write_text("{}")
    item = Found("npz", folder, "folder")
    before = hashed(tmp_path, item)
    (folder / ".hidden").write_text("")
    assert hashed(tmp_path, item) == before
    (folder / "y.json").write_text("{}")
    added = hashed(tmp_path, item)
    (folder / "y.json").rename(folder / "z.json")
    assert len({before, added, hashed(tmp_path, item)}) == 3


@pytest.mark.parametrize("text", ["", "[]", "{", '{"/x": 7}', '{"/x": [1, 2, 3, 4]}', "\0"])
def test_a_damaged_memory_is_forgotten(data: Path, tmp_path: Path, text: str) -> None:
    item = found_in(data, "a.npz")
    fresh = hashed(tmp_path / "..", item)
    (tmp_path / "hashes.json").write_text(text.replace("/x", str(data / "a.npz")))
    assert hashed(tmp_path, item) == fresh


def test_a_file_that_cannot_be_read_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = found_in(data, "a.npz")

    def fail(path: Path) -> str:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("danceit.index.building.contents.sha256_of_file", fail)
    with pytest.raises(InputError, match=r"cannot read .*a\.npz: Input/output error"):
        ContentHashes(tmp_path).of(item)
