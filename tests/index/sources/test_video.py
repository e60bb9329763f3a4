"""The video source as a user meets it, with MediaPipe where it is installed."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT
from danceit.errors import InputError, MissingDependencyError
from danceit.index.cleaning.cleaning import clean
from danceit.index.poses.footage import workers
from danceit.index.poses.footage.body import dancer_in
from danceit.index.poses.footage.continuity import LOWER, UPPER, exchanged
from danceit.index.poses.footage.extraction import extract, footage_folder
from danceit.index.sources import read_ahead, scan
from danceit.index.sources.openpose import SOURCE as OPENPOSE
from danceit.index.sources.settings import ReadSettings
from danceit.index.sources.video import SOURCE, footage_of
from tests.index.poses.footage.conftest import Painted, plain, write_film
from tests.index.sources.conftest import write_tone

needs_mediapipe = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="mediapipe is not installed"
)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Painted:
    """Have the painted estimator look, in this process."""
    estimator = Painted()

    def extract_all(paths: list[Path], spec: str, **_: object) -> dict[Path, str]:
        failed = {}
        for path in paths:
            try:
                extract(path, estimator, footage_folder(path, estimator))
            except InputError as exc:
                failed[path] = str(exc)
        return failed

    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "cache"))
    for module in ("danceit.index.sources.video", "danceit.index.poses.footage.workers"):
        monkeypatch.setattr(f"{module}.make_estimator", lambda spec: estimator)
    monkeypatch.setattr("danceit.index.sources.video.extract_all", extract_all)
    return estimator


def moving_square(n_frames: int = 40) -> list[np.ndarray]:
    frames = []
    for number in range(n_frames):
        picture = plain(grey=20)
        picture[16:32, number % 40 : number % 40 + 12] = 230
        frames.append(picture)
    return frames


def test_a_video_with_sound_is_both(tmp_path: Path, painted: Painted) -> None:
    path = write_film(tmp_path / "dance.mp4", moving_square(), sound_s=2.0)
    recording = SOURCE.read(path)
    assert recording.poses.shape == (40, 18, 2)
    assert recording.audio_path == recording.video_path == path
    np.testing.assert_allclose(recording.times_s, np.arange(40) / 24, atol=1e-3)


def test_without_sound_it_is_taken_and_that_is_said(tmp_path: Path, painted: Painted) -> None:
    recording = SOURCE.read(write_film(tmp_path / "dance.mp4", moving_square()))
    assert recording.audio_path is None
    assert "no sound" in recording.notes[0]


def test_a_sound_of_its_name_goes_before_its_own(tmp_path: Path, painted: Painted) -> None:
    path = write_film(tmp_path / "dance.mp4", moving_square(), sound_s=2.0)
    song = write_tone(tmp_path / "dance.wav", 3.0)
    recording = SOURCE.read(path)
    assert (recording.audio_path, recording.video_path) == (song, path)
    assert song in recording.files


def test_a_sound_longer_than_the_picture_changes_nothing(tmp_path: Path, painted: Painted) -> None:
    recording = SOURCE.read(write_film(tmp_path / "a.mp4", moving_square(), sound_s=6.0))
    assert len(recording.times_s) == 40


def test_a_silent_track_is_no_music(tmp_path: Path, painted: Painted) -> None:
    path = write_film(tmp_path / "dance.mp4", moving_square())
    (tmp_path / "dance.wav").write_bytes(
        write_tone(tmp_path / "t.wav", 2.0).read_bytes()[:44] + bytes(32000)
    )
    recording = SOURCE.read(path)
    assert recording.audio_path is None
    assert "is silent" in recording.notes[0]


def test_nobody_and_a_single_frame_are_said(tmp_path: Path, painted: Painted) -> None:
    with pytest.raises(InputError, match=r"empty.mp4.*nobody detected"):
        SOURCE.read(write_film(tmp_path / "empty.mp4", [plain(grey=20)] * 12))
    with pytest.raises(InputError, match=r"one.mp4 holds one frame"):
        SOURCE.read(write_film(tmp_path / "one.mp4", moving_square(1)))


def test_three_dimensions_are_refused_where_there_are_two(tmp_path: Path, painted: Painted) -> None:
    path = write_film(tmp_path / "dance.mp4", moving_square())
    with pytest.raises(InputError, match="gives no depth; use `dims=2`"):
        SOURCE.read_with(path, ReadSettings(), 3)


def test_one_corrupt_film_stops_no_other(tmp_path: Path, painted: Painted) -> None:
    write_film(tmp_path / "a.mp4", moving_square())
    (tmp_path / "b.mp4").write_bytes(b"broken")
    write_film(tmp_path / "c.mp4", moving_square())
    found = scan(tmp_path).found
    reasons = read_ahead(found)
    assert list(reasons) == ["b.mp4"]
    assert "cannot read" in reasons["b.mp4"]
    assert "b.mp4" in reasons["b.mp4"]


def test_in_two_dimensions_the_picture_stays_as_seen_whatever_depth_is_told(
    tmp_path: Path, painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_film(tmp_path / "dance.mp4", moving_square())
    seen = footage_of(path, ReadSettings())
    rng = np.random.default_rng(0)
    deep = replace(seen, world=rng.normal(0, 0.3, seen.world.shape).astype(np.float32))
    monkeypatch.setattr("danceit.index.sources.video.footage_of", lambda *_: deep)
    flat = SOURCE.read_with(path, ReadSettings(), 2).poses
    np.testing.assert_array_equal(flat, dancer_in(seen).image)
    assert SOURCE.read_with(path, ReadSettings(), 3).poses.shape[2] == 3


def test_other_choices_are_other_content(tmp_path: Path, painted: Painted) -> None:
    write_film(tmp_path / "a.mp4", moving_square(3))
    ids = {
        scan(tmp_path, ReadSettings(lag=lag)).found[0].settings_id
        for lag in ("report", "auto", "off", "0.1")
    }
    assert len(ids) == 4


def test_what_is_moved_out_of_its_sound_is_left_out(tmp_path: Path, painted: Painted) -> None:
    write_film(tmp_path / "a.mp4", moving_square(), sound_s=2.0)
    recording = scan(tmp_path, ReadSettings(lag="0.5")).found[0].read()
    np.testing.assert_allclose(recording.times_s, np.arange(28) / 24, atol=1e-3)
    assert any("12 frames outside" in note for note in recording.notes)


def test_without_mediapipe_one_line_holds_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    path = write_film(tmp_path / "a.mp4", moving_square(3))
    with pytest.raises(MissingDependencyError, match=r"pip install 'danceit\[video\]'") as caught:
        SOURCE.read(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(MissingDependencyError):
        read_ahead(scan(tmp_path).found)


def test_the_worker_says_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(b"broken")
    job = f'{{"path": "{path}", "estimator": "nosuch", "folder": "{tmp_path / "out"}"}}\n'
    done = subprocess.run(
        [sys.executable, "-m", "danceit.index.poses.footage.worker"],
        input=job,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("\n") == 1
    assert "unknown pose estimator 'nosuch'" in done.stdout


@needs_mediapipe
def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving_square(3))
    (tmp_path / "taken").write_text("a file where a folder is wanted")
    job = {"path": str(path), "estimator": "mediapipe", "folder": str(tmp_path / "taken" / "x")}
    done = subprocess.run(
        [sys.executable, "-m", "danceit.index.poses.footage.worker"],
        input=json.dumps(job) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert "its poses cannot be kept" in answer["failed"]


def test_a_crash_is_one_films_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "a.mp4", moving_square(3))
    monkeypatch.setattr(workers, "make_estimator", lambda spec: Painted())
    crash = "import os, signal; print('{}'); os.kill(os.getpid(), signal.SIGSEGV)"
    real = subprocess.Popen

    def popen(command: list[str], **options: object) -> object:
        return real([sys.executable, "-c", crash], **options)

    monkeypatch.setattr(workers.subprocess, "Popen", popen)
    failed = workers.extract_all([path], "painted")
    assert "signal 11" in failed[path]
    assert "\n" not in failed[path]


@needs_mediapipe
def test_two_real_films_in_processes(
    real_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A second of one dancer, an empty stage that another enters; nothing is printed."""
    films = real_data / "video"
    _excerpt(films / "hand_song_1080x1920_12s.mp4", tmp_path / "a.mp4", range(30))
    empty_then_dancing = (*range(12), *range(100, 124))
    _excerpt(films / "red_skirt_320x240_70s.mp4", tmp_path / "b.mp4", empty_then_dancing)
    progress: list[tuple[int, int]] = []
    found = scan(tmp_path).found
    failed = read_ahead(found, lambda done, total, what="": progress.append((done, total)))
    assert failed == {}
    assert progress[-1] == (66, 66)
    recording = found[0].read()
    # Facing the camera: her left is on the right, she stands upright, arms' length in metres.
    poses = recording.poses
    assert poses.shape == (30, 18, 3)
    assert (poses[:, JOINT["left_shoulder"], 0] > poses[:, JOINT["right_shoulder"], 0]).all()
    assert (poses[:, JOINT["left_ankle"], 1] > poses[:, JOINT["neck"], 1]).all()
    height_m = np.median(poses[:, JOINT["left_ankle"], 1] - poses[:, JOINT["nose"], 1])
    assert 1.1 < height_m < 1.8
    flat = found[0].read(2)
    assert flat.poses.shape == (30, 18, 2)
    assert 0 < np.nanmin(flat.poses) < np.nanmax(flat.poses) < 640
    assert len(clean(recording).clips) == 1
    entering = np.isfinite(found[1].read(2).poses).all(axis=2).sum(axis=1)
    assert not entering[:10].any()
    assert entering[-10:].min() > 8
    assert capfd.readouterr() == ("", "")


@needs_mediapipe
def test_poses_agree_with_openposes_and_swapped_sides_are_put_right(real_data: Path) -> None:
    """A real dancer, found by two programs that have nothing in common."""
    folder = real_data / "openpose"
    reference = OPENPOSE.read(folder / "footskate_dance")
    recording = SOURCE.read_with(folder / "footskate_dance.mp4", ReadSettings(), 2)
    np.testing.assert_allclose(recording.times_s, reference.times_s, atol=1e-3)
    poses = recording.poses  # looked at in its own size, 1280 px
    upright = reference.poses[:, JOINT["neck"]] - reference.poses[:, JOINT["right_ankle"]]
    body = np.nanmedian(np.linalg.norm(upright, axis=1))
    error = np.linalg.norm(poses - reference.poses, axis=2) / body
    assert np.nanmedian(error) < 0.025
    assert np.nanquantile(error, 0.9) < 0.06

    footage = footage_of(folder / "footskate_dance.mp4", ReadSettings())
    assert footage.counts.tolist() == [1] * 69
    wrong = np.zeros(69, dtype=bool)
    wrong[20:27] = True
    sides = (*UPPER, *LOWER)
    swapped = replace(
        footage,
        image=exchanged(footage.image, wrong, sides),
        world=exchanged(footage.world, wrong, sides),
    )
    truth, mended = dancer_in(footage), dancer_in(swapped)
    assert truth.n_swapped == 0
    assert mended.n_swapped == 7
    np.testing.assert_array_equal(mended.image, truth.image)


def _excerpt(source: Path, target: Path, wanted: Collection[int]) -> None:
    from danceit.index.poses.footage.decoding import pictures

    frames = []
    for number, still in zip(range(max(wanted) + 1), pictures(source, 480), strict=False):
        if number in wanted:
            height, width = (side // 2 * 2 for side in still.picture.shape[:2])
            frames.append(still.picture[:height, :width])
    write_film(target, frames, fps=30, codec="libx264")


def test_workers_are_as_many_as_processors() -> None:
    assert 1 <= workers.default_workers() <= (os.cpu_count() or 1)
