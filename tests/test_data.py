"""The dance file and the nouns: what is saved is what is read, and bad files say so."""

import gc
import json
import resource
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.data import JOINT_NAMES, MIRRORED, Dance, Placement, check_poses, mirrored
from danceit.errors import InputError


def a_dance(seed: int, n_frames: int = 60, dims: int = 3) -> Dance:
    rng = np.random.default_rng(seed)
    joints = rng.normal(256, 80, (n_frames, 18, dims)).astype(np.float32)
    joints[:, 14:] = np.nan
    placements = tuple(
        Placement(
            f"c:{i}+30", "c", "/c.npz", i, i + 1.25, i * 1.25, 0.5, i, 0.1, "waltz", "CC0-1.0"
        )
        for i in range(2)
    )
    return Dance(
        joints=joints,
        seams=np.array([30]),
        beats_s=np.array([0.5, 1.0]),
        source_index=np.repeat(np.arange(2, dtype=np.int32), n_frames // 2),
        source_s=np.arange(n_frames) / 24,
        fragments=placements,
        meta={"song": "s.wav", "steps": [{"step": "query", "method": "viterbi", "options": {}}]},
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_save_then_load_is_identity(
    tmp_path_factory: pytest.TempPathFactory, seed: int, dims: int
) -> None:
    path = tmp_path_factory.mktemp("dance") / "a.dance.npz"
    dance = a_dance(seed, dims=dims)
    dance.save(path)
    again = Dance.load(path)
    for name in ("joints", "seams", "beats_s", "source_index", "source_s"):
        np.testing.assert_array_equal(getattr(again, name), getattr(dance, name))
    assert again.fragments == dance.fragments
    assert again.meta == dance.meta


def test_the_file_is_what_the_design_says(tmp_path: Path) -> None:
    a_dance(0).save(tmp_path / "a.dance.npz")
    with np.load(tmp_path / "a.dance.npz", allow_pickle=False) as stored:
        kinds = {name: stored[name].dtype for name in stored.files}
        meta = json.loads(str(stored["meta"]))
        assert tuple(stored["joint_names"]) == JOINT_NAMES
        assert float(stored["fps"]) == 24.0
    assert kinds["joints"] == np.float32
    assert kinds["seams"] == np.int64
    assert kinds["source_index"] == np.int32
    assert kinds["source_s"] == np.float64
    assert meta["format"] == 1
    assert set(meta["fragments"][0]) == {
        "fragment_id", "clip_id", "source", "start_s", "end_s", "window_start_s", "distance",
        "rank", "join_cost", "style", "licence",
    }  # fmt: skip


def test_a_step_is_recorded_on_a_copy() -> None:
    dance = a_dance(1)
    stepped = dance.with_step("align", "linear", {"window_frames": 8})
    assert [step["method"] for step in stepped.meta["steps"]] == ["viterbi", "linear"]
    assert len(dance.meta["steps"]) == 1


@pytest.mark.parametrize("keep", [0, 10, 200, -40])
def test_half_a_file_is_refused(tmp_path: Path, keep: int) -> None:
    a_dance(2).save(tmp_path / "a.dance.npz")
    whole = (tmp_path / "a.dance.npz").read_bytes()
    (tmp_path / "a.dance.npz").write_bytes(whole[:keep])
    with pytest.raises(InputError, match="not a readable"):
        Dance.load(tmp_path / "a.dance.npz")


def test_another_npz_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", joints=np.zeros((3, 18, 3)))
    with pytest.raises(InputError, match="not a dance file"):
        Dance.load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source_s": np.zeros(3)}, "one entry a frame"),
        ({"seams": np.array([60])}, "within its 60 frames"),
        ({"source_index": np.full(60, 2, np.int32)}, "outside its fragments"),
        ({"joints": np.zeros((18, 60, 3), np.float32)}, "transposed"),
    ],
)
def test_a_dance_that_contradicts_itself_is_refused(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(a_dance(3), **change)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((5, 25, 2), "skeleton of 25"), ((5, 18, 4), "got"), ((18, 2), "got")],
)
def test_wrong_shapes_say_the_likely_cause(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_poses(np.zeros(shape))


def test_mirroring_twice_is_identity_and_swaps_sides() -> None:
    poses = a_dance(4).joints
    np.testing.assert_allclose(mirrored(mirrored(poses)), poses, rtol=1e-6)
    left, right = JOINT_NAMES.index("left_wrist"), JOINT_NAMES.index("right_wrist")
    assert MIRRORED[left] == right
    np.testing.assert_allclose(mirrored(poses)[:, left, 1:], poses[:, right, 1:])


def test_a_disk_that_fills_up_leaves_one_error_and_the_file_as_it_was(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: writing fails half-way, really."""
    path = tmp_path / "a.dance.npz"
    a_dance(5).save(path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        # What zipfile's destructor raises is a warning here, and so a failure.
        with pytest.raises(OSError, match="too large"):
            a_dance(6).save(path)
        gc.collect()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
