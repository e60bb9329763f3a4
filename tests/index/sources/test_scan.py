import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Recording
from danceit.errors import InputError
from danceit.index.sources import SOURCES, scan
from danceit.index.sources.npz import write_recording
from tests.index.sources.conftest import Maker, person, write_tone, write_video

POSES = np.random.default_rng(0).normal(size=(30, 18, 3)).astype(np.float32)


def found(root: Path) -> list[tuple[str, str]]:
    return [(item.source, item.recording_id) for item in scan(root).found]


def test_formats_may_be_mixed_and_order_is_by_name(
    tmp_path: Path, tang: Maker, openpose: Maker
) -> None:
    tang("b/DANCE_W_2")
    openpose([[person(0, 0, 100)]] * 5, name="a b/ünï")
    write_recording(tmp_path / "c" / "solo.npz", POSES, 24)
    assert found(tmp_path) == [
        ("openpose", "a b/ünï"),
        ("tang", "b/DANCE_W_2"),
        ("npz", "c/solo.npz"),
    ]
    assert scan(tmp_path).unrecognised == ()


class _Fails:
    """A third party's source that cannot bear what it does not know."""

    name = "fails"

    def detect(self, path: Path) -> bool:
        raise ZeroDivisionError("no\nheader")

    def read(self, path: Path) -> Recording:
        raise AssertionError


_FAILS = _Fails()


def test_a_source_that_fails_to_look_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(SOURCES.builtins, "fails", f"{__name__}:_FAILS")
    write_recording(tmp_path / "solo.npz", POSES, 24)
    (tmp_path / "letter.txt").write_text("dear all")
    scanned = scan(tmp_path)
    assert [(item.source, item.recording_id) for item in scanned.found] == [("npz", "solo.npz")]
    assert scanned.unrecognised == (tmp_path / "letter.txt",)
    (record,) = caplog.records
    assert "the source 'fails' failed to look at 2 files" in record.message
    assert "(ZeroDivisionError: no header)" in record.message


def test_the_root_may_be_a_recording(tmp_path: Path, tang: Maker) -> None:
    folder = tang("DANCE_R_1")
    assert found(folder) == [("tang", "DANCE_R_1")]
    path = write_recording(tmp_path / "x.npz", POSES, 24)
    item = scan(path).found[0]
    assert (item.recording_id, item.read().recording_id) == ("x.npz", "x.npz")


def test_read_gives_the_recording_its_place_as_id(tmp_path: Path, tang: Maker) -> None:
    tang("deep/er/DANCE_C_1")
    assert scan(tmp_path).found[0].read().recording_id == "deep/er/DANCE_C_1"


def test_a_song_or_video_that_belongs_to_a_recording_is_not_unrecognised(
    tmp_path: Path, openpose: Maker
) -> None:
    openpose([[person(0, 0, 100)]] * 5)
    write_video(tmp_path / "clip.mp4", 5, 25)
    (tmp_path / "songs").mkdir()
    song = write_tone(tmp_path / "songs" / "far.wav", 2.0)
    write_recording(tmp_path / "n.npz", POSES, 24, audio=song)
    write_recording(tmp_path / "m.npz", POSES, 24)
    write_tone(tmp_path / "m.wav", 2.0)
    lonely = write_tone(tmp_path / "songs" / "lonely.wav", 2.0)
    result = scan(tmp_path)
    assert len(result.found) == 3
    assert result.unrecognised == (lonely,)


def test_counts_of_a_song_are_no_recordings_and_not_unrecognised(tmp_path: Path) -> None:
    write_recording(tmp_path / "m.npz", POSES, 24)
    write_tone(tmp_path / "m.wav", 2.0)
    for name in ("m.beats", "m.counts", "m.jams", "m.labels.txt"):
        (tmp_path / name).write_text("0.5 1\n")
    assert scan(tmp_path).unrecognised == ()


def test_what_no_source_knows_is_named_and_counted(tmp_path: Path) -> None:
    write_recording(tmp_path / "good" / "a.npz", POSES, 24)
    (tmp_path / "good" / "notes.txt").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "frames" / "deep").mkdir(parents=True)
    for number in range(1000):
        (tmp_path / "frames" / "deep" / f"{number:04d}.json").write_text("{}")
    for number in range(7):
        (tmp_path / "good" / f"{number}.csv").write_text("x")
    result = scan(tmp_path)
    assert result.unrecognised == (tmp_path / "frames", tmp_path / "good")
    assert result.n_unrecognised_files == 1008


def test_single_unknown_files_are_named_themselves(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.npz", POSES, 24)
    (tmp_path / "readme.md").write_text("x")
    write_tone(tmp_path / "song.wav", 2.0)
    assert scan(tmp_path).unrecognised == (tmp_path / "readme.md", tmp_path / "song.wav")


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path).found == ()
    assert scan(tmp_path).unrecognised == ()


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        scan(tmp_path / "gone")


def test_links_in_circles_end_and_nothing_comes_twice(tmp_path: Path, tang: Maker) -> None:
    folder = tang("data/DANCE_W_1")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "data" / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "data" / "again").symlink_to(folder, target_is_directory=True)
    result = scan(tmp_path / "data")
    assert len(result.found) == 1
    assert result.unrecognised == (tmp_path / "data" / "broken",)


def test_one_bad_recording_does_not_stop_the_others(tmp_path: Path, tang: Maker) -> None:
    tang("DANCE_W_1")
    tang("DANCE_W_2", song_s=None)
    tang("DANCE_W_3", skeletons="{")
    problems = []
    for item in scan(tmp_path).found:
        try:
            item.read()
        except InputError as exc:
            problems.append((item.recording_id, str(exc)))
    assert [name for name, _ in problems] == ["DANCE_W_2", "DANCE_W_3"]


def test_a_damaged_video_stops_its_own_recording_only(tmp_path: Path, openpose: Maker) -> None:
    openpose([[person(0, 0, 100)]] * 5)
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    write_recording(tmp_path / "x.npz", POSES, 24)
    first, second = scan(tmp_path).found
    with pytest.raises(InputError, match=r"cannot read .*clip\.mp4 as sound or video"):
        first.read()
    assert second.read().recording_id == "x.npz"


def test_a_recording_inside_a_recordings_folder_is_found(tmp_path: Path, openpose: Maker) -> None:
    folder = openpose([[person(0, 0, 100)]] * 5)
    write_recording(folder / "own.npz", POSES, 24)
    (folder / "more").mkdir()
    for number in range(3):
        content = json.dumps({"people": [{"pose_keypoints_2d": person(0, 0, 50)}]})
        (folder / "more" / f"{number}.json").write_text(content)
    assert found(tmp_path) == [
        ("openpose", "clip"),
        ("openpose", "clip/more"),
        ("npz", "clip/own.npz"),
    ]


class Films:
    """A source of plain videos, as a third party would add it."""

    name = "films"

    def detect(self, path: Path) -> bool:
        return path.suffix == ".mp4"

    def read(self, path: Path) -> Recording:
        raise NotImplementedError


FILMS = Films()


def test_a_source_of_videos_gets_those_that_belong_to_nobody(
    tmp_path: Path, openpose: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(SOURCES.builtins, "video")
    monkeypatch.setitem(SOURCES.builtins, "films", f"{__name__}:FILMS")
    openpose([[person(0, 0, 100)]] * 5)
    for name in ("clip.mp4", "film.mp4", "clip/inside.mp4"):
        write_video(tmp_path / name, 5, 25)
    assert found(tmp_path) == [("openpose", "clip"), ("films", "film.mp4")]


def test_a_video_that_belongs_to_nobody_is_a_recording_with_the_sound_of_its_name(
    tmp_path: Path, openpose: Maker
) -> None:
    openpose([[person(0, 0, 100)]] * 5)
    write_video(tmp_path / "clip.mp4", 5, 25)
    write_video(tmp_path / "solo.MOV", 5, 25)
    write_tone(tmp_path / "solo.wav", 2.0)
    lonely = write_tone(tmp_path / "lonely.wav", 2.0)
    assert found(tmp_path) == [("openpose", "clip"), ("video", "solo.MOV")]
    assert scan(tmp_path).unrecognised == (lonely,)


def test_all_built_in_sources_load() -> None:
    assert [line.problem for line in SOURCES.listing()] == [""] * len(SOURCES.names())


def test_real_data_is_found_whole(real_data: Path) -> None:
    dances = scan(real_data / "dances")
    assert len(dances.found) == 28
    assert dances.unrecognised == (real_data / "dances" / "figures.json",)
    assert [i for _, i in found(real_data / "openpose")] == ["footskate_dance", "two_people"]
    assert scan(real_data / "openpose").unrecognised == ()
    assert scan(real_data / "audio_edge").unrecognised == (real_data / "audio_edge",)


def test_order_does_not_depend_on_the_file_system(tmp_path: Path) -> None:
    for name in ("b", "a", "C", "a10", "a2"):
        write_recording(tmp_path / f"{name}.npz", POSES, 24)
    first = found(tmp_path)
    copy = tmp_path.parent / f"{tmp_path.name} copy"
    copy.mkdir()
    for name in sorted(os.listdir(tmp_path), reverse=True):
        shutil.copy(tmp_path / name, copy / name)
    assert found(copy) == first


def test_a_video_that_is_called_like_nothing_known_is_taken_by_its_content(tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", 10, 25)
    video.rename(tmp_path / "VID_2026.share")
    write_video(tmp_path / "phone.mp4", 10, 25).rename(tmp_path / "phone.3gp")
    (tmp_path / "notes.share").write_text("ftyp, but only in words")
    assert [(one.source, one.recording_id) for one in scan(tmp_path).found] == [
        ("video", "VID_2026.share"),
        ("video", "phone.3gp"),
    ]
