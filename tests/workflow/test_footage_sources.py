import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from danceit.data import JOINT_NAMES, Dance, DanceSong, Placement, Recording
from danceit.errors import InputError
from danceit.index.sources import media_of
from danceit.index.sources.npz import write_recording
from danceit.render import RenderOptions
from danceit.workflow.footage_sources import OUTLINED, Filming, filmed, read_source, video_of
from danceit.workflow.line import render_files
from tests.render.conftest import STANDING
from tests.render.filming import HEIGHT, WIDTH, write_video


def placed(source: Path) -> Placement:
    return Placement("f", "c", str(source), 0.0, 1.0, 0.0, 0.0, 0, 0.0)


def test_openpose_frames_find_the_video_beside_them(real_data: Path) -> None:
    filming = Filming()
    found = filming(placed(real_data / "openpose" / "footskate_dance"))
    assert found is not None
    assert found.video == real_data / "openpose" / "footskate_dance.mp4"
    assert found.joints.shape == (69, 18, 2)
    np.testing.assert_allclose(np.diff(found.times_s), 1001 / 24000, atol=1e-3)
    assert filming.notes == []
    assert filming(placed(real_data / "openpose" / "footskate_dance")) is found


@pytest.mark.parametrize("kind", ["npz", "openpose inside", "openpose beside", "video", "called"])
def test_a_source_has_the_video_that_its_reader_says(tmp_path: Path, kind: str) -> None:
    """Footage, edit lists and the studio ask one rule; so does every reader."""
    stored = write_video(tmp_path / "take.mp4", n_frames=24).joints
    source, video = tmp_path / "take", tmp_path / "take.mp4"
    if kind == "npz":
        source = write_recording(tmp_path / "take.npz", stored, 24.0)
    elif kind.startswith("openpose"):
        source.mkdir()
        if kind == "openpose inside":
            video = video.rename(source / "film.mp4")
        for number, joints in enumerate(stored):
            person = np.append(joints, np.ones((18, 1)), axis=1).ravel().tolist()
            text = json.dumps({"people": [{"pose_keypoints_2d": person}]})
            (source / f"take_{number:012d}_keypoints.json").write_text(text)
    else:
        source = video = video.rename(tmp_path / ("take.mp4" if kind == "video" else "take.film"))
    assert video_of(placed(source)) == media_of(source).video_path == video
    if kind not in ("video", "called"):
        assert read_source(source).video_path == video


def test_what_nobody_filmed_has_no_video(real_data: Path, tmp_path: Path) -> None:
    assert video_of(placed(real_data / "dances" / "DANCE_C_2")) is None
    assert video_of(placed(tmp_path / "gone")) is None
    made = replace(placed(tmp_path / "gone.mp4"), generator="ren")
    assert video_of(made) is None


def test_sources_that_cannot_be_shown_are_noted_once(real_data: Path, tmp_path: Path) -> None:
    filming = Filming()
    dance = real_data / "dances" / "DANCE_C_2"
    for source in (dance, dance, tmp_path / "gone"):
        assert filming(placed(source)) is None
    assert filming.notes == [
        "DANCE_C_2 is drawn: it has no video",
        f"gone is drawn: {tmp_path / 'gone'} is not there, or not any more",
    ]


def test_poses_in_another_unit_than_the_pictures_are_refused(real_data: Path) -> None:
    recording = read_source(real_data / "openpose" / "footskate_dance")
    with pytest.raises(InputError, match="are not in the 1280 x 720 pixels"):
        filmed(replace(recording, poses=recording.poses - 5000))


def test_a_single_picture_is_no_footage(real_data: Path) -> None:
    recording = read_source(real_data / "openpose" / "footskate_dance")
    one = replace(recording, poses=recording.poses[:1], times_s=recording.times_s[:1])
    with pytest.raises(InputError, match="it is a single picture"):
        filmed(one)


def test_plain_video_is_looked_at_small_and_shown_whole(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Poses of an estimator that sees 360 x 640 of a picture of 1080 x 1920."""
    video = real_data / "video" / "hand_song_1080x1920_12s.mp4"
    poses = np.full((4, 18, 2), 180.0, dtype=np.float32)
    poses[:, 0] = (180, 100)
    seen = SimpleNamespace(width=360, height=640)
    monkeypatch.setattr("danceit.workflow.footage_sources.footage_of", lambda *_: seen)
    recording = Recording("hand", video, poses, np.arange(4) / 24, video_path=video)
    np.testing.assert_allclose(filmed(recording).joints[0, 0], (540, 300))


@pytest.mark.parametrize("kind", ["openpose", "coco", "npz"])
def test_keypoints_in_stored_pixels_are_read_and_laid_where_these_are_shown(
    tmp_path: Path, kind: str
) -> None:
    stored = write_video(tmp_path / "wide.mp4", n_frames=24, pixel_aspect=Fraction(4, 3)).joints
    sure = np.concatenate([stored, np.ones((24, 18, 1))], axis=2)
    if kind == "npz":
        source = write_recording(tmp_path / "wide.npz", stored, 24.0)
    elif kind == "coco":
        source = tmp_path / "wide.json"
        names = [{"id": 1, "name": "person", "keypoints": list(JOINT_NAMES)}]
        rows = [
            {"image_id": i, "category_id": 1, "keypoints": one.ravel().tolist()}
            for i, one in enumerate(sure)
        ]
        source.write_text(json.dumps({"categories": names, "annotations": rows}))
    else:
        source = tmp_path / "wide"
        source.mkdir()
        for i, one in enumerate(sure):
            people = {"people": [{"pose_keypoints_2d": one.ravel().tolist()}]}
            (source / f"wide_{i:012d}_keypoints.json").write_text(json.dumps(people))
    recording = read_source(source)
    # 160 x 208 as stored, shown as 213 x 208.
    np.testing.assert_allclose(recording.poses, stored * (213 / WIDTH, 1.0), rtol=1e-5)
    assert any("160 x 208 to 213 x 208" in note for note in recording.notes)
    shown = filmed(recording)
    assert shown.size == (213, HEIGHT)
    np.testing.assert_array_equal(shown.joints, recording.poses)


def test_a_dance_of_a_real_recording_is_shown_in_its_footage(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import av
    import soundfile

    source = real_data / "openpose" / "footskate_dance"
    song = tmp_path / "song.wav"
    soundfile.write(song, np.zeros(48_000), 24_000)
    dance = Dance(
        joints=np.repeat(STANDING[None, :, :2], 48, axis=0),
        seams=np.array([24]),
        beats_s=np.array([0.5]),
        source_index=np.repeat(np.arange(2, dtype=np.int32), 24),
        source_s=np.concatenate([1.0 + np.arange(24) / 24, np.arange(24) / 24]),
        fragments=(placed(source), placed(tmp_path / "gone")),
        song=DanceSong(song),
    )
    dance.save(tmp_path / "a.dance.npz")
    options = RenderOptions(size=128, footage=True)
    out = tmp_path / "a.mp4"
    notes = render_files([tmp_path / "a.dance.npz"], out, options)
    assert notes == (f"gone is drawn: {tmp_path / 'gone'} is not there, or not any more",)
    with av.open(str(out)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 48
    # The floor of the footage is brown, the drawn figure's blue.
    for frame, warm in ((5, True), (40, False)):
        red, _, blue = shown[frame][-30:-20].mean(axis=(0, 1))
        assert bool(red > blue + 10) is warm
    monkeypatch.setattr("danceit.render.footage.cutout.find_spec", lambda _: None)
    around = RenderOptions(size=128, footage=True, surroundings="still", seconds=0.5)
    assert OUTLINED in render_files([tmp_path / "a.dance.npz"], out, around)
