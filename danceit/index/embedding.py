"""What an encoder must offer so that an index can be built with it and asked by it.

Two spaces: poses and the windows of a song meet in one of D dimensions; a second of A
dimensions compares music with music. Distances are squared L2, smaller is better.
"""

from pathlib import Path
from typing import Protocol, runtime_checkable

from danceit.data import Float32, Int64


@runtime_checkable
class Embedder(Protocol):
    """Turns pose fragments and song windows into vectors.

    Attributes
    ----------
    encoder_id : str
        Hash of weights and configuration: two embedders with the same id give the same vectors.
    dims : int
        C of the poses it takes, 2 or 3.
    feature_set : str
        The audio features it takes, a key of `danceit.audio.FEATURE_SETS`.
    """

    @property
    def encoder_id(self) -> str:
        """Hash of the weights and the configuration."""

    @property
    def dims(self) -> int:
        """C of the poses it takes."""

    @property
    def feature_set(self) -> str:
        """Name of the audio features it takes."""

    def embed_poses(self, poses: Float32) -> Float32:
        """Vectors (N, D) of pose fragments (N, T, 18, C) of one length; joints may be NaN."""

    def embed_windows(self, features: Float32, starts: Int64, n_frames: int) -> Float32:
        """Vectors (N, D), in the space of the poses, of windows of one song.

        Parameters
        ----------
        features : float32 (S, F)
            Of the whole song, one row a pose frame.
        starts : int64 (N,)
            First frame of each window.
        n_frames : int
            Length of each window.
        """

    def describe_windows(self, features: Float32, starts: Int64, n_frames: int) -> Float32:
        """Vectors (N, A) of windows of one song, to be compared with those of other songs."""

    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and configuration (JSON) into an empty folder."""
