import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.audio import RATE, heard_s, read_sound
from danceit.errors import InputError
from danceit.render.video.sound import stereo
from tests.audio.media import CLICKS_S, click_times, clicks, encode, encode_video, id3, write_pcm

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154"
    "789c63f8ffff3f0005fe02fea7355f0a0000000049454e44ae426082"
)


def assert_clicks_at(path: Path, times_s: tuple[float, ...], within_s: float = 0.002) -> None:
    found = click_times(read_sound(path).samples, RATE)
    assert len(found) == len(times_s)
    np.testing.assert_allclose(found, times_s, atol=within_s)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("8-bit.wav", 8000, 1, "PCM_U8"),
        ("16-bit.wav", 44100, 2, "PCM_16"),
        ("24-bit.wav", 96000, 6, "PCM_24"),
        ("float.wav", 22050, 3, "FLOAT"),
        ("double.wav", 48000, 1, "DOUBLE"),
        ("a.aiff", 32000, 2, "PCM_16"),
        ("a.flac", 48000, 4, "PCM_16"),
        ("a.ogg", 44100, 2, "VORBIS"),
        ("a.mp3", 44100, 2, "MPEG_LAYER_III"),
        ("a.opus.ogg", 48000, 1, "OPUS"),
    ],
)
def test_clicks_keep_their_times_in_every_sound_format(
    tmp_path: Path, name: str, rate: int, channels: int, subtype: str
) -> None:
    path = write_pcm(tmp_path / name, clicks(rate), rate, channels, subtype)
    sound = read_sound(path)
    assert_clicks_at(path, CLICKS_S)
    assert sound.rate == RATE
    assert sound.samples.dtype == np.float32
    assert sound.duration_s == pytest.approx(6.0, abs=1e-4)
    assert np.abs(sound.samples).max() == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "video"),
    [
        ("a.mp3", "libmp3lame", 44100, None),
        ("a.m4a", "aac", 44100, None),
        ("alac.m4a", "alac", 48000, None),
        ("a.opus", "libopus", 48000, None),
        ("a.mp4", "aac", 44100, "libx264"),
        ("mp3.mp4", "libmp3lame", 44100, "libx264"),
        ("a.mov", "aac", 48000, "libx264"),
        ("a.mkv", "aac", 44100, "libx264"),
        ("mp3.mkv", "libmp3lame", 48000, "libx264"),
        ("a.webm", "libopus", 48000, "libvpx"),
        ("a.ts", "aac", 44100, "libx264"),
    ],
)
def test_clicks_keep_their_times_behind_encoder_delay(
    tmp_path: Path, name: str, codec: str, rate: int, video: str | None
) -> None:
    path = encode(tmp_path / name, codec, clicks(rate), rate, video=video)
    assert_clicks_at(path, CLICKS_S)
    assert read_sound(path).duration_s == pytest.approx(6.0, abs=0.025)


def test_length_is_exact_where_the_container_stores_it(tmp_path: Path) -> None:
    # AAC works in blocks of 1024 samples; the edit list says where the song ends.
    path = encode(tmp_path / "a.m4a", "aac", clicks(44100), 44100)
    assert read_sound(path).duration_s == 6.0


def test_time_zero_of_a_video_is_its_first_frame(tmp_path: Path) -> None:
    late_sound = encode(
        tmp_path / "a.mp4", "aac", clicks(48000), 48000, video="libx264", sound_from_s=0.5
    )
    assert_clicks_at(late_sound, (1.5, 3.0, 4.75))
    late_video = encode(
        tmp_path / "b.mp4", "aac", clicks(48000), 48000, video="libx264", video_from_s=0.4
    )
    assert_clicks_at(late_video, (0.6, 2.1, 3.85))


def test_a_hole_in_the_sound_is_silence(tmp_path: Path) -> None:
    path = encode(
        tmp_path / "a.mkv", "libopus", clicks(48000), 48000, video="libx264", hole_s=(1.5, 2.2)
    )
    assert_clicks_at(path, CLICKS_S, within_s=0.008)  # the codec shapes the click anew


def test_cover_art_and_tags_in_old_encodings_change_nothing(tmp_path: Path) -> None:
    plain = encode(tmp_path / "plain.mp3", "libmp3lame", clicks(44100), 44100)
    tag = id3(
        (b"TIT2", b"\x03Caf\xe9 \xff"),
        (b"APIC", b"\x00image/png\x00\x03\x00" + PNG),
    )
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(tag + plain.read_bytes())
    np.testing.assert_array_equal(read_sound(tagged).samples, read_sound(plain).samples)


def test_names_that_ffmpeg_would_take_for_protocols_are_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_pcm(Path("concat:a.wav"), clicks(RATE), RATE)
    assert_clicks_at(Path("concat:a.wav"), CLICKS_S)


@settings(max_examples=20, deadline=None)
@given(
    rate=st.integers(8000, 96000),
    channels=st.integers(1, 8),
    duration_s=st.floats(1.0, 2.0),
)
def test_any_rate_and_channel_count_gives_the_same_tone(
    tmp_path_factory: pytest.TempPathFactory, rate: int, channels: int, duration_s: float
) -> None:
    n = int(np.ceil(duration_s * rate))
    t = np.arange(n) / rate
    columns = 0.5 * np.sin(2 * np.pi * 440 * t)[:, None] * np.linspace(1, 0.5, channels)
    path = tmp_path_factory.getbasetemp() / "tone.wav"
    soundfile.write(path, columns, rate, "FLOAT")
    sound = read_sound(path)
    assert sound.samples.size == n * RATE // rate
    inner = slice(RATE // 10, -RATE // 10)
    expected = columns[:, 0].max() * np.linspace(1, 0.5, channels).mean()
    expected = expected * np.sin(2 * np.pi * 440 * np.arange(sound.samples.size) / RATE)
    np.testing.assert_allclose(sound.samples[inner], expected[inner], atol=2e-3)


def test_opposite_channels_are_not_silence(tmp_path: Path) -> None:
    left = clicks(RATE)
    soundfile.write(tmp_path / "a.wav", np.column_stack([left, -left]), RATE, "FLOAT")
    np.testing.assert_allclose(read_sound(tmp_path / "a.wav").samples, left, atol=1e-6)


def test_other_rates_on_request_and_samples_that_cannot_be_changed(tmp_path: Path) -> None:
    path = write_pcm(tmp_path / "a.wav", clicks(48000), 48000, subtype="FLOAT")
    sound = read_sound(path, 48000)
    np.testing.assert_array_equal(sound.samples, clicks(48000))
    with pytest.raises(ValueError, match="read-only"):
        sound.samples[0] = 1.0


def test_bad_paths(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp3"
    empty.touch()
    with pytest.raises(InputError, match=r"^no such file: .*nothing\.mp3$"):
        read_sound(tmp_path / "nothing.mp3")
    with pytest.raises(InputError, match="no such file"):
        read_sound(empty / "song.mp3")
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        read_sound(tmp_path / ("a" * 300 + ".mp3"))
    with pytest.raises(InputError, match="is a folder"):
        read_sound(tmp_path)
    with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
        read_sound(empty)
    with pytest.raises(InputError, match="not a regular file"):
        read_sound(Path("/dev/null"))


@pytest.mark.parametrize("name", ["song.mp3", "song.wav", "song.ogg", "song.m4a", "song"])
def test_what_is_not_audio(tmp_path: Path, name: str) -> None:
    for content in (b"not a song\n" * 40, bytes(5000), np.random.default_rng(0).bytes(5000), PNG):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name) as caught:
            read_sound(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("duration_s", "at_most_s", "told_s"), [(6.0, 2.0, 2.0), (1.5, 2.0, 1.5)])
def test_how_long_a_sound_is_as_far_as_that_is_asked(
    tmp_path: Path, duration_s: float, at_most_s: float, told_s: float
) -> None:
    path = write_pcm(tmp_path / "a.wav", clicks(44_100, (1.0,), duration_s), 44_100)
    assert heard_s(path, at_most_s) == pytest.approx(told_s, abs=1e-4)


def test_what_is_too_short_for_any_song_is_refused_as_when_it_is_read(tmp_path: Path) -> None:
    path = write_pcm(tmp_path / "a.wav", clicks(44_100, (0.1,), 0.5), 44_100)
    with pytest.raises(InputError, match=r"too short: 0\.50 s of sound"):
        heard_s(path, 2.0)


def test_a_video_without_sound(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        encode_video(out, "libx264", 30)
    with pytest.raises(InputError, match="has no sound track"):
        read_sound(tmp_path / "a.mp4")


def test_sound_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=0.1, size=2 * RATE)
    cases = {
        "holds no sound": noise[:0],
        "is too short: 0.50 s of sound, at least 1 s is needed": noise[: RATE // 2],
        "is silent": noise * 1e-5,
        "holds 1 samples that are NaN": np.where(np.arange(noise.size) == 5, np.nan, noise),
        "holds 2 samples that are NaN": np.where(np.arange(noise.size) < 2, np.inf, noise),
    }
    cases["holds 48000 samples that are NaN"] = noise * 1e300
    for message, samples in cases.items():
        soundfile.write(path, samples, RATE, "DOUBLE")
        with pytest.raises(InputError, match=message):
            read_sound(path)


@pytest.mark.parametrize(
    ("name", "codec", "video"),
    [
        ("a.wav", None, None),
        ("a.aiff", None, None),
        ("a.flac", None, None),
        ("a.ogg", None, None),
        ("a.mp3", "libmp3lame", None),
        ("a.m4a", "aac", None),
        ("a.mp4", "aac", "libx264"),
        ("a.mkv", "aac", "libx264"),
        ("a.webm", "libopus", "libvpx"),
    ],
)
def test_truncated_files_say_so(
    tmp_path: Path, name: str, codec: str | None, video: str | None
) -> None:
    rng = np.random.default_rng(0)
    song = (clicks(48000) + rng.normal(scale=0.05, size=6 * 48000)).astype(np.float32)
    path = tmp_path / name
    if codec is None:
        write_pcm(path, song, 48000)
    else:
        front = {"movflags": "faststart"} if video or name.endswith("m4a") else None
        encode(path, codec, song, 48000, video=video, options=front)
    assert read_sound(path).duration_s == pytest.approx(6.0, abs=0.025)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    with pytest.raises(InputError, match=r"is truncated: [1-5]\.\d\d s of "):
        read_sound(path)


def test_a_truncated_mp4_with_its_table_at_the_end_is_unreadable(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp4", "aac", clicks(44100), 44100, video="libx264")
    path.write_bytes(path.read_bytes()[:8000])
    with pytest.raises(InputError, match="damaged or truncated"):
        read_sound(path)


def test_lengths_that_are_unknown_are_not_held_against_a_file(tmp_path: Path) -> None:
    # A wav written to a pipe has no length in its header, nor has an mp3 without Xing.
    piped = write_pcm(tmp_path / "a.wav", clicks(RATE), RATE)
    content = bytearray(piped.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    piped.write_bytes(content)
    assert_clicks_at(piped, CLICKS_S)
    bare = encode(
        tmp_path / "a.mp3", "libmp3lame", clicks(44100), 44100, options={"write_xing": "0"}
    )
    cut = bare.read_bytes()
    bare.write_bytes(cut[: len(cut) // 2])
    assert 2.5 < read_sound(bare).duration_s < 3.5


def test_one_damaged_packet_leaves_the_rest_in_place(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(scale=0.03, size=45 * RATE).astype(np.float32)
    song = clicks(RATE, (2.0, 35.0), 45.0) + noise
    path = write_pcm(tmp_path / "a.flac", song, RATE)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20] = bytes(20)
    path.write_bytes(content)
    samples = read_sound(path).samples
    assert_clicks_at(path, (2.0, 35.0))
    lost = np.flatnonzero(np.abs(samples - song) > 1e-3) / RATE
    assert lost.size
    assert 20.0 < lost.min() < lost.max() < 25.0


def test_nothing_but_our_own_message_reaches_the_user(tmp_path: Path) -> None:
    path = write_pcm(tmp_path / "a.mp3", clicks(44100), 44100, 2, "MPEG_LAYER_III")
    path.write_bytes(path.read_bytes()[:9000])
    code = (
        "import sys; from danceit.audio import read_sound; from danceit.errors import InputError\n"
        "try: read_sound(sys.argv[1])\n"
        "except InputError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n"
    assert done.stderr == ""


EDGES = {
    "empty_empty.mp3": "holds no sound",
    "empty_empty.ogg": "holds no sound",
    "empty_empty.wav": "holds no sound",
    "metadata_empty.mp3": "is too short: 0.05 s",
    "multichannel_4channels.flac": r"is truncated: 4\.\d\d s of the 5.00 s",
}


@pytest.mark.parametrize("name", EDGES)
def test_real_edge_cases(real_data: Path, name: str) -> None:
    with pytest.raises(InputError, match=EDGES[name]):
        read_sound(real_data / "audio_edge" / name)


def test_real_sound_tracks(real_data: Path) -> None:
    assert read_sound(real_data / "video/hand_song_1080x1920_12s.mp4").duration_s == 12.0
    for name, message in {
        "silent_640x360_11s.mp4": "has no sound track",
        "vp9_1080x1920_60fps_2s.mp4": "is silent",
    }.items():
        with pytest.raises(InputError, match=message):
            read_sound(real_data / "video" / name)


def test_decoders_agree_on_real_songs(real_data: Path, tmp_path: Path) -> None:
    # libsndfile's decoders (mpg123, libvorbis) know nothing of FFmpeg's.
    for name in ("kick_120bpm.mp3", "choice_drum_bass.ogg", "madmom_sample.wav"):
        path = Path(shutil.copy(real_data / "music" / name, tmp_path))
        other, rate = soundfile.read(path, dtype="float32", always_2d=True)
        np.testing.assert_allclose(read_sound(path, rate).samples, other.mean(axis=1), atol=1e-4)


def test_a_stream_that_was_not_closed_is_used_with_a_warning(
    real_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noise = np.random.default_rng(0).normal(scale=0.05, size=6 * 44100).astype(np.float32)
    path = write_pcm(tmp_path / "a.ogg", clicks(44100) + noise, 44100, 1, "VORBIS")
    content = bytearray(path.read_bytes())
    last = content.rfind(b"OggS")
    assert content[last + 5] == 4
    without = content[:last]  # the pages before end whole: nothing was cut off midway
    path.write_bytes(without)
    assert read_sound(path).duration_s > 5
    assert "ends without an end-of-stream page" in caplog.text
    path.write_bytes(without[:-40])
    with pytest.raises(InputError, match="is truncated"):
        read_sound(path)
    public = real_data / "defects" / "public" / "ogg_no_last_page.oga"
    assert read_sound(public).duration_s == pytest.approx(5.64, abs=0.02)


@pytest.mark.parametrize("rate", [1, 20, 3_999, 800_000])
def test_a_rate_that_no_recording_has_is_refused_before_memory_is_taken(
    tmp_path: Path, rate: int
) -> None:
    path = write_pcm(tmp_path / "a.wav", clicks(RATE, duration_s=7.0), RATE)
    content = bytearray(path.read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    content[28:32] = (2 * rate).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"says that it has {rate} samples a second"):
        read_sound(path)


def test_time_stamps_cannot_ask_for_hours_of_silence(tmp_path: Path) -> None:
    late = encode(
        tmp_path / "late.mkv", "aac", clicks(48000), 48000, video="libx264", sound_from_s=3 * 3600
    )
    assert late.stat().st_size < 200_000
    with pytest.raises(InputError, match="time stamps ask for 10800 s of silence"):
        read_sound(late)
    with pytest.raises(InputError, match="time stamps ask for 10800 s of silence"):
        list(stereo(late, 48000))
    with av.open(str(tmp_path / "gaps.mkv"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        for number in range(40):
            frame = av.AudioFrame.from_ndarray(np.ones((1, 80), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 8000, number * 8000 * 50
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match=r"of silence around 0\.[0-9]* s of sound"):
        read_sound(tmp_path / "gaps.mkv")
