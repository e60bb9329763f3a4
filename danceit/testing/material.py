"""Encoders, clips and vectors that are made up, and the same on every machine."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit.counts import Counts
from danceit.data import FEET, N_JOINTS, Clip, Float32, Int64
from danceit.index.fragments import cut, energies
from danceit.index.store.contract import By, ClipEntry, FragmentBatch, StoreSpec

LENGTHS = (24, 48)
SPEC = StoreSpec(encoder_id="fixed", dims=2, lengths=LENGTHS)
POSE_WIDTH, AUDIO_WIDTH = 8, 5
"""D and A of the made-up vectors, different so that they cannot be confused."""
HOSTILE = 'it\'s a "quote"; DROP TABLE clips;--\n\t%_ ü 舞'
"""A name that breaks whoever pastes names into queries or paths."""
NAMES = ("a", "b#1", "b#2", HOSTILE, "e", "silent")
"""Clips of the stores under test; the last has no music."""


@dataclass(frozen=True)
class FixedEmbedder:
    """Projects poses and audio features by fixed random directions.

    Its vectors mean little, but they are quick, finite, different for different input,
    and the same on every machine; `encoder_id` may be set to play another encoder.
    """

    encoder_id: str = "fixed"
    dims: int = 3
    feature_set: str = "mfcc"
    width: int = 16

    def embed_poses(self, poses: Float32) -> Float32:
        """Vectors (N, 16): directions of the mean pose and of the mean absolute movement."""
        known = np.nan_to_num(poses.reshape(len(poses), poses.shape[1], N_JOINTS * self.dims))
        still = known.mean(axis=1) / 360
        moving = np.abs(np.diff(known, axis=1)).mean(axis=1)
        return self._directed(np.concatenate([still, moving], axis=1))

    def embed_windows(self, features: Float32, starts: Int64, n_frames: int) -> Float32:
        """Vectors (N, 16) in the space of the poses, as far as there is such a thing here."""
        return self.describe_windows(features, starts, n_frames)

    def describe_windows(self, features: Float32, starts: Int64, n_frames: int) -> Float32:
        """Vectors (N, 16): directions of the mean features of each window."""
        windows = [features[start : start + n_frames].mean(axis=0) for start in starts]
        empty = np.empty((0, features.shape[1]), dtype=np.float32)
        return self._directed(np.stack(windows) if windows else empty)

    def save(self, folder: Path) -> None:
        """Write the configuration; there are no weights."""
        text = json.dumps({"encoder_id": self.encoder_id, "dims": self.dims})
        (folder / "config.json").write_text(text, encoding="utf-8")

    def _directed(self, values: Float32) -> Float32:
        rng = np.random.default_rng(7)
        directions = rng.normal(size=(values.shape[1], self.width)) / np.sqrt(values.shape[1])
        vectors: Float32 = (values @ directions).astype(np.float32)
        return vectors


def batch_of_dances(
    names: Sequence[str],
    *,
    seed: int = 0,
    n_frames: int = 120,
    dims: int = 2,
    silent: Sequence[str] = (),
    **common: Any,
) -> FragmentBatch:
    """Clips of random smooth movement with fragments and random vectors.

    Style, dancer, licence, tempo and body differ from clip to clip; `common` sets fields of
    every `Clip`. Those called in `silent` have no music. Eyes and ears are missing. Every
    second one is counted: in three, two beats a second, its first frame on a 2.
    """
    rng = np.random.default_rng(seed)
    entries, columns = [], []
    for position, name in enumerate(names):
        steps = rng.normal(size=(n_frames, N_JOINTS, dims)).cumsum(axis=0)
        poses = (steps * 2 + rng.uniform(0, 1000, size=dims)).astype(np.float32)
        poses[:, 14:] = np.nan
        if position % 3 == 1:
            poses[:, FEET] = np.nan
        clip = replace(_made_clip(name, position, poses), **common)
        entries.append(
            ClipEntry(
                clip,
                tempo_bpm=80.0 + 20 * position,
                file_hash=f"hash of {name}",
                counts=_waltz(clip) if position % 2 else None,
            )
        )
        some = cut(clip, LENGTHS)
        start = np.array([fragment.start_frame for fragment in some])
        length = np.array([fragment.n_frames for fragment in some])
        heard = np.full(len(some), name not in silent)
        columns.append((np.full(len(some), position), start, length, energies(poses, some), heard))
    clip_of, start, length, energy, heard = (
        np.concatenate(column) for column in zip(*columns, strict=True)
    )
    audio = rng.normal(size=(len(start), AUDIO_WIDTH)).astype(np.float32)
    audio[~heard] = np.nan
    return FragmentBatch(
        clips=tuple(entries),
        clip=clip_of,
        start_frame=start,
        n_frames=length,
        energy=energy,
        pose_vectors=rng.normal(size=(len(start), POSE_WIDTH)).astype(np.float32),
        audio_vectors=audio,
    )


def save_fixed_encoder(folder: Path) -> None:
    """Write the encoder that `SPEC` names."""
    FixedEmbedder(dims=SPEC.dims).save(folder)


def random_queries(by: By) -> Float32:
    """Three queries in one of the spaces of `batch_of_dances`."""
    width = {"pose": POSE_WIDTH, "audio": AUDIO_WIDTH}[by]
    return np.random.default_rng(42).normal(size=(3, width)).astype(np.float32)


def _made_clip(name: str, position: int, poses: Float32) -> Clip:
    return Clip(
        clip_id=name,
        recording_id=name.split("#")[0],
        poses=poses,
        path=Path("/dances") / name,
        start_s=position / 24,
        style=("waltz", "rumba", "")[position % 3],
        dancer=("Ann", "Bo")[position % 2],
        licence=("CC0", "")[position % 2],
        sure=(1.0, 0.75)[position % 2],
    )


def _waltz(clip: Clip) -> Counts:
    places = np.arange(clip.n_frames // 12 + 1)
    return Counts(clip.start_s + 0.5 * places, (places + 1).astype(np.int32) % 3 + 1, metre=3)
