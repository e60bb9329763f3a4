"""Joints that were lost for a moment are drawn; nothing else changes."""

import numpy as np
import pytest

from danceit.align import align, make_aligner
from danceit.data import JOINT
from danceit.errors import InputError
from tests.align.material import MISSING, dance_of, music_for, walk

WRIST, ANKLE = JOINT["right_wrist"], JOINT["left_ankle"]


@pytest.mark.parametrize("dims", [2, 3])
def test_a_lost_wrist_is_drawn_near_where_it_was(dims: int) -> None:
    truth = walk(200, dims)
    poses = truth.copy()
    poses[80:92, WRIST] = np.nan
    poses[85:100, ANKLE] = np.nan
    filled = align(dance_of(poses, (150,)), music_for(200), ["fill"]).joints
    known = np.isfinite(poses)
    np.testing.assert_array_equal(filled[known], poses[known])
    assert np.isnan(filled[:, MISSING]).all()
    for joint, gap in ((WRIST, slice(80, 92)), (ANKLE, slice(85, 100))):
        off = np.linalg.norm(filled[gap, joint] - truth[gap, joint], axis=-1)
        share = np.linspace(0, 1, gap.stop - gap.start + 2)[1:-1, None]
        line = (1 - share) * truth[gap.start - 1, joint] + share * truth[gap.stop, joint]
        assert off.mean() < 0.5 * np.linalg.norm(line - truth[gap, joint], axis=-1).mean()


def test_long_gaps_and_those_at_a_seam_or_an_end_stay() -> None:
    poses = walk(200)
    for gap in (slice(0, 5), slice(20, 50), slice(95, 100), slice(98, 104), slice(190, 200)):
        poses[gap, WRIST] = np.nan
    filled = align(dance_of(poses, (100,)), music_for(200), ["fill"]).joints
    np.testing.assert_array_equal(filled, poses)


def test_a_dance_with_nothing_lost_is_left_alone() -> None:
    dance = dance_of(walk(100), (50,))
    np.testing.assert_array_equal(align(dance, music_for(100), ["fill"]).joints, dance.joints)


def test_a_bad_limit_is_named() -> None:
    with pytest.raises(InputError, match="max_frames must be at least 1"):
        make_aligner("fill:max_frames=0")
