from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from danceit.errors import InputError
from danceit.index.poses.footage import decoding
from danceit.index.poses.footage.decoding import Losses, expected_pictures, pictures
from tests.index.poses.footage.conftest import Filmer, plain, write_film


def test_times_are_those_of_presentation_at_a_variable_rate(tmp_path: Path) -> None:
    times_s = [0.0, 0.04, 0.08, 0.3, 0.31, 0.75]
    path = write_film(tmp_path / "vfr.mp4", [plain()] * 6, times_s)
    assert [still.time_s for still in pictures(path, 64)] == pytest.approx(times_s, abs=1e-4)


def test_the_first_picture_is_at_zero_wherever_the_stream_starts(tmp_path: Path) -> None:
    path = write_film(tmp_path / "late.mkv", [plain()] * 5, [2.0, 2.04, 2.08, 2.12, 2.16])
    times_s = [still.time_s for still in pictures(path, 64)]
    assert times_s == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16], abs=2e-3)


@pytest.mark.parametrize(("degrees", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_pictures_stand_upright(tmp_path: Path, degrees: int, corner: tuple[int, int]) -> None:
    # ISO 14496-12: the matrix turns clockwise; the camera's upper left goes to `corner`.
    picture = plain(64, 32, grey=10)
    picture[:12, :20] = 240
    path = write_film(tmp_path / "turned.mp4", [picture] * 3, rotate=degrees)
    shown = next(pictures(path, 64)).picture
    assert shown.shape[:2] == ((64, 32) if degrees != 180 else (32, 64))
    corners = {(i, j): shown[i, j].mean() for i in (0, -1) for j in (0, -1)}
    assert max(corners, key=lambda place: corners[place]) == corner
    assert sorted(corners.values())[2] < 60


def test_large_pictures_are_scaled_down_and_small_ones_left(tmp_path: Path) -> None:
    large = write_film(tmp_path / "large.mp4", [plain(1280, 720)] * 2)
    assert next(pictures(large, 640)).picture.shape == (360, 640, 3)
    assert next(pictures(large, 4000)).picture.shape == (720, 1280, 3)


def test_eight_thousand_pixels_are_read(tmp_path: Path) -> None:
    path = write_film(tmp_path / "8k.mp4", [plain(8000, 64)] * 2, codec="mpeg4")
    assert next(pictures(path, 640)).picture.shape == (5, 640, 3)


def test_a_fast_film_is_thinned_to_what_clips_need(tmp_path: Path) -> None:
    path = write_film(tmp_path / "fast.mp4", [plain()] * 60, fps=60)
    times_s = [still.time_s for still in pictures(path, 64)]
    assert np.diff(times_s) == pytest.approx(2 / 60, abs=1e-4)
    assert expected_pictures(path) == len(times_s) == 30


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi"])
def test_containers(film: Filmer, suffix: str) -> None:
    path = film(12, f"a{suffix}")
    assert len(list(pictures(path, 64))) == 12


def test_what_is_left_of_a_truncated_film_is_read(tmp_path: Path, film: Filmer) -> None:
    whole = film(60, "whole.mkv").read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    assert 5 < len(list(pictures(path, 64))) < 60


def test_holes_in_the_data_are_skipped(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 48, 64, 3)).astype(np.uint8)
    path = write_film(tmp_path / "holes.mp4", list(noise), codec="libx264")
    content = bytearray(path.read_bytes())
    first = content.index(b"mdat")
    # As long as a whole picture: of a smaller hole decoders make something up, or not.
    for hole in range(first + 20_000, first + 100_000, 30_000):
        content[hole : hole + 12_000] = bytes(12_000)
    path.write_bytes(bytes(content))
    times_s = [still.time_s for still in pictures(path, 64)]
    assert 30 < len(times_s) < 60
    assert (np.diff(times_s) > 0).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no film at all", "cannot read .*bad.mp4 as sound or video"), (b"", "is empty")],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        next(pictures(path, 64))


def test_a_sound_without_picture_is_said(tmp_path: Path) -> None:
    from tests.index.sources.conftest import write_tone

    path = write_tone(tmp_path / "song.mp4", 1.0)
    with pytest.raises(InputError, match="has no picture"):
        next(pictures(path, 64))


def test_a_rotation_that_is_no_quarter_turn_is_none() -> None:
    # What a display matrix of garbage comes out as: FFmpeg's smallest integer.
    frame = SimpleNamespace(
        width=64, height=48, rotation=-2147483648, reformat=lambda **_: ColourlessFrame()
    )
    assert decoding._upright(frame, 1.0, 64).shape == (48, 64, 3)


class ColourlessFrame:
    def to_ndarray(self) -> np.ndarray:
        return plain(64, 48)


def test_a_rate_that_no_camera_has_thins_nothing() -> None:
    # Browsers write the 1000 of their clock for a rate.
    stream = SimpleNamespace(average_rate=Fraction(1000), guessed_rate=Fraction(1000))
    assert decoding._thinning(stream) == 1
    stream.guessed_rate = Fraction(60)
    assert decoding._thinning(stream) == 2


def test_what_cannot_be_decoded_and_what_was_cut_off_is_counted(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (96, 48, 64, 3)).astype(np.uint8)
    whole = write_film(tmp_path / "whole.mp4", list(noise), codec="libx264")
    with (
        av.open(str(whole)) as film,
        av.open(str(tmp_path / "first.mp4"), "w", options={"movflags": "faststart"}) as copy,
    ):
        stream = copy.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(film.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    losses = Losses()
    assert len(list(pictures(tmp_path / "first.mp4", 64, losses))) == 96
    assert (losses.n_pictures, losses.stretches) == (0, [])
    content = (tmp_path / "first.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: int(0.6 * len(content))])
    losses = Losses()
    seen_s = [still.time_s for still in pictures(tmp_path / "cut.mp4", 64, losses)]
    ((start_s, end_s),) = losses.stretches
    assert start_s == pytest.approx(seen_s[-1] + 1 / 24, abs=0.01)
    assert end_s == pytest.approx(4.0, abs=0.01)


def test_a_last_picture_that_is_held_is_no_loss(tmp_path: Path) -> None:
    path = write_film(tmp_path / "held.mp4", [plain()] * 4, [0.0, 0.04, 0.08, 3.0])
    losses = Losses()
    assert len(list(pictures(path, 64, losses))) == 4
    assert losses.stretches == []


def test_public_files_are_read_as_they_were_filmed(real_data: Path) -> None:
    public = real_data / "defects" / "public"
    assert next(pictures(public / "no_timescale.mp4", 640)).picture.shape == (240, 320, 3)
    assert len(list(pictures(public / "mkv_rotation.mkv", 640))) == 30
    losses = Losses()
    list(pictures(public / "cut60_mute.mp4", 64, losses))
    assert losses.stretches == [pytest.approx((3.96, 6.12), abs=0.1)]
