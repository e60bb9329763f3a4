"""What engines and tests of an index need; uses pytest (extra ``[dev]``).

`StoreConformance` checks an engine against the contract in `danceit.index.store`.
`FixedEmbedder` is an encoder without training, quick and the same everywhere.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.data import N_JOINTS, Float32, Int64


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
