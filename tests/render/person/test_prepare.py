import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from danceit.data import BODY_PX, FLOOR_PX, JOINT
from danceit.errors import InputError
from danceit.render.person import labels
from danceit.render.person.posing import coverage, on_target
from danceit.render.person.prepare import prepare
from danceit.render.person.target import Consent, Target
from tests.render.conftest import swaying
from tests.render.filming import write_video

ADA = Consent("Ada", True)


def test_what_is_prepared(prepared: Path) -> None:
    target = Target.load(prepared)
    assert target.frames.shape == (120, 64, 64, 3)
    # The red dots of the dancer lie under the joints.
    for index in (0, 60, 119):
        x, y = np.round(target.joints[index, JOINT["neck"]]).astype(int)
        red, green, _ = target.frames[index, y, x].astype(int)
        assert red > green + 20
    # The background has none of them, not even where the trunk never moved away.
    behind = target.background.astype(int)
    assert (behind[..., 0] < behind[..., 1] + 15).all()
    np.testing.assert_allclose(behind[20:, :20].mean(axis=(0, 1)), (70, 110, 90), atol=6)
    about = target.about
    assert about.static_camera
    assert about.warnings[0] == "only 5 s of footage; two minutes of simple movement are better"
    assert "of the background is never seen" in about.warnings[1]
    assert about.consent == ADA


def test_validation_is_the_last_fifth_and_apart(prepared: Path) -> None:
    target = Target.load(prepared)
    training, validation = target.training, target.validation
    assert validation[-1] == 119
    assert len(validation) == pytest.approx(0.2 * 120, abs=2)
    assert target.times_s[validation[0]] - target.times_s[training[-1]] >= 1.0 - 1 / 24
    assert training[0] >= 1


def test_repeated_frames_are_not_trained_on(tmp_path: Path) -> None:
    filmed = write_video(tmp_path / "a.mp4", n_frames=120, sway=12.0)
    still = replace(filmed, joints=np.repeat(filmed.joints[:1], 120, axis=0))
    prepare(still, tmp_path / "ada", ADA, size=64)
    target = Target.load(tmp_path / "ada")
    frames = np.array(target.frames)
    frames[10:40] = frames[10]
    trained_on = replace(target, frames=frames).training
    assert not set(range(11, 40)) & set(trained_on.tolist())


def test_without_consent_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Ada has not agreed .* ask first"):
        Consent("Ada", False)
    with pytest.raises(InputError, match="say who is shown"):
        Consent(" ", True)


def test_footage_that_will_not_do(tmp_path: Path) -> None:
    filmed = write_video(tmp_path / "a.mp4", n_frames=120)
    gone = replace(filmed, joints=np.full_like(filmed.joints, np.nan))
    with pytest.raises(InputError, match=r"a person is seen in 0 frames of a\.mp4"):
        prepare(gone, tmp_path / "b", ADA, size=64)
    with pytest.raises(InputError, match="multiple of 32 from 64 to 1024; got 100"):
        prepare(filmed, tmp_path / "b", ADA, size=100)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(InputError, match="is not empty"):
        prepare(filmed, tmp_path / "full", ADA, size=64)


def test_a_stopped_preparation_is_done_again_and_a_whole_one_kept(tmp_path: Path) -> None:
    filmed = write_video(tmp_path / "a.mp4", n_frames=60)

    def stop(done: int, total: int) -> None:
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(filmed, tmp_path / "ada", ADA, size=64, progress=stop)
    (tmp_path / "ada" / "joints.npy").touch()
    prepare(filmed, tmp_path / "ada", ADA, size=64)
    assert len(Target.load(tmp_path / "ada").frames) == 60
    with pytest.raises(InputError, match="is not empty"):
        prepare(filmed, tmp_path / "ada", ADA, size=64)


def write_wall(path: Path, lefts: list[int]) -> None:
    """A video of a wall of random tiles, seen from each of `lefts` in turn."""
    import av

    rng = np.random.default_rng(0)
    wall = np.repeat(np.repeat(rng.integers(0, 255, (30, 120, 3), np.uint8), 16, 0), 16, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 208, "yuv420p"
        for left in lefts:
            picture = np.ascontiguousarray(wall[100:308, left : left + 160])
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                container.mux(packet)
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("lefts", "still", "warning"),
    [
        (list(range(0, 768, 8)), False, "the camera moves or the background changes"),
        ([0] * 90 + [800] * 6, True, "the picture is cut 1 times: backgrounds will mix"),
    ],
)
def test_a_moving_camera_and_a_cut_are_told(
    tmp_path: Path, lefts: list[int], still: bool, warning: str
) -> None:
    filmed = write_video(tmp_path / "a.mp4", n_frames=96)
    write_wall(tmp_path / "wall.mp4", lefts)
    made = prepare(replace(filmed, video=tmp_path / "wall.mp4"), tmp_path / "b", ADA, size=64)
    assert made.about.static_camera is still
    assert any(line.startswith(warning) for line in made.about.warnings)


def test_newer_and_damaged_folders_are_named(person: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no person: run `danceit person prepare"):
        Target.load(tmp_path)
    description = person / "person.json"
    stored = json.loads(description.read_text())
    description.write_text(json.dumps({**stored, "format": 99}))
    with pytest.raises(InputError, match="made by a newer danceit"):
        Target.load(person)
    description.write_text("{")
    with pytest.raises(InputError, match=r"person\.json is damaged"):
        Target.load(person)
    description.write_text(json.dumps(stored))
    np.save(person / "joints.npy", np.zeros((3, 18, 2)))
    with pytest.raises(InputError, match="its files do not fit together"):
        Target.load(person)


@pytest.mark.parametrize("name", ["joints.npy", "times.npy", "frames.npy", "background.png"])
def test_no_damage_to_a_persons_files_ends_in_a_traceback(person: Path, name: str) -> None:
    good = (person / name).read_bytes()
    rng = np.random.default_rng(0)
    damaged = [good[: len(good) // 2], b"", good + b"x" * 9, b"\x93NUMPY" + good[6:60]]
    for place in [*range(6, 128), *rng.integers(0, len(good), 40)]:
        damaged.append(good[:place] + bytes([good[place] ^ 0x41]) + good[place + 1 :])
    for content in damaged:
        (person / name).write_bytes(content)
        with suppress(InputError):
            Target.load(person)


def test_a_background_of_another_size_is_not_unpacked(person: Path) -> None:
    Image.new("1", (12_000, 7_000)).save(person / "background.png")
    with pytest.raises(InputError, match="12000 x 7000 pixels, not 64 x 64"):
        Target.load(person)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_dance_is_set_on_the_targets_floor_at_its_size(prepared: Path, dims: int) -> None:
    about = Target.load(prepared).about
    placed = on_target(swaying(96, dims=dims), about.placing)
    feet = placed[:, [JOINT["right_ankle"], JOINT["left_ankle"]], 1]
    np.testing.assert_allclose(feet, about.placing.floor_y, atol=0.01)
    tall = feet.max(axis=1) - placed[:, JOINT["nose"], 1]
    np.testing.assert_allclose(tall, about.placing.body_px * (FLOOR_PX - 104) / BODY_PX, atol=0.1)
    # It travels 360 canvas pixels; the footage hardly moves, and no more is shown.
    hips = placed[:, [JOINT["right_hip"], JOINT["left_hip"]], 0].mean(axis=1)
    scale = about.placing.body_px / BODY_PX
    assert np.ptp(hips) < 2 * about.placing.reach_px + 110 * scale
    assert abs(np.median(hips) - about.placing.centre_x) < 40 * scale


def test_coverage_knows_what_was_never_shown(prepared: Path) -> None:
    target = Target.load(prepared)
    scale = BODY_PX / target.about.placing.body_px
    own = target.joints[:40] * np.float32(scale)
    assert coverage(target, own).unseen_share == 0.0
    lying = own.copy()
    lying[20:] = lying[20:, :, ::-1]
    found = coverage(target, lying)
    assert found.unseen_share == pytest.approx(0.5)
    assert found.farthest >= 20


def test_one_limb_far_away_is_a_pose_that_was_never_shown(prepared: Path) -> None:
    target = Target.load(prepared)
    own = target.joints[:40] * np.float32(BODY_PX / target.about.placing.body_px)
    own[30, JOINT["left_wrist"]] += (300, 0)
    found = coverage(target, own)
    # Spread over 14 joints, 300 px are 21: the mean alone saw nothing.
    assert found.distances_px[30] < 45
    assert found.worst_px[30] == pytest.approx(300, abs=60)
    assert (found.unseen_share, found.farthest) == (1 / 40, 30)


def test_labels_lack_what_is_not_known() -> None:
    joints = np.full((18, 2), np.nan)
    assert labels.draw(joints, 64).max() == 0
    joints[JOINT["neck"]], joints[JOINT["right_hip"]] = (32, 10), (32, 50)
    drawn = labels.draw(joints, 64)
    assert drawn[30, 32].max() > 200
    assert drawn[30, 10].max() == 0
    heat = labels.heat(joints, 64)
    assert heat.shape == (64, 64, 18)
    assert heat[9:11, 31:33, JOINT["neck"]].min() > 0.8
    assert heat[..., JOINT["nose"]].max() == 0
    assert labels.label(joints, 64, heat_maps=True).shape == (labels.n_channels(True), 64, 64)


def test_the_face_box_is_around_the_nose_and_within_the_picture() -> None:
    joints = np.full((18, 2), 30.0)
    assert labels.face_corner(joints, 64, 16) == (22, 22)
    joints[JOINT["nose"]] = (1, 63)
    assert labels.face_corner(joints, 64, 16) == (0, 48)
    joints[JOINT["nose"]] = np.nan
    joints[[JOINT["right_hip"], JOINT["left_hip"]]] = (30, 50)
    assert labels.face_corner(joints, 64, 16) == (22, 14)
