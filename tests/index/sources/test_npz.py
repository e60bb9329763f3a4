import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from danceit.errors import InputError
from danceit.index.sources.npz import SOURCE, write_recording
from tests.index.sources.conftest import write_tone

POSES = np.random.default_rng(0).normal(size=(30, 18, 3)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(
    poses=arrays.arrays(
        np.float32,
        st.tuples(st.integers(2, 5), st.just(18), st.sampled_from([2, 3])),
        elements=st.floats(-1e4, 1e4, width=32),
    ),
    fps=st.floats(8.0, 240.0),
    style=st.text(max_size=20).filter(lambda text: "\0" not in text),
)
def test_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, poses: np.ndarray, fps: float, style: str
) -> None:
    poses[0, 3] = np.nan
    path = write_recording(tmp_path_factory.mktemp("npz") / "a.npz", poses, fps, style=style)
    recording = SOURCE.read(path)
    np.testing.assert_array_equal(recording.poses, poses)
    np.testing.assert_allclose(recording.times_s, np.arange(len(poses)) / fps)
    assert recording.style == style


def test_a_folder_gets_a_file_of_its_name_and_its_song_by_a_relative_path(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    song = write_tone(tmp_path / "songs" / "löng  song.wav", 2.0)
    path = write_recording(
        tmp_path / "dances" / "one", POSES, 30, audio=song, start_s=0.5, dancer="A", licence="CC0"
    )
    assert path == tmp_path / "dances" / "one" / "one.npz"
    (tmp_path / "dances").rename(tmp_path / "moved")  # both may move together
    recording = SOURCE.read(tmp_path / "moved" / "one" / "one.npz")
    assert recording.audio_path is not None
    assert recording.audio_path.resolve() == song
    assert recording.times_s[0] == 0.5
    assert (recording.dancer, recording.licence) == ("A", "CC0")


def test_a_plain_savez_and_a_song_of_the_same_name_will_do(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", joints=POSES.astype(np.float64), fps=24)
    song = write_tone(tmp_path / "x.wav", 2.0)
    recording = SOURCE.read(tmp_path / "x.npz")
    assert recording.audio_path == song
    np.testing.assert_array_equal(recording.poses, POSES)


def test_own_dances_are_not_recordings(tmp_path: Path) -> None:
    (tmp_path / "song.dance.npz").write_bytes(b"")
    assert not SOURCE.detect(tmp_path / "song.dance.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"poses": POSES}, "must hold 'poses' and 'fps'; it holds poses"),
        ({"fps": 24}, "must hold 'poses' and 'fps'; it holds fps"),
        ({"poses": POSES[:, :17], "fps": 24}, r"got \(30, 17, 3\): another skeleton of 17 joints"),
        ({"poses": POSES.transpose(0, 2, 1), "fps": 24}, "transposed"),
        ({"poses": POSES * np.nan, "fps": 24}, "NaN everywhere"),
        ({"poses": POSES[:1], "fps": 24}, "holds one frame"),
        ({"poses": POSES, "fps": 0}, "frames a second must lie between"),
        ({"poses": POSES, "fps": np.nan}, "frames a second must lie between"),
        ({"poses": POSES, "fps": [24, 25]}, "fps must be one number"),
        ({"poses": POSES, "fps": 24, "start_s": -1}, "start must be at 0 s or later"),
        ({"poses": POSES, "fps": 24, "audio": "gone.wav"}, "its song gone.wav is not there"),
        ({"poses": POSES, "fps": 24, "style": 3}, "style must be one text"),
        (
            {"poses": np.array([{}], dtype=object), "fps": 24},
            "pickled objects are never loaded",
        ),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, content: dict[str, object], message: str) -> None:
    np.savez(tmp_path / "bad.npz", **content)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=rf"bad\.npz.*{message}") as caught:
        SOURCE.read(tmp_path / "bad.npz")
    assert "\n" not in str(caught.value)


def test_an_array_that_claims_more_than_it_holds_takes_no_memory(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 18, 3)}
    )
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("poses.npy", header.getvalue() + b"\0" * 100)
    with pytest.raises(InputError, match=r"1000000000000.*announced, 100 bytes held"):
        SOURCE.read(tmp_path / "bad.npz")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_said(tmp_path: Path, kept: float) -> None:
    path = write_recording(tmp_path / "a.npz", POSES, 24)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match=r"not a readable \.npz"):
        SOURCE.read(path)


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.npz", POSES, 24)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"not a readable \.npz"):
        SOURCE.read(path)


def test_what_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="18"):
        write_recording(tmp_path / "a.npz", POSES[:, :5], 24)
    assert list(tmp_path.iterdir()) == []


def test_frames_outside_the_song_are_left_out_and_said(tmp_path: Path) -> None:
    song = write_tone(tmp_path / "a.wav", 0.5)
    recording = SOURCE.read(write_recording(tmp_path / "a.npz", POSES, 24, audio=song))
    assert recording.poses.shape == (13, 18, 3)
    assert recording.notes == ("17 frames outside the 0.50 s of a.wav left out",)
    late = write_recording(tmp_path / "b.npz", POSES, 24, audio=song, start_s=0.6)
    with pytest.raises(InputError, match=r"from 0\.60 s on, lie outside the 0\.50 s of a\.wav"):
        SOURCE.read(late)
