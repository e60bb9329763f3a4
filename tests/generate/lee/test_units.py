"""Units lie between kinematic beats at one pace, and are warped back onto music's beats."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.counts import Counts
from danceit.data import FPS, Clip
from danceit.generate.lee.units import (
    BEAT_FRAMES,
    FIRST_BEAT,
    UNIT_FRAMES,
    UNIT_JOINTS,
    anchored,
    beat_targets,
    hips_x,
    onto_beats,
    unit_places,
    units_needed,
    units_of,
)
from danceit.movement import kinematic_beats
from tests.generate.conftest import SWING_S, swinging


def clip_of(poses: np.ndarray) -> Clip:
    return Clip("a", "a", poses, Path("a"))


def test_the_four_beats_of_a_unit_fall_on_their_frames() -> None:
    # A body that turns back every half second: 12 frames of 24 between beats become 8.
    row = units_of(clip_of(swinging(480, seed=1)))
    assert len(row.poses) > 25
    turns = np.abs(np.diff(row.poses[:, :, 0], n=2, axis=1)).argsort(axis=1)[:, -4:] + 1
    assert np.abs(np.sort(turns, axis=1) - [3, 11, 19, 27]).max() <= 1
    assert row.end_s - row.start_s == pytest.approx(31 / 8 * SWING_S, abs=0.1)


def test_units_four_beats_apart_go_on_where_the_other_ends() -> None:
    clip = clip_of(swinging(480, seed=2))
    row = units_of(clip)
    (first, second, third) = row.sequences(3)[0]
    assert (np.diff(row.first_beat[[first, second, third]]) == 4).all()
    beats = Counts.of_beats(kinematic_beats(clip.poses, deviations=0.0).astype(float))
    last = beats.times([unit_places(0)[-1]])
    following = beats.times([unit_places(4)[0]])
    assert beats.places(following) - beats.places(last) == pytest.approx(1 / BEAT_FRAMES)
    assert row.start_s[second] * FPS == pytest.approx(float(following[0]), abs=1e-6)
    assert row.sequences(3).shape[0] == len(row.poses) - 8


def test_units_with_gaps_and_uneven_beats_are_dropped() -> None:
    poses = swinging(480, seed=3)
    whole = units_of(clip_of(poses))
    torn = poses.copy()
    torn[200:203, 4] = np.nan
    left = units_of(clip_of(torn))
    assert 0 < len(left.poses) < len(whole.poses)
    covered = (left.start_s * FPS < 203) & (left.end_s * FPS > 200)
    assert not covered.any()
    slow = units_of(clip_of(swinging(480, seed=3, swing_s=2.0)))
    assert len(slow.poses) == 0
    assert len(units_of(clip_of(np.repeat(poses[:1], 100, axis=0))).poses) == 0


def test_a_missing_face_does_not_matter_and_depth_is_dropped() -> None:
    poses = swinging(240, seed=4)
    deep = np.concatenate([poses, np.full((240, 18, 1), 5.0, np.float32)], axis=2)
    flat, with_depth = units_of(clip_of(poses)), units_of(clip_of(deep))
    assert with_depth.poses.shape[1:] == (UNIT_FRAMES, 2 * UNIT_JOINTS)
    assert len(flat.poses) > 5


def test_the_warper_puts_each_kinematic_beat_on_its_music_beat() -> None:
    units = np.stack([row for row in units_of(clip_of(swinging(480, seed=5))).poses[:9:4]])
    targets = np.cumsum([0.3, 0.5, 0.6, 0.4, 0.55, 0.45, 0.6, 0.5, 0.5, 0.4, 0.5, 0.6])
    joints, parts = onto_beats(units, targets, 120)
    row = units.reshape(-1, UNIT_JOINTS, 2)
    for beat, at_s in enumerate(targets[:9]):
        frame = at_s * FPS
        if abs(frame - round(frame)) < 1e-6:
            np.testing.assert_allclose(
                joints[round(frame), :UNIT_JOINTS], row[FIRST_BEAT + BEAT_FRAMES * beat], atol=1e-3
            )
    assert np.isnan(joints[:, UNIT_JOINTS:]).all()
    assert parts[0] == 0
    assert len(parts) == 3


def test_at_the_papers_own_pace_nothing_is_bent() -> None:
    rng = np.random.default_rng(0)
    units = rng.normal(size=(2, UNIT_FRAMES, 28)).astype(np.float32)
    targets = (FIRST_BEAT + BEAT_FRAMES * np.arange(8)) / 15.0
    joints, _ = onto_beats(units, targets, 90)
    row = units.reshape(-1, UNIT_JOINTS, 2)
    shown = np.arange(0, 90, 8)  # every 8th frame of 24 a second is every 5th of 15
    np.testing.assert_allclose(joints[shown, :UNIT_JOINTS], row[: 5 * len(shown) : 5], atol=2e-3)


def test_targets_are_the_beats_or_every_second_one_through_the_ones() -> None:
    beats = np.arange(0.4, 10.0, 0.5)
    counts = Counts(beats, (np.arange(len(beats)) % 4 + 1).astype(np.int32), metre=4)
    every = beat_targets(counts, 10.0, gap_s=0.45)
    assert np.diff(every) == pytest.approx(0.5)
    assert every[0] <= 0 and every[-1] >= 10.0  # noqa: PT018
    second = beat_targets(counts, 10.0, gap_s=1.1)
    assert np.diff(second) == pytest.approx(1.0)
    assert np.isclose(second, 0.4).any()
    unheard = beat_targets(Counts.none(), 3.0, gap_s=0.5)
    assert np.diff(unheard) == pytest.approx(0.5)
    assert units_needed(unheard) * 4 >= len(unheard)
    assert len(beat_targets(replace(counts, numbers=counts.numbers * 0), 10.0, 0.5)) > 18


def test_a_unit_stands_with_its_first_hips_at_zero_and_keeps_its_way() -> None:
    unit = np.random.default_rng(0).normal(0, 50, (32, 28)).astype(np.float32)
    moved = anchored(unit)
    assert hips_x(moved[0]) == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(np.diff(moved, axis=0), np.diff(unit, axis=0), atol=1e-4)
    np.testing.assert_array_equal(moved[:, 1::2], unit[:, 1::2])


def test_where_on_the_stage_a_dance_is_danced_changes_no_unit(swings: tuple[Clip, ...]) -> None:
    aside = replace(swings[0], poses=swings[0].poses + np.array([700.0, 0.0], dtype=np.float32))
    np.testing.assert_allclose(units_of(aside).poses, units_of(swings[0]).poses, atol=1e-3)
