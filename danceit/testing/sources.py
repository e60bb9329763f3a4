"""What every reader of recordings keeps, whatever it reads."""
# ruff: noqa: D102 - a test's name is its documentation

import shutil
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from danceit.data import FPS, N_JOINTS
from danceit.errors import DanceitError
from danceit.index.sources import HasCompanions, Source

KEPT = (0.0, 0.3, 0.7, 0.99)
"""Shares of a file that a truncated copy keeps."""
FLIPS = 40
"""Copies with one byte changed."""


class SourceConformance:
    """Tests that every reader passes; a subclass sets `source` and writes a recording.

    Attributes
    ----------
    source : Source
        What is registered under ``danceit.sources``.
    """

    source: ClassVar[Source]

    def write(self, folder: Path) -> Path:
        """Write a good recording of a second or more into an empty folder; return its path."""
        raise NotImplementedError

    @pytest.fixture
    def good(self, tmp_path: Path) -> Path:
        """A good recording."""
        (tmp_path / "good").mkdir()
        return self.write(tmp_path / "good")

    def test_it_knows_its_own_and_nothing_else(self, good: Path, tmp_path: Path) -> None:
        assert self.source.detect(good)
        other = tmp_path / "other"
        other.mkdir()
        (other / "empty").write_bytes(b"")
        (other / "notes.txt").write_text("a recording of a dance")
        (other / f"renamed{good.suffix}.bak").write_bytes(b"\0" * 100)
        for path in (other, *other.iterdir(), other / "not there"):
            assert not self.source.detect(path), path

    def test_what_it_reads_is_a_recording(self, good: Path) -> None:
        recording = self.source.read(good)
        n_frames, n_joints, dims = recording.poses.shape
        assert n_joints == N_JOINTS
        assert dims in (2, 3)
        assert recording.poses.dtype == np.float32
        assert recording.times_s.shape == (n_frames,)
        assert (np.diff(recording.times_s) > 0).all()
        assert np.median(np.diff(recording.times_s)) <= 1 / 8
        assert recording.times_s[-1] - recording.times_s[0] >= 1 - 2 / FPS
        known = np.isfinite(recording.poses)
        assert known.any()
        # A joint is known in all its coordinates, or it is not known.
        np.testing.assert_array_equal(known.all(axis=2), known.any(axis=2))
        assert recording.files
        for path in recording.files:
            assert path.is_file()

    def test_reading_again_gives_the_same(self, good: Path) -> None:
        first, second = self.source.read(good), self.source.read(good)
        np.testing.assert_array_equal(first.poses, second.poses)
        np.testing.assert_array_equal(first.times_s, second.times_s)
        assert (first.files, first.notes) == (second.files, second.notes)

    def test_reading_leaves_the_folder_as_it_was(self, good: Path) -> None:
        before = _contents(good.parent)
        self.source.read(good)
        assert _contents(good.parent) == before

    def test_companions_are_there_and_lie_outside(self, good: Path) -> None:
        if isinstance(self.source, HasCompanions):
            for path in self.source.companions(good):
                assert path.exists()
                assert path != good

    def test_truncated_files_are_read_or_refused_by_one_line(
        self, good: Path, tmp_path: Path
    ) -> None:
        for number, name in enumerate(_contents(good.parent)):
            for kept in KEPT:
                copy = _copy(good, tmp_path / f"cut{number}-{kept}")
                file = copy.parent / name
                content = file.read_bytes()
                file.write_bytes(content[: int(kept * len(content))])
                self._read_or_refuse(copy)

    def test_damaged_files_are_read_or_refused_by_one_line(
        self, good: Path, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(0)
        names = sorted(_contents(good.parent))
        for number in range(FLIPS):
            copy = _copy(good, tmp_path / f"flip{number}")
            file = copy.parent / names[number % len(names)]
            content = bytearray(file.read_bytes())
            content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
            file.write_bytes(bytes(content))
            self._read_or_refuse(copy)

    def test_what_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(DanceitError) as caught:
            self.source.read(tmp_path / "gone")
        assert "\n" not in str(caught.value)

    def _read_or_refuse(self, path: Path) -> None:
        problem = ""
        try:
            if self.source.detect(path):
                self.source.read(path)
        except DanceitError as exc:
            problem = str(exc)
        assert "\n" not in problem


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _copy(good: Path, folder: Path) -> Path:
    shutil.copytree(good.parent, folder)
    return folder / good.name
