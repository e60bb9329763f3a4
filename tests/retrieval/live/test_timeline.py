"""What is planned joins without a jump, and what was shown stays."""

import numpy as np
import pytest

from danceit.data import FPS, Float32
from danceit.movement import largest_step
from danceit.retrieval.live.timeline import BEHIND, Timeline


def standing(n_frames: int, x: float) -> Float32:
    rng = np.random.default_rng(0)
    body = rng.uniform(100, 400, (18, 3))
    poses = np.repeat(body[None], n_frames, axis=0)
    poses[..., 0] += x
    poses[..., 1] += 3 * np.sin(np.arange(n_frames) / 4)[:, None]
    return poses.astype(np.float32)


def test_a_seam_is_repaired_in_what_was_not_shown() -> None:
    timeline = Timeline(3)
    timeline.add(standing(40, 0.0), 0, np.arange(40) / FPS, goes_on=False)
    shown = timeline.at(np.arange(20) / FPS)
    timeline.add(standing(40, 60.0), 1, np.arange(40) / FPS, goes_on=False)
    rest = timeline.at(np.arange(20, 80) / FPS)
    assert rest.seams.tolist() == [20]
    joints = np.concatenate([shown.joints, rest.joints])
    assert largest_step(joints)[1:].max() < 14  # 60 px over 16 frames, eased
    np.testing.assert_array_equal(shown.joints, standing(40, 0.0)[:20])
    np.testing.assert_array_equal(rest.source_index, [0] * 20 + [1] * 40)


def test_what_was_shown_is_neither_cut_nor_bent() -> None:
    timeline = Timeline(3)
    timeline.add(standing(40, 0.0), 0, np.arange(40) / FPS, goes_on=False)
    before = timeline.at(np.arange(30) / FPS)
    timeline.cut(10)
    assert timeline.end == 30
    timeline.add(standing(20, 90.0), 1, np.arange(20) / FPS, goes_on=False)
    np.testing.assert_array_equal(before.joints, standing(40, 0.0)[:30])
    assert timeline.at(np.arange(30, 31) / FPS).source_index.tolist() == [1]


def test_a_source_that_goes_on_has_no_seam() -> None:
    timeline = Timeline(3)
    both = standing(80, 0.0)
    timeline.add(both[:40], 0, np.arange(40) / FPS, goes_on=False)
    timeline.add(both[40:], 1, np.arange(40, 80) / FPS, goes_on=True)
    shown = timeline.at(np.arange(80) / FPS)
    assert not shown.seams.size
    np.testing.assert_allclose(shown.joints, both, atol=1e-4)


def test_between_frames_the_source_is_between_them_too() -> None:
    timeline = Timeline(3)
    timeline.add(standing(10, 0.0), 0, 5 + np.arange(10) / FPS, goes_on=False)
    shown = timeline.at(np.array([2.5, 3.25]) / FPS)
    np.testing.assert_allclose(shown.source_s, 5 + np.array([2.5, 3.25]) / FPS)


def test_what_is_long_past_is_forgotten() -> None:
    timeline = Timeline(2)
    for part in range(30):
        timeline.add(standing(24, 0.0)[..., :2], part, np.arange(24) / FPS, goes_on=part > 0)
        timeline.at((24 * part + np.arange(24)) / FPS)
    assert timeline.end == 720
    assert timeline.end - timeline.first <= 5 * BEHIND + 24
    assert timeline.at(np.array([719.0]) / FPS).source_index.tolist() == [29]


def test_there_are_two_last_frames_or_none() -> None:
    timeline = Timeline(3)
    assert timeline.last_two() is None
    timeline.add(standing(5, 0.0), 0, np.arange(5) / FPS, goes_on=False)
    last = timeline.last_two()
    assert last is not None
    assert last[1] == pytest.approx(standing(5, 0.0)[-1])
