"""What enters a store, and what is asked of it, is checked once, by one line each."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danceit.errors import InputError
from danceit.index.store.contract import FragmentBatch, Where, check_queries
from danceit.testing import batch_of_dances


@pytest.fixture
def batch() -> FragmentBatch:
    return batch_of_dances(["a", "b"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"style": "waltz"}, "style must be a tuple of names; got the string 'waltz'"),
        ({"only_clips": "a"}, "only_clips must be a tuple of names"),
        ({"dancer": (7,)}, "dancer must be names"),
        ({"tempo_bpm": (120, 100)}, r"tempo_bpm must be a range \(low, high\)"),
        ({"energy": (float("nan"), 1.0)}, "energy must be a range"),
        ({"n_frames": 48.0}, "n_frames must be a whole number; got 48.0"),
        ({"n_frames": "48"}, "n_frames must be a whole number"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Where(**fields)


@pytest.mark.parametrize(
    ("where", "alone"),
    [
        (Where(), True),
        (Where(n_frames=24), True),
        (Where(n_frames=24, style=("waltz",)), False),
        (Where(only_clips=()), False),
    ],
)
def test_a_filter_knows_whether_it_asks_for_length_alone(where: Where, alone: bool) -> None:
    assert where.only_length is alone


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_vectors_and_energies_must_be_finite(batch: FragmentBatch, value: float) -> None:
    pose = batch.pose_vectors.copy()
    pose[3, 2] = value
    with pytest.raises(InputError, match="pose vectors must be finite"):
        replace(batch, pose_vectors=pose)
    audio = batch.audio_vectors.copy()
    audio[3, 2] = value
    with pytest.raises(InputError, match="audio vectors must be finite, or NaN throughout"):
        replace(batch, audio_vectors=audio)
    energy = batch.energy.copy()
    energy[0] = value
    with pytest.raises(InputError, match="energy must be finite"):
        replace(batch, energy=energy)


def test_infinite_poses_are_refused(batch: FragmentBatch) -> None:
    batch.clips[0].clip.poses[5, 5, 0] = np.inf
    with pytest.raises(InputError, match="poses of clip a hold infinity"):
        replace(batch)


def test_shapes_must_agree(batch: FragmentBatch) -> None:
    with pytest.raises(
        InputError, match=r"energy must have one entry a fragment \(14,\); got \(3,\)"
    ):
        replace(batch, energy=batch.energy[:3])
    with pytest.raises(InputError, match=r"pose_vectors must have shape \(14, D\); got \(13, 8\)"):
        replace(batch, pose_vectors=batch.pose_vectors[1:])
    with pytest.raises(InputError, match=r"audio_vectors must have shape \(14, D\); got \(14, 0\)"):
        replace(batch, audio_vectors=batch.audio_vectors[:, :0])


def test_fragments_lie_within_their_clips(batch: FragmentBatch) -> None:
    for name, value in (("start_frame", -1), ("start_frame", 118), ("n_frames", 0)):
        column = getattr(batch, name).copy()
        column[2] = value
        with pytest.raises(InputError, match="a fragment lies outside its clip a"):
            replace(batch, **{name: column})
    clip = batch.clip.copy()
    clip[0] = 2
    with pytest.raises(InputError, match="outside the 2 of their batch"):
        replace(batch, clip=clip)


def test_a_path_that_is_not_text_is_refused(batch: FragmentBatch) -> None:
    entry = batch.clips[1]
    odd = replace(entry, clip=replace(entry.clip, audio_path=Path("/x/\udcff.wav")))
    with pytest.raises(InputError, match="is not text in UTF-8"):
        replace(batch, clips=(batch.clips[0], odd))


def test_queries_of_any_width_may_be_asked_of_an_empty_store() -> None:
    assert check_queries(np.zeros((2, 7)), 1, 0, "pose").dtype == np.float32


def test_an_unknown_space_is_refused() -> None:
    with pytest.raises(InputError, match="searched by pose or audio; got 'sound'"):
        check_queries(np.zeros((2, 7)), 1, 7, "sound")  # type: ignore[arg-type]
