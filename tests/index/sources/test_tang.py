import json
from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT
from danceit.errors import InputError
from danceit.index.sources.tang import SOURCE, poses_of_markers
from tests.index.sources.conftest import Maker, marker_man


def test_the_picture_is_upright_and_left_stays_left_of_the_dancer(tang: Maker) -> None:
    pose = SOURCE.read(tang()).poses[0]
    # Facing the camera, the dancer's left is on the right of the picture; y points down.
    assert pose[JOINT["left_wrist"], 0] > pose[JOINT["right_wrist"], 0]
    assert pose[JOINT["nose"], 1] < pose[JOINT["neck"], 1] < pose[JOINT["left_ankle"], 1]
    # The nose is on the camera's side, 4 cm ahead of and 7 cm below the head markers.
    np.testing.assert_allclose(pose[JOINT["nose"]], [100, -(70 + 90 - 7), 50 - 4], atol=1e-4)
    np.testing.assert_allclose(pose[JOINT["left_wrist"]], [135, -93, 50], atol=1e-4)


def test_eyes_and_ears_are_not_known(tang: Maker) -> None:
    poses = SOURCE.read(tang()).poses
    assert np.isnan(poses[:, 14:]).all()
    assert np.isfinite(poses[:, :14]).all()


def test_ahead_is_the_same_in_our_right_handed_axes() -> None:
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    man = marker_man(16)
    x, z = man[..., 0].copy(), man[..., 2].copy()
    man[..., 0], man[..., 2] = (
        cos[:, None] * x - sin[:, None] * z,
        sin[:, None] * x + cos[:, None] * z,
    )
    poses = poses_of_markers(man)
    head = (man[:, 0] + man[:, 1]) / 2 * [1, -1, 1]
    left = poses[:, JOINT["left_hip"]] - poses[:, JOINT["right_hip"]]
    ahead = np.cross(left, [0.0, -1.0, 0.0])  # right-handed: left x up
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    np.testing.assert_allclose(
        poses[:, JOINT["nose"]] - head, 4 * ahead + np.array([0, 7, 0]), atol=1e-9
    )


def test_motion_is_spread_over_its_stretch_of_the_song(tang: Maker) -> None:
    # 48 frames over 25/25 s to 75/25 s: 24 frames a second from second 1.
    times_s = SOURCE.read(tang()).times_s
    np.testing.assert_allclose(times_s, 1.0 + np.arange(48) / 24, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "style"),
    [("DANCE_C_2", "cha-cha"), ("DANCE_R_3", "rumba"), ("DANCE_T_5", "tango"), ("mine", "")],
)
def test_style_comes_from_the_folders_letter(tang: Maker, name: str, style: str) -> None:
    assert SOURCE.read(tang(name)).style == style


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"song_s": None}, "has no audio.mp3"),
        ({"config": None}, "has no config.json"),
        ({"config": '{"start_position": 3'}, r"config.json is not valid JSON .*truncated"),
        ({"config": "[1, 2]"}, "must give start_position and end_position"),
        ({"config_with": {"end_position": "late"}}, "must give start_position"),
        ({"config_with": {"end_position": 20}}, "25 must lie before end_position 20"),
        ({"config_with": {"end_position": 130}}, r"at 5.20 s, beyond the 4.00 s of audio.mp3"),
        ({"skeletons": "{}"}, "must hold 'skeletons' and 'center'"),
        ({"skeletons": "[" * 100_000}, "not valid JSON"),
        ({"skeletons_with": {"length": 47}}, "length 47, 48 skeletons and 48 centers"),
        (
            {"skeletons_with": {"skeletons": [[[0, 0, 0]] * 22] * 48}},
            r"must have shape \(T, 23, 3\); got \(48, 22, 3\)",
        ),
        ({"skeletons_with": {"skeletons": [[[0, 0]], [[0, 0, 0]]]}}, "rows of unequal length"),
        ({"skeletons_with": {"center": [[None] * 3] * 48}}, "NaN everywhere"),
    ],
)
def test_bad_input_is_one_line(tang: Maker, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        SOURCE.read(tang(**changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["empty_empty.mp3", "metadata_empty.mp3", "empty_empty.wav"])
def test_a_song_of_tags_only_is_said(tang: Maker, real_data: Path, name: str) -> None:
    folder = tang()
    (folder / "audio.mp3").write_bytes((real_data / "audio_edge" / name).read_bytes())
    with pytest.raises(InputError, match=r"audio\.mp3"):
        SOURCE.read(folder)


def test_a_truncated_song_ends_where_its_sound_ends(tang: Maker, real_data: Path) -> None:
    # The header of this mp3 still promises 5 s; the dance needs 3 s.
    folder = tang()
    whole = (real_data / "audio_edge" / "metadata_test.mp3").read_bytes()
    (folder / "audio.mp3").write_bytes(whole)
    assert len(SOURCE.read(folder).poses) == 48
    (folder / "audio.mp3").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"beyond the 2\.\d\d s of audio\.mp3"):
        SOURCE.read(folder)


def test_real_dances_bend_their_knees_forward(real_data: Path) -> None:
    # True only if left, right and the handedness of the axes agree; the nose is not used.
    for folder in sorted((real_data / "dances").glob("DANCE_W_1*")):
        poses = SOURCE.read(folder).poses
        left = poses[:, JOINT["left_hip"]] - poses[:, JOINT["right_hip"]]
        ahead = np.cross(left, [0.0, -1.0, 0.0])
        for side in ("left", "right"):
            hip, knee, ankle = (poses[:, JOINT[f"{side}_{p}"]] for p in ("hip", "knee", "ankle"))
            bent = ((knee - (hip + ankle) / 2) * ahead).sum(axis=1)
            assert (bent > 0).mean() > 0.85, folder.name


def test_real_dance_lasts_as_long_as_its_stretch(real_data: Path) -> None:
    folder = real_data / "dances" / "DANCE_R_4"
    config = json.loads((folder / "config.json").read_text())
    recording = SOURCE.read(folder)
    step_s = np.diff(recording.times_s).mean()
    assert recording.times_s[0] == config["start_position"] / 25
    assert recording.times_s[-1] + step_s == pytest.approx(config["end_position"] / 25)
    assert np.isfinite(recording.poses[:, :14]).all()
    nose_to_ankle = np.linalg.norm(
        recording.poses[:, JOINT["nose"]] - recording.poses[:, JOINT["left_ankle"]], axis=1
    )
    assert 140 < nose_to_ankle.max() < 160  # centimetres
