from pathlib import Path

import numpy as np
import pytest

from danceit.data import Clip
from danceit.index.building.embedded import Embedded, embed_clips, load_embedded, save_embedded
from danceit.index.cleaning.report import CleaningReport
from danceit.index.store.contract import ClipEntry, StoreSpec
from danceit.testing import HOSTILE, FixedEmbedder
from tests.index.conftest import dancing

SPEC = StoreSpec("fixed", 2, (24, 48))
EMBEDDER = FixedEmbedder(dims=2)


def entry(clip_id: str, n_frames: int, start_s: float = 0.0) -> ClipEntry:
    poses = dancing(3, n_frames)
    clip = Clip(clip_id, clip_id, poses, Path("/x"), start_s, Path("/x/ü.wav"), style=HOSTILE)
    return ClipEntry(clip, 120.0, "abc")


def test_each_fragment_is_embedded_from_its_own_frames() -> None:
    entries = (entry("one", 100), entry("two", 60))
    batch = embed_clips(entries, EMBEDDER, SPEC, None)
    assert len(batch) == 4 + 2 + 2 + 1
    for row in range(len(batch)):
        start, length = int(batch.start_frame[row]), int(batch.n_frames[row])
        poses = entries[int(batch.clip[row])].clip.poses[None, start : start + length]
        np.testing.assert_allclose(
            batch.pose_vectors[row], EMBEDDER.embed_poses(poses)[0], rtol=1e-5
        )
    assert np.isnan(batch.audio_vectors).all()
    assert batch.audio_vectors.shape == (9, EMBEDDER.width)


def test_music_is_that_of_the_fragments_own_time_and_missing_outside_it() -> None:
    music = np.random.default_rng(0).normal(size=(150, 13)).astype(np.float32)
    # Frames 60 to 160 of 150 frames of music.
    batch = embed_clips((entry("one", 100, 2.5),), EMBEDDER, SPEC, music)
    for row in range(len(batch)):
        start, length = int(batch.start_frame[row]) + 60, int(batch.n_frames[row])
        if start + length > 150:
            assert np.isnan(batch.audio_vectors[row]).all()
        else:
            wanted = EMBEDDER.describe_windows(music, np.array([start]), length)[0]
            np.testing.assert_allclose(batch.audio_vectors[row], wanted, rtol=1e-5)
    assert np.isnan(batch.audio_vectors[:, 0]).sum() == 2


def test_a_clip_too_short_for_any_fragment_is_kept_without() -> None:
    batch = embed_clips((entry("one", 10),), EMBEDDER, SPEC, None)
    assert (len(batch), len(batch.clips)) == (0, 1)
    assert batch.pose_vectors.shape == batch.audio_vectors.shape == (0, EMBEDDER.width)


@pytest.mark.parametrize("lengths", [(100,), (100, 60, 10)])
def test_what_is_saved_is_loaded(tmp_path: Path, lengths: tuple[int, ...]) -> None:
    entries = tuple(entry(f"{HOSTILE}#{place}", n) for place, n in enumerate(lengths))
    report = CleaningReport("r", 10, 5, {"frozen": 5}, 1, 2, ("warned",), ("noted",))
    embedded = Embedded(embed_clips(entries, EMBEDDER, SPEC, None), report)
    save_embedded(embedded, tmp_path / "x.npz")
    found = load_embedded(tmp_path / "x.npz")
    assert found is not None
    assert found.cleaning == report
    for was, now in zip(embedded.batch.clips, found.batch.clips, strict=True):
        np.testing.assert_array_equal(now.clip.poses, was.clip.poses)
        assert vars(now.clip) | {"poses": 0} == vars(was.clip) | {"poses": 0}
        assert (now.tempo_bpm, now.file_hash) == (was.tempo_bpm, was.file_hash)
    for name in ("clip", "start_frame", "n_frames", "energy", "pose_vectors", "audio_vectors"):
        np.testing.assert_array_equal(getattr(found.batch, name), getattr(embedded.batch, name))


def test_no_flipped_bit_in_saved_work_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    report = CleaningReport("r", 10, 5)
    embedded = Embedded(embed_clips((entry("one", 30),), EMBEDDER, SPEC, None), report)
    save_embedded(embedded, path)
    whole = path.read_bytes()
    for position in range(0, len(whole), 37):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        found = load_embedded(path)
        if found is not None:
            # A bit that says nothing, such as one of a date.
            for name in ("pose_vectors", "energy", "start_frame"):
                np.testing.assert_array_equal(
                    getattr(found.batch, name), getattr(embedded.batch, name)
                )
            np.testing.assert_array_equal(
                found.batch.clips[0].clip.poses, embedded.batch.clips[0].clip.poses
            )
    path.write_bytes(whole[:-10])
    assert load_embedded(path) is None
    assert load_embedded(tmp_path / "nowhere") is None
