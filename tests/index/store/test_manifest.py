import json
from pathlib import Path

import pytest

from danceit.errors import IndexStateError
from danceit.index.store.contract import (
    MissingIndexError,
    NewerIndexError,
    StoreSpec,
)
from danceit.index.store.manifest import FORMAT, NAME, FileEntry, Manifest, SearchPart

MANIFEST = Manifest(
    generation="generation-000003-0a1b2c3d",
    created="2026-01-01T00:00:00+00:00",
    writer="danceit 0.1.0",
    spec=StoreSpec("an encoder", 3, (24, 48), None, "0.1.0"),
    widths={"pose": 16, "audio": 8},
    clips=2,
    fragments=7,
    frames=400,
    parts=(SearchPart("pose", 24, 7, "Flat", 0, "search/pose-24.faiss"),),
    files={"ü'\"\n.bin": FileEntry(12, "ab" * 32, "cd" * 32)},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / NAME)
    assert Manifest.read(tmp_path / NAME) == MANIFEST


def test_no_flipped_bit_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / NAME
    MANIFEST.write(path)
    whole = path.read_bytes()
    for position in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        try:
            found = Manifest.read(path)
        except IndexStateError:
            continue
        assert found == MANIFEST, f"byte {position}: {whole[position : position + 1]!r}"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_half_a_manifest_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / NAME
    MANIFEST.write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(IndexStateError, match="is damaged"):
        Manifest.read(path)


@pytest.mark.parametrize(
    "text", ["null", "[]", "7", '{"format": 1}', "[" * 100_000, '{"format": "x"}', "\0"]
)
def test_other_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / NAME
    path.write_text(text)
    with pytest.raises(IndexStateError, match="is damaged"):
        Manifest.read(path)


def test_a_newer_format_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(json.dumps({"format": FORMAT + 1, "nobody": "knows what else"}))
    with pytest.raises(NewerIndexError, match=rf"index format {FORMAT + 1}.*upgrade danceit"):
        Manifest.read(path)


def test_a_file_too_large_to_be_a_manifest_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(IndexStateError, match="larger than any manifest"):
        Manifest.read(path)


def test_no_index_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(MissingIndexError, match="danceit index build DATA"):
        Manifest.read(tmp_path / "nowhere" / NAME)


def test_a_lost_manifest_says_how_to_restore_it(tmp_path: Path) -> None:
    folder = tmp_path / MANIFEST.generation
    folder.mkdir()
    MANIFEST.write(folder / NAME)
    with pytest.raises(IndexStateError, match="danceit index rebuild"):
        Manifest.read(tmp_path / NAME)
