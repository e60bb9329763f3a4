from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import FEET, FPS, HANDS, JOINT, Performer, Recording, person_of
from danceit.errors import InputError
from danceit.index.cleaning import report as cleaning
from danceit.index.cleaning.cleaning import clean
from danceit.index.cleaning.report import total
from danceit.index.sources import scan
from danceit.index.sources.npz import SOURCE as NPZ
from danceit.index.sources.npz import write_recording

# A standing body, x right and y down, in metres from the floor; eyes and ears unknown.
BODY = {
    "nose": (0.0, -1.60), "neck": (0.0, -1.45),
    "right_shoulder": (-0.2, -1.42), "right_elbow": (-0.3, -1.15), "right_wrist": (-0.32, -0.9),
    "left_shoulder": (0.2, -1.42), "left_elbow": (0.3, -1.15), "left_wrist": (0.32, -0.9),
    "right_hip": (-0.1, -0.95), "right_knee": (-0.1, -0.5), "right_ankle": (-0.1, -0.1),
    "left_hip": (0.1, -0.95), "left_knee": (0.1, -0.5), "left_ankle": (0.1, -0.1),
}  # fmt: skip


def dancing(seconds: float = 6.0, fps: float = 24.0, dims: int = 3) -> Recording:
    """A body that sways and waves its arms, in centimetres, somewhere on a stage."""
    time_s = np.arange(int(seconds * fps)) / fps
    poses = np.full((len(time_s), 18, 3), np.nan)
    for name, (x, y) in BODY.items():
        poses[:, JOINT[name]] = x, y, 0.0
    sway = np.stack(
        [0.3 * np.sin(2 * np.pi * 0.5 * time_s), 0.03 * np.cos(2 * np.pi * time_s), 0.2 * time_s], 1
    )
    poses += sway[:, None]
    poses[:, HANDS, 1] += 0.2 * np.sin(2 * np.pi * 1.0 * time_s)[:, None]
    poses = 100 * poses + [300.0, 50.0, 700.0]
    return Recording("one", Path("one"), poses[..., :dims].astype(np.float32), time_s, style="sway")


def changed(recording: Recording, poses: np.ndarray) -> Recording:
    return replace(recording, poses=poses.astype(np.float32))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("fps", [15.0, 24.0, 29.97, 60.0])
def test_a_good_dance_is_kept_whole_and_stands_on_the_canvas(dims: int, fps: float) -> None:
    cleaned = clean(dancing(fps=fps, dims=dims))
    (clip,) = cleaned.clips
    assert cleaned.report.dropped == {}
    assert cleaned.report.warnings == ()
    assert clip.clip_id == clip.recording_id == "one"
    assert clip.style == "sway"
    assert clip.poses.dtype == np.float32
    assert clip.poses.shape[1:] == (18, dims)
    spread = clip.poses[:, FEET] - clip.poses[:, [JOINT["nose"]]]
    assert np.linalg.norm(spread, axis=2).max() == pytest.approx(360, abs=0.1)  # V-D2
    hips = clip.poses[:, [JOINT["left_hip"], JOINT["right_hip"]]].mean(axis=1)
    assert np.median(hips[:, 0]) == pytest.approx(256, abs=0.01)
    assert clip.poses[:, FEET, 1].max() == pytest.approx(464, abs=0.1)
    if dims == 3:
        assert np.median(hips[:, 2]) == pytest.approx(0, abs=0.01)
    # One scale for all axes: the swing of 60 cm stays 60 cm of a body of 150.4 cm.
    assert np.ptp(hips[:, 0]) == pytest.approx(60 * 360 / 150.4, rel=0.02)


def test_unknown_joints_stay_unknown() -> None:
    (clip,) = clean(dancing()).clips
    assert np.isnan(clip.poses[:, 14:]).all()
    assert np.isfinite(clip.poses[:, :14]).all()


@pytest.mark.parametrize("start_s", [0.0, 0.32, 5.3333, 10.6, 1 / 24])
def test_a_clip_starts_on_the_medias_grid(start_s: float) -> None:
    recording = dancing(fps=25)
    recording = replace(recording, times_s=recording.times_s + start_s)
    (clip,) = clean(recording).clips
    frame = clip.start_s * FPS
    assert frame == pytest.approx(round(frame), abs=1e-9)
    assert 0 <= clip.start_s - start_s < 1 / 24 + 1e-9
    # The pose shown at a time is the pose that was danced at that time.
    hips = clip.poses[:, [JOINT["left_hip"], JOINT["right_hip"]], 0].mean(axis=1)
    danced_s = clip.start_s + np.arange(clip.n_frames) / FPS - start_s
    expected = 0.3 * np.sin(np.pi * danced_s) * 100 * 360 / 150.4
    np.testing.assert_allclose(hips - hips[0], expected - expected[0], atol=0.5)


def test_a_teleport_cuts_and_is_never_bridged() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[70:] += [60.0, 0.0, 0.0]
    cleaned = clean(changed(recording, poses))
    assert [clip.n_frames for clip in cleaned.clips] == [70, 74]
    assert [clip.clip_id for clip in cleaned.clips] == ["one#1", "one#2"]
    assert [clip.start_s for clip in cleaned.clips] == [0.0, 70 / 24]
    assert {clip.recording_id for clip in cleaned.clips} == {"one"}
    for clip in cleaned.clips:
        assert np.nanmax(np.linalg.norm(np.diff(clip.poses, axis=0), axis=2)) < 30


def test_detections_that_go_astray_and_come_back_are_dropped() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[60:75] += [0.0, 0.0, 200.0]
    cleaned = clean(changed(recording, poses))
    assert [clip.n_frames for clip in cleaned.clips] == [60, 69]
    assert cleaned.report.dropped == {cleaning.FAR: 15}
    assert cleaned.report.shares == {cleaning.FAR: 15 / 144}


def test_a_limb_that_jumps_and_stays_cuts() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[70:, JOINT["left_ankle"]] += [80.0, 0.0, 0.0]
    assert len(clean(changed(recording, poses)).clips) == 2


def test_an_outlier_is_drawn_straight() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[70:73, JOINT["left_wrist"]] += [80.0, -50.0, 0.0]
    cleaned = clean(changed(recording, poses))
    (clip,) = cleaned.clips
    assert cleaned.report.frames_mended == 3
    np.testing.assert_allclose(clip.poses, clean(recording).clips[0].poses, atol=3)


@pytest.mark.parametrize("place", [1e6, 0.0])
@pytest.mark.parametrize("fps", [24.0, 25.0])
def test_one_bad_frame_does_not_move_the_clip(place: float, fps: float) -> None:
    recording = dancing(fps=fps)
    poses = recording.poses.copy()
    poses[70] = place
    cleaned = clean(changed(recording, poses))
    (clip,) = cleaned.clips
    assert cleaned.report.notes == ("joints metres from their body in 1 frames: taken as not seen",)
    np.testing.assert_allclose(clip.poses, clean(recording).clips[0].poses, atol=1.5)


@pytest.mark.parametrize("joint", HANDS)
def test_frames_without_a_hand_are_dropped(joint: int) -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[60:90, joint] = np.nan
    cleaned = clean(changed(recording, poses))
    assert [clip.n_frames for clip in cleaned.clips] == [60, 54]
    assert cleaned.report.dropped == {cleaning.MISSING: 30}


def test_a_body_that_never_moves_is_left_out_for_that_reason() -> None:
    recording = dancing()
    held = np.repeat(recording.poses[:1], len(recording.poses), axis=0)
    held[:, JOINT["nose"], 0] += 0.5 * np.sin(np.arange(len(held)))  # it talks
    report = clean(changed(recording, held)).report
    assert report.n_clips == 0
    assert report.dropped == {cleaning.STILL: 144}
    assert "100.0% the body does not move" in report.summary


def test_public_face_poses_are_left_out_for_that_reason(real_data: Path) -> None:
    path = real_data / "defects" / "public" / "makehuman_face_units.bvh"
    report = clean(scan(path).found[0].read()).report
    assert report.dropped == {cleaning.STILL: report.frames_in}


def test_frames_without_anybody_are_dropped_and_remnants_too() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[30:60] = np.nan
    poses[80:100] = np.nan
    cleaned = clean(changed(recording, poses))
    assert [clip.n_frames for clip in cleaned.clips] == [30, 44]
    assert cleaned.report.dropped == {cleaning.NOBODY: 50, cleaning.SHORT: 20}
    assert cleaned.report.frames_kept + 70 == cleaned.report.frames_in == 144
    assert "3.1 of 6.0 s kept in 2 clips, 48.6% dropped" in cleaned.report.summary


def test_a_dropped_knee_does_not_cut() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[60:90, JOINT["left_knee"]] = np.nan
    (clip,) = clean(changed(recording, poses)).clips
    np.testing.assert_array_equal(
        np.flatnonzero(np.isnan(clip.poses[:, JOINT["left_knee"], 0])), range(60, 90)
    )


def test_frozen_frames_are_dropped_but_a_short_hold_is_not() -> None:
    recording = dancing()
    at = np.concatenate(
        [np.arange(61), [60] * 19, np.arange(61, 110), [109] * 10, np.arange(110, 144)]
    )
    held = replace(recording, poses=recording.poses[at], times_s=np.arange(len(at)) / 24)
    cleaned = clean(held)
    assert [clip.n_frames for clip in cleaned.clips] == [61, 94]
    assert cleaned.report.dropped == {cleaning.FROZEN: 18}
    np.testing.assert_array_equal(cleaned.clips[1].poses[49], cleaned.clips[1].poses[59])


@pytest.mark.parametrize(("n_frames", "kept"), [(23, 0), (24, 1), (47, 1)])
def test_the_shortest_clip_is_one_second(n_frames: int, kept: int) -> None:
    recording = dancing()
    short = replace(
        recording, poses=recording.poses[:n_frames], times_s=recording.times_s[:n_frames]
    )
    cleaned = clean(short)
    assert len(cleaned.clips) == kept
    assert cleaned.report.dropped == ({} if kept else {cleaning.SHORT: 23})


def test_one_scale_per_recording_and_one_place_per_clip() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[70:, :, :] += [500.0, 300.0, 0.0]
    clips = clean(changed(recording, poses)).clips
    for clip in clips:
        neck_to_hip = clip.poses[:, JOINT["left_hip"]] - clip.poses[:, JOINT["neck"]]
        length = np.linalg.norm(neck_to_hip, axis=1)
        np.testing.assert_allclose(length, np.hypot(10, 50) * 360 / 150.4, rtol=2e-3)
        assert clip.poses[:, FEET, 1].max() == pytest.approx(464, abs=0.5)


def test_an_outlier_does_not_shrink_the_dancer() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[[20, 50], JOINT["left_ankle"]] += [0.0, 300.0, 0.0]
    np.testing.assert_allclose(
        clean(changed(recording, poses)).clips[0].poses, clean(recording).clips[0].poses, atol=1
    )


def test_without_a_nose_the_neck_gives_the_scale() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[:, JOINT["nose"]] = np.nan
    (clip,) = clean(changed(recording, poses)).clips
    spread = clip.poses[:, FEET] - clip.poses[:, [JOINT["neck"]]]
    assert np.linalg.norm(spread, axis=2).max() * 1.15 == pytest.approx(360, abs=0.1)


def test_three_dimensions_can_be_projected() -> None:
    flat = clean(dancing(), dims=2).clips[0].poses
    deep = clean(dancing(), dims=3).clips[0].poses
    assert (flat.shape[2], deep.shape[2]) == (2, 3)
    np.testing.assert_allclose(flat, deep[..., :2], atol=0.5)


@pytest.mark.parametrize(
    ("recording", "dims", "message"),
    [
        (dancing(dims=2), 3, "is 2-D and cannot go into a 3-D index: use `dims=2`"),
        (dancing(), 4, "dims must be 2 or 3; got 4"),
        (replace(dancing(), poses=dancing().poses[:, :17]), None, "17"),
    ],
)
def test_bad_input_is_one_line(recording: Recording, dims: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        clean(recording, dims=dims)


@pytest.mark.parametrize("factor", [np.nan, 0.0])
def test_of_nobody_every_frame_is_dropped_for_that_reason(factor: float) -> None:
    cleaned = clean(changed(dancing(), dancing().poses * factor))
    assert cleaned.clips == ()
    assert cleaned.report.dropped == {"nobody found": cleaned.report.frames_in}
    assert "how large the body is" in cleaned.report.warnings[0]


def test_of_knees_alone_it_is_said_that_hands_and_feet_are_missing() -> None:
    poses = np.full_like(dancing().poses, np.nan)
    poses[:, [9, 12]] = dancing().poses[:, [9, 12]]
    report = clean(changed(dancing(), poses)).report
    assert report.dropped == {"hands or feet missing": report.frames_in}


def test_the_callers_poses_stay() -> None:
    recording = dancing()
    before = recording.poses.copy()
    clean(recording)
    np.testing.assert_array_equal(recording.poses, before)


def test_a_recording_survives_its_file(tmp_path: Path) -> None:
    recording = dancing()
    path = write_recording(tmp_path / "a.npz", recording.poses, 24, style="sway")
    read = replace(NPZ.read(path), recording_id="one")
    np.testing.assert_array_equal(clean(read).clips[0].poses, clean(recording).clips[0].poses)


def test_reports_add_up() -> None:
    one = clean(dancing()).report
    two = replace(one, recording_id="two", frames_kept=100, dropped={cleaning.FAR: 44})
    both = total([one, replace(two, warnings=("odd",), notes=("30 fps",))])
    assert (both.frames_in, both.frames_kept, both.dropped) == (288, 244, {cleaning.FAR: 44})
    assert both.warnings == ("two: odd",)
    assert both.notes == ("two: 30 fps",)


def test_real_dances_lose_only_their_known_defects(real_data: Path) -> None:
    frozen = {"DANCE_R_8": 109, "DANCE_R_4": 50, "DANCE_C_4": 29, "DANCE_R_9": 19, "DANCE_R_3": 17}
    chosen = {*frozen, "DANCE_C_8", "DANCE_W_1", "DANCE_W_22"}
    for item in scan(real_data / "dances").found:
        if item.recording_id not in chosen:
            continue
        report = clean(item.read()).report
        assert report.warnings == ()
        # Frozen frames of about 25 a second, a few at the edges.
        expected = frozen.get(item.recording_id, 0) * 24 / 25
        assert set(report.dropped) <= {cleaning.FROZEN}
        assert sum(report.dropped.values()) == pytest.approx(expected, abs=10)


def test_a_real_waltz_stays_on_the_floor(real_data: Path) -> None:
    for dims in (2, 3):
        cleaned = clean(scan(real_data / "dances" / "DANCE_W_31").found[0].read(), dims=dims)
        (clip,) = cleaned.clips
        lower_ankle = clip.poses[:, FEET, 1].max(axis=1)
        # It rises to its toes, by 25 px, but does not climb by 137 px as in the file.
        assert np.percentile(lower_ankle, 1) > 464 - 40
        assert lower_ankle.max() < 465
        assert any("the floor drifts by 0." in note for note in cleaned.report.notes)


def test_real_openpose_folders_are_kept(real_data: Path) -> None:
    for item in scan(real_data / "openpose").found:
        report = clean(item.read()).report
        assert report.warnings == ()
        assert report.frames_kept > 0.9 * report.frames_in


def test_a_dance_of_two_dimensions_keeps_its_times(real_data: Path) -> None:
    item = scan(real_data / "openpose" / "footskate_dance").found[0]
    (clip,) = clean(item.read()).clips
    assert clip.start_s == 0.0
    assert clip.n_frames == 69  # 2.836 s at 24 a second, both ends


def test_what_a_file_lacks_is_counted_as_that() -> None:
    recording = dancing(6.0)
    poses = recording.poses.copy()
    poses[60:90] = np.nan
    lacking = replace(changed(recording, poses), lost_s=((2.5, 3.75), (6.0, 8.0)))
    cleaned = clean(lacking)
    assert cleaned.report.frames_in == len(cleaned.reasons) == 8 * 24
    assert cleaned.report.dropped == {cleaning.LOST: 30 + 48}
    assert [clip.n_frames for clip in cleaned.clips] == [60, 54]


def without_feet(recording: Recording, frames: slice = slice(None)) -> Recording:
    poses = recording.poses.copy()
    for joint in (*FEET, JOINT["left_knee"], JOINT["right_knee"]):
        poses[frames, joint] = np.nan
    return changed(recording, poses)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_dancer_without_feet_is_an_upper_body_where_a_whole_one_would_be(dims: int) -> None:
    whole = clean(dancing(dims=dims)).clips[0]
    cleaned = clean(without_feet(dancing(dims=dims)))
    (upper,) = cleaned.clips
    assert (whole.body, upper.body) == ("whole", "upper")
    assert cleaned.report.frames_upper == cleaned.report.frames_kept == 144
    assert np.isnan(upper.poses[:, FEET]).all()
    seen = np.isfinite(upper.poses).all(axis=(0, 2))
    # This body's trunk is 3 % longer than usual, and its hips 6 % higher over the floor.
    np.testing.assert_allclose(upper.poses[:, seen], whole.poses[:, seen], atol=25)
    trunk = upper.poses[:, [8, 11]].mean(axis=1) - upper.poses[:, JOINT["neck"]]
    assert np.linalg.norm(trunk, axis=1).max() == pytest.approx(116, abs=1)


def test_feet_that_leave_the_picture_for_a_while_make_a_clip_of_their_own() -> None:
    cleaned = clean(without_feet(dancing(), slice(60, 100)))
    assert [(clip.n_frames, clip.body) for clip in cleaned.clips] == [
        (60, "whole"), (40, "upper"), (44, "whole"),
    ]  # fmt: skip
    first, middle, _ = cleaned.clips
    assert cleaned.report.dropped == {}
    assert "1.7 s of an upper body" in cleaned.report.summary
    # The same dancer at the same distance: one scale.
    for clip in (first, middle):
        trunk = clip.poses[:, JOINT["left_hip"]] - clip.poses[:, JOINT["neck"]]
        assert np.linalg.norm(trunk, axis=1).max() == pytest.approx(122, abs=1)


def test_shoulders_alone_tell_the_size_where_no_hips_are_seen() -> None:
    recording = without_feet(dancing(dims=2))
    poses = recording.poses.copy()
    poses[:, [JOINT["left_hip"], JOINT["right_hip"]]] = np.nan
    (clip,) = clean(changed(recording, poses)).clips
    across = clip.poses[:, JOINT["left_shoulder"]] - clip.poses[:, JOINT["right_shoulder"]]
    assert np.linalg.norm(across, axis=1).max() == pytest.approx(79, abs=1)
    assert np.median(clip.poses[:, JOINT["neck"], 1]) == pytest.approx(464 - 303, abs=1)


def test_a_hand_behind_the_body_for_a_moment_is_unknown_and_cuts_nothing() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[60:72, JOINT["left_wrist"]] = np.nan
    (clip,) = clean(changed(recording, poses)).clips
    unknown = np.flatnonzero(np.isnan(clip.poses[:, JOINT["left_wrist"], 0]))
    assert unknown.tolist() == list(range(60, 72))
    poses[60:72, JOINT["right_wrist"]] = np.nan
    assert len(clean(changed(recording, poses)).clips) == 2


def test_a_foot_taken_for_another_for_a_moment_is_unknown_and_cuts_nothing() -> None:
    recording = dancing()
    poses = recording.poses.copy()
    poses[70:79, JOINT["left_ankle"]] += [70.0, -40.0, 0.0]
    cleaned = clean(changed(recording, poses))
    (clip,) = cleaned.clips
    unknown = np.flatnonzero(np.isnan(clip.poses[:, JOINT["left_ankle"], 0]))
    assert unknown.tolist() == list(range(70, 79))


def test_a_body_made_up_on_legs_is_dropped_for_that_reason() -> None:
    recording = dancing(dims=2)
    poses = recording.poses.copy()
    hips = poses[:, [JOINT["left_hip"]]].copy()
    above = [joint for joint in range(14) if joint not in range(8, 14)]
    poses[:, above] = hips + 0.4 * (poses[:, above] - hips)
    report = clean(changed(recording, poses)).report
    assert report.dropped == {cleaning.NO_BODY: 144}


def test_arms_that_are_nobody_s_are_dropped_in_space_and_may_be_pointed_in_a_picture() -> None:
    short = dancing().poses.copy()
    for side in ("right", "left"):
        shoulder = short[:, JOINT[f"{side}_shoulder"]]
        for part in ("elbow", "wrist"):
            joint = JOINT[f"{side}_{part}"]
            short[:, joint] = shoulder + 0.6 * (short[:, joint] - shoulder)
    in_space = clean(changed(dancing(), short)).report
    assert in_space.dropped == {cleaning.NO_BODY: 144}
    assert clean(changed(dancing(), short[..., :2])).report.frames_kept == 144


def test_who_dances_beside_the_main_dancer_is_kept_and_who_stands_by_is_named() -> None:
    recording = dancing(dims=2)
    still = recording.poses.copy()
    still[:] = recording.poses[:1] + 2 * np.sin(np.arange(144) / 20)[:, None, None]
    other = recording.poses[::-1] + np.float32(90)
    sure = np.full(144, 0.7, dtype=np.float32)
    cleaned = clean(replace(recording, others=(Performer(other, sure), Performer(still))))
    assert [clip.clip_id for clip in cleaned.clips] == ["one", "one person 2"]
    assert [person_of(clip.clip_id) for clip in cleaned.clips] == [1, 2]
    assert [clip.sure for clip in cleaned.clips] == [1.0, pytest.approx(0.7)]
    assert cleaned.report.notes == (
        "person 2 dances too, for 6.0 s",
        "person 3 stands by for 6.0 s: left out",
    )


def test_what_another_dancer_shows_is_kept_although_the_main_one_is_lost() -> None:
    recording = dancing(dims=2)
    poses = recording.poses.copy()
    poses[72:] = np.nan
    cleaned = clean(replace(changed(recording, poses), others=(Performer(recording.poses),)))
    assert [clip.n_frames for clip in cleaned.clips] == [72, 144]
    assert cleaned.report.frames_kept == 144
    assert cleaned.report.dropped == {}


def test_a_hand_that_alone_was_lost_and_found_elsewhere_cuts_nothing() -> None:
    recording = dancing(dims=2)
    poses = recording.poses.copy()
    poses[70:, JOINT["left_wrist"]] += [50.0, 0.0]  # 120 px
    (clip,) = clean(changed(recording, poses)).clips
    assert clip.n_frames == 144
    step = np.linalg.norm(np.diff(clip.poses[:, JOINT["left_wrist"]], axis=0), axis=1)
    assert step[60:80].max() < 40
    # Beside a second limb it is the body that was lost.
    poses[70:, JOINT["left_ankle"]] += [50.0, 0.0]
    assert len(clean(changed(recording, poses)).clips) == 2


def test_a_clip_whose_head_is_out_of_the_picture_is_less_sure() -> None:
    recording = dancing()
    sure = np.full(len(recording.poses), 0.9, dtype=np.float32)
    (clip,) = clean(replace(recording, sure=sure)).clips
    assert clip.sure == pytest.approx(0.9)
    headless = recording.poses.copy()
    headless[len(headless) // 2 :, [0, 14, 15, 16, 17]] = np.nan
    (clip,) = clean(replace(recording, poses=headless, sure=sure)).clips
    assert clip.sure == pytest.approx(0.45, abs=0.02)
    # Seen from behind, ears tell that the head is there; captured movement says nothing of it.
    behind = recording.poses.copy()
    behind[:, [0, 14, 15]] = np.nan
    behind[:, 16] = behind[:, 17] = recording.poses[:, 0]
    (clip,) = clean(replace(recording, poses=behind, sure=sure)).clips
    assert clip.sure == pytest.approx(0.9)
    (clip,) = clean(replace(recording, poses=headless)).clips
    assert clip.sure == 1.0
