"""What every aligner keeps, whatever it does to a dance."""
# ruff: noqa: D102 - a test's name is its documentation

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest

from danceit.align import Aligner, align
from danceit.data import Dance
from danceit.errors import DanceitError
from danceit.testing.dances import SEAMS, UNKNOWN, made_dance, made_music, shown_s

_NEAR_SEAM = 16
"""Frames on each side of a seam that an aligner may redraw."""
_OFF_S = 0.05
"""Seconds by which a frame may differ from the moment of its source that it says it shows."""


class AlignerConformance:
    """Tests that every aligner passes; a subclass sets `aligner`.

    Attributes
    ----------
    aligner : type
        The class that is registered under ``danceit.aligners``.
    options : mapping
        Options to make it with.
    refused : tuple of mapping
        Options that it must refuse, each by one line.
    moves_bodies : bool
        Whether it moves whole bodies on purpose, away from seams as well.
    """

    aligner: ClassVar[type[Aligner]]
    options: ClassVar[Mapping[str, Any]] = {}
    refused: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    moves_bodies: ClassVar[bool] = False

    @pytest.fixture(params=[2, 3], ids=["2-D", "3-D"])
    def dance(self, request: pytest.FixtureRequest) -> Dance:
        """Six seconds of three fragments, with eyes and ears unknown and a wrist lost a while."""
        return made_dance(dims=request.param)

    def made(self) -> Aligner:
        return self.aligner(**self.options)

    def test_it_is_a_frozen_dataclass_whose_options_have_defaults(self) -> None:
        assert self.aligner() == self.aligner()
        for option in dataclasses.fields(cast(Any, self.aligner)):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(self.made(), option.name, None)

    def test_an_option_that_it_has_not_is_refused(self) -> None:
        with pytest.raises(TypeError):
            self.aligner(no_such_option=1)  # type: ignore[call-arg]

    def test_bad_options_are_one_line(self) -> None:
        for options in self.refused:
            with pytest.raises(DanceitError) as caught:
                self.aligner(**options)
            assert "\n" not in str(caught.value)

    def test_it_changes_nothing_that_it_was_given(self, dance: Dance) -> None:
        before = _copies(dance)
        for array in before:  # whoever writes into them anyway is stopped by numpy
            getattr(dance, array).flags.writeable = False
        self.made().align(dance, made_music())
        for name, array in before.items():
            np.testing.assert_array_equal(getattr(dance, name), array)

    def test_the_same_dance_comes_out_again(self, dance: Dance) -> None:
        first, second = (self.made().align(dance, made_music()) for _ in range(2))
        for name, array in _copies(first).items():
            np.testing.assert_array_equal(getattr(second, name), array)

    def test_length_song_beats_and_fragments_stay(self, dance: Dance) -> None:
        aligned = self.made().align(dance, made_music())
        assert aligned.joints.shape == dance.joints.shape
        assert aligned.joints.dtype == np.float32
        assert (aligned.song, aligned.fragments) == (dance.song, dance.fragments)
        np.testing.assert_array_equal(aligned.beats_s, dance.beats_s)

    def test_joints_that_are_nowhere_known_stay_unknown(self, dance: Dance) -> None:
        aligned = self.made().align(dance, made_music())
        assert np.isnan(aligned.joints[:, UNKNOWN]).all()

    def test_what_is_always_known_stays_known(self, dance: Dance) -> None:
        aligned = self.made().align(dance, made_music())
        known = np.isfinite(dance.joints).all(axis=(0, 2))
        assert np.isfinite(aligned.joints[:, known]).all()

    def test_every_frame_can_be_traced(self, dance: Dance) -> None:
        aligned = self.made().align(dance, made_music())
        seams = aligned.seams.tolist()
        assert seams == sorted(set(seams))
        assert len(seams) <= len(SEAMS)
        # A fragment begins at a seam, and nowhere else.
        changes = np.flatnonzero(np.diff(aligned.source_index)) + 1
        assert changes.tolist() == seams
        assert (np.diff(aligned.source_index) >= 0).all()
        within = np.diff(aligned.source_index) == 0
        assert (np.diff(aligned.source_s)[within] >= -1e-9).all()

    def test_a_frame_shows_the_moment_of_its_source_that_it_says(self, dance: Dance) -> None:
        aligned = self.made().align(dance, made_music())
        if self.moves_bodies:
            return
        frames = np.arange(aligned.n_frames)
        far = np.abs(frames[:, None] - aligned.seams).min(axis=1) > _NEAR_SEAM
        assert far.any()
        # Hips tell by their height which second of its source a frame of these dances shows.
        np.testing.assert_allclose(shown_s(aligned)[far], aligned.source_s[far], atol=_OFF_S)

    @pytest.mark.parametrize("n_frames", [1, 2, 5])
    def test_very_short_dances_are_taken(self, n_frames: int) -> None:
        short = made_dance(n_frames=n_frames, seams=())
        assert self.made().align(short, made_music(n_frames)).n_frames == n_frames

    def test_without_beats_and_without_seams_it_goes_on(self) -> None:
        plain = made_dance(seams=(), beats=False)
        aligned = self.made().align(plain, made_music(beats=False))
        assert aligned.seams.tolist() == []

    def test_a_dance_in_which_nobody_is_seen_stays_so(self) -> None:
        dance = made_dance()
        empty = dataclasses.replace(dance, joints=np.full_like(dance.joints, np.nan))
        assert np.isnan(self.made().align(empty, made_music()).joints).all()

    def test_the_record_of_its_step_is_enough_to_take_it_again(
        self, dance: Dance, tmp_path: Path
    ) -> None:
        aligned = align(dance, made_music(), [self.made()])
        aligned.save(tmp_path / "a.dance.npz")
        (*_, step) = Dance.load(tmp_path / "a.dance.npz").steps
        assert step.step == "align"
        assert self.aligner(**dict(step.options)) == self.made()
        assert len(aligned.steps) == len(dance.steps) + 1


def _copies(dance: Dance) -> dict[str, Any]:
    names = ("joints", "seams", "source_index", "source_s", "beats_s")
    return {name: getattr(dance, name).copy() for name in names}
