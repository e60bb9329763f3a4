"""A project's folder: what is kept of it, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from danceit.errors import InputError
from danceit.retrieval.options import VARIETY
from danceit.studio.names import UnknownIdError, new_id
from danceit.studio.project import ConflictError, Project, Song, Version, changed, check_revision
from danceit.studio.wishes import ENERGY, MOVES, Wishes
from tests.render.conftest import make_dance, swaying


@pytest.fixture
def opened(project: Path) -> Project:
    return Project.open(project)


def test_what_is_kept_is_there_when_it_is_opened_again(opened: Project) -> None:
    song = opened.keep_song(Song(new_id(), "Für Elise", "song.mp3", part=(3.0, 9.5)))
    change = {"kind": "ban", "what": "a", "text": "Without a"}
    version = Version(
        new_id(), "first", song.id, Wishes(style="waltz", seed=3), steps=((), (change,)), at=1
    )
    version = opened.keep_version(version, make_dance(swaying(60)), new=True)
    again = Project.open(opened.folder)
    assert again.songs() == [song]
    assert again.version(version.id) == version
    assert again.version(version.id).changes == (change,)
    assert again.dance_file(version, "base").is_file()


def test_a_library_inside_the_project_moves_with_it(opened: Project, tmp_path: Path) -> None:
    opened.library = opened.folder / "library" / "danceit-index"
    opened.folder.rename(tmp_path / "moved.danceit")
    moved = Project.open(tmp_path / "moved.danceit")
    assert moved.library == tmp_path / "moved.danceit" / "library" / "danceit-index"
    assert moved.name == "moved"


def test_what_is_removed_can_be_brought_back(opened: Project) -> None:
    song = opened.keep_song(Song(new_id(), "a", "song.mp3"))
    opened.remove("songs", song.id)
    with pytest.raises(UnknownIdError, match="no such song"):
        opened.song(song.id)
    opened.restore("songs", song.id)
    assert opened.song(song.id) == song


def test_no_two_versions_get_one_name(opened: Project) -> None:
    song = opened.keep_song(Song("0000000a", "s", "song.wav"))
    other = Version("0000000f", "Version 7", "0000000b", Wishes())
    own = [Version(f"0000000{n}", f"Version {n}", song.id, Wishes()) for n in (1, 2, 3)]
    assert opened.next_name(song) == "Version 1"
    for version in (*own, other):
        (opened.folder / "dances" / version.id).mkdir()
        opened.rename_version(version, version.name)
    opened.remove("dances", own[0].id)
    assert opened.next_name(song) == "Version 4"
    opened.remove("dances", own[2].id)  # it can be brought back
    assert opened.next_name(song) == "Version 4"


def test_the_later_of_two_changes_is_told(opened: Project) -> None:
    song = opened.keep_song(Song(new_id(), "a", "song.mp3"))
    asked = {"revision": song.revision}
    check_revision(song, asked)
    later = opened.keep_song(changed(song, name="b"))
    with pytest.raises(ConflictError, match="b was changed in another tab"):
        check_revision(later, asked)


@pytest.mark.parametrize(
    ("whole", "message"),
    [
        ('{"format": 99}', "newer danceit"),
        ("[1]", "does not hold what danceit wrote"),
        ('{"format": "one"}', "does not hold what danceit wrote"),
        ('{"format": 1, "library": []}', "does not hold what danceit wrote"),
        ('{"format"', "cannot be read"),
    ],
)
def test_what_is_no_project_is_one_line(project: Path, whole: str, message: str) -> None:
    project.mkdir()
    (project / "project.json").write_text(whole)
    with pytest.raises(InputError, match=message):
        Project.open(project)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InputError, match="is not empty and no project"):
        Project.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_wishes_are_options_and_survive_json() -> None:
    for moves in MOVES:
        for variety in VARIETY:
            for energy in ENERGY:
                wishes = Wishes(moves=moves, variety=variety, energy=energy, alike=False, seed=7)
                assert Wishes.of(json.loads(json.dumps(wishes.as_json))) == wishes
                assert wishes.options.length_s == MOVES[moves]
                assert wishes.options.structure == "free"
    usual = Wishes().options
    assert replace(usual, seed=0) == type(usual)()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"moves": "loong"}, "unknown moves 'loong'.*did you mean 'long'"),
        ({"moves": []}, "unknown moves"),
        ({"seed": -1}, "seed"),
        ({"seed": "1"}, "seed"),
        ({"style": 3}, "style must be a name"),
        ([], "must be a JSON object"),
    ],
)
def test_wishes_that_are_none_are_refused(asked: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Wishes.of(asked)
