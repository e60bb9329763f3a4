"""Names from a browser."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.errors import InputError
from danceit.files import file_name, replacing
from danceit.studio.names import UnknownIdError, checked_id, free, new_id, relative_path, title


@given(st.text(max_size=300))
def test_every_text_becomes_the_name_of_one_file(text: str) -> None:
    name = file_name(text)
    assert Path(name).name == name
    assert name not in {"", ".", ".."}
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert 0 < len(name) <= 100
    assert len(name.encode()) <= 200


@given(st.text(max_size=300))
def test_no_dropped_path_leaves_its_folder(text: str) -> None:
    try:
        path = relative_path(text)
    except InputError:
        return
    assert not path.is_absolute()
    assert ".." not in path.parts


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Für Elise.mp3", "Für Elise.mp3"),
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\Songs\\a.wav", "C__Songs_a.wav"),
        ("nul.mp3", "file_nul.mp3"),
        ("<script>.mp3", "script_.mp3"),
    ],
)
def test_names_stay_as_like_as_they_can(given: str, wanted: str) -> None:
    assert file_name(given) == wanted


@pytest.mark.parametrize("letter", ["舞", "\U00020000", "é"])
def test_a_long_name_of_any_script_can_be_written(tmp_path: Path, letter: str) -> None:
    name = file_name(letter * 300 + ".mp4")
    assert name.startswith(letter * 40)
    with replacing(tmp_path / name) as temporary:
        temporary.write_bytes(b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert name.endswith(".mp4")


def test_ids_are_told_from_everything_else() -> None:
    assert checked_id(new_id(), "song")
    for other in ("", "..", "0123456g", "012345678", None, 7, "/etc"):
        with pytest.raises(UnknownIdError, match="no such song"):
            checked_id(other, "song")


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "a-2.mp4").touch()
    assert free(tmp_path / "a.mp4").name == "a-3.mp4"
    assert free(tmp_path / "a.mp4", {"a-3.mp4"}).name == "a-4.mp4"
    (tmp_path / "a.dance.npz").touch()
    assert free(tmp_path / "a.dance.npz", suffix=".dance.npz").name == "a-2.dance.npz"


def test_a_name_is_one_line_and_not_too_long() -> None:
    assert title("  my\n dance ") == "my dance"
    with pytest.raises(InputError, match="1 to 100 characters; got 0"):
        title(" \n")
