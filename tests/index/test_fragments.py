from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.data import Clip
from danceit.errors import InputError
from danceit.index.fragments import Fragment, cut, energies


def clip_of(n_frames: int) -> Clip:
    return Clip("c", "c", np.zeros((n_frames, 18, 2), np.float32), Path("c"))


def test_without_a_stride_fragments_of_one_length_do_not_overlap() -> None:
    found = cut(clip_of(100), (24, 48))
    assert [(one.start_frame, one.n_frames) for one in found] == [
        (0, 24), (24, 24), (48, 24), (72, 24), (0, 48), (48, 48),
    ]  # fmt: skip
    assert found[1].fragment_id == "c:24+24"


@given(st.integers(0, 300), st.sets(st.integers(2, 100), min_size=1), st.integers(1, 50))
def test_fragments_lie_within_their_clip_a_stride_apart(
    n_frames: int, lengths: set[int], stride: int
) -> None:
    found = cut(clip_of(n_frames), lengths, stride)
    for length in lengths:
        starts = [one.start_frame for one in found if one.n_frames == length]
        assert starts == list(range(0, n_frames - length + 1, stride))
    assert len({one.fragment_id for one in found}) == len(found)


@pytest.mark.parametrize("lengths", [(), (1, 24), (-24,)])
def test_lengths_that_make_no_fragment_are_refused(lengths: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="fragment lengths must be 2 frames or more"):
        cut(clip_of(50), lengths)


def test_a_stride_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="the stride must be 1 frame or more; got 0"):
        cut(clip_of(50), (24,), 0)


def test_energy_is_the_mean_joint_speed_in_pixels_per_second() -> None:
    poses = np.zeros((60, 18, 2), np.float32)
    # Every joint moves 3, 4 pixels a frame: 5 px x 24 frames a second.
    poses[:, :, 0] = 3 * np.arange(60)[:, None]
    poses[:, :, 1] = 4 * np.arange(60)[:, None]
    # From frame 40 on nothing moves.
    poses[40:] = poses[39]
    poses[:, 14:] = np.nan
    some = [Fragment("", "c", 0, 24), Fragment("", "c", 39, 20), Fragment("", "c", 36, 7)]
    np.testing.assert_allclose(energies(poses, some), [120.0, 0.0, 60.0], rtol=1e-6)


def test_a_fragment_without_any_joint_has_no_energy() -> None:
    poses = np.full((30, 18, 3), np.nan, np.float32)
    assert energies(poses, [Fragment("", "c", 0, 24)]).tolist() == [0.0]


def test_movement_from_the_fragment_before_does_not_count() -> None:
    poses = np.zeros((48, 18, 2), np.float32)
    poses[24:, :, 0] = 1000.0
    assert energies(poses, [Fragment("", "c", 24, 24)]).tolist() == [0.0]
