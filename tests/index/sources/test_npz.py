import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from danceit.data import FEET, JOINT, JOINT_NAMES
from danceit.errors import InputError
from danceit.index.sources.npz import SOURCE, write_recording
from tests.index.sources.conftest import write_tone

POSES = np.random.default_rng(0).normal(size=(30, 18, 3)).astype(np.float32)
POSES[:, FEET, 1] += 9.0  # y points down, at the feet


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


def test_a_list_of_arrays_that_was_overwritten_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, poses=POSES, fps=24, start_s=3.0)
    content = path.read_bytes()
    listed = content.rindex(b"start_s.npy")  # in the directory at the end; nothing sums it up
    path.write_bytes(content[:listed] + b"\xff" * 11 + content[listed + 11 :])
    with pytest.raises(InputError, match=r"a\.npz is not a readable \.npz file"):
        SOURCE.read(path)


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


@pytest.mark.parametrize("up", ["-y", "y", "z"])
def test_what_points_up_is_turned(tmp_path: Path, up: str) -> None:
    # In each file: a head 9 above the feet, a left hand 1 to the right, all 2 away from the camera.
    turned = {"-y": POSES, "y": POSES * [1, -1, -1], "z": POSES[..., [0, 2, 1]] * [1, 1, -1]}
    np.savez(tmp_path / "a.npz", poses=turned[up], fps=24, up=up)
    np.testing.assert_allclose(SOURCE.read(tmp_path / "a.npz").poses, POSES, atol=1e-6)


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        (POSES * [1, -1, -1], "heads lie under feet in most frames.* give up='y' or up='z'"),
        (POSES[..., [0, 2, 1]], "bodies stand along z in most frames"),
        (POSES[..., [1, 0, 2]], "bodies stand along x in most frames"),
    ],
)
def test_who_stands_on_his_head_is_refused_unless_it_is_meant(
    tmp_path: Path, poses: np.ndarray, message: str
) -> None:
    np.savez(tmp_path / "a.npz", poses=poses, fps=24)
    with pytest.raises(InputError, match=message):
        SOURCE.read(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", poses=poses, fps=24, up="-y")
    np.testing.assert_allclose(SOURCE.read(tmp_path / "a.npz").poses, poses, rtol=1e-6)


def test_feet_that_are_hardly_ever_seen_do_not_tell_who_is_upside_down(tmp_path: Path) -> None:
    told = []
    for share in (1.0, 0.1):
        poses = POSES * [1, -1, -1]
        poses[int(share * len(poses)) :, [10, 13]] = np.nan
        np.savez(tmp_path / "a.npz", poses=poses, fps=24, up="-y")
        told.append(any("upside down" in note for note in SOURCE.read(tmp_path / "a.npz").notes))
    assert told == [True, False]


def test_public_poses_that_are_not_as_they_say_are_refused(real_data: Path) -> None:
    folder = real_data / "defects" / "public" / "mutated" / "pose_spike"
    for name, seen in (("upside_down", "heads lie under feet"), ("zup", "bodies stand along z")):
        with pytest.raises(InputError, match=seen):
            SOURCE.read(folder / f"{name}.npz")


def test_joints_go_by_their_names(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(18)
    names = np.array(JOINT_NAMES)[order]
    np.savez(tmp_path / "a.npz", poses=POSES[:, order], fps=24, joint_names=names)
    np.testing.assert_array_equal(SOURCE.read(tmp_path / "a.npz").poses, POSES)
    # The joints of a rig: SMPL's, for which neither eyes nor ears nor a nose are known.
    part = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in (
        "shoulder", "elbow", "wrist", "hip", "knee", "ankle")]  # fmt: skip
    smpl = [f"{side}_{name}" for side in "LR" for name in (
        "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")]  # fmt: skip
    np.savez(tmp_path / "a.npz", poses=POSES[:, part], fps=24, joint_names=smpl)
    poses = SOURCE.read(tmp_path / "a.npz").poses
    np.testing.assert_array_equal(poses[:, part], POSES[:, part])
    assert np.isnan(poses[:, 14:]).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"up": "north"}, r"up must be one of -y, y, z; got 'north'"),
        ({"up": "z", "poses": POSES[..., :2]}, "up='z' needs three coordinates"),
        ({"units": "ell"}, "units must be one of m, cm, mm, in, ft, px; got 'ell'"),
        ({"joint_names": list("abc")}, r"shape \(T, 3, 2 or 3\), as many as joint_names"),
        ({"joint_names": np.arange(18)}, "joint_names must be a list of texts"),
        ({"joint_names": [f"j{i}" for i in range(18)]}, "no joint that could be the left shoulder"),
    ],
)
def test_axes_units_and_names_that_nobody_knows_are_one_line(
    tmp_path: Path, content: dict[str, object], message: str
) -> None:
    np.savez(tmp_path / "bad.npz", **{"poses": POSES, "fps": 24} | content)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=rf"bad\.npz.*{message}"):
        SOURCE.read(tmp_path / "bad.npz")


def test_a_body_of_another_size_than_its_unit_says_is_said(tmp_path: Path) -> None:
    for units, noted in (("cm", True), ("in", True), ("px", False)):
        np.savez(tmp_path / "a.npz", poses=POSES, fps=24, units=units)
        notes = SOURCE.read(tmp_path / "a.npz").notes
        assert any(f"are its units {units}?" in note for note in notes) == noted
    np.savez(tmp_path / "a.npz", poses=POSES, fps=24, units="ft")  # 2.7 m, of a giant
    assert SOURCE.read(tmp_path / "a.npz").notes == ()


@pytest.mark.parametrize(("seconds", "start", "said"), [(2.0, {}, True), (1.3, {}, False),
                                                       (2.0, {"start_s": 0.2}, False)])  # fmt: skip
def test_poses_that_last_longer_or_shorter_than_their_song_are_said(
    tmp_path: Path, seconds: float, start: dict[str, float], said: bool
) -> None:
    np.savez(tmp_path / "x.npz", poses=POSES, fps=24, **start)  # type: ignore[arg-type]
    write_tone(tmp_path / "x.wav", seconds)
    notes = SOURCE.read(tmp_path / "x.npz").notes
    assert any("poses last 1.2 s, x.wav 2.0 s" in note for note in notes) == said


def test_numbers_that_are_no_place_are_unknown(tmp_path: Path) -> None:
    poses = POSES.astype(np.float64)
    poses[3, 4] = 1e300
    np.savez(tmp_path / "a.npz", poses=poses, fps=24)
    assert np.isnan(SOURCE.read(tmp_path / "a.npz").poses[3, 4]).all()


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
