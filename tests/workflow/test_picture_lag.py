"""The picture of a recording that an index has moved in time is found by its poses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import FPS, Clip, Dance, Placement, Recording
from danceit.index.cleaning.cleaning import clean
from danceit.workflow.footage_sources import Filming, read_source
from danceit.workflow.picture_lag import picture_lag

SOURCE = "openpose/footskate_dance"


def shown(clips: tuple[Clip, ...], source: str) -> Dance:
    """A dance of whole clips, carried sideways as a query carries them."""
    joints = [
        clip.poses + np.array([30.0 * i, 0.0, 0.0][: clip.dims], dtype=np.float32)
        for i, clip in enumerate(clips)
    ]
    seconds = [clip.start_s + np.arange(clip.n_frames) / FPS for clip in clips]
    placed = [
        Placement("f", clip.clip_id, source, clip.start_s, clip.start_s + 1, 0.0, 0.0, 0, 0.0)
        for clip in clips
    ]
    return Dance(
        joints=np.concatenate(joints),
        seams=np.cumsum([clip.n_frames for clip in clips])[:-1],
        beats_s=np.empty(0),
        source_index=np.repeat(np.arange(len(clips), dtype=np.int32), [c.n_frames for c in clips]),
        source_s=np.concatenate(seconds),
        fragments=tuple(placed),
    )


@pytest.mark.parametrize("lag_s", [0.08, 0.5, -0.6, 0.0])
def test_the_lag_that_an_index_took_off_is_found(real_data: Path, lag_s: float) -> None:
    recording = read_source(real_data / SOURCE)
    moved = replace(recording, times_s=recording.times_s + max(0.0, -lag_s) + 1.0 - lag_s)
    late = replace(recording, times_s=recording.times_s + max(0.0, -lag_s) + 1.0)
    dance = shown(clean(moved).clips, "s")
    assert picture_lag(late, [dance], "s") == pytest.approx(lag_s, abs=0.011)
    assert picture_lag(late, [dance], "another") == 0.0


def test_a_dance_of_other_poses_says_nothing_of_the_lag(real_data: Path) -> None:
    recording = read_source(real_data / SOURCE)
    dance = shown(clean(recording).clips, "s")
    rng = np.random.default_rng(0)
    other = replace(dance, joints=rng.uniform(0, 500, dance.joints.shape).astype(np.float32))
    assert picture_lag(recording, [other], "s") == 0.0


def test_a_dancer_who_stands_still_has_no_lag(real_data: Path) -> None:
    recording = read_source(real_data / SOURCE)
    poses = np.repeat(recording.poses[:1], len(recording.poses), axis=0)
    still = replace(recording, poses=poses)
    clip = Clip("c", "c", poses[:48] * np.float32(0.8), recording.path)
    assert picture_lag(still, [shown((clip,), "s")], "s") == 0.0


@pytest.mark.parametrize("lag_s", [0.3, 0.0])
def test_a_dance_in_space_is_compared_in_space(lag_s: float) -> None:
    rng = np.random.default_rng(0)
    turns = np.cumsum(rng.normal(0, 6, (120, 18, 3)), axis=0) + rng.normal(0, 60, (18, 3))
    times_s = 2.0 + np.arange(120) / FPS
    recording = Recording("r", Path("r"), turns.astype(np.float32), times_s)
    clip = Clip("c", "c", (turns[24:96] * 1.7 + 40).astype(np.float32), Path("r"))
    dance = shown((replace(clip, start_s=3.0 - lag_s),), "s")
    # A query turns what it places, and an aligner bends what is at a seam.
    turned = dance.joints[..., [2, 1, 0]] * np.array([1, 1, -1], dtype=np.float32)
    turned[:20] += np.linspace(90, 0, 20, dtype=np.float32)[:, None, None] * turned[:20] / 100
    dance = replace(dance, joints=turned)
    assert picture_lag(recording, [dance], "s") == pytest.approx(lag_s, abs=0.005)


def test_footage_of_a_moved_recording_is_handed_out_with_its_lag(real_data: Path) -> None:
    recording = read_source(real_data / SOURCE)
    dance = shown(clean(replace(recording, times_s=recording.times_s - 0.25)).clips, "")
    source = str(real_data / SOURCE)
    placed = tuple(replace(p, source=source) for p in dance.fragments)
    found = Filming([replace(dance, fragments=placed)])(placed[0])
    assert found is not None
    assert found.lag_s == pytest.approx(0.25, abs=0.011)
    in_step = Filming()(placed[0])
    assert in_step is not None
    assert in_step.lag_s == 0.0
