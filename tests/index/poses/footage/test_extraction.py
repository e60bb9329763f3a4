from pathlib import Path

import numpy as np
import pytest

from danceit.errors import InputError
from danceit.index.poses.footage import extraction
from danceit.index.poses.footage.decoding import Still
from danceit.index.poses.footage.extraction import (
    extract,
    footage_folder,
    is_complete,
    load_footage,
)
from tests.index.poses.footage.conftest import Filmer, Painted, plain, write_film


def test_what_is_seen_is_kept_and_read_back(film: Filmer) -> None:
    path, estimator = film(30), Painted()
    folder = footage_folder(path, estimator)
    told: list[int] = []
    extract(path, estimator, folder, lambda done, total, what="": told.append(done))
    footage = load_footage(folder)
    assert footage is not None
    np.testing.assert_allclose(footage.times_s, np.arange(30) / 24, atol=1e-4)
    assert footage.counts.tolist() == [1] * 30
    np.testing.assert_allclose(footage.image[:, 0, 0], np.arange(30) + 5.5, atol=1.0)
    assert (footage.width, footage.height) == (64, 48)
    assert told[-1] == 30
    assert estimator.opened == 1


def test_a_film_is_looked_at_once_whatever_its_name(film: Filmer, tmp_path: Path) -> None:
    path, estimator = film(10), Painted()
    extract(path, estimator, footage_folder(path, estimator))
    moved = tmp_path / "moved.mp4"
    path.rename(moved)
    folder = footage_folder(moved, estimator)
    assert is_complete(folder)
    extract(moved, estimator, folder)
    assert len(estimator.seen) == 10


def test_another_estimator_looks_again(film: Filmer) -> None:
    path, one, other = film(5), Painted(), Painted()
    other.estimator_id = "painted-2"
    assert footage_folder(path, one) != footage_folder(path, other)


def test_a_stopped_run_goes_on_after_its_last_whole_part(
    film: Filmer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "PART_PICTURES", 8)
    path = film(30)
    folder = footage_folder(path, Painted())
    with pytest.raises(KeyboardInterrupt):
        extract(path, Painted(stop_after=20), folder)
    assert load_footage(folder) is None
    again, told = Painted(), []
    extract(path, again, folder, lambda done, total, what="": told.append(done))
    assert len(again.seen) == 30 - 16
    assert told[0] == 16
    footage = load_footage(folder)
    assert footage is not None
    np.testing.assert_allclose(footage.times_s, np.arange(30) / 24, atol=1e-4)
    assert len(footage.image) == 30


def test_a_damaged_cache_is_made_again(film: Filmer) -> None:
    path = film(10)
    folder = footage_folder(path, Painted())
    extract(path, Painted(), folder)
    part = folder / "part-00000.npz"
    part.write_bytes(part.read_bytes()[:100])
    assert load_footage(folder) is None
    again = Painted()
    extract(path, again, folder)
    assert len(again.seen) == 10
    assert load_footage(folder) is not None


def test_no_flipped_bit_is_taken_for_what_was_seen(film: Filmer) -> None:
    path = film(10)
    folder = footage_folder(path, Painted())
    extract(path, Painted(), folder)
    rng = np.random.default_rng(0)
    for file in sorted(folder.iterdir()):
        good = file.read_bytes()
        for place in rng.integers(0, 8 * len(good), 60).tolist():
            flipped = bytearray(good)
            flipped[place // 8] ^= 1 << place % 8
            file.write_bytes(flipped)
            assert load_footage(folder) is None
        file.write_bytes(good)
    assert load_footage(folder) is not None


def test_a_cut_begins_a_new_session(tmp_path: Path) -> None:
    dark, light = plain(grey=20), plain(grey=235)
    path = write_film(tmp_path / "cut.mp4", [dark] * 12 + [light] * 12)
    estimator = Painted()
    extract(path, estimator, footage_folder(path, estimator))
    assert estimator.opened == 2


def test_nothing_is_kept_of_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(b"nothing")
    folder = footage_folder(path, Painted())
    with pytest.raises(InputError):
        extract(path, Painted(), folder)
    assert not folder.exists()


@pytest.mark.parametrize("resumed", [False, True])
def test_another_size_from_the_first_picture_of_a_part_on_is_noticed(
    film: Filmer, monkeypatch: pytest.MonkeyPatch, resumed: bool
) -> None:
    monkeypatch.setattr(extraction, "PART_PICTURES", 8)
    path = film(30)
    folder = footage_folder(path, Painted())
    if resumed:
        with pytest.raises(KeyboardInterrupt):
            extract(path, Painted(stop_after=10), folder)
    sizes = [(64, 48)] * 8 + [(48, 64)] * 8
    stills = [Still(i / 24, plain(*size)) for i, size in enumerate(sizes)]
    monkeypatch.setattr(extraction, "pictures", lambda *_: iter(stills))
    with pytest.raises(InputError, match="from 64 x 48 to 48 x 64: several videos in one file"):
        extract(path, Painted(), folder)


def test_what_is_damaged_is_told(film: Filmer, caplog: pytest.LogCaptureFixture) -> None:
    path = film(10)
    folder = footage_folder(path, Painted())
    extract(path, Painted(), folder)
    assert caplog.text == ""
    part = folder / "part-00000.npz"
    part.write_bytes(part.read_bytes()[:100])
    extract(path, Painted(), folder)
    assert "part-00000.npz is damaged: what it held of a video is looked for again" in caplog.text


def test_what_only_cannot_be_read_now_is_not_thrown_away(
    film: Filmer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    path = film(10)
    folder = footage_folder(path, Painted())
    extract(path, Painted(), folder)
    with monkeypatch.context() as patch:
        patch.setattr(extraction.np, "concatenate", no_memory)
        with pytest.raises(MemoryError):
            extract(path, Painted(), folder)
    with monkeypatch.context() as patch:
        patch.setattr(extraction, "read_sealed", lambda _: (folder / "..").read_bytes())
        with pytest.raises(InputError, match=r"cannot read .*complete, what was seen in a video"):
            extract(path, Painted(), folder)
    assert load_footage(folder) is not None
