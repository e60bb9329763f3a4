from pathlib import Path

import numpy as np
import pytest

from danceit.bench.material import pseudo_seams, random_dance, read_material
from danceit.bench.measures.seams import pace, seam_jumps
from danceit.counts import Counts
from danceit.data import FPS, Clip, Music
from danceit.errors import InputError
from tests.bench.conftest import walk


def music(seconds=10.3):
    counts = Counts.of_beats(np.arange(0.5, seconds, 0.5))
    return Music(Path("song.wav"), "ab" * 32, seconds, counts)


def clips():
    return [
        Clip(f"clip{i}", f"clip{i}", walk(200, i, 3).astype(np.float32), Path("x"), start_s=2.0)
        for i in range(3)
    ]


def test_a_random_dance_is_traced_to_its_clips():
    library = clips()
    dance = random_dance(music(), library, 48, np.random.default_rng(0))
    assert dance.n_frames == 247
    assert dance.seams.tolist() == [48, 96, 144, 192, 240]
    for frame in (0, 100, 246):
        placement = dance.fragments[dance.source_index[frame]]
        clip = next(clip for clip in library if clip.clip_id == placement.clip_id)
        source = clip.poses[round((dance.source_s[frame] - clip.start_s) * FPS)]
        ours = dance.joints[frame]
        # Carried along the floor: heights and distances between joints are the source's.
        np.testing.assert_allclose(ours[:, 1], source[:, 1], atol=1e-3)
        np.testing.assert_allclose(
            np.linalg.norm(ours[2] - ours[10]), np.linalg.norm(source[2] - source[10]), rtol=1e-4
        )
    assert np.nanmax(np.abs(pace(dance.source_index, dance.source_s) - 1)) < 1e-9


def test_the_same_seed_gives_the_same_dance():
    first, again, other = (
        random_dance(music(), clips(), 48, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.joints, again.joints)
    assert not np.array_equal(first.joints, other.joints, equal_nan=True)


def test_a_single_clip_end_to_end_keeps_its_place_on_the_floor():
    """A fragment is carried on, so hips do not jump though limbs do."""
    dance = random_dance(music(), clips(), 48, np.random.default_rng(0))
    hips = dance.joints[:, [8, 11]].mean(axis=1, keepdims=True)[..., [0, 2]]
    assert seam_jumps(hips, dance.seams).largest < seam_jumps(dance.joints, dance.seams).largest / 2


def test_clips_shorter_than_a_fragment_are_named():
    with pytest.raises(InputError, match=r"at least 300 frames.*the longest clip has 200"):
        random_dance(music(), clips(), 300, np.random.default_rng(0))


def test_pseudo_seams_lie_within():
    assert pseudo_seams(100).tolist() == [48, 96]
    assert pseudo_seams(48).size == 0


def test_dances_are_read_with_the_beats_of_their_songs(library):
    material = read_material(library.folder)
    assert len(material.dances) == 3
    assert material.problems == ()
    for dance in material.dances:
        assert 80 <= dance.tempo_bpm <= 200
        assert dance.beats_s.size > 8
        assert dance.beats_s.max() < dance.clip.n_frames / FPS


def test_a_folder_with_one_dance_is_not_enough(tmp_path, library):
    recording = library.recordings[0]
    (tmp_path / recording.name).write_bytes(recording.read_bytes())
    with pytest.raises(InputError, match="at least two real dances"):
        read_material(tmp_path)
