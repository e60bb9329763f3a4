from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from danceit.audio import read_sound
from danceit.data import Dance, DanceSong
from danceit.errors import InputError
from danceit.render import RenderOptions, render, render_many
from danceit.render.drawing.scene import Scene
from danceit.render.video.sound import stereo
from tests.render.conftest import RATE, SONG_S, make_dance, swaying

SMALL = RenderOptions(size=128)


def streams(path: Path) -> dict[str, tuple[float, float]]:
    """Start and duration in seconds of each stream, as the container states them."""
    with av.open(str(path)) as container:
        return {
            stream.type: (
                float((stream.start_time or 0) * stream.time_base),
                float((stream.duration or 0) * stream.time_base),
            )
            for stream in container.streams
        }


def decoded_sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)


def decoded_picture(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("fps", [24, 30, 60])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_both_streams_last_as_long_as_the_song_within_a_frame(
    dance: Dance, tmp_path: Path, fps: int, suffix: str
) -> None:
    out = tmp_path / f"dance{suffix}"
    render(dance, out, options=replace(SMALL, fps=fps))
    found = streams(out)
    assert found["video"][0] == found["audio"][0] == 0
    assert 0 <= SONG_S - found["video"][1] < 1 / fps + 1e-3
    assert found["audio"][1] == pytest.approx(SONG_S, abs=1 / fps)


def test_what_is_in_the_file(dance: Dance, tmp_path: Path) -> None:
    out = tmp_path / "dance.mp4"
    render(dance, out)
    with av.open(str(out)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec.name, audio.codec.name) == ("h264", "aac")
        assert (video.width, video.height, video.pix_fmt) == (512, 512, "yuv420p")
        assert video.average_rate == 24
        assert (audio.rate, audio.channels) == (44_100, 2)
        assert sum(1 for _ in container.decode(video)) == int(SONG_S * 24) == dance.n_frames


def test_the_frames_are_those_of_the_scene(dance: Dance, tmp_path: Path) -> None:
    out = tmp_path / "dance.mp4"
    render(dance, out, options=replace(SMALL, size=256))
    scene = Scene([dance], replace(SMALL, size=256), SONG_S)
    shown = decoded_picture(out)
    # Wrong colour tags or a frame out of place would be off by far more.
    for index in (0, 30, scene.n_frames - 1):
        difference = shown[index].astype(int) - scene.frame(index)
        error = np.abs(difference).mean()
        other = np.abs(shown[index].astype(int) - scene.frame((index + 15) % 60)).mean()
        assert error < 5
        limbs = np.ptp(scene.frame(index), axis=2) > 200
        # BT.709 read for BT.601 would shift saturated colours by some twenty levels.
        assert np.abs(np.median(difference[limbs], axis=0)).max() < 8
        assert error < other


def test_the_sound_is_the_songs_in_stereo_and_in_step(dance: Dance, tmp_path: Path) -> None:
    out = tmp_path / "dance.mp4"
    render(dance, out, options=SMALL)
    sound = decoded_sound(out)
    stretch = sound[:, RATE // 2 : RATE // 2 + RATE]
    peaks = np.abs(np.fft.rfft(stretch, axis=1)).argmax(axis=1)
    assert peaks.tolist() == [440, 880]


def test_a_click_is_heard_when_it_was(tmp_path: Path) -> None:
    clicks = np.zeros(round(SONG_S * RATE))
    clicks[RATE] = 1.0
    song = tmp_path / "click.wav"
    soundfile.write(song, clicks, RATE)
    for start_s, length_s in ((0.0, 0.0), (0.6, 1.0)):
        out = tmp_path / "dance.mp4"
        options = replace(SMALL, start_s=start_s, seconds=length_s or None)
        render(make_dance(swaying(60), song=song), out, options=options)
        heard = np.abs(decoded_sound(out)).max(axis=0).argmax() / RATE
        assert heard == pytest.approx(1.0 - start_s, abs=0.002)
        if length_s:
            assert streams(out)["video"][1] == pytest.approx(length_s, abs=1e-3)


@pytest.mark.parametrize("name", ["kick_120bpm.mp3", "madmom_sample.wav", "goin_under_210bpm.ogg"])
def test_real_songs_of_other_rates_and_formats(real_data: Path, tmp_path: Path, name: str) -> None:
    path = real_data / "music" / name
    duration_s = read_sound(path).duration_s
    dance = make_dance(np.repeat(swaying(1), int(duration_s * 24), axis=0), song=path, seams=())
    out = tmp_path / "dance.mp4"
    render(dance, out, options=replace(SMALL, seconds=2.0, start_s=duration_s - 2.5))
    found = streams(out)
    assert found["video"][1] == pytest.approx(2.0, abs=1 / 24)
    assert found["audio"][1] == pytest.approx(2.0, abs=1 / 24)


@pytest.mark.parametrize(
    "name",
    ["dances/DANCE_W_1/audio.mp3", "music/kick_120bpm.mp3", "video/hand_song_1080x1920_12s.mp4"],
)
def test_the_sound_is_in_step_with_the_features_sound(real_data: Path, name: str) -> None:
    heard = read_sound(real_data / name).samples
    own = np.concatenate(list(stereo(real_data / name, 24_000)), axis=1).mean(axis=0)
    length = min(len(heard), len(own))
    assert abs(len(own) - len(heard)) < 24_000 / 48
    # One sample of 24 kHz too early or late lowers this to 0.98 or less.
    assert np.corrcoef(own[:length], heard[:length])[0, 1] > 0.999


def test_sound_that_starts_after_the_picture_stays_late(tmp_path: Path) -> None:
    video = tmp_path / "late.mp4"
    with av.open(str(video), "w") as container:
        picture = container.add_stream("libx264", rate=24)
        picture.width = picture.height = 64
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        for index in range(48):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        clicks = np.zeros((1, RATE), np.float32)
        clicks[0, RATE // 2 : RATE // 2 + 20] = 0.9
        frame = av.AudioFrame.from_ndarray(clicks, "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, RATE // 2, Fraction(1, RATE)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    expected_s = np.abs(read_sound(video).samples).argmax() / 24_000
    own = np.concatenate(list(stereo(video, RATE)), axis=1)
    assert expected_s == pytest.approx(1.0, abs=0.03)
    assert np.abs(own[0]).argmax() / RATE == pytest.approx(expected_s, abs=0.001)


def test_several_dancers_and_credits(dance: Dance, flat_dance: Dance, tmp_path: Path) -> None:
    out = tmp_path / "pair.mkv"
    options = replace(SMALL, captions=("one", "two"), credits=True, aspect="16:9")
    render_many([dance, flat_dance], out, options=options)
    assert len(decoded_picture(out)) == 60 + 96


def test_progress_counts_every_frame(dance: Dance, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    render(
        dance,
        tmp_path / "a.mp4",
        options=SMALL,
        progress=lambda done, total, what="": told.append((done, total)),
    )
    assert told == [(i + 1, 60) for i in range(60)]


def test_without_its_song_a_dance_says_how_to_give_it(
    dance: Dance, tmp_path: Path, song: Path, listed: Callable[[], list[str]]
) -> None:
    gone = replace(dance, song=DanceSong(tmp_path / "gone.wav"))
    other = tmp_path / "other.wav"
    soundfile.write(other, np.zeros(RATE), RATE)
    changed = replace(dance, song=DanceSong(song, "0" * 64))
    for bad, given, message in [
        (gone, None, "is not at .*gone.wav any more; say where it is now"),
        (replace(dance, song=None), None, "does not name its song; say which it is"),
        (changed, None, "has changed since the dance was made"),
        (dance, tmp_path / "no.wav", "no such song: .*no.wav"),
        (dance, other, "other.wav is not the song that the dance was made for"),
        (gone, other, "the dance lasts 2.50 s but .*other.wav 1.00 s: another song?"),
    ]:
        with pytest.raises(InputError, match=message):
            render(bad, tmp_path / "dance.mp4", song=given, options=SMALL)
    render(gone, tmp_path / "dance.mp4", song=song, options=SMALL)
    assert listed() == ["dance.mp4", "other.wav"]


@pytest.mark.parametrize(
    "name",
    [
        "metadata_empty.mp3",
        "empty_empty.ogg",
        "empty_empty.wav",
        "empty_empty.mp3",
        "metadata_test.ogg",
    ],
)
def test_files_without_sound_are_named_and_leave_nothing(
    real_data: Path, dance: Dance, tmp_path: Path, listed: Callable[[], list[str]], name: str
) -> None:
    song = real_data / "audio_edge" / name
    with pytest.raises(InputError, match=name):
        render(dance, tmp_path / "dance.mp4", song=song, options=SMALL)
    assert listed() == []


def test_unwritable_outputs_are_named_before_anything_is_drawn(
    dance: Dance, tmp_path: Path
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    for out, message in [
        (tmp_path / "no" / "dance.mp4", "the folder .*no does not exist"),
        (tmp_path / "folder.mp4", "it is a folder; give a file name"),
    ]:
        with pytest.raises(InputError, match=message):
            render(dance, out, options=SMALL)


def test_a_failure_in_the_middle_keeps_the_old_video(
    dance: Dance, tmp_path: Path, listed: Callable[[], list[str]]
) -> None:
    out = tmp_path / "dance.mp4"
    render(dance, out, options=replace(SMALL, seconds=0.5))
    before = out.read_bytes()

    def stop(done: int, total: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(dance, out, options=SMALL, progress=stop)
    assert out.read_bytes() == before
    assert listed() == ["dance.mp4"]


def test_a_film_that_somebody_took_is_not_written_over(dance: Dance, tmp_path: Path) -> None:
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(b"a dancer's own film")
    with pytest.raises(InputError, match=r"mine\.mp4 is there and is no dance filmed by danceit"):
        render(dance, mine, options=SMALL)
    assert mine.read_bytes() == b"a dancer's own film"
