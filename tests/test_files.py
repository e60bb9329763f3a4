"""Files that are whole or not there."""

import os
import stat
from pathlib import Path

import pytest

from danceit.errors import InputError
from danceit.files import replacing, sha256_of_file


def test_an_exception_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as temporary:
            assert temporary.suffix == ".mp4"
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_success_replaces_at_once_with_ordinary_permissions(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    other = tmp_path / "plain"
    other.touch()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_a_folder_or_a_missing_parent_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is a folder"), replacing(tmp_path):
        pass
    with pytest.raises(InputError, match="does not exist"), replacing(tmp_path / "no" / "a"):
        pass


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of_file(tmp_path / "abc") == expected
