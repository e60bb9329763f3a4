"""The dance file: what is saved is what is read, and a damaged file never passes for another."""

import gc
import io
import json
import resource
import signal
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.data import JOINT_NAMES, Dance
from danceit.errors import InputError
from danceit.npz import read_npz
from tests.test_data import a_dance

ARRAYS = ("joints", "seams", "beats_s", "numbers", "source_index", "source_s")
PROVENANCE = ("fragments", "song", "steps", "choices", "index_id", "encoder_id", "fps")


ADDED = ("generator", "beats_s", "number", "metre", "mirrored")
"""What is told of a fragment since format 2."""


def same(one: Dance, other: Dance) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "joints")
        for name in ARRAYS
    ) and all(getattr(one, name) == getattr(other, name) for name in PROVENANCE)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_save_then_load_is_identity(
    tmp_path_factory: pytest.TempPathFactory, seed: int, dims: int
) -> None:
    path = tmp_path_factory.mktemp("dance") / "a.dance.npz"
    dance = a_dance(seed, dims=dims)
    dance.save(str(path))
    again = Dance.load(str(path))
    assert same(again, dance)
    for name in ARRAYS:
        assert getattr(again, name).dtype == getattr(dance, name).dtype


def test_the_file_is_what_the_design_says(tmp_path: Path) -> None:
    a_dance(0).save(tmp_path / "a.dance.npz")
    with np.load(tmp_path / "a.dance.npz", allow_pickle=False) as stored:
        kinds = {name: stored[name].dtype for name in stored.files}
        meta = json.loads(str(stored["meta"]))
        assert tuple(stored["joint_names"]) == JOINT_NAMES
        assert float(stored["fps"]) == 24.0
    assert kinds["joints"] == np.float32
    assert kinds["seams"] == np.int64
    assert kinds["beats"] == np.float64
    assert kinds["numbers"] == np.int32
    assert kinds["source_index"] == np.int32
    assert kinds["source_s"] == np.float64
    assert meta["format"] == 2
    assert len(meta["checksum"]) == 64
    assert {"song", "song_sha256", "song_duration_s", "index_id", "encoder_id"} < set(meta)
    assert set(meta["fragments"][0]) == {
        "fragment_id", "clip_id", "source", "start_s", "end_s", "window_start_s", "distance",
        "rank", "join_cost", "style", "licence", "generator", "beats_s", "number", "metre",
        "mirrored",
    }  # fmt: skip


def first_format(dance: Dance, path: Path) -> None:
    """Write what the release before wrote: no numbers, no checksum, no generator."""
    fragments = [
        {name: value for name, value in asdict(placed).items() if name not in ADDED}
        for placed in dance.fragments
    ]
    meta = {
        "format": 1,
        "song": "s.wav",
        "song_sha256": "ab" * 32,
        "song_duration_s": 2.5,
        "index_id": "ix",
        "encoder_id": "en",
        "steps": [
            {"step": "query", "method": "viterbi", "options": {"k": 5}},
            {"step": "align", "method": "beat", "options": {"max_warp": float("inf")}},
        ],
        "choices": [asdict(choice) for choice in dance.choices],
        "fragments": fragments,
    }
    np.savez_compressed(
        path,
        joints=dance.joints,
        fps=np.float64(dance.fps),
        seams=dance.seams,
        beats=dance.beats_s,
        source_index=dance.source_index,
        source_s=dance.source_s,
        joint_names=np.array(JOINT_NAMES),
        meta=np.array(json.dumps(meta)),
    )


def test_a_file_of_the_first_format_is_read(tmp_path: Path) -> None:
    dance = a_dance(1)
    first_format(dance, tmp_path / "a.dance.npz")
    read = Dance.load(tmp_path / "a.dance.npz")
    assert read.numbers.tolist() == [0, 0]
    assert [step.options for step in read.steps] == [{"k": 5}, {"max_warp": None}]
    assert same(read, replace(dance, numbers=np.zeros(2, dtype=np.int32), steps=read.steps))


def test_every_flipped_bit_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    """300 single bits; some lie in fields that say nothing, such as a member's date."""
    dance = a_dance(2)
    path = tmp_path / "a.dance.npz"
    dance.save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    noticed = 0
    for bit in rng.choice(8 * len(whole), 300, replace=False).tolist():
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            assert same(Dance.load(path), dance), bit
        except InputError as exc:
            noticed += 1
            assert "\n" not in str(exc)  # noqa: PT017 - most bits end here, not all
    assert noticed > 200


def test_arrays_that_were_changed_after_writing_are_noticed(tmp_path: Path) -> None:
    a_dance(2).save(tmp_path / "a.dance.npz")
    with np.load(tmp_path / "a.dance.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["joints"][3, 2, 0] += 1
    np.savez(tmp_path / "a.dance.npz", **arrays)
    with pytest.raises(InputError, match="is damaged: its arrays are not those"):
        Dance.load(tmp_path / "a.dance.npz")


def test_public_damaged_dances_are_refused_in_one_line(real_data: Path) -> None:
    files = sorted((real_data / "defects" / "public").glob("dance_*.dance.npz"))
    assert len(files) >= 6
    for file in files:
        with pytest.raises(InputError) as caught:
            Dance.load(file)
        assert len(str(caught.value).splitlines()) == 1


def test_what_announces_more_than_it_holds_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.dance.npz"
    header = io.BytesIO()
    announced: dict[str, Any] = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 18, 3)}
    np.lib.format.write_array_header_1_0(header, announced)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("joints.npy", header.getvalue() + bytes(100))
    with pytest.raises(InputError, match="announced, 100 bytes held"):
        Dance.load(path)


def test_what_unpacks_to_more_than_the_bound_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.dance.npz"
    np.savez_compressed(path, joints=np.zeros((1000, 18, 3), np.float32), other=np.zeros(10**6))
    assert path.stat().st_size < 20_000
    with pytest.raises(InputError, match="would unpack to 216128 bytes; at most 100000 are read"):
        read_npz(path, ("joints",), most_bytes=100_000)
    assert list(read_npz(path, ("joints",), most_bytes=300_000)) == ["joints"]


@pytest.mark.parametrize("far", [1e30, -np.inf])
def test_joints_that_are_nowhere_are_refused(far: float) -> None:
    dance = a_dance(0)
    joints = dance.joints.copy()
    joints[0, 4, 0] = far
    with pytest.raises(InputError, match=r"canvas pixels, up to 1e\+06; got"):
        replace(dance, joints=joints)


@pytest.mark.parametrize("keep", [0, 10, 200, -40])
def test_half_a_file_is_refused(tmp_path: Path, keep: int) -> None:
    a_dance(2).save(tmp_path / "a.dance.npz")
    whole = (tmp_path / "a.dance.npz").read_bytes()
    (tmp_path / "a.dance.npz").write_bytes(whole[:keep])
    with pytest.raises(InputError, match="not a readable"):
        Dance.load(tmp_path / "a.dance.npz")


def test_another_npz_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", joints=np.zeros((3, 18, 3)))
    with pytest.raises(InputError, match="not a dance file: it has no 'meta'"):
        Dance.load(tmp_path / "a.npz")


def test_a_dance_takes_the_place_of_no_song(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a dance file ends in \.npz"):
        a_dance(1).save(tmp_path / "song.mp3")


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
