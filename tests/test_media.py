"""Opening media: local files that are what they say, and nothing that they name."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from danceit.audio import read_sound
from danceit.errors import InputError
from danceit.index.sources.media import media_in, paired, sound_duration_s, video_frame_times_s
from danceit.media import (
    AUDIO_SUFFIXES,
    VIDEO_SUFFIXES,
    is_media,
    is_video,
    opened,
    picture_size,
    quarter_turns,
)
from danceit.render.video.sound import output_rate, stereo
from tests.audio.media import clicks, encode, write_pcm

EVERYONE = {
    "read_sound": read_sound,
    "stereo": lambda path: list(stereo(path, 48000)),
    "output_rate": output_rate,
    "sound_duration_s": sound_duration_s,
    "video_frame_times_s": video_frame_times_s,
    "picture_size": picture_size,
    "paired": lambda path: paired(path, ()) if is_video(path) else sound_duration_s(path),
}


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that lies beside files which name it."""
    path = tmp_path_factory.mktemp("secret") / "film.mp4"
    return encode(path, "aac", clicks(44100), 44100, video="libx264")


def lists(film: Path) -> dict[str, str]:
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{}\n#EXT-X-ENDLIST\n"
    return {
        "ffconcat": f"ffconcat version 1.0\nfile {film.name}\n",
        "hls, absolute": playlist.format(film),
        "hls, relative": playlist.format(film.name),
    }


@pytest.mark.parametrize("suffix", [".mp3", ".m3u8", ".mp4", ".wav"])
@pytest.mark.parametrize("opener", EVERYONE)
def test_a_list_of_files_opens_none_of_them(secret: Path, suffix: str, opener: str) -> None:
    for text in lists(secret).values():
        path = secret.with_name(f"list{suffix}")
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=f"list{suffix}") as caught:
            EVERYONE[opener](path)
        assert "\n" not in str(caught.value)


def test_the_message_says_what_is_wrong_with_it(secret: Path) -> None:
    path = secret.with_name("list.mp3")
    path.write_text(lists(secret)["ffconcat"], encoding="utf-8")
    with pytest.raises(InputError, match="not one of the containers"), opened(path):
        pass


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write_pcm(tmp_path / "clip.wav", clicks(24000), 24000)
    os.mkfifo(tmp_path / "pipe.wav")
    assert media_in(tmp_path) == (tmp_path / "clip.wav",)
    for opener in (read_sound, output_rate, sound_duration_s):
        with pytest.raises(InputError, match="not a regular file"):
            opener(tmp_path / "pipe.wav")


def test_names_are_sounds_or_videos_or_neither() -> None:
    assert not AUDIO_SUFFIXES & VIDEO_SUFFIXES
    assert is_media(Path("a.MP3"))
    assert is_video(Path("b.MOV"))
    assert not is_media(Path("a.m3u8"))


@pytest.mark.parametrize(
    ("rotation", "turns"),
    [(0, 0), (90, 1), (-90, 3), (180, 2), (270, 3), (45, 0), (-2147483648, 0)],
)
def test_only_whole_quarters_turn_a_picture(rotation: int, turns: int) -> None:
    assert quarter_turns(SimpleNamespace(rotation=rotation)) == turns
    assert quarter_turns(SimpleNamespace()) == 0


@pytest.mark.parametrize("lag_s", [0.0, 1.5])
def test_poses_keypoints_and_footage_count_the_same_seconds(tmp_path: Path, lag_s: float) -> None:
    from danceit.index.poses.footage.decoding import pictures
    from danceit.render.footage.reel import Reel
    from tests.render.filming import write_video

    video = tmp_path / "late.mkv"
    write_video(video, n_frames=40, lag=lag_s)
    numbered_s = video_frame_times_s(video)
    looked_at_s = [still.time_s for still in pictures(video, 64)]
    shown_s = Reel(video, numbered_s).times_s
    assert numbered_s[0] == 0.0
    np.testing.assert_allclose(looked_at_s, numbered_s, atol=1e-9)
    np.testing.assert_allclose(shown_s, numbered_s, atol=1e-9)


@pytest.mark.parametrize("name", ["json_beside_trimmed/dance.mp4", "json_beside_trimmed/vp9.webm"])
def test_of_a_trimmed_film_and_of_hidden_pictures_too(real_data: Path, name: str) -> None:
    from danceit.index.poses.footage.decoding import pictures
    from danceit.render.footage.reel import Reel

    video = real_data / "defects" / "public" / name
    numbered_s = video_frame_times_s(video)
    looked_at_s = np.array([still.time_s for still in pictures(video, 64)])
    reel = Reel(video, looked_at_s)
    shown = np.abs(reel.times_s[:, None] - looked_at_s).min(axis=0)
    np.testing.assert_allclose(looked_at_s, numbered_s, atol=1e-9)
    np.testing.assert_allclose(shown, 0.0, atol=1e-9)
