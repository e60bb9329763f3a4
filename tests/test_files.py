"""Files that are whole or not there."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from danceit.errors import InputError
from danceit.files import one_line, replacing, sha256_of_file


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


def test_what_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "mine.json"
    target.touch()
    target.chmod(0o600)
    with replacing(target) as temporary:
        temporary.write_text("new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    link, real = tmp_path / "song.mp4", tmp_path / "store" / "film.mp4"
    for before in ("", "old"):  # a link that leads nowhere yet is one too
        if before:
            real.write_text(before)
        link.unlink(missing_ok=True)
        link.symlink_to(real)
        with replacing(link) as temporary:
            temporary.write_text("new")
        assert link.is_symlink()
        assert real.read_text() == "new"


def test_a_pipe_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.mp4")
    with pytest.raises(InputError, match="a pipe or a device"), replacing(tmp_path / "out.mp4"):
        pass
    assert stat.S_ISFIFO((tmp_path / "out.mp4").stat().st_mode)
    with pytest.raises(InputError, match="a pipe or a device"), replacing(Path("/dev/null")):
        pass


def test_what_a_killed_writer_left_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, time; from pathlib import Path\n"
        "from danceit.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as half:\n"
        "    half.write_text('half'); print('begun', flush=True); time.sleep(60)"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / name)], stdout=subprocess.PIPE, text=True
        )
        for name in ("killed.mp4", "living.mp4")
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
        writers[0].kill()
        writers[0].wait()
        (tmp_path / ".mine.part.mp4").touch()
        with replacing(tmp_path / "a.mp4") as temporary:
            temporary.touch()
        left = sorted(path.name.split(".danceit-")[0] for path in tmp_path.iterdir())
        assert left == [".living.mp4", ".mine.part.mp4", "a.mp4"]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


def test_names_keep_to_their_line() -> None:
    assert one_line("a\nb\x1b[31m\u202e") == r"a\nb\x1b[31m\u202e"
    assert one_line("Café 舞") == "Café 舞"


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of_file(tmp_path / "abc") == expected
