"""Encoders: shapes, invariances, files, and what they refuse."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from danceit.errors import InputError
from danceit.index.embedding import Embedder
from danceit.retrieval.encoder.configuration import EncoderConfig, TrainingConfig
from danceit.retrieval.encoder.encoders import (
    CONFIG_FILE,
    COUNTED_SHARE,
    WEIGHTS_FILE,
    FragmentEncoder,
)
from danceit.retrieval.encoder.hearing import CODE, LAYOUTS

SMALL = EncoderConfig(hidden=8, channels=(4, 6), body=7, around=5, embedding=16)


def small(**options: object) -> FragmentEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FragmentEncoder.create(replace(SMALL, **options))  # type: ignore[arg-type]


def some_poses(n_frames: int = 48, dims: int = 3, n: int = 3) -> np.ndarray:
    poses = np.random.default_rng(1).normal(0, 80, (n, n_frames, 18, dims)).astype(np.float32)
    poses[:, :, 14:] = np.nan
    return poses


def some_features(n_frames: int = 240, name: str = "counted") -> np.ndarray:
    rng = np.random.default_rng(2)
    return rng.random((n_frames, LAYOUTS[name].width)).astype(np.float32)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("n_frames", [2, 24, 48, 72, 96])
def test_fragments_of_any_length_in_both_dimensions_give_finite_vectors(
    n_frames: int, dims: int
) -> None:
    vectors = small(dims=dims).embed_poses(some_poses(n_frames, dims))
    assert vectors.shape == (3, 16 + CODE)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", LAYOUTS)
def test_windows_of_any_feature_set(name: str) -> None:
    encoder = small(feature_set=name, normalised=False)
    starts = np.array([0, 7, 230])
    vectors = encoder.embed_windows(some_features(name=name), starts, 48)
    assert vectors.shape == (3, 16)  # counts are read only where vectors have one length
    assert encoder.describe_windows(some_features(name=name), starts, 48).shape[0] == 3
    assert not np.allclose(np.linalg.norm(vectors, axis=1), 1)


def test_it_is_an_embedder_and_answers_alike_whatever_else_is_asked() -> None:
    encoder = small()
    assert isinstance(encoder, Embedder)
    poses, features = some_poses(n=5), some_features()
    poses[2, :, 4] = np.nan  # this one lacks a wrist, the others do not
    together = encoder.embed_poses(poses)
    alone = np.concatenate([encoder.embed_poses(one[None]) for one in poses])
    assert np.allclose(together, alone, atol=1e-5)
    starts = np.arange(0, 200, 9)
    together = encoder.embed_windows(features, starts, 24)
    alone = np.concatenate(
        [encoder.embed_windows(features, starts[i : i + 1], 24) for i in range(4)]
    )
    assert np.allclose(together[:4], alone, atol=1e-5)


def test_asking_for_nothing_gives_nothing() -> None:
    encoder = small()
    width = 16 + CODE
    assert encoder.embed_poses(some_poses()[:0]).shape == (0, width)
    assert encoder.embed_windows(some_features(), np.zeros(0, np.int64), 24).shape == (0, width)


def test_place_and_heading_of_a_dancer_do_not_matter_and_missing_joints_are_not_zero() -> None:
    encoder, poses = small(counted=0), some_poses()
    turn = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], np.float32)
    moved = poses @ turn + np.array([300, -20, 50], np.float32)
    assert np.allclose(encoder.embed_poses(poses), encoder.embed_poses(moved), atol=1e-4)
    zeroed = np.nan_to_num(poses)
    assert not np.allclose(encoder.embed_poses(poses), encoder.embed_poses(zeroed), atol=1e-2)


def test_a_fragment_without_any_joint_is_legal() -> None:
    assert np.isfinite(small().embed_poses(np.full((2, 24, 18, 3), np.nan, np.float32))).all()


def test_what_surrounds_a_window_is_heard_only_with_context() -> None:
    features = some_features(480)
    other = features.copy()
    other[300:] = other[300:] * 3 + 1  # after the window, but within 10 s of it
    starts = np.array([200])
    for context in (True, False):
        encoder = small(feature_set="mfcc", context=context)
        here, there = (
            encoder.embed_windows(np.ascontiguousarray(song[:, :13]), starts, 24)
            for song in (features, other)
        )
        assert np.allclose(here, there, atol=1e-6) is not context


def test_saved_encoders_load_to_the_same_vectors_and_id(tmp_path: Path) -> None:
    encoder = small()
    encoder.audio.scale_to(np.full((2, 60), 0.5, np.float32), np.full((2, 44), 2.0, np.float32))
    encoder.save(tmp_path / "new" / "folder")
    again = FragmentEncoder.load(tmp_path / "new" / "folder", device="cpu")
    assert again.encoder_id == encoder.encoder_id
    assert again.config == encoder.config
    assert (again.embed_poses(some_poses()) == encoder.embed_poses(some_poses())).all()
    starts = np.array([3, 60])
    ours = encoder.describe_windows(some_features(), starts, 48)
    assert (again.describe_windows(some_features(), starts, 48) == ours).all()


def test_an_encoder_from_before_counts_were_read_is_what_it_was(tmp_path: Path) -> None:
    encoder = small(counted=0)
    encoder.save(tmp_path)
    stored = json.loads((tmp_path / CONFIG_FILE).read_text())
    del stored["config"]["counted"]
    (tmp_path / CONFIG_FILE).write_text(json.dumps(stored))
    again = FragmentEncoder.load(tmp_path, device="cpu")
    assert again.embed_poses(some_poses()).shape == (3, 16)
    assert (again.embed_poses(some_poses()) == encoder.embed_poses(some_poses())).all()


def test_music_without_counts_is_as_far_from_all_counts() -> None:
    encoder, uncounted = small(), some_features()
    uncounted[:, 33:] = 0
    windows = encoder.embed_windows(uncounted, np.array([0, 60]), 48)
    assert not windows[:, 16:].any()
    codes = encoder.embed_poses(some_poses(n=5))[:, 16:]
    assert np.allclose(np.linalg.norm(codes, axis=1), COUNTED_SHARE**0.5, atol=1e-5)


def test_the_id_tells_weights_and_configurations_apart() -> None:
    encoder = small()
    other = small()
    assert encoder.encoder_id == other.encoder_id
    with torch.no_grad():
        other.poses.out.bias[0] += 1
    assert encoder.encoder_id != other.encoder_id
    assert small(facing=False).encoder_id != encoder.encoder_id


def broken(folder: Path, change: str) -> None:
    """Break exactly one thing of a saved encoder."""
    stored = json.loads((folder / CONFIG_FILE).read_text())
    tensors = load_file(folder / WEIGHTS_FILE)
    if change == "missing":
        del tensors["poses.out.bias"]
    elif change == "unexpected":
        tensors["poses.extra"] = torch.zeros(1)
    elif change == "misshapen":
        tensors["poses.out.bias"] = torch.zeros(17)
    elif change == "other numbers":
        tensors["poses.out.bias"] = tensors["poses.out.bias"].double()
    elif change == "other weights":
        tensors["poses.out.bias"] += 1
    elif change == "newer":
        stored["format"] = 99
    elif change == "no format":
        del stored["format"]
    elif change == "huge":
        stored["config"]["hidden"] = 10**9
    elif change == "wide":
        stored["config"]["channels"] = [4] * 10**4
    elif change == "wrong type":
        stored["config"]["facing"] = "yes"
    elif change == "unknown field":
        stored["config"]["colour"] = 1
    save_file(tensors, folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(json.dumps(stored))
    if change == "damaged":
        (folder / WEIGHTS_FILE).write_bytes(b"\xff" * 64)
    elif change == "no weights":
        (folder / WEIGHTS_FILE).unlink()
    elif change == "no json":
        (folder / CONFIG_FILE).write_text("{")
    elif change == "not an object":
        (folder / CONFIG_FILE).write_text("[]")
    elif change == "long json":
        (folder / CONFIG_FILE).write_text(" " * (1 << 21))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", "missing tensors \\(poses.out.bias\\)"),
        ("unexpected", "unexpected tensors \\(poses.extra\\)"),
        ("misshapen", r"must be F32 \[16\]; got F32 \[17\]"),
        ("other numbers", r"must be F32 \[16\]; got F64 \[16\]"),
        ("other weights", "mixed files"),
        ("newer", "newer danceit"),
        ("no format", "no format number"),
        ("huge", "hidden must be 1 to 2048"),
        ("wide", "channels must be 1 to 12 widths"),
        ("wrong type", "facing must be a bool; got 'yes'"),
        ("unknown field", "unknown fields: colour"),
        ("damaged", "damaged or not a safetensors file"),
        ("no weights", "no such file"),
        ("no json", "not valid JSON"),
        ("not an object", "must hold a JSON object"),
        ("long json", "larger than 1 MiB"),
    ],
)
def test_a_broken_encoder_is_refused_in_one_line(tmp_path: Path, change: str, message: str) -> None:
    small().save(tmp_path)
    broken(tmp_path, change)
    with pytest.raises(InputError, match=message) as caught:
        FragmentEncoder.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_and_device_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no encoder at"):
        FragmentEncoder.load(tmp_path / "none")
    (tmp_path / "index").mkdir()
    with pytest.raises(InputError, match=r"is no encoder: it has no encoder\.json"):
        FragmentEncoder.load(tmp_path / "index")
    small().save(tmp_path)
    with pytest.raises(InputError, match="cannot use the device 'warp'"):
        FragmentEncoder.load(tmp_path, device="warp")


def test_wrong_arrays_are_refused() -> None:
    encoder = small()
    with pytest.raises(InputError, match=r"\(N, T >= 2, 18, 3\); got \(3, 48, 18, 2\)"):
        encoder.embed_poses(some_poses(dims=2))
    with pytest.raises(InputError, match="start within the song's 240 frames"):
        encoder.embed_windows(some_features(), np.array([240]), 24)
    with pytest.raises(InputError, match="37 columns; got 13"):
        encoder.embed_windows(some_features(name="mfcc"), np.array([0]), 24)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 4}, "dims must be 2 or 3"),
        ({"kernel": 4}, "kernel must be odd"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"counted": -1}, "counted must be 0 to"),
        ({"feature_set": "chords"}, "feature set 'chords'"),
        ({"feature_set": "pulse"}, "trained by an earlier danceit.*train it again"),
        ({"channels": ()}, "channels must be"),
    ],
)
def test_impossible_configurations_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EncoderConfig(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be 1 or more"),
        ({"lengths": ()}, "lengths must be 2 frames or more"),
        ({"split": "dance"}, "split must be song or random"),
        ({"validation_share": 1.0}, "validation_share must be between"),
        ({"tempi": (3.0,)}, "tempi must be 0.5 to 2"),
    ],
)
def test_impossible_trainings_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainingConfig(**options)  # type: ignore[arg-type]
