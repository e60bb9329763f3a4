from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from danceit.errors import InputError
from danceit.index.poses.footage.decoding import pictures
from danceit.media import PictureSize, picture_size
from danceit.render.footage.reel import AHEAD, Reel
from tests.render.filming import HEIGHT, TOP, WIDTH, number_in, numbered, write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reel") / "long_gop.mp4"
    write_video(path)
    return path


def read(reel: Reel, times_s: np.ndarray) -> list[int]:
    return [number_in(reel.frame(float(t))[:TOP]) for t in times_s]


def test_any_order_gives_the_frame_on_show_and_decodes_each_once(video: Path) -> None:
    frames = np.array([150, 151, 152, 20, 21, 22, 90, 150, 20, 199, 0])
    reel = Reel(video, frames / 24)
    assert read(reel, frames / 24) == frames.tolist()
    # One key frame at the start: without what was kept, each jump back would decode anew.
    assert reel.n_decoded <= 200
    reel.close()


def test_two_stretches_of_one_video_alternate_without_winding_to_and_fro(tmp_path: Path) -> None:
    write_video(tmp_path / "short_gop.mp4", gop=12)
    first, second = np.arange(20, 28), np.arange(170, 178)
    frames = np.stack([first, second], axis=1).ravel()
    reel = Reel(tmp_path / "short_gop.mp4", frames / 24)
    assert read(reel, frames / 24) == frames.tolist()
    assert reel.n_decoded <= 2 * (12 + AHEAD)


def test_between_frames_the_earlier_shows_and_the_ends_are_held(video: Path) -> None:
    times_s = np.array([10.9 / 24, 11.0 / 24, -1.0, 99.0])
    assert read(Reel(video, times_s), times_s) == [10, 11, 0, 199]


def test_time_counts_from_the_first_frame_wherever_the_stamps_start(tmp_path: Path) -> None:
    write_video(tmp_path / "late.mkv", n_frames=40, lag=1.5)
    times_s = np.array([0.0, 20 / 24])
    assert read(Reel(tmp_path / "late.mkv", times_s), times_s) == [0, 20]


def test_stamps_that_are_whole_milliseconds_show_every_frame(tmp_path: Path) -> None:
    write_video(tmp_path / "rounded.mkv", n_frames=60)
    frames = np.arange(60)  # the second's stamp is 42 ms, and it is due at 41.7
    assert read(Reel(tmp_path / "rounded.mkv", frames / 24), frames / 24) == frames.tolist()


def test_what_a_trimmed_video_leaves_out_is_not_counted(real_data: Path) -> None:
    # Its edit list begins two seconds into what the file holds.
    video = real_data / "defects" / "public" / "json_beside_trimmed" / "dance.mp4"
    with av.open(str(video)) as container:
        frames = container.decode(video=0)
        shown = [next(frames).to_ndarray(format="rgb24").astype(int) for _ in range(30)]
    times_s = np.array([0.0, 25.5 / 25, -1.0])
    reel = Reel(video, times_s)
    for time_s, number in zip(times_s, (0, 25, 0), strict=True):
        picture = reel.frame(float(time_s)).astype(int)
        apart = [float(np.abs(picture - other).mean()) for other in shown]
        assert int(np.argmin(apart)) == number
        assert apart[number] < 3
    reel.close()


def test_when_nothing_may_be_kept_frames_are_decoded_again(video: Path) -> None:
    frames = np.array([150, 20, 90])
    reel = Reel(video, frames / 24, keep_bytes=0)
    assert read(reel, frames / 24) == frames.tolist()


def test_a_reel_that_rested_goes_on(video: Path) -> None:
    frames = np.array([30, 10, 31, 120])
    reel = Reel(video, frames / 24)
    assert not reel.awake
    assert read(reel, frames[:1] / 24) == [30]
    reel.rest()
    # What was kept on the way needs no file.
    assert read(reel, frames[1:2] / 24) == [10]
    assert not reel.awake
    assert read(reel, frames[2:] / 24) == [31, 120]
    reel.close()


@pytest.mark.parametrize("asked", [[65], [180, 65], [*range(58, 72)], [20, 180, 61]])
def test_where_pictures_cannot_be_decoded_the_one_before_them_stays(
    tmp_path: Path, asked: list[int]
) -> None:
    damaged = tmp_path / "damaged.mkv"
    write_damaged(damaged, holes=range(60, 70))
    frames = np.array(asked)
    # Where the reel was wound to a hole, nothing before it is at hand.
    held = 59 if 58 in asked else 70
    wanted = np.where((frames >= 60) & (frames < 70), held, frames)
    reel = Reel(damaged, frames / 24)
    assert read(reel, frames / 24) == wanted.tolist()


def write_damaged(path: Path, holes: range) -> None:
    """Write key frames alone, some of which are no pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24, options={"g": "1", "qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(200):
            frame = av.VideoFrame.from_ndarray(numbered(index, np.zeros((0, 2))), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            for packet in stream.encode(frame):
                container.mux(_no_picture(packet) if index in holes else packet)


def _no_picture(packet: av.Packet) -> av.Packet:
    broken = av.Packet(bytes(50))
    broken.pts, broken.dts, broken.time_base = packet.pts, packet.dts, packet.time_base
    broken.stream, broken.is_keyframe = packet.stream, True
    return broken


def test_smaller_frames_keep_the_shape(video: Path) -> None:
    reel = Reel(video, np.zeros(1), scale=0.5)
    assert reel.frame(0.0).shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert picture_size(video).shown == (WIDTH, HEIGHT)


def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are_meant(tmp_path: Path) -> None:
    # As camcorders store 1440 x 1080 to be shown as 1920 x 1080.
    write_video(tmp_path / "wide.mp4", n_frames=4, pixel_aspect=Fraction(4, 3))
    size = picture_size(tmp_path / "wide.mp4")
    assert size == PictureSize(shown=(213, HEIGHT), stored=(WIDTH, HEIGHT))
    seen = next(pictures(tmp_path / "wide.mp4", 1000)).picture
    assert seen.shape == (HEIGHT, 213, 3)  # where poses are looked for
    assert Reel(tmp_path / "wide.mp4", np.zeros(1)).frame(0.0).shape == (HEIGHT, 214, 3)


def test_rotation_is_applied(video: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    with av.open(str(video)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    _turn(turned)
    assert picture_size(turned).shown == (HEIGHT, WIDTH)
    assert Reel(turned, np.zeros(1)).frame(0.0).shape == (WIDTH, HEIGHT, 3)


def _turn(path: Path) -> None:
    """Set the display matrix of the first track to a quarter turn (ISO 14496-12, tkhd)."""
    data = bytearray(path.read_bytes())
    upright = b"\x00\x01\x00\x00" + bytes(12) + b"\x00\x01\x00\x00" + bytes(12) + b"\x40\0\0\0"
    at = data.index(upright, data.index(b"tkhd"))
    one, minus = b"\x00\x01\x00\x00", b"\xff\xff\x00\x00"
    data[at : at + 36] = bytes(4) + one + bytes(4) + minus + bytes(16) + b"\x40\0\0\0"
    path.write_bytes(bytes(data))


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"not a video")
    with pytest.raises(InputError, match=r"cannot read .*bad\.mp4 as a video"):
        Reel(bad, np.zeros(1))
