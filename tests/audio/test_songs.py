"""One rule says which song belongs to a dance, whoever asks."""

from dataclasses import replace
from pathlib import Path

import pytest

from danceit.audio.songs import song_of
from danceit.data import DanceSong
from danceit.errors import InputError
from danceit.files import sha256_of_file
from tests.test_data import a_dance


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    path.write_bytes(b"a song")
    return path


def test_a_song_that_moved_is_known_by_its_contents(song: Path, tmp_path: Path) -> None:
    dance = replace(a_dance(1), song=DanceSong(tmp_path / "gone.wav", sha256_of_file(song)))
    with pytest.raises(InputError, match=r"not at .*gone\.wav any more; say where .*`song`"):
        song_of([dance])
    assert song_of([dance], str(song)) == song
    there = replace(dance, song=DanceSong(song, sha256_of_file(song)))
    assert song_of([dance, there]) == song


@pytest.mark.parametrize("count", [1, 2])
def test_another_song_is_refused_for_one_dance_and_for_several(song: Path, count: int) -> None:
    dance = replace(a_dance(1), song=DanceSong(song, "0" * 64))
    with pytest.raises(InputError, match=r"song\.wav is not the song that .* was made for"):
        song_of([dance] * count, song)
    with pytest.raises(InputError, match="has changed since the dance was made"):
        song_of([dance] * count)


def test_dances_to_different_songs_are_named(song: Path) -> None:
    one, other = (replace(a_dance(1), song=DanceSong(song, sha)) for sha in ("0" * 64, "1" * 64))
    with pytest.raises(InputError, match="a and b are dances to different songs"):
        song_of([one, other], song, names=("a", "b"))
