"""The picture of a recording that an index has moved in time is found by its poses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import FPS, Clip, Dance, Placement
from danceit.index.cleaning import clean
from danceit.render.filmed import Filmed
from danceit.retrieval.filming import Filming, filmed, read_source
from danceit.retrieval.picture_lag import picture_lag
from tests.render.filming import write_video

SOURCE = "openpose/footskate_dance"


def shown(clips: tuple[Clip, ...], source: str) -> Dance:
    """A dance of whole clips, carried sideways as a query carries them."""
    joints = [clip.poses + np.array([30.0 * i, 0.0], dtype=np.float32) for i, clip in enumerate(clips)]
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
        meta={},
    )


@pytest.mark.parametrize("lag_s", [0.08, 0.5, -0.6, 0.0])
def test_the_lag_that_an_index_took_off_is_found(real_data: Path, lag_s: float) -> None:
    recording = read_source(real_data / SOURCE)
    moved = replace(recording, times_s=recording.times_s + max(0.0, -lag_s) + 1.0 - lag_s)
    late = replace(recording, times_s=recording.times_s + max(0.0, -lag_s) + 1.0)
    dance = shown(clean(moved).clips, "s")
    assert picture_lag(filmed(late), [dance], "s") == pytest.approx(lag_s, abs=0.011)
    assert picture_lag(filmed(late), [dance], "another") == 0.0


def test_a_dance_of_other_poses_says_nothing_of_the_lag(real_data: Path) -> None:
    recording = read_source(real_data / SOURCE)
    dance = shown(clean(recording).clips, "s")
    rng = np.random.default_rng(0)
    other = replace(dance, joints=rng.uniform(0, 500, dance.joints.shape).astype(np.float32))
    assert picture_lag(filmed(recording), [other], "s") == 0.0


def test_a_dancer_who_stands_still_has_no_lag(tmp_path: Path) -> None:
    footage = write_video(tmp_path / "a.mp4", n_frames=4)
    times_s = np.arange(96) / FPS
    still = Filmed(footage.video, times_s, np.repeat(footage.joints[:1], 96, axis=0))
    clip = Clip("c", "c", np.repeat(footage.joints[:1], 48, axis=0) * 2.5, footage.video)
    assert picture_lag(still, [shown((clip,), "s")], "s") == 0.0


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
