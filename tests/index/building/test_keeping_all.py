"""A build loses nothing, reads nothing twice, and one bad recording stops no other."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Recording
from danceit.errors import InputError
from danceit.index.building.build import build
from danceit.index.building.contents import ContentHashes
from danceit.index.building.reading import read_all
from danceit.index.building.withdrawn import WORK
from danceit.index.sources import media
from danceit.index.sources.npz import NpzSource
from danceit.index.store.engines import open_store
from danceit.testing import FixedEmbedder
from tests.index.conftest import MakeRecording

EMBEDDER = FixedEmbedder(dims=2)
ANOTHER = replace(EMBEDDER, encoder_id="another")


def recordings(index: Path) -> set[str]:
    with open_store(index) as store:
        return set(store.recordings())


@pytest.fixture
def other(tmp_path: Path, make_recording: MakeRecording) -> Path:
    """A second folder, of one recording."""
    return make_recording(tmp_path / "other", "x", 9).parent


def test_a_new_encoder_takes_along_what_came_from_other_folders(
    data: Path, other: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    build(data, index, EMBEDDER)
    report = build(other, index, ANOTHER)
    assert report.removed == ()
    assert recordings(index) == {"a.npz", "b.npz", "more/c.npz", "d.npz", "x.npz"}
    with open_store(index) as store:
        assert store.spec.encoder_id == "another"
        assert store.recordings()["a.npz"].source == data / "a.npz"


def test_what_cannot_be_done_again_is_named_and_nothing_is_lost(
    data: Path, other: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    build(data, index, EMBEDDER)
    shutil.rmtree(data)
    with pytest.raises(InputError, match=r"holds a\.npz, b\.npz, d\.npz, more/c\.npz from other"):
        build(other, index, ANOTHER)
    assert recordings(index) == {"a.npz", "b.npz", "d.npz", "more/c.npz"}
    # With the same encoder nothing needs to be done again.
    assert build(other, index, EMBEDDER).added == ("x.npz",)
    assert len(recordings(index)) == 5


def test_with_a_new_encoder_too_what_is_gone_from_the_folder_is_named(
    data: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    build(data, index, EMBEDDER)
    (data / "b.npz").unlink()
    assert build(data, index, ANOTHER).removed == ("b.npz",)


def test_what_was_read_for_training_is_not_read_again_unless_it_changed(
    data: Path, tmp_path: Path, make_recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, alone = tmp_path / "index", tmp_path / "alone"
    (index / WORK).mkdir(parents=True)
    readings = read_all(data, hashes=ContentHashes(index / WORK))
    make_recording(data, "b", 77)
    seen: list[str] = []

    def counted(source: NpzSource, path: Path) -> Recording:
        seen.append(path.name)
        return read(source, path)

    monkeypatch.setattr(NpzSource, "read", counted)
    build(data, index, EMBEDDER, readings=readings)
    assert seen == ["b.npz"]
    build(data, alone, EMBEDDER)
    with open_store(index) as one, open_store(alone) as two:
        rows = np.arange(len(one))
        assert one.table(rows).fragment_id.tolist() == two.table(rows).fragment_id.tolist()
        np.testing.assert_array_equal(one.vectors(rows), two.vectors(rows))


read = NpzSource.read


def failing(source: NpzSource, path: Path) -> Recording:
    if path.name == "b.npz":
        return read(source, path)
    raise ZeroDivisionError("division\nby zero")


def test_whatever_a_reader_raises_is_that_recordings_failure_and_told_as_a_bug(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NpzSource, "read", failing)
    report = build(data, tmp_path / "index", EMBEDDER)
    assert report.added == ("b.npz",)
    assert [failure.recording_id for failure in report.failed] == ["a.npz", "d.npz", "more/c.npz"]
    reason = report.failed[0].reason
    assert reason.startswith("its reader failed with ZeroDivisionError: division by zero at test_")
    assert "Traceback" in report.failed[0].trace


def test_where_all_fail_all_are_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "b.npz").unlink()
    monkeypatch.setattr(NpzSource, "read", failing)
    with pytest.raises(InputError, match=r"a\.npz: .*d\.npz: .*more/c\.npz: ") as caught:
        build(data, tmp_path / "index", EMBEDDER)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"KEY": [1]}', '{"KEY": []}', '{"KEY": 5}', "[]", "nothing"])
def test_a_damaged_memory_of_hashes_is_not_believed(data: Path, tmp_path: Path, text: str) -> None:
    work = tmp_path / "index" / WORK
    work.mkdir(parents=True)
    key = str((data / "a.npz").absolute()).replace("\\", "\\\\")
    (work / "hashes.json").write_text(text.replace("KEY", key))
    assert len(build(data, tmp_path / "index", EMBEDDER).added) == 4


def test_an_index_may_lie_under_a_name_with_a_question_mark(data: Path, tmp_path: Path) -> None:
    index = tmp_path / "what is this?" / "index?x=1"
    build(data, index, EMBEDDER)
    assert len(build(data, index, EMBEDDER).unchanged) == 4
    with open_store(index) as store:
        assert store.verify() == ()


def test_a_folder_of_many_recordings_is_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (tmp_path / f"{number}.wav").touch()
    listed: list[Path] = []
    real = media._listed
    monkeypatch.setattr(media, "_listed", lambda folder: listed.append(folder) or real(folder))
    os.utime(tmp_path, (1e9, 1e9))
    names = [media.media_named(tmp_path, str(number))[0].name for number in range(20)]
    assert names == [f"{number}.wav" for number in range(20)]
    assert listed == [tmp_path]
    # Just changed, it may change again within the same tick of its clock.
    (tmp_path / "0.mp4").touch()
    assert [path.name for path in media.media_named(tmp_path, "0")] == ["0.mp4", "0.wav"]
