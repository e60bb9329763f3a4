"""What every renderer keeps, whatever it writes."""
# ruff: noqa: D102 - a test's name is its documentation

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from danceit.data import Dance
from danceit.errors import DanceitError
from danceit.progress import Progress, silent
from danceit.render import Renderer, RenderOptions
from danceit.testing.dances import made_dance, write_song


class Stopped(Exception):
    """What interrupts a renderer in a test."""


class RendererConformance:
    """Tests that every renderer passes; a subclass sets `renderer` and `suffix`.

    Attributes
    ----------
    renderer : Renderer
        What is registered under ``danceit.renderers``.
    suffix : str
        The name that it is registered under.
    options : RenderOptions
        Small ones, so that the tests are quick.
    dims : int
        Coordinates of the dances that it is tried with, 2 or 3.
    """

    renderer: ClassVar[Renderer]
    suffix: ClassVar[str]
    options: ClassVar[RenderOptions] = RenderOptions(size=64)
    dims: ClassVar[int] = 3

    @pytest.fixture
    def dance(self) -> Dance:
        """Two seconds of two fragments, with eyes and ears unknown."""
        return made_dance(dims=self.dims, n_frames=48, seams=(20,))

    @pytest.fixture
    def song(self, tmp_path: Path) -> Path:
        """Its song."""
        (tmp_path / "music").mkdir()
        return write_song(tmp_path / "music" / "song.wav", 2.0)

    @pytest.fixture
    def out(self, tmp_path: Path) -> Path:
        """Where to write to, alone in its folder."""
        (tmp_path / "out").mkdir()
        return tmp_path / "out" / f"dance.{self.suffix}"

    def write(
        self, dances: Sequence[Dance], out: Path, song: Path, progress: Progress = silent
    ) -> None:
        """Write as `danceit.render.render` does."""
        given = song if self.renderer.needs_song else None
        self.renderer.write(dances, out, song=given, options=self.options, progress=progress)

    def test_it_writes_what_it_was_asked_for_and_nothing_beside_it(
        self, dance: Dance, song: Path, out: Path
    ) -> None:
        self.write([dance], out, song)
        assert _bytes_of(out) > 0
        assert [each.name for each in out.parent.iterdir()] == [out.name]

    def test_the_dance_stays_as_it_is(self, dance: Dance, song: Path, out: Path) -> None:
        before = dance.joints.copy()
        for name in ("joints", "seams", "source_index", "source_s", "beats_s"):
            getattr(dance, name).flags.writeable = False
        self.write([dance], out, song)
        np.testing.assert_array_equal(dance.joints, before)

    def test_progress_goes_up_to_the_end(self, dance: Dance, song: Path, out: Path) -> None:
        told: list[tuple[int, int]] = []
        self.write([dance], out, song, lambda done, total, what="": told.append((done, total)))
        assert told, "nobody was told how far it is"
        done = [each for each, _ in told]
        assert done == sorted(done)
        assert told[-1][0] == told[-1][1] > 0

    def test_an_interrupted_write_leaves_what_was_there(
        self, dance: Dance, song: Path, out: Path
    ) -> None:
        self.write([dance], out, song)
        before = _contents(out)
        reached = []

        def stop(done: int, total: int, what: str = "") -> None:
            if done < total:
                reached.append(done)
                raise Stopped

        try:
            self.write([dance], out, song, stop)
        except Stopped:
            assert _contents(out) == before
        assert [each.name for each in out.parent.iterdir()] == [out.name]

    def test_a_folder_that_is_not_there_is_one_line(
        self, dance: Dance, song: Path, out: Path
    ) -> None:
        with pytest.raises(DanceitError) as caught:
            self.write([dance], out.parent / "gone" / out.name, song)
        assert "\n" not in str(caught.value)
        assert list(out.parent.iterdir()) == []

    def test_several_dances_are_written_by_those_that_say_so(
        self, dance: Dance, song: Path, out: Path
    ) -> None:
        if not self.renderer.several:
            pytest.skip("it takes one dance")
        self.write([dance, dance], out, song)
        assert _bytes_of(out) > 0

    def test_a_moment_in_which_nobody_is_seen_is_written(
        self, dance: Dance, song: Path, out: Path
    ) -> None:
        dance.joints[10:14] = np.nan
        self.write([dance], out, song)
        assert _bytes_of(out) > 0


def _bytes_of(out: Path) -> int:
    files = [out] if out.is_file() else [each for each in out.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def _contents(out: Path) -> dict[str, bytes]:
    files = [out] if out.is_file() else [each for each in out.rglob("*") if each.is_file()]
    return {str(each): each.read_bytes() for each in files}
