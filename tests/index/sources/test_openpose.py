import json
from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT
from danceit.errors import InputError
from danceit.index.poses.footage.decoding import pictures
from danceit.index.sources.openpose import SOURCE
from danceit.index.sources.timing import DEFAULT_FPS
from tests.index.poses.footage.conftest import plain, write_film
from tests.index.sources.conftest import Maker, person, write_tone, write_video


def test_body25_joints_are_found_by_their_published_numbers(openpose: Maker) -> None:
    # POSE_BODY_25_BODY_PARTS in OpenPose's poseParameters.cpp.
    poses = SOURCE.read(openpose([[person(10, 20, 100)]] * 3)).poses[0]
    published = {"nose": 0, "neck": 1, "right_hip": 9, "left_ankle": 14, "left_ear": 18}
    for name, number in published.items():
        place = [10 + 25 * (number % 5), 20 + 25 * (number // 5)]
        np.testing.assert_allclose(poses[JOINT[name]], place, atol=1e-4)


def test_coco18_is_told_apart_by_its_length(openpose: Maker) -> None:
    poses = SOURCE.read(openpose([[person(0, 0, 100, n_joints=18)]] * 3)).poses[0]
    np.testing.assert_allclose(poses[JOINT["left_ankle"]], [25 * (13 % 5), 25 * (13 // 5)])


def test_a_joint_not_found_is_unknown(openpose: Maker) -> None:
    flat = person(0, 0, 100)
    flat[3 * 4 : 3 * 4 + 3] = [0.0, 0.0, 0.0]
    poses = SOURCE.read(openpose([[flat]] * 3)).poses
    assert np.isnan(poses[:, JOINT["right_wrist"]]).all()
    assert np.isfinite(poses[:, JOINT["left_wrist"]]).all()


def test_the_larger_person_is_followed_whatever_the_order(openpose: Maker) -> None:
    big = [person(10 + i, 0, 100) for i in range(8)]
    small = [person(300, 0, 60) for _ in range(8)]
    frames = [[b, s] if i % 2 else [s, b] for i, (b, s) in enumerate(zip(big, small, strict=True))]
    frames[3] = [small[3]]  # the dancer is lost for a frame: nobody stands in
    poses = SOURCE.read(openpose(frames)).poses
    known = np.isfinite(poses[:, 0, 0])
    np.testing.assert_array_equal(known, [i != 3 for i in range(8)])
    np.testing.assert_allclose(poses[known, 0, 0], [10 + i for i in range(8) if i != 3])


def test_a_confident_person_goes_before_a_larger_doubtful_one(openpose: Maker) -> None:
    frames = [[person(300, 0, 110, confidence=0.2), person(0, 0, 100, confidence=0.9)]] * 4
    assert SOURCE.read(openpose(frames)).poses[0, 0, 0] == 0


def test_missing_numbers_are_missing_time(openpose: Maker) -> None:
    folder = openpose([[person(0, 0, 100)]] * 6)
    (folder / "clip_000000000002_keypoints.json").unlink()
    recording = SOURCE.read(folder)
    np.testing.assert_allclose(recording.times_s * DEFAULT_FPS, [0, 1, 3, 4, 5])


def test_a_video_beside_gives_the_frame_rate(openpose: Maker, tmp_path: Path) -> None:
    folder = openpose([[person(0, 0, 100)]] * 10)
    video = write_video(tmp_path / "clip.mp4", 10, 25)
    recording = SOURCE.read(folder)
    np.testing.assert_allclose(recording.times_s, np.arange(10) / 25, atol=1e-6)
    assert (recording.video_path, recording.audio_path, recording.notes) == (video, None, ())
    assert video in recording.files


def test_frames_numbered_from_one_fit_their_video(openpose: Maker, tmp_path: Path) -> None:
    folder = openpose([[person(0, 0, 100)]] * 10, first=1)
    write_video(tmp_path / "clip.mp4", 10, 25)
    np.testing.assert_allclose(SOURCE.read(folder).times_s, np.arange(10) / 25, atol=1e-6)


def test_frames_numbered_from_one_without_the_last_are_not_a_frame_late(
    openpose: Maker, tmp_path: Path
) -> None:
    folder = openpose([[person(0, 0, 100)]] * 8, first=1)
    write_video(tmp_path / "clip.mp4", 10, 25)
    recording = SOURCE.read(folder)
    np.testing.assert_allclose(recording.times_s, np.arange(8) / 25, atol=1e-6)
    assert "numbered 1 to 8, clip.mp4 has 10: 1 is taken for its first" in recording.notes[0]


def test_frames_up_to_as_many_as_the_video_has_are_numbered_from_one(
    openpose: Maker, tmp_path: Path
) -> None:
    folder = openpose([[person(0, 0, 100)]] * 8, first=3)
    write_video(tmp_path / "clip.mp4", 10, 25)
    np.testing.assert_allclose(SOURCE.read(folder).times_s, np.arange(2, 10) / 25, atol=1e-6)


def test_another_video_is_refused(openpose: Maker, tmp_path: Path) -> None:
    folder = openpose([[person(0, 0, 100)]] * 10)
    write_video(tmp_path / "clip.mp4", 6, 25)
    with pytest.raises(InputError, match=r"up to frame 9 but clip.mp4 has 6"):
        SOURCE.read(folder)


def test_a_song_as_long_as_the_frames_gives_the_rate(openpose: Maker) -> None:
    folder = openpose([[person(0, 0, 100)]] * 50)
    song = write_tone(folder / "any name.wav", 2.0)
    recording = SOURCE.read(folder)
    assert recording.audio_path == song
    np.testing.assert_allclose(np.diff(recording.times_s), 1 / 25)
    assert "25.00 frames a second" in recording.notes[0]


def test_without_media_the_assumed_rate_is_said(openpose: Maker) -> None:
    recording = SOURCE.read(openpose([[person(0, 0, 100)]] * 5))
    assert recording.audio_path is None
    assert "30 frames a second assumed" in recording.notes[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"people": [', "not valid JSON"),
        ("[]", "no list of 'people'"),
        ('{"people": [7]}', "must be an object"),
        ('{"people": [{"face": []}]}', "without 'pose_keypoints_2d'"),
        (json.dumps({"people": [{"pose_keypoints_2d": [1.0] * 45}]}), "or 54 .COCO-18.; got 45"),
        ('{"people": [{"pose_keypoints_2d": ["x"]}]}', "must be numbers"),
    ],
)
def test_a_bad_frame_is_named(openpose: Maker, content: str, message: str) -> None:
    folder = openpose([[person(0, 0, 100)]] * 3)
    (folder / "clip_000000000001_keypoints.json").write_text(content)
    with pytest.raises(InputError, match=rf"clip_000000000001_keypoints.json.*{message}") as caught:
        SOURCE.read(folder)
    assert "\n" not in str(caught.value)


def test_nobody_anywhere_is_said(openpose: Maker) -> None:
    with pytest.raises(InputError, match="NaN everywhere"):
        SOURCE.read(openpose([[]] * 4))


def test_two_videos_in_one_folder_are_refused(openpose: Maker) -> None:
    folder = openpose([[person(0, 0, 100)]] * 3)
    for number in range(3):
        source = folder / f"clip_{number:012d}_keypoints.json"
        (folder / f"other_{number:012d}_keypoints.json").write_text(source.read_text())
    with pytest.raises(InputError, match=r"2 videos \(clip, other\)"):
        SOURCE.read(folder)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("99999999999999999999", "counts no frame: a date or a hash"),
        ("3000000000", "with nothing from 2 to 3000000000, over 3600 s"),
        ("999999999", "two recordings, or a wrong number"),
    ],
)
def test_a_wrong_number_is_one_line_and_takes_no_memory(
    openpose: Maker, number: str, message: str
) -> None:
    folder = openpose([[person(0, 0, 100)]] * 4)
    (folder / "clip_000000000003_keypoints.json").rename(folder / f"clip_{number}_keypoints.json")
    assert SOURCE.companions(folder) == ()
    with pytest.raises(InputError, match=message):
        SOURCE.read(folder)


def test_a_gap_longer_than_the_song_is_one_line(openpose: Maker) -> None:
    folder = openpose([[person(0, 0, 100)]] * 4)
    write_tone(folder.parent / "clip.wav", 2.0)
    (folder / "clip_000000000003_keypoints.json").rename(folder / "clip_90_keypoints.json")
    with pytest.raises(InputError, match="nothing from 2 to 90, over 2 s"):
        SOURCE.read(folder)


def test_numbers_that_are_no_place_are_unknown(openpose: Maker) -> None:
    flat = person(0, 0, 100)
    flat[3 * 4 : 3 * 4 + 3] = [1e300, float("nan"), 0.9]
    poses = SOURCE.read(openpose([[flat]] * 3)).poses
    assert np.isnan(poses[:, JOINT["right_wrist"]]).all()
    assert np.isfinite(poses[:, JOINT["left_wrist"]]).all()


@pytest.mark.parametrize("name", ["openpose_bignumber", "openpose_gap"])
def test_public_folders_with_a_wrong_number_are_one_line(real_data: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"counts no frame|a wrong number"):
        SOURCE.read(real_data / "defects" / "public" / "mutated" / name / "rec")


def test_real_folders(real_data: Path) -> None:
    skate = SOURCE.read(real_data / "openpose" / "footskate_dance")
    assert skate.poses.shape == (69, 18, 2)
    assert skate.audio_path is None  # the video has no sound
    np.testing.assert_allclose(np.diff(skate.times_s), 1001 / 24000, atol=1e-6)
    # The man faces the camera: unmirrored, his left is on the right.
    assert (skate.poses[:, JOINT["left_hip"], 0] > skate.poses[:, JOINT["right_hip"], 0]).all()

    pair = SOURCE.read(real_data / "openpose" / "two_people")
    assert pair.notes[-1] == "up to 3 people at once: each was followed"
    assert pair.poses.shape == (90, 18, 2)
    assert pair.audio_path == pair.video_path
    steps = np.linalg.norm(np.diff(pair.poses[:, JOINT["neck"]], axis=0), axis=1)
    assert np.nanmax(steps) < 20  # one man throughout, on 720 lines


def test_each_shot_of_the_film_beside_them_has_its_own_main_person(
    openpose: Maker, tmp_path: Path
) -> None:
    # Until the cut the larger person is on the left; after it, the one on the right is alone.
    first = [[person(0, 0, 200), person(500, 0, 100)]] * 24
    second = [[person(500, 0, 100)]] * 24
    folder = openpose(first + second)
    write_film(tmp_path / "clip.mp4", [plain(grey=20)] * 24 + [plain(grey=235)] * 24)
    recording = SOURCE.read(folder)
    assert "1 cuts to another shot, at 1.0 s" in recording.notes
    shown = np.isfinite(recording.poses).any(axis=(1, 2))
    assert not shown[22:26].any()
    assert shown[:21].all()
    assert shown[27:].all()
    assert np.nanmax(recording.poses[:21, :, 0]) < 300 < np.nanmin(recording.poses[27:, :, 0])


def test_without_a_film_each_shot_that_the_people_tell_of_has_its_own_main_person(
    openpose: Maker,
) -> None:
    # Near, then from farther off and to the side, beside somebody who only stands there.
    near = [[person(10 + i, 0, 200)] for i in range(30)]
    far = [[person(400 + i, 50, 70), person(700, 50, 60)] for i in range(30)]
    recording = SOURCE.read(openpose([*near, *far]))
    assert any("1 cuts to another shot, at 1.0 s" in note for note in recording.notes)
    nose = recording.poses[:, JOINT["nose"], 0]
    np.testing.assert_allclose(nose[:26], 10 + np.arange(26))
    # As little as a tenth of the size, and yet the main one of its shot.
    np.testing.assert_allclose(nose[-26:], 404 + np.arange(26))


def test_one_who_is_lost_for_a_while_or_seen_elsewhere_for_a_moment_is_no_cut(
    openpose: Maker,
) -> None:
    frames = [[person(10 + i, 0, 100)] for i in range(60)]
    frames[20] = [person(700, 0, 100)]
    frames[40:50] = [[] for _ in range(10)]
    frames[50:] = [[person(200 + i, 0, 100)] for i in range(10)]
    assert not any("cut" in note for note in SOURCE.read(openpose(frames)).notes)


@pytest.mark.parametrize(("name", "n_frames"), [("dance", 103), ("vp9", 72)])
def test_frames_are_those_that_the_film_shows(real_data: Path, name: str, n_frames: int) -> None:
    folder = real_data / "defects" / "public" / "json_beside_trimmed"
    times_s = SOURCE.read(folder / name).times_s
    shown = [still.time_s for still in pictures(next(folder.glob(f"{name}.*")), 64)]
    assert len(times_s) == len(shown) == n_frames
    np.testing.assert_allclose(times_s, shown, atol=1e-6)
