from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Float64
from danceit.index.cleaning.cleaning import clean
from danceit.index.cleaning.plausibility import LIMBS, complaints, jumps
from danceit.index.sources import scan
from danceit.index.sources.tang import SOURCE
from tests.index.cleaning.test_cleaning import dancing


def test_the_defective_dance_is_noticed_for_both_faults(real_data: Path) -> None:
    fast, jumpy = clean(SOURCE.read(real_data / "defects" / "DANCE_T_5")).report.warnings
    assert "twice too fast" in fast
    assert "teleporting" in jumpy


@pytest.mark.parametrize("name", ["DANCE_C_2", "DANCE_R_4", "DANCE_W_18", "DANCE_W_28"])
def test_double_speed_is_noticed_in_any_dance(real_data: Path, name: str) -> None:
    recording = SOURCE.read(real_data / "dances" / name)
    assert clean(recording).report.warnings == ()
    doubled = replace(recording, times_s=recording.times_s / 2)
    for dims in (2, 3):
        assert any("twice too fast" in line for line in clean(doubled, dims=dims).report.warnings)


def test_no_good_dance_is_accused(real_data: Path) -> None:
    for item in scan(real_data / "dances").found[::4]:
        assert clean(item.read()).report.warnings == (), item.recording_id


def test_hops_and_kicks_are_not_too_fast(real_data: Path) -> None:
    # A hop on one leg, three times in two seconds: over 1 g upwards at each contact.
    report = clean(scan(real_data / "bvh" / "jesse_dance.bvh").found[0].read()).report
    assert report.warnings == ()


def test_a_tracker_that_loses_its_dancer_is_noticed() -> None:
    recording = dancing(20.0)
    poses = recording.poses.copy()
    for start in range(30, 470, 60):
        poses[start : start + 30] += np.float32([80.0, 0.0, 0.0])
    warnings = clean(replace(recording, poses=poses)).report.warnings
    assert len(warnings) == 1
    assert warnings[0].startswith("teleporting: 15 times (45 a minute) the body is elsewhere")


def shaken(share: float, *, jumping: bool = True) -> Float64:
    """A trunk thrown about for a share of the time, in a body that jumps seven times a minute."""
    poses = np.array(dancing(60.0).poses, dtype=np.float64)
    n_frames = len(poses)
    for start in range(100, n_frames, 200):
        poses[start:] += np.array([80.0 * jumping, 0.0, 0.0]) * (-1) ** (start // 200)
    at = np.arange(n_frames)
    # 20 px to and fro four times a second: 1.5 g, and no step over 21 px.
    thrown = at % 100 < 100 * share
    poses[..., 0] += np.where(thrown, 20 * np.sin(2 * np.pi * at / 6), 0.0)[:, None]
    return poses


@pytest.mark.parametrize(("share", "accused"), [(0.2, False), (0.4, True)])
def test_a_tracker_that_jumps_must_shake_much_more_to_be_called_too_fast(
    share: float, accused: bool
) -> None:
    found = complaints(shaken(share))
    assert any("teleporting" in line for line in found)
    assert any("twice too fast" in line for line in found) == accused
    assert any("twice too fast" in line for line in complaints(shaken(share, jumping=False)))


def test_two_jumps_are_cut_but_no_reason_to_doubt_the_whole() -> None:
    recording = dancing(20.0)
    poses = recording.poses.copy()
    poses[200:300] += np.float32([80.0, 0.0, 0.0])
    cleaned = clean(replace(recording, poses=poses))
    assert len(cleaned.clips) == 3
    assert cleaned.report.warnings == ()


def test_a_kick_is_no_jump() -> None:
    # A foot to 11 m/s and back within half a second, as in a real kick.
    poses = np.zeros((48, 18, 2))
    share = np.clip((np.arange(48) - 18) / 10, 0, 1)
    poses[:, LIMBS[-1], 0] = 560 * (share - np.sin(2 * np.pi * share) / (2 * np.pi))
    assert np.abs(np.diff(poses[:, LIMBS[-1], 0])).max() > 105
    assert not jumps(poses).any()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_a_jump_spread_over_two_frames_is_one(share: float) -> None:
    poses = np.zeros((48, 18, 2))
    poses[20:, LIMBS[-1], 0] = 260.0
    poses[20, LIMBS[-1], 0] *= 1 - share
    assert jumps(poses).any()


def test_unknown_joints_are_no_jump() -> None:
    poses = np.full((48, 18, 2), np.nan)
    assert not jumps(poses).any()
    assert complaints(poses) == ()
    poses[::2] = 100.0
    assert not jumps(poses).any()
    assert complaints(poses) == ()
